//! Answers, critiques, the FAQ: what is sent, what is said, and that no typed byte is lost.

use crate::check;
use crate::fake::{Reply, Seen, World, event, feed, item, result, waits};
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
    sent_to(daemon, line, input, expected);
}

/// The same, to this daemon.
pub(crate) fn sent_to(
    daemon: impl FnMut(&Seen) -> Reply + Send + 'static,
    line: &[&str],
    input: &str,
    expected: Expect,
) {
    let world = World::new(daemon);
    let ended = world.run(line, input, &[]);
    let mut text: String = world.lines().iter().map(|line| format!("{line}\n")).collect();
    for mut post in world.posts() {
        post.as_object_mut().unwrap().retain(|name, _| name != "key" && name != "directory");
        text.push_str(&format!("{post}\n"));
    }
    expected.assert_eq(&(text + &ended.text(&world)));
}

#[test]
fn what_is_typed_is_what_is_sent() {
    sent(
        &["answer", "d41", "-c", "1", "-c", "a,c"],
        "",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"answer","decision":"d41","text":null,"choices":["1","a,c"]}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["answer", "d41", "--choice", "2", "-m", "as in the form"],
        "",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"answer","decision":"d41","text":"as in the form","choices":["2"]}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["answer", "d41", "-f", "-"],
        "in words\n",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"answer","decision":"d41","text":"in words","choices":[]}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["answer", "d41", "--proposed"],
        "",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"answer_as_proposed","decision":"d41"}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["discuss", "d41", "what does the plan say?"],
        "",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"discuss","decision":"d41","text":"what does the plan say?"}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["skip", "d41"],
        "",
        expect![[r#"
            POST /v1/items/d41/commands
            {"command":"skip","decision":"d41","text":null}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["accept", "g12/api", "--because", "good enough"],
        "",
        expect![[r#"
            POST /v1/items/g12%2Fapi/commands
            {"command":"accept","target":"g12/api","because":"good enough"}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["waive", "c7"],
        "",
        expect![[r#"
            POST /v1/items/c7/commands
            {"command":"waive","critique":"c7","because":null}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["correct", "q3", "-f", "-"],
        "UTC.\n",
        expect![[r#"
            POST /v1/items/q3/commands
            {"command":"correct","question":"q3","text":"UTC."}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["comment", "g12/api", "src/x.rs:42", "no table", "--severity", "nit", "--send"],
        "",
        expect![[r#"
            POST /v1/items/g12%2Fapi/commands
            {"command":"comment","target":"g12/api","file":"src/x.rs","line":42,"severity":"nit","text":"no table","send":true}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["comment", "g12/api", "the whole approach is wrong"],
        "",
        expect![[r#"
            POST /v1/items/g12%2Fapi/commands
            {"command":"comment","target":"g12/api","file":null,"line":null,"severity":"major","text":"the whole approach is wrong","send":false}
            Done.
            exit 0
        "#]],
    );
    sent(
        &["comment", "g12/api", "README.md", "-f", "-"],
        "too long\n",
        expect![[r#"
            POST /v1/items/g12%2Fapi/commands
            {"command":"comment","target":"g12/api","file":"README.md","line":null,"severity":"major","text":"too long","send":false}
            Done.
            exit 0
        "#]],
    );
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    sent(
        &["discuss", "d41"],
        "",
        expect![[r#"
            error: `discuss` needs words, and none were given
              hint: give them as an argument, with -f FILE, with -f - from standard input, or with -e in an
                    editor
            exit 2
        "#]],
    );
    sent(
        &["correct", "q3", " "],
        "",
        expect![[r#"
        error: the answer that is to hold is empty, so nothing was done
        exit 5
    "#]],
    );
    sent(
        &["comment", "g12/api", "src/x.rs:42"],
        "",
        expect![[r#"
            error: `comment` needs words, and none were given
              hint: give them as an argument, with -f FILE, with -f - from standard input, or with -e in an
                    editor
            exit 2
        "#]],
    );
    sent(
        &["comment", "g12/api", "src/x.rs:0", "wrong"],
        "",
        expect![[r#"
        error: `0` is not the number of a line: they count from 1
        exit 2
    "#]],
    );
    sent(
        &["comment", "g12/api", "src/x.rs:4", "wrong", "-f", "-"],
        "",
        expect![[r#"
        error: the words are given twice: as an argument, and with -f or -e
        exit 2
    "#]],
    );
}

#[test]
fn whoever_comes_second_is_told_who_answered_and_when() {
    let world = World::new(|_| {
        let message = "d41 was already answered by you at 2026-11-22T12:41:30.000Z: \"inline\"";
        let detail = ErrorDetail::new(exit::REFUSED, "decision.settled", message);
        Reply::Refuse(detail.hint("ganger correct q6 \"…\" puts another answer in its place"))
    });
    check(
        &world,
        &world.run(&["answer", "d41", "toast"], "", &[]),
        expect![[r#"
        error: d41 was already answered by you at 12:41: "inline"
          hint: ganger correct q6 "…" puts another answer in its place
        exit 5
    "#]],
    );
    check(
        &world,
        &world.run(&["answer", "d41", "toast", "--json"], "", &[]),
        expect![[r#"
        {"error":{"code":"decision.settled","message":"d41 was already answered by you at 2026-11-22T12:41:30.000Z: \"inline\"","hints":["ganger correct q6 \"…\" puts another answer in its place"],"exit":5}}
        exit 5
    "#]],
    );
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
    check(
        &world,
        &world.run(&["answer", "d41", "-e"], "", &variables),
        expect![[r#"
            error: d41 was already answered
              hint: ganger inbox
              hint: your text is kept in HOME/drafts/answer-d41.md
            exit 5
        "#]],
    );
    assert_eq!(world.drafts_left(), [("answer-d41.md".to_owned(), "typed".to_owned())]);
    let seen = std::fs::read_to_string(world.home.path().join("editor.sh.seen")).unwrap();
    expect![[r#"
        <!-- ganger: d41 g12/web -->
        <!-- ganger: Toast or inline? -->
        <!-- ganger: 1 toast -->
        <!-- ganger: 2 inline -->
        <!-- ganger: Foreman, unsure: inline -->
    "#]]
    .assert_eq(&seen);
    // The next try goes on with it, and what is stored needs no draft.
    let world = World::new(daemon);
    let editor = world.editor("echo typed >> $1");
    let variables = [("EDITOR", editor.as_str())];
    check(
        &world,
        &world.run(&["correct", "q3", "-e"], "", &variables),
        expect![[r#"
        Done.
        exit 0
    "#]],
    );
    assert_eq!(world.posts()[0]["text"], json!("Monotonic.\ntyped"));
    assert_eq!(world.drafts_left(), []);
    // An empty text is nothing.
    let editor = world.editor(": > $1");
    let variables = [("EDITOR", editor.as_str())];
    check(
        &world,
        &world.run(&["discuss", "d41", "-e"], "", &variables),
        expect![[r#"
        error: the text for the Foreman is empty, so nothing was done
        exit 5
    "#]],
    );
    assert_eq!((world.posts().len(), world.drafts_left()), (1, vec![]));
}

#[test]
fn the_faq_is_a_list_and_an_object() {
    let world = World::new(daemon);
    check(
        &world,
        &world.run(&["faq", "g12"], "", &[]),
        expect![[r#"
        q3   "Which clock?"
             Monotonic.
             Foreman, sure 12:45 · used by g12/api@1
        1 answer · Foreman 1 · you 0 · ganger correct q3 "…"
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["faq", "g12", "--json=handle,by,used_by"], "", &[]),
        expect![[r#"
        {"schema":"ganger/faq/1","handle":"g12","title":"Rate limit","entries":[{"handle":"q3","by":"foreman","used_by":["g12/api@1"]}]}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["faq", "--json=who"], "", &[]),
        expect![[r#"
        {"error":{"code":"json.unknown_field","message":"there is no field `who` to select with --json","hints":["the fields are: answer, answered_at, by, corrected, handle, id, proposal, question, used_by"],"exit":2}}
        exit 2
    "#]],
    );
}

/// A daemon whose item asks until it is answered, and is done then.
fn asking(decision: Value) -> impl FnMut(&Seen) -> Reply {
    let mut answered = false;
    move |seen| match seen.line.as_str() {
        "GET /v1/events" => feed(seen, vec![event("1.0", "x", "x")]),
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
    let posts = prompted(
        question(),
        "3\n2\n",
        expect![[r#"
        d41  question   g12/web     "Toast or inline?"   2 m   blocks g12/web
               Foreman, unsure: inline
               1 toast · 2 inline
               delivery: held open, the agent waits
               ganger answer d41 --choice 1
        d41  1 toast  2 inline  p Foreman, unsure: inline  s skip  e write  l later › `3` is none of the choices.
        d41  1 toast  2 inline  p Foreman, unsure: inline  s skip  e write  l later › Did answer.
        ✓ g12 done in 59 m · 0 repositories
        exit 0
    "#]],
    );
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
    let posts = prompted(
        review,
        "x\nt\nw\nw c32 not ours\na good enough\n",
        expect![[r#"
        d41  review     g12/web     2 m   blocks g12/web
               the review of web needs you: the same critique was not fixed twice
               c31 major  docs/api.md:88  "does not compile"
                   by g12/web@2 in candidate 1 · not fixed in 2 reviews
               c32 major  docs/api.md:88  "does not compile"
                   by g12/web@2 in candidate 1 · not fixed in 2 reviews
               tell: the agent goes on with your words · accept: take it as it is · stop: give this part up
               ganger waive c31 · ganger accept g12/web
        d41  [t] tell  [w] waive c31 c32  [a] accept  [s] stop  e write  l later › `x` is none of tell, accept, stop.
        d41  [t] tell  [w] waive c31 c32  [a] accept  [s] stop  e write  l later › What is the agent to be told? Type t and the words, or e for an editor.
        d41  [t] tell  [w] waive c31 c32  [a] accept  [s] stop  e write  l later › Which one? Type w and one of c31, c32.
        d41  [t] tell  [w] waive c31 c32  [a] accept  [s] stop  e write  l later › Did waive.
        d41  review     g12/web     2 m   blocks g12/web
               the review of web needs you: the same critique was not fixed twice
               c31 major  docs/api.md:88  "does not compile"
                   by g12/web@2 in candidate 1 · not fixed in 2 reviews
               c32 major  docs/api.md:88  "does not compile"
                   by g12/web@2 in candidate 1 · not fixed in 2 reviews
               tell: the agent goes on with your words · accept: take it as it is · stop: give this part up
               ganger waive c31 · ganger accept g12/web
        d41  [t] tell  [w] waive c31 c32  [a] accept  [s] stop  e write  l later › Did answer.
        ✓ g12 done in 59 m · 0 repositories
        exit 0
    "#]],
    );
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
    check(
        &world,
        &ended,
        expect![[r#"
        Wrote the man pages to HOME/pages
        exit 0
    "#]],
    );
    let page = |name: &str| std::fs::read_to_string(world.home.path().join("pages").join(name)).unwrap();
    assert!(page("ganger.1").contains("Exit codes"));
    assert!(page("ganger-answer.1").contains("proposed"));
    assert!(page("ganger-comment.1").contains("severity"));
    assert_eq!(*world.starts.lock().unwrap(), 0);
}
