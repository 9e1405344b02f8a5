//! Named places at which a process can be told to kill itself as a crash would, so that tests can let it die at each
//! of them. There is one list of all of them, below.

use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that names the place: `name`, or `name:count` to die at the count-th visit.
pub const VARIABLE: &str = "GANGER_KILL_POINT";

/// The environment variable that names a file in which visits are counted over all processes that have it. With it
/// exactly one process dies: the one that pays the count-th visit. Without it each process counts for itself, and
/// the one that is started in place of a dead one dies too.
pub const TALLY: &str = "GANGER_KILL_TALLY";

/// The places in the daemon, in the order in which a life passes them.
pub const DAEMON: &[&str] = &[
    "daemon.before_append",
    "daemon.after_append",
    "daemon.before_run",
    "daemon.before_report",
    "daemon.before_host_write",
    "daemon.before_withdraw",
];

/// The places around what git changes, which the daemon passes too.
pub const GIT: &[&str] = &[
    "git.before_fetch",
    "git.after_fetch",
    "git.before_provision",
    "git.in_provision",
    "git.after_provision",
    "git.before_import",
    "git.in_import",
    "git.after_import",
    "git.before_update_ref",
    "git.after_update_ref",
    "git.before_push",
    "git.after_push",
    "git.before_remove",
    "git.in_remove",
    "git.after_remove",
];

/// The places in a host, in the order in which a life passes them.
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

/// Every place there is.
pub fn all() -> impl Iterator<Item = &'static str> {
    [DAEMON, GIT, HOST].into_iter().flatten().copied()
}

struct Armed {
    name: String,
    count: u64,
    tally: Option<PathBuf>,
    visits: AtomicU64,
}

impl Armed {
    /// The number of this visit. Another process may be told the same place, hence the file: where an append ended
    /// is this visit's alone.
    fn visit(&self) -> u64 {
        let Some(tally) = &self.tally else { return self.visits.fetch_add(1, Ordering::SeqCst) + 1 };
        let counted =
            std::fs::OpenOptions::new().append(true).create(true).open(tally).and_then(|mut file| {
                file.write_all(b".")?;
                file.stream_position()
            });
        // A file that cannot be written arms nothing: the test sees that nothing died.
        counted.unwrap_or(0)
    }
}

fn parse(text: &str) -> Option<(&str, u64)> {
    match text.rsplit_once(':') {
        Some((name, count)) => Some((name, count.parse().ok()?)),
        None => Some((text, 1)),
    }
}

fn armed() -> Option<&'static Armed> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    ARMED
        .get_or_init(|| {
            let text = std::env::var(VARIABLE).ok()?;
            let (name, count) = parse(&text)?;
            let tally = std::env::var_os(TALLY).map(PathBuf::from);
            Some(Armed { name: name.to_owned(), count, tally, visits: AtomicU64::new(0) })
        })
        .as_ref()
}

/// Passes the place `name`, which stands in [`all`]: nothing happens, unless the environment variable [`VARIABLE`]
/// names it; then this process ends by `SIGKILL` here and now.
pub fn reach(name: &str) {
    debug_assert!(all().any(|known| known == name), "the kill point {name} is not in the list");
    let Some(armed) = armed() else { return };
    if armed.name == name && armed.visit() == armed.count {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}

/// What a process that is started with a cleared environment must be given to be armed as this one is.
pub fn passed_on() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    [VARIABLE, TALLY].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_once_and_says_whose_it_is() {
        let mut names: Vec<&str> = all().collect();
        assert!(DAEMON.iter().all(|name| name.starts_with("daemon.")));
        assert!(GIT.iter().all(|name| name.starts_with("git.")));
        assert!(HOST.iter().all(|name| name.starts_with("host.")));
        let before = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn visits_of_several_processes_are_counted_in_one_file() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let process = || Armed {
            name: String::new(),
            count: 0,
            tally: Some(directory.path().join("tally")),
            visits: AtomicU64::new(0),
        };
        let (one, other) = (process(), process());
        assert_eq!([one.visit(), other.visit(), other.visit(), one.visit()], [1, 2, 3, 4]);
        let alone = Armed { tally: None, ..process() };
        assert_eq!([alone.visit(), alone.visit()], [1, 2]);
        assert_eq!(parse("git.after_push:3"), Some(("git.after_push", 3)));
        assert_eq!(parse("git.after_push"), Some(("git.after_push", 1)));
        assert_eq!(parse("git.after_push:x"), None);
    }
}
