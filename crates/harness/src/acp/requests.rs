//! What the agent asks of its client: permissions are reported and wait for an answer; everything else is answered
//! at once, mostly with a refusal, since we offer no file system and no terminal.

use super::{AcpCodec, chosen_option, wire};
use crate::codec::Unsupported;
use crate::ledger::Ledger;
use crate::watch::head;
use ganger_core::agent::{AgentEvent, AgentRequest, RequestAnswer, RequestBody};
use ganger_core::ids::EffectId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Requests that may be open at once.
const OPEN_REQUESTS: usize = 256;

/// The agent's requests that are open, and answers that it has not reacted to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Requests {
    open: Vec<Open>,
    answered: Vec<Answered>,
    /// The highest numeric id seen, and how many requests there were: ids that are used again get a mark.
    highest: Option<i64>,
    count: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    id: Value,
    tool: String,
    request: AgentRequest,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Answered {
    note: u64,
    tool: String,
}

impl Requests {
    /// The id under which the request is reported: the wire's own while it is new, and marked where an agent uses
    /// one again, or ids that are no numbers.
    fn name(&mut self, id: &Value) -> String {
        self.count += 1;
        match id.as_i64() {
            Some(number) if self.highest.is_none_or(|highest| number > highest) => {
                self.highest = Some(number);
                number.to_string()
            }
            _ => format!("{id}#{}", self.count),
        }
    }

    pub(super) fn pending(&self) -> Vec<AgentRequest> {
        self.open.iter().map(|open| open.request.clone()).collect()
    }

    /// Whether this answer fits an open request.
    pub(super) fn check(&self, request: &str, answer: &RequestAnswer) -> Result<(), Unsupported> {
        let Some(open) = self.open.iter().find(|open| open.request.wire_id == request) else {
            return Err(Unsupported {
                reason: format!("The agent does not wait for request {request} any more."),
            });
        };
        let option = chosen_option(answer)?;
        let RequestBody::Permission { options, .. } = &open.request.body else { return Ok(()) };
        match option {
            Some(option) if !options.iter().any(|offered| offered.id == option) => {
                let offered: Vec<&str> = options.iter().map(|option| option.id.as_str()).collect();
                Err(Unsupported {
                    reason: format!(
                        "Request {request} has no option {option}; it offers {}.",
                        offered.join(", ")
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, request: &str) -> Option<Open> {
        let at = self.open.iter().position(|open| open.request.wire_id == request)?;
        Some(self.open.remove(at))
    }

    /// The notes whose answers are seen by what the agent does: with `tool` named those of that tool, else all that
    /// were written.
    pub(super) fn answers_seen(&mut self, tool: Option<&str>, ledger: &Ledger) -> Vec<u64> {
        let seen = |answered: &Answered| {
            ledger.is_delivered(answered.note) && tool.is_none_or(|tool| tool == answered.tool)
        };
        self.answered.extract_if(.., |answered| seen(answered)).map(|answered| answered.note).collect()
    }

    /// The turn ended: no more can be learned of these answers.
    pub(super) fn forget_answers(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.answered).into_iter().map(|answered| answered.note).collect()
    }

    /// The process ended: nothing is open any more.
    pub(super) fn withdraw_all(&mut self, events: &mut Vec<AgentEvent>) {
        self.answered.clear();
        for open in std::mem::take(&mut self.open) {
            events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
        }
    }
}

impl AcpCodec {
    /// A request of the agent.
    pub(super) fn request(&mut self, id: &Value, method: &str, params: &Value, events: &mut Vec<AgentEvent>) {
        if method == "session/request_permission" {
            self.permission(id, params, events);
        } else if self.quirks().harmless.contains(&method) {
            self.ledger.want_reply(wire::answer(id, &json!({})));
        } else {
            self.ledger.want_reply(wire::no_such_method(id, head(method, 200)));
        }
    }

    fn permission(&mut self, id: &Value, params: &Value, events: &mut Vec<AgentEvent>) {
        let options = wire::permission_options(params);
        if options.is_empty() {
            let message =
                "the agent asks for a permission and offers no option, so it was refused".to_owned();
            events.push(AgentEvent::Warning { message });
            self.ledger.want_reply(wire::invalid_params(id, "a permission request needs options"));
            return;
        }
        let call = &params["toolCall"];
        let tool = call["toolCallId"].as_str().unwrap_or_default();
        self.acted(Some(tool), events);
        if self.is_interrupted() || self.requests.open.len() >= OPEN_REQUESTS {
            self.ledger.want_reply(wire::answer(id, &wire::permission(None)));
            return;
        }
        let title = call["title"].as_str().or_else(|| call["name"].as_str()).unwrap_or("use a tool");
        let wire_id = self.requests.name(id);
        let body = RequestBody::Permission { title: head(title, 2000).to_owned(), options };
        let request = AgentRequest { wire_id, body };
        self.requests.open.push(Open { id: id.clone(), tool: tool.to_owned(), request: request.clone() });
        events.push(AgentEvent::Asked(request));
    }

    /// Takes an answer to a request.
    pub(super) fn answer(
        &mut self,
        note: u64,
        effect: Option<EffectId>,
        request: &str,
        answer: &RequestAnswer,
        events: &mut Vec<AgentEvent>,
    ) -> Result<(), Unsupported> {
        self.requests.check(request, answer)?;
        let option = chosen_option(answer)?;
        if let Some(open) = self.requests.close(request) {
            self.ledger.open(note, effect);
            self.ledger.want(note, 0, wire::answer(&open.id, &wire::permission(option)));
            self.ledger.complete(note, events);
            self.requests.answered.push(Answered { note, tool: open.tool });
        }
        Ok(())
    }

    /// The agent takes a request back (`$/cancel_request`).
    pub(super) fn withdraw(&mut self, id: &Value, events: &mut Vec<AgentEvent>) {
        if let Some(at) = self.requests.open.iter().position(|open| open.id == *id) {
            let open = self.requests.open.remove(at);
            self.ledger.want_reply(wire::answer(&open.id, &wire::permission(None)));
            events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
        }
    }

    /// The turn is cancelled or over: what is open is answered as cancelled, as the protocol demands.
    pub(super) fn cancel_requests(&mut self, events: &mut Vec<AgentEvent>) {
        for open in std::mem::take(&mut self.requests.open) {
            self.ledger.want_reply(wire::answer(&open.id, &wire::permission(None)));
            events.push(AgentEvent::RequestWithdrawn { request: open.request.wire_id });
        }
    }
}
