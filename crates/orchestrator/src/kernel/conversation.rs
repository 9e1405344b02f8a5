//! One incarnation's journal on this side: framer and codec, and what is to be written next. A fold: after a
//! restart it stands exactly where it stood, then writes what is wanted.

use ganger_core::agent::{AgentEvent, AgentRequest, RequestBody, SessionCommand, SessionStart, Usage};
use ganger_core::effect::{Action, Ledger};
use ganger_core::env::Times;
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::journal::{Position, Record, RecordKind};
use ganger_core::work_item::report::Heard;
use ganger_harness::codec::{Codec, EntryBody, Note};
use ganger_harness::framer::Framer;
use std::collections::BTreeSet;

/// Tools of an agent's own that are remembered as running at once; more than that is no reason to wait longer.
const MAX_TOOLS: usize = 1024;

/// What to write to the host next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostWrite {
    /// A command, for the journal alone.
    Note {
        /// The counter.
        n: u64,
        /// The note's JSON.
        bytes: Vec<u8>,
    },
    /// A frame for the agent.
    Frame {
        /// The counter.
        n: u64,
        /// The frame's key.
        key: String,
        /// The frame.
        bytes: Vec<u8>,
    },
}

/// What one step of the fold gave.
#[derive(Clone, PartialEq, Debug)]
pub struct Read {
    /// Where the entry ends.
    pub position: Position,
    /// Its wall time.
    pub at_ms: u64,
    /// Everything that the codec read.
    pub events: Vec<AgentEvent>,
    /// What of it changes the work item.
    pub significant: Vec<AgentEvent>,
}

/// One attached incarnation.
pub struct Conversation {
    session: SessionId,
    incarnation: u64,
    framer: Framer,
    codec: Box<dyn Codec>,
    start: SessionStart,
    /// The fold must have reached this record before anything is written.
    head: u64,
    last_record: u64,
    last_n: u64,
    /// The counter of the write whose record has not come back yet.
    awaiting: Option<u64>,
    started: bool,
    noted: BTreeSet<EffectId>,
    refused: BTreeSet<EffectId>,
    usage: Option<Usage>,
    ended: bool,
    /// When the agent was last heard, in awake milliseconds; attaching counts, since nobody listened before.
    heard_ms: u64,
    /// Tools of its own that run.
    tools: BTreeSet<String>,
}

impl Conversation {
    /// A conversation at the beginning of its journal. `head` and `last_n` are what attaching told.
    pub fn new(
        (session, incarnation): (SessionId, u64),
        codec: Box<dyn Codec>,
        start: SessionStart,
        head: u64,
        last_n: u64,
        now: Times,
    ) -> Self {
        Self {
            session,
            incarnation,
            framer: Framer::new(),
            codec,
            start,
            head,
            last_record: 0,
            last_n,
            awaiting: None,
            started: false,
            noted: BTreeSet::new(),
            refused: BTreeSet::new(),
            usage: None,
            ended: false,
            heard_ms: now.awake_ms,
            tools: BTreeSet::new(),
        }
    }

    /// Whose it is.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Which start of it.
    pub const fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// When its agent was last heard.
    pub fn heard(&self) -> Heard {
        Heard { at_awake_ms: self.heard_ms, tool: !self.tools.is_empty() }
    }

    /// Whether the journal has its last record.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// The farewell of the agent's protocol, where it has one.
    pub fn farewell(&self) -> Vec<u8> {
        self.codec.farewell().unwrap_or_default()
    }

    /// Takes the next record.
    pub fn record(&mut self, record: &Record, now: Times) -> Vec<Read> {
        if record.position <= self.last_record {
            return Vec::new();
        }
        if matches!(record.kind, RecordKind::Out | RecordKind::Err) {
            self.heard_ms = now.awake_ms;
        }
        self.last_record = record.position;
        self.last_n = self.last_n.max(record.n);
        if matches!(record.kind, RecordKind::In | RecordKind::Note)
            && !record.continued
            && self.awaiting.is_some_and(|n| n <= record.n)
        {
            self.awaiting = None;
        }
        if record.kind == RecordKind::Exit {
            self.ended = true;
        }
        let entries = self.framer.push(record);
        entries.iter().map(|entry| self.entry(entry)).collect()
    }

    fn entry(&mut self, entry: &ganger_harness::codec::Entry) -> Read {
        if let EntryBody::Note { note, .. } = &entry.body {
            self.started |= matches!(note.command, SessionCommand::Start(_));
            self.noted.extend(note.effect);
        }
        let events = self.codec.step(entry);
        let mut significant = Vec::new();
        for event in &events {
            match event {
                // The last usage before the turn's end counts, and is told with it.
                AgentEvent::Usage(usage) => self.usage = Some(*usage),
                AgentEvent::ToolStarted { id, .. } if self.tools.len() < MAX_TOOLS => {
                    self.tools.insert(id.clone());
                }
                AgentEvent::ToolEnded { id, .. } => {
                    self.tools.remove(id);
                }
                AgentEvent::TurnEnded(_) => {
                    self.tools.clear();
                    significant.extend(self.usage.take().map(AgentEvent::Usage));
                    significant.push(event.clone());
                }
                AgentEvent::Ready { .. }
                | AgentEvent::StartFailed { .. }
                | AgentEvent::Asked(_)
                | AgentEvent::RequestWithdrawn { .. }
                | AgentEvent::Delivered { effect: Some(_), .. }
                | AgentEvent::Undeliverable { effect: Some(_), .. }
                | AgentEvent::RateLimited { .. }
                | AgentEvent::Ended(_) => significant.push(event.clone()),
                _ => {}
            }
        }
        Read { position: entry.position, at_ms: entry.at_ms, events, significant }
    }

    /// The agent's open requests that the item does not know: fed again by level, not by edge.
    pub fn unknown_requests(&self, known: impl Fn(&str) -> bool) -> Vec<AgentRequest> {
        if self.last_record < self.head {
            return Vec::new();
        }
        let missing = |request: &AgentRequest| {
            !known(&request.wire_id) && !matches!(request.body, RequestBody::Question { .. })
        };
        self.codec.pending().into_iter().filter(missing).collect()
    }

    /// What to write next, given what the item owes: one write at a time, and none before the fold has reached
    /// the head. Deliveries that the codec refuses are named with the reason.
    pub fn next(&mut self, owed: &Ledger) -> (Option<HostWrite>, Vec<(EffectId, u32, String)>) {
        let mut refusals = Vec::new();
        if self.ended || self.last_record < self.head || self.awaiting.is_some() {
            return (None, refusals);
        }
        let n = self.last_n + 1;
        if let Some(frame) = self.codec.wanted().into_iter().next() {
            self.awaiting = Some(n);
            return (Some(HostWrite::Frame { n, key: frame.key, bytes: frame.bytes }), refusals);
        }
        let note = if self.started {
            self.next_delivery(owed, &mut refusals)
        } else {
            Some(Note { effect: None, command: SessionCommand::Start(self.start.clone()) })
        };
        let write = note.and_then(|note| serde_json::to_vec(&note).ok()).map(|bytes| {
            self.awaiting = Some(n);
            HostWrite::Note { n, bytes }
        });
        (write, refusals)
    }

    fn next_delivery(&mut self, owed: &Ledger, refusals: &mut Vec<(EffectId, u32, String)>) -> Option<Note> {
        for owed in owed.iter().filter(|owed| !owed.parked && !owed.withdrawing) {
            let Action::Delivery { session, incarnation, command } = &owed.effect.action else { continue };
            let id = owed.effect.id;
            let ours = *session == self.session && *incarnation == self.incarnation;
            if !ours || self.noted.contains(&id) || self.refused.contains(&id) {
                continue;
            }
            match self.codec.check(command) {
                Ok(()) => return Some(Note { effect: Some(id), command: command.clone() }),
                Err(unsupported) => {
                    self.refused.insert(id);
                    refusals.push((id, owed.attempt, unsupported.reason));
                }
            }
        }
        None
    }

    /// A write was refused by the host, or its answer was lost: its record decides, after attaching again.
    pub fn reattached(&mut self, head: u64, last_n: u64, now: Times) {
        self.heard_ms = now.awake_ms;
        self.head = head;
        self.last_n = self.last_n.max(last_n);
        self.awaiting = None;
        self.refused.clear();
    }
}
