//! Whole outputs about questions, reviews and critiques.

use super::*;
use ganger_api::decision::{Decision, DecisionOption, INBOX_SCHEMA, Inbox};
use ganger_api::question::{
    Answerer, Confidence, FAQ_SCHEMA, FaqEntry, FaqView, ProposalView, QuestionOption, QuestionPart,
    QuestionView,
};
use ganger_api::review::{AcceptanceView, CritiqueState, CritiqueView, ReviewVerdict, ReviewView, Severity};

fn option(choice: &str, label: &str, description: Option<&str>) -> QuestionOption {
    QuestionOption { choice: choice.into(), label: label.into(), description: description.map(str::to_owned) }
}

fn question() -> QuestionView {
    QuestionView {
        id: "01JD".into(),
        handle: "q6".into(),
        asked_by: "g12/web@1".into(),
        agent: "codex".into(),
        asked_at: ago(12),
        parts: vec![QuestionPart {
            question: "Show 429 as a toast or inline?".into(),
            options: vec![option("1", "toast", None), option("2", "inline", None)],
            multi_select: false,
            recommended: Some("1".into()),
        }],
        context: None,
        proposal: Some(ProposalView {
            answer: "inline. The plan says \"message to the user\", and design.md prefers inline for forms."
                .into(),
            confidence: Confidence::Uncertain,
        }),
        discussion: None,
        answered_meanwhile: 2,
    }
}

fn decision(handle: &str, kind: WaitKind, target: &str, subject: &str) -> Decision {
    Decision {
        id: "01JD".into(),
        handle: handle.into(),
        item: "g12".into(),
        target: target.into(),
        kind,
        subject: subject.into(),
        detail: None,
        since: ago(11),
        blocks: "blocks g12 (last repository)".into(),
        blocks_item: true,
        options: Vec::new(),
        takes_text: true,
        delivery: None,
        question: None,
        critiques: Vec::new(),
        checks: Vec::new(),
        plan: None,
        commands: Vec::new(),
    }
}

pub(crate) fn asks() -> Decision {
    Decision {
        options: vec![
            DecisionOption { choice: "1".into(), label: "toast".into() },
            DecisionOption { choice: "2".into(), label: "inline".into() },
        ],
        delivery: Some("held open, the agent waits".into()),
        question: Some(question()),
        commands: ["answer d41 --choice 1", "answer d41 --proposed", "discuss d41 \"…\"", "skip d41"]
            .map(|command| format!("ganger {command}"))
            .into(),
        ..decision("d41", WaitKind::Question, "g12/web", "Show 429 as a toast or inline?")
    }
}

fn asks_in_parts() -> Decision {
    let parts = vec![
        QuestionPart {
            question: "Which clock?".into(),
            options: vec![
                option("1", "wall", Some("as the log says it; it may jump")),
                option("2", "monotonic", Some("counts since the start")),
            ],
            multi_select: false,
            recommended: None,
        },
        QuestionPart {
            question: "Which units?".into(),
            options: vec![option("1", "ms", None), option("2", "s", None)],
            multi_select: true,
            recommended: None,
        },
    ];
    Decision {
        blocks: "blocks g15/api".into(),
        delivery: Some("by resuming the session".into()),
        question: Some(QuestionView {
            parts,
            context: Some("The window needs a clock that tests can set.".into()),
            proposal: None,
            discussion: Some("what does the plan say of tests?".into()),
            answered_meanwhile: 0,
            ..question()
        }),
        commands: vec!["ganger answer d44 --choice 1 --choice 1".into(), "ganger skip d44".into()],
        ..decision("d44", WaitKind::Question, "g15/api", "Which clock? / Which units?")
    }
}

fn critique(handle: &str, severity: Severity, counts: bool) -> CritiqueView {
    CritiqueView {
        id: "01JD".into(),
        handle: handle.into(),
        severity,
        file: Some("docs/api.md".into()),
        line: Some(88),
        description: "example does not compile".into(),
        suggestion: None,
        state: CritiqueState::Open,
        because: None,
        fixed_in: None,
        counts,
        by: "g8/docs@2".into(),
        candidate: 1,
        unfixed: 0,
        at: ago(90),
    }
}

fn stopped() -> Decision {
    let check = |name: &str, verdict| CheckView {
        name: name.into(),
        required: true,
        verdict,
        duration_ms: None,
        commit: Some("9d02e11".into()),
    };
    Decision {
        since: ago(125),
        item: "g8".into(),
        blocks: "blocks g8".into(),
        options: [
            ("tell", "the agent goes on with your words"),
            ("accept", "take it as it is"),
            ("stop", "give this part up"),
        ]
        .map(|(choice, label)| DecisionOption { choice: choice.into(), label: label.into() })
        .into(),
        critiques: vec![
            CritiqueView {
                unfixed: 2,
                suggestion: Some(
                    "import the prelude of the crate, which the reader of the page does not have before them"
                        .into(),
                ),
                ..critique("c31", Severity::Major, true)
            },
            CritiqueView {
                file: None,
                line: None,
                by: "you".into(),
                description: "no word of what happens when the key is missing".into(),
                ..critique("c33", Severity::Nit, false)
            },
        ],
        checks: vec![check("test", CheckVerdict::Passed), check("doctest", CheckVerdict::Flaky)],
        commands: [
            "answer d43 --choice tell \"…\"",
            "waive c31",
            "accept g8/docs",
            "answer d43 --choice stop",
        ]
        .map(|command| format!("ganger {command}"))
        .into(),
        ..decision(
            "d43",
            WaitKind::Review,
            "g8/docs",
            "the review of docs needs you: the same critique was not fixed twice",
        )
    }
}

fn all() -> Inbox {
    Inbox {
        schema: INBOX_SCHEMA.into(),
        decisions: vec![asks(), stopped(), asks_in_parts()],
        limited: Vec::new(),
    }
}

#[test]
fn the_inbox_has_what_is_needed_to_decide() {
    let check =
        |look: Look, expected: Expect| expected.assert_eq(&crate::render::decision::inbox(&look, &all()));
    check(
        look(110),
        expect![[r#"
            d41  question   g12/web     "Show 429 as a toast or inline?"   11 m   blocks g12 (last repository)
                   Foreman, unsure: inline. The plan says "message to the user", and design.md prefers inline for forms.
                   1 toast (the agent would) · 2 inline
                   delivery: held open, the agent waits · 2 others were answered meanwhile
                   ganger answer d41 --choice 1 · ganger answer d41 --proposed · ganger discuss d41 "…" · ganger skip d41
            d43  review     g8/docs     2 h   blocks g8
                   the review of docs needs you: the same critique was not fixed twice
                   c31 major  docs/api.md:88  "example does not compile"
                       by g8/docs@2 in candidate 1 · not fixed in 2 reviews
                       instead: import the prelude of the crate, which the reader of the page does not have before them
                   c33 nit  "no word of what happens when the key is missing"
                       by you in candidate 1 · sends nothing back
                   checks ✓ test · ! doctest flaky
                   tell: the agent goes on with your words · accept: take it as it is · stop: give this part up
                   ganger answer d43 --choice tell "…" · ganger waive c31 · ganger accept g8/docs
                   ganger answer d43 --choice stop
            d44  question   g15/api     "Which clock? / Which units?"   11 m   blocks g15/api
                   The window needs a clock that tests can set.
                   the Foreman is thinking about your "what does the plan say of tests?"
                   1. Which clock?
                      1 wall: as the log says it; it may jump
                      2 monotonic: counts since the start
                   2. Which units?
                      1 ms · 2 s
                      several are possible, such as 1,2
                   delivery: by resuming the session
                   ganger answer d44 --choice 1 --choice 1 · ganger skip d44
        "#]],
    );
    check(
        look(80),
        expect![[r#"
            d41  question   g12/web     11 m   blocks g12 (last repository)
                   "Show 429 as a toast or inline?"
                   Foreman, unsure: inline. The plan says "message to the user", and
                   design.md prefers inline for forms.
                   1 toast (the agent would) · 2 inline
                   delivery: held open, the agent waits · 2 others were answered meanwhile
                   ganger answer d41 --choice 1 · ganger answer d41 --proposed
                   ganger discuss d41 "…" · ganger skip d41
            d43  review     g8/docs     2 h   blocks g8
                   the review of docs needs you: the same critique was not fixed twice
                   c31 major  docs/api.md:88  "example does not compile"
                       by g8/docs@2 in candidate 1 · not fixed in 2 reviews
                       instead: import the prelude of the crate, which the reader of the
                       page does not have before them
                   c33 nit  "no word of what happens when the key is missing"
                       by you in candidate 1 · sends nothing back
                   checks ✓ test · ! doctest flaky
                   tell: the agent goes on with your words · accept: take it as it is ·
                   stop: give this part up
                   ganger answer d43 --choice tell "…" · ganger waive c31
                   ganger accept g8/docs · ganger answer d43 --choice stop
            d44  question   g15/api     11 m   blocks g15/api
                   "Which clock? / Which units?"
                   The window needs a clock that tests can set.
                   the Foreman is thinking about your "what does the plan say of tests?"
                   1. Which clock?
                      1 wall: as the log says it; it may jump
                      2 monotonic: counts since the start
                   2. Which units?
                      1 ms · 2 s
                      several are possible, such as 1,2
                   delivery: by resuming the session
                   ganger answer d44 --choice 1 --choice 1 · ganger skip d44
        "#]],
    );
    check(
        look(60),
        expect![[r#"
            d41  question   g12/web
                   11 m   blocks g12 (last repository)
                   "Show 429 as a toast or inline?"
                   Foreman, unsure: inline. The plan says "message to
                   the user", and design.md prefers inline for forms.
                   1 toast (the agent would) · 2 inline
                   delivery: held open, the agent waits ·
                   2 others were answered meanwhile
                   ganger answer d41 --choice 1
                   ganger answer d41 --proposed
                   ganger discuss d41 "…" · ganger skip d41
            d43  review     g8/docs     2 h   blocks g8
                   the review of docs needs you: the same critique was
                   not fixed twice
                   c31 major  docs/api.md:88  "example does not compile"
                       by g8/docs@2 in candidate 1 ·
                       not fixed in 2 reviews
                       instead: import the prelude of the crate, which
                       the reader of the page does not have before them
                   c33 nit  "no word of what happens when the key is
                       missing"
                       by you in candidate 1 · sends nothing back
                   checks ✓ test · ! doctest flaky
                   tell: the agent goes on with your words ·
                   accept: take it as it is · stop: give this part up
                   ganger answer d43 --choice tell "…"
                   ganger waive c31 · ganger accept g8/docs
                   ganger answer d43 --choice stop
            d44  question   g15/api     11 m   blocks g15/api
                   "Which clock? / Which units?"
                   The window needs a clock that tests can set.
                   the Foreman is thinking about your "what does the
                   plan say of tests?"
                   1. Which clock?
                      1 wall: as the log says it; it may jump
                      2 monotonic: counts since the start
                   2. Which units?
                      1 ms · 2 s
                      several are possible, such as 1,2
                   delivery: by resuming the session
                   ganger answer d44 --choice 1 --choice 1
                   ganger skip d44
        "#]],
    );
    check(
        Look { utf8: false, ..look(80) },
        expect![[r#"
            d41  question   g12/web     11 m   blocks g12 (last repository)
                   "Show 429 as a toast or inline?"
                   Foreman, unsure: inline. The plan says "message to the user", and
                   design.md prefers inline for forms.
                   1 toast (the agent would) - 2 inline
                   delivery: held open, the agent waits - 2 others were answered meanwhile
                   ganger answer d41 --choice 1 - ganger answer d41 --proposed
                   ganger discuss d41 "~" - ganger skip d41
            d43  review     g8/docs     2 h   blocks g8
                   the review of docs needs you: the same critique was not fixed twice
                   c31 major  docs/api.md:88  "example does not compile"
                       by g8/docs@2 in candidate 1 - not fixed in 2 reviews
                       instead: import the prelude of the crate, which the reader of the
                       page does not have before them
                   c33 nit  "no word of what happens when the key is missing"
                       by you in candidate 1 - sends nothing back
                   checks + test - ! doctest flaky
                   tell: the agent goes on with your words - accept: take it as it is -
                   stop: give this part up
                   ganger answer d43 --choice tell "~" - ganger waive c31
                   ganger accept g8/docs - ganger answer d43 --choice stop
            d44  question   g15/api     11 m   blocks g15/api
                   "Which clock? / Which units?"
                   The window needs a clock that tests can set.
                   the Foreman is thinking about your "what does the plan say of tests?"
                   1. Which clock?
                      1 wall: as the log says it; it may jump
                      2 monotonic: counts since the start
                   2. Which units?
                      1 ms - 2 s
                      several are possible, such as 1,2
                   delivery: by resuming the session
                   ganger answer d44 --choice 1 --choice 1 - ganger skip d44
        "#]],
    );
    check(
        Look { colour: true, ..look(80) },
        expect![[r#"
            [33md41[0m  question   g12/web     11 m   blocks g12 (last repository)
                   "Show 429 as a toast or inline?"
                   Foreman, unsure: inline. The plan says "message to the user", and
                   design.md prefers inline for forms.
                   1 toast (the agent would) · 2 inline
                   delivery: held open, the agent waits · 2 others were answered meanwhile
                   ganger answer d41 --choice 1 · ganger answer d41 --proposed
                   ganger discuss d41 "…" · ganger skip d41
            [33md43[0m  review     g8/docs     2 h   blocks g8
                   the review of docs needs you: the same critique was not fixed twice
                   [33mc31[0m major  docs/api.md:88  "example does not compile"
                       by g8/docs@2 in candidate 1 · not fixed in 2 reviews
                       instead: import the prelude of the crate, which the reader of the
                       page does not have before them
                   [33mc33[0m nit  "no word of what happens when the key is missing"
                       by you in candidate 1 · sends nothing back
                   checks [32m✓[0m test · [33m![0m doctest flaky
                   tell: the agent goes on with your words · accept: take it as it is ·
                   stop: give this part up
                   ganger answer d43 --choice tell "…" · ganger waive c31
                   ganger accept g8/docs · ganger answer d43 --choice stop
            [33md44[0m  question   g15/api     11 m   blocks g15/api
                   "Which clock? / Which units?"
                   The window needs a clock that tests can set.
                   the Foreman is thinking about your "what does the plan say of tests?"
                   1. Which clock?
                      1 wall: as the log says it; it may jump
                      2 monotonic: counts since the start
                   2. Which units?
                      1 ms · 2 s
                      several are possible, such as 1,2
                   delivery: by resuming the session
                   ganger answer d44 --choice 1 --choice 1 · ganger skip d44
        "#]],
    );
    let nothing = Inbox { schema: INBOX_SCHEMA.into(), decisions: Vec::new(), limited: Vec::new() };
    expect![[r#"
        Nothing waits for you.
    "#]]
    .assert_eq(&crate::render::decision::inbox(&look(60), &nothing));
}

#[test]
fn no_line_of_the_inbox_but_a_command_is_wider_than_the_screen() {
    for width in 60..120 {
        for line in crate::render::decision::inbox(&look(width), &all()).lines() {
            let is_command = line.trim_start().starts_with("ganger ");
            assert!(is_command || crate::look::width(line) <= width, "{width}: {line}");
        }
    }
}

fn faq() -> FaqView {
    let entry = |handle: &str, question: &str, answer: &str, by, corrected| FaqEntry {
        id: "01JD".into(),
        handle: handle.into(),
        question: question.into(),
        answer: answer.into(),
        by,
        answered_at: ago(75),
        corrected,
        used_by: vec!["g12/shared@1".into(), "g12/api@1".into()],
        proposal: None,
    };
    FaqView {
        schema: FAQ_SCHEMA.into(),
        handle: "g12".into(),
        title: "Rate limit per API key".into(),
        entries: vec![
            entry("q3", "Which clock?", "Monotonic, sub-plan §Changes.", Answerer::Foreman, false),
            entry(
                "q4",
                "Which time zone do the reports of the limiter use, and who may change it later?",
                "UTC.\nNobody changes it.",
                Answerer::You,
                true,
            ),
        ],
    }
}

#[test]
fn the_faq_says_who_answered_and_who_relies_on_it() {
    let check = |look: Look, expected: Expect| expected.assert_eq(&crate::render::faq::faq(&look, &faq()));
    check(
        look(110),
        expect![[r#"
        q3   "Which clock?"
             Monotonic, sub-plan §Changes.
             Foreman, sure 11:45 · used by g12/shared@1 g12/api@1
        q4   "Which time zone do the reports of the limiter use, and who may change it later?"
             UTC.
             Nobody changes it.
             corrected by you 11:45 · used by g12/shared@1 g12/api@1
        2 answers · Foreman 1 · you 1 · 1 corrected · ganger correct q3 "…"
    "#]],
    );
    check(
        look(80),
        expect![[r#"
        q3   "Which clock?"
             Monotonic, sub-plan §Changes.
             Foreman, sure 11:45 · used by g12/shared@1 g12/api@1
        q4   "Which time zone do the reports of the limiter use, and who may change it
             later?"
             UTC.
             Nobody changes it.
             corrected by you 11:45 · used by g12/shared@1 g12/api@1
        2 answers · Foreman 1 · you 1 · 1 corrected · ganger correct q3 "…"
    "#]],
    );
    check(
        look(60),
        expect![[r#"
            q3   "Which clock?"
                 Monotonic, sub-plan §Changes.
                 Foreman, sure 11:45 · used by g12/shared@1 g12/api@1
            q4   "Which time zone do the reports of the limiter use, and
                 who may change it later?"
                 UTC.
                 Nobody changes it.
                 corrected by you 11:45 · used by g12/shared@1 g12/api@1
            2 answers · Foreman 1 · you 1 · 1 corrected ·
            ganger correct q3 "…"
        "#]],
    );
    check(
        Look { utf8: false, ..look(80) },
        expect![[r#"
        q3   "Which clock?"
             Monotonic, sub-plan ?Changes.
             Foreman, sure 11:45 - used by g12/shared@1 g12/api@1
        q4   "Which time zone do the reports of the limiter use, and who may change it
             later?"
             UTC.
             Nobody changes it.
             corrected by you 11:45 - used by g12/shared@1 g12/api@1
        2 answers - Foreman 1 - you 1 - 1 corrected - ganger correct q3 "~"
    "#]],
    );
    check(
        Look { colour: true, ..look(80) },
        expect![[r#"
        [1mq3[0m   "Which clock?"
             Monotonic, sub-plan §Changes.
             [2mForeman, sure 11:45 · used by g12/shared@1 g12/api@1[0m
        [1mq4[0m   "Which time zone do the reports of the limiter use, and who may change it
             later?"
             UTC.
             Nobody changes it.
             [2mcorrected by you 11:45 · used by g12/shared@1 g12/api@1[0m
        2 answers · Foreman 1 · you 1 · 1 corrected · ganger correct q3 "…"
    "#]],
    );
    let empty = FaqView { entries: Vec::new(), ..faq() };
    expect![[r#"
        No question of g12 has been answered yet.
    "#]]
    .assert_eq(&crate::render::faq::faq(&look(80), &empty));
}

/// The item with reviews: one part passed, one back at its agent, one accepted.
fn reviewed() -> ItemDetail {
    let review = |round, candidate, verdict, raised: &[&str]| ReviewView {
        round,
        candidate,
        reviewer: format!("g12/shared@{}", round + 1),
        agent: "codex".into(),
        verdict,
        reason: None,
        raised: raised.iter().map(|handle| (*handle).to_owned()).collect(),
    };
    let mut item = detail();
    item.foreman = Some("claude".into());
    item.questions = QuestionSums { foreman: 5, you: 1, skipped: 0, corrected: 1, open: 1 };
    let shared = &mut item.repositories[0];
    shared.state = PartState::Passed;
    shared.published = None;
    shared.checks[1].verdict = CheckVerdict::Flaky;
    shared.reviews =
        vec![review(1, 1, ReviewVerdict::Back, &["c7"]), review(2, 2, ReviewVerdict::Passed, &["c8", "c10"])];
    shared.critiques = vec![
        CritiqueView {
            state: CritiqueState::Fixed,
            fixed_in: Some(2),
            ..critique("c7", Severity::Major, true)
        },
        critique("c8", Severity::Nit, false),
        critique("c10", Severity::Nit, false),
    ];
    let mut reviewer = session("g12/shared@3", "codex", SessionState::Completed);
    reviewer.kind = SessionKind::Review;
    shared.sessions.push(reviewer);
    let api = &mut item.repositories[1];
    api.reviews = vec![review(1, 1, ReviewVerdict::Back, &["c12"])];
    api.critiques = vec![CritiqueView {
        file: Some("src/limit/window.rs".into()),
        line: Some(42),
        description: "takes the clock itself: cannot be tested".into(),
        unfixed: 1,
        by: "g12/api@2".into(),
        ..critique("c12", Severity::Major, true)
    }];
    item
}

#[test]
fn show_says_where_the_reviews_stand() {
    let check = |look: Look, expected: Expect| expected.assert_eq(&item::item(&look, &reviewed()));
    check(
        look(110),
        expect![[r#"
            g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit · plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              ✓  shared  claude@1  passed in review 2 · 9 files +212 −18 · 2 uncommitted · checks ✓! at 9d02e11aab ·
                                   clippy flaky · 2 nits left
              ●  api     claude@1  running · turn 6 · cargo test · back from review 1 · 9 files +212 −18 · 2 uncommitted
              ?  web     claude@1  needs you · 9 files +212 −18 · 2 uncommitted

              api has 1 critique to mend
                c12 major  src/limit/window.rs:42  "takes the clock itself: cannot be tested"
                    by g12/api@2 in candidate 1 · not fixed in 1 review

              ?  waits for you: d41 Show 429 as a toast or inline? · since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches; network open; reads open
              Lands     shared → api → web
              Foreman   5 answered, 1 by you, 1 corrected, 1 open
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    check(
        look(80),
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              ✓  shared  claude@1  passed in review 2 · 9 files +212 −18 · 2 uncommitted ·
                                   checks ✓! at 9d02e11aab · clippy flaky · 2 nits left
              ●  api     claude@1  running · turn 6 · cargo test · back from review 1 ·
                                   9 files +212 −18 · 2 uncommitted
              ?  web     claude@1  needs you · 9 files +212 −18 · 2 uncommitted

              api has 1 critique to mend
                c12 major  src/limit/window.rs:42  "takes the clock itself: cannot be
                    tested"
                    by g12/api@2 in candidate 1 · not fixed in 1 review

              ?  waits for you: d41 Show 429 as a toast or inline? · since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches; network open; reads
                        open
              Lands     shared → api → web
              Foreman   5 answered, 1 by you, 1 corrected, 1 open
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    check(
        look(60),
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens ·
                 ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              ✓  shared  claude@1  passed in review 2 ·
                                   9 files +212 −18 · 2 uncommitted ·
                                   checks ✓! at 9d02e11aab ·
                                   clippy flaky · 2 nits left
              ●  api     claude@1  running · turn 6 · cargo test ·
                                   back from review 1 ·
                                   9 files +212 −18 · 2 uncommitted
              ?  web     claude@1  needs you · 9 files +212 −18 ·
                                   2 uncommitted

              api has 1 critique to mend
                c12 major  src/limit/window.rs:42
                    "takes the clock itself: cannot be tested"
                    by g12/api@2 in candidate 1 · not fixed in 1 review

              ?  waits for you: d41 Show 429 as a toast or inline? ·
                 since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches;
                        network open; reads open
              Lands     shared → api → web
              Foreman   5 answered, 1 by you, 1 corrected, 1 open
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    check(
        Look { utf8: false, ..look(80) },
        expect![[r#"
            g12  Rate limit per API key
                 question d41 - wave 2 of 2 - 52 m - 412k tokens - ~ $3.10
                 acme - branch sub-412-rate-limit -
                 plan v2 sha256:7c1e00aabbcc~ approved by you 12:41

              +  shared  claude@1  passed in review 2 - 9 files +212 -18 - 2 uncommitted -
                                   checks +! at 9d02e11aab - clippy flaky - 2 nits left
              *  api     claude@1  running - turn 6 - cargo test - back from review 1 -
                                   9 files +212 -18 - 2 uncommitted
              ?  web     claude@1  needs you - 9 files +212 -18 - 2 uncommitted

              api has 1 critique to mend
                c12 major  src/limit/window.rs:42  "takes the clock itself: cannot be
                    tested"
                    by g12/api@2 in candidate 1 - not fixed in 1 review

              ?  waits for you: d41 Show 429 as a toast or inline? - since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches; network open; reads
                        open
              Lands     shared > api > web
              Foreman   5 answered, 1 by you, 1 corrected, 1 open
            Next: ganger answer d41 --choice 1 - ganger logs g12/api -f
        "#]],
    );
    check(
        Look { colour: true, ..look(80) },
        expect![[r#"
            [1mg12[0m  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              [32m✓[0m  shared  claude@1  passed in review 2 · 9 files +212 −18 · 2 uncommitted ·
                                   checks [32m✓[0m[33m![0m at 9d02e11aab · clippy flaky · 2 nits left
              [36m●[0m  api     claude@1  running · turn 6 · cargo test · back from review 1 ·
                                   9 files +212 −18 · 2 uncommitted
              [33m?[0m  web     claude@1  needs you · 9 files +212 −18 · 2 uncommitted

              api has 1 critique to mend
                [33mc12[0m major  src/limit/window.rs:42  "takes the clock itself: cannot be
                    tested"
                    by g12/api@2 in candidate 1 · not fixed in 1 review

              [33m?[0m  waits for you: d41 Show 429 as a toast or inline? · since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches; network open; reads
                        open
              Lands     shared → api → web
              Foreman   5 answered, 1 by you, 1 corrected, 1 open
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    let mut accepted = reviewed();
    accepted.repositories.truncate(1);
    accepted.repositories[0].accepted = Some(AcceptanceView { candidate: 2, because: None });
    accepted.head.waits.clear();
    expect![[r#"
        g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
             acme · branch sub-412-rate-limit · plan v2 sha256:7c1e00aabbcc… approved by you 12:41

          ✓  shared  claude@1  accepted by you as it is · 9 files +212 −18 · 2 uncommitted · checks ✓! at 9d02e11aab ·
                               clippy flaky · 2 nits left

          Sandbox   enforced: writes to the worktree and 2 caches; network open; reads open
          Lands     shared → api → web
          Foreman   5 answered, 1 by you, 1 corrected, 1 open
        Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
    "#]].assert_eq(&item::item(&look(110), &accepted));
}

#[test]
fn the_end_of_a_run_says_what_was_left_and_who_decided() {
    let mut done = reviewed();
    done.head.outcome = Some(Outcome::Succeeded);
    for part in &mut done.repositories {
        part.state = PartState::Published;
    }
    let check = |width: usize, expected: Expect| expected.assert_eq(&item::end(&look(width), &done));
    check(
        110,
        expect![[r#"
            ✓ g12 done in 51 m · 3 repositories · 3 reviews · 412k tokens · ≈ $3.10
              1  shared  2 commits  checks ✓!  published
              2  api                checks –   published  turn 6 · cargo test
              3  web                checks –   published
              Left: 2 nits in shared (c8 c10) · 1 major in api (c12)
              You answered 1, the Foreman 5 (ganger faq g12)
        "#]],
    );
    check(
        60,
        expect![[r#"
            ✓ g12 done in 51 m · 3 repositories · 3 reviews ·
              412k tokens · ≈ $3.10
              1  shared  2 commits  checks ✓!  published
              2  api                checks –   published
                  turn 6 · cargo test
              3  web                checks –   published
              Left: 2 nits in shared (c8 c10) · 1 major in api (c12)
              You answered 1, the Foreman 5 (ganger faq g12)
        "#]],
    );
}

#[test]
fn moments_of_the_daemon_are_told_in_local_time() {
    let there = Look { offset: UtcOffset::from_hms(2, 0, 0).unwrap(), ..look(80) };
    let check = |text: &str, expected: &str| assert_eq!(there.moments(text), expected);
    check(
        "d41 was already answered by you at 2026-11-22T11:02:00.000Z: \"inline\"",
        "d41 was already answered by you at 13:02: \"inline\"",
    );
    check("at 2026-11-21T22:30:00.000Z.", "at 00:30.");
    check("at 2026-11-20T22:30:00Z", "at 2026-11-21 00:30");
    check("v2 of 2026-11-20, 10.0.0.1:80, 12Z and 7", "v2 of 2026-11-20, 10.0.0.1:80, 12Z and 7");
    check("", "");
}
