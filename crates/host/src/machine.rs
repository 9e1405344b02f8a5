//! The host as a pure state machine: what it knows, what it decides. It does no input or output and reads no
//! clock; the program around it and the simulator run the same machine.
//!
//! Rules it keeps: everything is journalled before it is handed on; notes and writes share one counter; one
//! controller at a time; a lower daemon epoch is refused, a higher one is on disk before it counts; while the
//! journal cannot be written nothing is read from the agent and nothing accepted for it; the end comes by a ladder.

mod outbox;

use crate::journal::{MAX_BYTES, MAX_KEY};
use crate::protocol::{Attached, MAX_BODY, MAX_QUEUED, Refusal, Reply, Request, RunState, SERVED};
use crate::spec::{EndedBy, Status};
use ganger_core::journal::{ExitStatus, Record, RecordKind};
use outbox::{Outbox, Then};
use std::collections::VecDeque;

/// How long after a failure the journal is tried again, in milliseconds of awake time.
pub const RETRY_MS: u64 = 500;
/// Bytes of standard error that are journalled per second; what exceeds it is drained and counted.
pub const ERR_BYTES_PER_SECOND: usize = 4 << 20;
/// Milliseconds between `SIGTERM` and the kill where no controller said otherwise.
pub const DEFAULT_KILL_MS: u64 = 5_000;

/// The times of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// Milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds that the machine was awake, from any origin; never goes back.
    pub awake_ms: u64,
}

/// One connection to the socket; numbers are not used again.
pub type ConnectionId = u64;

/// What happens to a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The agent's process was started.
    Started,
    /// A request was read from a connection.
    Message {
        /// The connection.
        connection: ConnectionId,
        /// The request's id.
        id: u64,
        /// The request.
        request: Request,
    },
    /// A connection is gone.
    Closed(ConnectionId),
    /// The agent wrote to its standard output; at most 64 KB.
    Out(Vec<u8>),
    /// The agent wrote to its standard error; at most 64 KB.
    Err(Vec<u8>),
    /// So many bytes of those given by [`Action::WriteAgent`] are in the agent's pipe.
    Written(usize),
    /// The agent closed its input.
    InputBroken,
    /// The agent's process ended. What it left behind in its pipes may still come.
    Exited(ExitStatus),
    /// After [`Input::Exited`]: its descendants are gone and its pipes are empty.
    Gone,
    /// The records of the last [`Action::Append`] are in the journal.
    Appended,
    /// None of them is, for this reason.
    AppendFailed(String),
    /// The last [`Action::Sync`] succeeded.
    Synced,
    /// It failed, for this reason.
    SyncFailed(String),
    /// The last [`Action::KeepEpoch`] is on the disk.
    EpochKept,
    /// It is not, for this reason.
    EpochFailed(String),
    /// End, for this reason, which is not a controller's.
    End(EndedBy),
    /// The time of [`Machine::deadline`] has come.
    Tick,
}

/// What a host does. Carried out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Append to the journal; answer with [`Input::Appended`] or [`Input::AppendFailed`].
    Append(Vec<Record>),
    /// Bring the journal to the disk; answer with [`Input::Synced`] or [`Input::SyncFailed`].
    Sync,
    /// Keep this daemon epoch on the disk; answer with [`Input::EpochKept`] or [`Input::EpochFailed`].
    KeepEpoch(u64),
    /// Queue bytes for the agent's standard input.
    WriteAgent(Vec<u8>),
    /// Close the agent's input once everything queued is written.
    CloseInput,
    /// Send a reply; the id is the request's, or 0.
    Reply(ConnectionId, u64, Reply),
    /// Send this connection, from now on, all records from this position up to [`Machine::head`].
    Stream(ConnectionId, u64),
    /// Close this connection and forget what was read from it.
    Close(ConnectionId),
    /// Send this signal to the agent's process.
    Signal(i32),
    /// Kill the agent and everything that it started.
    Kill,
    /// The journal is closed and on the disk: keep this as the status and end.
    Finish(ExitStatus),
}

/// What a machine begins with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beginning {
    /// The incarnation of the specification.
    pub incarnation: u64,
    /// The highest daemon epoch kept on disk; 0 for none.
    pub daemon_epoch: u64,
    /// The last position in the journal; 0 for a new one.
    pub head: u64,
    /// A job's whole input.
    pub input: Option<Vec<u8>>,
    /// A job's limit in milliseconds of awake time.
    pub timeout_ms: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Starting,
    Running,
    /// The next step of the ladder is due at `next`.
    Stopping {
        next: u64,
        step: Step,
        kill_ms: u64,
    },
    /// Killed; the end is awaited.
    Killed,
    /// The process ended; its last words are awaited.
    Exited(ExitStatus),
    /// The exit record is queued or written.
    Closing(ExitStatus),
    /// The exit record is on the disk.
    Finished(ExitStatus),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Terminate,
    Kill,
}

#[derive(Clone, Copy, Debug)]
struct PendingAttach {
    connection: ConnectionId,
    id: u64,
    from: u64,
    epoch: u64,
}

/// The state of a host.
#[derive(Debug)]
pub struct Machine {
    beginning: Beginning,
    phase: Phase,
    outbox: Outbox,
    epoch: u64,
    controller: Option<ConnectionId>,
    attach: Option<PendingAttach>,
    attach_queue: VecDeque<PendingAttach>,
    /// The counter last journalled.
    last_n: u64,
    /// The counter last queued for the journal.
    queued_n: u64,
    flushed: u64,
    /// Writes on their way to the agent's pipe: counter and bytes left.
    to_agent: VecDeque<(u64, usize)>,
    input_open: bool,
    syncs: VecDeque<(ConnectionId, u64, u64)>,
    syncing: bool,
    timeout_at: Option<u64>,
    ended_by: Option<EndedBy>,
    err_window: (u64, usize),
    err_dropped: u64,
    shown: RunState,
    status: Status,
}

impl Machine {
    /// A host before its agent is started.
    pub fn new(beginning: Beginning) -> Self {
        Self {
            phase: Phase::Starting,
            outbox: Outbox::new(beginning.head),
            epoch: beginning.daemon_epoch,
            controller: None,
            attach: None,
            attach_queue: VecDeque::new(),
            last_n: 0,
            queued_n: 0,
            flushed: 0,
            to_agent: VecDeque::new(),
            input_open: true,
            syncs: VecDeque::new(),
            syncing: false,
            timeout_at: None,
            ended_by: None,
            err_window: (0, 0),
            err_dropped: 0,
            shown: RunState::Starting,
            status: Status::default(),
            beginning,
        }
    }

    /// The position of the last record in the journal.
    pub const fn head(&self) -> u64 {
        self.outbox.head()
    }

    /// Whether the agent's output may be read now. While the journal cannot be written it may not.
    pub fn reads_agent(&self) -> bool {
        self.outbox.blocked().is_none() && !matches!(self.phase, Phase::Closing(_) | Phase::Finished(_))
    }

    /// Why the process was ended, where not by itself.
    pub const fn ended_by(&self) -> Option<EndedBy> {
        self.ended_by
    }

    /// The awake time at which [`Input::Tick`] is due, if any.
    pub fn deadline(&self) -> Option<u64> {
        let ladder = match self.phase {
            Phase::Stopping { next, .. } => Some(next),
            Phase::Running => self.timeout_at,
            _ => None,
        };
        let words = (self.err_dropped > 0).then_some(self.err_window.0 + 1_000);
        [ladder, words, self.outbox.retry_at()].into_iter().flatten().min()
    }

    /// What the host is doing.
    pub fn state(&self) -> RunState {
        match (&self.phase, self.outbox.blocked()) {
            (Phase::Finished(status), _) => RunState::Ended { status: *status },
            (_, Some(reason)) => RunState::Blocked { reason: reason.to_owned() },
            (Phase::Starting, None) => RunState::Starting,
            (Phase::Running, None) => RunState::Running,
            (Phase::Stopping { .. } | Phase::Killed, None) => RunState::Stopping,
            (Phase::Exited(status) | Phase::Closing(status), None) => RunState::Ended { status: *status },
        }
    }

    /// Tells what stands in the status file, for those who ask.
    pub fn set_status(&mut self, status: Status) {
        self.status = status;
    }

    /// Takes one step.
    pub fn step(&mut self, clock: Clock, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Started => self.started(clock, &mut actions),
            Input::Message { connection, id, request } => {
                self.message(clock, connection, id, request, &mut actions)
            }
            Input::Closed(connection) => self.closed(connection),
            Input::Out(bytes) => self.stream(clock, RecordKind::Out, bytes),
            Input::Err(bytes) => self.standard_error(clock, bytes),
            Input::Written(count) => self.written(clock, count),
            Input::InputBroken => {
                self.input_open = false;
                self.to_agent.clear();
            }
            Input::Exited(status) => {
                if !matches!(self.phase, Phase::Exited(_) | Phase::Closing(_) | Phase::Finished(_)) {
                    self.phase = Phase::Exited(status);
                    self.input_open = false;
                    self.to_agent.clear();
                    actions.push(Action::Kill);
                }
            }
            Input::Gone => self.gone(clock),
            Input::Appended => self.appended(&mut actions),
            Input::AppendFailed(reason) => self.append_failed(clock, reason, &mut actions),
            Input::Synced => self.synced(&mut actions),
            Input::SyncFailed(reason) => self.sync_failed(reason, &mut actions),
            Input::EpochKept => self.epoch_kept(&mut actions),
            Input::EpochFailed(reason) => {
                if let Some(attach) = self.attach.take() {
                    let refused = Reply::Refused(Refusal::Blocked { reason });
                    actions.push(Action::Reply(attach.connection, attach.id, refused));
                }
                self.next_attach(&mut actions);
            }
            Input::End(by) => {
                if matches!(self.phase, Phase::Starting | Phase::Running) {
                    self.ended_by = Some(by);
                    self.stop(clock, &[], 0, DEFAULT_KILL_MS, &mut actions);
                }
            }
            Input::Tick => {}
        }
        self.tick(clock, &mut actions);
        if let Some(records) = self.outbox.next(clock) {
            actions.push(Action::Append(records));
        }
        self.next_sync(&mut actions);
        let state = self.state();
        if state != self.shown {
            self.shown = state.clone();
            if let Some(connection) = self.controller {
                actions.push(Action::Reply(connection, 0, Reply::State(state)));
            }
        }
        actions
    }

    fn started(&mut self, clock: Clock, actions: &mut Vec<Action>) {
        if self.phase != Phase::Starting {
            return;
        }
        self.phase = Phase::Running;
        self.timeout_at = self.beginning.timeout_ms.map(|limit| clock.awake_ms.saturating_add(limit));
        if let Some(input) = self.beginning.input.take() {
            self.to_input(clock, "input", input);
            self.close_input(clock, actions);
        }
    }

    /// Queues bytes of the host's own for the agent, under counter 0.
    fn to_input(&mut self, clock: Clock, key: &str, bytes: Vec<u8>) {
        if self.input_open && !bytes.is_empty() {
            let records = pieces(clock, RecordKind::In, 0, key, &bytes);
            self.outbox.push(records, Then::Write { n: 0, bytes, reply: None });
        }
    }

    fn close_input(&mut self, clock: Clock, actions: &mut Vec<Action>) {
        if !self.input_open {
            return;
        }
        self.input_open = false;
        if self.outbox.is_empty() {
            actions.push(Action::CloseInput);
        } else {
            // After what is queued before it.
            let _ = clock;
            self.outbox.push(Vec::new(), Then::CloseInput);
        }
    }

    fn stream(&mut self, clock: Clock, kind: RecordKind, bytes: Vec<u8>) {
        for piece in bytes.chunks(MAX_BYTES) {
            self.outbox.push(vec![record(clock, kind, 0, "", piece, false)], Then::Nothing);
        }
    }

    fn standard_error(&mut self, clock: Clock, bytes: Vec<u8>) {
        if clock.awake_ms >= self.err_window.0 + 1_000 {
            self.say_dropped(clock);
            self.err_window = (clock.awake_ms, 0);
        }
        self.err_window.1 = self.err_window.1.saturating_add(bytes.len());
        if self.err_window.1 > ERR_BYTES_PER_SECOND {
            self.err_dropped += bytes.len() as u64;
        } else {
            self.stream(clock, RecordKind::Err, bytes);
        }
    }

    fn say_dropped(&mut self, clock: Clock) {
        if self.err_dropped > 0 {
            let words = format!("\nganger: {} bytes of standard error left out here\n", self.err_dropped);
            self.err_dropped = 0;
            self.stream(clock, RecordKind::Err, words.into_bytes());
        }
    }

    fn written(&mut self, clock: Clock, mut count: usize) {
        while let Some((n, left)) = self.to_agent.front_mut() {
            let part = count.min(*left);
            *left -= part;
            count -= part;
            if *left > 0 {
                return;
            }
            let n = *n;
            self.to_agent.pop_front();
            if n > 0 {
                self.flushed = n;
                self.outbox.push(vec![record(clock, RecordKind::Flushed, n, "", &[], false)], Then::Nothing);
            }
            if count == 0 {
                return;
            }
        }
    }

    fn gone(&mut self, clock: Clock) {
        let Phase::Exited(status) = self.phase else { return };
        self.say_dropped(clock);
        self.phase = Phase::Closing(status);
        // An exit status is two numbers, which always have a JSON form.
        let bytes = serde_json::to_vec(&status).unwrap_or_default();
        self.outbox.push(vec![record(clock, RecordKind::Exit, 0, "", &bytes, false)], Then::Exit);
    }

    fn appended(&mut self, actions: &mut Vec<Action>) {
        for (then, position) in self.outbox.appended() {
            match then {
                Then::Nothing => {}
                Then::Note { n, connection, id } => {
                    self.last_n = n;
                    actions.push(Action::Reply(connection, id, Reply::Accepted { n, position }));
                }
                Then::Write { n, bytes, reply } => {
                    if let Some((connection, id)) = reply {
                        self.last_n = n;
                        actions.push(Action::Reply(connection, id, Reply::Accepted { n, position }));
                    }
                    if !matches!(self.phase, Phase::Exited(_) | Phase::Closing(_) | Phase::Finished(_)) {
                        self.to_agent.push_back((n, bytes.len()));
                        actions.push(Action::WriteAgent(bytes));
                    }
                }
                Then::CloseInput => actions.push(Action::CloseInput),
                Then::Exit => self.syncs.push_back((0, 0, position)),
            }
        }
    }

    fn append_failed(&mut self, clock: Clock, reason: String, actions: &mut Vec<Action>) {
        let blocked = Refusal::Blocked { reason: reason.clone() };
        for (connection, id) in self.outbox.failed(clock, reason) {
            actions.push(Action::Reply(connection, id, Reply::Refused(blocked.clone())));
        }
        self.queued_n = self.last_n;
    }

    fn next_sync(&mut self, actions: &mut Vec<Action>) {
        if !self.syncing && !self.syncs.is_empty() {
            self.syncing = true;
            actions.push(Action::Sync);
        }
    }

    fn synced(&mut self, actions: &mut Vec<Action>) {
        self.syncing = false;
        let head = self.head();
        for (connection, id, _) in self.syncs.drain(..) {
            // Connection 0 is the host itself: its exit record.
            if connection != 0 {
                actions.push(Action::Reply(connection, id, Reply::Synced { upto: head }));
            } else if let Phase::Closing(status) = self.phase {
                self.phase = Phase::Finished(status);
                actions.push(Action::Finish(status));
            }
        }
    }

    fn sync_failed(&mut self, reason: String, actions: &mut Vec<Action>) {
        self.syncing = false;
        for (connection, id, _) in self.syncs.drain(..) {
            if connection != 0 {
                let refused = Reply::Refused(Refusal::Blocked { reason: reason.clone() });
                actions.push(Action::Reply(connection, id, refused));
            } else if let Phase::Closing(status) = self.phase {
                // The record is written, and nothing is gained by living on: the status says the same.
                self.phase = Phase::Finished(status);
                actions.push(Action::Finish(status));
            }
        }
    }

    fn closed(&mut self, connection: ConnectionId) {
        if self.controller == Some(connection) {
            self.controller = None;
        }
        self.attach_queue.retain(|attach| attach.connection != connection);
        self.syncs.retain(|(of, ..)| *of != connection);
    }

    fn message(
        &mut self,
        clock: Clock,
        connection: ConnectionId,
        id: u64,
        request: Request,
        actions: &mut Vec<Action>,
    ) {
        let reply = match request {
            Request::Attach { protocol, daemon_epoch, from } => {
                if SERVED.contains(&protocol) {
                    self.attach_queue.push_back(PendingAttach {
                        connection,
                        id,
                        from: from.max(1),
                        epoch: daemon_epoch,
                    });
                    self.next_attach(actions);
                    return;
                }
                Reply::Refused(Refusal::Protocol { offered: protocol, served: SERVED.to_vec() })
            }
            Request::Status => Reply::Status {
                state: self.state(),
                head: self.head(),
                last_write: self.last_n,
                flushed: self.flushed,
                status: Box::new(self.status.clone()),
            },
            _ if self.controller != Some(connection) => Reply::Refused(Refusal::NotAttached),
            Request::Write { n, key, bytes } => match self.may_write(n, &key, bytes.len()) {
                Ok(()) => {
                    self.queued_n = n;
                    let records = pieces(clock, RecordKind::In, n, &key, &bytes);
                    self.outbox.push(records, Then::Write { n, bytes, reply: Some((connection, id)) });
                    return;
                }
                Err(refusal) => Reply::Refused(refusal),
            },
            Request::Note { n, bytes } => match self.may_note(n, bytes.len()) {
                Ok(()) => {
                    self.queued_n = n;
                    let records = pieces(clock, RecordKind::Note, n, "", &bytes);
                    self.outbox.push(records, Then::Note { n, connection, id });
                    return;
                }
                Err(refusal) => Reply::Refused(refusal),
            },
            Request::Sync { upto } if upto <= self.head() => {
                self.syncs.push_back((connection, id, upto));
                return;
            }
            Request::Sync { upto } => Reply::Refused(Refusal::SyncBeyond { upto, head: self.head() }),
            Request::Signal { signal } => match self.phase {
                Phase::Running | Phase::Stopping { .. } => {
                    if rustix::process::Signal::from_named_raw(signal).is_some() {
                        actions.push(Action::Signal(signal));
                        Reply::Done
                    } else {
                        Reply::Refused(Refusal::NoSuchSignal { signal })
                    }
                }
                _ => Reply::Refused(Refusal::Ended),
            },
            Request::Stop { grace_ms, kill_ms, farewell } => {
                self.ended_by.get_or_insert(EndedBy::Stop);
                self.stop(clock, &farewell, grace_ms, kill_ms, actions);
                Reply::Done
            }
        };
        actions.push(Action::Reply(connection, id, reply));
    }

    fn may_note(&self, n: u64, length: usize) -> Result<(), Refusal> {
        if length > MAX_BODY {
            return Err(too_long("body", length, MAX_BODY));
        }
        if let Some(reason) = self.outbox.blocked() {
            return Err(Refusal::Blocked { reason: reason.to_owned() });
        }
        if matches!(self.phase, Phase::Exited(_) | Phase::Closing(_) | Phase::Finished(_)) {
            return Err(Refusal::Ended);
        }
        if n != self.queued_n + 1 {
            return Err(Refusal::Counter { n, last: self.queued_n });
        }
        Ok(())
    }

    fn may_write(&self, n: u64, key: &str, length: usize) -> Result<(), Refusal> {
        self.may_note(n, length)?;
        if key.len() > MAX_KEY {
            return Err(too_long("key", key.len(), MAX_KEY));
        }
        if !self.input_open {
            return Err(Refusal::InputClosed);
        }
        let queued: usize = self.to_agent.iter().map(|(_, left)| left).sum();
        if queued + length > MAX_QUEUED {
            return Err(Refusal::Busy { queued: queued as u64, limit: MAX_QUEUED as u64 });
        }
        Ok(())
    }

    fn next_attach(&mut self, actions: &mut Vec<Action>) {
        while self.attach.is_none() {
            let Some(attach) = self.attach_queue.pop_front() else { return };
            if attach.epoch < self.epoch {
                let refusal = Refusal::StaleEpoch { offered: attach.epoch, highest: self.epoch };
                actions.push(Action::Reply(attach.connection, attach.id, Reply::Refused(refusal)));
            } else if attach.epoch > self.epoch {
                self.attach = Some(attach);
                actions.push(Action::KeepEpoch(attach.epoch));
            } else {
                self.attach_now(attach, actions);
            }
        }
    }

    fn epoch_kept(&mut self, actions: &mut Vec<Action>) {
        if let Some(attach) = self.attach.take() {
            self.epoch = attach.epoch;
            self.attach_now(attach, actions);
        }
        self.next_attach(actions);
    }

    fn attach_now(&mut self, attach: PendingAttach, actions: &mut Vec<Action>) {
        let PendingAttach { connection, id, from, .. } = attach;
        if from > self.head() + 1 {
            let refusal = Refusal::Beyond { from, head: self.head() };
            actions.push(Action::Reply(connection, id, Reply::Refused(refusal)));
            return;
        }
        if let Some(earlier) = self.controller.replace(connection)
            && earlier != connection
        {
            // Closed first; what it had queued and is not in the journal is dropped with it.
            self.syncs.retain(|(of, ..)| *of != earlier);
            self.outbox.forget(earlier);
            self.queued_n = self.outbox.last_queued_n().unwrap_or(self.last_n);
            actions.push(Action::Close(earlier));
        }
        let attached = Attached {
            incarnation: self.beginning.incarnation,
            head: self.head(),
            last_write: self.queued_n,
            flushed: self.flushed,
            state: self.state(),
        };
        actions.push(Action::Reply(connection, id, Reply::Attached(attached)));
        actions.push(Action::Stream(connection, from));
    }

    fn stop(
        &mut self,
        clock: Clock,
        farewell: &[u8],
        grace_ms: u64,
        kill_ms: u64,
        actions: &mut Vec<Action>,
    ) {
        let next = clock.awake_ms.saturating_add(grace_ms);
        match self.phase {
            Phase::Starting | Phase::Running => {
                if self.outbox.blocked().is_none() {
                    self.to_input(clock, "farewell", farewell.to_vec());
                }
                self.close_input(clock, actions);
                self.phase = Phase::Stopping { next, step: Step::Terminate, kill_ms };
            }
            // A second stop may only hurry.
            Phase::Stopping { next: due, step, kill_ms: kill } => {
                let next = due.min(next.saturating_add(if step == Step::Kill { kill_ms } else { 0 }));
                self.phase = Phase::Stopping { next, step, kill_ms: kill.min(kill_ms) };
            }
            Phase::Killed | Phase::Exited(_) | Phase::Closing(_) | Phase::Finished(_) => {}
        }
    }

    fn tick(&mut self, clock: Clock, actions: &mut Vec<Action>) {
        if self.err_dropped > 0 && clock.awake_ms >= self.err_window.0 + 1_000 {
            self.say_dropped(clock);
        }
        if self.phase == Phase::Running
            && let (Some(at), Some(limit)) = (self.timeout_at, self.beginning.timeout_ms)
            && clock.awake_ms >= at
        {
            let words = format!("\nganger: the time limit of {limit} ms is over; the process is ended\n");
            self.stream(clock, RecordKind::Err, words.into_bytes());
            self.ended_by = Some(EndedBy::Timeout);
            self.stop(clock, &[], 0, DEFAULT_KILL_MS, actions);
        }
        while let Phase::Stopping { next, step, kill_ms } = self.phase {
            if clock.awake_ms < next {
                break;
            }
            match step {
                Step::Terminate => {
                    actions.push(Action::Signal(rustix::process::Signal::TERM.as_raw()));
                    let next = clock.awake_ms.saturating_add(kill_ms);
                    self.phase = Phase::Stopping { next, step: Step::Kill, kill_ms };
                }
                Step::Kill => {
                    actions.push(Action::Kill);
                    self.phase = Phase::Killed;
                }
            }
        }
    }
}

fn too_long(what: &str, length: usize, limit: usize) -> Refusal {
    Refusal::TooLong { what: what.to_owned(), length: length as u64, limit: limit as u64 }
}

/// A record whose position the outbox gives.
fn record(clock: Clock, kind: RecordKind, n: u64, key: &str, bytes: &[u8], continued: bool) -> Record {
    Record {
        position: 0,
        at_ms: clock.wall_ms,
        kind,
        n,
        key: key.to_owned(),
        continued,
        bytes: bytes.to_vec(),
    }
}

/// The records of one write or note: at least one, all but the last continued.
fn pieces(clock: Clock, kind: RecordKind, n: u64, key: &str, bytes: &[u8]) -> Vec<Record> {
    let count = bytes.len().div_ceil(MAX_BYTES).max(1);
    (0..count)
        .map(|index| {
            let piece = &bytes[index * MAX_BYTES..bytes.len().min((index + 1) * MAX_BYTES)];
            record(clock, kind, n, key, piece, index + 1 < count)
        })
        .collect()
}

#[cfg(test)]
mod tests;
