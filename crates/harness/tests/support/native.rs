//! From a recording of a native protocol to a golden journal.

use super::{Journal, recording};
use ganger_core::agent::{
    AgentRequest, RequestAnswer, RequestBody, SessionCommand, SessionStart, ToolAnswer, ToolDefinition,
};
use ganger_harness::codec::Codec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The journal that the codec and the recorded agent write together.
pub fn journal(name: &str, codec: Box<dyn Codec>, native_id: Option<&str>) -> Journal {
    let mut journal = Journal::new(codec);
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    journal.note(SessionCommand::Start(SessionStart {
        directory: "/w".to_owned(),
        native_id: native_id.map(str::to_owned),
        model: None,
        tools: vec![ToolDefinition {
            name: "ask_foreman".to_owned(),
            description: "Ask.".to_owned(),
            input_schema: json!({"type": "object"}),
        }],
        bridge: None,
    }));
    // Prompts that the recorded client wrote too early: ours wait for the end of the turn.
    let mut early: Vec<Value> = Vec::new();
    for line in recording::read(name) {
        flush(&mut journal, &mut asked);
        let message = line.message;
        if let Some(text) = early.first().and_then(prompt) {
            let command = SessionCommand::Prompt { text };
            if journal.codec.check(&command).is_ok() {
                journal.note(command);
                flush(&mut journal, &mut asked);
                adopt(&early.remove(0), &mut asked, &mut ids);
            }
        }
        match line.direction.as_str() {
            "in" => {
                if let Some(text) = prompt(&message) {
                    answer_the_rest(&mut journal, &mut asked);
                    let command = SessionCommand::Prompt { text };
                    if journal.codec.check(&command).is_err() {
                        early.push(message);
                        continue;
                    }
                    journal.note(command);
                } else if matches!(label(&message).as_str(), "interrupt" | "turn/interrupt" | "abort") {
                    journal.note(SessionCommand::Interrupt);
                } else if let Some((request, answer)) = answer(&message, &journal.codec.pending()) {
                    journal.note(SessionCommand::Answer { request, answer });
                }
                flush(&mut journal, &mut asked);
                adopt(&message, &mut asked, &mut ids);
            }
            "out" => {
                if let Some(text) = readdressed(&message, &ids) {
                    journal.out(&text);
                }
            }
            "err" => journal.err(message.as_str().unwrap_or_default()),
            other => panic!("{name}: unknown direction {other}"),
        }
    }
    flush(&mut journal, &mut asked);
    journal.exit();
    journal
}

/// The recorded client's request is the one that our codec made under the same name.
fn adopt(message: &Value, asked: &mut Vec<(String, String)>, ids: &mut BTreeMap<String, String>) {
    let name = label(message);
    if let Some(at) = asked.iter().position(|(label, _)| *label == name) {
        ids.insert(id(message), asked.remove(at).1);
    }
}

fn label(message: &Value) -> String {
    let label = [&message["method"], &message["request"]["subtype"], &message["type"]];
    label.iter().find_map(|label| label.as_str()).unwrap_or_default().to_owned()
}

fn id(message: &Value) -> String {
    let id = if message["request_id"].is_null() { &message["id"] } else { &message["request_id"] };
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn prompt(message: &Value) -> Option<String> {
    let text = match label(message).as_str() {
        "user" => &message["message"]["content"],
        "turn/start" => &message["params"]["input"][0]["text"],
        "prompt" => &message["message"],
        _ => return None,
    };
    text.as_str().map(str::to_owned)
}

/// The recorded client's answer, if it answers something that our codec reported.
fn answer(message: &Value, pending: &[AgentRequest]) -> Option<(String, RequestAnswer)> {
    let (id, result) = match label(message).as_str() {
        "control_response" => (message["response"]["request_id"].clone(), &message["response"]["response"]),
        "" => (message["id"].clone(), &message["result"]),
        _ => (message["id"].clone(), message),
    };
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let request = pending.iter().find(|request| request.wire_id == id)?;
    let first = |values: &[&Value]| {
        values.iter().find_map(|value| value.as_str()).unwrap_or_else(|| panic!("{message}")).to_owned()
    };
    let answer = match &request.body {
        RequestBody::Tool { .. } => RequestAnswer::Tool(ToolAnswer {
            text: first(&[
                &result["mcp_response"]["result"]["content"][0]["text"],
                &result["contentItems"][0]["text"],
                &result["result"]["content"][0]["text"],
            ]),
            is_error: false,
        }),
        RequestBody::Question { text, .. } => RequestAnswer::Text {
            text: first(&[
                &result["updatedInput"]["answers"][text],
                &result["answers"]["q1"]["answers"][0],
                &result["value"],
            ]),
        },
        RequestBody::Permission { .. } => {
            RequestAnswer::Permission { option: Some(first(&[&result["behavior"], &result["decision"]])) }
        }
    };
    Some((id, answer))
}

/// A recorded line of the agent with our ids; `None` if it answers what ours did not ask.
fn readdressed(message: &Value, ids: &BTreeMap<String, String>) -> Option<String> {
    let mut message = message.clone();
    if message["total_cost_usd"].is_number() && message["type"].is_null() {
        // Claude puts these fields last, where the recorder cut the line.
        let completed = message["terminal_reason"] == "completed";
        message["type"] = json!("result");
        message["subtype"] = json!(if completed { "success" } else { "error_during_execution" });
        message["is_error"] = json!(!completed);
    }
    if message["type"] == "control_response" {
        message["response"]["request_id"] = json!(ids.get(message["response"]["request_id"].as_str()?)?);
    } else if message["type"] == "response" {
        message["id"] = json!(ids.get(message["id"].as_str()?)?);
    } else if message["method"].is_null() && message["id"].is_number() {
        message["id"] = json!(ids.get(&message["id"].to_string())?.parse::<u64>().unwrap());
    }
    Some(message.to_string())
}

/// Answers what our codec asked and the recorded client did not: the handshake that it left out.
fn answer_the_rest(journal: &mut Journal, asked: &mut Vec<(String, String)>) {
    for (label, id) in std::mem::take(asked) {
        match label.as_str() {
            "initialize" => {
                let response = json!({"subtype": "success", "request_id": id, "response": {}});
                journal.out(&json!({"type": "control_response", "response": response}).to_string());
            }
            "set_host_tools" => {
                journal.out(&json!({"type": "response", "id": id, "success": true}).to_string());
            }
            _ => {}
        }
    }
    flush(journal, asked);
}

fn flush(journal: &mut Journal, asked: &mut Vec<(String, String)>) {
    for frame in journal.write_wanted() {
        let text = std::str::from_utf8(&frame.bytes).unwrap();
        assert_eq!(text.find('\n'), Some(text.len() - 1), "{text}");
        let message: Value = serde_json::from_str(text).unwrap();
        let name = label(&message);
        if name != "control_response" && id(&message) != "null" {
            asked.push((name, id(&message)));
        }
    }
}
