//! What lies in a host's directory beside its journal: the specification that it is started with, the status that
//! it keeps, and the lock that says whether it lives.
//!
//! `hosts/<name>/` holds `spec`, `lock`, `status`, `epoch`, `sock`, `journal.*`, `host.log`, `trampoline` and
//! perhaps `tombstone`. Directories have mode 0700, files 0600.

use crate::files;
use ganger_core::journal::ExitStatus;
use ganger_core::process::{Enforcement, ProcessSpec};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The variable that every process of a host has in its environment: by it leftovers are found.
pub const MARKER_VARIABLE: &str = "GANGER_SESSION";

pub(crate) const SPEC: &str = "spec";
pub(crate) const LOCK: &str = "lock";
pub(crate) const STATUS: &str = "status";
pub(crate) const EPOCH: &str = "epoch";
pub(crate) const SOCKET: &str = "sock";
pub(crate) const LOG: &str = "host.log";
pub(crate) const REPORT: &str = "trampoline";
pub(crate) const TOMBSTONE: &str = "tombstone";

/// What a host is to run. Written before the host is started and never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HostSpec {
    /// The host's name, which is its directory's: `<session>.<incarnation>` for an agent, `<effect>.<attempt>`
    /// for a job.
    pub name: String,
    /// Which start of this session, or which attempt of this job.
    pub incarnation: u64,
    /// The process.
    pub process: ProcessSpec,
    /// The value of [`MARKER_VARIABLE`] in the environment of everything that this host starts. Unique among
    /// all that may run at once, since a sweep kills by it.
    pub marker: String,
}

impl HostSpec {
    /// Checks what the host relies on: a name that is one plain file name, a marker, and a command.
    ///
    /// # Errors
    /// Names the field and what it must be.
    pub fn check(&self) -> Result<(), SpecError> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 200
                && !text.starts_with('.')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if !plain(&self.name) {
            return Err(SpecError::Name { name: self.name.clone() });
        }
        if !plain(&self.marker) {
            return Err(SpecError::Marker { name: self.name.clone(), marker: self.marker.clone() });
        }
        if self.process.command.is_empty() {
            return Err(SpecError::Command { name: self.name.clone() });
        }
        if !Path::new(&self.process.directory).is_absolute() {
            return Err(SpecError::Directory {
                name: self.name.clone(),
                directory: self.process.directory.clone(),
            });
        }
        Ok(())
    }

    /// The directory of this host below `hosts`.
    pub fn directory(&self, hosts: &Path) -> PathBuf {
        hosts.join(&self.name)
    }

    /// Reads the specification in a host's directory; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read or is no specification.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        files::read_json(directory, SPEC)
    }
}

/// Why a specification cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The name would not be a plain file name.
    #[error(
        "the host name {name:?} cannot be a directory: it must consist of letters, digits, '.', '_' and '-', \
         and not begin with '.'"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The marker would not be found again.
    #[error(
        "the marker {marker:?} of host {name} cannot be used: it must consist of letters, digits, '.', '_' and '-'"
    )]
    Marker {
        /// The host.
        name: String,
        /// Its marker.
        marker: String,
    },
    /// There is nothing to run.
    #[error("the host {name} has an empty command: it needs at least the program's name")]
    Command {
        /// The host.
        name: String,
    },
    /// The working directory is relative.
    #[error("the working directory {directory:?} of host {name} is relative: it must be absolute")]
    Directory {
        /// The host.
        name: String,
        /// Its working directory.
        directory: String,
    },
}

/// Names one process for ever: a process number alone is used again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The process number, outside of any pid namespace.
    pub pid: u32,
    /// When it started, in clock ticks since boot (`/proc/<pid>/stat`, field 22); 0 where that cannot be known.
    pub start_time: u64,
    /// The boot in which it ran (`/proc/sys/kernel/random/boot_id`); empty where that cannot be known.
    pub boot_id: String,
}

/// Why a host ended its process, where it was not the process's own idea.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// It ran longer than its specification allows.
    Timeout,
    /// A controller asked for it.
    Stop,
    /// A tombstone lay in the directory.
    Tombstone,
    /// A higher incarnation of the same session exists.
    Superseded,
}

/// What a host keeps on disk about itself. Every write is fsynced.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// The host's own process.
    pub host: Option<ProcessIdentity>,
    /// The process that it started (the namespace's init where there is one). On disk before that process may
    /// go on to the agent's program.
    pub agent: Option<ProcessIdentity>,
    /// What the sandbox enforces, once known.
    pub enforcement: Option<Enforcement>,
    /// Why the agent's program was not started, a sentence; then the exit code is 126 or 127.
    pub refused: Option<String>,
    /// Why the host ended its process.
    pub ended_by: Option<EndedBy>,
    /// How the process ended.
    pub exit: Option<ExitStatus>,
}

impl Status {
    /// Reads the status in a host's directory; `None` if no host has written one.
    ///
    /// # Errors
    /// The file cannot be read or is no status.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        files::read_json(directory, STATUS)
    }

    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        files::replace_json(directory, STATUS, self)
    }
}

/// What is known of a host by its directory alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostState {
    /// No process was started there; it may be started (again).
    NeverStarted,
    /// A host holds the lock.
    Alive,
    /// The host ended in order and its journal is closed.
    Ended(ExitStatus),
    /// A process was started and its host died: it must be swept before anything takes its place.
    Dead,
    /// It could not be found out; a sentence says why. Never to be taken for dead.
    Unknown(String),
}

/// Finds out about the host in `directory` by its lock and status; asks no process.
pub fn probe(directory: &Path) -> HostState {
    let unknown = |what: &str, error: io::Error| {
        HostState::Unknown(format!(
            "the {what} of the host in {} is unreadable: {error}",
            directory.display()
        ))
    };
    match File::open(directory.join(LOCK)) {
        Ok(lock) => match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared) {
            // Held for the time of the reading below, so that no host can start in between.
            Ok(()) => match Status::read(directory) {
                Ok(Some(Status { exit: Some(exit), .. })) => HostState::Ended(exit),
                Ok(Some(Status { agent: Some(_), .. })) => HostState::Dead,
                Ok(_) => HostState::NeverStarted,
                Err(error) => unknown("status", error),
            },
            Err(rustix::io::Errno::WOULDBLOCK) => HostState::Alive,
            Err(error) => unknown("lock", error.into()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => match Status::read(directory) {
            // Without a lock file nothing was ever started there, unless somebody took the file away.
            Ok(None) => HostState::NeverStarted,
            Ok(Some(_)) => HostState::Unknown(format!(
                "the host directory {} has a status and no lock file",
                directory.display()
            )),
            Err(error) => unknown("status", error),
        },
        Err(error) => unknown("lock", error),
    }
}
