//! Codex: `codex app-server`, JSON-RPC lines without the `jsonrpc` field, one thread per process. Our tools are
//! dynamic tools of the thread. Source: the schema it generates, and the recordings.

use super::{Asked, Common, Open, Wire, text};
use crate::codec::Capabilities;
use ganger_core::agent::{AgentEvent, PermissionKind, PermissionOption, RequestAnswer, RequestBody, TurnEnd};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What Codex needs beyond the common state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Codex {
    /// The open turn's id, known with the answer to `turn/start`.
    turn: Option<String>,
    /// An interrupt that came before that id did.
    waiting: Option<u64>,
}

impl Codex {
    fn response(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let Some(id) = message["id"].as_u64() else { return };
        let Some(asked) = common.asked.remove(&id) else { return };
        let note = id / 64;
        let error = message["error"].as_object().map(|error| {
            error.get("message").and_then(Value::as_str).unwrap_or("an error without a message").to_owned()
        });
        match (asked, error) {
            (Asked::Hello, None) => self.open(common, note),
            (Asked::Open, None) => {
                common.native_id = text(&message["result"]["thread"], "id").to_owned();
                let loaded = common.start().is_some_and(|start| start.native_id.is_some());
                common.ready(loaded, events);
            }
            (Asked::Hello | Asked::Open, Some(error)) => {
                common.start_failed(format!("the agent opened no conversation: {error}"), events);
            }
            (Asked::Prompt, None) => self.turn_known(common, text(&message["result"]["turn"], "id"), events),
            (Asked::Prompt, Some(error)) => common.end_turn(TurnEnd::Failed { message: error }, events),
            _ => {}
        }
    }

    fn open(&self, common: &mut Common, note: u64) {
        common.want(note, 1, &json!({"method": "initialized"}));
        let Some(start) = common.start().cloned() else { return };
        let id = common.ask(note, 2, Asked::Open);
        // Our sandbox replaces its own; what it may do is asked of us.
        let mut params =
            json!({"cwd": start.directory, "approvalPolicy": "on-request", "sandbox": "danger-full-access"});
        if let Some(model) = &start.model {
            params["model"] = json!(model);
        }
        let method = match &start.native_id {
            Some(thread) => {
                params["threadId"] = json!(thread);
                "thread/resume"
            }
            None => {
                let tools = start.tools.iter().map(|tool| {
                    json!({
                        "type": "function",
                        "name": tool.name,
                        "description": tool.description,
                        "inputSchema": tool.input_schema,
                    })
                });
                params["dynamicTools"] = tools.collect();
                "thread/start"
            }
        };
        common.want(note, 2, &json!({"id": id, "method": method, "params": params}));
    }

    fn turn_known(&mut self, common: &mut Common, turn: &str, events: &mut Vec<AgentEvent>) {
        if common.turn.is_none() || turn.is_empty() {
            return;
        }
        self.turn = Some(turn.to_owned());
        if let Some(note) = self.waiting.take() {
            self.interrupt(common, note, events);
        }
    }

    fn request(&self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let params = &message["params"];
        let body = match text(message, "method") {
            "item/commandExecution/requestApproval" => Some(approval(params, text(params, "command"))),
            "item/fileChange/requestApproval" => Some(approval(params, "change files")),
            "item/tool/requestUserInput" => {
                let question = &params["questions"][0];
                let options = question["options"].as_array().into_iter().flatten();
                Some(RequestBody::Question {
                    text: text(question, "question").to_owned(),
                    options: options.map(|option| text(option, "label").to_owned()).collect(),
                })
            }
            "item/tool/call" => Some(RequestBody::Tool {
                name: text(params, "tool").to_owned(),
                arguments: params["arguments"].clone(),
            }),
            _ => None,
        };
        let taken = body.is_some_and(|body| common.waits(&message["id"], params.clone(), body, events));
        if !taken {
            let error = json!({"code": -32601, "message": "the client has no such method"});
            common.reply(&json!({"id": message["id"], "error": error}));
        }
    }

    fn item(&self, common: &mut Common, item: &Value, completed: bool, events: &mut Vec<AgentEvent>) {
        common.acted(events);
        let id = text(item, "id");
        let title = match text(item, "type") {
            "commandExecution" => text(item, "command"),
            "fileChange" => "change files",
            "mcpToolCall" | "dynamicToolCall" => text(item, "tool"),
            _ => return,
        };
        if !completed {
            return common.tools.started(id, Some(title), events);
        }
        if let Some(output) = item["aggregatedOutput"].as_str() {
            common.tools.output(id, output, events);
        }
        common.tools.ended(id, item["status"] != "completed", events);
    }

    fn completed(&mut self, common: &mut Common, turn: &Value, events: &mut Vec<AgentEvent>) {
        if self.turn.as_deref().is_some_and(|open| open != text(turn, "id")) {
            return;
        }
        (self.turn, self.waiting) = (None, None);
        let message = text(&turn["error"], "message").to_owned();
        let end = match text(turn, "status") {
            "completed" => TurnEnd::Completed,
            "interrupted" if common.is_interrupted() => TurnEnd::Interrupted,
            _ if turn["error"]["codexErrorInfo"] == "usageLimitExceeded" => {
                events.push(AgentEvent::RateLimited { until_ms: None, message: message.clone() });
                TurnEnd::Limit { detail: message }
            }
            status => {
                let message =
                    if message.is_empty() { format!("the turn ended as {status}") } else { message };
                TurnEnd::Failed { message }
            }
        };
        common.end_turn(end, events);
    }
}

fn approval(params: &Value, title: &str) -> RequestBody {
    let decisions = params["availableDecisions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut options: Vec<PermissionOption> = decisions
        .chain(["accept", "decline"])
        .map(|decision| PermissionOption {
            id: decision.to_owned(),
            name: decision.to_owned(),
            kind: match decision {
                "accept" => PermissionKind::AllowOnce,
                "acceptForSession" => PermissionKind::AllowAlways,
                _ => PermissionKind::RejectOnce,
            },
        })
        .collect();
    options.sort_by(|one, two| one.id.cmp(&two.id));
    options.dedup();
    RequestBody::Permission { title: title.to_owned(), options }
}

impl Wire for Codex {
    const VERSION: &'static str = "codex-sketch/1";

    fn capabilities() -> Capabilities {
        Capabilities { load: true, steer: true, host_tools: true, mcp: true }
    }

    fn start(&mut self, common: &mut Common, note: u64) {
        let id = common.ask(note, 0, Asked::Hello);
        let params = json!({
            "clientInfo": {"name": "ganger", "title": "ganger", "version": env!("CARGO_PKG_VERSION")},
            "capabilities": {"experimentalApi": true},
        });
        common.want(note, 0, &json!({"id": id, "method": "initialize", "params": params}));
    }

    fn prompt(&mut self, common: &mut Common, note: u64, prompt: &str) {
        (self.turn, self.waiting) = (None, None);
        let id = common.ask(note, 0, Asked::Prompt);
        let params = json!({"threadId": common.native_id, "input": [{"type": "text", "text": prompt}]});
        common.want(note, 0, &json!({"id": id, "method": "turn/start", "params": params}));
    }

    fn answer(&self, open: &Open, answer: &RequestAnswer) -> Option<Value> {
        let result = match (&open.request.body, answer) {
            (RequestBody::Tool { .. }, RequestAnswer::Tool(tool)) => json!({
                "contentItems": [{"type": "inputText", "text": tool.text}],
                "success": !tool.is_error,
            }),
            (RequestBody::Question { .. }, RequestAnswer::Text { text }) => {
                let mut answers = serde_json::Map::new();
                for question in open.raw["questions"].as_array().into_iter().flatten() {
                    if let Some(id) = question["id"].as_str() {
                        answers.insert(id.to_owned(), json!({"answers": [text]}));
                    }
                }
                json!({"answers": answers})
            }
            (RequestBody::Permission { options, .. }, RequestAnswer::Permission { option }) => {
                let decision = option.as_deref().unwrap_or("cancel");
                if option.is_some() && !options.iter().any(|offered| offered.id == decision) {
                    return None;
                }
                json!({"decision": decision})
            }
            _ => return None,
        };
        Some(json!({"id": open.id, "result": result}))
    }

    fn cancelled(&self, _: &Open) -> Option<Value> {
        // An interrupted turn resolves its own requests (`serverRequest/resolved`).
        None
    }

    fn interrupt(&mut self, common: &mut Common, note: u64, events: &mut Vec<AgentEvent>) {
        let Some(turn) = self.turn.clone() else {
            self.waiting = Some(note);
            return;
        };
        let id = common.ask(note, 0, Asked::Interrupt);
        let params = json!({"threadId": common.native_id, "turnId": turn});
        common.want(note, 0, &json!({"id": id, "method": "turn/interrupt", "params": params}));
        common.ledger.complete(note, events);
    }

    fn message(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let params = &message["params"];
        let Some(method) = message["method"].as_str() else {
            return self.response(common, message, events);
        };
        if !message["id"].is_null() {
            return self.request(common, message, events);
        }
        match method {
            "turn/started" => self.turn_known(common, text(&params["turn"], "id"), events),
            "turn/completed" => self.completed(common, &params["turn"], events),
            "item/started" => self.item(common, &params["item"], false, events),
            "item/completed" => self.item(common, &params["item"], true, events),
            "item/agentMessage/delta" => {
                common.acted(events);
                events.push(AgentEvent::TextDelta { text: text(params, "delta").to_owned() });
            }
            "item/reasoning/summaryTextDelta" | "item/reasoning/textDelta" => {
                events.push(AgentEvent::Thinking { text: text(params, "delta").to_owned() });
            }
            "item/commandExecution/outputDelta" => {
                let (id, text) = (text(params, "itemId").to_owned(), text(params, "delta").to_owned());
                events.push(AgentEvent::ToolOutput { id, text });
            }
            "thread/tokenUsage/updated" if self.turn.as_deref() == params["turnId"].as_str() => {
                // Input holds what came from the cache.
                let last = &params["tokenUsage"]["last"];
                common.count(last["inputTokens"].as_u64(), last["outputTokens"].as_u64(), None);
            }
            "error" if params["willRetry"] == true => {
                let error = &params["error"];
                let detail = error["additionalDetails"].as_str().unwrap_or_else(|| text(error, "message"));
                events.push(AgentEvent::Warning { message: format!("the agent tries again: {detail}") });
            }
            "serverRequest/resolved" => common.withdraw(&params["requestId"], events),
            _ => {}
        }
    }
}
