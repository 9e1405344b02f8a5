//! Recordings of real ACP agents, folded: what is reported, what is written, and that neither depends on where the
//! fold was cut.

#![allow(clippy::unwrap_used)]

mod support;

use expect_test::expect_file;
use ganger_core::agent::{AgentEvent, TurnEnd};
use ganger_harness::{codec_for, restore};

const AGENTS: &[&str] = &[
    "claude-acp-acp",
    "codex-acp-acp",
    "copilot-acp",
    "gemini-acp",
    "omp-acp-acp",
    "opencode-acp-acp",
    "qwen-acp",
];
const SITUATIONS: &[&str] = &["basic", "cancel", "error", "load2"];

fn each(check: impl Fn(&str)) {
    for agent in AGENTS {
        for situation in SITUATIONS {
            check(&format!("{agent}-{situation}"));
        }
    }
}

fn fresh() -> Box<dyn ganger_harness::codec::Codec> {
    codec_for("acp").unwrap()
}

#[test]
fn recordings_are_told_as_expected() {
    each(|name| {
        let journal = support::acp::journal(name);
        let told = support::tell(&mut *fresh(), &journal.entries);
        assert_eq!(
            told,
            support::tell(&mut *fresh(), &journal.entries),
            "{name}: a replay tells something else"
        );
        let path = format!("{}/tests/expected/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        expect_file![path].assert_eq(&told);
    });
}

#[test]
fn a_fold_can_be_cut_before_every_entry() {
    each(|name| {
        let journal = support::acp::journal(name);
        support::check_cuts(name, &fresh, &restore, &journal.entries);
    });
}

#[test]
fn framer_and_codec_restart_in_torn_journals() {
    for name in ["claude-acp-acp-basic", "qwen-acp-cancel", "opencode-acp-acp-load2"] {
        let journal = support::acp::journal(name);
        for size in [37, 1000] {
            let torn = support::torn(&journal.records, size);
            support::check_restarts(name, &fresh, &restore, &torn);
        }
    }
}

#[test]
fn every_recorded_turn_ends_as_it_did() {
    let check = |name: &str, expected: &[&str]| {
        let journal = support::acp::journal(name);
        let ends: Vec<&str> = journal
            .events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::TurnEnded(TurnEnd::Completed) => Some("completed"),
                AgentEvent::TurnEnded(TurnEnd::Interrupted) => Some("interrupted"),
                AgentEvent::TurnEnded(TurnEnd::Failed { .. }) => Some("failed"),
                AgentEvent::TurnEnded(_) => Some("other"),
                _ => None,
            })
            .collect();
        assert_eq!(ends, expected, "{name}");
    };
    for agent in AGENTS {
        check(&format!("{agent}-basic"), &["completed"]);
        // The model answered 400, then 401.
        check(&format!("{agent}-error"), &["failed", "failed"]);
        // Claude refused the command that was to be interrupted, and ended its turn before.
        let second = if *agent == "claude-acp-acp" { "completed" } else { "interrupted" };
        check(&format!("{agent}-cancel"), &["interrupted", second]);
    }
}
