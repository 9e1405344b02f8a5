//! What faces are shown, made of committed states. Everything here is derived; nothing is stored.

pub mod decision;
pub mod event;
pub mod item;
pub mod log;
pub mod plan;

use ganger_api::timestamp::Timestamp;

/// A wall time of the log on the wire.
pub fn timestamp(wall_ms: u64) -> Timestamp {
    Timestamp::from_ms(i64::try_from(wall_ms).unwrap_or(i64::MAX))
}
