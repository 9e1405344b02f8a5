//! An example of each fact, with each part that it may have.

use super::parts::*;
use ganger_core::effect::{CandidateFinding, EffectStep, Preserved};
use ganger_core::foreman::answer::{Confidence, Proposal};
use ganger_core::journal::Position;
use ganger_core::message::{Address, SlotClass};
use ganger_core::plan::ParseErrors;
use ganger_core::process::Enforcement;
use ganger_core::question::{QuestionOption, QuestionPart, QuestionSource, QuestionText};
use ganger_core::repository::{Guidance, RepositoryBase};
use ganger_core::review::{ChangeCounts, ChangedFile, Finding, Severity};
use ganger_core::session::SessionKind;
use ganger_core::site::{AccountLimit, SiteEvent, SlotWish};
use ganger_core::work_item::decision::Decision;
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::{
    Answerer, Channel, Critique, CritiqueState, PlanAuthor, PlanVersion, RequestKind, Silence, TurnPurpose,
    Verdict,
};
use ganger_core::workspace::WorkspaceEvent;

fn planning_facts() -> Vec<ItemFact> {
    let version = |author| PlanVersion {
        number: 1,
        document: text("the plan"),
        author,
        digest: text("sha256:00"),
        at: AT,
    };
    vec![
        ItemFact::Born {
            id: item(),
            workspace: workspace(),
            number: 12,
            branch: text("sub-g12-rate-limit"),
            ticket: ticket(),
        },
        ItemFact::MessageReceived { from: Address::Site, number: 7 },
        ItemFact::PlanningStarted {
            settings: settings(),
            feedback: Some(text("shorter")),
            only: Some(api()),
            again: true,
        },
        ItemFact::ReplanningFailed { reason: text("no plan") },
        ItemFact::BasesRecorded {
            repositories: vec![base()],
            refused: vec![(text("old"), text("no commit"))],
            guidance: Guidance::default(),
        },
        ItemFact::BasesRecorded {
            repositories: vec![RepositoryBase { has_guidance: true, ..base() }],
            refused: Vec::new(),
            guidance: Guidance { text: text("Tests first."), docs: vec![text("/base/api/docs/agents.md")] },
        },
        ItemFact::PlanSubmitted { accepted: Some(text("the plan")), errors: ParseErrors::default() },
        ItemFact::PlanSubmitted { accepted: None, errors: errors() },
        ItemFact::CorrectionWanted { errors: errors() },
        ItemFact::PlanProposed(version(PlanAuthor::Agent)),
        ItemFact::PlanProposed(version(PlanAuthor::Person)),
        ItemFact::PlanningFailed { reason: text("no plan") },
        ItemFact::PlanApproved {
            version: 1,
            digest: text("sha256:00"),
            waves: vec![vec![text("shared")], vec![api()]],
            changed: vec![api()],
        },
        ItemFact::PlanRejected { reason: text("not now") },
    ]
}

fn session_facts() -> Vec<ItemFact> {
    let (session, effect) = (session(), effect());
    let enforcement = Enforcement {
        landlock_abi: 6,
        pid_namespace: true,
        hidden: false,
        scoped: true,
        gaps: vec![text("hidden paths are readable")],
    };
    let created = |kind, repository| ItemFact::SessionCreated {
        session,
        kind,
        repository,
        agent: text("claude"),
        parent: None,
        ordinal: 1,
    };
    let opened = |channel, request| ItemFact::RequestOpened {
        session,
        incarnation: 1,
        wire_id: text("7"),
        channel,
        request,
    };
    let mut facts = vec![
        created(SessionKind::Planning, None),
        created(SessionKind::Implementation, Some(api())),
        created(SessionKind::Review, Some(api())),
        created(SessionKind::Foreman, None),
        ItemFact::SessionStarting { session, incarnation: 1, presence: effect, timer: effect },
        ItemFact::HostStarted { session, incarnation: 1, enforcement },
        ItemFact::SessionReady { session, native_id: text("n-1"), loaded: true },
        ItemFact::TurnOpened { session, purpose: TurnPurpose::Plan, delivery: effect },
        ItemFact::TurnDelivered { session },
        ItemFact::TurnLost { session, reason: text("the host died") },
        ItemFact::SessionTroubled { session, reason: text("the host died") },
        ItemFact::SessionLimited { session, timer: effect, until_ms: Some(1_700_000_100_000) },
        ItemFact::SessionUnlimited { session },
        ItemFact::SilenceWatched { session, timer: effect },
        ItemFact::SessionSilent { session, silence: Silence { since_awake_ms: 1_000, tool: true } },
        ItemFact::SessionHeard { session },
        ItemFact::HostLeaving { session },
        ItemFact::HostGone { session },
        ItemFact::HostLost { session },
        ItemFact::SessionClosed { session },
        ItemFact::JournalAbsorbed { session, incarnation: 1, position: Position { record: 9, ordinal: 2 } },
        ItemFact::SlotAsked { session, ask: 7, effect },
        ItemFact::SlotGranted { session, ask: 7 },
        ItemFact::SlotReturned { session },
        ItemFact::RequestDelivering { session, wire_id: text("7"), delivery: effect },
        ItemFact::RequestWithdrawn { session, wire_id: text("7") },
        ItemFact::SessionTold { session, text: text("Use seconds.") },
        ItemFact::TurnUnwanted { session },
        ItemFact::BudgetWarned { limit: 20_000_000, spent: 16_000_000 },
        ItemFact::BudgetRaised { limit: 40_000_000 },
        opened(Channel::Bridge, RequestKind::Tool),
    ];
    facts.extend(purposes().into_iter().map(|purpose| ItemFact::TurnWanted { session, purpose }));
    let ended = |end| ItemFact::TurnEnded { session, end, usage: Some(usage()) };
    facts.extend(ends().into_iter().map(ended));
    facts.extend(requests().into_iter().map(|request| opened(Channel::Journal, request)));
    let answered = |answer| ItemFact::RequestAnswered { session, wire_id: text("7"), answer };
    facts.extend(given().into_iter().map(answered));
    facts
}

fn question_facts() -> Vec<ItemFact> {
    let (id, session) = (question(), session());
    let part = QuestionPart {
        question: text("Which store?"),
        options: vec![QuestionOption { label: text("Redis"), description: text("shared by all") }],
        multi_select: false,
        recommended: Some(0),
    };
    let asked = |source| ItemFact::QuestionAsked {
        question: id,
        session,
        source,
        text: QuestionText { parts: vec![part.clone()], context: text("for the limiter") },
    };
    let proposed = |confidence| ItemFact::QuestionProposed {
        question: id,
        proposal: Proposal { answer: text("Redis"), confidence },
    };
    let answered = |by| ItemFact::QuestionAnswered { question: id, text: text("Redis"), by };
    vec![
        asked(QuestionSource::AskForeman),
        asked(QuestionSource::AskUser),
        asked(QuestionSource::Native),
        ItemFact::QuestionJoined { question: id, session },
        proposed(Confidence::High),
        proposed(Confidence::Uncertain),
        ItemFact::QuestionTried { question: id, reason: text("it said nothing") },
        ItemFact::QuestionEscalated { question: id, reason: text("the Foreman is not sure") },
        answered(Answerer::Foreman),
        answered(Answerer::Person),
        ItemFact::QuestionSkipped { question: id, reason: text("the person left it to you") },
        ItemFact::QuestionDropped { question: id },
        ItemFact::QuestionDiscussed { question: id, text: text("what of a single node?") },
        ItemFact::FaqCorrected { question: id, text: text("Memory") },
    ]
}

fn review_facts() -> Vec<ItemFact> {
    let (repository, session) = (api(), session());
    let finding = Finding {
        file: Some(text("src/x.rs")),
        line: Some(4),
        severity: Severity::Major,
        description: text("off by one"),
        suggestion: text("use <="),
        resolves: Some(1),
        reverses: Some(2),
    };
    let raised = |severity, state| {
        ItemFact::CritiqueRaised(Critique {
            id: critique(),
            repository: api(),
            ordinal: 1,
            reviewer: Some(session),
            candidate: 1,
            finding: Finding { severity, ..finding.clone() },
            counts: true,
            urgent: false,
            told: false,
            unfixed: 0,
            state,
            at: AT,
        })
    };
    let ended = |verdict| ItemFact::ReviewEnded {
        session,
        verdict,
        fixed: vec![critique()],
        unfixed: vec![critique()],
    };
    let mut facts = vec![
        ItemFact::ReviewStarted { repository: repository.clone(), number: 1, candidate: 1, session },
        ItemFact::ReviewSubmitted { session, accepted: Some(vec![finding.clone()]), problem: String::new() },
        ItemFact::ReviewSubmitted { session, accepted: None, problem: text("no verdict") },
        ItemFact::ReviewAskedAgain { session, problem: text("no verdict") },
        raised(Severity::Critical, CritiqueState::Open),
        raised(Severity::Minor, CritiqueState::Fixed { candidate: 2 }),
        raised(Severity::Nit, CritiqueState::Waived { because: text("taste") }),
        ItemFact::CritiqueWaived { critique: critique(), because: text("taste") },
        ended(Verdict::Passed),
        ended(Verdict::Back),
        ended(Verdict::Failed { reason: text("it took longer than it may") }),
        ItemFact::ReimplementationWanted { repository: repository.clone(), critiques: vec![critique()] },
        ItemFact::CandidateTakenAsIs { repository: repository.clone(), because: text("good enough") },
        ItemFact::SubPlanReopened { repository, reason: text("its implementer was told something") },
    ];
    facts.extend(stop_rules().into_iter().map(|rule| ended(Verdict::Stopped { rule })));
    facts
}

fn implementation_facts() -> Vec<ItemFact> {
    let (repository, commit) = (api(), text("c1"));
    let finding = CandidateFinding { path: text(".env"), reason: text("it looks like a secret") };
    let mut facts = vec![
        ItemFact::WaveProvisioned { wave: 0 },
        ItemFact::WaveRefused { wave: 0, reason: text("no space left") },
        ItemFact::SetupDone { repository: repository.clone() },
        ItemFact::SetupFailed { repository: repository.clone(), reason: text("exit code 2") },
        ItemFact::SubPlanBegun { repository: repository.clone(), session: session() },
        ItemFact::CandidateTaken {
            repository: repository.clone(),
            number: 1,
            commit: commit.clone(),
            findings: vec![finding],
            paths: vec![text("src/x.rs")],
            changed: vec![ChangedFile { path: text("src/x.rs"), lines: vec![(3, 9)] }],
            counts: Some(ChangeCounts { files: 1, insertions: 7, deletions: 2 }),
        },
        ItemFact::SubPlanBased { repository: repository.clone(), on: [(text("shared"), text("c0"))].into() },
        ItemFact::CandidateMissing { repository: repository.clone(), reason: text("no change") },
        ItemFact::CandidateAccepted { repository: repository.clone() },
        ItemFact::ProofPrepared { repository: repository.clone(), commit: commit.clone() },
        ItemFact::ChecksRenewed { repository: repository.clone() },
        ItemFact::RepairWanted { repository: repository.clone() },
        ItemFact::SubPlanProven { repository: repository.clone() },
        ItemFact::SubPlanStopped { repository: repository.clone() },
        ItemFact::SubPlanRetried { repository: repository.clone() },
        ItemFact::AgentChosen { repository: Some(repository.clone()), agent: text("codex") },
        ItemFact::StartOverWanted { repository: repository.clone(), text: text("use the cache") },
        ItemFact::SubPlanStartedOver {
            repository: repository.clone(),
            preserved: vec![Preserved { reference: text("refs/ganger/preserved/s1/1"), commit: text("c1") }],
        },
        ItemFact::RemoteBranchGone { repository: repository.clone(), commit: commit.clone() },
        ItemFact::PublishingWanted {},
        ItemFact::BranchPublished { repository: repository.clone(), commit: commit.clone() },
        ItemFact::Completed {},
        ItemFact::DecisionResolved { decision: decision(), choice: None, text: String::new() },
    ];
    let ended = |result| ItemFact::CheckEnded {
        repository: api(),
        commit: commit.clone(),
        name: text("test"),
        result,
    };
    facts.extend(results().into_iter().map(ended));
    let compared = |comparison| ItemFact::BaseCompared { repository: api(), comparison };
    facts.extend(comparisons().into_iter().map(compared));
    let opened = |kind| {
        ItemFact::DecisionOpened(Decision {
            id: decision(),
            kind,
            repository: Some(api()),
            text: text("what happened"),
            options: vec![text("Redis")],
            since: AT,
        })
    };
    facts.extend(decisions().into_iter().map(opened));
    let resolved = |choice| ItemFact::DecisionResolved {
        decision: decision(),
        choice: Some(choice),
        text: text("because"),
    };
    facts.extend(choices().into_iter().map(resolved));
    facts
}

pub(crate) fn item_facts() -> Vec<ItemFact> {
    let mut facts = planning_facts();
    facts.extend(session_facts());
    facts.extend(question_facts());
    facts.extend(review_facts());
    facts.extend(implementation_facts());
    facts.extend(steps().into_iter().map(ItemFact::Effect));
    facts
}

pub(crate) fn site_events() -> Vec<SiteEvent> {
    let (item, session) = (item(), session());
    let wish = |class| SlotWish { item, session, ask: 7, class, since_ms: 60_000, agent: text("claude") };
    let mut events = vec![
        SiteEvent::DaemonStarted { epoch: 3 },
        SiteEvent::LimitsSet { max_sessions: 4 },
        SiteEvent::ItemNumbered { item, number: 12 },
        SiteEvent::MessageReceived { from: Address::WorkItem(item), number: 7 },
        SiteEvent::SlotGranted { item, session, ask: 7 },
        SiteEvent::AccountLimited {
            agent: text("claude"),
            limit: AccountLimit { until_ms: 1_700_000_060_000, timer: effect() },
        },
        SiteEvent::AccountUnlimited { agent: text("claude") },
        SiteEvent::SlotReleased { item, session, ask: 7 },
        SiteEvent::Effect(EffectStep::Settled { id: effect() }),
    ];
    let classes = [SlotClass::Continuation, SlotClass::Implementation, SlotClass::Planning];
    events.extend(classes.map(|class| SiteEvent::SlotWanted(wish(class))));
    events
}

pub(crate) fn workspace_events() -> Vec<WorkspaceEvent> {
    vec![
        WorkspaceEvent::Registered { id: workspace(), name: text("acme"), directory: text("/ws/acme") },
        WorkspaceEvent::MessageReceived { from: Address::Workspace(workspace()), number: 7 },
        WorkspaceEvent::BranchReserved { item: item(), branch: text("sub-g12-rate-limit") },
        WorkspaceEvent::Effect(EffectStep::Settled { id: effect() }),
    ]
}
