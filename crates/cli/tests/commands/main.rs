//! The command line against a daemon that answers by script.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod edit;
mod fake;
mod follow;
mod judging;
mod looking;
mod machine;
mod planning;

use expect_test::{Expect, expect};
use fake::{Ended, Reply, Seen, World, result, write};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use serde_json::json;

fn check(world: &World, ended: &Ended, expected: Expect) {
    expected.assert_eq(&ended.text(world));
}

fn items(_: &Seen) -> Reply {
    Reply::Json(json!({"schema": "ganger/items/1", "items": [], "finished_hidden": 2}))
}

#[test]
fn the_daemon_starts_by_itself_and_once() {
    let world = World::new(items);
    check(
        &world,
        &world.run(&["ls"], "", &[]),
        expect![[r#"
        Nothing lives. 2 finished: ganger ls --all
        exit 0
    "#]],
    );
    world.run(&["ls"], "", &[]);
    assert_eq!(*world.starts.lock().unwrap(), 1);
    assert_eq!(world.lines(), ["GET /v1/items", "GET /v1/items"]);
}

/// A daemon that says of itself that it is of another version, until it is stopped.
fn other_version(code: &'static str) -> World {
    let mut stopped = false;
    World::new(move |seen| match seen.line.as_str() {
        "POST /v1/daemon/stop" => {
            stopped = true;
            Reply::Json(json!({"pid": 7, "sessions_live": 3}))
        }
        "GET /v1/daemon" => Reply::Break,
        _ if stopped => items(seen),
        _ => {
            let message = "the daemon is ganger 0.0.1, another than this";
            Reply::Refuse(ErrorDetail::new(exit::ENVIRONMENT, code, message).hint("install it"))
        }
    })
}

#[test]
fn an_older_daemon_is_replaced_and_a_newer_one_is_not() {
    let world = other_version("daemon.older");
    let ended = world.run(&["ls"], "", &[]);
    let said = ended.text(&world).replace(ganger_api::version::VERSION, "NEW");
    expect![[r#"
        Nothing lives. 2 finished: ganger ls --all
        The daemon was an older ganger; NEW goes on in its place.
        exit 0
    "#]]
    .assert_eq(&said);
    assert_eq!(world.lines(), ["GET /v1/items", "POST /v1/daemon/stop", "GET /v1/daemon", "GET /v1/items"]);

    let world = other_version("daemon.newer");
    check(
        &world,
        &world.run(&["ls"], "", &[]),
        expect![[r#"
        error: the daemon is ganger 0.0.1, another than this
          hint: install it
        exit 6
    "#]],
    );
}

#[test]
fn inside_a_session_and_for_help_no_daemon_starts() {
    let world = World::new(items);
    check(
        &world,
        &world.run(&["ls"], "", &[("GANGER_SESSION", "01JD")]),
        expect![[r#"
        error: no daemon answers on HOME/sock: No such file or directory (os error 2)
          hint: inside an agent's session no daemon is started; a person has to
        exit 6
    "#]],
    );
    check(
        &world,
        &world.run(&["daemon", "status", "--json"], "", &[]),
        expect![[r#"
            {"error":{"code":"daemon.absent","message":"no daemon answers on HOME/sock: No such file or directory (os error 2)","hints":["ganger daemon start"],"exit":6}}
            exit 6
        "#]],
    );
    assert!(world.run(&["--help"], "", &[]).output.contains("Exit codes:\n  0    done\n"));
    assert!(world.run(&["run", "--help"], "", &[]).output.contains("Ctrl-C detaches"));
    assert_eq!(world.run(&["--version"], "", &[]).code, 0);
    assert_eq!(*world.starts.lock().unwrap(), 0);
}

#[test]
fn a_command_goes_again_under_its_key_when_the_connection_breaks() {
    let mut broken = 0;
    let world = World::new(move |_| {
        broken += 1;
        if broken < 3 { Reply::Break } else { result("Stopped g12.") }
    });
    check(
        &world,
        &world.run(&["stop", "g12/api"], "", &[]),
        expect![[r#"
            Stopped g12.
            exit 0
        "#]],
    );
    let posts = world.posts();
    assert_eq!(world.lines(), ["POST /v1/items/g12%2Fapi/commands"; 3]);
    assert!(posts.iter().all(|post| *post == posts[0]), "{posts:?}");
    let mut post = posts[0].clone();
    assert!(post["key"].as_str().unwrap().starts_with("cli-"));
    post["key"] = "KEY".into();
    post["directory"] = "DIR".into();
    expect![[r#"{"key":"KEY","directory":"DIR","command":"stop","target":"g12/api"}"#]]
        .assert_eq(&post.to_string());
}

#[test]
fn errors_are_a_sentence_and_hints_or_json() {
    let refuse = || {
        World::new(|_| {
            Reply::Refuse(
                ErrorDetail::new(
                    exit::REFUSED,
                    "plan.changed",
                    "g12 was not approved: the plan changed after you read it",
                )
                .hint("ganger plan g12 --diff 2..3, then ganger approve g12"),
            )
        })
    };
    let world = refuse();
    check(
        &world,
        &world.run(&["approve", "g12"], "", &[]),
        expect![[r#"
        error: g12 was not approved: the plan changed after you read it
          hint: ganger plan g12 --diff 2..3, then ganger approve g12
        exit 5
    "#]],
    );
    check(
        &world,
        &world.run(&["approve", "g12", "--json"], "", &[]),
        expect![[r#"
        {"error":{"code":"plan.changed","message":"g12 was not approved: the plan changed after you read it","hints":["ganger plan g12 --diff 2..3, then ganger approve g12"],"exit":5}}
        exit 5
    "#]],
    );
    check(
        &world,
        &world.run(&["approve"], "", &[]),
        expect![[r#"
        error: the following required arguments were not provided:
          <ITEM>

        Usage: ganger approve <ITEM>

        For more information, try '--help'.
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["approve", "--json"], "", &[]),
        expect![[r#"
        {"error":{"code":"usage","message":"the following required arguments were not provided:","hints":["<ITEM>","Usage: ganger approve --json[=<FIELDS>] <ITEM>","For more information, try '--help'."],"exit":2}}
        exit 2
    "#]],
    );
    let ascii = [("LANG", "C")];
    let world = World::new(|_| {
        Reply::Refuse(ErrorDetail::new(exit::NOT_FOUND, "item.unknown", "no item “ü” → 6 live"))
    });
    check(
        &world,
        &world.run(&["show", "ü"], "", &ascii),
        expect![[r#"
            error: no item "?" > 6 live
            exit 4
        "#]],
    );
}

#[test]
fn json_selects_fields_and_lists_the_known_ones() {
    let world = World::new(|_| {
        let item = fake::item("planning", json!({"repositories": []}));
        Reply::Json(json!({"schema": "ganger/items/1", "items": [item], "finished_hidden": 0}))
    });
    check(
        &world,
        &world.run(&["ls", "--json=handle,status"], "", &[]),
        expect![[r#"
            {"schema":"ganger/items/1","items":[{"handle":"g12","status":"planning"}],"finished_hidden":0}
            exit 0
        "#]],
    );
    check(
        &world,
        &world.run(&["ls", "--json=handel"], "", &[]),
        expect![[r#"
            {"error":{"code":"json.unknown_field","message":"there is no field `handel` to select with --json","hints":["the fields are: budget_usd_micros, created_at, handle, id, outcome, plan, plan_change, repositories, status, status_text, title, updated_at, usage, waits, wave, workspace, written_by_newer"],"exit":2}}
            exit 2
        "#]],
    );
}

#[test]
fn new_prints_the_handle_alone_when_piped() {
    let world = World::new(|_| result("Created g12."));
    let ended = world.run(
        &["new", "-f", "-", "--repo", "api", "--base", "api=develop"],
        "# Rate limit\n\nPer key.\n",
        &[],
    );
    check(
        &world,
        &ended,
        expect![[r#"
        g12
        exit 0
    "#]],
    );
    let mut post = world.posts().remove(0);
    post["key"] = "KEY".into();
    post["directory"] = "DIR".into();
    expect![[r#"{"key":"KEY","directory":"DIR","title":"Rate limit","description":"Per key.","repositories":["api"],"bases":{"api":"develop"},"note":null,"direct":false}"#]].assert_eq(&post.to_string());
    check(
        &world,
        &world.run(&["new"], "", &[]),
        expect![[r#"
        error: a work item needs a title, and none was given
          hint: ganger new "What is to be done"
          hint: ganger new -f - reads a ticket from standard input: its first line is the title
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["new", " "], "", &[]),
        expect![[r#"
        error: the title of a work item can't be empty
          hint: ganger new "What is to be done"
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["new", "-f", "missing.md"], "", &[]),
        expect![[r#"
        error: `missing.md` can't be read: No such file or directory (os error 2)
        exit 2
    "#]],
    );
    let editor = world.editor("printf 'From the editor\\n\\nText\\n' > $1");
    check(
        &world,
        &world.run_interactive(&["new"], "", &[("EDITOR", &editor)]),
        expect![[r#"
        Created g12.
        exit 0
    "#]],
    );
    assert_eq!(world.posts().last().unwrap()["description"], "Text");
    let editor = world.editor("true");
    check(
        &world,
        &world.run_interactive(&["new"], "", &[("EDITOR", &editor)]),
        expect![[r#"
        error: the text is empty, so no work item was created
        exit 5
    "#]],
    );
    assert_eq!(world.drafts_left(), []);
}

#[test]
fn plan_check_needs_no_daemon_and_names_every_line() {
    let world = World::new(items);
    let good = "```ganger-plan\nexecution_groups:\n  - [api]\n```\n\n## Orchestration\nFirst.\n\n## SubPlan: api\n\
                ### Goal\nx\n### Scope\n- x\n### Changes\n- x\n### Validation\n- x\n### Risks\n- x\n";
    write(world.home.path(), "good.md", good);
    write(world.home.path(), "bad.md", &good.replace("[api]", "[api, web]").replace("### Risks\n- x\n", ""));
    check(
        &world,
        &world.run(&["plan", "check", "good.md", "--repo", "api"], "", &[]),
        expect![[r#"
        The plan has no problem.
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["plan", "check", "bad.md", "--repo", "api", "web"], "", &[]),
        expect![[r#"
              ✗ line 3    `execution_groups` names `web`, but there is no `## SubPlan: web`; write it or take
                          the name out
              ✗ line 9    sub-plan `api` has no `### Risks`
            2 problems
            exit 1
        "#]],
    );
    check(
        &world,
        &world.run(&["plan", "check", "-", "--repo", "api", "--json"], "", &[]),
        expect![[r#"
            {"schema":"ganger/plan-check/1","problems":[{"line":1,"message":"missing `ganger-plan` block: begin with a fenced code block with the info string `ganger-plan` that holds `execution_groups`"}],"omitted":0}
            exit 1
        "#]],
    );
    check(
        &world,
        &world.run(&["plan", "check", "none.md", "--repo", "api"], "", &[]),
        expect![[r#"
        error: `none.md` can't be read: No such file or directory (os error 2)
        exit 2
    "#]],
    );
    assert_eq!(*world.starts.lock().unwrap(), 0);
}

#[test]
fn commands_in_process_and_completions() {
    let world = World::new(items);
    check(
        &world,
        &world.run(&["init", "--yes"], "", &[]),
        expect![[r#"
        init yes true
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["demo", "--seed", "7"], "", &[]),
        expect![[r#"
        demo seed Some(7)
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["config", "get", "plan.max_corrections"], "", &[]),
        expect![[r#"
        Some(Get { key: "plan.max_corrections" })
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["doctor", "--json"], "", &[]),
        expect![[r#"
        {"schema":"ganger/doctor/1","sections":[]}
        exit 0
    "#]],
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(world.run(&["completions", shell], "", &[]).output.contains("ganger"));
    }
    assert_eq!(*world.starts.lock().unwrap(), 0);
}
