//! Named moments at which a test may kill the process, to show that a restart finishes what was begun.

/// Every kill point of this crate, in the order in which a work item meets them.
pub const KILL_POINTS: &[&str] = &[
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

/// Kills this process without any clean-up when the environment variable `GANGER_KILL_POINT` names this point.
pub(crate) fn kill_point(name: &'static str) {
    debug_assert!(KILL_POINTS.contains(&name), "{name} is not in the list");
    if std::env::var_os("GANGER_KILL_POINT").is_some_and(|wanted| wanted == name) {
        // A failure to kill ourselves would only mean that the test sees no crash.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
