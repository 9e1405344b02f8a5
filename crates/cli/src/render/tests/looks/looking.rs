//! Screens that show what is there.

use super::super::looking::{report, sum};
use super::super::{MINUTE, ago};
use super::views::*;
use super::{case, check};
use crate::render::*;
use ganger_api::cost::*;
use ganger_api::daemon::DaemonStatus;
use ganger_api::diff::*;
use ganger_api::doctor::*;
use ganger_api::event::FeedEvent;
use ganger_api::item::*;
use ganger_api::log::{LogKind, LogLine};
use ganger_api::question::{Answerer, FAQ_SCHEMA, FaqEntry, FaqView};
use ganger_api::search::{HitKind, SEARCH_SCHEMA, SearchHit, SearchResult};

#[test]
fn ls() {
    let busy = list(items(), 41);
    let calm = list(items().split_off(8), 0);
    check(
        "ls",
        &[
            case("items that wait in every way", busy, items::items),
            case("nothing waits for anybody", calm, items::items),
            case("everything is finished", list(Vec::new(), 41), items::items),
            case("nothing was ever created", list(Vec::new(), 0), items::items),
        ],
    );
}

#[test]
fn wait() {
    let heads = |heads: Vec<ItemSummary>| heads.into_iter().map(|item| item.head).collect::<Vec<_>>();
    check(
        "wait",
        &[case("one line for each item", heads(items()), |look, heads| {
            heads.iter().map(|head| items::short(look, head)).collect()
        })],
    );
}

#[test]
fn show() {
    let mut newer = fresh();
    newer.head.written_by_newer = true;
    let change = |state, version, trouble: Option<&str>| {
        let mut item = done();
        item.head.plan_change = Some(PlanChange {
            state,
            standing: Some(1),
            version,
            only: None,
            follow_up: true,
            wish: None,
            trouble: trouble.map(str::to_owned),
        });
        item
    };
    let waiting = change(PlanChangeState::Waiting, Some(2), None);
    let trouble = "the planner's document was refused three times: line 3: execution_groups names `web`";
    let trouble = change(PlanChangeState::Failed, None, Some(trouble));
    check(
        "show",
        &[
            case("in the middle of the work", busy(), item::item),
            case("the planner has trouble", planning(), item::item),
            case("not begun", fresh(), item::item),
            case("done", done(), item::item),
            case("failed", failed(), item::item),
            case("written by a newer ganger", newer, item::item),
            case("a follow-up waits", waiting, item::item),
            case("a follow-up could not be planned", trouble, item::item),
        ],
    );
}

#[test]
fn run() {
    let plan = "[y]\u{a0}approve [v]\u{a0}read [e]\u{a0}edit [d]\u{a0}drop [r]\u{a0}revise [n]\u{a0}reject [l]\u{a0}later\u{a0}›";
    let question = "d41  1\u{a0}toast  2\u{a0}inline  p\u{a0}Foreman,\u{a0}unsure:\u{a0}inline.\u{a0}The\u{a0}plan\u{a0}say…  s\u{a0}skip  e\u{a0}write  l\u{a0}later\u{a0}›";
    let prompted = |prompt: &'static str| {
        move |look: &crate::look::Look, item: &ItemDetail| {
            let prompt = region::prompt(look, prompt);
            region::region(look, item, 24) + prompt.trim_end()
        }
    };
    check(
        "run",
        &[
            case("the region", busy(), |look, item| region::region(look, item, 24)),
            case("the region without room", busy(), |look, item| region::region(look, item, 5)),
            case("the region with a question", busy(), prompted(question)),
            case("the region with a plan", planning(), prompted(plan)),
            case("the end, done", done(), item::end),
            case("the end, failed", failed(), item::end),
        ],
    );
}

fn event(name: &str, repository: Option<&str>, text: &str) -> FeedEvent {
    FeedEvent {
        cursor: "12.0".into(),
        name: name.into(),
        at: ago(7),
        item: Some("g12".into()),
        repository: repository.map(str::to_owned),
        text: text.into(),
        data: serde_json::Value::Null,
    }
}

fn feed_events() -> Vec<FeedEvent> {
    vec![
        event("work_item.created", None, WIDE),
        event("plan.submitted_for_review", None, "plan v2 by claude sha256:7c1e00aabbcc"),
        event("agent_session.started", Some("api"), "claude started (sandbox: Landlock 7)"),
        event(
            "agent_question.proposed",
            Some(REPOSITORY),
            "q3 \"Which clock?\" → Foreman, sure: \"Monotonic: the sub-plan says so under Changes, number 2\"",
        ),
        event("agent_question.answered", Some("web"), HOSTILE),
        event("check.passed", Some("shared"), "test ✓ 9 s · clippy ✓ 12 s at 4be1c07"),
        FeedEvent { item: None, ..event("machine.slept", None, "the machine slept for 8 h") },
    ]
}

#[test]
fn history() {
    check(
        "history",
        &[case("events of a run", feed_events(), |look, events| {
            events
                .iter()
                .map(|event| feed::history(look, event, crate::look::width(REPOSITORY)) + "\n")
                .collect()
        })],
    );
}

#[test]
fn events() {
    check(
        "events",
        &[case("the feed", feed_events(), |look, events| {
            events.iter().map(|event| feed::event(look, event)).collect()
        })],
    );
}

#[test]
fn logs() {
    let line = |kind, text: &str, failed| LogLine {
        cursor: "1:2".into(),
        at: ago(4),
        source: "g12/api@1".into(),
        kind,
        text: text.into(),
        failed,
    };
    let lines = vec![
        line(LogKind::Process, "claude started", false),
        line(
            LogKind::Prompt,
            "You implement one part of a plan over several repositories. The plan follows.\n\n# Plan\n\n## SubPlan: api",
            false,
        ),
        line(
            LogKind::Think,
            "The window needs a clock that tests can set; the crate has one in `time::source`.",
            false,
        ),
        line(
            LogKind::Agent,
            "I'll add the middleware before the auth layer, so that a limited key never reaches the database:\n\n\t- one\n\t- two",
            false,
        ),
        line(
            LogKind::Tool,
            "cargo test -p api limit --features slow-tests --no-fail-fast -- --nocapture --test-threads 1",
            true,
        ),
        line(LogKind::Call, "ask_foreman \"Which clock?\"", false),
        line(LogKind::You, HOSTILE, false),
        line(LogKind::Denied, "write to ~/.gradle/wrapper by java: not in the sandbox", false),
        line(LogKind::Warning, "the answer may have been lost", false),
        line(LogKind::Job, "npm error code ERESOLVE", true),
        line(LogKind::Turn, "the turn ended", false),
        line(LogKind::Agent, WIDE, false),
    ];
    let raw = vec![line(
        LogKind::Raw,
        "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"text\":\"レート\\u001b\"}\x1b[2J",
        false,
    )];
    let show = |look: &crate::look::Look, lines: &Vec<LogLine>| -> String {
        lines.iter().map(|line| feed::log(look, line)).collect()
    };
    check("logs", &[case("a transcript", lines, show), case("the journal", raw, show).quotes()]);
}

fn file(path: &str, kind: FileChangeKind, insertions: Option<u64>, deletions: Option<u64>) -> FileChange {
    let from = (kind == FileChangeKind::Renamed).then(|| "src/limits.rs".into());
    let uncommitted = kind == FileChangeKind::Untracked;
    let is_outside_scope = path.starts_with("crates/") || uncommitted;
    FileChange { path: path.into(), from, kind, insertions, deletions, uncommitted, is_outside_scope }
}

fn changes(name: &str, state: PartState, files: Vec<FileChange>, patch: &str) -> RepositoryDiff {
    RepositoryDiff {
        name: name.into(),
        handle: format!("g12/{name}"),
        state,
        base: Some("2f0c11aabbccddeeff00".into()),
        head: Some("9d02e11aabbccddeeff00".into()),
        changes: Some(ChangeCount {
            files: files.len() as u64,
            insertions: 212,
            deletions: 18,
            uncommitted: 2,
        }),
        files,
        patch: Some(patch.into()),
        truncated: false,
        tree: None,
        is_since: state == PartState::Running,
        has_scope: state == PartState::Running,
    }
}

fn changed() -> DiffView {
    let files = vec![
        file("src/limit/middleware.rs", FileChangeKind::Added, Some(96), Some(0)),
        file("src/config.rs", FileChangeKind::Modified, Some(11), Some(2)),
        file("src/limit/window.rs", FileChangeKind::Renamed, Some(0), Some(3)),
        file("src/old.rs", FileChangeKind::Deleted, Some(0), Some(310)),
        file("assets/ロゴ\x1b[2J.png", FileChangeKind::Untracked, None, None),
        file(
            "crates/reconciliation/src/ledger/statements/nightly/close/window_of_the_bank_and_its_holidays.rs",
            FileChangeKind::Modified,
            Some(1211),
            Some(4),
        ),
    ];
    let patch = "diff --git a/src/x.rs b/src/x.rs\n--- a/src/x.rs\n+++ b/src/x.rs\n@@ -1,2 +1,2 @@ fn main() {\n-\tlet key = \"レート\";\n+\tlet key = \"\x1b[31m\u{202e}x\u{202c}\";  \n unchanged\n";
    let mut nothing = changes(REPOSITORY, PartState::Waiting, Vec::new(), "");
    nothing.changes = None;
    let mut cut = changes("shared", PartState::Passed, Vec::new(), patch);
    cut.truncated = true;
    let repositories = vec![changes("api", PartState::Running, files, patch), cut, nothing];
    let id = "01J0000000000000000000G12X".into();
    DiffView { schema: DIFF_SCHEMA.into(), id, handle: "g12".into(), kind: DiffKind::Whole, repositories }
}

#[test]
fn diff() {
    let nothing = DiffView { repositories: Vec::new(), ..changed() };
    check(
        "diff",
        &[
            case("--stat", changed(), diff::stat),
            case("--stat of nothing", nothing, diff::stat),
            case("patches", changed(), diff::patches).quotes(),
            case("--since-seen --stat", DiffView { kind: DiffKind::Since, ..changed() }, diff::stat),
            case("--drift --stat", DiffView { kind: DiffKind::Drift, ..changed() }, diff::stat),
        ],
    );
}

#[test]
fn search() {
    let hit = |handle: &str, kind, title: &str, excerpt: &str, command: &str| SearchHit {
        handle: handle.into(),
        item: "g12".into(),
        title: title.into(),
        kind,
        at: ago(60 * 30),
        excerpt: excerpt.into(),
        command: command.into(),
    };
    let result = SearchResult {
        schema: SEARCH_SCHEMA.into(),
        words: "retry".into(),
        hits: vec![
            hit("g12", HitKind::Title, WIDE, WIDE, "ganger show g12"),
            hit("q3", HitKind::Answer, LONG, "Retry-After, in seconds", "ganger faq g12"),
            hit(
                &format!("g12/{REPOSITORY}@2"),
                HitKind::Transcript,
                LONG,
                HOSTILE,
                &format!("ganger logs g12/{REPOSITORY}@2 --at 2026-11-22T12:55:00.000Z"),
            ),
        ],
        more: true,
    };
    let nothing = SearchResult { hits: Vec::new(), more: false, words: HOSTILE.into(), ..result.clone() };
    check("search", &[case("hits", result, search::search), case("nothing", nothing, search::search)]);
}

#[test]
fn cost() {
    let items = report(
        CostBy::Item,
        &[
            (Some("g8"), Some(WIDE), sum(131, 0, Some(14_412_031), Some(1_104_400_000))),
            (Some("g12"), Some("Rate limit per API key"), sum(14, 3, Some(412_031), Some(3_100_000))),
            (Some("g21"), Some(HOSTILE), sum(1, 0, Some(999), Some(4_999))),
            (Some("g9"), Some("Bump serde"), sum(2, 2, None, None)),
        ],
        sum(148, 5, Some(14_825_061), Some(1_107_504_999)),
    );
    let repositories = report(
        CostBy::Repo,
        &[
            (Some(REPOSITORY), None, sum(4, 0, Some(1_234_567), Some(12_345_678))),
            (None, None, sum(1, 1, Some(999), None)),
        ],
        sum(5, 1, Some(1_235_566), Some(12_345_678)),
    );
    let unknown =
        report(CostBy::Agent, &[(Some("codex"), None, sum(3, 3, None, None))], sum(3, 3, None, None));
    let days = report(
        CostBy::Day,
        &[(Some("2026-11-21"), None, sum(9, 0, Some(90_000), Some(904_999)))],
        sum(9, 0, Some(90_000), Some(904_999)),
    );
    let budget = |spent| CostReport {
        budget: Some(ItemBudget {
            handle: "g12".into(),
            limit_usd_micros: 20_000_000,
            spent_usd_micros: spent,
        }),
        ..days.clone()
    };
    let used_up = budget(Some(20_100_000));
    let unspent = budget(None);
    let nothing = report(CostBy::Day, &[], CostSum::default());
    check(
        "cost",
        &[
            case("by item", items, cost::cost),
            case("by repository", repositories, cost::cost),
            case("unknown", unknown, cost::cost),
            case("by day", days, cost::cost),
            case("of an item whose budget is used up", used_up, cost::cost),
            case("of an item that nobody prices", unspent, cost::cost),
            case("nothing", nothing, cost::cost),
        ],
    );
}

#[test]
fn faq() {
    let entry = |handle: &str, question: &str, answer: &str, by, corrected| FaqEntry {
        id: "01JD".into(),
        handle: handle.into(),
        question: question.into(),
        answer: answer.into(),
        by,
        answered_at: ago(75),
        corrected,
        used_by: vec!["g12/shared@1".into(), format!("g12/{REPOSITORY}@1"), "g12/web@2".into()],
        proposal: None,
    };
    let view = FaqView {
        schema: FAQ_SCHEMA.into(),
        handle: "g12".into(),
        title: LONG.into(),
        entries: vec![
            entry(
                "q3",
                "Which clock?",
                "Monotonic: the sub-plan says so under Changes, and the crate has one that tests can set.",
                Answerer::Foreman,
                false,
            ),
            entry("q4", WIDE, "UTC.\n\n\tNobody changes it.", Answerer::You, false),
            entry("q1234", HOSTILE, HOSTILE, Answerer::You, true),
        ],
    };
    let empty = FaqView { entries: Vec::new(), ..view.clone() };
    check("faq", &[case("answers", view, faq::faq), case("none", empty, faq::faq)]);
}

#[test]
fn doctor() {
    let row = |state, subject: &str, facts: &[&str], fix: Option<&str>| DoctorRow {
        state,
        subject: subject.into(),
        facts: facts.iter().map(|fact| (*fact).into()).collect(),
        fix: fix.map(str::to_owned),
    };
    let section =
        |name: &str, summary: &str, rows| DoctorSection { name: name.into(), summary: summary.into(), rows };
    use DoctorState::{Ok, Problem, Warning};
    let report = DoctorReport::new(vec![
        section(
            "workspace",
            "acme · 3 repositories · /home/me/work/acme/.ganger/workspace.toml",
            vec![
                row(
                    Ok,
                    "api",
                    &[
                        "main",
                        "clean",
                        "push ok (ssh, agent)",
                        "41k files",
                        "2 checks",
                        "cargo cache writable",
                    ],
                    None,
                ),
                row(
                    Warning,
                    REPOSITORY,
                    &["develop", "behind 14", "no checks found"],
                    Some("ganger config edit --workspace"),
                ),
                row(
                    Problem,
                    "shared",
                    &[
                        "trunk",
                        "push refused: no credential for https://github.com was found; the server wants one",
                    ],
                    Some("gh auth setup-git"),
                ),
            ],
        ),
        section(
            "agents",
            "",
            vec![
                row(
                    Ok,
                    "claude",
                    &[
                        "2.1.330",
                        "logged in (subscription)",
                        "plan implement review foreman",
                        "your 8 MCP servers stay off",
                    ],
                    None,
                ),
                row(Warning, "codex", &["0.169.0", "not logged in"], None),
            ],
        ),
        section(
            "sandbox",
            "Landlock 7",
            vec![row(Warning, "reads", &["open: agents can read what you can, but for ~/.ssh"], None)],
        ),
        section("machine", "", vec![row(Ok, "disk", &["61 GB free"], None)]),
    ]);
    let warned =
        DoctorReport::new(report.sections[3..].iter().cloned().chain([report.sections[2].clone()]).collect());
    check(
        "doctor",
        &[
            case("problems", report, doctor::report),
            case("warnings", warned, doctor::report),
            case("well", DoctorReport::new(Vec::new()), doctor::report),
        ],
    );
}

#[test]
fn daemon() {
    let status: DaemonStatus = serde_json::from_value(serde_json::json!({
        "schema": ganger_api::daemon::DAEMON_SCHEMA,
        "version": "0.3.1",
        "pid": 4711,
        "home": "/home/somebody-with-a-long-name/.local/share/ganger/of/this/machine",
        "started_at": ago(3 * 24 * 60 + MINUTE),
        "items_live": 6,
        "sessions_live": 1,
    }))
    .unwrap();
    check("daemon", &[case("status", status, doctor::daemon)]);
}
