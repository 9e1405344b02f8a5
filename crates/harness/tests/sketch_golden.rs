//! Recordings of native protocols, folded by the sketches: handshake, turn, tool call, permission, interrupt and
//! resume fit the trait of codecs.

#![allow(clippy::unwrap_used)]

mod support;

use expect_test::expect_file;
use ganger_core::agent::AgentEvent;
use ganger_harness::codec::Codec;
use ganger_harness::sketch::{ClaudeCodec, CodexCodec, PiCodec};

/// Recording, and the earlier conversation that it goes on with.
const RECORDINGS: &[(&str, Option<&str>)] = &[
    ("claude-perm", None),
    ("claude-sdkmcp", None),
    ("claude-interrupt", None),
    ("claude-error529", None),
    ("claude-resume2", Some("22222222-2222-4222-8222-000795346307")),
    ("codex-as-approve", None),
    ("codex-as-ask", None),
    ("codex-as-interrupt", None),
    ("codex-as-error", None),
    ("codex-as-resume2", Some("01a202e1-ad18-7993-9118-49ed95e7d4fd")),
    ("pi-rpc-basic", None),
    ("pi-rpc-abort", None),
    ("pi-rpc-error", None),
    ("pi-rpc-resume2", Some("session.jsonl")),
    ("omp-rpc-basic", None),
    ("omp-longhost", None),
];

fn fresh(name: &str) -> Box<dyn Codec> {
    match name.split('-').next() {
        Some("claude") => Box::new(ClaudeCodec::new()),
        Some("codex") => Box::new(CodexCodec::new()),
        _ => Box::new(PiCodec::new()),
    }
}

fn restore(version: &str, bytes: &[u8]) -> Option<Box<dyn Codec>> {
    Some(match version {
        "claude-sketch/1" => Box::new(ClaudeCodec::restore(bytes)?),
        "codex-sketch/1" => Box::new(CodexCodec::restore(bytes)?),
        "pi-sketch/1" => Box::new(PiCodec::restore(bytes)?),
        _ => return None,
    })
}

#[test]
fn recordings_are_told_as_expected() {
    for (name, native_id) in RECORDINGS {
        let journal = support::native::journal(name, fresh(name), *native_id);
        let told = support::tell(&mut *fresh(name), &journal.entries);
        let path = format!("{}/tests/expected/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&told);
        let has = |wanted: fn(&AgentEvent) -> bool| journal.events.iter().any(wanted);
        assert!(has(|event| matches!(event, AgentEvent::Ready { .. })), "{name}: no handshake");
        assert!(has(|event| matches!(event, AgentEvent::TurnEnded(_))), "{name}: no turn");
    }
}

#[test]
fn a_fold_can_be_cut_before_every_entry() {
    for (name, native_id) in RECORDINGS {
        let journal = support::native::journal(name, fresh(name), *native_id);
        support::check_cuts(name, &|| fresh(name), &restore, &journal.entries);
    }
}
