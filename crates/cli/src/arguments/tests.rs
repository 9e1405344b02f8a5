use super::*;
use clap::CommandFactory;
use expect_test::{Expect, expect};

#[test]
fn the_definitions_are_consistent() {
    Cli::command().debug_assert();
}

fn check(line: &str, expected: Expect) {
    let words = std::iter::once("ganger").chain(line.split_whitespace());
    let text = match Cli::try_parse_from(words) {
        Ok(cli) => format!("{:?} json {:?}", cli.command, cli.json),
        Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    expected.assert_eq(&text);
}

#[test]
fn lines_are_read_as_they_are_meant() {
    check(
        "ls --json=handle,status --all",
        expect![[r#"Ls(LsArguments { all: true, waiting: false, repo: None }) json Some("handle,status")"#]],
    );
    check(
        "ls --json",
        expect![[r#"Ls(LsArguments { all: false, waiting: false, repo: None }) json Some("")"#]],
    );
    check("show", expect![[r#"Show(ShowArguments { target: "@" }) json None"#]]);
    check(
        "plan g1 --diff 2..3",
        expect![[
            r#"Plan(PlanArguments { command: None, item: Some("g1"), repo: None, version: None, diff: Some(Versions { from: Some(2), to: Some(3) }) }) json None"#
        ]],
    );
    check(
        "plan g1 --diff x",
        expect![
            "error: invalid value 'x' for '--diff [<A..B>]': `x` is not the number of a version: write 2..3, 2.. or ..3"
        ],
    );
    check(
        "plan check p.md --repo api web --repo c",
        expect![[
            r#"Plan(PlanArguments { command: Some(Check(PlanCheckArguments { file: "p.md", repositories: ["api", "web", "c"] })), item: None, repo: None, version: None, diff: None }) json None"#
        ]],
    );
    check(
        "new T --base api",
        expect![
            "error: invalid value 'api' for '--base <REPO=BRANCH>': `api` does not name a repository and its base branch: write it as api=develop"
        ],
    );
    check(
        "wait g1 g2 --timeout 2h --for done",
        expect![[
            r#"Wait(WaitArguments { items: ["g1", "g2"], until: [Done], timeout: Some(7200s) }) json None"#
        ]],
    );
    check(
        "wait g1 --timeout 2x",
        expect![
            "error: invalid value '2x' for '--timeout <TIME>': `2x` is not a time: write a whole number with s, m, h or d, such as 10m"
        ],
    );
    check("answer d41", expect!["error: the following required arguments were not provided:"]);
    check(
        "run g1 --auto plan -q",
        expect![[r#"Run(RunArguments { item: "g1", auto: [Plan], yes: false, quiet: true }) json None"#]],
    );
}

#[test]
fn what_is_said_to_questions_and_reviews_is_read_as_it_is_meant() {
    check(
        "answer d41 --choice 2 -m so",
        expect![[
            r#"Answer(AnswerArguments { decision: "d41", text: None, choices: ["2"], proposed: false, message: Some("so"), words: WordsArguments { file: None, editor: false } }) json None"#
        ]],
    );
    check(
        "answer d41 -c 1 -c a,c words",
        expect![[
            r#"Answer(AnswerArguments { decision: "d41", text: Some("words"), choices: ["1", "a,c"], proposed: false, message: None, words: WordsArguments { file: None, editor: false } }) json None"#
        ]],
    );
    check(
        "answer d41 --proposed",
        expect![[
            r#"Answer(AnswerArguments { decision: "d41", text: None, choices: [], proposed: true, message: None, words: WordsArguments { file: None, editor: false } }) json None"#
        ]],
    );
    check(
        "answer d41 --proposed no",
        expect!["error: the argument '--proposed' cannot be used with '[TEXT]'"],
    );
    check(
        "answer d41 --choice 1 -e -f x",
        expect!["error: the argument '--editor' cannot be used with '--file <FILE>'"],
    );
    check(
        "discuss d41 -f -",
        expect![[
            r#"Discuss(DiscussArguments { decision: "d41", text: None, words: WordsArguments { file: Some("-"), editor: false } }) json None"#
        ]],
    );
    check(
        "comment g12/api src/x.rs:42 broken --severity nit --send",
        expect![[
            r#"Comment(CommentArguments { target: "g12/api", text: ["src/x.rs:42", "broken"], severity: Nit, send: true, file: None, editor: false }) json None"#
        ]],
    );
    check(
        "comment g12/api a b c",
        expect!["error: unexpected value 'c' for '[FILE:LINE TEXT]...' found; no more were expected"],
    );
    check(
        "comment g12/api --severity bad x",
        expect!["error: invalid value 'bad' for '--severity <SEVERITY>'"],
    );
    check(
        "waive c7 --because fine",
        expect![[r#"Waive(WaiveArguments { critique: "c7", because: Some("fine") }) json None"#]],
    );
}
