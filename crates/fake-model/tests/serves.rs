//! The server as an agent program sees it: raw HTTP over TCP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use expect_test::{Expect, expect};
use ganger_fake_model::FakeModel;
use ganger_fake_model::script::Script;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SCRIPT: &str = r#"
[[rules]]
name = "plan"
when = { prompt_contains = ["Plan"], tool = "submit_plan" }
[[rules.replies]]
think = "Two repositories."
text = "I write the plan down, then I submit it."
calls = [{ tool = { name = "submit_plan", arguments = { document = "bad" } } }]
[[rules.replies]]
calls = [
    { tool = { name = "submit_plan", arguments = { document = "good" } } },
    { write = { path = "a.txt", text = "a" } },
]
[[rules.replies]]
error = 529
error_times = 1
text = "It is accepted."
[[rules]]
when = { prompt_contains = ["cut"] }
replies = [{ text = "This sentence is never whole, whatever you do.", cut = true }]
"#;

async fn start(log: Option<&std::path::Path>) -> FakeModel {
    FakeModel::start(Script::from_toml(SCRIPT, "test").unwrap(), 0, log).await.unwrap()
}

/// Sends a request and reads to the end of the connection: status, body without the chunks' lengths, and whether it
/// came whole.
async fn request(model: &FakeModel, method: &str, path: &str, body: &str) -> (u16, String, bool) {
    let mut stream = TcpStream::connect(("127.0.0.1", model.port())).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, mut rest) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if !head.contains("chunked") {
        return (status, rest.to_owned(), true);
    }
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (status, whole, true);
        }
        whole.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    (status, whole, false)
}

/// A conversation in which the model has spoken `spoken` times since the prompt.
fn conversation(prompt: &str, spoken: usize, stream: bool) -> Value {
    let mut messages = vec![
        json!({"role": "system", "content": "You code."}),
        json!({"role": "user", "content": [{"type": "text", "text": prompt}]}),
    ];
    for _ in 0..spoken {
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": []}));
        messages.push(json!({"role": "tool", "tool_call_id": "c", "content": "ok"}));
    }
    let tool = |name: &str, argument: &str| {
        let parameters = json!({"type": "object", "properties": {argument: {}}});
        json!({"type": "function", "function": {"name": name, "parameters": parameters}})
    };
    json!({
        "model": "scripted-1", "stream": stream, "stream_options": {"include_usage": true}, "messages": messages,
        "tools": [tool("bash", "command"), tool("ganger_submit_plan", "document")],
    })
}

/// The value with its objects in the order of their keys: crates elsewhere in a build can switch that order off.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
            let fields = fields.iter().map(|(key, value)| format!("{key:?}:{}", sorted(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

async fn check(model: &FakeModel, body: Value, expected: Expect) {
    let (status, text, whole) = request(model, "POST", "/v1/chat/completions", &body.to_string()).await;
    let lines = text.lines().filter(|line| !line.is_empty()).map(|line| {
        let Ok(mut value) = serde_json::from_str::<Value>(line.strip_prefix("data: ").unwrap_or(line)) else {
            return line.to_owned();
        };
        // Counted from the request's length: not worth pinning.
        value["usage"].take();
        let part = if value["choices"][0].is_object() { value["choices"][0].clone() } else { value };
        sorted(&part)
    });
    let end = if whole { "" } else { "\n(broken off)" };
    expected.assert_eq(&format!("{status}\n{}{end}", lines.collect::<Vec<_>>().join("\n")));
}

#[tokio::test]
async fn a_conversation_goes_as_the_script_says() {
    let model = start(None).await;
    check(&model, conversation("Plan it.", 0, true), expect![[r#"
        200
        {"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}
        {"delta":{"reasoning_content":"Two repositories."},"finish_reason":null,"index":0}
        {"delta":{"content":"I write the plan down, t"},"finish_reason":null,"index":0}
        {"delta":{"content":"hen I submit it."},"finish_reason":null,"index":0}
        {"delta":{"tool_calls":[{"function":{"arguments":"","name":"ganger_submit_plan"},"id":"call_1_0","index":0,"type":"function"}]},"finish_reason":null,"index":0}
        {"delta":{"tool_calls":[{"function":{"arguments":"{\"document\":\"bad\"}"},"index":0}]},"finish_reason":null,"index":0}
        {"delta":{},"finish_reason":"tool_calls","index":0}
        {"choices":[],"created":0,"id":"chatcmpl-scripted","model":"scripted-1","object":"chat.completion.chunk","usage":null}
        data: [DONE]"#]]).await;
    check(&model, conversation("Plan it.", 1, false), expect![[r#"
        200
        {"finish_reason":"tool_calls","index":0,"message":{"content":"","role":"assistant","tool_calls":[{"function":{"arguments":"{\"document\":\"good\"}","name":"ganger_submit_plan"},"id":"call_2_0","type":"function"},{"function":{"arguments":"{\"command\":\"printf %s 'a' > 'a.txt'\"}","name":"bash"},"id":"call_2_1","type":"function"}]}}"#]]).await;
    for expected in [
        expect![[r#"
        529
        {"error":{"code":"server_error","message":"this error stands in the script","type":"server_error"},"usage":null}"#]],
        expect![[r#"
        200
        {"finish_reason":"stop","index":0,"message":{"content":"It is accepted.","role":"assistant"}}"#]],
    ] {
        check(&model, conversation("Plan it.", 2, false), expected).await;
    }
    check(
        &model,
        conversation("Plan it.", 3, false),
        expect![[r#"
        200
        {"finish_reason":"stop","index":0,"message":{"content":"Done.","role":"assistant"}}"#]],
    )
    .await;
    check(&model, conversation("What else?", 0, false), expect![[r#"
        200
        {"finish_reason":"stop","index":0,"message":{"content":"No rule of the script fits this conversation.","role":"assistant"}}"#]]).await;
    check(
        &model,
        conversation("cut", 0, true),
        expect![[r#"
        200
        {"delta":{"content":"","role":"assistant"},"finish_reason":null,"index":0}
        {"delta":{"content":"This sentence is never w"},"finish_reason":null,"index":0}
        {"delta":{"content":"hole, whatever you do."},"finish_reason":null,"index":0}
        (broken off)"#]],
    )
    .await;
}

#[tokio::test]
async fn a_reply_is_due_until_its_text_was_heard() {
    let script = r#"
[[rules]]
name = "work"
when = { prompt_contains = ["Work"] }
[[rules.replies]]
until = "one is done"
calls = [{ run = { command = "first" } }]
[[rules.replies]]
until = "two is done"
calls = [{ run = { command = "second" } }]
[[rules.replies]]
text = "Both are done."
"#;
    let model = FakeModel::start(Script::from_toml(script, "test").unwrap(), 0, None).await.unwrap();
    let due = async |heard: &[&str]| {
        let mut body = conversation("Work.", 0, false);
        let messages = body["messages"].as_array_mut().unwrap();
        for (number, text) in heard.iter().enumerate() {
            if let Some(prompt) = text.strip_prefix("user: ") {
                messages.push(json!({"role": "user", "content": prompt}));
            } else {
                messages.push(json!({"role": "assistant", "content": "one is done, I guess"}));
                messages.push(json!({"role": "tool", "tool_call_id": number.to_string(), "content": text}));
            }
        }
        let (_, text, _) = request(&model, "POST", "/v1/chat/completions", &body.to_string()).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        let message = &answer["choices"][0]["message"];
        let call = &message["tool_calls"][0]["function"]["arguments"];
        call.as_str().or(message["content"].as_str()).unwrap().to_owned()
    };
    let cases: [(&[&str], &str); 5] = [
        (&[], "first"),
        // What failed, or was interrupted, is tried again; what the model says itself is no proof.
        (&["error: aborted"], "first"),
        (&["one is done"], "second"),
        (&["one is done", "user: You were interrupted.", "error"], "second"),
        (&["one is done", "two is done"], "Both are done."),
    ];
    for (heard, expected) in cases {
        let answer = due(heard).await;
        assert!(answer.contains(expected), "{heard:?}: {answer}");
    }
    assert_eq!(due(&["error"; 40]).await, "The script is not at its end after 40 answers, so I stop.");
}

#[tokio::test]
async fn what_was_heard_can_be_said_again() {
    let script = r#"
[[rules]]
take = { place = ["You work in ", ", a checkout"], missing = ["<", ">"], number = ["g", ","] }
[[rules.replies]]
text = "In {place}, {missing}."
calls = [
    { write = { path = "{place}/a", text = "{place}" } },
    { tool = { name = "submit_plan", arguments = { id = "{number}", text = "the {number}" } } },
]
"#;
    let model = FakeModel::start(Script::from_toml(script, "test").unwrap(), 0, None).await.unwrap();
    check(&model, conversation("You work in /home/ada/g1, a checkout.", 0, false), expect![[r#"
        200
        {"finish_reason":"tool_calls","index":0,"message":{"content":"In /home/ada/g1, {missing}.","role":"assistant","tool_calls":[{"function":{"arguments":"{\"command\":\"printf %s '/home/ada/g1' > '/home/ada/g1/a'\"}","name":"bash"},"id":"call_1_0","type":"function"},{"function":{"arguments":"{\"id\":1,\"text\":\"the 1\"}","name":"ganger_submit_plan"},"id":"call_1_1","type":"function"}]}}"#]]).await;
}

#[tokio::test]
async fn requests_on_the_side_get_the_aside_and_what_is_not_served_says_so() {
    let model = start(None).await;
    let title = json!({"messages": [{"role": "user", "content": "Plan a title."}]});
    check(
        &model,
        title,
        expect![[r#"
        200
        {"finish_reason":"stop","index":0,"message":{"content":"Scripted title","role":"assistant"}}"#]],
    )
    .await;
    let (status, text, _) = request(&model, "GET", "/v1/models", "").await;
    expect![[r#"200 {"data":[{"created":0,"id":"scripted-1","object":"model","owned_by":"ganger"}],"object":"list"}"#]].assert_eq(&format!("{status} {}", sorted(&serde_json::from_str(&text).unwrap())));
    let (status, text, _) = request(&model, "POST", "/v1/responses", "{}").await;
    expect![[r#"404 {"error":{"code":"invalid_request_error","message":"POST /v1/responses is not served; served are GET /v1/models and POST /v1/chat/completions","type":"invalid_request_error"}}"#]].assert_eq(&format!("{status} {}", sorted(&serde_json::from_str(&text).unwrap())));
    let (status, _, _) = request(&model, "POST", "/v1/chat/completions", "{").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn every_request_stands_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("requests.jsonl");
    let model = start(Some(&log)).await;
    request(&model, "GET", "/v1/models", "").await;
    request(&model, "POST", "/v1/chat/completions", &conversation("Plan it.", 1, true).to_string()).await;
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&json!("/v1/models"), &json!(200)));
    assert_eq!((&lines[1]["rule"], &lines[1]["reply"]), (&json!("plan"), &json!(2)));
    assert_eq!(lines[1]["tools"], json!(["bash", "ganger_submit_plan"]));
    assert_eq!(lines[1]["body"]["messages"][0]["content"], "You code.");
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_script_that_is_wrong_is_refused() {
    let refuse = |text: &str| Script::from_toml(text, "x.toml").unwrap_err().to_string();
    expect![[r#"
        the script x.toml is not understood: TOML parse error at line 1, column 25
          |
        1 | rules = [{ replies = [{ txt = 'a' }] }]
          |                         ^^^
        unknown field `txt`, expected one of `until`, `think`, `text`, `calls`, `error`, `error_times`, `wait_ms`, `piece_wait_ms`, `hang`, `cut`"#]].assert_eq(&refuse("rules = [{ replies = [{ txt = 'a' }] }]"));
    expect![
        "the script x.toml is not understood: error = 200 is no status of an error; possible are 400 to 599"
    ]
    .assert_eq(&refuse("rules = [{ replies = [{ error = 200 }] }]"));
}
