//! An example of each part of a fact.

use ganger_core::agent::{
    PermissionKind, PermissionOption, RequestAnswer, SessionCommand, SessionStart, ToolAnswer, TurnEnd, Usage,
};
use ganger_core::effect::{Action, BaseComparison, CheckResult, Effect, EffectStep, TimerPurpose};
use ganger_core::env::Times;
use ganger_core::ids::{CritiqueId, DecisionId, EffectId, QuestionId, SessionId, WorkItemId, WorkspaceId};
use ganger_core::message::{Address, Message, MessageBody, SlotClass, Ticket};
use ganger_core::plan::{ParseErrors, Problem, ProblemCode};
use ganger_core::repository::{CheckDefinition, RepositoryBase};
use ganger_core::review::verdict::StopRule;
use ganger_core::session::SessionKind;
use ganger_core::work_item::decision::{Choice, DecisionKind};
use ganger_core::work_item::state::{
    GivenAnswer, PermissionPolicy, PushPolicy, RequestKind, ReviewSettings, Settings, TurnPurpose,
};

pub(crate) const AT: Times = Times { wall_ms: 1_700_000_000_000, awake_ms: 60_000 };

pub(crate) fn item() -> WorkItemId {
    WorkItemId::new(1.into())
}

pub(crate) fn workspace() -> WorkspaceId {
    WorkspaceId::new(2.into())
}

pub(crate) fn session() -> SessionId {
    SessionId::new(3.into())
}

pub(crate) fn effect() -> EffectId {
    EffectId::new(4.into())
}

pub(crate) fn decision() -> DecisionId {
    DecisionId::new(5.into())
}

pub(crate) fn question() -> QuestionId {
    QuestionId::new(6.into())
}

pub(crate) fn critique() -> CritiqueId {
    CritiqueId::new(7.into())
}

pub(crate) fn stop_rules() -> Vec<StopRule> {
    use StopRule::{CyclesUsedUp, NotAddressed, Reversal, UnfixedTwice};
    vec![CyclesUsedUp, UnfixedTwice, Reversal, NotAddressed]
}

pub(crate) fn api() -> String {
    "api".to_owned()
}

pub(crate) fn text(text: &str) -> String {
    text.to_owned()
}

pub(crate) fn ticket() -> Ticket {
    Ticket {
        title: text("Rate limit"),
        description: text("Per key."),
        repositories: vec![api()],
        bases: vec![(api(), text("main"))],
        direct: false,
    }
}

pub(crate) fn check() -> CheckDefinition {
    CheckDefinition { name: text("test"), run: text("make test"), timeout_ms: 600_000, required: true }
}

pub(crate) fn base() -> RepositoryBase {
    RepositoryBase {
        name: api(),
        path: text("/clones/api"),
        remote: Some(text("origin")),
        push_remote: None,
        base_branch: text("main"),
        base_commit: text("b0"),
        languages: vec![text("Rust")],
        hints: text("Owns the schema"),
        copy: vec![text(".env")],
        link: vec![text("node_modules")],
        setup: vec![text("make deps")],
        setup_timeout_ms: 900_000,
        checks: vec![check()],
        agent: text("claude"),
        has_guidance: false,
    }
}

pub(crate) fn errors() -> ParseErrors {
    let problem = Problem {
        line: 3,
        code: ProblemCode::MissingSection,
        subject: Some(api()),
        section: Some(text("Scope")),
        message: text("the sub-plan has no scope"),
    };
    ParseErrors { problems: vec![problem], omitted: 1 }
}

pub(crate) fn settings() -> Settings {
    Settings {
        planner: text("claude"),
        permissions: PermissionPolicy::Ask,
        max_corrections: 2,
        max_repositories: 8,
        baseline: true,
        push: PushPolicy::Never,
        review: Some(ReviewSettings { agent: text("codex"), ..ReviewSettings::default() }),
        foreman: Some(text("claude")),
        budget_usd_micros: Some(20_000_000),
        question_timeout_ms: Some(3_600_000),
    }
}

pub(crate) fn usage() -> Usage {
    Usage {
        input_tokens: Some(10),
        output_tokens: Some(20),
        total_tokens: None,
        cost_usd_micros: Some(1_500),
    }
}

pub(crate) fn option() -> PermissionOption {
    PermissionOption { id: text("once"), name: text("Allow once"), kind: PermissionKind::AllowOnce }
}

pub(crate) fn bodies() -> Vec<MessageBody> {
    let (item, workspace, session) = (item(), workspace(), session());
    vec![
        MessageBody::ReserveBranch { item, number: 12, ticket: ticket() },
        MessageBody::Born {
            item,
            workspace,
            number: 12,
            branch: text("sub-g12-rate-limit"),
            ticket: ticket(),
        },
        MessageBody::SlotWanted { session, class: SlotClass::Continuation, agent: text("claude") },
        MessageBody::AccountLimited { agent: text("claude"), wait_ms: 60_000, until_ms: 1_700_000_060_000 },
        MessageBody::SlotReleased { session, ask: 7 },
        MessageBody::SlotGranted { session, ask: 7 },
    ]
}

pub(crate) fn answers() -> Vec<RequestAnswer> {
    vec![
        RequestAnswer::Permission { option: Some(text("once")) },
        RequestAnswer::Tool(ToolAnswer { text: text("accepted"), is_error: false }),
        RequestAnswer::Text { text: text("Redis") },
    ]
}

pub(crate) fn commands() -> Vec<SessionCommand> {
    let start = SessionStart {
        directory: text("/home/ada/api"),
        native_id: None,
        model: None,
        tools: Vec::new(),
        bridge: None,
    };
    let mut commands = vec![
        SessionCommand::Start(start),
        SessionCommand::Prompt { text: text("Carry it out.") },
        SessionCommand::Interrupt,
    ];
    let answer = |answer| SessionCommand::Answer { request: text("7"), answer };
    commands.extend(answers().into_iter().map(answer));
    commands
}

pub(crate) fn timers() -> Vec<TimerPurpose> {
    vec![
        TimerPurpose::Handshake { session: session(), incarnation: 1 },
        TimerPurpose::Account,
        TimerPurpose::Retry { effect: effect() },
        TimerPurpose::RateLimit { session: session() },
        TimerPurpose::Question { question: question() },
        TimerPurpose::Review { session: session() },
        TimerPurpose::Silence { session: session(), incarnation: 1 },
    ]
}

pub(crate) fn actions() -> Vec<Action> {
    let session = session();
    let mut actions = vec![
        Action::PrepareBases {
            repositories: vec![api()],
            bases: vec![(api(), text("main"))],
            max_repositories: 8,
        },
        Action::Host {
            session,
            incarnation: 1,
            kind: SessionKind::Implementation,
            repository: Some(api()),
            agent: text("claude"),
            native_id: None,
        },
        Action::Sweep { session, incarnation: 1 },
        Action::ReadDraft { session },
        Action::ReadLastMessage { session, incarnation: 1, question: Some(question()) },
        Action::Provision { wave: 0, branch: text("sub-g12-rate-limit"), repositories: vec![base()] },
        Action::StartOver {
            attempt: text("s1"),
            branch: text("sub-g12-rate-limit"),
            base: base(),
            date: 1_700_000_000,
        },
        Action::Setup { repository: api(), commands: vec![text("make deps")], timeout_ms: 900_000 },
        Action::TakeCandidate {
            repository: api(),
            number: 1,
            branch: text("sub-g12-rate-limit"),
            base: text("b0"),
            previous: text("b0"),
            copied: vec![text(".env")],
            date: 1_700_000_000,
            message: text("Rate limit"),
            optional: false,
        },
        Action::PrepareProof {
            repository: api(),
            commit: text("c1"),
            setup: vec![text("make deps")],
            setup_timeout_ms: 900_000,
        },
        Action::Check { repository: api(), commit: text("c1"), check: check() },
        Action::CompareBase {
            repository: api(),
            base_branch: text("main"),
            base: text("b0"),
            commit: text("c1"),
        },
        Action::Publish {
            repository: api(),
            branch: text("sub-g12-rate-limit"),
            commit: text("c1"),
            expected: None,
        },
    ];
    let to = [Address::Workspace(workspace()), Address::WorkItem(item()), Address::Site];
    let message = |(index, body)| Action::Message(Message { to: to[index % 3], number: 7, body });
    actions.extend(bodies().into_iter().enumerate().map(message));
    let delivery = |command| Action::Delivery { session, incarnation: 1, command };
    actions.extend(commands().into_iter().map(delivery));
    let timer = |purpose| Action::Timer { at_awake_ms: 90_000, at_wall_ms: None, purpose };
    actions.extend(timers().into_iter().map(timer));
    actions
}

pub(crate) fn steps() -> Vec<EffectStep> {
    let id = effect();
    let mut steps = vec![
        EffectStep::Settled { id },
        EffectStep::Failed { id, attempt: 1, reason: text("no network"), parked: true },
        EffectStep::Woken { id },
        EffectStep::Withdrawn { id },
    ];
    steps.extend(actions().into_iter().map(|action| EffectStep::Minted(Effect { id, action })));
    steps
}

pub(crate) fn purposes() -> Vec<TurnPurpose> {
    vec![
        TurnPurpose::Plan,
        TurnPurpose::Correct { errors: errors() },
        TurnPurpose::Revise { feedback: text("shorter") },
        TurnPurpose::Implement,
        TurnPurpose::GoOn,
        TurnPurpose::Mend { reason: text("a rebase is under way") },
        TurnPurpose::Repair { findings: text("test broke") },
        TurnPurpose::Told { text: text("leave the clock") },
        TurnPurpose::Hear,
        TurnPurpose::Reimplement { critiques: vec![critique()] },
        TurnPurpose::Review,
        TurnPurpose::ReviewAgain { problem: text("no verdict") },
        TurnPurpose::AnswerQuestion { question: question() },
        TurnPurpose::Discuss { question: question(), text: text("what of a single node?") },
        TurnPurpose::Resume { interrupted: Box::new(TurnPurpose::Implement) },
    ]
}

pub(crate) fn ends() -> Vec<TurnEnd> {
    vec![
        TurnEnd::Completed,
        TurnEnd::Interrupted,
        TurnEnd::Limit { detail: text("max turns") },
        TurnEnd::Refused,
        TurnEnd::Failed { message: text("overloaded") },
    ]
}

pub(crate) fn requests() -> Vec<RequestKind> {
    vec![
        RequestKind::Question { question: question() },
        RequestKind::Permission { title: text("run make"), options: vec![option()], decision: decision() },
        RequestKind::Tool,
    ]
}

pub(crate) fn given() -> Vec<GivenAnswer> {
    vec![
        GivenAnswer::Text { text: text("Redis"), is_error: false },
        GivenAnswer::Option { id: Some(text("once")) },
    ]
}

pub(crate) fn results() -> Vec<CheckResult> {
    vec![
        CheckResult::Passed,
        CheckResult::Failed { how: text("ended with exit code 1"), tail: text("boom") },
        CheckResult::NotRun { reason: text("no space left") },
    ]
}

pub(crate) fn comparisons() -> Vec<BaseComparison> {
    vec![
        BaseComparison::Current,
        BaseComparison::Behind { commits: 2 },
        BaseComparison::Conflict { paths: vec![text("src/x.rs")] },
    ]
}

pub(crate) fn decisions() -> Vec<DecisionKind> {
    let repository = api();
    vec![
        DecisionKind::Plan { version: 1 },
        DecisionKind::PlanningFailed,
        DecisionKind::Question { question: question() },
        DecisionKind::Permission { session: session() },
        DecisionKind::ProvisionFailed { wave: 0 },
        DecisionKind::SetupFailed { repository: repository.clone() },
        DecisionKind::CandidateMissing { repository: repository.clone() },
        DecisionKind::CandidateFindings { repository: repository.clone() },
        DecisionKind::ChecksBroke { repository: repository.clone() },
        DecisionKind::ChecksNotRun { repository: repository.clone() },
        DecisionKind::ReviewStopped { repository: repository.clone(), rule: StopRule::UnfixedTwice },
        DecisionKind::ReviewFailed { repository: repository.clone() },
        DecisionKind::SessionFailed { session: session() },
        DecisionKind::Budget,
        DecisionKind::Publish,
        DecisionKind::BaseConflict { repository: repository.clone() },
        DecisionKind::RemoteMoved { repository: repository.clone() },
        DecisionKind::JobFailed { effect: effect() },
        DecisionKind::Stopped { repository },
    ]
}

pub(crate) fn choices() -> Vec<Choice> {
    use Choice::{
        Accept, Allow, Answer, Approve, Discuss, Proposed, Publish, Raise, Reject, Retry, Skip, Stop, Tell,
    };
    vec![Approve, Reject, Retry, Accept, Tell, Publish, Stop, Allow, Answer, Proposed, Discuss, Skip, Raise]
}
