//! Codecs of the native protocols of Claude Code, Codex, Pi and oh-my-pi: small and real, proven against recordings,
//! and not offered in configuration yet. They show that the trait carries what the Agent Client Protocol lacks:
//! channel tools, questions of the agent's own, answers that must come before the handshake ends.
//!
//! What they have in common (notes, turns, open requests, the end) is here; each protocol has a module.

mod claude;
mod codex;
mod pi;

pub use claude::Claude;
pub use codex::Codex;
pub use pi::Pi;

use crate::codec::{Capabilities, Codec, Entry, EntryBody, Frame, Note, Unsupported};
use crate::ledger::Ledger;
use crate::watch::{LastWords, Strange, Tools};
use ganger_core::agent::{
    AgentEvent, AgentRequest, Ended, RequestAnswer, RequestBody, SessionCommand, SessionStart, TurnEnd, Usage,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests that may be open at once.
const OPEN_REQUESTS: usize = 256;

/// A codec for one of the native protocols.
pub type ClaudeCodec = Sketch<Claude>;
/// The codec of Codex's app-server.
pub type CodexCodec = Sketch<Codex>;
/// The codec of the RPC mode of Pi and oh-my-pi.
pub type PiCodec = Sketch<Pi>;

/// What a request of ours was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Asked {
    Hello,
    Open,
    Tools,
    Prompt,
    Interrupt,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
enum Phase {
    #[default]
    New,
    Starting,
    Ready,
    Failed,
    Ended,
}

/// A request of the agent, and what of it is needed for the answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    id: Value,
    raw: Value,
    request: AgentRequest,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Turn {
    note: u64,
    begun: bool,
    interrupts: Vec<u64>,
    answers: Vec<u64>,
    usage: Usage,
}

/// The state that every protocol has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Common {
    phase: Phase,
    start: Option<(u64, SessionStart)>,
    native_id: String,
    turn: Option<Turn>,
    open: Vec<Open>,
    asked: BTreeMap<u64, Asked>,
    requests: u64,
    ledger: Ledger,
    tools: Tools,
    last_words: LastWords,
    strange: Strange,
}

impl Common {
    /// The wire id of the `k`-th request of a note.
    fn ask(&mut self, note: u64, k: u64, asked: Asked) -> u64 {
        let id = note.saturating_mul(64).saturating_add(k);
        self.asked.insert(id, asked);
        id
    }

    fn want(&mut self, note: u64, k: u64, message: &Value) {
        self.ledger.want(note, k, format!("{message}\n"));
    }

    fn reply(&mut self, message: &Value) {
        self.ledger.want_reply(format!("{message}\n"));
    }

    fn start(&self) -> Option<&SessionStart> {
        self.start.as_ref().map(|(_, start)| start)
    }

    fn ready(&mut self, loaded: bool, events: &mut Vec<AgentEvent>) {
        if self.phase != Phase::Starting {
            return;
        }
        self.phase = Phase::Ready;
        if let Some((note, _)) = self.start {
            self.ledger.complete(note, events);
            self.ledger.acknowledge(note, events);
        }
        events.push(AgentEvent::Ready { native_id: self.native_id.clone(), loaded });
    }

    fn start_failed(&mut self, message: String, events: &mut Vec<AgentEvent>) {
        self.phase = Phase::Failed;
        self.ledger.close("the agent could not be started", events);
        events.push(AgentEvent::StartFailed { message });
    }

    /// The agent waits for something. `false`: too much is open, and the caller refuses.
    fn waits(&mut self, id: &Value, raw: Value, body: RequestBody, events: &mut Vec<AgentEvent>) -> bool {
        self.acted(events);
        let interrupted = self.turn.as_ref().is_some_and(|turn| !turn.interrupts.is_empty());
        if interrupted || self.open.len() >= OPEN_REQUESTS {
            return false;
        }
        self.requests += 1;
        let name = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let known = self.open.iter().any(|open| open.request.wire_id == name);
        let wire_id = if known { format!("{name}#{}", self.requests) } else { name };
        let request = AgentRequest { wire_id, body };
        self.open.push(Open { id: id.clone(), raw, request: request.clone() });
        events.push(AgentEvent::Asked(request));
        true
    }

    fn withdraw(&mut self, id: &Value, events: &mut Vec<AgentEvent>) {
        if let Some(at) = self.open.iter().position(|open| open.id == *id) {
            let request = self.open.remove(at).request.wire_id;
            events.push(AgentEvent::RequestWithdrawn { request });
        }
    }

    /// The agent visibly goes on.
    fn acted(&mut self, events: &mut Vec<AgentEvent>) {
        let Some(turn) = &mut self.turn else { return };
        self.ledger.acknowledge(turn.note, events);
        let (seen, waiting) = turn.answers.iter().partition(|note| self.ledger.is_delivered(**note));
        let seen: Vec<u64> = seen;
        turn.answers = waiting;
        for note in seen {
            self.ledger.acknowledge(note, events);
        }
    }

    fn end_turn(&mut self, end: TurnEnd, events: &mut Vec<AgentEvent>) {
        self.acted(events);
        let Some(turn) = self.turn.take() else { return };
        self.tools.abandon(events);
        for open in std::mem::take(&mut self.open) {
            events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
        }
        for interrupt in turn.interrupts.iter().chain(&turn.answers) {
            if self.ledger.is_delivered(*interrupt) {
                self.ledger.acknowledge(*interrupt, events);
            } else {
                self.ledger.drop_note(*interrupt, "the turn ended by itself first", events);
            }
        }
        if turn.usage != Usage::default() {
            events.push(AgentEvent::Usage(turn.usage));
        }
        events.push(AgentEvent::TurnEnded(end));
    }

    fn is_interrupted(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| !turn.interrupts.is_empty())
    }

    /// Adds one model call's tokens to the turn.
    fn count(&mut self, input: Option<u64>, output: Option<u64>, cost_micros: Option<u64>) {
        let Some(turn) = &mut self.turn else { return };
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut turn.usage.input_tokens, input);
        add(&mut turn.usage.output_tokens, output);
        add(
            &mut turn.usage.total_tokens,
            input.zip(output).map(|(input, output)| input.saturating_add(output)),
        );
        add(&mut turn.usage.cost_usd_micros, cost_micros);
    }
}

/// One native protocol.
trait Wire: Clone + Default + Send + Serialize + DeserializeOwned {
    const VERSION: &'static str;
    fn capabilities() -> Capabilities;
    /// Wants the first frame of the handshake.
    fn start(&mut self, common: &mut Common, note: u64);
    /// Wants the frame of a prompt.
    fn prompt(&mut self, common: &mut Common, note: u64, text: &str);
    /// The message that answers a request; `None` where the answer is of another kind than the request.
    fn answer(&self, open: &Open, answer: &RequestAnswer) -> Option<Value>;
    /// The message that says that a request will not be answered, where the protocol wants one.
    fn cancelled(&self, open: &Open) -> Option<Value>;
    /// Wants the frame that ends the turn, and completes the note unless that has to wait.
    fn interrupt(&mut self, common: &mut Common, note: u64, events: &mut Vec<AgentEvent>);
    /// Takes a message of the agent.
    fn message(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>);
}

/// A codec made of one protocol and what all have in common.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sketch<W> {
    common: Common,
    wire: W,
}

#[allow(private_bounds)]
impl<W: Wire> Sketch<W> {
    /// A codec before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The codec that gave these bytes as its snapshot; `None` if they are damaged.
    pub fn restore(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn note(&mut self, n: u64, note: &Note, events: &mut Vec<AgentEvent>) {
        if let Err(unsupported) = self.check(&note.command) {
            self.common.ledger.refuse(n, note.effect, unsupported.reason, events);
            return;
        }
        self.common.ledger.open(n, note.effect);
        match &note.command {
            SessionCommand::Start(start) => {
                self.common.phase = Phase::Starting;
                self.common.start = Some((n, start.clone()));
                self.wire.start(&mut self.common, n);
            }
            SessionCommand::Prompt { text } => {
                self.common.turn = Some(Turn { note: n, ..Turn::default() });
                self.wire.prompt(&mut self.common, n, text);
                self.common.ledger.complete(n, events);
            }
            SessionCommand::Answer { request, answer } => self.answer(n, request, answer, events),
            SessionCommand::Interrupt => self.interrupt(n, events),
        }
    }

    fn answer(&mut self, n: u64, request: &str, answer: &RequestAnswer, events: &mut Vec<AgentEvent>) {
        let common = &mut self.common;
        let at = common.open.iter().position(|open| open.request.wire_id == request);
        match at.and_then(|at| Some((at, self.wire.answer(&common.open[at], answer)?))) {
            Some((at, message)) => {
                common.open.remove(at);
                common.want(n, 0, &message);
                common.ledger.complete(n, events);
                if let Some(turn) = &mut common.turn {
                    turn.answers.push(n);
                }
            }
            None => common.ledger.drop_note(n, "the answer does not fit the request", events),
        }
    }

    fn interrupt(&mut self, n: u64, events: &mut Vec<AgentEvent>) {
        let common = &mut self.common;
        let Some(turn) = &mut common.turn else { return };
        if !turn.begun {
            let prompt = turn.note;
            common.ledger.drop_note(prompt, "it was interrupted before it was written", events);
            common.asked.retain(|id, asked| *asked != Asked::Prompt || id / 64 != prompt);
            common.turn = None;
            common.ledger.complete(n, events);
            common.ledger.acknowledge(n, events);
            return;
        }
        turn.interrupts.push(n);
        self.wire.interrupt(common, n, events);
        for open in std::mem::take(&mut common.open) {
            if let Some(message) = self.wire.cancelled(&open) {
                common.reply(&message);
            }
            events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
        }
    }

    fn out(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        if line.trim().is_empty() {
            return;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(message) if message.is_object() => self.wire.message(&mut self.common, &message, events),
            _ => {
                self.common.strange.report("a line of the agent is no message of its protocol", line, events)
            }
        }
    }

    fn written(&mut self, key: &str, events: &mut Vec<AgentEvent>) {
        if let Some((note, true)) = self.common.ledger.written(key, events)
            && let Some(turn) = self.common.turn.as_mut().filter(|turn| turn.note == note)
        {
            turn.begun = true;
            events.push(AgentEvent::TurnStarted { note });
        }
    }
}

#[allow(private_bounds)]
impl<W: Wire> Codec for Sketch<W> {
    fn check(&self, command: &SessionCommand) -> Result<(), Unsupported> {
        let refuse = |reason: &str| Err(Unsupported { reason: reason.to_owned() });
        let common = &self.common;
        match (common.phase, command) {
            (Phase::Ended, _) => refuse("The agent's process has ended."),
            (Phase::Failed, _) => refuse("The agent could not be started."),
            (Phase::New, SessionCommand::Start(_)) => Ok(()),
            (Phase::New, _) => refuse("The agent's conversation has not been started yet."),
            (_, SessionCommand::Start(_)) => refuse("The agent's conversation has been started already."),
            (Phase::Starting, SessionCommand::Prompt { .. }) => {
                refuse("The agent's handshake is not over yet.")
            }
            (_, SessionCommand::Prompt { .. }) if common.turn.is_some() => {
                refuse("A turn of the agent is open; a prompt can follow when it ends.")
            }
            (_, SessionCommand::Prompt { .. }) => Ok(()),
            (_, SessionCommand::Answer { request, answer }) => {
                match common.open.iter().find(|open| open.request.wire_id == *request) {
                    None => refuse("The agent does not wait for this request any more."),
                    Some(open) if self.wire.answer(open, answer).is_none() => {
                        refuse("The answer is of another kind than the request, or not among its options.")
                    }
                    Some(_) => Ok(()),
                }
            }
            (_, SessionCommand::Interrupt) if common.turn.is_some() => Ok(()),
            (_, SessionCommand::Interrupt) => {
                refuse("No turn of the agent is open, so there is nothing to interrupt.")
            }
        }
    }

    fn step(&mut self, entry: &Entry) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        match &entry.body {
            EntryBody::Note { n, note } => self.note(*n, note, &mut events),
            EntryBody::In { key, .. } => self.written(key, &mut events),
            EntryBody::Out(line) if self.common.phase != Phase::Ended => self.out(line, &mut events),
            EntryBody::Out(_) => {}
            EntryBody::Err(line) => self.common.last_words.line(line, &mut events),
            EntryBody::Exit(status) => {
                let common = &mut self.common;
                for open in std::mem::take(&mut common.open) {
                    events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
                }
                common.tools.abandon(&mut events);
                common.ledger.close("the agent's process ended first", &mut events);
                common.turn = None;
                common.phase = Phase::Ended;
                let last_words = common.last_words.text().to_owned();
                events.push(AgentEvent::Ended(Ended { status: *status, last_words }));
            }
        }
        events
    }

    fn wanted(&self) -> Vec<Frame> {
        self.common.ledger.wanted()
    }

    fn pending(&self) -> Vec<AgentRequest> {
        self.common.open.iter().map(|open| open.request.clone()).collect()
    }

    fn snapshot(&self) -> Vec<u8> {
        // Nothing in the state can fail to be written; an empty snapshot would be refused by `restore`.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn capabilities(&self) -> Capabilities {
        W::capabilities()
    }

    fn version(&self) -> &'static str {
        W::VERSION
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        None
    }
}

/// A text field, empty where it is none.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The texts of content blocks, which may be a plain text too.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// US dollars as millionths.
fn micros(dollars: &Value) -> Option<u64> {
    let micros = (dollars.as_f64()? * 1e6).round();
    (0.0..1e15).contains(&micros).then_some(micros as u64)
}
