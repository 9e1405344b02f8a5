//! From a recording of an ACP agent to a golden journal.

use super::{Journal, recording};
use ganger_core::agent::{BridgeProgram, RequestAnswer, SessionCommand, SessionStart};
use ganger_harness::codec::Frame;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The journal that the codec and the recorded agent write together.
pub fn journal(name: &str) -> Journal {
    let lines = recording::read(name);
    let sent: Vec<&Value> = lines.iter().filter(|l| l.direction == "in").map(|l| &l.message).collect();
    let find = |method: &str| sent.iter().find(|message| message["method"] == method).copied();
    let opening = find("session/load").or_else(|| find("session/new")).expect("an opening");
    let session = find("session/prompt").map_or(Value::Null, |prompt| prompt["params"]["sessionId"].clone());

    let mut journal = Journal::new(ganger_harness::codec_for("acp").unwrap());
    let mut asked: Vec<(String, Value)> = Vec::new();
    let mut ids: BTreeMap<u64, Value> = BTreeMap::new();
    journal.note(SessionCommand::Start(start(&opening["params"])));
    for line in &lines {
        let message = &line.message;
        flush(&mut journal, &mut asked);
        match line.direction.as_str() {
            "in" => match message["method"].as_str() {
                Some("session/prompt") => {
                    answer_the_rest(&mut journal, &mut asked, &session);
                    let text = message["params"]["prompt"][0]["text"].as_str().unwrap().to_owned();
                    journal.note(SessionCommand::Prompt { text });
                    flush(&mut journal, &mut asked);
                    adopt(message, &mut asked, &mut ids);
                }
                Some("session/cancel") => journal.note(SessionCommand::Interrupt),
                Some(_) => adopt(message, &mut asked, &mut ids),
                None => {
                    let id = message["id"].to_string();
                    if journal.codec.pending().iter().any(|request| request.wire_id == id) {
                        let option = message["result"]["outcome"]["optionId"].as_str().map(str::to_owned);
                        let answer = RequestAnswer::Permission { option };
                        journal.note(SessionCommand::Answer { request: id, answer });
                    }
                }
            },
            "out" if message["method"].is_null() && message["id"].is_u64() => {
                // Answers to what our codec did not ask are left out.
                if let Some(id) = ids.get(&message["id"].as_u64().unwrap()) {
                    let mut message = message.clone();
                    message["id"] = id.clone();
                    if message["result"]["configOptions"].is_array()
                        && message["result"]["sessionId"].is_null()
                    {
                        // Lost where the recorder cut the line.
                        message["result"]["sessionId"] = session.clone();
                    }
                    journal.out(&message.to_string());
                }
            }
            "out" => match message.as_str() {
                Some(garbage) => journal.out(garbage),
                None => journal.out(&message.to_string()),
            },
            "err" => journal.err(message.as_str().unwrap_or_default()),
            other => panic!("{name}: unknown direction {other}"),
        }
    }
    flush(&mut journal, &mut asked);
    journal.exit();
    journal
}

fn start(opening: &Value) -> SessionStart {
    let server = &opening["mcpServers"][0];
    let bridge = server.is_object().then(|| BridgeProgram {
        name: server["name"].as_str().unwrap().to_owned(),
        command: std::iter::once(&server["command"])
            .chain(server["args"].as_array().unwrap())
            .map(|word| word.as_str().unwrap().to_owned())
            .collect(),
        environment: BTreeMap::from([("GANGER_SESSION".to_owned(), "x".to_owned())]),
    });
    SessionStart {
        directory: opening["cwd"].as_str().unwrap().to_owned(),
        native_id: opening["sessionId"].as_str().map(str::to_owned),
        model: None,
        tools: vec![],
        bridge,
    }
}

fn flush(journal: &mut Journal, asked: &mut Vec<(String, Value)>) {
    for frame in journal.write_wanted() {
        let message = check_frame(&frame);
        if let (Some(method), false) = (message["method"].as_str(), message["id"].is_null()) {
            asked.push((method.to_owned(), message["id"].clone()));
        }
    }
}

/// The recorded client's request is the one that our codec made by the same method.
fn adopt(message: &Value, asked: &mut Vec<(String, Value)>, ids: &mut BTreeMap<u64, Value>) {
    if let Some(at) = asked.iter().position(|(method, _)| message["method"] == method.as_str()) {
        ids.insert(message["id"].as_u64().unwrap(), asked.remove(at).1);
    }
}

/// Answers what our codec asked and the recorded client did not.
fn answer_the_rest(journal: &mut Journal, asked: &mut Vec<(String, Value)>, session: &Value) {
    for (method, id) in std::mem::take(asked) {
        let result = if method == "session/new" { json!({"sessionId": session}) } else { json!({}) };
        if method != "session/prompt" {
            journal.out(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
        }
    }
    flush(journal, asked);
}

/// A frame is one line of valid JSON-RPC, and a request's id is the one that its key tells.
pub fn check_frame(frame: &Frame) -> Value {
    let text = std::str::from_utf8(&frame.bytes).unwrap();
    let line = text.strip_suffix('\n').expect("a line end");
    assert!(!line.contains('\n'), "{text}");
    let message: Value = serde_json::from_str(line).unwrap();
    assert_eq!(message["jsonrpc"], "2.0", "{text}");
    let kinds = ["method", "result", "error"].iter().filter(|name| !message[**name].is_null()).count();
    assert_eq!(kinds, 1, "{text}");
    if message["method"].is_null() {
        assert!(!message["id"].is_null(), "{text}");
    } else if !message["id"].is_null() {
        let (n, k) = frame.key.strip_prefix('n').and_then(|key| key.split_once('.')).expect("a note's key");
        let id = n.parse::<u64>().unwrap() * 64 + k.parse::<u64>().unwrap();
        assert_eq!(message["id"], id, "{text}");
    }
    message
}
