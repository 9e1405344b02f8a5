//! Finds and ends what a dead host left behind, by the marker in the environment of everything that it started.
//! Must have succeeded before anything may start in the dead session's worktree.
//!
//! A process that cleared its environment is not found this way; in a pid namespace it died with its host.

use std::time::Duration;

/// How long a sweep may take by default.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(20);

/// What a sweep did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// How many processes were killed.
    pub killed: u64,
}

/// Why a sweep has not succeeded. Processes may still live.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The host holds its lock: its processes are not left behind.
    #[error("the host {name} is alive: its processes are ended by stopping it, not by a sweep")]
    Alive {
        /// The host's name.
        name: String,
    },
    /// The host's directory cannot be judged.
    #[error("the host directory {directory} cannot be swept: {reason}")]
    Directory {
        /// The directory.
        directory: String,
        /// Why.
        reason: String,
    },
    /// The processes of this machine cannot be listed.
    #[error("the processes of this machine cannot be listed: {0}")]
    Processes(std::io::Error),
    /// Some would not end.
    #[error("{left} processes of {marker} still live after {seconds} s of killing")]
    Left {
        /// The marker.
        marker: String,
        /// How many.
        left: usize,
        /// For how long it was tried.
        seconds: u64,
    },
    /// There is no way to look into other processes here.
    #[error(
        "this system does not show the environment of processes: what {marker} left behind cannot be swept"
    )]
    Unsupported {
        /// The marker.
        marker: String,
    },
}

#[cfg(target_os = "linux")]
pub use linux::{sweep, sweep_marker};

#[cfg(target_os = "linux")]
mod linux {
    use super::{SweepError, Swept};
    use crate::processes::{bears_marker, identity, process_numbers, send};
    use crate::spec::{HostSpec, HostState, ProcessIdentity, Status, probe};
    use rustix::process::Signal;
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// The pause between two passes over all processes.
    const PAUSE: Duration = Duration::from_millis(5);
    /// So many passes in a row must find nobody: a process may fork while it is being looked for.
    const EMPTY_PASSES: u32 = 2;

    /// Sweeps what the dead host in `directory` left behind: the process of its status, and all with its marker,
    /// until none is left or `limit` is over. Blocks.
    ///
    /// # Errors
    /// See [`SweepError`]; nothing may start in the host's worktree then.
    pub fn sweep(directory: &Path, limit: Duration) -> Result<Swept, SweepError> {
        let broken =
            |reason: String| SweepError::Directory { directory: directory.display().to_string(), reason };
        let spec = HostSpec::read(directory)
            .map_err(|error| broken(error.to_string()))?
            .ok_or_else(|| broken("it has no spec".to_owned()))?;
        match probe(directory) {
            HostState::Alive => return Err(SweepError::Alive { name: spec.name }),
            HostState::Unknown(reason) => return Err(broken(reason)),
            HostState::NeverStarted | HostState::Ended(_) | HostState::Dead => {}
        }
        let status = Status::read(directory).map_err(|error| broken(error.to_string()))?.unwrap_or_default();
        let mut swept = Swept::default();
        // By number, start time and boot: certainly the same process. Ends a whole pid namespace at once.
        if let Some(agent) = status.agent
            && identity(agent.pid).as_ref() == Some(&agent)
        {
            swept.killed += u64::from(send(&agent, Signal::KILL));
        }
        swept.killed += sweep_marker(&spec.marker, limit)?.killed;
        Ok(swept)
    }

    fn bearers(marker: &str) -> Result<Vec<ProcessIdentity>, SweepError> {
        let own = std::process::id();
        let numbers = process_numbers().map_err(SweepError::Processes)?;
        Ok(numbers
            .into_iter()
            .filter(|pid| *pid != own && bears_marker(*pid, marker))
            .filter_map(identity)
            .collect())
    }

    /// Kills every process with this marker in its environment. Blocks.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub fn sweep_marker(marker: &str, limit: Duration) -> Result<Swept, SweepError> {
        let started = Instant::now();
        let mut swept = Swept::default();
        let mut empty = 0;
        loop {
            let found = bearers(marker)?;
            if found.is_empty() {
                empty += 1;
                if empty == EMPTY_PASSES {
                    return Ok(swept);
                }
            } else {
                empty = 0;
                // Stopped first, so that nobody forks while the others are killed.
                for process in &found {
                    send(process, Signal::STOP);
                }
                for process in &found {
                    swept.killed +=
                        u64::from(bears_marker(process.pid, marker) && send(process, Signal::KILL));
                }
            }
            if started.elapsed() > limit {
                return Err(SweepError::Left {
                    marker: marker.to_owned(),
                    left: found.len(),
                    seconds: limit.as_secs(),
                });
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Says that sweeping is not possible on this system.
///
/// # Errors
/// Always [`SweepError::Unsupported`].
#[cfg(not(target_os = "linux"))]
pub fn sweep(directory: &std::path::Path, _: Duration) -> Result<Swept, SweepError> {
    Err(SweepError::Unsupported { marker: directory.display().to_string() })
}
