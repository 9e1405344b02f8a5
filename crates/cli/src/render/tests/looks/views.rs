//! What the screens are given: long, wide and hostile, as people and agents write.

use super::super::{ago, detail, part, session};
use ganger_api::item::*;
use ganger_api::plan::PlanReference;
use ganger_api::question::QuestionSums;
use ganger_api::review::{CritiqueState, CritiqueView, ReviewVerdict, ReviewView, Severity};
use ganger_api::session::{SessionKind, SessionState, UsageView};
use ganger_api::timestamp::Timestamp;
use ganger_api::wait::{Wait, WaitKind, WaitOwner};

/// Wide letters, an emoji that is one in four, and one that only its selector makes wide.
pub(super) const WIDE: &str = "レート制限をAPIキーごとに 👩‍💻 ⚠️ as the ticket of the platform team wants it";
/// Sequences that would clear the screen, rename the window, begin a line anew, hide and turn letters.
pub(super) const HOSTILE: &str =
    "Fix \x1b]0;pwned\x07\x1b[2J\x1b[31mlogin\x1b[0m\r\n\x08flow \u{202e}gnp.exe\u{202c} \u{9b}2Jnow";
pub(super) const LONG: &str =
    "Reconcile the ledger of the payments gateway with the bank's statements before the nightly close";
/// A repository's name as large companies have them.
pub(super) const REPOSITORY: &str = "payments-gateway-reconciliation-service";

pub(super) fn later(minutes: i64) -> Timestamp {
    ago(-minutes)
}

pub(super) fn usage(tokens: Option<u64>, cost: Option<u64>, estimated: bool) -> Option<UsageView> {
    Some(UsageView { tokens, cost_usd_micros: cost, estimated })
}

/// Something that waits for the person.
pub(super) fn asks(kind: WaitKind, decision: &str, reason: &str, commands: &[&str]) -> Wait {
    Wait {
        decision: Some(decision.into()),
        kind,
        owner: WaitOwner::You,
        reason: reason.into(),
        since: ago(11),
        until: None,
        blocks: vec!["g12/web".into()],
        commands: commands.iter().map(|command| format!("ganger {command}")).collect(),
    }
}

/// Something that waits for somebody else.
pub(super) fn waits(kind: WaitKind, owner: WaitOwner, reason: &str, until: Option<Timestamp>) -> Wait {
    Wait {
        decision: None,
        kind,
        owner,
        reason: reason.into(),
        since: ago(125),
        until,
        blocks: vec!["g14".into()],
        commands: Vec::new(),
    }
}

pub(super) fn head(handle: &str, title: &str, status: ItemStatus, words: &str, waits: Vec<Wait>) -> ItemHead {
    ItemHead { waits, ..super::super::head(handle, title, status, words) }
}

fn row(head: ItemHead, parts: &[(&str, PartState)]) -> ItemSummary {
    let brief = |&(name, state): &(&str, PartState)| RepositoryBrief { name: name.into(), state };
    ItemSummary { head, repositories: parts.iter().map(brief).collect() }
}

fn wave(index: u32, of: u32) -> Option<WavePosition> {
    Some(WavePosition { index, of })
}

/// Items that wait in every way, and some that do not.
pub(super) fn items() -> Vec<ItemSummary> {
    use PartState::*;
    let question =
        asks(WaitKind::Question, "d41", "Show 429 as a toast\nor inline?", &["answer d41 --choice 1"]);
    let plan = asks(WaitKind::Plan, "d44", "v1", &["approve g15"]);
    let review = asks(WaitKind::Review, "d43", "c31 was not fixed twice", &["waive c31"]);
    let budget =
        asks(WaitKind::Budget, "d45", "g21 has cost $20.10 of $20.00", &["answer d45 --choice raise 31"]);
    let limit = waits(WaitKind::RateLimit, WaitOwner::Provider, "claude", Some(later(130)));
    let silent =
        waits(WaitKind::Silence, WaitOwner::Agent, "the agent of g23/api@1 shows no sign of life", None);
    let slot = waits(WaitKind::Slot, WaitOwner::Ganger, "all slots are taken", None);
    let many: Vec<String> = (1..=9).map(|number| format!("service-{number}")).collect();
    let many: Vec<(&str, PartState)> = many.iter().map(|name| (name.as_str(), Running)).collect();
    vec![
        row(
            ItemHead {
                wave: wave(2, 2),
                usage: usage(Some(412_031), Some(3_100_000), true),
                ..head(
                    "g12",
                    "Rate limit per API key",
                    ItemStatus::Implementing,
                    "question d41",
                    vec![question],
                )
            },
            &[("shared", Passed), ("api", Running), ("web", NeedsYou)],
        ),
        row(
            ItemHead {
                created_at: ago(4),
                usage: usage(Some(31_000), Some(380_000), false),
                ..head("g15", LONG, ItemStatus::PlanReview, "plan to approve", vec![plan])
            },
            &[(REPOSITORY, Waiting), ("web", Waiting)],
        ),
        row(
            ItemHead {
                wave: wave(1, 1),
                created_at: ago(60 * 3),
                usage: usage(Some(1_412_031), Some(104_400_000), false),
                ..head("g8", WIDE, ItemStatus::Reviewing, "review d43", vec![review])
            },
            &[("docs", NeedsYou)],
        ),
        row(
            ItemHead {
                wave: wave(1, 3),
                usage: usage(Some(2_000_000), Some(20_100_000), false),
                budget_usd_micros: Some(20_000_000),
                ..head("g21", HOSTILE, ItemStatus::Reviewing, "budget d45", vec![budget])
            },
            &[("api", Stopped), ("docs\x1b[2J", Failed)],
        ),
        row(
            ItemHead {
                wave: wave(1, 2),
                ..head(
                    "g14",
                    "Config reload without restart",
                    ItemStatus::Implementing,
                    "implementing",
                    vec![],
                )
            },
            &many,
        ),
        row(
            ItemHead {
                wave: wave(1, 1),
                usage: usage(Some(90_000), None, false),
                ..head(
                    "g11",
                    "Fix flaky login test",
                    ItemStatus::Implementing,
                    "rate limit until 2026-11-22T15:10:00.000Z (claude)",
                    vec![limit],
                )
            },
            &[("web", Running)],
        ),
        row(
            ItemHead {
                wave: wave(1, 1),
                ..head("g23", "Drop Node 18", ItemStatus::Implementing, "silent agent", vec![silent])
            },
            &[("api", Running)],
        ),
        row(
            head("g24", "Bump tokio", ItemStatus::Planning, "planning a follow-up", vec![slot]),
            &[("api", Waiting)],
        ),
        row(head("g25", "Not begun", ItemStatus::Ingested, "new", vec![]), &[]),
        row(
            ItemHead {
                outcome: Some(Outcome::Succeeded),
                created_at: ago(60 * 24),
                usage: usage(Some(604_000), Some(5_800_000), false),
                wave: wave(2, 2),
                ..head("g9", "Bump serde", ItemStatus::Completed, "completed", vec![])
            },
            &[("shared", Published), ("api", Published)],
        ),
        row(
            ItemHead {
                outcome: Some(Outcome::Failed),
                created_at: ago(60 * 24 * 12),
                ..head("g5", "Import the old tickets", ItemStatus::Failed, "failed", vec![])
            },
            &[("api", Failed)],
        ),
    ]
}

pub(super) fn list(items: Vec<ItemSummary>, finished_hidden: u64) -> ItemList {
    ItemList { schema: ITEMS_SCHEMA.into(), items, finished_hidden }
}

pub(super) fn checked(name: &str, verdict: CheckVerdict) -> CheckView {
    CheckView {
        name: name.into(),
        required: true,
        verdict,
        duration_ms: Some(9000),
        commit: Some("9d02e11aabbccddeeff00".into()),
    }
}

pub(super) fn critique(handle: &str, severity: Severity, description: &str) -> CritiqueView {
    CritiqueView {
        id: "01JD".into(),
        handle: handle.into(),
        severity,
        file: Some("src/limit/window.rs".into()),
        line: Some(42),
        description: description.into(),
        suggestion: None,
        state: CritiqueState::Open,
        because: None,
        fixed_in: None,
        counts: matches!(severity, Severity::Critical | Severity::Major),
        by: "g12/api@2".into(),
        candidate: 1,
        unfixed: 0,
        at: ago(40),
    }
}

pub(super) fn review(round: u32, verdict: ReviewVerdict) -> ReviewView {
    ReviewView {
        round,
        candidate: round,
        reviewer: format!("g12/shared@{}", round + 1),
        agent: "codex".into(),
        verdict,
        reason: None,
        raised: Vec::new(),
    }
}

fn published(remote: Option<&str>, url: Option<&str>) -> Option<PublishedView> {
    Some(PublishedView {
        remote: remote.map(str::to_owned),
        branch: "sub-g12-rate-limit-per-api-key-and-per-tenant".into(),
        commit: "9d02e11aabbccddeeff00".into(),
        at: ago(3),
        url: url.map(str::to_owned),
    })
}

fn candidate(number: u32) -> Option<CandidateView> {
    Some(CandidateView { number, commit: "9d02e11aabbccddeeff00".into(), commits: Some(number) })
}

/// An item in the middle of its work, with everything that `show` can say.
pub(super) fn busy() -> ItemDetail {
    let mut shared = part("shared", PartState::Passed, 1);
    shared.candidate = candidate(2);
    shared.reviews = vec![review(1, ReviewVerdict::Back), review(2, ReviewVerdict::Passed)];
    shared.critiques = vec![
        CritiqueView {
            state: CritiqueState::Fixed,
            fixed_in: Some(2),
            ..critique("c6", Severity::Major, "takes the clock itself")
        },
        critique("c8", Severity::Nit, "a word is misspelt"),
        critique("c10", Severity::Nit, "another one is"),
    ];
    shared.checks = vec![
        checked("test", CheckVerdict::Passed),
        checked("clippy", CheckVerdict::WasBroken),
        checked("doctest", CheckVerdict::Flaky),
    ];
    let mut long = part(REPOSITORY, PartState::Running, 2);
    long.activity = Some("editing src/reconciliation/ledger/statements/nightly_close.rs".into());
    long.reviews = vec![review(1, ReviewVerdict::Back)];
    long.critiques = vec![
        CritiqueView {
            unfixed: 1,
            suggestion: Some(
                "pass the clock in, as the other windows of the crate do, so that a test can set it".into(),
            ),
            ..critique("c12", Severity::Critical, "takes the clock itself: cannot be tested")
        },
        CritiqueView {
            file: None,
            line: None,
            by: "you".into(),
            candidate: 0,
            ..critique("c13", Severity::Major, HOSTILE)
        },
        CritiqueView {
            file: Some(
                "crates/reconciliation/src/ledger/statements/nightly/close/window_of_the_bank.rs".into(),
            ),
            ..critique("c14", Severity::Major, WIDE)
        },
    ];
    let mut web = part("web", PartState::NeedsYou, 2);
    web.activity = Some("Show 429 as a toast or inline?".into());
    web.stale_on = vec!["shared".into()];
    web.sessions = vec![session("g12/web@1", "codex", SessionState::Waiting)];
    let mut docs = part("docs", PartState::Waiting, 3);
    docs.activity = Some("waits for its wave".into());
    docs.sessions.clear();
    docs.changes = None;
    let mut old = part("old-monolith", PartState::Failed, 3);
    old.activity = Some("the setup failed: npm error code ERESOLVE could not resolve".into());
    let question = asks(
        WaitKind::Question,
        "d41",
        "Show 429 as a toast or inline?",
        &["answer d41 --choice 1", "answer d41 --proposed", "skip d41"],
    );
    let limit = waits(WaitKind::RateLimit, WaitOwner::Provider, "claude", Some(later(130)));
    let mut silent = waits(
        WaitKind::Silence,
        WaitOwner::Agent,
        "the agent of g12/docs@1 shows no sign of life; it is ended and started again after a while",
        None,
    );
    silent.commands = vec!["ganger logs g12/docs@1".into(), "ganger stop g12".into()];
    let slot = waits(WaitKind::Slot, WaitOwner::Ganger, "all slots are taken", None);
    ItemDetail {
        head: ItemHead {
            waits: vec![question, limit, silent, slot],
            wave: Some(WavePosition { index: 2, of: 3 }),
            usage: usage(Some(412_031), Some(17_310_000), true),
            budget_usd_micros: Some(20_000_000),
            plan: Some(PlanReference {
                version: 2,
                digest: "sha256:7c1e00aabbccddeeff".into(),
                approved_at: Some(ago(19)),
            }),
            plan_change: Some(PlanChange {
                state: PlanChangeState::BeingMade,
                standing: Some(2),
                version: None,
                only: Some("web".into()),
                follow_up: false,
                wish: Some("Limit by tenant too, and say so in the header that the client reads.".into()),
                trouble: None,
            }),
            ..head("g12", LONG, ItemStatus::Implementing, "question d41", vec![])
        },
        branch: "sub-g12-rate-limit-per-api-key-and-per-tenant".into(),
        foreman: Some("claude".into()),
        questions: QuestionSums { foreman: 5, you: 1, skipped: 1, corrected: 1, open: 1 },
        repositories: vec![shared, long, web, docs, old],
        landing_order: ["shared", REPOSITORY, "web", "docs", "old-monolith"].map(str::to_owned).into(),
        commands: [
            "ganger answer d41 --choice 1",
            "ganger answer d41 --proposed",
            "ganger skip d41",
            "ganger logs g12 -f",
        ]
        .map(str::to_owned)
        .into(),
        ..detail()
    }
}

/// An item that is being planned by an agent that has trouble.
pub(super) fn planning() -> ItemDetail {
    let mut planner = session("g24@plan", "claude", SessionState::Failed);
    planner.kind = SessionKind::Planning;
    planner.failure =
        Some("claude did not answer its handshake within 20 s; it wrote: \"Invalid model: opus-9\"".into());
    ItemDetail {
        head: head(
            "g24",
            WIDE,
            ItemStatus::Planning,
            "session d50",
            vec![asks(
                WaitKind::Session,
                "d50",
                "the agent claude can't be started",
                &["answer d50 --choice retry"],
            )],
        ),
        sessions: vec![planner],
        repositories: Vec::new(),
        landing_order: Vec::new(),
        commands: vec!["ganger answer d50 --choice retry".into()],
        ..detail()
    }
}

/// An item that nothing was done for.
pub(super) fn fresh() -> ItemDetail {
    ItemDetail {
        head: head("g25", "Not begun", ItemStatus::Ingested, "new", Vec::new()),
        sessions: Vec::new(),
        repositories: Vec::new(),
        landing_order: Vec::new(),
        commands: vec!["ganger run g25".into()],
        ..detail()
    }
}

/// An item whose every part is published.
pub(super) fn done() -> ItemDetail {
    let mut item = busy();
    item.head = ItemHead {
        outcome: Some(Outcome::Succeeded),
        waits: Vec::new(),
        plan_change: None,
        created_at: ago(72),
        usage: usage(Some(604_000), Some(5_800_000), false),
        ..head("g12", "Rate limit per API key", ItemStatus::Completed, "completed", Vec::new())
    };
    item.repositories.truncate(3);
    item.landing_order.truncate(3);
    for (index, part) in (1..).zip(&mut item.repositories) {
        part.state = PartState::Published;
        part.activity = None;
        part.stale_on.clear();
        part.candidate = candidate(index);
        part.critiques.retain(|critique| !critique.counts);
        part.reviews = vec![review(1, ReviewVerdict::Back), review(2, ReviewVerdict::Passed)];
        part.published = match index {
            1 => published(
                Some("origin"),
                Some("https://github.com/acme/shared/compare/main...sub-g12-rate-limit-per-api-key?expand=1"),
            ),
            2 => published(Some("upstream"), None),
            _ => published(None, None),
        };
    }
    item.commands = vec!["ganger diff g12 --stat".into(), "ganger follow-up g12 \"…\"".into()];
    item
}

/// An item that failed.
pub(super) fn failed() -> ItemDetail {
    let mut item = busy();
    item.head.outcome = Some(Outcome::Failed);
    item.head.status = ItemStatus::Failed;
    item.head.status_text = "failed".into();
    item.head.waits.clear();
    item.head.plan_change = None;
    item.commands = vec!["ganger retry g12".into(), "ganger logs g12/old-monolith".into()];
    item
}
