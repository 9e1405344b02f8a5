//! Processes as the system shows them: identities, descendants, and ending them for certain.

use crate::spec::ProcessIdentity;
use ganger_core::journal::ExitStatus;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use std::time::{Duration, Instant};

/// The process number as the system calls want it; `None` for what can be no child's number.
pub(crate) fn pid_of(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// What `waitpid` says, in our words; `None` for a process that has not ended.
pub(crate) fn exit_status(status: WaitStatus) -> Option<ExitStatus> {
    (status.exited() || status.signaled())
        .then(|| ExitStatus { code: status.exit_status(), signal: status.terminating_signal() })
}

/// Collects every child that has ended; `false` as the second when no child is left at all.
pub(crate) fn reap() -> (Vec<(Pid, ExitStatus)>, bool) {
    let mut ended = Vec::new();
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => ended.extend(exit_status(status).map(|status| (pid, status))),
            Ok(None) => return (ended, true),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return (ended, false),
        }
    }
}

/// Kills all descendants of this process until `waitpid` says that there are none. First everything is stopped, so
/// that nothing can fork away; then killed. Gives up after `limit`.
///
/// Returns who ended, and whether nobody is left.
pub(crate) fn kill_descendants(limit: Duration) -> (Vec<(Pid, ExitStatus)>, bool) {
    let started = Instant::now();
    let mut ended = Vec::new();
    for signal in [Signal::STOP, Signal::KILL] {
        // A pass that finds nobody new ends the stopping.
        let mut stopped = Vec::new();
        loop {
            let (gone, any_left) = reap();
            ended.extend(gone);
            if !any_left {
                return (ended, true);
            }
            if started.elapsed() > limit {
                return (ended, false);
            }
            let mut new = false;
            for identity in system::descendants() {
                if signal == Signal::KILL {
                    system::send(&identity, signal);
                } else if !stopped.contains(&identity) {
                    new |= system::send(&identity, signal);
                    stopped.push(identity);
                }
            }
            if signal == Signal::STOP && !new {
                break;
            }
            if signal == Signal::KILL {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    (ended, false)
}

#[cfg(target_os = "linux")]
pub(crate) use system::{bears_marker, child_of, identity, process_numbers};
pub(crate) use system::{identity_or_bare, send};

#[cfg(target_os = "linux")]
mod system {
    use super::{Pid, ProcessIdentity, Signal, pid_of};
    use crate::spec::MARKER_VARIABLE;
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    use std::collections::BTreeMap;
    use std::io;

    /// Parent and start time from `/proc/<pid>/stat`; the name in it may hold anything, so fields count from its
    /// last parenthesis.
    fn stat(pid: u32) -> Option<(u32, u64)> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        Some((parent, fields.nth(17)?.parse().ok()?))
    }

    fn boot_id() -> String {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    }

    /// The identity of a running process; `None` if there is none with this number.
    pub(crate) fn identity(pid: u32) -> Option<ProcessIdentity> {
        stat(pid).map(|(_, start_time)| ProcessIdentity { pid, start_time, boot_id: boot_id() })
    }

    /// The identity of a process that is ours, also where `/proc` does not show it.
    pub(crate) fn identity_or_bare(pid: u32) -> ProcessIdentity {
        identity(pid).unwrap_or_else(|| ProcessIdentity { pid, start_time: 0, boot_id: boot_id() })
    }

    /// All process numbers that `/proc` shows.
    pub(crate) fn process_numbers() -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
        }
        Ok(numbers)
    }

    /// All descendants of this process.
    pub(super) fn descendants() -> Vec<ProcessIdentity> {
        let boot_id = boot_id();
        let mut children: BTreeMap<u32, Vec<ProcessIdentity>> = BTreeMap::new();
        for pid in process_numbers().unwrap_or_default() {
            if let Some((parent, start_time)) = stat(pid) {
                let identity = ProcessIdentity { pid, start_time, boot_id: boot_id.clone() };
                children.entry(parent).or_default().push(identity);
            }
        }
        let mut found = children.remove(&std::process::id()).unwrap_or_default();
        let mut index = 0;
        while let Some(next) = found.get(index) {
            found.extend(children.remove(&next.pid).unwrap_or_default());
            index += 1;
        }
        found
    }

    /// The oldest child of a process.
    pub(crate) fn child_of(parent: u32) -> Option<ProcessIdentity> {
        let boot_id = boot_id();
        process_numbers()
            .ok()?
            .into_iter()
            .filter_map(|pid| {
                let (of, start_time) = stat(pid)?;
                (of == parent).then(|| ProcessIdentity { pid, start_time, boot_id: boot_id.clone() })
            })
            .min_by_key(|child| (child.start_time, child.pid))
    }

    /// Sends a signal to exactly this process; `false` if it is gone. The number is looked at again once the
    /// process is held, since numbers are used again.
    pub(crate) fn send(to: &ProcessIdentity, signal: Signal) -> bool {
        let Some(pid) = pid_of(to.pid) else { return false };
        let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        if identity(to.pid).as_ref() != Some(to) {
            return false;
        }
        pidfd_send_signal(&held, signal).is_ok()
    }

    /// Whether the environment of a process bears this marker. A process whose environment may not be read is
    /// another user's and bears none of ours.
    pub(crate) fn bears_marker(pid: u32, marker: &str) -> bool {
        let wanted = format!("{MARKER_VARIABLE}={marker}");
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|text| text.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    }

    /// A descriptor that is readable once the process has ended.
    pub(crate) fn watch(pid: Pid) -> Option<rustix::fd::OwnedFd> {
        pidfd_open(pid, PidfdFlags::empty()).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Pid, ProcessIdentity, Signal, pid_of};

    pub(crate) fn identity_or_bare(pid: u32) -> ProcessIdentity {
        ProcessIdentity { pid, start_time: 0, boot_id: String::new() }
    }

    /// Without a process file system only the agent's own process group is known; it leads one.
    pub(super) fn descendants() -> Vec<ProcessIdentity> {
        Vec::new()
    }

    pub(crate) fn send(to: &ProcessIdentity, signal: Signal) -> bool {
        pid_of(to.pid).is_some_and(|pid| {
            rustix::process::kill_process_group(pid, signal).is_ok()
                || rustix::process::kill_process(pid, signal).is_ok()
        })
    }

    pub(crate) fn watch(_: Pid) -> Option<rustix::fd::OwnedFd> {
        None
    }
}

pub(crate) use system::watch;
