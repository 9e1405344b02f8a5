//! Every prompt as it is sent, once with all and once with nothing that may be absent.

mod judging;

use super::*;
use crate::plan::PlanParser;
use expect_test::expect_file;
use proptest::prelude::*;

fn check(text: &str, expected: expect_test::ExpectFile) {
    assert!(!text.contains("\n\n\n"), "two blank lines in a row:\n{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "blanks at the end of a line:\n{text}");
    expected.assert_eq(text);
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn ticket() -> TicketData {
    TicketData {
        reference: "acme/api#412".to_owned(),
        title: "Rate limit per API key".to_owned(),
        description: "Keys must be limited.\n\n## Limits\n\n100 per minute.".to_owned(),
        extra_context: "Label: backend".to_owned(),
    }
}

fn planning() -> PlanningData {
    PlanningData {
        ticket: ticket(),
        guidance: "We write Rust.\n".to_owned(),
        docs: strings(&["/ws/docs/architecture.md", " ", "/ws/docs/style.md"]),
        repositories: vec![
            PlanningRepository {
                name: "api".to_owned(),
                directory: "/plan/api".to_owned(),
                languages: strings(&["rust", "python"]),
                hints: "Owns the database schema".to_owned(),
                guidance_path: Some("/plan/api/AGENTS.md".to_owned()),
                checks: strings(&["test", "clippy"]),
            },
            PlanningRepository {
                name: "my repo".to_owned(),
                directory: "/plan/my repo".to_owned(),
                ..PlanningRepository::default()
            },
        ],
        draft_path: "/session/plan-draft.md".to_owned(),
        tools: true,
    }
}

fn bare_planning() -> PlanningData {
    PlanningData {
        ticket: TicketData {
            reference: "g3".to_owned(),
            title: "Fix it".to_owned(),
            ..TicketData::default()
        },
        repositories: vec![PlanningRepository {
            name: "a".to_owned(),
            directory: "/plan/a".to_owned(),
            ..PlanningRepository::default()
        }],
        draft_path: "/session/plan-draft.md".to_owned(),
        ..PlanningData::default()
    }
}

#[test]
fn planning_prompts() {
    check(&PlanningTemplates::planning(&planning()), expect_file!["snapshots/planning.txt"]);
    check(&PlanningTemplates::planning(&bare_planning()), expect_file!["snapshots/planning_bare.txt"]);
}

#[test]
fn documentation_stands_before_the_repositories_and_not_inside_them() {
    let text = PlanningTemplates::planning(&planning());
    let docs = text.find("## Repo Documentation").unwrap();
    let repositories = text.find("## Repos\n").unwrap();
    let path = text.find("/ws/docs/architecture.md").unwrap();
    assert!(docs < path && path < repositories);
    assert_eq!(text.matches("/ws/docs/").count(), 2);
    assert!(!PlanningTemplates::planning(&bare_planning()).contains("## Repo Documentation"));
    assert!(
        !PlanningTemplates::planning(&PlanningData { docs: strings(&[""]), ..planning() })
            .contains("## Repo Documentation")
    );
}

#[test]
fn the_grammar_that_planners_read_is_the_one_that_is_parsed() {
    let grammar = PlanningTemplates::grammar();
    let example = grammar.split("~~~~\n").nth(1).unwrap();
    let names = strings(&["first-repository", "second-repository", "third-repository"]);
    let errors = PlanParser::parse_and_validate(example, &names).unwrap_err();
    // The example shows one sub-plan of three; nothing else is wrong with it.
    let missing: Vec<_> = errors.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(missing, ["missing_sub_plan", "missing_sub_plan"]);
}

fn correction(document: &str, repositories: &[&str], tools: bool) -> String {
    let discovered_repos = strings(repositories);
    let errors = PlanParser::parse_and_validate(document, &discovered_repos).unwrap_err();
    let session_draft_path = "/session/plan-draft.md".to_owned();
    PlanningTemplates::correction(&CorrectionTemplateData {
        errors,
        discovered_repos,
        session_draft_path,
        tools,
    })
}

const BAD: &str = "# Plan\n\n```ganger-plan\nexecution_groups: [[api, ghost]]\nwaves: 1\n```\n\n## SubPlan: web\n\n### Goal\nx\n";

#[test]
fn correction_prompts() {
    check(&correction(BAD, &["api", "web"], true), expect_file!["snapshots/correction.txt"]);
    check(&correction("words", &["api"], false), expect_file!["snapshots/correction_no_block.txt"]);
    let nothing = CorrectionTemplateData {
        discovered_repos: strings(&["api"]),
        session_draft_path: "/session/plan-draft.md".to_owned(),
        tools: true,
        ..CorrectionTemplateData::default()
    };
    check(&PlanningTemplates::correction(&nothing), expect_file!["snapshots/correction_no_plan.txt"]);
    let errors = PlanParser::parse_and_validate(BAD, &strings(&["api", "web"])).unwrap_err();
    check(&PlanningTemplates::refused_submission(&errors), expect_file!["snapshots/refused_submission.txt"]);
}

#[test]
fn a_correction_holds_problems_examples_and_names() {
    let text = correction(BAD, &["api", "web"], true);
    for part in [
        "Plan parsing failed: ",
        "## How to mend it",
        "```ganger-plan\nexecution_groups:\n  - [api]\n```",
        "## Orchestration",
        "## SubPlan: api\n\n### Goal\n...\n\n### Scope\n- ...",
        "- api\n- web\n",
        "/session/plan-draft.md",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn revision_prompts() {
    let revision = RevisionData {
        planning: planning(),
        feedback: "Show an inline message.".to_owned(),
        current_plan: "```ganger-plan\nexecution_groups: [[api]]\n```\n".to_owned(),
        only: Some("api".to_owned()),
        begun: strings(&["shared"]),
    };
    check(&PlanningTemplates::revision(&revision), expect_file!["snapshots/revision.txt"]);
    let all = RevisionData { planning: bare_planning(), only: None, ..revision };
    check(&PlanningTemplates::revision(&all), expect_file!["snapshots/revision_bare.txt"]);
}

fn implementation() -> ImplementationData {
    ImplementationData {
        ticket: ticket(),
        repository: "api".to_owned(),
        directory: "/home/ada/g12/api".to_owned(),
        branch: "sub-412-rate-limit".to_owned(),
        base_branch: "main".to_owned(),
        base_commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        orchestration: "`shared` first.".to_owned(),
        sub_plan: "### Goal\nMiddleware.\n\n### Scope\n- src/limit".to_owned(),
        earlier: vec![
            EarlierResult {
                repository: "shared".to_owned(),
                directory: "/home/ada/g12/shared".to_owned(),
                commit: "89abcdef".to_owned(),
                goal: "A sliding window.\nNo I/O.".to_owned(),
                paths: (0..45).map(|n| format!("src/{n}.rs")).collect(),
            },
            EarlierResult {
                repository: "docs".to_owned(),
                directory: "/home/ada/g12/docs".to_owned(),
                commit: "fedcba98".to_owned(),
                ..EarlierResult::default()
            },
        ],
        beside: strings(&["web"]),
        later: strings(&["cli", "sdk"]),
        untouched: vec![SiblingRepository {
            name: "ops".to_owned(),
            directory: "/home/ada/g12/ops".to_owned(),
        }],
        guidance_path: Some("/home/ada/g12/api/AGENTS.md".to_owned()),
        checks: vec![CheckCommand { name: "test".to_owned(), command: "cargo test".to_owned() }],
        ask_tool: Some("ask_foreman".to_owned()),
    }
}

fn bare_implementation() -> ImplementationData {
    ImplementationData {
        ticket: TicketData { description: String::new(), extra_context: String::new(), ..ticket() },
        earlier: Vec::new(),
        beside: Vec::new(),
        later: Vec::new(),
        untouched: Vec::new(),
        guidance_path: None,
        checks: Vec::new(),
        ask_tool: None,
        ..implementation()
    }
}

#[test]
fn implementation_prompts() {
    let text = ImplementationTemplates::implementation(&implementation());
    check(&text, expect_file!["snapshots/implementation.txt"]);
    let bare = ImplementationTemplates::implementation(&bare_implementation());
    check(&bare, expect_file!["snapshots/implementation_bare.txt"]);
}

#[test]
fn repair_prompts() {
    let broke = [
        BrokenCheck {
            name: "test".to_owned(),
            command: "cargo test".to_owned(),
            ending: "exit code 101".to_owned(),
            log_tail: "assertion failed\n```\nleft: 1\n".to_owned(),
            log_path: Some("/session/checks/test.log".to_owned()),
        },
        BrokenCheck {
            name: "lint".to_owned(),
            command: "make lint".to_owned(),
            ending: "no end after 600 s".to_owned(),
            ..BrokenCheck::default()
        },
    ];
    let repair = RepairData {
        repository: "api".to_owned(),
        branch: "sub-412-rate-limit".to_owned(),
        commit: "89abcdef".to_owned(),
        findings: ImplementationTemplates::findings(&broke),
        was_broken: strings(&["audit"]),
    };
    check(&ImplementationTemplates::repair(&repair), expect_file!["snapshots/repair.txt"]);
    let bare = RepairData {
        findings: ImplementationTemplates::findings(&broke[1..]),
        was_broken: Vec::new(),
        ..repair
    };
    check(&ImplementationTemplates::repair(&bare), expect_file!["snapshots/repair_bare.txt"]);
}

#[test]
fn prompts_after_a_turn_that_left_nothing_usable() {
    let none = NoCommitData { repository: "api".to_owned(), branch: "sub-412-rate-limit".to_owned() };
    check(&ImplementationTemplates::no_commit(&none), expect_file!["snapshots/no_commit.txt"]);
    let elsewhere = HeadElsewhereData {
        repository: "api".to_owned(),
        branch: "sub-412-rate-limit".to_owned(),
        base_commit: "89abcdef".to_owned(),
        reason: "HEAD is on `main` and a rebase is under way".to_owned(),
    };
    check(&ImplementationTemplates::head_elsewhere(&elsewhere), expect_file!["snapshots/head_elsewhere.txt"]);
}

#[test]
fn resume_prompts() {
    let told = ResumeData {
        loaded: false,
        task: ImplementationTemplates::implementation(&bare_implementation()),
        interrupted: Some("Mend the test.".to_owned()),
        answers: vec![Answered {
            question: "Which clock?".to_owned(),
            answer: "Monotonic.\nSee shared.".to_owned(),
        }],
        messages: strings(&["Use the injected clock"]),
        worktree: Some(WorktreeStanding {
            commits: (0..42).map(|n| format!("{n:08x} Step {n}")).collect(),
            uncommitted: (0..41).map(|n| format!(" M src/{n}.rs")).collect(),
        }),
        draft_path: None,
    };
    check(&ImplementationTemplates::resume(&told), expect_file!["snapshots/resume_told.txt"]);
    let loaded = ResumeData { loaded: true, task: "the task".to_owned(), ..ResumeData::default() };
    let text = ImplementationTemplates::resume(&loaded);
    check(&text, expect_file!["snapshots/resume_loaded.txt"]);
    assert!(!text.contains("the task"));
    let untouched = ResumeData { worktree: Some(WorktreeStanding::default()), ..loaded };
    check(&ImplementationTemplates::resume(&untouched), expect_file!["snapshots/resume_untouched.txt"]);
    let planner = ResumeData {
        task: "the task".to_owned(),
        draft_path: Some("/session/plan-draft.md".to_owned()),
        ..ResumeData::default()
    };
    check(&ImplementationTemplates::resume(&planner), expect_file!["snapshots/resume_planner.txt"]);
}

proptest! {
    /// Whatever a ticket says stays what it is: nothing is expanded in it, nothing of it closes a fence.
    #[test]
    fn texts_of_people_are_carried_as_they_are(text in "[ -~\n`{}%#]{0,60}") {
        let wanted = text.trim();
        let ticket = TicketData { description: text.clone(), ..ticket() };
        let plan = PlanningTemplates::planning(&PlanningData { ticket: ticket.clone(), ..planning() });
        prop_assert!(plan.contains(wanted));
        let data = ImplementationData { ticket, sub_plan: text.clone(), ..bare_implementation() };
        prop_assert!(ImplementationTemplates::implementation(&data).contains(wanted));
        let revision = RevisionData {
            planning: bare_planning(),
            feedback: text.clone(),
            current_plan: text.clone(),
            only: None,
            begun: Vec::new(),
        };
        prop_assert!(PlanningTemplates::revision(&revision).contains(text.trim_end()));
    }
}
