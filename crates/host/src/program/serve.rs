//! The host's poll loop: carries events to the machine and its actions out.

use super::agent::{Agent, Got, Start, read_some};
use super::connection::Connection;
use super::{HostError, cannot, say_ready};
use crate::files;
use crate::journal::{Journal, MAX_BYTES};
use crate::machine::{Action, Beginning, Clock, ConnectionId, Input, Machine};
use crate::processes;
use crate::spec::{EPOCH, EndedBy, HostSpec, SOCKET, SPEC, Status, TOMBSTONE};
use ganger_core::journal::ExitStatus;
use ganger_kill_point as kill_point;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often the directory is looked at for a tombstone or a higher incarnation, in milliseconds. A connection to
/// the socket makes the host look at once.
const LOOK_MS: u64 = 30_000;
/// The most connections at a time; the oldest that is over is closed.
const MAX_CONNECTIONS: usize = 16;
/// How often the start's report is looked for while it is awaited, in milliseconds.
const START_POLL_MS: u64 = 2;
/// The largest number of milliseconds between two looks at processes where none can be watched.
const UNWATCHED_MS: u64 = 50;

struct Host {
    directory: PathBuf,
    spec: HostSpec,
    status: Status,
    machine: Machine,
    journal: Journal,
    agent: Agent,
    connections: Vec<Connection>,
    last_connection: ConnectionId,
    inputs: VecDeque<Input>,
    start_awaited: bool,
    exit_told: bool,
    /// Set when the machine has asked for the kill after the process's end, and it was carried out.
    killed_after_exit: bool,
    finished: Option<ExitStatus>,
    looked_at: u64,
    buffer: Vec<u8>,
}

fn clock() -> Clock {
    let wall_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    // Monotonic time stands still while the machine sleeps: awake time.
    let now = clock_gettime(ClockId::Monotonic);
    Clock { wall_ms, awake_ms: now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000 }
}

/// Binds the socket. Its path may be longer than an address can hold, so it is reached through a descriptor of its
/// directory.
fn listen(directory: &Path) -> std::io::Result<UnixListener> {
    let path = directory.join(SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let opened = File::open(directory)?;
    let listener = if cfg!(target_os = "linux") {
        UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd()))?
    } else {
        UnixListener::bind(path)?
    };
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Runs the host in a directory whose lock is held, until its agent has ended.
pub(super) fn serve(directory: &Path) -> Result<ExitCode, HostError> {
    let spec = HostSpec::read(directory)
        .map_err(cannot(directory, "read its spec"))?
        .ok_or_else(|| HostError::NoSpec { directory: directory.to_owned() })?;
    spec.check()?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| cannot(directory, "become a subreaper")(error.into()))?;
    let journal = Journal::open(directory).map_err(cannot(directory, "open its journal"))?;
    let daemon_epoch = files::read_json(directory, EPOCH)
        .map_err(cannot(directory, "read the daemon epoch"))?
        .unwrap_or_default();
    let machine = Machine::new(Beginning {
        incarnation: spec.incarnation,
        daemon_epoch,
        head: journal.head(),
        input: spec.process.input.clone().map(String::into_bytes),
        timeout_ms: spec.process.timeout_ms,
    });
    let listener = listen(directory).map_err(cannot(directory, "listen on its socket"))?;
    let mut status =
        Status { host: Some(processes::identity_or_bare(std::process::id())), ..Status::default() };
    let agent = Agent::start(directory, &spec, &mut status)?;
    say_ready();
    let mut host = Host {
        directory: directory.to_owned(),
        spec,
        status,
        machine,
        journal,
        agent,
        connections: Vec::new(),
        last_connection: 0,
        inputs: VecDeque::new(),
        start_awaited: true,
        exit_told: false,
        killed_after_exit: false,
        finished: None,
        looked_at: 0,
        buffer: vec![0; MAX_BYTES],
    };
    host.machine.set_status(host.status.clone());
    while host.finished.is_none() {
        host.turn(&listener);
    }
    host.say_farewell();
    Ok(ExitCode::SUCCESS)
}

impl Host {
    fn turn(&mut self, listener: &UnixListener) {
        let ready = self.wait(listener);
        if ready.listener {
            self.accept(listener);
        }
        self.look_at_start();
        self.look_at_directory();
        if ready.stdin {
            self.write_agent();
        }
        if self.machine.reads_agent() {
            self.read_agent(ready.stdout, ready.stderr);
        }
        self.look_at_end();
        for id in ready.connections {
            self.read_connection(id);
        }
        self.step(Input::Tick);
        self.write_connections();
    }

    /// Waits until something can be done.
    fn wait(&self, listener: &UnixListener) -> Ready {
        let head = self.machine.head();
        let reads = self.machine.reads_agent() && !self.exit_told;
        let mut fds = vec![PollFd::new(listener, PollFlags::IN)];
        let mut names = vec![Name::Listener];
        let mut add = |fd, name| {
            fds.push(fd);
            names.push(name);
        };
        if let Some(watch) = &self.agent.watch {
            add(PollFd::new(watch, PollFlags::IN), Name::Watch);
        }
        if let Some(stdin) = self.agent.stdin.as_ref().filter(|_| self.agent.wants_to_write()) {
            add(PollFd::new(stdin, PollFlags::OUT), Name::Stdin);
        }
        if let Some(stdout) = self.agent.stdout.as_ref().filter(|_| reads) {
            add(PollFd::new(stdout, PollFlags::IN), Name::Stdout);
        }
        if let Some(stderr) = self.agent.stderr.as_ref().filter(|_| reads) {
            add(PollFd::new(stderr, PollFlags::IN), Name::Stderr);
        }
        for connection in &self.connections {
            let mut flags = PollFlags::IN;
            if connection.wants_to_write(head) {
                flags |= PollFlags::OUT;
            }
            add(PollFd::new(&connection.stream, flags), Name::Connection(connection.id));
        }
        let timeout = self.timeout();
        let timeout =
            Timespec { tv_sec: (timeout / 1_000) as i64, tv_nsec: (timeout % 1_000 * 1_000_000) as _ };
        let mut ready = Ready::default();
        if poll(&mut fds, Some(&timeout)).is_err() {
            return ready;
        }
        for (fd, name) in fds.iter().zip(names) {
            if fd.revents().is_empty() {
                continue;
            }
            match name {
                Name::Listener => ready.listener = true,
                Name::Watch => {}
                Name::Stdin => ready.stdin = true,
                Name::Stdout => ready.stdout = true,
                Name::Stderr => ready.stderr = true,
                Name::Connection(id) => ready.connections.push(id),
            }
        }
        ready
    }

    fn timeout(&self) -> u64 {
        let now = clock().awake_ms;
        let mut wait = (self.looked_at + LOOK_MS).saturating_sub(now);
        if let Some(at) = self.machine.deadline() {
            wait = wait.min(at.saturating_sub(now));
        }
        if self.start_awaited {
            wait = wait.min(START_POLL_MS);
        }
        if self.killed_after_exit && self.machine.reads_agent() {
            // The last words can be read again, and nothing else would say so.
            return 0;
        }
        if self.agent.watch.is_none() && !self.exit_told {
            wait = wait.min(UNWATCHED_MS);
        }
        wait
    }

    fn step(&mut self, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            for action in self.machine.step(clock(), input) {
                self.act(action);
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Append(records) => {
                kill_point::reach("host.before_journal_write");
                let result = self.journal.append(&records);
                kill_point::reach("host.after_journal_write");
                self.inputs.push_back(match result {
                    Ok(()) => Input::Appended,
                    Err(error) => Input::AppendFailed(error.to_string()),
                });
            }
            Action::Sync => self.inputs.push_back(match self.journal.sync() {
                Ok(()) => Input::Synced,
                Err(error) => Input::SyncFailed(error.to_string()),
            }),
            Action::KeepEpoch(epoch) => {
                self.inputs.push_back(match files::replace_json(&self.directory, EPOCH, &epoch) {
                    Ok(()) => Input::EpochKept,
                    Err(error) => Input::EpochFailed(error.to_string()),
                });
            }
            Action::WriteAgent(bytes) => {
                self.agent.queue(bytes);
                self.write_agent();
            }
            Action::CloseInput => self.agent.close_input(),
            Action::Reply(id, request, reply) => {
                if let Some(connection) = self.connection(id) {
                    connection.reply(request, &reply);
                }
            }
            Action::Stream(id, from) => {
                let directory = self.directory.clone();
                if let Some(connection) = self.connection(id) {
                    connection.stream_from(&directory, from);
                }
            }
            Action::Close(id) => self.connections.retain(|connection| connection.id != id),
            Action::Signal(number) => self.agent.signal(number),
            Action::Kill => {
                if !self.agent.kill(&self.directory) {
                    let words = b"\nganger: some processes could not be killed\n".to_vec();
                    self.inputs.push_back(Input::Err(words));
                }
                self.killed_after_exit = self.exit_told;
            }
            Action::Finish(exit) => {
                kill_point::reach("host.after_exit_record");
                self.status.exit = Some(exit);
                self.status.ended_by = self.machine.ended_by();
                // If this fails, the journal still ends in its exit record, and a sweep finds nobody.
                let _ = self.status.write(&self.directory);
                self.finished = Some(exit);
            }
        }
    }

    fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.id == id)
    }

    fn accept(&mut self, listener: &UnixListener) {
        while let Ok((stream, _)) = listener.accept() {
            self.last_connection += 1;
            if let Ok(connection) = Connection::new(self.last_connection, stream) {
                self.connections.push(connection);
            }
            if self.connections.len() > MAX_CONNECTIONS {
                let oldest = self.connections.remove(0).id;
                self.step(Input::Closed(oldest));
            }
        }
        // Whoever left a tombstone knocks.
        self.looked_at = 0;
    }

    fn look_at_directory(&mut self) {
        let now = clock().awake_ms;
        if self.looked_at != 0 && now < self.looked_at + LOOK_MS {
            return;
        }
        self.looked_at = now;
        // Only what is certainly there counts: an error is no tombstone.
        if matches!(self.directory.join(TOMBSTONE).try_exists(), Ok(true)) {
            self.step(Input::End(EndedBy::Tombstone));
        }
        let suffix = format!(".{}", self.spec.incarnation);
        if let (Some(session), Some(hosts)) = (self.spec.name.strip_suffix(&suffix), self.directory.parent())
        {
            let next = hosts.join(format!("{session}.{}", self.spec.incarnation.saturating_add(1)));
            if matches!(next.join(SPEC).try_exists(), Ok(true)) {
                self.step(Input::End(EndedBy::Superseded));
            }
        }
    }

    fn look_at_start(&mut self) {
        if !self.start_awaited {
            return;
        }
        match Agent::started(&self.directory) {
            Start::Awaited => return,
            Start::Enforced(enforcement) => self.status.enforcement = Some(enforcement),
            Start::Refused(sentence) => self.status.refused = Some(sentence),
        }
        self.start_over();
    }

    fn start_over(&mut self) {
        self.start_awaited = false;
        // Shown to people; the agent runs whether it is on the disk or not, and the end writes it again.
        let _ = self.status.write(&self.directory);
        self.machine.set_status(self.status.clone());
        self.step(Input::Started);
    }

    fn write_agent(&mut self) {
        let (written, broken) = self.agent.write_some();
        if written > 0 {
            self.inputs.push_back(Input::Written(written));
        }
        if broken {
            self.inputs.push_back(Input::InputBroken);
        }
    }

    fn read_agent(&mut self, stdout: bool, stderr: bool) -> bool {
        let mut got_some = false;
        if stdout {
            match read_some(self.agent.stdout.as_mut(), &mut self.buffer) {
                Got::Bytes(bytes) => {
                    got_some = true;
                    self.step(Input::Out(bytes));
                }
                Got::Nothing => {}
                Got::End => self.agent.stdout = None,
            }
        }
        if stderr && self.machine.reads_agent() {
            match read_some(self.agent.stderr.as_mut(), &mut self.buffer) {
                Got::Bytes(bytes) => {
                    got_some = true;
                    self.step(Input::Err(bytes));
                }
                Got::Nothing => {}
                Got::End => self.agent.stderr = None,
            }
        }
        got_some
    }

    fn look_at_end(&mut self) {
        if let Some(exit) = self.agent.ended(&self.directory)
            && !self.exit_told
        {
            if self.start_awaited {
                self.look_at_start();
            }
            if self.start_awaited {
                self.start_over();
            }
            self.exit_told = true;
            self.step(Input::Exited(exit));
        }
        if !(self.exit_told && self.killed_after_exit) {
            return;
        }
        // Everything that was written before the end is still in the pipes.
        while self.machine.reads_agent() && self.read_agent(true, true) {}
        if self.machine.reads_agent() {
            kill_point::reach("host.before_exit_record");
            self.step(Input::Gone);
        }
    }

    fn read_connection(&mut self, id: ConnectionId) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let alive = self.connection(id).is_some_and(|connection| connection.read_some(&mut buffer));
        self.buffer = buffer;
        // Between two requests the connection may be closed by the first: then the second is not there any more.
        while let Some(connection) = self.connection(id) {
            match connection.next_request() {
                Ok(Some((request_id, request))) => {
                    self.step(Input::Message { connection: id, id: request_id, request });
                }
                Ok(None) if alive => return,
                Ok(None) | Err(_) => {
                    self.connections.retain(|connection| connection.id != id);
                    self.step(Input::Closed(id));
                }
            }
        }
    }

    fn write_connections(&mut self) {
        let head = self.machine.head();
        let mut gone = Vec::new();
        self.connections.retain_mut(|connection| {
            let alive = connection.write_some(head);
            if !alive {
                gone.push(connection.id);
            }
            alive
        });
        for id in gone {
            self.step(Input::Closed(id));
        }
    }

    /// Gives the last records to whoever takes them at once; the rest is read from the disk.
    fn say_farewell(&mut self) {
        let head = self.machine.head();
        for connection in &mut self.connections {
            let _ = connection.stream.set_nonblocking(false);
            let _ = connection.stream.set_write_timeout(Some(Duration::from_millis(200)));
            connection.write_some(head);
        }
    }
}

enum Name {
    Listener,
    Watch,
    Stdin,
    Stdout,
    Stderr,
    Connection(ConnectionId),
}

#[derive(Default)]
struct Ready {
    listener: bool,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    connections: Vec<ConnectionId>,
}
