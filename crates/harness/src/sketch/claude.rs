//! Claude Code: stream-json on both sides with the control protocol (`-p --input-format stream-json --output-format
//! stream-json --verbose --include-partial-messages --permission-prompt-tool stdio`). Our tools are an MCP server
//! inside the control channel. The conversation's id comes with the first turn (`system/init`), unless the caller
//! chose it on the command line: a second `Ready` carries it then.

use super::{Asked, Common, Open, Phase, Wire, content_text, micros, text};
use crate::codec::Capabilities;
use crate::watch::head;
use ganger_core::agent::{AgentEvent, PermissionKind, PermissionOption, RequestAnswer, RequestBody, TurnEnd};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The name of our MCP server inside the control channel.
const SERVER: &str = "ganger";

/// What Claude Code needs beyond the common state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Claude {
    /// Text comes in pieces, so whole messages repeat it.
    streams: bool,
    /// Cost of the process so far.
    cost_micros: u64,
}

impl Claude {
    fn request(&self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let id = &message["request_id"];
        let request = &message["request"];
        let refused = match text(request, "subtype") {
            "mcp_message" => return self.tool_message(common, id, &request["message"], events),
            "hook_callback" => return common.reply(&success(id, &json!({"continue": true}))),
            "can_use_tool" => {
                let body = permission(request);
                !common.waits(id, request.clone(), body, events)
            }
            _ => true,
        };
        if refused {
            let error =
                json!({"subtype": "error", "request_id": id, "error": "not supported by this client"});
            common.reply(&json!({"type": "control_response", "response": error}));
        }
    }

    /// Our MCP server's side. Its first message comes before the answer to our own `initialize`.
    fn tool_message(&self, common: &mut Common, id: &Value, message: &Value, events: &mut Vec<AgentEvent>) {
        let result = match text(message, "method") {
            "initialize" => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": SERVER, "version": env!("CARGO_PKG_VERSION")},
            }),
            "tools/list" => {
                let tools = common.start().map(|start| start.tools.clone()).unwrap_or_default();
                let tools: Vec<Value> = tools
                    .iter()
                    .map(|tool| json!({"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}))
                    .collect();
                json!({"tools": tools})
            }
            "tools/call" => {
                let body = RequestBody::Tool {
                    name: text(&message["params"], "name").to_owned(),
                    arguments: message["params"]["arguments"].clone(),
                };
                if !common.waits(id, message.clone(), body, events) {
                    let result = json!({"content": [{"type": "text", "text": "cancelled"}], "isError": true});
                    common.reply(&mcp_result(id, &message["id"], &result));
                }
                return;
            }
            _ => json!({}),
        };
        common.reply(&mcp_result(id, &message["id"], &result));
    }

    fn result(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        // Usage is of the turn, the cost of the whole process.
        let total = micros(&message["total_cost_usd"]).unwrap_or(self.cost_micros);
        let cost = total.checked_sub(self.cost_micros).filter(|cost| *cost > 0);
        self.cost_micros = total;
        let usage = &message["usage"];
        let input = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
        let input = input.iter().filter_map(|name| usage[*name].as_u64()).reduce(u64::saturating_add);
        common.count(
            input.filter(|input| *input > 0),
            usage["output_tokens"].as_u64().filter(|output| *output > 0),
            cost,
        );
        let reason = text(message, "terminal_reason");
        let words = head(text(message, "result"), 4000).to_owned();
        let aborted = reason.starts_with("aborted") || text(message, "subtype") == "error_during_execution";
        let end = if common.is_interrupted() && aborted {
            TurnEnd::Interrupted
        } else if message["is_error"] == true || aborted {
            if message["api_error_status"] == 429 {
                events.push(AgentEvent::RateLimited { until_ms: None, message: words.clone() });
                TurnEnd::Limit { detail: words }
            } else {
                let errors = content_text(&message["errors"]);
                let words = [words, errors, reason.to_owned()].into_iter().find(|words| !words.is_empty());
                TurnEnd::Failed {
                    message: words.unwrap_or_else(|| "the turn failed without a word".to_owned()),
                }
            }
        } else {
            match (text(message, "subtype"), text(message, "stop_reason")) {
                ("success", "refusal") => TurnEnd::Refused,
                ("success", _) => TurnEnd::Completed,
                (other, _) => TurnEnd::Limit { detail: other.to_owned() },
            }
        };
        common.end_turn(end, events);
    }
}

/// A permission, or the agent's own question, which comes as one.
fn permission(request: &Value) -> RequestBody {
    let question = &request["input"]["questions"][0];
    if request["tool_name"] == "AskUserQuestion" && question.is_object() {
        let options = question["options"].as_array().into_iter().flatten();
        let options = options.map(|option| text(option, "label").to_owned()).collect();
        return RequestBody::Question { text: text(question, "question").to_owned(), options };
    }
    let option =
        |id: &str, name: &str, kind| PermissionOption { id: id.to_owned(), name: name.to_owned(), kind };
    let mut options = vec![option("allow", "Allow", PermissionKind::AllowOnce)];
    if request["permission_suggestions"].as_array().is_some_and(|suggestions| !suggestions.is_empty()) {
        options.push(option("always", "Allow from now on", PermissionKind::AllowAlways));
    }
    options.push(option("deny", "Deny", PermissionKind::RejectOnce));
    let title = format!("{}: {}", text(request, "tool_name"), text(request, "description"));
    RequestBody::Permission { title: title.trim_end_matches(": ").to_owned(), options }
}

fn success(id: &Value, response: &Value) -> Value {
    json!({"type": "control_response", "response": {"subtype": "success", "request_id": id, "response": response}})
}

fn mcp_result(id: &Value, message: &Value, result: &Value) -> Value {
    // Notifications are answered too, with an id of nothing.
    let message = if message.is_null() { &json!(0) } else { message };
    success(id, &json!({"mcp_response": {"jsonrpc": "2.0", "id": message, "result": result}}))
}

impl Wire for Claude {
    const VERSION: &'static str = "claude-sketch/1";

    fn capabilities() -> Capabilities {
        Capabilities { load: true, steer: true, host_tools: true, mcp: true }
    }

    fn start(&mut self, common: &mut Common, note: u64) {
        let has_tools = common.start().is_some_and(|start| !start.tools.is_empty());
        let servers = if has_tools { vec![SERVER] } else { vec![] };
        let id = common.ask(note, 0, Asked::Hello);
        let request = json!({"subtype": "initialize", "sdkMcpServers": servers});
        common.want(
            note,
            0,
            &json!({"type": "control_request", "request_id": id.to_string(), "request": request}),
        );
    }

    fn prompt(&mut self, common: &mut Common, note: u64, prompt: &str) {
        common.want(note, 0, &json!({"type": "user", "message": {"role": "user", "content": prompt}}));
    }

    fn answer(&self, open: &Open, answer: &RequestAnswer) -> Option<Value> {
        let input = &open.raw["input"];
        match (&open.request.body, answer) {
            (RequestBody::Tool { .. }, RequestAnswer::Tool(tool)) => {
                let result =
                    json!({"content": [{"type": "text", "text": tool.text}], "isError": tool.is_error});
                Some(mcp_result(&open.id, &open.raw["id"], &result))
            }
            (RequestBody::Question { text, .. }, RequestAnswer::Text { text: answer }) => {
                let mut updated = input.clone();
                updated["answers"] = json!({text: answer});
                Some(success(&open.id, &json!({"behavior": "allow", "updatedInput": updated})))
            }
            (RequestBody::Permission { .. }, RequestAnswer::Permission { option }) => {
                let response = match option.as_deref() {
                    Some("allow") => json!({"behavior": "allow", "updatedInput": input}),
                    Some("always") => json!({
                        "behavior": "allow",
                        "updatedInput": input,
                        "updatedPermissions": open.raw["permission_suggestions"],
                    }),
                    Some("deny") => json!({"behavior": "deny", "message": "denied"}),
                    None => json!({"behavior": "deny", "message": "cancelled", "interrupt": true}),
                    Some(_) => return None,
                };
                Some(success(&open.id, &response))
            }
            _ => None,
        }
    }

    fn cancelled(&self, open: &Open) -> Option<Value> {
        match &open.request.body {
            RequestBody::Tool { .. } => {
                let result = json!({"content": [{"type": "text", "text": "cancelled"}], "isError": true});
                Some(mcp_result(&open.id, &open.raw["id"], &result))
            }
            _ => Some(success(
                &open.id,
                &json!({"behavior": "deny", "message": "cancelled", "interrupt": true}),
            )),
        }
    }

    fn interrupt(&mut self, common: &mut Common, note: u64, events: &mut Vec<AgentEvent>) {
        let id = common.ask(note, 0, Asked::Interrupt).to_string();
        common.want(
            note,
            0,
            &json!({"type": "control_request", "request_id": id, "request": {"subtype": "interrupt"}}),
        );
        common.ledger.complete(note, events);
    }

    fn message(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        // What a sub-agent says is part of its tool.
        let is_inner = !message["parent_tool_use_id"].is_null();
        match text(message, "type") {
            "control_request" => self.request(common, message, events),
            "control_cancel_request" => common.withdraw(&message["request_id"], events),
            "control_response" => {
                let response = &message["response"];
                let id = text(response, "request_id").parse::<u64>().ok();
                let asked = id.and_then(|id| common.asked.remove(&id));
                match (asked, text(response, "subtype")) {
                    (Some(Asked::Hello), "success") => {
                        let native_id = common.start().and_then(|start| start.native_id.clone());
                        let loaded = native_id.is_some();
                        common.native_id = native_id.unwrap_or_default();
                        common.ready(loaded, events);
                    }
                    (Some(Asked::Hello), _) => {
                        let message = format!("the agent refused the handshake: {}", text(response, "error"));
                        common.start_failed(message, events);
                    }
                    _ => {}
                }
            }
            "system" if message["subtype"] == "init" => {
                let id = text(message, "session_id");
                if common.phase == Phase::Ready && id != common.native_id {
                    common.native_id = id.to_owned();
                    events.push(AgentEvent::Ready { native_id: id.to_owned(), loaded: false });
                }
            }
            "stream_event" if !is_inner => {
                self.streams = true;
                let delta = &message["event"]["delta"];
                let piece =
                    |name: &str| delta[name].as_str().filter(|piece| !piece.is_empty()).map(str::to_owned);
                if let Some(text) = piece("text") {
                    common.acted(events);
                    events.push(AgentEvent::TextDelta { text });
                } else if let Some(text) = piece("thinking") {
                    common.acted(events);
                    events.push(AgentEvent::Thinking { text });
                }
            }
            "assistant" if !is_inner => {
                common.acted(events);
                for block in message["message"]["content"].as_array().into_iter().flatten() {
                    match text(block, "type") {
                        "text" if !self.streams => {
                            events.push(AgentEvent::TextDelta { text: text(block, "text").to_owned() });
                        }
                        "tool_use" => common.tools.started(text(block, "id"), block["name"].as_str(), events),
                        _ => {}
                    }
                }
            }
            "user" if !is_inner => {
                for block in message["message"]["content"].as_array().into_iter().flatten() {
                    if block["type"] == "tool_result" {
                        common.acted(events);
                        let id = text(block, "tool_use_id");
                        common.tools.output(id, &content_text(&block["content"]), events);
                        common.tools.ended(id, block["is_error"] == true, events);
                    }
                }
            }
            "result" => self.result(common, message, events),
            _ => {}
        }
    }
}
