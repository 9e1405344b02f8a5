mod judging;
mod looking;
mod looks;
mod planning;

use super::*;
use crate::look::Look;
use expect_test::{Expect, expect};
use ganger_api::command::{CommandResult, Publication, PublicationState, RESULT_SCHEMA};
use ganger_api::diff::{DIFF_SCHEMA, DiffKind, DiffView, FileChange, FileChangeKind, RepositoryDiff};
use ganger_api::doctor::{DoctorReport, DoctorRow, DoctorSection, DoctorState};
use ganger_api::event::FeedEvent;
use ganger_api::item::*;
use ganger_api::log::{LogKind, LogLine};
use ganger_api::plan::*;
use ganger_api::question::QuestionSums;
use ganger_api::session::{SessionKind, SessionState, SessionView, UsageView};
use ganger_api::timestamp::Timestamp;
use ganger_api::wait::{Wait, WaitKind, WaitOwner};
use time::UtcOffset;

/// 2026-11-22T13:00:00Z.
const NOW: i64 = 1_795_352_400_000;
const MINUTE: i64 = 60_000;

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_ms(NOW - minutes * MINUTE)
}

pub(crate) fn look(width: usize) -> Look {
    let now = Timestamp::from_ms(NOW);
    Look { width, utf8: true, colour: false, now, offset: UtcOffset::UTC }
}

fn wait(kind: WaitKind, owner: WaitOwner, decision: Option<&str>, reason: &str) -> Wait {
    Wait {
        decision: decision.map(str::to_owned),
        kind,
        owner,
        reason: reason.into(),
        since: ago(11),
        until: None,
        blocks: vec!["g12/web".into()],
        commands: decision
            .map(|decision| format!("ganger answer {decision} --choice 1"))
            .into_iter()
            .collect(),
    }
}

fn head(handle: &str, title: &str, status: ItemStatus, status_text: &str) -> ItemHead {
    ItemHead {
        id: "01JD".into(),
        handle: handle.into(),
        title: title.into(),
        workspace: "acme".into(),
        status,
        status_text: status_text.into(),
        outcome: None,
        wave: None,
        waits: Vec::new(),
        usage: None,
        budget_usd_micros: None,
        plan: None,
        plan_change: None,
        created_at: ago(52),
        updated_at: ago(1),
        written_by_newer: false,
    }
}

fn first() -> ItemHead {
    ItemHead {
        wave: Some(WavePosition { index: 2, of: 2 }),
        waits: vec![wait(WaitKind::Question, WaitOwner::You, Some("d41"), "Show 429 as a toast\nor inline?")],
        usage: Some(UsageView { tokens: Some(412_031), cost_usd_micros: Some(3_100_000), estimated: true }),
        plan: Some(PlanReference {
            version: 2,
            digest: "sha256:7c1e00aabbccddeeff".into(),
            approved_at: Some(ago(19)),
        }),
        ..head("g12", "Rate limit per API key", ItemStatus::Implementing, "question d41")
    }
}

fn list() -> ItemList {
    let parts = |parts: &[(&str, PartState)]| {
        parts.iter().map(|(name, state)| RepositoryBrief { name: (*name).into(), state: *state }).collect()
    };
    ItemList {
        schema: ITEMS_SCHEMA.into(),
        items: vec![
            ItemSummary {
                head: first(),
                repositories: parts(&[
                    ("shared", PartState::Passed),
                    ("api", PartState::Running),
                    ("web", PartState::NeedsYou),
                ]),
            },
            ItemSummary {
                head: ItemHead {
                    waits: vec![wait(WaitKind::Slot, WaitOwner::Ganger, None, "all slots are taken")],
                    created_at: ago(60 * 50),
                    ..head(
                        "g7",
                        "Ünïcode \x1b[31mtitle that is long enough to be cut somewhere",
                        ItemStatus::Planning,
                        "waits for a slot",
                    )
                },
                repositories: parts(&[("docs", PartState::Waiting)]),
            },
        ],
        finished_hidden: 41,
    }
}

#[test]
fn ls_drops_columns_from_the_right() {
    let check = |width: usize, expected: Expect| expected.assert_eq(&items::items(&look(width), &list()));
    check(
        110,
        expect![[r#"
                ITEM  TITLE                                       STATUS            WAVE  REPOSITORIES        AGE     COST
             ?  g12   Rate limit per API key                      question d41       2/2  ✓shared ●api ?web  52 m  ≈ $3.10
             ◌  g7    Ünïcode title that is long enough to be c…  waits for a slot     –  docs                2 d        –
            2 live · 1 waits for you: ganger inbox · 41 finished: ganger ls --all
        "#]],
    );
    check(
        80,
        expect![[r#"
                ITEM  TITLE                   STATUS            WAVE  REPOSITORIES       AGE
             ?  g12   Rate limit per API key  question d41       2/2  ✓shared ●api ?w…  52 m
             ◌  g7    Ünïcode title that is…  waits for a slot     –  docs               2 d
            2 live · 1 waits for you: ganger inbox · 41 finished: ganger ls --all
        "#]],
    );
    check(
        50,
        expect![[r#"
                ITEM  TITLE                   STATUS
             ?  g12   Rate limit per API key  question d41
             ◌  g7    Ünïcode title that is…  waits for a slot
            2 live · 1 waits for you: ganger inbox ·
            41 finished: ganger ls --all
        "#]],
    );
    let ascii = Look { utf8: false, ..look(110) };
    expect![[r#"
            ITEM  TITLE                                       STATUS            WAVE  REPOSITORIES        AGE     COST
         ?  g12   Rate limit per API key                      question d41       2/2  +shared *api ?web  52 m  ~ $3.10
         o  g7    ?n?code title that is long enough to be c~  waits for a slot     -  docs                2 d        -
        2 live - 1 waits for you: ganger inbox - 41 finished: ganger ls --all
    "#]].assert_eq(&items::items(&ascii, &list()));
    let colour = Look { colour: true, ..look(80) };
    expect![[r#"
            [2mITEM[0m  [2mTITLE[0m                   [2mSTATUS[0m            [2mWAVE[0m  [2mREPOSITORIES[0m       [2mAGE[0m
         [33m?[0m  g12   Rate limit per API key  question d41       2/2  ✓shared ●api ?w…  52 m
         [2m◌[0m  g7    Ünïcode title that is…  waits for a slot     –  docs               2 d
        2 live · 1 waits for you: ganger inbox · 41 finished: ganger ls --all
    "#]].assert_eq(&items::items(&colour, &list()));
    let empty = ItemList { schema: ITEMS_SCHEMA.into(), items: vec![], finished_hidden: 0 };
    expect![[r#"
        No work items yet. Next: ganger new "What is to be done"
    "#]]
    .assert_eq(&items::items(&look(80), &empty));
}

#[test]
fn no_line_of_ls_is_wider_than_the_screen() {
    for width in 20..120 {
        for line in items::items(&look(width), &list()).lines().filter(|line| !line.contains("live")) {
            assert!(crate::look::width(line) <= width.max(44), "{width}: {line}");
        }
    }
}

fn session(handle: &str, agent: &str, state: SessionState) -> SessionView {
    SessionView {
        id: "01JD".into(),
        handle: handle.into(),
        kind: SessionKind::Implementation,
        agent: agent.into(),
        state,
        incarnation: 1,
        turn: 6,
        started_at: Some(ago(20)),
        ended_at: None,
        usage: None,
        failure: None,
        sandbox: Some("enforced: writes to the worktree and 2 caches; network open; reads open".into()),
    }
}

fn part(name: &str, state: PartState, wave: u32) -> PartView {
    PartView {
        name: name.into(),
        handle: format!("g12/{name}"),
        state,
        activity: None,
        wave: Some(wave),
        base: None,
        directory: None,
        stale_on: Vec::new(),
        candidate: None,
        checks: Vec::new(),
        accepted: None,
        reviews: Vec::new(),
        critiques: Vec::new(),
        published: None,
        sessions: vec![session(&format!("g12/{name}@1"), "claude", SessionState::Running)],
        changes: Some(ChangeCount { files: 9, insertions: 212, deletions: 18, uncommitted: 2 }),
    }
}

pub(crate) fn detail() -> ItemDetail {
    let check = |name: &str, verdict| CheckView {
        name: name.into(),
        required: true,
        verdict,
        duration_ms: Some(9000),
        commit: Some("9d02e11".into()),
    };
    let mut shared = part("shared", PartState::Published, 1);
    shared.candidate =
        Some(CandidateView { number: 2, commit: "9d02e11aabbccddeeff00".into(), commits: Some(2) });
    shared.checks = vec![check("test", CheckVerdict::Passed), check("clippy", CheckVerdict::WasBroken)];
    shared.published = Some(PublishedView {
        remote: Some("origin".into()),
        branch: "sub-412-rate-limit".into(),
        commit: "9d02e11".into(),
        at: ago(3),
        url: Some("https://example.org/compare/x".into()),
    });
    let mut api = part("api", PartState::Running, 2);
    api.activity = Some("turn 6 · cargo test".into());
    ItemDetail {
        schema: ITEM_SCHEMA.into(),
        head: first(),
        description: String::new(),
        note: None,
        branch: "sub-412-rate-limit".into(),
        workspace_directory: "/home/me/acme".into(),
        sessions: vec![session("g12@plan", "claude", SessionState::Completed)],
        foreman: None,
        questions: QuestionSums::default(),
        repositories: vec![shared, api, part("web", PartState::NeedsYou, 2)],
        landing_order: vec!["shared".into(), "api".into(), "web".into()],
        commands: vec!["ganger answer d41 --choice 1".into(), "ganger logs g12/api -f".into()],
    }
}

#[test]
fn show_is_one_screen() {
    let check = |width: usize, expected: Expect| expected.assert_eq(&item::item(&look(width), &detail()));
    check(
        110,
        expect![[r#"
            g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10
                 acme · branch sub-412-rate-limit · plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              ✓  shared  claude@1  published · 9 files +212 −18 · 2 uncommitted · checks ✓! at 9d02e11aab ·
                                   clippy was broken · pushed to origin 12:57
              ●  api     claude@1  running · turn 6 · cargo test · 9 files +212 −18 · 2 uncommitted
              ?  web     claude@1  needs you · 9 files +212 −18 · 2 uncommitted

              ?  waits for you: d41 Show 429 as a toast or inline? · since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches; network open; reads open
              Lands     shared → api → web
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    check(
        60,
        expect![[r#"
            g12  Rate limit per API key
                 question d41 · wave 2 of 2 · 52 m · 412k tokens ·
                 ≈ $3.10
                 acme · branch sub-412-rate-limit ·
                 plan v2 sha256:7c1e00aabbcc… approved by you 12:41

              ✓  shared  claude@1  published · 9 files +212 −18 ·
                                   2 uncommitted ·
                                   checks ✓! at 9d02e11aab ·
                                   clippy was broken ·
                                   pushed to origin 12:57
              ●  api     claude@1  running · turn 6 · cargo test ·
                                   9 files +212 −18 · 2 uncommitted
              ?  web     claude@1  needs you · 9 files +212 −18 ·
                                   2 uncommitted

              ?  waits for you: d41 Show 429 as a toast or inline? ·
                 since 12:49

              Sandbox   enforced: writes to the worktree and 2 caches;
                        network open; reads open
              Lands     shared → api → web
            Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
        "#]],
    );
    let mut planning = detail();
    planning.repositories.clear();
    planning.landing_order.clear();
    planning.head.wave = None;
    planning.head.plan = None;
    planning.head.usage = None;
    planning.head.waits.clear();
    expect![[r#"
        g12  Rate limit per API key    question d41 · 52 m
             acme · branch sub-412-rate-limit

          g12@plan  claude · completed

          Sandbox   enforced: writes to the worktree and 2 caches; network open; reads
                    open
        Next: ganger answer d41 --choice 1 · ganger logs g12/api -f
    "#]]
    .assert_eq(&item::item(&look(80), &planning));
}

#[test]
fn the_end_of_a_run_says_where_everything_stands() {
    let mut done = detail();
    done.head.outcome = Some(Outcome::Succeeded);
    expect![[r#"
        ✓ g12 done in 51 m · 3 repositories · 412k tokens · ≈ $3.10
          1  shared  2 commits  checks ✓!  sub-412-rate-limit  → https://example.org/compare/x
          2  api                checks –   running             turn 6 · cargo test
          3  web                checks –   needs you
    "#]]
    .assert_eq(&item::end(&look(110), &done));
    done.head.outcome = Some(Outcome::Failed);
    done.repositories[1].state = PartState::Failed;
    expect![[r#"
        ✗ g12 failed in 51 m · 3 repositories · 412k tokens · ≈ $3.10
          1  shared  2 commits  checks ✓!  sub-412-rate-limit  → https://example.org/compare/x
          2  api                checks –   failed              turn 6 · cargo test
          3  web                checks –   needs you
          hint: ganger answer d41 --choice 1
          hint: ganger logs g12/api -f
    "#]]
    .assert_eq(&item::end(&look(110), &done));
}

fn plan_view() -> PlanView {
    let part = |repository: &str, goal: &str, checks: &[&str]| SubPlanBrief {
        repository: repository.into(),
        goal: goal.into(),
        checks: checks.iter().map(|check| (*check).into()).collect(),
        agent: Some("claude".into()),
    };
    let change = |repository: &str, change| SubPlanChange { repository: repository.into(), change };
    PlanView {
        schema: PLAN_SCHEMA.into(),
        handle: "g12".into(),
        title: "Rate limit per API key".into(),
        plan: PlanReference { version: 2, digest: "sha256:7c1e00aabbccddeeff".into(), approved_at: None },
        versions: vec![PlanVersion {
            version: 2,
            author: "claude".into(),
            at: ago(3),
            state: PlanState::Submitted,
        }],
        section: None,
        document: "# Plan\n\nText \x1b]0;evil\x07here".into(),
        waves: vec![
            vec![part("shared", "new crate `limit`: sliding window, no I/O", &["test", "clippy"])],
            vec![
                part("api", "middleware, 429 + Retry-After", &["test"]),
                part("web", "client honours Retry-After", &[]),
            ],
        ],
        reviewer: Some("codex".into()),
        foreman: None,
        problems: vec![PlanProblem {
            line: Some(41),
            message: "\"## SubPlan: api\" has no \"### Validation\"".into(),
        }],
        diff: Some(PlanDiff {
            from: 1,
            to: 2,
            repositories: vec![
                change("web", SubPlanChangeKind::Changed),
                change("shared", SubPlanChangeKind::Unchanged),
                change("api", SubPlanChangeKind::Unchanged),
            ],
            text: "--- v1\n+++ v2\n@@ -1 +1 @@\n-toast\n+inline message\n".into(),
        }),
    }
}

#[test]
fn a_plan_is_judged_on_one_screen() {
    expect![[r####"
        g12 Rate limit per API key    plan v2 · sha256:7c1e00aabbcc… · by claude, to approve
         wave 1  shared  new crate `limit`: sliding window, no I/O  checks: test clippy
         wave 2  api     middleware, 429 + Retry-After              checks: test
                 web     client honours Retry-After                 checks: none !
         Review codex · Questions you
          ✗ line 41   "## SubPlan: api" has no "### Validation"
         Changed since v1   changed: web · unchanged: shared api
    "####]]
    .assert_eq(&plan::summary(&look(100), &plan_view()));
    expect![[r####"
        g12 Rate limit per API key    plan v2 · sha256:7c1e00aabbcc… · by claude, to approve
          ✗ line 41   "## SubPlan: api" has no "### Validation"

        # Plan

        Text here
    "####]]
    .assert_eq(&plan::document(&look(100), &plan_view()));
    expect![[r#"
        From v1 to v2   changed: web · unchanged: shared api
        --- v1
        +++ v2
        @@ -1 +1 @@
        -toast
        +inline message
    "#]]
    .assert_eq(&plan::difference(&look(100), plan_view().diff.as_ref().unwrap()));
}

#[test]
fn a_diff_is_one_view_over_repositories() {
    let file = |path: &str, kind, insertions, deletions| FileChange {
        path: path.into(),
        from: (kind == FileChangeKind::Renamed).then(|| "old.rs".into()),
        kind,
        insertions,
        deletions,
        uncommitted: kind == FileChangeKind::Untracked,
        is_outside_scope: kind == FileChangeKind::Added,
    };
    let repository = |name: &str, changes, files, patch: Option<&str>| RepositoryDiff {
        name: name.into(),
        handle: format!("g12/{name}"),
        state: PartState::Running,
        base: Some("abc".into()),
        head: Some("def".into()),
        changes,
        files,
        patch: patch.map(str::to_owned),
        truncated: patch.is_some(),
        tree: None,
        is_since: false,
        has_scope: true,
    };
    let changes = Some(ChangeCount { files: 4, insertions: 212, deletions: 18, uncommitted: 2 });
    let files = vec![
        file("src/limit/middleware.rs", FileChangeKind::Added, Some(96), Some(0)),
        file("src/config.rs", FileChangeKind::Modified, Some(11), Some(2)),
        file("new.rs", FileChangeKind::Renamed, Some(0), Some(3)),
        file("logo.png", FileChangeKind::Untracked, None, None),
    ];
    let diff = DiffView {
        schema: DIFF_SCHEMA.into(),
        id: "01J0000000000000000000G12X".into(),
        handle: "g12".into(),
        kind: DiffKind::Whole,
        repositories: vec![
            repository("api", changes, files, Some("diff --git a/x b/x\n+a\x1b[2J\n")),
            repository("web", None, Vec::new(), None),
        ],
    };
    expect![[r#"
        api  4 files  +212 −18  running · 2 uncommitted
          src/limit/middleware.rs  +96  new           ! outside the plan's scope
          src/config.rs            +11 −2
          old.rs → new.rs          −3
          logo.png                 binary  untracked
        web  no worktree yet · running
    "#]]
    .assert_eq(&diff::stat(&look(80), &diff));
    expect![[r#"
        [1mapi[0m  4 files  +212 −18  running · 2 uncommitted
        [1mdiff --git a/x b/x[0m
        [32m+a[0m
        … the rest is too long: git -C "$(ganger path g12/api)" diff abc
        [1mweb[0m  no worktree yet · running
    "#]]
    .assert_eq(&diff::patches(&Look { colour: true, ..look(80) }, &diff));
}

#[test]
fn doctor_names_the_repair() {
    let row = |state, subject: &str, facts: &[&str], fix: Option<&str>| DoctorRow {
        state,
        subject: subject.into(),
        facts: facts.iter().map(|fact| (*fact).into()).collect(),
        fix: fix.map(str::to_owned),
    };
    let report = DoctorReport::new(vec![
        DoctorSection {
            name: "workspace".into(),
            summary: "acme · 2 repositories".into(),
            rows: vec![
                row(DoctorState::Ok, "api", &["main", "clean"], None),
                row(DoctorState::Problem, "shared", &["push refused"], Some("gh auth setup-git")),
            ],
        },
        DoctorSection {
            name: "daemon".into(),
            summary: String::new(),
            rows: vec![row(DoctorState::Warning, "not running", &[], None)],
        },
    ]);
    expect![[r#"
        workspace  acme · 2 repositories
          ✓ api          main · clean
          ✗ shared       push refused
                         fix: gh auth setup-git
        daemon
          ! not running
        1 problem would stop work, 1 warning.
    "#]]
    .assert_eq(&doctor::report(&look(80), &report));
    expect!["Everything is well.\n"].assert_eq(&doctor::report(&look(80), &DoctorReport::new(Vec::new())));
}

#[test]
fn events_and_transcripts_are_lines() {
    let event = FeedEvent {
        cursor: "12.0".into(),
        name: "subplan.completed".into(),
        at: ago(7),
        item: Some("g12".into()),
        repository: Some("api".into()),
        text: "checks passed at 4be1c07".into(),
        data: serde_json::Value::Null,
    };
    expect![[r#"
        12:53:00  g12/api           subplan.completed             checks passed at 4be1c07
    "#]]
    .assert_eq(&feed::event(&look(110), &event));
    expect![[r#"
        12:53  api
               checks passed at
               4be1c07"#]]
    .assert_eq(&feed::history(&look(30), &event, 6));
    let line = |kind, text: &str, failed| LogLine {
        cursor: "1:2".into(),
        at: ago(4),
        source: "g12/api@1".into(),
        kind,
        text: text.into(),
        failed,
    };
    let lines = [
        line(LogKind::Agent, "I'll add it,\nbefore the auth layer", false),
        line(LogKind::Tool, "cargo test -p api limit", true),
        line(LogKind::Raw, "{\"jsonrpc\":\"2.0\"}", false),
    ];
    let text: String = lines.iter().map(|line| feed::log(&look(110), line)).collect();
    expect![[r#"
        12:56:00 agent   I'll add it,
                         before the auth layer
        12:56:00 tool    cargo test -p api limit  ✗ failed
        {"jsonrpc":"2.0"}
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_result_says_what_was_done_and_what_comes_next() {
    let push = |repository: &str, state, reason: Option<&str>| Publication {
        repository: repository.into(),
        remote: Some("origin".into()),
        branch: "sub-412-rate-limit".into(),
        commit: Some("9d02e11aabbccddeeff".into()),
        commits: Some(2),
        state,
        reason: reason.map(str::to_owned),
        url: None,
    };
    let result = CommandResult {
        schema: RESULT_SCHEMA.into(),
        id: "01JD".into(),
        handle: "g12".into(),
        message: "Nothing was pushed: this is what would be.".into(),
        repeated: false,
        plan: None,
        publications: vec![
            push("shared", PublicationState::Ready, None),
            push("api", PublicationState::NotReady, Some("its checks run")),
        ],
        commands: vec!["ganger publish g12".into()],
    };
    expect![[r#"
        Nothing was pushed: this is what would be.
          ◌  shared  ready      2 commits  9d02e11aab  sub-412-rate-limit  → origin
          ◌  api     not ready  2 commits  9d02e11aab  sub-412-rate-limit  its checks run
        Next: ganger publish g12
    "#]]
    .assert_eq(&result::result(&look(110), &result));
}
