//! `edit`: no typed byte is lost.

use crate::check;
use crate::fake::{Reply, Seen, World, plan, result};
use expect_test::{Expect, expect};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::plan::PlanProblem;
use serde_json::json;

const DOCUMENT: &str = "# Plan\nline two\n";

/// Refuses documents with the word `bad`.
fn daemon(seen: &Seen) -> Reply {
    match seen.line.as_str() {
        "GET /v1/items/g12/plan" => Reply::Json(plan(DOCUMENT)),
        _ if seen.body["document"].as_str().is_some_and(|document| document.contains("bad")) => {
            let problem = PlanProblem { line: Some(2), message: "line two is bad".into() };
            let detail = ErrorDetail::new(exit::USAGE, "plan.invalid", "the document is no plan");
            Reply::Refuse(detail.with_problems(vec![problem]))
        }
        _ => result("The plan of g12 is version 3, by you."),
    }
}

fn edit(script: &str, input: Option<&str>, expected: Expect) -> World {
    let world = World::new(daemon);
    let editor = world.editor(script);
    let variables = [("EDITOR", editor.as_str())];
    let ended = match input {
        Some(input) => world.run_interactive(&["edit", "g12"], input, &variables),
        None => world.run(&["edit", "g12"], "", &variables),
    };
    check(&world, &ended, expected);
    world
}

#[test]
fn an_accepted_text_leaves_no_draft() {
    let world = edit(
        "echo more >> $1",
        None,
        expect![[r#"
        The plan of g12 is version 3, by you.
        exit 0
    "#]],
    );
    assert_eq!(world.posts()[0]["document"], json!("# Plan\nline two\nmore\n"));
    assert_eq!(world.posts()[0]["version"], json!(2));
    assert_eq!(world.drafts_left(), []);
}

#[test]
fn nothing_is_sent_when_nothing_was_written() {
    for (script, expected) in [
        (
            "true",
            expect![[r#"
        error: the text is unchanged, so the plan of g12 stays as it is
        exit 5
    "#]],
        ),
        (
            ": > $1",
            expect![[r#"
        error: the text is empty, so the plan of g12 stays as it is
        exit 5
    "#]],
        ),
    ] {
        let world = edit(script, None, expected);
        assert_eq!((world.posts().len(), world.drafts_left()), (0, vec![]));
    }
    let world = edit(
        "echo typed >> $1; exit 1",
        None,
        expect![[r#"
        error: the editor `sh HOME/editor.sh` ended with exit status: 1, so nothing was changed
          hint: your text is kept in HOME/drafts/g12-v3.md
        exit 1
    "#]],
    );
    assert_eq!(world.posts().len(), 0);
    assert_eq!(world.drafts_left(), [("g12-v3.md".into(), format!("{DOCUMENT}typed\n"))]);
}

#[test]
fn a_refused_text_is_kept_and_found_again() {
    let world = edit(
        "echo bad >> $1",
        None,
        expect![[r#"
            error: the document is no plan
              ✗ line 2    line two is bad
              hint: your text is kept in HOME/drafts/g12-v3.md
            exit 2
        "#]],
    );
    assert_eq!(world.drafts_left(), [("g12-v3.md".into(), format!("{DOCUMENT}bad\n"))]);
    let editor = world.editor("sed -i s/bad/good/ $1");
    let again = world.run(&["edit", "g12"], "", &[("EDITOR", &editor)]);
    check(
        &world,
        &again,
        expect![[r#"
        The plan of g12 is version 3, by you.
        Going on with your draft of earlier, HOME/drafts/g12-v3.md
        exit 0
    "#]],
    );
    assert_eq!(world.posts()[1]["document"], json!(format!("{DOCUMENT}good\n")));
}

#[test]
fn on_a_terminal_the_text_comes_back_with_marks_that_are_never_sent() {
    // The first time it writes something bad, the second time it keeps what it saw and repairs it.
    let script = "if grep -q bad $1; then cp $1 $0.seen; sed -i s/bad/good/ $1; else echo bad >> $1; fi";
    let world = edit(
        script,
        Some("x\ne\n"),
        expect![[r#"
          ✗ line 2    line two is bad
        1 problem. [e] back to the editor  [a] abandon (kept in HOME/drafts/g12-v3.md) › Type e or a › The plan of g12 is version 3, by you.
        exit 0
    "#]],
    );
    let seen = std::fs::read_to_string(world.home.path().join("editor.sh.seen")).unwrap();
    expect![[r#"
        # Plan
        line two
        <!-- ganger: line 2: line two is bad -->
        bad
    "#]]
    .assert_eq(&seen);
    assert_eq!(world.posts()[1]["document"], json!(format!("{DOCUMENT}good\n")));
    assert_eq!(world.drafts_left(), []);
    let world = edit(
        "echo bad >> $1",
        Some("a\n"),
        expect![[r#"
          ✗ line 2    line two is bad
        1 problem. [e] back to the editor  [a] abandon (kept in HOME/drafts/g12-v3.md) › error: the plan of g12 stays as it is
          hint: your text is kept in HOME/drafts/g12-v3.md
        exit 5
    "#]],
    );
    assert_eq!(world.drafts_left(), [("g12-v3.md".into(), format!("{DOCUMENT}bad\n"))]);
}

#[test]
fn a_file_is_sent_as_it_is() {
    let world = World::new(daemon);
    check(
        &world,
        &world.run(&["edit", "g12", "-f", "-"], "bad\n", &[]),
        expect![[r#"
            error: the document is no plan
              ✗ line 2    line two is bad
            exit 2
        "#]],
    );
    check(
        &world,
        &world.run(&["edit", "g12", "-f", "-"], "fine\n", &[]),
        expect![[r#"
        The plan of g12 is version 3, by you.
        exit 0
    "#]],
    );
}
