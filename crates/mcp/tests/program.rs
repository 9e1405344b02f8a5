//! The real program's end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(session: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ganger-mcp"))
        .env("GANGER_SOCKET", "/nowhere/ganger.sock")
        .env("GANGER_SESSION", session)
        .env("GANGER_INCARNATION", "1")
        .env("GANGER_TOKEN", "t")
        .env(
            "GANGER_TOOLS",
            r#"[{"name":"ask_user","description":"Asks.","input_schema":{"type":"object"}}]"#,
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn exit_code(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the bridge does not end");
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_call_without_a_daemon_is_held_until_the_agent_closes_standard_input() {
    let mut child = start("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let hello =
        r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#;
    writeln!(stdin, r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{hello}}}"#).unwrap();
    assert!(lines.next().unwrap().unwrap().contains(r#""name":"ganger""#));
    writeln!(stdin, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
    writeln!(stdin, r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"ask_user"}}}}"#)
        .unwrap();
    writeln!(stdin, r#"{{"jsonrpc":"2.0","id":2,"method":"tools/list"}}"#).unwrap();
    // The later request is answered while the call is held.
    assert!(lines.next().unwrap().unwrap().contains(r#""id":2"#));
    drop(stdin);
    assert_eq!(exit_code(&mut child), Some(0));
}

#[test]
fn a_wrong_environment_is_one_sentence_and_exit_code_2() {
    let mut child = start("nonsense");
    assert_eq!(exit_code(&mut child), Some(2));
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let lines: Vec<_> = stderr.lines().map(Result::unwrap).collect();
    assert_eq!(
        lines,
        [
            "ganger mcp: the environment variable GANGER_SESSION is \"nonsense\", which is not a session's id (26 characters)"
        ]
    );
}
