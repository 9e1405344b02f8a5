//! `revise`, `drop`, `follow-up`, `new --direct`, `plan`: what is sent, and what is said when it is refused.

use crate::check;
use crate::fake::{Reply, Seen, World, item, plan, result, waits};
use crate::judging::sent_to;
use expect_test::{Expect, expect};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use serde_json::{Value, json};

fn daemon(seen: &Seen) -> Reply {
    match seen.line.as_str() {
        "GET /v1/items/g12/plan" => Reply::Json(two_versions()),
        _ => result("Done."),
    }
}

/// A version that waits while another one is in force.
fn two_versions() -> Value {
    let mut plan = plan("# Plan\n");
    plan["versions"] = json!([
        {"version": 1, "author": "claude", "at": "2026-11-22T12:40:00Z", "state": "approved"},
        {"version": 2, "author": "you", "at": "2026-11-22T12:50:00Z", "state": "submitted"},
    ]);
    plan["diff"] = json!({"from": 1, "to": 2, "text": "--- v1\n+++ v2\n@@ -1 +1 @@\n-old\n+new\n", "repositories": [
        {"repository": "api", "change": "changed"}, {"repository": "shared", "change": "unchanged"}]});
    plan
}

fn sent(line: &[&str], input: &str, expected: Expect) {
    sent_to(daemon, line, input, expected);
}

#[test]
fn what_is_typed_is_what_is_sent() {
    sent(&["revise", "g12", "Three of them."], "", expect![[r#""#]]);
    sent(&["revise", "g12/api", "-m", "Three of them."], "", expect![[r#""#]]);
    sent(&["revise", "g12/api", "-f", "-"], "in words\n", expect![[r#""#]]);
    sent(&["follow-up", "g12", "By tenant too."], "", expect![[r#""#]]);
    sent(&["drop", "g12/web"], "", expect![[r#""#]]);
    sent(&["new", "Limit", "--direct", "--repo", "api"], "", expect![[r#""#]]);
}

#[test]
fn what_is_missing_is_told() {
    sent(&["revise", "g12"], "", expect![[r#""#]]);
    sent(&["follow-up", "g12", " "], "", expect![[r#""#]]);
    sent(&["revise", "g12", "a", "-m", "b"], "", expect![[r#""#]]);
    sent(&["new", "Limit", "--direct", "--note", "x"], "", expect![[r#""#]]);
    sent(&["plan", "g12", "--diff", "a..b"], "", expect![[r#""#]]);
}

#[test]
fn a_wish_that_was_refused_is_kept() {
    let world = World::new(|_: &Seen| {
        Reply::Refuse(ErrorDetail::new(exit::REFUSED, "plan.begun", "g12/api has begun"))
    });
    let editor = world.editor("echo 'Three of them.' > $1");
    let ended = world.run_interactive(&["revise", "g12/api"], "", &[("EDITOR", &editor)]);
    check(&world, &ended, expect![[r#""#]]);
    assert_eq!(world.drafts_left(), [("revise-g12_api.md".to_owned(), "Three of them.".to_owned())]);
}

#[test]
fn versions_are_shown_with_the_one_in_force() {
    sent(&["plan", "g12"], "", expect![[r#""#]]);
    sent(&["plan", "g12", "--diff", "1..2"], "", expect![[r#""#]]);
}

#[test]
fn run_drops_revises_and_goes_on_after_a_refused_change() {
    let mut judged = false;
    let world = World::new(move |seen: &Seen| match seen.line.as_str() {
        "GET /v1/items/g12/plan" => {
            let mut plan = two_versions();
            plan["waves"] =
                json!([[{"repository": "api", "goal": "A limit.", "checks": [], "agent": "claude"}]]);
            Reply::Json(plan)
        }
        "GET /v1/decisions/d44" => Reply::Json(json!({
            "id": "01JD", "handle": "d44", "item": "g12", "target": "g12", "kind": "plan", "subject": "plan v2",
            "detail": null, "since": "2026-11-22T12:58:00Z", "blocks": "blocks g12", "blocks_item": true, "options": [],
            "takes_text": false, "delivery": null, "question": null, "plan": null, "commands": []})),
        "GET /v1/events" => Reply::Stream(Vec::new()),
        line if line.starts_with("POST") => {
            judged |= seen.body["command"] == "reject";
            let command = seen.body["command"].as_str().unwrap().to_owned();
            match command.as_str() {
                // Refused, so that the question stays.
                "drop" | "revise" => {
                    Reply::Refuse(ErrorDetail::new(exit::REFUSED, "plan.begun", format!("no {command}")))
                }
                _ => result("Refused v2."),
            }
        }
        _ if judged => Reply::Json(item("completed", json!({"outcome": "succeeded"}))),
        _ => Reply::Json(item("implementing", json!({"waits": waits("plan", "d44")}))),
    });
    let ended = world.run_interactive(&["run", "g12", "--quiet"], "d\nr\nd api\nr Less.\nn\n", &[]);
    check(&world, &ended, expect![[r#""#]]);
}
