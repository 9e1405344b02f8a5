//! The life of an item against a world that answers each owed effect at once; a test takes over where it wants
//! another answer.

mod budget;
mod implementation;
mod planning;
mod publishing;
mod questions;
mod replanning;
mod retrying;
mod reviews;
mod sessions;
mod silence;

use super::command::ItemCommand;
use super::decision::DecisionKind;
use super::event::ItemFact;
use super::report::ItemReport;
use super::state::{Channel, PushPolicy, Settings};
use super::status::{Status, status};
use super::*;
use crate::agent::{AgentEvent, Ended, SessionCommand, TurnEnd};
use crate::aggregate::{CommonReport, Received};
use crate::effect::{
    Action, BaseComparison, CheckResult, JobResult, Outcome, OwedEffect, Preserved, PushResult, TimerPurpose,
    TurnResult,
};
use crate::env::Times;
use crate::ids::{SessionId, WorkItemId, WorkspaceId};
use crate::journal::{ExitStatus, Position};
use crate::message::{MessageBody, Ticket};
use crate::repository::{CheckDefinition, Guidance, RepositoryBase};
use crate::session::SessionKind;

pub(super) const PLAN: &str = "```ganger-plan
execution_groups:
  - [shared]
  - [api]
```

## Orchestration

First shared, then api.

## SubPlan: shared

### Goal
A limit.
### Scope
- src/limit.rs
### Changes
- add a limit
### Validation
- the tests pass
### Risks
- none known

## SubPlan: api

### Goal
Use the limit.
### Scope
- src/api.rs
### Changes
- use it
### Validation
- the tests pass
### Risks
- none known
";

fn base(name: &str) -> RepositoryBase {
    RepositoryBase {
        name: name.to_owned(),
        path: format!("/clones/{name}"),
        remote: Some("origin".to_owned()),
        push_remote: Some("origin".to_owned()),
        base_branch: "main".to_owned(),
        base_commit: format!("base-of-{name}"),
        languages: vec!["Rust".to_owned()],
        hints: String::new(),
        copy: Vec::new(),
        link: Vec::new(),
        setup: Vec::new(),
        setup_timeout_ms: 1000,
        checks: vec![CheckDefinition {
            name: "test".to_owned(),
            run: "make test".to_owned(),
            timeout_ms: 1000,
            required: true,
        }],
        agent: "scripted".to_owned(),
        has_guidance: false,
    }
}

struct World {
    item: WorkItem,
    version: u64,
    now: Times,
    facts: Vec<ItemFact>,
    statuses: Vec<Status>,
    received: u64,
    line: u64,
    /// Commits whose checks fail.
    failing: Vec<String>,
    /// The repositories there are.
    bases: Vec<RepositoryBase>,
    /// What the workspace tells its agents.
    guidance: Guidance,
}

impl World {
    fn new(push: PushPolicy) -> Self {
        Self::with(Settings { planner: "scripted".to_owned(), push, ..Settings::default() })
    }

    fn with(settings: Settings) -> Self {
        let mut world = Self {
            item: WorkItem::default(),
            version: 0,
            now: Times { wall_ms: 1_000_000, awake_ms: 0 },
            facts: Vec::new(),
            statuses: Vec::new(),
            received: 0,
            line: 0,
            failing: Vec::new(),
            bases: vec![base("api"), base("shared")],
            guidance: Guidance::default(),
        };
        let workspace = WorkspaceId::new(7.into());
        let ticket = Ticket {
            title: "Rate limit".to_owned(),
            description: "Per key.".to_owned(),
            repositories: Vec::new(),
            bases: Vec::new(),
            direct: false,
        };
        let item = WorkItemId::new(1.into());
        let branch = "sub-g1-rate-limit".to_owned();
        let body = MessageBody::Born { item, workspace, number: 1, branch, ticket };
        let received = Received { from: Address::Workspace(workspace), number: 1, body };
        world.report(CommonReport::Received(received).into());
        world.command(ItemCommand::Start { settings });
        world
    }

    fn env(&mut self) -> Env {
        self.now.wall_ms += 10;
        self.now.awake_ms += 10;
        Env::new(self.now, "work_item/1", self.version)
    }

    fn take(&mut self, events: Vec<ItemEvent>) {
        for event in events {
            self.item.apply(&event);
            self.version += 1;
            self.facts.push(event.fact);
            let now = status(&self.item);
            if self.statuses.last() != Some(&now) {
                self.statuses.push(now);
            }
        }
    }

    fn command(&mut self, command: ItemCommand) {
        let env = self.env();
        let events = self.item.decide(command, &env).unwrap();
        self.take(events);
    }

    fn report(&mut self, report: ItemReport) {
        let env = self.env();
        let events = self.item.absorb(report.clone(), &env);
        self.take(events);
        // Whatever is told twice changes nothing the second time.
        let env = self.env();
        assert_eq!(self.item.absorb(report, &env), Vec::new());
    }

    fn journal(&mut self, session: SessionId, inputs: Vec<AgentEvent>) {
        self.line += 1;
        let incarnation = self.item.session(session).unwrap().incarnation;
        let position = Position { record: self.line, ordinal: 0 };
        self.report(ItemReport::Journal { session, incarnation, position, inputs });
    }

    fn owed(&self, which: impl Fn(&Action) -> bool) -> Option<OwedEffect> {
        self.item.owed().iter().find(|owed| !owed.parked && which(&owed.effect.action)).cloned()
    }

    fn done(&mut self, owed: &OwedEffect, result: JobResult) {
        let outcome = Outcome::Done(result);
        self.report(CommonReport::Outcome { effect: owed.effect.id, attempt: owed.attempt, outcome }.into());
    }

    /// Answers the oldest owed effect; false when nothing can be answered.
    fn step(&mut self) -> bool {
        let Some(owed) = self.owed(|action| !matches!(action, Action::Timer { .. }) && !self.is_up(action))
        else {
            return false;
        };
        match owed.effect.action.clone() {
            Action::Message(message) => {
                let ask = match message.body {
                    MessageBody::SlotWanted { session, .. } => Some((session, message.number)),
                    _ => None,
                };
                match ask {
                    Some((session, ask)) => {
                        self.received += 1;
                        let number = self.received;
                        let body = MessageBody::SlotGranted { session, ask };
                        self.report(
                            CommonReport::Received(Received { from: Address::Site, number, body }).into(),
                        );
                    }
                    None => self.report(CommonReport::Receipted { effect: owed.effect.id }.into()),
                }
            }
            Action::PrepareBases { .. } => {
                let repositories = self.bases.clone();
                self.done(
                    &owed,
                    JobResult::Bases { repositories, refused: Vec::new(), guidance: self.guidance.clone() },
                );
            }
            Action::Host { session, .. } if owed.withdrawing => {
                self.done(&owed, JobResult::Nothing);
                let _ = session;
            }
            Action::Host { session, .. } => {
                let ready = AgentEvent::Ready { native_id: "native".to_owned(), loaded: false };
                self.journal(session, vec![ready]);
            }
            Action::Delivery { session, incarnation, command } => {
                self.deliver(&owed, session, incarnation, &command)
            }
            Action::StartOver { attempt, .. } => {
                let reference = format!("refs/ganger/preserved/{attempt}/1");
                let preserved = vec![Preserved { reference, commit: format!("kept-of-{attempt}") }];
                self.done(&owed, JobResult::StartedOver { preserved });
            }
            Action::TakeCandidate { repository, number, .. } => {
                let turn = TurnResult::Candidate {
                    commit: format!("{repository}-{number}"),
                    findings: Vec::new(),
                    paths: vec!["src/x.rs".to_owned()],
                    changed: Vec::new(),
                    counts: None,
                };
                self.done(&owed, JobResult::Turn(turn));
            }
            Action::Check { commit, .. } => {
                let result = if self.failing.contains(&commit) {
                    CheckResult::Failed { how: "ended with exit code 1".to_owned(), tail: "boom".to_owned() }
                } else {
                    CheckResult::Passed
                };
                self.done(&owed, JobResult::Check(result));
            }
            Action::CompareBase { .. } => self.done(&owed, JobResult::Base(BaseComparison::Current)),
            Action::Publish { .. } => self.done(&owed, JobResult::Push(PushResult::Published)),
            Action::ReadDraft { .. } => self.done(&owed, JobResult::Draft { document: None }),
            _ => self.done(&owed, JobResult::Nothing),
        }
        true
    }

    fn is_up(&self, action: &Action) -> bool {
        match action {
            Action::Host { session, .. } => self
                .item
                .session(*session)
                .is_some_and(|session| matches!(session.host, super::state::HostState::Ready { .. })),
            _ => false,
        }
    }

    fn deliver(&mut self, owed: &OwedEffect, session: SessionId, incarnation: u64, command: &SessionCommand) {
        let effect = Some(owed.effect.id);
        self.journal(session, vec![AgentEvent::Delivered { note: 1, effect }]);
        if !matches!(command, SessionCommand::Prompt { .. }) {
            return;
        }
        if self.item.session(session).unwrap().kind == SessionKind::Planning {
            self.report(ItemReport::ToolCall {
                session,
                incarnation,
                call_id: format!("call-{}", self.line),
                channel: Channel::Bridge,
                name: "submit_plan".to_owned(),
                arguments: serde_json::json!({ "document": PLAN }),
            });
        }
        self.journal(session, vec![AgentEvent::TurnEnded(TurnEnd::Completed)]);
    }

    fn run(&mut self) {
        for _ in 0..500 {
            if !self.step() {
                return;
            }
        }
        panic!("the item does not come to rest");
    }

    fn decision(&self) -> Option<&DecisionKind> {
        self.item.decisions.first().map(|decision| &decision.kind)
    }

    /// A world with an approved plan.
    fn approved(push: PushPolicy) -> Self {
        let mut world = Self::new(push);
        world.run();
        world.command(ItemCommand::Approve { digest: None });
        world
    }

    /// Answers what is owed until it is the turn of such an effect, which is left to the test.
    fn run_until(&mut self, which: impl Fn(&Action) -> bool) -> OwedEffect {
        for _ in 0..500 {
            let next = self.owed(|action| !matches!(action, Action::Timer { .. }) && !self.is_up(action));
            match next {
                Some(owed) if which(&owed.effect.action) => return owed,
                _ => assert!(self.step(), "the item rests and waits for {:?}", self.decision()),
            }
        }
        panic!("no such effect came");
    }

    /// Runs until an agent is given a prompt and has it.
    fn prompt(&mut self) -> (SessionId, String) {
        let is_prompt = |action: &Action| {
            matches!(action, Action::Delivery { command: SessionCommand::Prompt { .. }, .. })
        };
        let owed = self.run_until(is_prompt);
        let Action::Delivery { session, command: SessionCommand::Prompt { text }, .. } = owed.effect.action
        else {
            unreachable!("the effect was chosen by this");
        };
        self.journal(session, vec![AgentEvent::Delivered { note: 1, effect: Some(owed.effect.id) }]);
        (session, text)
    }

    fn end_turn(&mut self, session: SessionId) {
        self.journal(session, vec![AgentEvent::TurnEnded(TurnEnd::Completed)]);
    }

    /// The agent program of a session ends.
    fn die(&mut self, session: SessionId) {
        let status = ExitStatus { code: Some(1), signal: None };
        self.journal(
            session,
            vec![AgentEvent::Ended(Ended { status, last_words: "out of luck".to_owned() })],
        );
    }

    fn call(&mut self, session: SessionId, name: &str, arguments: serde_json::Value) -> String {
        self.line += 1;
        let call_id = format!("call-{}", self.line);
        self.report(ItemReport::ToolCall {
            session,
            incarnation: self.item.session(session).unwrap().incarnation,
            call_id: call_id.clone(),
            channel: Channel::Bridge,
            name: name.to_owned(),
            arguments,
        });
        call_id
    }

    /// What a call that is held over the bridge is answered with by now.
    fn reply(&self, session: SessionId, call_id: &str) -> Option<String> {
        let incarnation = self.item.session(session).unwrap().incarnation;
        reply::reply(&self.item, session, incarnation, call_id).map(|answer| answer.text)
    }

    /// Moves the oldest decision.
    fn choose(&mut self, choice: Option<&str>, text: &str) {
        let decision = self.item.decisions.first().expect("a decision waits").id;
        let (choices, text) = (choice.map(str::to_owned).into_iter().collect(), text.to_owned());
        self.command(ItemCommand::Answer { decision, choices, text });
    }

    /// The time of an owed timer has come.
    fn fire(&mut self, which: impl Fn(&TimerPurpose) -> bool) {
        let timer = self.owed(|action| matches!(action, Action::Timer { purpose, .. } if which(purpose)));
        let effect = timer.expect("such a timer runs").effect.id;
        self.report(CommonReport::TimerFired { effect }.into());
    }

    fn outcome(&mut self, owed: &OwedEffect, outcome: Outcome) {
        self.report(CommonReport::Outcome { effect: owed.effect.id, attempt: owed.attempt, outcome }.into());
    }

    fn count(&self, which: impl Fn(&ItemFact) -> bool) -> usize {
        self.facts.iter().filter(|fact| which(fact)).count()
    }
}

#[test]
fn a_ticket_is_planned_approved_implemented_in_waves_checked_and_published() {
    let mut world = World::new(PushPolicy::Auto);
    world.run();
    assert!(matches!(world.decision(), Some(DecisionKind::Plan { version: 1 })));
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    use Status::{Approved, Completed, Implementing, Ingested, PlanReview, Planning};
    assert_eq!(world.statuses, [Ingested, Planning, PlanReview, Approved, Implementing, Completed]);
    let published: Vec<&str> = world
        .facts
        .iter()
        .filter_map(|fact| match fact {
            ItemFact::BranchPublished { commit, .. } => Some(commit.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(published, ["shared-1", "api-1"]);
    let left: Vec<&OwedEffect> = world.item.owed().iter().collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn what_broke_goes_back_to_the_implementer_until_it_passes() {
    let mut world = World::new(PushPolicy::Auto);
    world.failing = vec!["api-1".to_owned()];
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.sub_plans["api"].published.as_deref(), Some("api-2"));
    assert_eq!(world.item.sub_plans["api"].repairs, 1);
}

#[test]
fn what_was_broken_before_is_not_the_implementers_to_repair() {
    let mut world = World::new(PushPolicy::Auto);
    world.failing = vec!["api-1".to_owned(), "base-of-api".to_owned()];
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    assert_eq!(world.item.sub_plans["api"].published.as_deref(), Some("api-1"));
}

#[test]
fn a_stale_digest_approves_nothing() {
    let mut world = World::new(PushPolicy::Auto);
    world.run();
    let env = world.env();
    let digest = Some("sha256:0000000000000000".to_owned());
    let refused = world.item.decide(ItemCommand::Approve { digest }, &env).unwrap_err();
    assert_eq!(refused.code, "plan.changed");
}

#[test]
fn stored_events_read_back_as_they_were() {
    let mut world = World::new(PushPolicy::Ask);
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    for fact in &world.facts {
        let event = ItemEvent { at: world.now, fact: fact.clone() };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<ItemEvent>(&json).unwrap(), event, "{json}");
    }
}

/// A person's document, whatever stands.
fn edit(document: impl Into<String>) -> ItemCommand {
    ItemCommand::Edit { document: document.into(), section: None, version: None }
}
