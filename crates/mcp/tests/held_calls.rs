//! The bridge between an MCP client and a daemon that comes and goes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ganger_api::daemon::{ToolCallAnswer, ToolCallRequest};
use ganger_core::agent::ToolDefinition;
use ganger_mcp::{Bridge, Configuration, Timing};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::net::{UnixListener, UnixStream};

const DEADLINE: Duration = Duration::from_secs(60);

/// The agent's side: raw lines, so that what is tested is the wire.
struct Agent {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
}

impl Agent {
    /// Starts a bridge on `socket` and shakes hands as agents of today do (protocol 2025-06-18).
    async fn start(socket: &Path) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let configuration = Configuration {
            socket: socket.to_owned(),
            session: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            incarnation: 2,
            token: "secret".into(),
            tools: vec![ToolDefinition {
                name: "ask_user".into(),
                description: "Asks the user.".into(),
                input_schema: json!({"type": "object", "properties": {"question": {"type": "string"}}}),
            }],
        };
        let timing = Timing {
            progress: Duration::from_millis(20),
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(20),
        };
        let (input, output) = tokio::io::split(theirs);
        tokio::spawn(async move { Bridge::new(configuration, timing).run(input, output).await.unwrap() });
        let (reader, writer) = tokio::io::split(ours);
        let mut agent = Self { lines: BufReader::new(reader).lines(), writer };
        agent
            .send(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}
            }}))
            .await;
        let answer = agent.receive().await;
        assert_eq!(answer["result"]["serverInfo"]["name"], "ganger");
        agent.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        agent
    }

    async fn send(&mut self, message: Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let line = tokio::time::timeout(DEADLINE, self.lines.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn ask(&mut self, id: u64, meta: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
            "_meta": meta, "name": "ask_user", "arguments": {"question": "Which port?"}
        }}))
        .await;
    }
}

/// The next presented call: its headers, its body, and the connection that is held.
async fn accept(daemon: &UnixListener) -> (String, ToolCallRequest, UnixStream) {
    let accepted = tokio::time::timeout(DEADLINE, daemon.accept()).await.unwrap();
    let (mut stream, _) = accepted.unwrap();
    let mut text = String::new();
    let mut bytes = vec![0; 65_536];
    loop {
        let count = stream.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(call) = serde_json::from_str(body)
        {
            return (head.to_owned(), call, stream);
        }
        assert_ne!(count, 0, "the bridge closed a connection in the middle of a request");
    }
}

async fn respond(mut stream: UnixStream, status: &str, body: &impl serde::Serialize) {
    let body = serde_json::to_string(body).unwrap();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.unwrap();
}

fn answer(text: &str) -> ToolCallAnswer {
    ToolCallAnswer { text: text.into(), is_error: false }
}

#[tokio::test]
async fn the_tools_are_listed_as_they_were_given() {
    let directory = tempfile::tempdir().unwrap();
    let mut agent = Agent::start(&directory.path().join("sock")).await;
    agent.send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    let tools = agent.receive().await["result"]["tools"].clone();
    let schema = json!({"type": "object", "properties": {"question": {"type": "string"}}});
    let expected = json!([{"name": "ask_user", "description": "Asks the user.", "inputSchema": schema}]);
    assert_eq!(tools, expected);
}

#[tokio::test]
async fn a_call_outlives_daemons_and_keeps_its_id() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let mut agent = Agent::start(&socket).await;
    // Nobody listens yet.
    agent.ask(7, json!({"progressToken": "t"})).await;
    assert_eq!(agent.receive().await["method"], "notifications/progress");

    let daemon = UnixListener::bind(&socket).unwrap();
    let (head, first, held) = accept(&daemon).await;
    assert!(
        head.contains("x-ganger-session: 01ARZ3NDEKTSV4RRFFQ69G5FAV\r\nx-ganger-token: secret"),
        "{head}"
    );
    assert_eq!((first.incarnation, first.name.as_str()), (2, "ask_user"));
    assert_eq!(first.arguments, json!({"question": "Which port?"}));
    // The daemon is killed while it holds the call; its socket stays and refuses.
    drop((held, daemon));
    assert_eq!(agent.receive().await["params"]["progressToken"], "t");

    std::fs::remove_file(&socket).unwrap();
    let daemon = UnixListener::bind(&socket).unwrap();
    let (_, second, held) = accept(&daemon).await;
    assert_eq!(second, first);
    respond(held, "503 Service Unavailable", &json!({"error": {"message": "starting"}})).await;
    let (_, third, held) = accept(&daemon).await;
    assert_eq!(third, first);
    respond(held, "200 OK", &answer("port 4242")).await;

    let mut counts = Vec::new();
    let result = loop {
        let message = agent.receive().await;
        match message["params"]["progress"].as_f64() {
            Some(count) => counts.push(count),
            None => break message,
        }
    };
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(result["id"], 7);
    assert_eq!(result["result"]["content"][0]["text"], "port 4242");
    assert_eq!(result["result"]["isError"], false);
}

#[tokio::test]
async fn calls_wait_beside_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let daemon = UnixListener::bind(&socket).unwrap();
    let mut agent = Agent::start(&socket).await;
    agent.ask(1, json!({})).await;
    let (_, first, first_held) = accept(&daemon).await;
    agent.ask(2, json!({})).await;
    let (_, second, second_held) = accept(&daemon).await;
    assert_ne!(first.call_id, second.call_id);
    respond(second_held, "200 OK", &answer("two")).await;
    assert_eq!(agent.receive().await["id"], 2);
    respond(first_held, "200 OK", &answer("one")).await;
    assert_eq!(agent.receive().await["result"]["content"][0]["text"], "one");
}

#[tokio::test]
async fn a_refusal_is_an_error_for_the_model_and_never_an_empty_answer() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let daemon = UnixListener::bind(&socket).unwrap();
    let mut agent = Agent::start(&socket).await;
    agent.ask(1, json!({})).await;
    let (_, _, held) = accept(&daemon).await;
    respond(held, "403 Forbidden", &json!({"error": {"message": "This session has ended."}})).await;
    let result = agent.receive().await["result"].clone();
    assert_eq!(result["isError"], true);
    expect_test::expect![
        "ganger could not take this call: the daemon refused /v1/tool-calls with status 403: This session has ended."
    ]
    .assert_eq(result["content"][0]["text"].as_str().unwrap());
}

#[tokio::test]
async fn a_cancelled_call_lets_go_of_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("sock");
    let daemon = UnixListener::bind(&socket).unwrap();
    let mut agent = Agent::start(&socket).await;
    agent.ask(1, json!({})).await;
    let (_, _, mut held) = accept(&daemon).await;
    agent
        .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}))
        .await;
    let count = tokio::time::timeout(DEADLINE, held.read(&mut [0; 1])).await.unwrap().unwrap();
    assert_eq!(count, 0, "the connection ends");
}
