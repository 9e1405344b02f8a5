//! The kernel: what every live aggregate does between its inputs and the world, without input or output. It is
//! told of commands, reports, commits and times, and says what to append, run, withdraw, send and answer. The
//! runners only pump it, and the simulator runs this very code.

pub mod any;
pub mod conversation;
pub mod item;
pub mod output;
#[cfg(test)]
mod tests;

use ganger_core::aggregate::{Aggregate, CommonReport, Received, Rejection};
use ganger_core::effect::{Action, EffectClass};
use ganger_core::env::{Env, Times};
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::message::Address;
pub use output::{Decided, Output};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Inputs that may wait; more are refused or, for reports, repeated by whoever reports.
pub const MAX_QUEUE: usize = 4096;

/// A journal that must be on disk up to a record before an append that was taken from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyncNeed {
    /// The session.
    pub session: SessionId,
    /// The incarnation.
    pub incarnation: u64,
    /// The record's position.
    pub record: u64,
}

/// A caller who waits for an answer; the shell knows who it is.
pub type Token = u64;

/// What the kernel is told.
#[derive(Clone)]
pub enum Input<A: Aggregate> {
    /// A person's command.
    Command {
        /// The command.
        command: A::Command,
        /// The key under which its result is kept.
        key: Option<String>,
        /// Who waits.
        token: Token,
    },
    /// Anything else.
    Report {
        /// What.
        report: A::Report,
        /// What must be on disk before its append.
        sync: Option<SyncNeed>,
    },
}

/// What became of a command.
#[derive(Clone, PartialEq, Debug)]
pub enum CommandOutcome {
    /// Its events are committed, or were by an earlier try of the same command.
    Accepted,
    /// No; nothing changed.
    Rejected(Rejection),
    /// It could not be stored; nothing changed.
    NotStored(String),
}

/// What the kernel of an aggregate wants done.
pub type KernelOutput<A> = Output<Decided<<A as Aggregate>::Event>>;

/// Why an append was not committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommitFailure {
    /// Nothing was written, and trying again later may help: no room.
    NotWritten(String),
    /// It is unknown whether it was written, or somebody else wrote.
    Unknown,
    /// The command was accepted before, under the same key.
    AlreadyAccepted,
    /// The key was used for another command.
    KeyReused(String),
}

struct InFlight<A: Aggregate> {
    input: Input<A>,
    events: Vec<A::Event>,
}

/// What the kernel remembers of an effect that it handed out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Handed {
    attempt: u32,
    withdrawn: bool,
}

/// One aggregate's kernel.
pub struct Kernel<A: Aggregate> {
    address: Address,
    stream: String,
    state: A,
    version: u64,
    queue: VecDeque<Input<A>>,
    in_flight: Option<InFlight<A>>,
    /// The store does not know what it holds, or has no room: nothing is appended until it was loaded again.
    stalled: bool,
    handed: BTreeMap<EffectId, Handed>,
    receipted: BTreeSet<EffectId>,
    sending: BTreeSet<EffectId>,
}

impl<A: Aggregate> Kernel<A> {
    /// A kernel for an aggregate as it was loaded.
    pub fn new(address: Address, state: A, version: u64) -> Self {
        Self {
            address,
            stream: address.to_string(),
            state,
            version,
            queue: VecDeque::new(),
            in_flight: None,
            stalled: false,
            handed: BTreeMap::new(),
            receipted: BTreeSet::new(),
            sending: BTreeSet::new(),
        }
    }

    /// Whose kernel this is.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The committed state.
    pub const fn state(&self) -> &A {
        &self.state
    }

    /// The committed version.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whether nothing is under way: no input waits, no append runs.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_none()
    }

    /// Whether the input can be taken now.
    pub fn has_room(&self) -> bool {
        self.queue.len() < MAX_QUEUE
    }

    /// The first outputs: everything that the loaded state owes.
    pub fn started(&mut self, now: Times) -> Vec<KernelOutput<A>> {
        let mut outputs = Vec::new();
        self.hand_out(&mut outputs);
        self.pump(now, &mut outputs);
        outputs
    }

    /// Takes an input.
    pub fn input(&mut self, input: Input<A>, now: Times) -> Vec<KernelOutput<A>> {
        self.queue.push_back(input);
        let mut outputs = Vec::new();
        self.pump(now, &mut outputs);
        outputs
    }

    /// A message of this aggregate's was committed by its addressee.
    pub fn receipted(&mut self, to: Address, number: u64, now: Times) -> Vec<KernelOutput<A>> {
        let found = self.state.ledger().iter().find_map(|owed| match &owed.effect.action {
            Action::Message(message) if message.to == to && message.number == number => Some(owed.effect.id),
            _ => None,
        });
        let Some(effect) = found else { return Vec::new() };
        self.receipted.insert(effect);
        self.sending.remove(&effect);
        let report = CommonReport::Receipted { effect };
        let mut outputs = self.input(Input::Report { report: report.into(), sync: None }, now);
        // An ask stays owed after its receipt, and the next message to the same addressee may go.
        self.hand_out(&mut outputs);
        outputs
    }

    /// The append that was asked for is durable.
    pub fn committed(&mut self, version: u64, now: Times) -> Vec<KernelOutput<A>> {
        let mut outputs = Vec::new();
        if let Some(InFlight { input, events }) = self.in_flight.take() {
            for event in &events {
                self.state.apply(event);
            }
            self.version = version;
            self.finish(input, &mut outputs);
        }
        self.hand_out(&mut outputs);
        self.pump(now, &mut outputs);
        outputs
    }

    /// The append that was asked for failed, or nobody knows.
    pub fn commit_failed(&mut self, failure: CommitFailure, now: Times) -> Vec<KernelOutput<A>> {
        let mut outputs = Vec::new();
        let Some(InFlight { input, .. }) = self.in_flight.take() else { return outputs };
        match (failure, input) {
            (CommitFailure::AlreadyAccepted, Input::Command { token, .. }) => {
                outputs.push(Output::Resolve { token, outcome: CommandOutcome::Accepted });
            }
            (CommitFailure::KeyReused(reason), Input::Command { token, .. }) => {
                let rejection = Rejection::new("command.key_reused", reason);
                outputs.push(Output::Resolve { token, outcome: CommandOutcome::Rejected(rejection) });
            }
            (CommitFailure::NotWritten(reason), Input::Command { token, .. }) => {
                outputs.push(Output::Resolve { token, outcome: CommandOutcome::NotStored(reason) });
            }
            (_, input) => {
                self.queue.push_front(input);
                self.stalled = true;
                outputs.push(Output::Reload);
                return outputs;
            }
        }
        self.pump(now, &mut outputs);
        outputs
    }

    /// The stream as it really is, after [`Output::Reload`]. `accepted` says whether the command that was under
    /// way turned out to be committed.
    pub fn reloaded(&mut self, state: A, version: u64, accepted: bool, now: Times) -> Vec<KernelOutput<A>> {
        let mut outputs = Vec::new();
        self.state = state;
        self.version = version;
        self.stalled = false;
        if accepted
            && let Some(Input::Command { token, .. }) =
                self.queue.pop_front_if(|first| matches!(first, Input::Command { .. }))
        {
            outputs.push(Output::Resolve { token, outcome: CommandOutcome::Accepted });
        }
        self.hand_out(&mut outputs);
        self.pump(now, &mut outputs);
        outputs
    }

    /// The key of the command that waits for a reload, so that the shell can look whether it was committed.
    pub fn waiting_key(&self) -> Option<&str> {
        match self.queue.front() {
            Some(Input::Command { key, .. }) if self.stalled => key.as_deref(),
            _ => None,
        }
    }

    fn pump(&mut self, now: Times, outputs: &mut Vec<KernelOutput<A>>) {
        while self.in_flight.is_none() && !self.stalled {
            let Some(input) = self.queue.pop_front() else { return };
            let env = Env::new(now, &self.stream, self.version);
            let (events, sync, key) = match &input {
                Input::Command { command, key, token } => match self.state.decide(command.clone(), &env) {
                    Ok(events) => (events, None, key.clone()),
                    Err(rejection) => {
                        let outcome = CommandOutcome::Rejected(rejection);
                        outputs.push(Output::Resolve { token: *token, outcome });
                        continue;
                    }
                },
                Input::Report { report, sync } => (self.state.absorb(report.clone(), &env), *sync, None),
            };
            if events.is_empty() && key.is_none() {
                self.finish(input, outputs);
                continue;
            }
            outputs.push(Output::Append(Decided {
                expected_version: self.version,
                events: events.clone(),
                at: now,
                sync,
                key,
            }));
            self.in_flight = Some(InFlight { input, events });
        }
    }

    /// What an input that is committed, or changes nothing, still owes to whoever brought it.
    fn finish(&mut self, input: Input<A>, outputs: &mut Vec<KernelOutput<A>>) {
        match input {
            Input::Command { token, .. } => {
                outputs.push(Output::Resolve { token, outcome: CommandOutcome::Accepted });
            }
            Input::Report { report, .. } => {
                if let Some(Received { from, number, .. }) = A::received(&report)
                    && self.state.has_seen(*from, *number)
                {
                    outputs.push(Output::Receipt { to: *from, number: *number });
                }
            }
        }
    }

    /// Hands out what is owed and not yet handed out, and takes back what was withdrawn.
    fn hand_out(&mut self, outputs: &mut Vec<KernelOutput<A>>) {
        let ledger = self.state.ledger();
        self.handed.retain(|id, _| ledger.get(*id).is_some());
        self.receipted.retain(|id| ledger.get(*id).is_some());
        self.sending.retain(|id| ledger.get(*id).is_some());
        let mut busy: BTreeSet<Address> = BTreeSet::new();
        for owed in ledger.iter() {
            let id = owed.effect.id;
            match &owed.effect.action {
                Action::Message(message) => {
                    // One at a time to each addressee, in the order of their numbers.
                    if self.receipted.contains(&id) || !busy.insert(message.to) {
                        continue;
                    }
                    if self.sending.insert(id) {
                        outputs.push(Output::Send(message.clone()));
                    }
                }
                Action::Timer { at_awake_ms, at_wall_ms, .. } => {
                    if let Entry::Vacant(vacant) = self.handed.entry(id) {
                        vacant.insert(Handed { attempt: 1, withdrawn: false });
                        outputs.push(Output::SetTimer {
                            effect: id,
                            at_awake_ms: *at_awake_ms,
                            at_wall_ms: *at_wall_ms,
                        });
                    }
                }
                action if action.class() == EffectClass::Delivery => {}
                _ => {
                    let known = self.handed.get(&id).copied();
                    let handed = Handed { attempt: owed.attempt, withdrawn: owed.withdrawing };
                    if known == Some(handed) || (owed.parked && !owed.withdrawing) {
                        continue;
                    }
                    let effect = owed.effect.clone();
                    let attempt = owed.attempt;
                    if owed.withdrawing {
                        outputs.push(Output::Withdraw { effect, attempt });
                    } else {
                        outputs.push(Output::Run { effect, attempt });
                    }
                    self.handed.insert(id, handed);
                }
            }
        }
    }
}
