//! `revise`, `drop`, `follow-up`, `new --direct`, `plan`: what is sent, and what is said when it is refused.

use crate::check;
use crate::fake::{Reply, Seen, World, feed, item, plan, result, waits};
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
    sent(
        &["revise", "g12", "Three of them."],
        "",
        expect![[r#"
        POST /v1/items/g12/commands
        {"command":"revise","target":"g12","text":"Three of them."}
        Done.
        exit 0
    "#]],
    );
    sent(
        &["revise", "g12/api", "-m", "Three of them."],
        "",
        expect![[r#"
        POST /v1/items/g12%2Fapi/commands
        {"command":"revise","target":"g12/api","text":"Three of them."}
        Done.
        exit 0
    "#]],
    );
    sent(
        &["revise", "g12/api", "-f", "-"],
        "in words\n",
        expect![[r#"
        POST /v1/items/g12%2Fapi/commands
        {"command":"revise","target":"g12/api","text":"in words"}
        Done.
        exit 0
    "#]],
    );
    sent(
        &["follow-up", "g12", "By tenant too."],
        "",
        expect![[r#"
        POST /v1/items/g12/commands
        {"command":"follow_up","target":"g12","text":"By tenant too."}
        Done.
        exit 0
    "#]],
    );
    sent(
        &["drop", "g12/web"],
        "",
        expect![[r#"
        POST /v1/items/g12%2Fweb/commands
        {"command":"drop","target":"g12/web"}
        Done.
        exit 0
    "#]],
    );
    sent(
        &["new", "Limit", "--direct", "--repo", "api"],
        "",
        expect![[r#"
        POST /v1/items
        {"title":"Limit","description":"","repositories":["api"],"bases":{},"note":null,"direct":true}
        g12
        exit 0
    "#]],
    );
}

#[test]
fn what_is_missing_is_told() {
    sent(
        &["revise", "g12"],
        "",
        expect![[r#"
            error: `revise` needs words, and none were given
              hint: give them as an argument, with -f FILE, with -f - from standard input, or with -e in an
                    editor
            exit 2
        "#]],
    );
    sent(
        &["follow-up", "g12", " "],
        "",
        expect![[r#"
        error: what is still to be done is empty, so nothing was done
        exit 5
    "#]],
    );
    sent(
        &["revise", "g12", "a", "-m", "b"],
        "",
        expect![[r#"
        error: the argument '[TEXT]' cannot be used with '--message <TEXT>'

        Usage: ganger revise <TARGET> <TEXT>

        For more information, try '--help'.
        exit 2
    "#]],
    );
    sent(
        &["new", "Limit", "--direct", "--note", "x"],
        "",
        expect![[r#"
        error: the argument '--direct' cannot be used with '--note <TEXT>'

        Usage: ganger new --direct <TITLE>

        For more information, try '--help'.
        exit 2
    "#]],
    );
    sent(
        &["plan", "g12", "--diff", "a..b"],
        "",
        expect![[r#"
        error: invalid value 'a..b' for '--diff [<A..B>]': `a` is not the number of a version: write 2..3, 2.. or ..3

        For more information, try '--help'.
        exit 2
    "#]],
    );
}

#[test]
fn a_wish_that_was_refused_is_kept() {
    let world = World::new(|_: &Seen| {
        Reply::Refuse(ErrorDetail::new(exit::REFUSED, "plan.begun", "g12/api has begun"))
    });
    let editor = world.editor("echo 'Three of them.' > $1");
    let ended = world.run_interactive(&["revise", "g12/api"], "", &[("EDITOR", &editor)]);
    check(
        &world,
        &ended,
        expect![[r#"
            error: g12/api has begun
              hint: ganger show g12
              hint: your text is kept in HOME/drafts/revise-g12_api.md
            exit 5
        "#]],
    );
    assert_eq!(world.drafts_left(), [("revise-g12_api.md".to_owned(), "Three of them.".to_owned())]);
}

#[test]
fn versions_are_shown_with_the_one_in_force() {
    sent(
        &["plan", "g12"],
        "",
        expect![[r#"
        GET /v1/items/g12/plan
        g12 Rate limit    plan v2 · sha256:7c1e00 · by you, to approve
         Versions  v2 by you, to approve · v1 by claude, approved
         v1 is approved and stays in force; only what v2 changes is new

        # Plan
        exit 0
    "#]],
    );
    sent(
        &["plan", "g12", "--diff", "1..2"],
        "",
        expect![[r#"
        GET /v1/items/g12/plan
        From v1 to v2   changed: api · unchanged: shared
        --- v1
        +++ v2
        @@ -1 +1 @@
        -old
        +new
        exit 0
    "#]],
    );
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
        "GET /v1/events" => feed(seen, Vec::new()),
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
    check(
        &world,
        &ended,
        expect![[r#"
            g12 Rate limit    plan v2 · sha256:7c1e00 · by you, to approve
             wave 1  api  A limit.  checks: none !
             Review nobody · Questions you
             v1 is approved and stays in force; only what v2 changes is new
             Changed since v1   changed: api · unchanged: shared
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › Which repository? Type d and one of api.
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › What is to be different? Type r and the words.
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › error: no drop
              hint: ganger show g12
            g12 Rate limit    plan v2 · sha256:7c1e00 · by you, to approve
             wave 1  api  A limit.  checks: none !
             Review nobody · Questions you
             v1 is approved and stays in force; only what v2 changes is new
             Changed since v1   changed: api · unchanged: shared
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › error: no revise
              hint: ganger show g12
            g12 Rate limit    plan v2 · sha256:7c1e00 · by you, to approve
             wave 1  api  A limit.  checks: none !
             Review nobody · Questions you
             v1 is approved and stays in force; only what v2 changes is new
             Changed since v1   changed: api · unchanged: shared
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › Refused v2.
            ✓ g12 done in 59 m · 0 repositories
            exit 0
        "#]],
    );
}
