//! The host program: `host --directory DIR`, started detached by `host --detach --directory DIR`.
//!
//! One thread, one poll loop; everything that is decided is decided by [`crate::machine`]. The program takes the
//! lock, starts the trampoline, keeps the journal, serves the socket, and ends when its agent has ended.

mod agent;
mod connection;
mod serve;

use crate::files;
use crate::spec::{LOCK, LOG, SpecError, Status};
use ganger_kill_point as kill_point;
use rustix::fs::FlockOperation;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// The exit code of a host that found another one in its directory.
pub const ALREADY_THERE: u8 = 3;

/// How often, and how long apart, the lock is tried: somebody who only probes holds it for a moment.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// Why a host could not run.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The arguments are wrong.
    #[error("usage: host [--detach] --directory DIR: {0}")]
    Usage(String),
    /// Another host lives there, or has run there.
    #[error("a host already {how} in {}", directory.display())]
    AlreadyThere {
        /// The directory.
        directory: PathBuf,
        /// `lives` or `has run`.
        how: &'static str,
    },
    /// There is no specification.
    #[error("the host directory {} has no file \"spec\": it is written before the host is started", directory.display())]
    NoSpec {
        /// The directory.
        directory: PathBuf,
    },
    /// The specification cannot be run.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Something in the directory cannot be read or written.
    #[error("the host in {} cannot {what}: {error}", directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        error: io::Error,
    },
}

/// Says what was tried when the system refuses.
fn cannot(directory: &Path, what: &'static str) -> impl FnOnce(io::Error) -> HostError {
    let directory = directory.to_owned();
    move |error| HostError::Io { directory, what, error }
}

/// Runs a host to its end. `args` are those after `host`.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let error = match run(args) {
        Ok(code) => return code,
        Err(error) => error,
    };
    let _ = writeln!(io::stderr(), "ganger host: {error}");
    match error {
        HostError::AlreadyThere { .. } => ExitCode::from(ALREADY_THERE),
        HostError::Usage(_) | HostError::NoSpec { .. } | HostError::Spec(_) => ExitCode::from(2),
        HostError::Io { .. } => ExitCode::FAILURE,
    }
}

fn run(mut args: impl Iterator<Item = OsString>) -> Result<ExitCode, HostError> {
    let mut directory = None;
    let mut detach = false;
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--directory") => directory = args.next().map(PathBuf::from),
            Some("--detach") => detach = true,
            _ => return Err(HostError::Usage(format!("{} is not understood", arg.display()))),
        }
    }
    let directory = directory.ok_or_else(|| HostError::Usage("--directory is missing".to_owned()))?;
    let directory = std::fs::canonicalize(&directory).map_err(cannot(&directory, "be found"))?;
    if detach { start_detached(&directory) } else { host(&directory) }
}

/// Starts this program again as the host proper, waits until that is ready, and leaves it to the system.
fn start_detached(directory: &Path) -> Result<ExitCode, HostError> {
    let program = std::env::current_exe().map_err(cannot(directory, "name its own program"))?;
    let log = files::private_file()
        .append(true)
        .create(true)
        .open(directory.join(LOG))
        .map_err(cannot(directory, "open its log"))?;
    let mut child = Command::new(program)
        .args(["host", "--directory"])
        .arg(directory)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(cannot(directory, "be started"))?;
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut said).map_err(cannot(directory, "hear of its start"))?;
    }
    if said == READY {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait().map_err(cannot(directory, "be waited for"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code.max(1)))
}

/// What a host writes to its standard output, and then closes it, when its socket is there.
const READY: &str = "ready\n";

fn say_ready() {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(READY.as_bytes());
    let _ = stdout.flush();
    // The one who waits reads to the end, so the end must come.
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&null);
    }
}

/// The lock of a directory, held as long as the value lives. Descriptors are close-on-exec, so no child holds it.
fn lock(directory: &Path) -> Result<File, HostError> {
    let file = files::private_file()
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join(LOCK))
        .map_err(cannot(directory, "open its lock"))?;
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(cannot(directory, "take its lock")(error.into())),
        }
    }
    Err(HostError::AlreadyThere { directory: directory.to_owned(), how: "lives" })
}

fn host(directory: &Path) -> Result<ExitCode, HostError> {
    // Not in the daemon's session: a terminal's end must not reach the host. Fails only for one who leads a group.
    let _ = rustix::process::setsid();
    let _lock = lock(directory)?;
    kill_point::reach("host.after_lock");
    let before = Status::read(directory).map_err(cannot(directory, "read its status"))?;
    if before.is_some_and(|status| status.agent.is_some()) {
        // A process was started here before: it may still live, and its journal is closed or broken.
        return Err(HostError::AlreadyThere { directory: directory.to_owned(), how: "has run" });
    }
    serve::serve(directory)
}
