//! A turn: the prompt, what the agent streams, the interrupt, and an end that is not believed before it was looked
//! at.

use super::{AcpCodec, Asked, Phase, limits, quirks, usage, wire};
use crate::codec::Unsupported;
use crate::watch::head;
use ganger_core::agent::{AgentEvent, TurnEnd, Usage};
use ganger_core::ids::EffectId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Characters kept of the last piece of text, to find an error in it.
const LAST_TEXT: usize = 2000;

/// The open turn.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Turn {
    note: u64,
    /// The prompt was written.
    begun: bool,
    /// The notes of interrupts; the turn's end acknowledges them.
    interrupts: Vec<u64>,
    /// The agent said or did something.
    spoke: bool,
    last_text: String,
    system_error: bool,
    /// Usage of single model calls, for agents that report no sum.
    calls: Option<usage::Tokens>,
    /// What the conversation had cost before.
    cost_before: Option<u64>,
}

impl AcpCodec {
    /// Takes a prompt.
    pub(super) fn prompt(
        &mut self,
        note: u64,
        effect: Option<EffectId>,
        text: &str,
        events: &mut Vec<AgentEvent>,
    ) -> Result<(), Unsupported> {
        let refuse = |reason: &str| Err(Unsupported { reason: reason.to_owned() });
        if self.turn.is_some() || self.early_prompt.is_some() {
            return refuse("a turn of the agent is open");
        }
        match self.phase {
            Phase::Ready => {
                self.ledger.open(note, effect);
                self.want_prompt(note, text, events);
                Ok(())
            }
            // It waits for the handshake.
            Phase::Starting => {
                self.ledger.open(note, effect);
                self.early_prompt = Some((note, text.to_owned()));
                Ok(())
            }
            Phase::New | Phase::Failed | Phase::Ended => {
                refuse("the agent's conversation has not been started yet")
            }
        }
    }

    /// Wants the frame of a prompt, now that the conversation stands.
    pub(super) fn want_prompt(&mut self, note: u64, text: &str, events: &mut Vec<AgentEvent>) {
        let params = json!({
            "sessionId": self.session,
            "prompt": [{"type": "text", "text": text}],
        });
        self.ask(note, 0, "session/prompt", &params, Asked::Prompt);
        self.ledger.complete(note, events);
        self.turn = Some(Turn { note, cost_before: self.cost_micros, ..Turn::default() });
    }

    /// All frames of a note were written.
    pub(super) fn delivered(&mut self, note: u64, events: &mut Vec<AgentEvent>) {
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.note == note) {
            turn.begun = true;
            self.prompted = true;
            events.push(AgentEvent::TurnStarted { note });
        }
    }

    /// Takes an interrupt.
    pub(super) fn interrupt(
        &mut self,
        note: u64,
        effect: Option<EffectId>,
        events: &mut Vec<AgentEvent>,
    ) -> Result<(), Unsupported> {
        let unwritten = match (&self.turn, &self.early_prompt) {
            (Some(turn), _) if turn.begun => None,
            (Some(turn), _) => Some(turn.note),
            (None, Some((prompt, _))) => Some(*prompt),
            (None, None) => return Err(Unsupported { reason: "no turn of the agent is open".to_owned() }),
        };
        self.ledger.open(note, effect);
        if let Some(prompt) = unwritten {
            // Notes and writes share one counter, so a prompt that is not in the journal before this note was never
            // written, and never will be.
            self.ledger.drop_note(prompt, "it was interrupted before it was written", events);
            self.asked.retain(|id, asked| *asked != Asked::Prompt || id / 64 != prompt);
            self.turn = None;
            self.early_prompt = None;
            self.ledger.complete(note, events);
            self.ledger.acknowledge(note, events);
            return Ok(());
        }
        if let Some(line) = self.cancel_line() {
            self.ledger.want(note, 0, line);
        }
        self.ledger.complete(note, events);
        if let Some(turn) = &mut self.turn {
            turn.interrupts.push(note);
        }
        self.cancel_requests(events);
        Ok(())
    }

    /// The frame that ends the turn.
    pub(super) fn cancel_line(&self) -> Option<String> {
        let session = self.session.as_ref()?;
        Some(wire::notification("session/cancel", &json!({"sessionId": session})))
    }

    /// Whether the open turn was interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| !turn.interrupts.is_empty())
    }

    /// A `session/update`. What comes while an earlier conversation is loaded, up to the first prompt, is history.
    pub(super) fn update(&mut self, update: &Value, events: &mut Vec<AgentEvent>) {
        let kind = update["sessionUpdate"].as_str().unwrap_or_default();
        if kind == "usage_update" {
            self.cost_micros = usage::cost_micros(update).or(self.cost_micros);
            return;
        }
        if kind == "session_info_update" {
            let status = &update["_meta"]["codex"]["threadStatus"]["type"];
            if let Some(turn) = self.turn.as_mut().filter(|_| status == "systemError") {
                turn.system_error = true;
            }
            return;
        }
        let is_history = !self.prompted && (self.loaded || self.phase != Phase::Ready);
        if is_history {
            return;
        }
        match kind {
            "agent_message_chunk" => {
                self.count_call(update);
                let text = wire::text(&update["content"]);
                if text.is_empty() {
                    return;
                }
                self.acted(None, events);
                if let Some(turn) = &mut self.turn {
                    turn.last_text = head(&text, LAST_TEXT).to_owned();
                }
                events.push(AgentEvent::TextDelta { text });
            }
            "agent_thought_chunk" => {
                let text = wire::text(&update["content"]);
                if !text.is_empty() {
                    self.acted(None, events);
                    events.push(AgentEvent::Thinking { text });
                }
            }
            "tool_call" | "tool_call_update" => self.tool(update, kind == "tool_call", events),
            "plan" => {
                self.acted(None, events);
                let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                let entries = update["entries"].as_array().into_iter().flatten();
                let entries =
                    entries.map(|entry| (field(entry, "content"), field(entry, "status"))).collect();
                events.push(AgentEvent::PlanUpdated { entries });
            }
            // The user's own words, lists of commands, modes, options, and what later versions add.
            _ => {}
        }
    }

    fn tool(&mut self, update: &Value, announced: bool, events: &mut Vec<AgentEvent>) {
        let Some(id) = update["toolCallId"].as_str() else { return };
        let status = update["status"].as_str();
        self.acted(Some(id), events);
        let title = update["title"].as_str().or_else(|| update["name"].as_str());
        // Some agents announce a call only after it was allowed, or never.
        if announced || status.is_some() || title.is_some() {
            self.tools.started(id, title, events);
        }
        let output = tool_output(update);
        if !output.is_empty() {
            self.tools.output(id, &output, events);
        }
        match status {
            Some("completed") => self.tools.ended(id, false, events),
            Some("failed") => self.tools.ended(id, true, events),
            _ => {}
        }
    }

    /// The agent visibly goes on: it has seen the prompt, and the answers that it waited for.
    pub(super) fn acted(&mut self, tool: Option<&str>, events: &mut Vec<AgentEvent>) {
        if let Some(turn) = &mut self.turn {
            turn.spoke = true;
            self.ledger.acknowledge(turn.note, events);
        }
        for note in self.requests.answers_seen(tool, &self.ledger) {
            self.ledger.acknowledge(note, events);
        }
    }

    fn count_call(&mut self, update: &Value) {
        if self.quirks().usage_per_call
            && let Some(turn) = &mut self.turn
            && let Some(tokens) = usage::Tokens::read(&update["_meta"]["usage"])
        {
            turn.calls.get_or_insert_default().add(tokens);
        }
    }

    /// The answer to a prompt: the turn's end.
    pub(super) fn turn_ended(
        &mut self,
        note: u64,
        outcome: Result<Value, wire::Failure>,
        at_ms: u64,
        events: &mut Vec<AgentEvent>,
    ) {
        let Some(turn) = self.turn.take_if(|turn| turn.note == note) else { return };
        self.cancel_requests(events);
        self.tools.abandon(events);
        self.ledger.acknowledge(note, events);
        for answered in self.requests.forget_answers() {
            self.ledger.acknowledge(answered, events);
        }
        for interrupt in &turn.interrupts {
            if self.ledger.is_delivered(*interrupt) {
                self.ledger.acknowledge(*interrupt, events);
            } else {
                self.ledger.drop_note(*interrupt, "the turn ended by itself first", events);
            }
        }
        let tokens = outcome.as_ref().ok().and_then(usage::of_result).or(turn.calls);
        let cost = self.cost_micros.map(|now| now.checked_sub(turn.cost_before.unwrap_or(0)).unwrap_or(now));
        // Agents that know no price report a cost of nothing all the time.
        let cost = cost.filter(|cost| *cost > 0);
        let sum = tokens.unwrap_or_default().usage(cost);
        if sum != Usage::default() {
            events.push(AgentEvent::Usage(sum));
        }
        let end = match outcome {
            Ok(result) => self.judge(&turn, &result, tokens.is_some(), at_ms, events),
            Err(_) if !turn.interrupts.is_empty() => TurnEnd::Interrupted,
            Err(failure) => failed(&failure, at_ms, events),
        };
        events.push(AgentEvent::TurnEnded(end));
    }

    fn judge(
        &self,
        turn: &Turn,
        result: &Value,
        has_usage: bool,
        at_ms: u64,
        events: &mut Vec<AgentEvent>,
    ) -> TurnEnd {
        let reason = result["stopReason"].as_str().unwrap_or_default();
        match reason {
            "end_turn" if !turn.interrupts.is_empty() && !turn.spoke => TurnEnd::Interrupted,
            "end_turn" => {
                let claim = quirks::Claim {
                    last_text: &turn.last_text,
                    system_error: turn.system_error,
                    has_usage,
                    silent: !turn.spoke,
                };
                match quirks::hidden_error(self.quirks(), &claim) {
                    None => TurnEnd::Completed,
                    Some(message) => {
                        failed(&wire::Failure { code: 0, message, data: Value::Null }, at_ms, events)
                    }
                }
            }
            "cancelled" if !turn.interrupts.is_empty() => TurnEnd::Interrupted,
            "cancelled" => TurnEnd::Failed { message: "the agent cancelled the turn by itself".to_owned() },
            "max_tokens" | "max_turn_requests" => TurnEnd::Limit { detail: reason.to_owned() },
            "refusal" => TurnEnd::Refused,
            "" => TurnEnd::Failed { message: "the agent ended the turn without a reason".to_owned() },
            other => TurnEnd::Failed {
                message: format!(
                    "the agent ended the turn for a reason that is not known: {}",
                    head(other, 200)
                ),
            },
        }
    }
}

fn failed(failure: &wire::Failure, at_ms: u64, events: &mut Vec<AgentEvent>) -> TurnEnd {
    let message = head(&failure.text(), 4000).to_owned();
    if limits::is_limit(failure) {
        let until_ms = limits::until_ms(failure, at_ms);
        events.push(AgentEvent::RateLimited { until_ms, message: message.clone() });
        return TurnEnd::Limit { detail: message };
    }
    TurnEnd::Failed { message }
}

/// The text of a call's output: of its content, else of the raw output where that is a text.
fn tool_output(update: &Value) -> String {
    let content = wire::text(&update["content"]);
    if !content.is_empty() {
        return content;
    }
    let raw = &update["rawOutput"];
    raw.as_str().or_else(|| raw["output"].as_str()).unwrap_or_default().to_owned()
}
