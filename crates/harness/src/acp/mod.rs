//! The codec of the Agent Client Protocol, version 1: any agent that speaks it, with a table of quirks for those
//! that are known. Our own scripted agent is one of them.
//!
//! Wire ids are `n * 64 + k` for the `k`-th request of note `n`; keys are `n<n>.<k>`, and `r<i>` for the `i`-th
//! answer that the codec gives by itself. Both are the same in every replay.

mod handshake;
pub mod introduction;
mod limits;
mod quirks;
mod requests;
mod turn;
mod usage;
mod wire;

use crate::codec::{Capabilities, Codec, Entry, EntryBody, Frame, Note, Unsupported};
use crate::ledger::Ledger;
use crate::watch::{LastWords, Strange, Tools};
use ganger_core::agent::{AgentEvent, AgentRequest, Ended, RequestAnswer, SessionCommand};
use ganger_core::journal::ExitStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use wire::Message;

/// The codec's name and version. A change of the state or of the keys raises it.
pub const VERSION: &str = "acp/1";

/// Where the conversation stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
enum Phase {
    /// Nothing was said yet.
    #[default]
    New,
    /// `initialize`, opening and setting up are under way.
    Starting,
    /// Prompts may follow.
    Ready,
    /// The start failed for good.
    Failed,
    /// The process ended.
    Ended,
}

/// What a request of ours was, to understand its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Asked {
    Initialize,
    Load,
    New,
    Mode,
    Model,
    Prompt,
}

/// A fold over the journal of one incarnation of an ACP agent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AcpCodec {
    phase: Phase,
    start: Option<handshake::Start>,
    agent: String,
    capabilities: Capabilities,
    /// The agent's id of the conversation.
    session: Option<String>,
    loaded: bool,
    /// A prompt was written: what the agent says from now on is news, and no replay of history.
    prompted: bool,
    /// A prompt that came before the handshake was over.
    early_prompt: Option<(u64, String)>,
    turn: Option<turn::Turn>,
    requests: requests::Requests,
    asked: BTreeMap<u64, Asked>,
    ledger: Ledger,
    tools: Tools,
    last_words: LastWords,
    strange: Strange,
    /// What the conversation has cost so far, in millionths of a US dollar.
    cost_micros: Option<u64>,
}

impl AcpCodec {
    /// A codec before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The codec that gave these bytes as its snapshot; `None` if they are of another version or damaged.
    pub fn restore(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn quirks(&self) -> quirks::Quirks {
        quirks::of(&self.agent)
    }

    /// Wants the `k`-th request of a note.
    fn ask(&mut self, note: u64, k: u64, method: &str, params: &Value, asked: Asked) {
        let id = note.saturating_mul(64).saturating_add(k);
        self.asked.insert(id, asked);
        self.ledger.want(note, k, wire::request(id, method, params));
    }

    fn note(&mut self, n: u64, note: &Note, events: &mut Vec<AgentEvent>) {
        if matches!(self.phase, Phase::Failed | Phase::Ended) {
            let reason = if self.phase == Phase::Ended {
                "the agent's process has ended"
            } else {
                "the agent could not be started"
            };
            self.ledger.refuse(n, note.effect, reason, events);
            return;
        }
        let refusal = match &note.command {
            SessionCommand::Start(start) => self.begin(n, note.effect, start),
            SessionCommand::Prompt { text } => self.prompt(n, note.effect, text, events),
            SessionCommand::Answer { request, answer } => {
                self.answer(n, note.effect, request, answer, events)
            }
            SessionCommand::Interrupt => self.interrupt(n, note.effect, events),
        };
        if let Err(unsupported) = refusal {
            self.ledger.refuse(n, note.effect, unsupported.reason, events);
        }
    }

    fn out(&mut self, line: &str, at_ms: u64, events: &mut Vec<AgentEvent>) {
        if line.trim().is_empty() {
            return;
        }
        match wire::read(line) {
            None => self.strange.report("a line of the agent is no message of its protocol", line, events),
            Some(Message::Notification { method, params }) => match method.as_str() {
                "session/update" => self.update(&params["update"], events),
                "$/cancel_request" => self.withdraw(&params["requestId"], events),
                // Extensions and news of no consequence; they stand in the journal.
                _ => {}
            },
            Some(Message::Request { id, method, params }) => self.request(&id, &method, &params, events),
            Some(Message::Response { id, outcome }) => {
                match id.as_u64().and_then(|id| self.asked.remove_entry(&id)) {
                    Some((id, asked)) => self.response(id / 64, asked, outcome, at_ms, events),
                    None => self.strange.report("the agent answers what was not asked", line, events),
                }
            }
        }
    }

    fn response(
        &mut self,
        note: u64,
        asked: Asked,
        outcome: Result<Value, wire::Failure>,
        at_ms: u64,
        events: &mut Vec<AgentEvent>,
    ) {
        match asked {
            Asked::Initialize => self.initialized(note, outcome, events),
            Asked::Load => self.load_answered(note, outcome, events),
            Asked::New => self.opened(note, outcome, events),
            Asked::Mode | Asked::Model => self.configured(note, asked, outcome, events),
            Asked::Prompt => self.turn_ended(note, outcome, at_ms, events),
        }
    }

    fn exit(&mut self, status: ExitStatus, events: &mut Vec<AgentEvent>) {
        self.requests.withdraw_all(events);
        self.tools.abandon(events);
        self.ledger.close("the agent's process ended first", events);
        self.early_prompt = None;
        self.turn = None;
        self.asked.clear();
        self.phase = Phase::Ended;
        events.push(AgentEvent::Ended(Ended { status, last_words: self.last_words.text().to_owned() }));
    }
}

impl Codec for AcpCodec {
    fn check(&self, command: &SessionCommand) -> Result<(), Unsupported> {
        let refuse = |reason: &str| Err(Unsupported { reason: reason.to_owned() });
        match (self.phase, command) {
            (Phase::Ended, _) => refuse("The agent's process has ended."),
            (Phase::Failed, _) => refuse("The agent could not be started."),
            (Phase::New, SessionCommand::Start(_)) => Ok(()),
            (Phase::New, _) => refuse("The agent's conversation has not been started yet."),
            (_, SessionCommand::Start(_)) => refuse("The agent's conversation has been started already."),
            (Phase::Starting, SessionCommand::Prompt { .. }) => {
                refuse("The agent's handshake is not over yet.")
            }
            (_, SessionCommand::Prompt { .. }) if self.turn.is_some() => {
                refuse("A turn of the agent is open; a prompt can follow when it ends.")
            }
            (_, SessionCommand::Prompt { .. }) => Ok(()),
            (_, SessionCommand::Answer { request, answer }) => self.requests.check(request, answer),
            (_, SessionCommand::Interrupt) if self.turn.is_some() => Ok(()),
            (_, SessionCommand::Interrupt) => {
                refuse("No turn of the agent is open, so there is nothing to interrupt.")
            }
        }
    }

    fn step(&mut self, entry: &Entry) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        match &entry.body {
            EntryBody::Note { n, note } => self.note(*n, note, &mut events),
            EntryBody::In { key, .. } => {
                if let Some((note, delivered)) = self.ledger.written(key, &mut events)
                    && delivered
                {
                    self.delivered(note, &mut events);
                }
            }
            EntryBody::Out(line) if self.phase != Phase::Ended => self.out(line, entry.at_ms, &mut events),
            EntryBody::Out(_) => {}
            EntryBody::Err(line) => self.last_words.line(line, &mut events),
            EntryBody::Exit(status) => self.exit(*status, &mut events),
        }
        events
    }

    fn wanted(&self) -> Vec<Frame> {
        self.ledger.wanted()
    }

    fn pending(&self) -> Vec<AgentRequest> {
        self.requests.pending()
    }

    fn snapshot(&self) -> Vec<u8> {
        // Maps have string or integer keys and no value can fail; were that to change, an empty snapshot is one
        // that `restore` refuses, which costs a replay and no more.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        // The protocol has no word for leaving; ending the turn lets the agent end its tools first.
        self.turn.as_ref()?;
        Some(self.cancel_line()?.into_bytes())
    }
}

/// Whether an answer is a permission's: the one kind of request that this protocol knows.
fn chosen_option(answer: &RequestAnswer) -> Result<Option<&str>, Unsupported> {
    match answer {
        RequestAnswer::Permission { option } => Ok(option.as_deref()),
        RequestAnswer::Tool(_) | RequestAnswer::Text { .. } => Err(Unsupported {
            reason: "A permission is answered with one of its options, not with a text or a tool's result."
                .to_owned(),
        }),
    }
}
