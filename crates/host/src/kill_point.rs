//! Named places at which a process can be told to kill itself, so that tests can die at each of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that names the place: `name`, or `name:count` to die at the count-th visit.
pub const VARIABLE: &str = "GANGER_KILL_POINT";

/// The places in the host, in the order in which a life passes them.
pub const HOST: &[&str] = &[
    "host.after_lock",
    "host.before_spawn",
    "host.after_spawn",
    "host.after_go",
    "host.before_journal_write",
    "host.after_journal_write",
    "host.before_agent_write",
    "host.after_agent_write",
    "host.before_exit_record",
    "host.after_exit_record",
];

struct Armed {
    name: String,
    left: AtomicU64,
}

fn armed() -> Option<&'static Armed> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    ARMED
        .get_or_init(|| {
            let text = std::env::var(VARIABLE).ok()?;
            let (name, count) = match text.rsplit_once(':') {
                Some((name, count)) => (name.to_owned(), count.parse().ok()?),
                None => (text, 1),
            };
            Some(Armed { name, left: AtomicU64::new(count) })
        })
        .as_ref()
}

/// Passes the place `name`: nothing happens, unless the environment variable [`VARIABLE`] names it; then this
/// process ends by `SIGKILL` here and now, as a crash would.
pub fn reach(name: &str) {
    let Some(armed) = armed() else { return };
    if armed.name == name && armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}
