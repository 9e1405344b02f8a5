//! Whatever an agent writes, in whatever order: no codec panics, and every fold can be cut.

#![allow(clippy::unwrap_used)]

mod support;

use ganger_core::agent::{RequestAnswer, SessionCommand, SessionStart};
use ganger_core::journal::{ExitStatus, Position};
use ganger_harness::codec::{Codec, Entry, EntryBody, Note};
use ganger_harness::sketch::{ClaudeCodec, CodexCodec, PiCodec};
use ganger_harness::{codec_for, restore};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Lines that real agents wrote, to be mixed and bent.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = [
        "claude-acp-acp-basic",
        "codex-acp-acp-error",
        "qwen-acp-cancel",
        "omp-acp-acp-basic",
        "claude-perm",
        "codex-as-ask",
        "pi-rpc-basic",
        "omp-longhost",
    ];
    let lines = names.iter().flat_map(|name| support::recording::read(name));
    let mut lines: Vec<String> =
        lines.filter(|line| line.direction == "out").map(|line| line.message.to_string()).collect();
    lines.retain(|line| line.len() < 2000);
    lines
});

fn command() -> impl Strategy<Value = SessionCommand> {
    let start = prop::option::of("[a-z]{1,3}").prop_map(|native_id| {
        SessionCommand::Start(SessionStart {
            directory: "/w".into(),
            native_id,
            model: Some("m".into()),
            tools: vec![],
            bridge: None,
        })
    });
    let answer = ("[0-9]", prop::option::of("allow-once|y")).prop_map(|(request, option)| {
        SessionCommand::Answer { request, answer: RequestAnswer::Permission { option } }
    });
    prop_oneof![
        start,
        Just(SessionCommand::Prompt { text: "p".into() }),
        answer,
        Just(SessionCommand::Interrupt)
    ]
}

/// One step: a note, a write of what is wanted, a line.
#[derive(Clone, Debug)]
enum Step {
    Note(SessionCommand),
    Write,
    Line(String),
    /// A recorded line whose id is the `n`-th that we may have used.
    Recorded(usize, u64),
    Err(String),
    Exit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => command().prop_map(Step::Note),
        4 => Just(Step::Write),
        1 => ".{0,40}".prop_map(Step::Line),
        1 => r#"\{"id":[0-9]{1,3},"(method|result|error|params)":("x"|\{"stopReason":[a-z0-9"]{1,4}\}|null|\[\])\}"#.prop_map(Step::Line),
        6 => (any::<usize>(), 0_u64..30).prop_map(|(line, id)| Step::Recorded(line, id)),
        1 => ".{0,20}".prop_map(Step::Err),
        1 => Just(Step::Exit),
    ]
}

fn fold(
    fresh: impl Fn() -> Box<dyn Codec>,
    restore: impl Fn(&str, &[u8]) -> Option<Box<dyn Codec>>,
    steps: &[Step],
) {
    let mut codec = fresh();
    let mut entries = Vec::new();
    let mut n = 0;
    for (at, step) in steps.iter().enumerate() {
        let body = match step {
            Step::Note(command) => {
                n += 1;
                EntryBody::Note { n, note: Note { effect: None, command: command.clone() } }
            }
            Step::Write => {
                let Some(frame) = codec.wanted().into_iter().next() else { continue };
                n += 1;
                EntryBody::In { n, key: frame.key, bytes: frame.bytes }
            }
            Step::Line(line) => EntryBody::Out(line.clone()),
            Step::Recorded(line, id) => {
                let mut message: serde_json::Value =
                    serde_json::from_str(&LINES[line % LINES.len()]).unwrap();
                let ours = id * 32;
                if message["type"] == "control_response" {
                    message["response"]["request_id"] = ours.to_string().into();
                } else if message["type"] == "response" {
                    message["id"] = ours.to_string().into();
                } else if message["method"].is_null() {
                    message["id"] = ours.into();
                }
                EntryBody::Out(message.to_string())
            }
            Step::Err(line) => EntryBody::Err(line.clone()),
            Step::Exit => EntryBody::Exit(ExitStatus { code: None, signal: Some(9) }),
        };
        let entry = Entry { position: Position { record: at as u64 + 1, ordinal: 0 }, at_ms: 1, body };
        codec.step(&entry);
        entries.push(entry);
    }
    support::check_cuts("arbitrary", &fresh, &restore, &entries);
}

fn restore_sketch(version: &str, bytes: &[u8]) -> Option<Box<dyn Codec>> {
    Some(match version {
        "claude-sketch/1" => Box::new(ClaudeCodec::restore(bytes)?),
        "codex-sketch/1" => Box::new(CodexCodec::restore(bytes)?),
        _ => Box::new(PiCodec::restore(bytes)?),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sketches(steps in prop::collection::vec(step(), 0..60)) {
        fold(|| Box::new(ClaudeCodec::new()), restore_sketch, &steps);
        fold(|| Box::new(CodexCodec::new()), restore_sketch, &steps);
        fold(|| Box::new(PiCodec::new()), restore_sketch, &steps);
    }

    #[test]
    fn acp(steps in prop::collection::vec(step(), 0..60)) {
        fold(|| codec_for("acp").unwrap(), restore, &steps);
    }
}
