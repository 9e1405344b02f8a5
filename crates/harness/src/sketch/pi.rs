//! Pi and oh-my-pi: `--mode rpc`, one JSON object a line. oh-my-pi says `ready` first and takes host tools; with Pi
//! a small extension of ours asks through a dialog of its user interface (`extension_ui_request`).

use super::{Asked, Common, Open, Wire, content_text, micros, text};
use crate::codec::Capabilities;
use ganger_core::agent::{AgentEvent, RequestAnswer, RequestBody, TurnEnd};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What Pi needs beyond the common state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pi {
    /// It is oh-my-pi.
    is_omp: bool,
    /// How the last message of the model ended, and its error.
    stop: String,
    error: String,
}

impl Pi {
    fn response(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let id = text(message, "id").parse::<u64>().ok();
        let Some((id, asked)) = id.and_then(|id| common.asked.remove_entry(&id)) else { return };
        let failed = message["success"] != true;
        let error = text(message, "error").to_owned();
        match asked {
            Asked::Hello | Asked::Tools if failed => {
                common.start_failed(format!("the agent refused the handshake: {error}"), events);
            }
            Asked::Hello => {
                let data = &message["data"];
                // The file is what `--session` and `--resume` take.
                let session = data["sessionFile"].as_str().unwrap_or_else(|| text(data, "sessionId"));
                common.native_id = session.to_owned();
                let tools = common.start().map(|start| start.tools.clone()).unwrap_or_default();
                if self.is_omp && !tools.is_empty() {
                    let id = common.ask(id / 64, 1, Asked::Tools).to_string();
                    let tools: Vec<Value> = tools
                        .iter()
                        .map(|tool| {
                            json!({
                                "name": tool.name,
                                "label": tool.name,
                                // Else the model has to look for it first.
                                "loadMode": "essential",
                                "description": tool.description,
                                "parameters": tool.input_schema,
                            })
                        })
                        .collect();
                    let note = common.start.as_ref().map_or(0, |(note, _)| *note);
                    common.want(note, 1, &json!({"id": id, "type": "set_host_tools", "tools": tools}));
                } else {
                    self.ready(common, events);
                }
            }
            Asked::Tools => self.ready(common, events),
            Asked::Prompt if failed => common.end_turn(TurnEnd::Failed { message: error }, events),
            Asked::Prompt => common.acted(events),
            Asked::Open | Asked::Interrupt => {}
        }
    }

    fn ready(&self, common: &mut Common, events: &mut Vec<AgentEvent>) {
        let loaded = common.start().is_some_and(|start| start.native_id.is_some());
        common.ready(loaded, events);
    }

    fn settled(&mut self, common: &mut Common, events: &mut Vec<AgentEvent>) {
        let error = std::mem::take(&mut self.error);
        let end = match std::mem::take(&mut self.stop).as_str() {
            // An abort in the middle of a tool ends in an error of the next model call.
            "aborted" | "error" if common.is_interrupted() => TurnEnd::Interrupted,
            "error" if error.contains("429") => {
                events.push(AgentEvent::RateLimited { until_ms: None, message: error.clone() });
                TurnEnd::Limit { detail: error }
            }
            "error" | "aborted" => {
                let message = if error.is_empty() { "the agent gave the turn up".to_owned() } else { error };
                TurnEnd::Failed { message }
            }
            "length" => TurnEnd::Limit { detail: "length".to_owned() },
            "" => TurnEnd::Failed { message: "the turn ended without a message of the model".to_owned() },
            _ => TurnEnd::Completed,
        };
        common.end_turn(end, events);
    }

    fn dialog(&self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        // Widgets, titles and notices wait for nobody.
        if !matches!(text(message, "method"), "input" | "select" | "confirm" | "editor") {
            return;
        }
        let options = message["options"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let body = RequestBody::Question {
            text: [text(message, "title"), text(message, "message")].join(" ").trim().to_owned(),
            options: options.map(str::to_owned).collect(),
        };
        if !common.waits(&message["id"], message.clone(), body, events) {
            let id = &message["id"];
            common.reply(&json!({"type": "extension_ui_response", "id": id, "cancelled": true}));
        }
    }

    fn model_message(&mut self, common: &mut Common, message: &Value) {
        if message["role"] != "assistant" {
            return;
        }
        self.stop = text(message, "stopReason").to_owned();
        self.error = text(message, "errorMessage").to_owned();
        let usage = &message["usage"];
        let input = ["input", "cacheRead", "cacheWrite"].iter().filter_map(|name| usage[*name].as_u64());
        let input = input.reduce(u64::saturating_add).filter(|input| *input > 0);
        let output = usage["output"].as_u64().filter(|output| *output > 0);
        common.count(input, output, micros(&usage["cost"]["total"]).filter(|cost| *cost > 0));
    }
}

impl Wire for Pi {
    const VERSION: &'static str = "pi-sketch/1";

    fn capabilities() -> Capabilities {
        Capabilities { load: true, steer: true, host_tools: true, mcp: false }
    }

    fn start(&mut self, common: &mut Common, note: u64) {
        let id = common.ask(note, 0, Asked::Hello).to_string();
        common.want(note, 0, &json!({"id": id, "type": "get_state"}));
    }

    fn prompt(&mut self, common: &mut Common, note: u64, prompt: &str) {
        (self.stop, self.error) = (String::new(), String::new());
        let id = common.ask(note, 0, Asked::Prompt).to_string();
        common.want(note, 0, &json!({"id": id, "type": "prompt", "message": prompt}));
    }

    fn answer(&self, open: &Open, answer: &RequestAnswer) -> Option<Value> {
        match (&open.request.body, answer) {
            (RequestBody::Tool { .. }, RequestAnswer::Tool(tool)) => Some(json!({
                "type": "host_tool_result",
                "id": open.id,
                "result": {"content": [{"type": "text", "text": tool.text}]},
                "isError": tool.is_error,
            })),
            (RequestBody::Question { .. }, RequestAnswer::Text { text: answer }) => {
                let mut response = json!({"type": "extension_ui_response", "id": open.id});
                if open.raw["method"] == "confirm" {
                    response["confirmed"] =
                        json!(matches!(answer.to_lowercase().as_str(), "yes" | "y" | "true"));
                } else {
                    response["value"] = json!(answer);
                }
                Some(response)
            }
            _ => None,
        }
    }

    fn cancelled(&self, open: &Open) -> Option<Value> {
        match &open.request.body {
            RequestBody::Question { .. } => {
                Some(json!({"type": "extension_ui_response", "id": open.id, "cancelled": true}))
            }
            _ => None,
        }
    }

    fn interrupt(&mut self, common: &mut Common, note: u64, events: &mut Vec<AgentEvent>) {
        let id = common.ask(note, 0, Asked::Interrupt).to_string();
        common.want(note, 0, &json!({"id": id, "type": "abort"}));
        common.ledger.complete(note, events);
    }

    fn message(&mut self, common: &mut Common, message: &Value, events: &mut Vec<AgentEvent>) {
        let call = text(message, "toolCallId");
        match text(message, "type") {
            "ready" => self.is_omp = true,
            "response" => self.response(common, message, events),
            "message_update" => {
                let update = &message["assistantMessageEvent"];
                let piece = text(update, "delta").to_owned();
                match text(update, "type") {
                    "text_delta" => events.push(AgentEvent::TextDelta { text: piece }),
                    "thinking_delta" => events.push(AgentEvent::Thinking { text: piece }),
                    _ => {}
                }
            }
            "message_end" => self.model_message(common, &message["message"]),
            "tool_execution_start" => {
                common.acted(events);
                common.tools.started(call, message["toolName"].as_str(), events);
            }
            "tool_execution_update" => {
                let output = content_text(&message["partialResult"]["content"]);
                common.tools.output(call, &output, events);
            }
            "tool_execution_end" => {
                common.acted(events);
                common.tools.output(call, &content_text(&message["result"]["content"]), events);
                common.tools.ended(call, message["isError"] == true, events);
            }
            "extension_ui_request" => self.dialog(common, message, events),
            "host_tool_call" => {
                let name = text(message, "toolName").to_owned();
                let body = RequestBody::Tool { name, arguments: message["arguments"].clone() };
                common.waits(&message["id"], message.clone(), body, events);
            }
            "host_tool_cancel" => common.withdraw(&message["targetId"], events),
            // Pi may go on after `agent_end`, with a retry or a message that waited; oh-my-pi has no better word.
            "agent_settled" => self.settled(common, events),
            "agent_end" if self.is_omp && message["willRetry"] != true => self.settled(common, events),
            _ => {}
        }
    }
}
