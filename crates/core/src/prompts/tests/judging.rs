//! The prompts of reviews, of the Foreman, and of what is told beside.

use super::*;

fn critique(number: u32, state: &str) -> CritiqueData {
    CritiqueData {
        number,
        file: "src/limit.rs".to_owned(),
        line: Some(40),
        severity: "major".to_owned(),
        description: "the window is never reset\nwhen the key changes".to_owned(),
        suggestion: "reset it in `switch`".to_owned(),
        counts: true,
        by_person: false,
        state: state.to_owned(),
    }
}

fn nit(number: u32) -> CritiqueData {
    CritiqueData {
        number,
        severity: "nit".to_owned(),
        description: "the name says little".to_owned(),
        state: "open".to_owned(),
        by_person: true,
        ..CritiqueData::default()
    }
}

fn entry() -> FaqEntry {
    FaqEntry {
        repository: "shared".to_owned(),
        question: "Which clock?".to_owned(),
        answer: "Monotonic.".to_owned(),
        by: "the Foreman".to_owned(),
    }
}

#[test]
fn a_reviewer_reads_the_sub_plan_the_evidence_and_the_older_critiques() {
    let check_of = |name: &str, verdict: &str, tail: &str| CheckEvidence {
        name: name.to_owned(),
        command: format!("make {name}"),
        verdict: verdict.to_owned(),
        tail: tail.to_owned(),
    };
    let full = ReviewData {
        ticket: ticket(),
        guidance: "Migrations go both ways.\n".to_owned(),
        docs: strings(&["/base/api/docs/agents.md"]),
        guidance_path: Some("AGENTS.md".to_owned()),
        repository: "api".to_owned(),
        round: 2,
        base_branch: "main".to_owned(),
        base_commit: "b0".to_owned(),
        commit: "c2".to_owned(),
        previous: Some("c1".to_owned()),
        orchestration: "First shared, then api.".to_owned(),
        sub_plan: "### Goal\nLimit requests.".to_owned(),
        paths: strings(&["src/limit.rs", "migrations/1.sql"]),
        outside: strings(&["migrations/1.sql"]),
        checks: vec![
            check_of("test", "passed", ""),
            check_of("lint", "was broken: it fails without these changes too (exit code 1)", "boom\n```\n"),
        ],
        faq: vec![entry()],
        critiques: vec![critique(1, "open"), nit(2)],
    };
    check(&ReviewTemplates::review(&full), expect_file!["../snapshots/review.txt"]);
    let bare = ReviewData {
        ticket: TicketData { description: String::new(), ..ticket() },
        repository: "api".to_owned(),
        round: 1,
        orchestration: "Only api.".to_owned(),
        sub_plan: "### Goal\nLimit requests.".to_owned(),
        ..ReviewData::default()
    };
    check(&ReviewTemplates::review(&bare), expect_file!["../snapshots/review_bare.txt"]);
    check(&ReviewTemplates::again("it has no verdict"), expect_file!["../snapshots/review_again.txt"]);
}

#[test]
fn an_implementer_reads_what_comes_back() {
    let data = ReimplementationData {
        repository: "api".to_owned(),
        branch: "sub-g12-rate-limit".to_owned(),
        commit: "c1".to_owned(),
        critiques: vec![critique(1, "open"), nit(2)],
    };
    check(&ReviewTemplates::reimplementation(&data), expect_file!["../snapshots/reimplementation.txt"]);
}

#[test]
fn the_foreman_reads_the_plan_and_one_question() {
    let full = ForemanData { ticket: ticket(), plan: "## Orchestration\n".to_owned(), faq: vec![entry()] };
    check(&ForemanTemplates::briefing(&full), expect_file!["../snapshots/foreman.txt"]);
    let bare = ForemanData { faq: Vec::new(), ..full };
    check(&ForemanTemplates::briefing(&bare), expect_file!["../snapshots/foreman_bare.txt"]);
    let part = |multi_select| QuestionPartData {
        question: "Show 429 as a toast or inline?".to_owned(),
        options: strings(&["toast", "inline: beside the field"]),
        multi_select,
    };
    let full = QuestionData {
        number: 3,
        repository: "web".to_owned(),
        parts: vec![part(false), part(true)],
        context: "The form has both.".to_owned(),
        proposal: Some("Inline.".to_owned()),
        wish: Some("What of mobile?".to_owned()),
        news: vec![entry()],
    };
    check(&ForemanTemplates::question(&full), expect_file!["../snapshots/question.txt"]);
    let bare = QuestionData {
        number: 1,
        repository: "api".to_owned(),
        parts: vec![QuestionPartData { question: "Which clock?".to_owned(), ..QuestionPartData::default() }],
        ..QuestionData::default()
    };
    check(&ForemanTemplates::question(&bare), expect_file!["../snapshots/question_bare.txt"]);
}

#[test]
fn what_is_told_stands_beside_the_turn_or_alone() {
    let words = strings(&["The answer to your question \"Which clock?\":\nMonotonic.", "Use seconds."]);
    let alone = ToldData { turn: None, words: words.clone() };
    check(&ImplementationTemplates::told(&alone), expect_file!["../snapshots/told.txt"]);
    let beside = ToldData { turn: Some("Carry it out.\n".to_owned()), words };
    check(&ImplementationTemplates::told(&beside), expect_file!["../snapshots/told_beside.txt"]);
}

#[test]
fn a_planner_reads_what_the_last_run_left() {
    let result = RepoResultSummary {
        repository: "api".to_owned(),
        published: true,
        commit: "c2".to_owned(),
        paths: strings(&["src/limit.rs"]),
        rounds: 2,
        left: strings(&["the name says little"]),
    };
    let bare = RepoResultSummary { repository: "my repo".to_owned(), ..RepoResultSummary::default() };
    let full = FollowUpData {
        planning: planning(),
        feedback: "Limit by tenant too.".to_owned(),
        current_plan: "## Orchestration".to_owned(),
        only: Some("api".to_owned()),
        results: vec![result, bare],
    };
    check(&PlanningTemplates::follow_up(&full), expect_file!["../snapshots/follow_up.txt"]);
    let results = vec![RepoResultSummary { repository: "api".to_owned(), ..RepoResultSummary::default() }];
    let bare = FollowUpData { planning: bare_planning(), only: None, results, ..full };
    check(&PlanningTemplates::follow_up(&bare), expect_file!["../snapshots/follow_up_bare.txt"]);
}
