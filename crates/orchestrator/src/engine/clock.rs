//! The clock of this machine: wall time, and time awake since the site was born.

use ganger_core::env::Times;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall time from the system; awake time from the monotonic clock, which stands still while the machine sleeps,
/// on top of what the log says was reached before.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    awake_before_ms: u64,
}

impl Clock {
    /// A clock that goes on where the log ended.
    pub fn after(awake_before_ms: u64) -> Self {
        Self { started: Instant::now(), awake_before_ms }
    }

    /// Now.
    pub fn now(&self) -> Times {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Times {
            wall_ms: millis(wall),
            awake_ms: self.awake_before_ms.saturating_add(millis(self.started.elapsed())),
        }
    }
}
