//! Screens on which the person decides, and what came of it.

use super::super::{ago, plan_view};
use super::views::*;
use super::{case, check};
use crate::render::*;
use ganger_api::command::*;
use ganger_api::decision::*;
use ganger_api::item::CheckVerdict;
use ganger_api::plan::*;
use ganger_api::question::*;
use ganger_api::review::{CritiqueView, Severity};
use ganger_api::wait::WaitKind;

fn decision(handle: &str, kind: WaitKind, target: &str, subject: &str, commands: &[&str]) -> Decision {
    Decision {
        id: "01JD".into(),
        handle: handle.into(),
        item: target.split('/').next().unwrap_or_default().into(),
        target: target.into(),
        kind,
        subject: subject.into(),
        detail: None,
        since: ago(11),
        blocks: format!("blocks {target}"),
        blocks_item: true,
        options: Vec::new(),
        takes_text: true,
        delivery: None,
        question: None,
        critiques: Vec::new(),
        checks: Vec::new(),
        plan: None,
        commands: commands.iter().map(|command| format!("ganger {command}")).collect(),
    }
}

fn options(options: &[(&str, &str)]) -> Vec<DecisionOption> {
    let option =
        |&(choice, label): &(&str, &str)| DecisionOption { choice: choice.into(), label: label.into() };
    options.iter().map(option).collect()
}

fn part(question: &str, options: &[(&str, Option<&str>)]) -> QuestionPart {
    let option = |(number, &(label, description)): (u32, &(&str, Option<&str>))| QuestionOption {
        choice: number.to_string(),
        label: label.into(),
        description: description.map(str::to_owned),
    };
    QuestionPart {
        question: question.into(),
        options: (1..).zip(options).map(option).collect(),
        multi_select: false,
        recommended: None,
    }
}

fn asked(parts: Vec<QuestionPart>) -> QuestionView {
    QuestionView {
        id: "01JD".into(),
        handle: "q6".into(),
        asked_by: "g12/web@1".into(),
        agent: "codex".into(),
        asked_at: ago(12),
        parts,
        context: None,
        proposal: None,
        discussion: None,
        answered_meanwhile: 0,
    }
}

/// Questions of every form.
fn questions() -> Vec<Decision> {
    let answer = "inline. The plan says \"message to the user\", and design.md prefers inline for forms.";
    let simple = Decision {
        delivery: Some("held open, the agent waits".into()),
        blocks: "blocks g12 (last repository)".into(),
        question: Some(QuestionView {
            proposal: Some(ProposalView { answer: answer.into(), confidence: Confidence::Uncertain }),
            answered_meanwhile: 2,
            ..asked(vec![QuestionPart {
                recommended: Some("1".into()),
                ..part("Show 429 as a toast or inline?", &[("toast", None), ("inline", None)])
            }])
        }),
        ..decision(
            "d41",
            WaitKind::Question,
            "g12/web",
            "Show 429 as a toast or inline?",
            &["answer d41 --choice 1", "answer d41 --proposed", "discuss d41 \"…\"", "skip d41"],
        )
    };
    let clock = part(
        "Which clock?",
        &[
            (
                "wall",
                Some("as the log says it; it may jump when the machine sleeps or somebody sets the time"),
            ),
            ("monotonic", Some("counts since the start")),
        ],
    );
    let units = QuestionPart { multi_select: true, ..part("Which units?", &[("ms", None), ("s", None)]) };
    let parts = Decision {
        delivery: Some("by resuming the session".into()),
        question: Some(QuestionView {
            context: Some(
                "The window needs a clock that tests can set.\n\n\tSee src/limit/window.rs:42.".into(),
            ),
            discussion: Some("what does the plan say of tests?".into()),
            ..asked(vec![clock, units])
        }),
        ..decision(
            "d44",
            WaitKind::Question,
            &format!("g15/{REPOSITORY}"),
            "Which clock? / Which units?",
            &["answer d44 --choice 1 --choice 1", "skip d44"],
        )
    };
    let wide = Decision {
        question: Some(QuestionView {
            context: Some(HOSTILE.into()),
            ..asked(vec![part(WIDE, &[(WIDE, None), (HOSTILE, None)])])
        }),
        ..decision("d46", WaitKind::Question, "g16/web", WIDE, &["answer d46 --choice 1", "skip d46"])
    };
    vec![simple, parts, wide]
}

/// Everything else that can wait for a person.
fn others() -> Vec<Decision> {
    let plan = decision(
        "d47",
        WaitKind::Plan,
        "g15",
        "plan v2 of g15 waits for your approval: 3 repositories in 2 waves",
        &["plan g15 --diff", "approve g15", "edit g15", "revise g15 \"…\"", "reject g15"],
    );
    let review = Decision {
        since: ago(125),
        options: options(&[
            ("tell", "the agent goes on with your words"),
            ("accept", "take it as it is"),
            ("stop", "give this part up"),
        ]),
        critiques: vec![
            CritiqueView {
                unfixed: 2,
                suggestion: Some(
                    "import the prelude of the crate, which the reader of the page does not have before them"
                        .into(),
                ),
                ..critique("c31", Severity::Major, "example does not compile")
            },
            CritiqueView {
                file: None,
                line: None,
                by: "you".into(),
                ..critique("c33", Severity::Nit, "no word of what happens when the key is missing")
            },
        ],
        checks: vec![
            checked("test", CheckVerdict::Passed),
            checked("integration-tests-against-a-real-database", CheckVerdict::Broke),
            checked("doctest", CheckVerdict::Flaky),
        ],
        ..decision(
            "d43",
            WaitKind::Review,
            "g8/docs",
            "the review of docs needs you: the same critique was not fixed twice",
            &["answer d43 --choice tell \"…\"", "waive c31", "accept g8/docs", "answer d43 --choice stop"],
        )
    };
    let setup = Decision {
        detail: Some(
            "npm error code ERESOLVE\nnpm error ERESOLVE could not resolve\n\tnpm error While resolving: eslint-plugin@3.1.0\n\x1b[31mnpm error\x1b[0m Found: eslint@9.0.0 in node_modules/eslint of the workspace that was set up a moment ago"
                .into(),
        ),
        options: options(&[("retry", "try again"), ("stop", "give this part up")]),
        ..decision(
            "d48",
            WaitKind::Setup,
            &format!("g15/{REPOSITORY}"),
            "the setup failed: pnpm install --frozen-lockfile ended with exit code 1",
            &["answer d48 --choice retry", "answer d48 --choice stop"],
        )
    };
    let budget = Decision {
        options: options(&[
            ("raise", "let it cost more, up to the amount you name"),
            ("stop", "stop what is left to be done"),
        ]),
        ..decision(
            "d45",
            WaitKind::Budget,
            "g21",
            "g21 has cost $20.10 of $20.00: no further turn begins",
            &["answer d45 --choice raise 31", "answer d45 --choice stop"],
        )
    };
    let leftovers = Decision {
        detail: Some(
            "the candidate holds files that should perhaps not be pushed:\n.env looks like a secret\ntarget/debug/incremental/payments/query-cache.bin has 2.1 GB".into(),
        ),
        ..decision("d49", WaitKind::Leftovers, "g12/api", "2 files of the candidate need a look", &[
            "answer d49 --choice accept",
            "answer d49 --choice tell \"…\"",
        ])
    };
    let publish = decision(
        "d51",
        WaitKind::Publish,
        "g9",
        "everything is proven: it can be pushed",
        &["publish g9", "diff g9 --stat"],
    );
    let stopped = decision("d52", WaitKind::Stopped, "g9/api", "you stopped it", &["retry g9/api"]);
    vec![plan, review, setup, budget, leftovers, publish, stopped]
}

fn inbox(decisions: Vec<Decision>, limited: Vec<LimitedItem>) -> Inbox {
    Inbox { schema: INBOX_SCHEMA.into(), decisions, limited }
}

#[test]
fn inbox_and_decisions() {
    let limited = |handle: &str, title: &str, until| LimitedItem {
        handle: handle.into(),
        title: title.into(),
        agent: "claude".into(),
        until,
    };
    let limited = vec![
        limited("g11/web", "Fix flaky login test", Some(later(130))),
        limited(&format!("g13/{REPOSITORY}"), WIDE, Some(later(60 * 30))),
        limited("g14", LONG, None),
    ];
    let all = questions().into_iter().chain(others()).collect();
    check(
        "inbox",
        &[
            case("everything", inbox(all, limited.clone()), decision::inbox),
            case("only a provider is waited for", inbox(Vec::new(), limited), decision::inbox),
            case("nothing waits", inbox(Vec::new(), Vec::new()), decision::inbox),
        ],
    );
    for one in questions().into_iter().chain(others()) {
        let one = case("a decision by itself", one, decision::decision).ends_in_command();
        super::check_everywhere(&one);
    }
}

fn goals() -> PlanView {
    let brief = |repository: &str, goal: &str, checks: &[&str]| SubPlanBrief {
        repository: repository.into(),
        goal: goal.into(),
        checks: checks.iter().map(|check| (*check).into()).collect(),
        agent: Some("claude".into()),
    };
    PlanView {
        title: LONG.into(),
        waves: vec![
            vec![brief("shared", "new crate `limit`: sliding window, no I/O", &["test", "clippy"])],
            vec![
                brief(
                    REPOSITORY,
                    "middleware before the auth layer that answers 429 with Retry-After, and a configuration key for the window",
                    &["test", "clippy -D warnings", "integration tests against a real database"],
                ),
                brief("web", WIDE, &[]),
                brief("docs\x1b[2J", HOSTILE, &["spelling"]),
            ],
        ],
        problems: Vec::new(),
        ..plan_view()
    }
}

#[test]
fn plan() {
    let version =
        |version, author: &str, state| PlanVersion { version, author: author.into(), at: ago(3), state };
    let versions = vec![
        version(1, "claude", PlanState::Superseded),
        version(2, "you", PlanState::Approved),
        version(3, "claude", PlanState::Submitted),
    ];
    let problem = |line, message: &str| PlanProblem { line, message: message.into() };
    let follow_up = PlanView {
        plan: PlanReference { version: 3, ..plan_view().plan },
        versions,
        problems: vec![
            problem(
                Some(3),
                "execution_groups names `web`, but there is no \"## SubPlan: web\" in the document, and none is planned",
            ),
            problem(None, "the document has no section for any repository"),
        ],
        ..goals()
    };
    let document = "# Rate limit\n\n## SubPlan: api\n\n### Goal\n\nレート \x1b]0;evil\x07 \u{202e}x\n\n    let indented = true;  \n";
    let document = PlanView { document: document.into(), ..follow_up.clone() };
    let difference = PlanDiff {
        text: "--- v1\n+++ v2\n@@ -1 +1 @@\n-toast\n+inline \x1b[2Jmessage\n".into(),
        ..plan_view().diff.unwrap_or_else(|| panic!("it has one"))
    };
    check(
        "plan",
        &[
            case("the first version to approve", PlanView { diff: None, ..goals() }, plan::summary),
            case("a later version to approve", follow_up, plan::summary),
            case("the document", document, plan::document).quotes(),
            case("the difference", difference, plan::difference).quotes(),
        ],
    );
}

#[test]
fn result() {
    let push = |repository: &str, state, reason: Option<&str>, url: Option<&str>| Publication {
        repository: repository.into(),
        remote: Some("origin".into()),
        branch: "sub-g12-rate-limit-per-api-key-and-per-tenant".into(),
        commit: Some("9d02e11aabbccddeeff".into()),
        commits: Some(2),
        state,
        reason: reason.map(str::to_owned),
        url: url.map(str::to_owned),
    };
    let result = |message: &str, commands: &[&str]| CommandResult {
        schema: RESULT_SCHEMA.into(),
        id: "01JD".into(),
        handle: "g12".into(),
        message: message.into(),
        repeated: false,
        plan: None,
        publications: Vec::new(),
        commands: commands.iter().map(|command| format!("ganger {command}")).collect(),
    };
    let pushed = CommandResult {
        publications: vec![
            push(
                "shared",
                PublicationState::Published,
                None,
                Some("https://github.com/acme/shared/compare/main...sub-g12-rate-limit?expand=1"),
            ),
            push(
                REPOSITORY,
                PublicationState::Refused,
                Some("the remote has moved: somebody else pushed to this branch"),
                None,
            ),
            push("web", PublicationState::NotReady, Some("its checks run"), None),
            push("docs", PublicationState::Ready, None, None),
        ],
        ..result("Nothing was pushed: this is what would be.", &["publish g12"])
    };
    let answered = result(
        "Answered d41. g12/web goes on. Kept as q6 in the FAQ of g12, and told to g12/api@1 and g12/payments@2, which had asked the same before.",
        &["faq g12", "logs g12/web -f", "correct q6 \"…\"", "show g12"],
    );
    let repeated = CommandResult {
        repeated: true,
        ..result("Approved plan v2 of g12 at 2026-11-22T12:41:00.000Z.", &[])
    };
    check(
        "result",
        &[
            case("what would be pushed", pushed, result::result),
            case("an answer", answered, result::result),
            case("a repetition", repeated, result::result),
            case("somebody else's words", result(HOSTILE, &["run g12"]), result::result),
        ],
    );
}
