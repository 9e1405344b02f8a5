//! Everything around an engine that would touch the world: it sees what an item owes, and reports what became of it.

pub(super) use crate::engine::tests::daemon;
use crate::engine::tests::{new_item, start_played};
use crate::engine::{Engine, Message};
use crate::kernel::item::ToolCall;
use ganger_core::agent::{AgentEvent, SessionCommand, TurnEnd};
use ganger_core::aggregate::CommonReport;
use ganger_core::effect::{
    Action, BaseComparison, CheckResult, JobResult, Outcome, OwedEffect, PushResult, TurnResult,
};
use ganger_core::ids::{SessionId, WorkItemId};
use ganger_core::journal::Position;
use ganger_core::message::Address;
use ganger_core::repository::{CheckDefinition, Guidance, RepositoryBase};
use ganger_core::session::SessionKind;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::report::ItemReport;
use ganger_core::work_item::state::{Channel, HostState};
use ganger_store::MemoryStore;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub(super) const PLAN: &str = "```ganger-plan
execution_groups: [[shared], [api]]
```

## Orchestration

First shared, then api.

## SubPlan: shared
### Goal
A limit.
### Scope
- src/limit.rs
### Changes
1. Write it.
### Validation
- the tests pass
### Risks
- none known

## SubPlan: api
### Goal
Use it.
### Scope
- src/api.rs
### Changes
1. Use it.
### Validation
- the tests pass
### Risks
- none known
";

/// What agents do when it is their turn; what is not told is done well.
#[derive(Default)]
pub(super) struct Script {
    /// Documents that planners submit; none submits nothing. Then [`PLAN`].
    pub(super) plans: VecDeque<Option<String>>,
    /// What reviewers find; then nothing.
    pub(super) reviews: VecDeque<Value>,
    /// Answers of the Foreman, each with its confidence.
    pub(super) answers: VecDeque<(&'static str, &'static str)>,
    /// Kinds of sessions whose turns go on until the test ends them.
    pub(super) held: Vec<SessionKind>,
    /// Whether the remote refuses the branches.
    pub(super) is_closed: bool,
    pub(super) line: u64,
}

pub(super) struct World {
    pub(super) engine: Arc<Engine>,
    pub(super) item: WorkItemId,
    script: Arc<Mutex<Script>>,
}

impl World {
    /// A daemon with one new item.
    pub(super) async fn new() -> Self {
        Self::over(&MemoryStore::new(), Script::default()).await
    }

    pub(super) async fn over(store: &MemoryStore, script: Script) -> Self {
        let engine = start_played(store).await.unwrap();
        let item = new_item(&engine).await.unwrap().id.unwrap();
        let script = Arc::new(Mutex::new(script));
        let world = Self { engine, item, script };
        tokio::spawn(play(Arc::clone(&world.engine), item, Arc::clone(&world.script)));
        world
    }

    pub(super) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub(super) async fn state(&self) -> WorkItem {
        self.engine.item(self.item).await.unwrap()
    }

    /// Waits until the item is so.
    pub(super) async fn until<T: Send + 'static>(
        &self,
        seen: impl Fn(&WorkItem) -> Option<T> + Send + Sync + 'static,
    ) -> T {
        super::super::wait::until(&self.engine, self.item, super::LIMIT, "brought so far", seen)
            .await
            .unwrap()
    }

    /// The session of this kind whose turn is open.
    pub(super) async fn working(&self, kind: SessionKind) -> SessionId {
        self.until(move |item| {
            let open = item.sessions.iter().find(|session| session.kind == kind && session.turn.is_some());
            open.map(|session| session.id)
        })
        .await
    }

    /// Ends a turn that was held.
    pub(super) async fn end_turn(&self, session: SessionId) {
        let state = self.state().await;
        let report = journal(&state, &self.script, session, AgentEvent::TurnEnded(TurnEnd::Completed));
        self.engine.post(Address::WorkItem(self.item), Message::ItemReport(report));
    }

    /// A call of a tool, as the bridge presents it.
    pub(super) async fn call(&self, session: SessionId, id: &str, name: &str, arguments: Value) -> ToolCall {
        let incarnation = self.state().await.session(session).unwrap().incarnation;
        ToolCall { session, incarnation, call_id: id.to_owned(), name: name.to_owned(), arguments }
    }
}

fn base(name: &str) -> RepositoryBase {
    RepositoryBase {
        name: name.to_owned(),
        path: format!("/clones/{name}"),
        remote: Some("origin".to_owned()),
        push_remote: Some("origin".to_owned()),
        base_branch: "main".to_owned(),
        base_commit: format!("base-of-{name}"),
        languages: Vec::new(),
        hints: String::new(),
        copy: Vec::new(),
        link: Vec::new(),
        setup: Vec::new(),
        setup_timeout_ms: 1000,
        checks: vec![CheckDefinition {
            name: "lint".to_owned(),
            run: "make lint".to_owned(),
            timeout_ms: 1000,
            required: false,
        }],
        agent: "scripted".to_owned(),
        has_guidance: false,
    }
}

/// Reports one thing after another, each when the one before is committed.
async fn play(engine: Arc<Engine>, id: WorkItemId, script: Arc<Mutex<Script>>) {
    let address = Address::WorkItem(id);
    let mut seqs = engine.last_seq();
    loop {
        seqs.borrow_and_update();
        let Ok((item, version)) = engine
            .read(address, |kernel| (kernel.as_item().cloned().unwrap_or_default(), kernel.version()))
            .await
        else {
            return;
        };
        let owed: Vec<OwedEffect> = item.owed().iter().cloned().collect();
        let next = owed.iter().find_map(|owed| reports(&item, owed, &script));
        let Some(reports) = next else {
            if seqs.changed().await.is_err() {
                return;
            }
            continue;
        };
        for report in reports {
            engine.post(address, Message::ItemReport(report));
        }
        while engine.read(address, |kernel| kernel.version()).await.is_ok_and(|now| now == version) {
            if seqs.changed().await.is_err() {
                return;
            }
        }
    }
}

fn journal(item: &WorkItem, script: &Mutex<Script>, session: SessionId, event: AgentEvent) -> ItemReport {
    let mut script = script.lock().unwrap();
    script.line += 1;
    ItemReport::Journal {
        session,
        incarnation: item.session(session).unwrap().incarnation,
        position: Position { record: script.line, ordinal: 0 },
        inputs: vec![event],
    }
}

/// What is said of an owed effect; none where it goes on, or the engine itself sees to it.
fn reports(item: &WorkItem, owed: &OwedEffect, script: &Mutex<Script>) -> Option<Vec<ItemReport>> {
    let done = |result| {
        let outcome = Outcome::Done(result);
        let report = CommonReport::Outcome { effect: owed.effect.id, attempt: owed.attempt, outcome };
        Some(vec![report.into()])
    };
    if owed.parked {
        return None;
    }
    match &owed.effect.action {
        Action::Message(_) | Action::Timer { .. } => None,
        Action::Host { .. } if owed.withdrawing => done(JobResult::Nothing),
        Action::Host { session, .. } => {
            let host = item.session(*session).map(|session| session.host);
            let ready = AgentEvent::Ready { native_id: "native".to_owned(), loaded: false };
            (!matches!(host, Some(HostState::Ready { .. })))
                .then(|| vec![journal(item, script, *session, ready)])
        }
        Action::Delivery { session, incarnation, command } => {
            let effect = Some(owed.effect.id);
            let delivered = journal(item, script, *session, AgentEvent::Delivered { note: 1, effect });
            let mut reports = vec![delivered];
            if matches!(command, SessionCommand::Prompt { .. }) {
                reports.extend(turn(item, *session, *incarnation, script));
            }
            Some(reports)
        }
        Action::PrepareBases { .. } => done(JobResult::Bases {
            repositories: vec![base("api"), base("shared")],
            refused: vec![("old".to_owned(), "it is a partial clone".to_owned())],
            guidance: Guidance::default(),
        }),
        Action::TakeCandidate { repository, number, .. } => done(JobResult::Turn(TurnResult::Candidate {
            commit: format!("{repository}-{number}"),
            findings: Vec::new(),
            paths: vec!["src/limit.rs".to_owned()],
            changed: Vec::new(),
            counts: None,
        })),
        Action::Check { .. } => done(JobResult::Check(CheckResult::Failed {
            how: "ended with exit code 1".to_owned(),
            tail: String::new(),
        })),
        Action::CompareBase { .. } => done(JobResult::Base(BaseComparison::Current)),
        Action::Publish { .. } if script.lock().unwrap().is_closed => {
            done(JobResult::Refused { reason: "the remote is read-only".to_owned() })
        }
        Action::Publish { .. } => done(JobResult::Push(PushResult::Published)),
        Action::ReadLastMessage { .. } => done(JobResult::Message { text: String::new() }),
        Action::ReadDraft { .. } => done(JobResult::Draft { document: None }),
        _ => done(JobResult::Nothing),
    }
}

/// What an agent does in its turn.
fn turn(item: &WorkItem, id: SessionId, incarnation: u64, script: &Mutex<Script>) -> Vec<ItemReport> {
    let Some(session) = item.session(id) else { return Vec::new() };
    let (call, line) = {
        let mut script = script.lock().unwrap();
        if script.held.contains(&session.kind) {
            return Vec::new();
        }
        let call = match session.kind {
            SessionKind::Planning => script
                .plans
                .pop_front()
                .unwrap_or_else(|| Some(PLAN.to_owned()))
                .map(|document| ("submit_plan", json!({ "document": document }))),
            SessionKind::Review => {
                let found = script.reviews.pop_front();
                Some(("submit_review", found.unwrap_or_else(|| json!({ "verdict": "no_critiques" }))))
            }
            SessionKind::Foreman => script.answers.pop_front().map(|(answer, confidence)| {
                // The newest question that has no end is the one of its turn, in these tests.
                let open = item.questions.iter().rfind(|question| question.end.is_none());
                let number = open.map_or(0, |question| question.ordinal);
                let arguments = json!({ "question_id": number, "answer": answer, "confidence": confidence });
                ("propose_answer", arguments)
            }),
            SessionKind::Implementation => None,
        };
        (call, script.line)
    };
    let call = call.map(|(name, arguments)| ItemReport::ToolCall {
        session: id,
        incarnation,
        call_id: format!("call-{line}"),
        channel: Channel::Bridge,
        name: name.to_owned(),
        arguments,
    });
    let ended = journal(item, script, id, AgentEvent::TurnEnded(TurnEnd::Completed));
    call.into_iter().chain([ended]).collect()
}
