//! The host as a pure state machine: what it knows, what it decides. It does no input or output and reads no
//! clock; the program around it and the simulator run the same machine.
//!
//! Rules it keeps: everything is journalled before it is handed on; notes and writes share one counter; one
//! controller at a time; a lower daemon epoch is refused, a higher one is on disk before it counts; while the
//! journal cannot be written nothing is read from the agent and nothing accepted for it; the end comes by a ladder.

mod outbox;
mod requests;
mod words;

pub use words::{Action, Beginning, Clock, ConnectionId, Input};

use crate::journal::MAX_BYTES;
use crate::protocol::{Refusal, Reply, RunState};
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
            self.give_input(clock, "input", input);
            self.close_input(actions);
        }
    }

    /// Queues bytes of the host's own for the agent, under counter 0.
    fn give_input(&mut self, clock: Clock, key: &str, bytes: Vec<u8>) {
        if self.input_open && !bytes.is_empty() {
            let records = pieces(clock, RecordKind::In, 0, key, &bytes);
            self.outbox.push(records, Then::Write { n: 0, bytes, reply: None });
        }
    }

    fn close_input(&mut self, actions: &mut Vec<Action>) {
        if !self.input_open {
            return;
        }
        self.input_open = false;
        if self.outbox.is_empty() {
            actions.push(Action::CloseInput);
        } else {
            // After what is queued before it.
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
                    self.give_input(clock, "farewell", farewell.to_vec());
                }
                self.close_input(actions);
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
