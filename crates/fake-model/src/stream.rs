//! The two forms of a chat completion: one object, or a stream of chunks as server-sent events.

use crate::reply::Due;
use serde_json::{Value, json};

/// Characters in one piece of a streamed text.
const PIECE: usize = 24;

/// Tokens, as a fixed share of characters: never zero, the same for the same request.
fn usage(due: &Due<'_>, body: &Value) -> Value {
    let count = |text: &str| text.len() / 4 + 1;
    let read = count(&body["messages"].to_string());
    let calls: usize =
        due.calls.iter().map(|(name, arguments)| count(name) + count(&arguments.to_string())).sum();
    let written = count(&due.think) + count(&due.text) + calls;
    json!({ "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written })
}

fn finish(due: &Due<'_>) -> &'static str {
    if due.calls.is_empty() { "stop" } else { "tool_calls" }
}

/// The id of a call: the same when the same reply is given again.
fn call_id(due: &Due<'_>, index: usize) -> String {
    format!("call_{}_{index}", due.round + 1)
}

/// The completion as one object.
pub(crate) fn whole(due: &Due<'_>, model: &str, body: &Value) -> Value {
    let mut message = json!({ "role": "assistant", "content": due.text });
    if !due.think.is_empty() {
        message["reasoning_content"] = json!(due.think);
    }
    if !due.calls.is_empty() {
        let calls = due.calls.iter().enumerate().map(|(index, (name, arguments))| {
            let function = json!({ "name": name, "arguments": arguments.to_string() });
            json!({ "id": call_id(due, index), "type": "function", "function": function })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": "chatcmpl-scripted", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish(due) }],
        "usage": usage(due, body),
    })
}

/// The completion as the events of a stream, each with its end.
pub(crate) fn pieces(due: &Due<'_>, model: &str, body: &Value) -> Vec<String> {
    let mut events = Vec::new();
    let mut push = |choices: Value, usage: Value| {
        let mut chunk = json!({
            "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 0, "model": model,
            "choices": choices,
        });
        if !usage.is_null() {
            chunk["usage"] = usage;
        }
        events.push(format!("data: {chunk}\n\n"));
    };
    let delta = |delta: Value| json!([{ "index": 0, "delta": delta, "finish_reason": null }]);
    push(delta(json!({ "role": "assistant", "content": "" })), Value::Null);
    for piece in cut(&due.think) {
        push(delta(json!({ "reasoning_content": piece })), Value::Null);
    }
    for piece in cut(&due.text) {
        push(delta(json!({ "content": piece })), Value::Null);
    }
    for (index, (name, arguments)) in due.calls.iter().enumerate() {
        let function = json!({ "name": name, "arguments": "" });
        let call =
            json!({ "index": index, "id": call_id(due, index), "type": "function", "function": function });
        push(delta(json!({ "tool_calls": [call] })), Value::Null);
        for piece in cut(&arguments.to_string()) {
            let call = json!({ "index": index, "function": { "arguments": piece } });
            push(delta(json!({ "tool_calls": [call] })), Value::Null);
        }
    }
    push(json!([{ "index": 0, "delta": {}, "finish_reason": finish(due) }]), Value::Null);
    if body["stream_options"]["include_usage"] == true {
        push(json!([]), usage(due, body));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn cut(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(PIECE).map(|piece| piece.iter().collect()).collect()
}
