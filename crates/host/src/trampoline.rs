//! The trampoline: what stands between the host and the agent's program. It sets up the sandbox and becomes the
//! agent, so that the host itself is not bound by it.
//!
//! Three stages, each the same program started again (`exec-sandboxed --directory DIR [--stage NAME]`):
//!
//! - *enter* (no stage named), started by the host: sets no-new-privileges, makes a pid namespace where it can, and
//!   starts *init* in it, whose process number it reports; then it ends. Without a namespace it does what *init*
//!   and *exec* do itself.
//! - *init*, the first process of the namespace: waits for the host's go, asks to die with the host, starts *exec*,
//!   collects orphans, and ends when *exec* ended; the kernel then ends everything else in the namespace.
//! - *exec*: sets up Landlock, reports what is enforced, and becomes the agent.
//!
//! The go is one byte on standard input, written when the process stands on the disk. Reports are lines of JSON in
//! the file `trampoline` of the host's directory, opened before Landlock closes it.

use crate::confine;
use crate::files;
use crate::spec::{HostSpec, MARKER_VARIABLE, REPORT};
use ganger_core::journal::ExitStatus;
use ganger_core::process::{Enforcement, SandboxMode};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The exit code of a trampoline that refused to start the agent.
pub const REFUSED: u8 = 126;
/// The exit code of a trampoline whose agent's program could not be executed.
pub const NOT_EXECUTED: u8 = 127;

/// What stages tell the host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub(crate) enum Report {
    /// The process that the host is to watch; `namespace` if it is the init of a pid namespace.
    Agent { pid: u32, namespace: bool },
    /// Something that does not hold.
    Gap { sentence: String },
    /// What is enforced; the agent's program comes next.
    Enforced { enforcement: Enforcement },
    /// The agent's program was not started.
    Refused { sentence: String },
    /// How the agent ended, as its init saw it.
    Ended { status: ExitStatus },
}

/// All whole lines that have been reported so far.
pub(crate) fn reports(directory: &Path) -> Vec<Report> {
    let text = std::fs::read_to_string(directory.join(REPORT)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

struct Stage {
    directory: PathBuf,
    spec: HostSpec,
    report: File,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("usage: exec-sandboxed --directory DIR [--stage init|exec]: {0:?} is not understood")]
    Usage(OsString),
    #[error("the host directory {} cannot be used by the trampoline: {error}", directory.display())]
    Directory { directory: PathBuf, error: io::Error },
    #[error("the sandbox cannot be set up: {0}")]
    Sandbox(String),
    #[error("the host ended before it let its agent start")]
    NoGo,
    #[error("a stage of the trampoline cannot be started: {0}")]
    Stage(io::Error),
    #[error("the program {program:?} cannot be executed in {directory:?}: {error}")]
    Execute { program: String, directory: String, error: io::Error },
}

/// Runs one stage. `args` are those after `exec-sandboxed`. Comes back only if the agent was not started, or from
/// *enter* and *init*.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let failure = match stage(args) {
        Ok(code) => return code,
        Err(failure) => failure,
    };
    // Standard error is the agent's, and so lands in the journal.
    let _ = writeln!(io::stderr(), "ganger: {failure}");
    ExitCode::from(if matches!(failure, Failure::Execute { .. }) { NOT_EXECUTED } else { REFUSED })
}

fn stage(mut args: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    let mut directory = None;
    let mut name = OsString::new();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--directory") => directory = args.next().map(PathBuf::from),
            Some("--stage") => name = args.next().unwrap_or_default(),
            _ => return Err(Failure::Usage(arg)),
        }
    }
    let directory = directory.ok_or_else(|| Failure::Usage("no --directory".into()))?;
    let unusable = |error| Failure::Directory { directory: directory.clone(), error };
    let spec = HostSpec::read(&directory)
        .and_then(|spec| spec.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no spec")))
        .map_err(unusable)?;
    let report =
        files::private_file().append(true).create(true).open(directory.join(REPORT)).map_err(unusable)?;
    let stage = Stage { directory, spec, report };
    let result = match name.to_str() {
        Some("") => stage.enter(),
        Some("init") => stage.init(),
        Some("exec") => stage.exec(),
        _ => return Err(Failure::Usage(name)),
    };
    if let Err(failure) = &result {
        stage.tell(&Report::Refused { sentence: failure.to_string() });
    }
    result
}

impl Stage {
    fn tell(&self, report: &Report) {
        // One write per line: a reader never meets two halves of different lines. If it fails the host says
        // that nothing was reported.
        let mut line = serde_json::to_vec(report).unwrap_or_default();
        line.push(b'\n');
        let _ = (&self.report).write_all(&line);
    }

    fn gap(&self, sentence: String) {
        self.tell(&Report::Gap { sentence });
    }

    fn next(&self, stage: &str) -> Result<std::process::Child, Failure> {
        let program = std::env::current_exe().map_err(Failure::Stage)?;
        Command::new(program)
            .args(["exec-sandboxed", "--stage", stage, "--directory"])
            .arg(&self.directory)
            .env_clear()
            .env(MARKER_VARIABLE, &self.spec.marker)
            .spawn()
            .map_err(Failure::Stage)
    }

    fn enter(&self) -> Result<ExitCode, Failure> {
        // The agent leads a session of its own: no terminal, no group of the host's.
        let _ = rustix::process::setsid();
        if self.spec.process.sandbox.mode == SandboxMode::Off {
            self.gap("The sandbox is switched off: the process may do whatever its user may.".to_owned());
        } else {
            confine::no_new_privileges().map_err(|error| Failure::Sandbox(error.to_string()))?;
            match confine::unshare() {
                Ok(()) => {
                    let child = self.next("init")?;
                    self.tell(&Report::Agent { pid: child.id(), namespace: true });
                    return Ok(ExitCode::SUCCESS);
                }
                Err(sentence) => self.gap(sentence),
            }
        }
        self.tell(&Report::Agent { pid: std::process::id(), namespace: false });
        let host = rustix::process::getppid();
        self.wait_for_go()?;
        confine::die_with_parent().map_err(|error| Failure::Sandbox(error.to_string()))?;
        // The host may have died just before that was asked for.
        if rustix::process::getppid() != host || !host_holds_input() {
            return Err(Failure::NoGo);
        }
        self.exec()
    }

    fn init(&self) -> Result<ExitCode, Failure> {
        self.wait_for_go()?;
        confine::die_with_parent().map_err(|error| Failure::Sandbox(error.to_string()))?;
        // The parent is outside of this namespace and has no number here: the pipe shows whether it lives.
        if !host_holds_input() {
            return Err(Failure::NoGo);
        }
        if let Err(sentence) = confine::mount_proc() {
            self.gap(sentence);
        }
        let child = self.next("exec")?;
        // The agent's pipes must close when it closes them.
        if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&null);
            let _ = rustix::stdio::dup2_stdout(&null);
            let _ = rustix::stdio::dup2_stderr(&null);
        }
        loop {
            match rustix::process::wait(rustix::process::WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid.as_raw_pid().unsigned_abs() == child.id() => {
                    let Some(status) = crate::processes::exit_status(status) else { continue };
                    self.tell(&Report::Ended { status });
                    let code = status.code.unwrap_or(128 + status.signal.unwrap_or_default());
                    return Ok(ExitCode::from(u8::try_from(code).unwrap_or(REFUSED)));
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Failure::Stage(error.into())),
            }
        }
    }

    fn exec(&self) -> Result<ExitCode, Failure> {
        let process = &self.spec.process;
        let told = reports(&self.directory);
        let mut enforcement = confine::restrict(&process.sandbox).map_err(Failure::Sandbox)?;
        for report in told {
            match report {
                Report::Agent { namespace, .. } => enforcement.pid_namespace = namespace,
                Report::Gap { sentence } => enforcement.gaps.push(sentence),
                _ => {}
            }
        }
        self.tell(&Report::Enforced { enforcement });
        let error = Command::new(&process.command[0])
            .args(&process.command[1..])
            .current_dir(&process.directory)
            .env_clear()
            .envs(&process.environment)
            .env(MARKER_VARIABLE, &self.spec.marker)
            .exec();
        let (program, directory) = (process.command[0].clone(), process.directory.clone());
        Err(Failure::Execute { program, directory, error })
    }

    fn wait_for_go(&self) -> Result<(), Failure> {
        let mut go = [0];
        loop {
            match rustix::io::read(io::stdin(), &mut go) {
                Ok(1) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                _ => return Err(Failure::NoGo),
            }
        }
    }
}

/// Whether anybody still holds the other end of standard input. A job's input may be closed already, in order;
/// the host therefore sends the go and keeps the pipe until the agent runs.
fn host_holds_input() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let input = io::stdin();
    let mut fds = [PollFd::new(&input, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok()
        && !fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// The signal that a parent's death sends.
pub(crate) const DEATH: Signal = Signal::KILL;
