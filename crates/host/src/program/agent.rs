//! The agent's process as the host sees it: started through the trampoline, its pipes, its end.

use super::{HostError, cannot};
use crate::processes;
use crate::spec::{HostSpec, MARKER_VARIABLE, ProcessIdentity, REPORT, Status};
use crate::trampoline::{self, Report};
use ganger_core::journal::ExitStatus;
use ganger_core::process::Enforcement;
use ganger_kill_point as kill_point;
use rustix::fd::OwnedFd;
use rustix::process::{Pid, Signal};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the trampoline's first stage may take to say which process is the agent's.
const ENTER_LIMIT: Duration = Duration::from_secs(20);
/// How long killing everything may take before it is given up and said.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// The agent's process and the host's ends of its pipes.
#[derive(Debug)]
pub(super) struct Agent {
    pid: Pid,
    identity: ProcessIdentity,
    namespace: bool,
    /// Readable once the process ended; `None` where that cannot be watched, or it was seen.
    pub(super) watch: Option<OwnedFd>,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    queue: VecDeque<Vec<u8>>,
    /// How much of the queue's front is written.
    front: usize,
    close_when_empty: bool,
    exit: Option<ExitStatus>,
}

/// What the trampoline had to say.
#[derive(Debug)]
pub(super) enum Start {
    /// Not yet.
    Awaited,
    /// The agent's program runs under this.
    Enforced(Enforcement),
    /// It was not started.
    Refused(String),
}

impl Agent {
    /// Starts the trampoline, puts its process on the disk, and lets it go on.
    pub(super) fn start(directory: &Path, spec: &HostSpec, status: &mut Status) -> Result<Self, HostError> {
        kill_point::reach("host.before_spawn");
        match std::fs::remove_file(directory.join(REPORT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot(directory, "remove an old report")(error));
            }
            _ => {}
        }
        let program = std::env::current_exe().map_err(cannot(directory, "name its own program"))?;
        let mut child = Command::new(program)
            .args(["exec-sandboxed", "--directory"])
            .arg(directory)
            .env_clear()
            .env(MARKER_VARIABLE, &spec.marker)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot(directory, "start the trampoline"))?;
        let trampoline = child.id();
        let mut agent = Self {
            pid: processes::pid_of(trampoline).unwrap_or(Pid::INIT),
            identity: processes::identity_or_bare(trampoline),
            namespace: false,
            watch: None,
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            queue: VecDeque::new(),
            front: 0,
            close_when_empty: false,
            exit: None,
        };
        agent.find(directory, trampoline);
        agent.watch = processes::watch(agent.pid);
        status.agent = Some(agent.identity.clone());
        status.write(directory).map_err(cannot(directory, "write its status"))?;
        kill_point::reach("host.after_spawn");
        if let Some(stdin) = &mut agent.stdin {
            // If nobody is there to read it, the process's end says why.
            let _ = stdin.write_all(b"g");
        }
        kill_point::reach("host.after_go");
        for fd in [
            agent.stdin.as_ref().map(AsFd::as_fd),
            agent.stdout.as_ref().map(AsFd::as_fd),
            agent.stderr.as_ref().map(AsFd::as_fd),
        ]
        .into_iter()
        .flatten()
        {
            rustix::io::ioctl_fionbio(fd, true)
                .map_err(|error| cannot(directory, "open the agent's pipes")(error.into()))?;
        }
        Ok(agent)
    }

    /// Waits for the trampoline to say which process is the agent's; in a namespace the trampoline ends itself, and
    /// its child is then the host's.
    fn find(&mut self, directory: &Path, trampoline: u32) {
        let started = Instant::now();
        let mut trampoline_ended = None;
        while started.elapsed() < ENTER_LIMIT {
            for (pid, status) in processes::reap().0 {
                if pid.as_raw_pid().unsigned_abs() == trampoline {
                    trampoline_ended = Some(status);
                }
            }
            let report = trampoline::reports(directory).into_iter().find_map(|report| match report {
                Report::Agent { pid, namespace } => Some((pid, namespace)),
                _ => None,
            });
            match (report, trampoline_ended) {
                (Some((pid, true)), Some(_)) => {
                    self.pid = processes::pid_of(pid).unwrap_or(self.pid);
                    self.identity = processes::identity_or_bare(pid);
                    self.namespace = true;
                    return;
                }
                (Some((_, false)), None) => return,
                // It ended without becoming anything.
                (_, Some(status)) => {
                    self.exit = Some(status);
                    return;
                }
                (_, None) => std::thread::sleep(Duration::from_micros(500)),
            }
        }
    }

    /// What has become of the start.
    pub(super) fn started(directory: &Path) -> Start {
        for report in trampoline::reports(directory) {
            match report {
                Report::Enforced { enforcement } => return Start::Enforced(enforcement),
                Report::Refused { sentence } => return Start::Refused(sentence),
                _ => {}
            }
        }
        Start::Awaited
    }

    /// How the agent's process ended, if it did; collects every child that has ended.
    pub(super) fn ended(&mut self, directory: &Path) -> Option<ExitStatus> {
        let (ended, _) = processes::reap();
        self.note_end(ended, directory)
    }

    fn note_end(&mut self, ended: Vec<(Pid, ExitStatus)>, directory: &Path) -> Option<ExitStatus> {
        for (pid, status) in ended {
            if pid == self.pid {
                self.watch = None;
                // An init can only say how its child ended, not end in the same way.
                let told = trampoline::reports(directory).into_iter().find_map(|report| match report {
                    Report::Ended { status } => Some(status),
                    _ => None,
                });
                self.exit = Some(told.unwrap_or(status));
            }
        }
        self.exit
    }

    /// Sends a signal to the agent's own process.
    pub(super) fn signal(&self, number: i32) {
        let Some(signal) = Signal::from_named_raw(number) else { return };
        #[cfg(target_os = "linux")]
        if self.namespace {
            // The namespace's init hears no signals; the agent is its oldest child.
            if let Some(child) = processes::child_of(self.identity.pid) {
                processes::send(&child, signal);
            }
            return;
        }
        processes::send(&self.identity, signal);
    }

    /// Kills the agent and all that it started. `false` if some could not be ended.
    pub(super) fn kill(&mut self, directory: &Path) -> bool {
        processes::send(&self.identity, Signal::KILL);
        let (ended, all_gone) = processes::kill_descendants(KILL_LIMIT);
        self.note_end(ended, directory);
        all_gone
    }

    /// Queues bytes for standard input.
    pub(super) fn queue(&mut self, bytes: Vec<u8>) {
        if self.stdin.is_some() && !bytes.is_empty() {
            self.queue.push_back(bytes);
        }
    }

    /// Closes standard input once the queue is empty.
    pub(super) fn close_input(&mut self) {
        self.close_when_empty = true;
        if self.queue.is_empty() {
            self.stdin = None;
        }
    }

    /// Whether standard input has something to be written.
    pub(super) fn wants_to_write(&self) -> bool {
        self.stdin.is_some() && !self.queue.is_empty()
    }

    /// Writes what the pipe takes now: how many bytes, and whether the other end is gone.
    pub(super) fn write_some(&mut self) -> (usize, bool) {
        let mut written = 0;
        while let (Some(stdin), Some(bytes)) = (&mut self.stdin, self.queue.front()) {
            kill_point::reach("host.before_agent_write");
            match stdin.write(&bytes[self.front..]) {
                Ok(count) => {
                    kill_point::reach("host.after_agent_write");
                    written += count;
                    self.front += count;
                    if self.front == bytes.len() {
                        self.queue.pop_front();
                        self.front = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (written, false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.queue.clear();
                    self.front = 0;
                    self.stdin = None;
                    return (written, true);
                }
            }
        }
        if self.close_when_empty {
            self.stdin = None;
        }
        (written, false)
    }
}

/// What reading from one of the agent's pipes brought.
#[derive(Debug)]
pub(super) enum Got {
    Bytes(Vec<u8>),
    Nothing,
    End,
}

/// Reads at most a buffer full from a pipe, if it is open.
pub(super) fn read_some(pipe: Option<&mut impl Read>, buffer: &mut [u8]) -> Got {
    let Some(pipe) = pipe else { return Got::End };
    loop {
        match pipe.read(buffer) {
            Ok(0) => return Got::End,
            Ok(count) => return Got::Bytes(buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Got::Nothing,
            Err(_) => return Got::End,
        }
    }
}
