//! Answers, critiques, the FAQ: what is sent, what is said, and that no typed byte is lost.

use crate::check;
use crate::fake::{Reply, Seen, World, event, item, result, waits};
use expect_test::{Expect, expect};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use serde_json::{Value, json};

fn question() -> Value {
    json!({
        "id": "01JD", "handle": "d41", "item": "g12", "target": "g12/web", "kind": "question",
        "subject": "Toast or inline?", "detail": null, "since": "2026-11-22T12:58:00Z",
        "blocks": "blocks g12/web", "blocks_item": false, "options": [
            {"choice": "1", "label": "toast"}, {"choice": "2", "label": "inline"}],
        "takes_text": true, "delivery": "held open, the agent waits", "plan": null,
        "commands": ["ganger answer d41 --choice 1"],
        "question": {
            "id": "01JQ", "handle": "q6", "asked_by": "g12/web@1", "agent": "codex",
            "asked_at": "2026-11-22T12:58:00Z", "context": null, "discussion": null, "answered_meanwhile": 0,
            "parts": [{"question": "Toast or inline?", "multi_select": false, "recommended": null, "options": [
                {"choice": "1", "label": "toast", "description": null},
                {"choice": "2", "label": "inline", "description": null}]}],
            "proposal": {"answer": "inline", "confidence": "uncertain"},
        },
    })
}

fn faq() -> Value {
    json!({"schema": "ganger/faq/1", "handle": "g12", "title": "Rate limit", "entries": [
        {"id": "01JQ", "handle": "q3", "question": "Which clock?", "answer": "Monotonic.", "by": "foreman",
         "answered_at": "2026-11-22T12:45:00Z", "corrected": false, "used_by": ["g12/api@1"], "proposal": null}]})
}

fn daemon(seen: &Seen) -> Reply {
    match seen.line.as_str() {
        "GET /v1/decisions/d41" => Reply::Json(question()),
        line if line.ends_with("/faq") => Reply::Json(faq()),
        _ => result("Done."),
    }
}

/// Runs a command and gives what it sent, without key and directory.
fn sent(line: &[&str], input: &str, expected: Expect) {
    let world = World::new(daemon);
    let ended = world.run(line, input, &[]);
    let mut text: String = world.lines().iter().map(|line| format!("{line}\n")).collect();
    for mut post in world.posts() {
        let object = post.as_object_mut().unwrap();
        object.remove("key");
        object.remove("directory");
        text.push_str(&format!("{post}\n"));
    }
    expected.assert_eq(&(text + &ended.text(&world)));
}

#[test]
fn what_is_typed_is_what_is_sent() {
    sent(&["answer", "d41", "-c", "1", "-c", "a,c"], "", expect![""]);
    sent(&["answer", "d41", "--choice", "2", "-m", "as in the form"], "", expect![""]);
    sent(&["answer", "d41", "-f", "-"], "in words\n", expect![""]);
    sent(&["answer", "d41", "--proposed"], "", expect![""]);
    sent(&["discuss", "d41", "what does the plan say?"], "", expect![""]);
    sent(&["skip", "d41"], "", expect![""]);
    sent(&["accept", "g12/api", "--because", "good enough"], "", expect![""]);
    sent(&["waive", "c7"], "", expect![""]);
    sent(&["correct", "q3", "-f", "-"], "UTC.\n", expect![""]);
    sent(&["comment", "g12/api", "src/x.rs:42", "no table", "--severity", "nit", "--send"], "", expect![""]);
    sent(&["comment", "g12/api", "the whole approach is wrong"], "", expect![""]);
    sent(&["comment", "g12/api", "README.md", "-f", "-"], "too long\n", expect![""]);
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    sent(&["discuss", "d41"], "", expect![""]);
    sent(&["correct", "q3", " "], "", expect![""]);
    sent(&["comment", "g12/api", "src/x.rs:42"], "", expect![""]);
    sent(&["comment", "g12/api", "src/x.rs:0", "wrong"], "", expect![""]);
    sent(&["comment", "g12/api", "src/x.rs:4", "wrong", "-f", "-"], "", expect![""]);
}

#[test]
fn whoever_comes_second_is_told_who_answered_and_when() {
    let world = World::new(|_| {
        let message = "d41 was already answered by you at 2026-11-22T12:41:30.000Z: \"inline\"";
        let detail = ErrorDetail::new(exit::REFUSED, "decision.settled", message);
        Reply::Refuse(detail.hint("ganger correct q6 \"…\" puts another answer in its place"))
    });
    check(&world, &world.run(&["answer", "d41", "toast"], "", &[]), expect![""]);
    check(&world, &world.run(&["answer", "d41", "toast", "--json"], "", &[]), expect![""]);
}

#[test]
fn a_text_from_the_editor_is_kept_when_it_is_refused() {
    let refuse = |seen: &Seen| match seen.line.starts_with("GET") {
        true => daemon(seen),
        false => {
            Reply::Refuse(ErrorDetail::new(exit::REFUSED, "decision.settled", "d41 was already answered"))
        }
    };
    let world = World::new(refuse);
    let editor = world.editor("cp $1 $0.seen; echo typed >> $1");
    let variables = [("EDITOR", editor.as_str())];
    check(&world, &world.run(&["answer", "d41", "-e"], "", &variables), expect![""]);
    assert_eq!(world.drafts_left(), [("answer-d41.md".to_owned(), "typed".to_owned())]);
    let seen = std::fs::read_to_string(world.home.path().join("editor.sh.seen")).unwrap();
    expect![""].assert_eq(&seen);
    // The next try goes on with it, and what is stored needs no draft.
    let world = World::new(daemon);
    let editor = world.editor("echo typed >> $1");
    let variables = [("EDITOR", editor.as_str())];
    check(&world, &world.run(&["correct", "q3", "-e"], "", &variables), expect![""]);
    assert_eq!(world.posts()[0]["text"], json!("Monotonic.\ntyped"));
    assert_eq!(world.drafts_left(), []);
    // An empty text is nothing.
    let editor = world.editor(": > $1");
    let variables = [("EDITOR", editor.as_str())];
    check(&world, &world.run(&["discuss", "d41", "-e"], "", &variables), expect![""]);
    assert_eq!((world.posts().len(), world.drafts_left()), (1, vec![]));
}

#[test]
fn the_faq_is_a_list_and_an_object() {
    let world = World::new(daemon);
    check(&world, &world.run(&["faq", "g12"], "", &[]), expect![""]);
    check(&world, &world.run(&["faq", "g12", "--json=handle,by,used_by"], "", &[]), expect![""]);
    check(&world, &world.run(&["faq", "--json=who"], "", &[]), expect![""]);
}

/// A daemon whose item asks until it is answered, and is done then.
fn asking(decision: Value) -> impl FnMut(&Seen) -> Reply {
    let mut answered = false;
    move |seen| match seen.line.as_str() {
        "GET /v1/events" => Reply::Stream(vec![event("1.0", "x", "x")]),
        "GET /v1/items/g12" if answered => Reply::Json(item("completed", json!({"outcome": "succeeded"}))),
        "GET /v1/items/g12" => Reply::Json(item("implementing", json!({"waits": waits("question", "d41")}))),
        "GET /v1/decisions/d41" => Reply::Json(decision.clone()),
        _ => {
            answered |= seen.body["command"] != "waive";
            result(&format!("Did {}.", seen.body["command"].as_str().unwrap_or_default()))
        }
    }
}

fn prompted(decision: Value, input: &str, expected: Expect) -> Vec<Value> {
    let world = World::new(asking(decision));
    let ended = world.run_interactive(&["run", "g12", "--quiet"], input, &[]);
    check(&world, &ended, expected);
    let mut posts = world.posts();
    for post in &mut posts {
        post.as_object_mut().unwrap().retain(|name, _| name != "key" && name != "directory");
    }
    posts
}

#[test]
fn run_puts_a_question_with_everything_that_answers_it() {
    let posts = prompted(question(), "3\n2\n", expect![""]);
    assert_eq!(posts, [json!({"command": "answer", "decision": "d41", "text": null, "choices": ["2"]})]);
    let answer = |input: &str| {
        let world = World::new(asking(question()));
        world.run_interactive(&["run", "g12", "--quiet"], input, &[]);
        let mut post = world.posts().remove(0);
        post.as_object_mut().unwrap().retain(|name, _| name != "key" && name != "directory");
        post
    };
    let words = |text: &str| json!({"command": "answer", "decision": "d41", "text": text, "choices": []});
    assert_eq!(answer("p\n"), json!({"command": "answer_as_proposed", "decision": "d41"}));
    assert_eq!(answer("s\n"), json!({"command": "skip", "decision": "d41", "text": null}));
    assert_eq!(answer("INLINE\n")["choices"], json!(["INLINE"]));
    assert_eq!(answer("a banner\n"), words("a banner"));
    assert_eq!(
        answer("discuss and the form?\n"),
        json!({"command": "discuss", "decision": "d41", "text": "and the form?"})
    );
}

#[test]
fn run_puts_a_stopped_review_with_its_exits() {
    let mut review = question();
    let critique = |handle: &str| {
        json!({"id": "01JC", "handle": handle, "severity": "major", "file": "docs/api.md", "line": 88,
               "description": "does not compile", "suggestion": null, "state": "open", "because": null,
               "fixed_in": null, "counts": true, "by": "g12/web@2", "candidate": 1, "unfixed": 2,
               "at": "2026-11-22T12:58:00Z"})
    };
    review["kind"] = "review".into();
    review["subject"] = "the review of web needs you: the same critique was not fixed twice".into();
    review["question"] = Value::Null;
    review["delivery"] = Value::Null;
    review["critiques"] = json!([critique("c31"), critique("c32")]);
    review["commands"] = json!(["ganger waive c31", "ganger accept g12/web"]);
    review["options"] = json!([{"choice": "tell", "label": "the agent goes on with your words"},
        {"choice": "accept", "label": "take it as it is"}, {"choice": "stop", "label": "give this part up"}]);
    let posts = prompted(review, "x\nt\nw\nw c32 not ours\na good enough\n", expect![""]);
    assert_eq!(
        posts,
        [
            json!({"command": "waive", "critique": "c32", "because": "not ours"}),
            json!({"command": "answer", "decision": "d41", "text": "good enough", "choices": ["accept"]}),
        ]
    );
}

#[test]
fn a_shell_completes_what_the_daemon_lists_and_starts_none() {
    let world = World::new(|seen: &Seen| match seen.line.as_str() {
        "GET /v1/items" => {
            let changes = json!({"waits": waits("question", "d41"), "repositories": [{"name": "api", "state": "running"}]});
            Reply::Json(
                json!({"schema": "ganger/items/1", "items": [item("implementing", changes)], "finished_hidden": 0}),
            )
        }
        "GET /v1/items/g12/faq" => Reply::Json(faq()),
        _ => Reply::Json(item("implementing", json!({}))),
    });
    let complete = |words: &[&str]| {
        let line: Vec<&str> = ["--", "ganger"].iter().chain(words).copied().collect();
        let ended = world.run(&line, "", &[("COMPLETE", "fish")]);
        assert_eq!((ended.code, ended.errors.as_str()), (0, ""));
        ended.output.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["answer", ""]), Vec::<String>::new(), "no daemon runs");
    assert_eq!(*world.starts.lock().unwrap(), 0);
    world.run(&["ls"], "", &[]);
    assert_eq!(complete(&["answer", ""]), ["d41\tdecide"]);
    assert_eq!(complete(&["accept", "g12"]), ["g12\tRate limit", "g12/api\trunning"]);
    assert_eq!(complete(&["show", "x"]), Vec::<String>::new());
    assert_eq!(complete(&["correct", "q"]), ["q3\tWhich clock?"]);
    assert_eq!(
        complete(&["disc"]),
        ["discuss\tHave the Foreman think again about a question that waits for you"]
    );
    assert_eq!(*world.starts.lock().unwrap(), 1);
}

#[test]
fn man_pages_are_written_for_every_command() {
    let world = World::new(daemon);
    let ended = world.run(&["man", "pages"], "", &[]);
    check(&world, &ended, expect![""]);
    let page = |name: &str| std::fs::read_to_string(world.home.path().join("pages").join(name)).unwrap();
    assert!(page("ganger.1").contains("Exit codes"));
    assert!(page("ganger-answer.1").contains("proposed"));
    assert!(page("ganger-comment.1").contains("severity"));
    assert_eq!(*world.starts.lock().unwrap(), 0);
}
