//! `run`, `wait`, `events`, `logs`: commands that follow.

use crate::check;
use crate::fake::{Reply, Seen, World, event, feed, item, plan, result, waits};
use expect_test::expect;
use serde_json::{Value, json};

/// A daemon whose item is planned on `start`, implemented on `approve`, and done one look later.
fn life() -> impl FnMut(&Seen) -> Reply {
    let mut status = "ingested";
    let mut cursor = 0;
    move |seen| match seen.line.as_str() {
        "GET /v1/events" => {
            cursor += 1;
            let name = format!("work_item.{status}");
            feed(seen, vec![event(&format!("{cursor}.0"), &name, &format!("is {status}"))])
        }
        "GET /v1/items/g12" => Reply::Json(match status {
            "plan_review" => item(
                status,
                json!({"waits": waits("plan", "d44"),
                "plan": {"version": 1, "digest": "sha256:7c1e00", "approved_at": null}}),
            ),
            "implementing" => {
                status = "completed";
                item("implementing", json!({}))
            }
            "completed" => item(status, json!({"outcome": "succeeded"})),
            _ => item(status, json!({})),
        }),
        "GET /v1/decisions/d44" => Reply::Json(json!({
            "id": "01JD", "handle": "d44", "item": "g12", "target": "g12", "kind": "plan", "subject": "the plan",
            "detail": null, "since": "2026-11-22T12:58:00Z", "blocks": "blocks g12", "blocks_item": true, "options": [], "question": null,
            "takes_text": false, "delivery": null, "plan": null, "commands": [],
        })),
        "GET /v1/items/g12/plan" => Reply::Json(plan("# Plan\n")),
        _ => {
            let command = seen.body["command"].as_str().unwrap_or_default().to_owned();
            status = match command.as_str() {
                "start" => "plan_review",
                "approve" => "implementing",
                "reject" => "ingested",
                _ => status,
            };
            result(&format!("Did {command}."))
        }
    }
}

fn commands(world: &World) -> Vec<String> {
    world.posts().iter().map(|post| post["command"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn run_follows_to_the_end() {
    let world = World::new(life());
    let ended = world.run(&["run", "g12", "--yes", "--quiet"], "", &[]);
    check(
        &world,
        &ended,
        expect![[r#"
        ✓ g12 done in 59 m · 0 repositories
        exit 0
    "#]],
    );
    assert_eq!(commands(&world), ["start", "approve"]);
    assert_eq!(world.posts()[1]["digest"], json!("sha256:7c1e00"));
}

#[test]
fn what_comes_late_over_the_stream_is_told_before_the_end() {
    let world = World::new(move |seen: &Seen| match seen.line.as_str() {
        "GET /v1/events" if seen.query.contains("after=now") => feed(seen, Vec::new()),
        "GET /v1/events" if seen.query.contains("follow=true") => Reply::Stream(Vec::new()),
        "GET /v1/events" => Reply::Json(json!({
            "schema": "ganger/events/1", "cursor": "7.0", "more": false,
            "events": [event("7.0", "work_item.completed", "everything is published")],
        })),
        _ => Reply::Json(item("completed", json!({"outcome": "succeeded"}))),
    });
    check(
        &world,
        &world.run(&["run", "g12"], "", &[]),
        expect![[r#"
            g12 Rate limit
            12:59    everything is published
            ✓ g12 done in 59 m · 0 repositories
            exit 0
        "#]],
    );
}

#[test]
fn run_without_a_terminal_says_what_it_needs() {
    let world = World::new(life());
    let ended = world.run(&["run", "g12", "--quiet"], "", &[]);
    check(
        &world,
        &ended,
        expect![[r#"
        ? g12  Rate limit  plan_review
          ganger answer d44
        exit 3
    "#]],
    );
    let ended = world.run(&["run", "g12", "--json"], "", &[]);
    assert_eq!(ended.code, 3);
    for line in ended.output.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["cursor"].is_string(), "{line}");
    }
}

#[test]
fn run_asks_on_a_terminal() {
    let world = World::new(life());
    let ended = world.run_interactive(&["run", "g12", "--quiet"], "what\nv\ny\n", &[]);
    check(
        &world,
        &ended,
        expect![[r#"
            g12 Rate limit    plan v2 · sha256:7c1e00
             Review nobody · Questions you
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › `what` is none of y, v, e, d, r, n, l; words may follow d, r and n.
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › g12 Rate limit    plan v2 · sha256:7c1e00

            # Plan
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › Did approve.
            ✓ g12 done in 59 m · 0 repositories
            exit 0
        "#]],
    );
    let world = World::new(life());
    let ended = world.run_interactive(&["run", "g12", "--quiet"], "n too broad\n", &[]);
    check(
        &world,
        &ended,
        expect![[r#"
            g12 Rate limit    plan v2 · sha256:7c1e00
             Review nobody · Questions you
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › Did reject.
            exit 0
        "#]],
    );
    assert_eq!(world.posts()[1]["text"], json!("too broad"));
    // The end of the input is a person who leaves.
    let world = World::new(life());
    check(
        &world,
        &world.run_interactive(&["run", "g12", "--quiet"], "", &[]),
        expect![[r#"
            g12 Rate limit    plan v2 · sha256:7c1e00
             Review nobody · Questions you
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › 
            Detached from g12; agents go on. Attach again: ganger run g12
            exit 130
        "#]],
    );
}

#[test]
fn wait_ends_with_the_code_of_what_happened() {
    let check = |answers: Vec<Value>, line: &[&str], code: u8| {
        let mut answers = answers.into_iter().peekable();
        let world = World::new(move |seen: &Seen| match seen.line.as_str() {
            "GET /v1/events" => Reply::Stream(vec![event("1.0", "x", "x")]),
            _ => {
                let answer = answers.peek().unwrap().clone();
                if answers.len() > 1 {
                    answers.next();
                }
                Reply::Json(answer)
            }
        });
        let ended = world.run(line, "", &[]);
        assert_eq!(ended.code, code, "{ended:?}");
    };
    let running = || item("implementing", json!({}));
    let asks = || item("implementing", json!({"waits": waits("question", "d41")}));
    let done = || item("completed", json!({"outcome": "succeeded"}));
    let failed = || item("failed", json!({"outcome": "failed"}));
    check(vec![running(), running(), done()], &["wait", "g12"], 0);
    check(vec![running(), failed()], &["wait", "g12"], 1);
    check(vec![running(), asks()], &["wait", "g12"], 3);
    check(vec![asks(), done()], &["wait", "g12", "--for", "done"], 0);
    check(vec![running()], &["wait", "g12", "--timeout", "0"], 7);
}

#[test]
fn events_and_logs_go_on_where_they_were() {
    let mut pages = 0;
    let world = World::new(move |seen: &Seen| match seen.line.as_str() {
        "GET /v1/events" => {
            pages += 1;
            let events = [event(&format!("{pages}.0"), "plan.submitted", "v1 by claude")];
            Reply::Json(
                json!({"schema": "ganger/events/1", "events": events, "cursor": "1.0", "more": pages < 2}),
            )
        }
        _ => Reply::Json(json!({"schema": "ganger/log/1", "cursor": "1:2", "lines": [
            {"cursor": "1:2", "at": "2026-11-22T12:59:30Z", "source": "g12/api@1", "kind": "agent",
             "text": "hello", "failed": false}]})),
    });
    check(
        &world,
        &world.run(&["events"], "", &[]),
        expect![[r#"
            12:59:30  g12               plan.submitted                v1 by claude
            12:59:30  g12               plan.submitted                v1 by claude
            exit 0
        "#]],
    );
    check(
        &world,
        &world.run(&["events", "--json=cursor,name"], "", &[]),
        expect![[r#"
        {"cursor":"3.0","name":"plan.submitted"}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["logs", "g12/api", "-n", "5"], "", &[]),
        expect![[r#"
        12:59:30 agent   hello
        exit 0
    "#]],
    );
}
