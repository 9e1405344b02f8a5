//! Starting a host, and telling one that it is no longer wanted.

use crate::files;
use crate::program::ALREADY_THERE;
use crate::spec::{HostSpec, LOG, SOCKET, SPEC, SpecError, TOMBSTONE};
use ganger_kill_point as kill_point;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::net::UnixStream;
use tokio::process::Command;

/// Why a host could not be launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The specification cannot be run.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Another specification stands under this name.
    #[error("the host directory {} already holds another specification: a name is used once", directory.display())]
    OtherSpec {
        /// The directory.
        directory: PathBuf,
    },
    /// A host lives there already, or has run there. Probe and attach instead.
    #[error("a host already lives in {} or has run there", directory.display())]
    AlreadyThere {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory cannot be written.
    #[error("the host directory {} cannot be made: {error}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The program cannot be executed.
    #[error("the host program {} cannot be started: {error}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The host ended before it was ready.
    #[error("the host in {} did not start: {words}", directory.display())]
    NotReady {
        /// The directory.
        directory: PathBuf,
        /// The end of its log.
        words: String,
    },
}

/// Writes the specification below `hosts` and starts a host for it from `program` (a copy of ganger that stays where
/// it is while the host lives), detached from this process in every way. Returns the host's directory once its
/// socket is there.
///
/// The same specification may be launched again as long as no process was started for it.
///
/// # Errors
/// See [`LaunchError`]. After all but `AlreadyThere` and `OtherSpec`, [`crate::spec::probe`] says what is true.
pub async fn launch(hosts: &Path, program: &Path, spec: &HostSpec) -> Result<PathBuf, LaunchError> {
    spec.check()?;
    let directory = spec.directory(hosts);
    let failed = |error| LaunchError::Directory { directory: directory.clone(), error };
    files::make_private_directory(&directory).map_err(failed)?;
    match HostSpec::read(&directory).map_err(failed)? {
        Some(there) if there == *spec => {}
        Some(_) => return Err(LaunchError::OtherSpec { directory }),
        None => files::replace_json(&directory, SPEC, spec).map_err(failed)?,
    }
    let mut command = Command::new(program);
    command
        .args(["host", "--detach", "--directory"])
        .arg(&directory)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.envs(kill_point::passed_on());
    let status = command
        .status()
        .await
        .map_err(|error| LaunchError::Program { program: program.to_owned(), error })?;
    match status.code() {
        Some(0) => Ok(directory),
        Some(code) if code == i32::from(ALREADY_THERE) => Err(LaunchError::AlreadyThere { directory }),
        _ => {
            let log = std::fs::read_to_string(directory.join(LOG)).unwrap_or_default();
            let words = match log.lines().next_back() {
                Some(line) => line.chars().take(500).collect(),
                None => format!("it ended ({status}) and left no word in its log"),
            };
            Err(LaunchError::NotReady { directory, words })
        }
    }
}

/// Tells the host in `directory` to end itself, whether it can be attached to or not. It stops its agent by the
/// ladder without a farewell; the end shows in its journal and by [`crate::spec::probe`].
///
/// # Errors
/// The tombstone cannot be written.
pub async fn tombstone(directory: &Path) -> io::Result<()> {
    files::replace(directory, TOMBSTONE, b"")?;
    // A connection makes it look at once; without one it looks within half a minute.
    let _ = connect(directory).await;
    Ok(())
}

/// Connects to the socket of a host. Its path may be longer than an address can hold, so it is reached through a
/// descriptor of its directory.
pub(super) async fn connect(directory: &Path) -> io::Result<UnixStream> {
    if cfg!(target_os = "linux") {
        let opened = std::fs::File::open(directory)?;
        UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd())).await
    } else {
        UnixStream::connect(directory.join(SOCKET)).await
    }
}
