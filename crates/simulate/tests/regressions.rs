//! Every bug that a simulated life has found, as a scene of its own: what was wrong is the test's name turned round.

// Helpers of a test, which the lint's exception for tests does not see.
#![allow(clippy::unwrap_used)]

use ganger_core::agent::{AgentEvent, SessionCommand, TurnEnd};
use ganger_core::aggregate::{Aggregate, CommonReport, Received};
use ganger_core::effect::{
    Action, BaseComparison, CheckResult, JobResult, Outcome, OwedEffect, PushResult, TurnResult,
};
use ganger_core::env::{Env, Times};
use ganger_core::ids::{SessionId, WorkItemId, WorkspaceId};
use ganger_core::journal::Position;
use ganger_core::message::{Address, MessageBody, Ticket};
use ganger_core::repository::{CheckDefinition, Guidance, RepositoryBase};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::report::ItemReport;
use ganger_core::work_item::state::{Channel, HostState, PlanningStage, PushPolicy, Settings, SubPlanStage};
use ganger_core::work_item::status::{Status, status};

const PLAN: &str = "```ganger-plan\nexecution_groups:\n  - [api]\n```\n\n## Orchestration\n\nJust do it.\n\n\
    ## SubPlan: api\n\n### Goal\nA.\n### Scope\n- b\n### Changes\n- c\n### Validation\n- d\n### Risks\n- none\n";

fn settings(push: PushPolicy) -> Settings {
    Settings { planner: "fake".to_owned(), push, ..Settings::default() }
}

fn base() -> RepositoryBase {
    RepositoryBase {
        name: "api".to_owned(),
        path: "/clones/api".to_owned(),
        remote: Some("origin".to_owned()),
        push_remote: Some("origin".to_owned()),
        base_branch: "trunk".to_owned(),
        base_commit: "base".to_owned(),
        languages: Vec::new(),
        hints: String::new(),
        copy: Vec::new(),
        link: Vec::new(),
        setup: Vec::new(),
        setup_timeout_ms: 1,
        checks: vec![CheckDefinition {
            name: "unit".to_owned(),
            run: "make check".to_owned(),
            timeout_ms: 1,
            required: true,
        }],
        agent: "fake".to_owned(),
        has_guidance: false,
    }
}

/// A work item whose world answers at once, except what is held.
struct Scene {
    item: WorkItem,
    version: u64,
    awake_ms: u64,
    received: u64,
    line: u64,
    /// Names of actions that nobody carries out.
    held: Vec<&'static str>,
    /// What comparing with the base shows.
    comparison: BaseComparison,
    /// Whether the planner submits a plan at once.
    plans: bool,
}

impl Scene {
    fn new(push: PushPolicy, held: &[&'static str]) -> Self {
        let mut scene = Self {
            item: WorkItem::default(),
            version: 0,
            awake_ms: 0,
            received: 0,
            line: 0,
            held: held.to_vec(),
            comparison: BaseComparison::Current,
            plans: true,
        };
        let workspace = WorkspaceId::new(2_u128.into());
        let ticket = Ticket {
            title: "Add a limit".to_owned(),
            description: String::new(),
            repositories: Vec::new(),
            bases: Vec::new(),
            direct: false,
        };
        let id = WorkItemId::new(1_u128.into());
        let body = MessageBody::Born { item: id, workspace, number: 1, branch: "sub-g1".to_owned(), ticket };
        scene.common(CommonReport::Received(Received {
            from: Address::Workspace(workspace),
            number: 1,
            body,
        }));
        scene.say(ItemCommand::Start { settings: settings(push) });
        scene
    }

    fn env(&mut self) -> Env {
        self.awake_ms += 1;
        let now = Times { wall_ms: 1_700_000_000_000 + self.awake_ms, awake_ms: self.awake_ms };
        Env::new(now, "work_item/scene", self.version)
    }

    fn tell(&mut self, report: ItemReport) {
        let env = self.env();
        for event in self.item.absorb(report, &env) {
            self.item.apply(&event);
            self.version += 1;
        }
    }

    fn common(&mut self, report: CommonReport) {
        self.tell(ItemReport::Common(report));
    }

    fn say(&mut self, command: ItemCommand) {
        let env = self.env();
        for event in self.item.decide(command, &env).unwrap() {
            self.item.apply(&event);
            self.version += 1;
        }
    }

    fn refused(&mut self, command: ItemCommand) -> String {
        let env = self.env();
        self.item.decide(command, &env).unwrap_err().code
    }

    fn answer(&mut self, which: &str, choice: &str) {
        let decision = self.item.decisions.iter().find(|open| open.kind.name() == which).unwrap().id;
        self.say(ItemCommand::Answer { decision, choices: vec![choice.to_owned()], text: "so".to_owned() });
    }

    fn end(&mut self, name: &str, outcome: Outcome) {
        let owed = self.owed(name).unwrap();
        self.common(CommonReport::Outcome { effect: owed.effect.id, attempt: owed.attempt, outcome });
    }

    fn owed(&self, name: &str) -> Option<OwedEffect> {
        self.item.owed().iter().find(|owed| owed.effect.action.name() == name).cloned()
    }

    fn journal(&mut self, session: SessionId, inputs: Vec<AgentEvent>) {
        self.line += 1;
        let incarnation = self.item.session(session).unwrap().incarnation;
        let position = Position { record: self.line, ordinal: 0 };
        self.tell(ItemReport::Journal { session, incarnation, position, inputs });
    }

    fn call(&mut self, session: SessionId, name: &str, arguments: serde_json::Value) {
        self.line += 1;
        let incarnation = self.item.session(session).unwrap().incarnation;
        self.tell(ItemReport::ToolCall {
            session,
            incarnation,
            call_id: format!("call-{}", self.line),
            channel: Channel::Bridge,
            name: name.to_owned(),
            arguments,
        });
    }

    fn has(&self, which: &str) -> bool {
        self.item.decisions.iter().any(|open| open.kind.name() == which)
    }

    fn stage(&self) -> SubPlanStage {
        self.item.sub_plans["api"].stage
    }

    /// Lets the world answer until nothing is owed but what is held.
    fn rest(&mut self) {
        for _ in 0..400 {
            let next = self.item.owed().iter().find(|owed| {
                let name = owed.effect.action.name();
                let up = matches!(owed.effect.action, Action::Host { session, .. }
                    if matches!(self.item.session(session).unwrap().host, HostState::Ready { .. }));
                let runs = owed.withdrawing || !(owed.parked || up || name == "timer");
                runs && !self.held.contains(&name)
            });
            let Some(owed) = next.cloned() else { return };
            self.react(&owed);
        }
        panic!("the scene does not come to rest");
    }

    fn react(&mut self, owed: &OwedEffect) {
        let done = |result| CommonReport::Outcome {
            effect: owed.effect.id,
            attempt: owed.attempt,
            outcome: Outcome::Done(result),
        };
        match owed.effect.action.clone() {
            Action::Message(message) => match message.body {
                MessageBody::SlotWanted { session, .. } => {
                    self.received += 1;
                    let (number, ask) = (self.received, message.number);
                    let body = MessageBody::SlotGranted { session, ask };
                    self.common(CommonReport::Received(Received { from: Address::Site, number, body }));
                }
                _ => self.common(CommonReport::Receipted { effect: owed.effect.id }),
            },
            _ if owed.withdrawing => self.common(done(JobResult::Nothing)),
            Action::PrepareBases { .. } => {
                self.common(done(JobResult::Bases {
                    repositories: vec![base()],
                    refused: Vec::new(),
                    guidance: Guidance::default(),
                }));
            }
            Action::Host { session, .. } => {
                self.journal(session, vec![AgentEvent::Ready { native_id: "n".to_owned(), loaded: false }]);
            }
            Action::Delivery { session, command, .. } => {
                let effect = Some(owed.effect.id);
                self.journal(session, vec![AgentEvent::Delivered { note: 1, effect }]);
                if matches!(command, SessionCommand::Prompt { .. }) {
                    let plans = self.item.session(session).unwrap().repository.is_none();
                    if plans && !self.plans {
                        return;
                    }
                    if plans {
                        self.call(session, "submit_plan", serde_json::json!({ "document": PLAN }));
                    }
                    self.journal(session, vec![AgentEvent::TurnEnded(TurnEnd::Completed)]);
                }
            }
            Action::TakeCandidate { number, .. } => {
                let commit = format!("commit-{number}");
                let turn = TurnResult::Candidate {
                    commit,
                    findings: Vec::new(),
                    paths: Vec::new(),
                    changed: Vec::new(),
                    counts: None,
                };
                self.common(done(JobResult::Turn(turn)));
            }
            Action::Check { .. } => self.common(done(JobResult::Check(CheckResult::Passed))),
            Action::CompareBase { .. } => self.common(done(JobResult::Base(self.comparison.clone()))),
            Action::Publish { .. } => self.common(done(JobResult::Push(PushResult::Published))),
            Action::ReadDraft { .. } => self.common(done(JobResult::Draft { document: None })),
            _ => self.common(done(JobResult::Nothing)),
        }
    }

    /// A scene in which the plan is approved and everything that is not held is done.
    fn approved(push: PushPolicy, held: &[&'static str]) -> Self {
        let mut scene = Self::new(push, held);
        scene.rest();
        scene.say(ItemCommand::Approve { digest: None });
        scene.rest();
        scene
    }

    fn fail_for_good(&mut self, name: &str) {
        for _ in 0..4 {
            if self.owed(name).unwrap().parked {
                let timer = self.owed("timer").unwrap().effect.id;
                self.common(CommonReport::TimerFired { effect: timer });
            }
            self.end(name, Outcome::Failed { reason: "no luck".to_owned() });
        }
        assert!(self.has("job_failed"));
    }
}

fn stop(repository: Option<&str>) -> ItemCommand {
    ItemCommand::Stop { repository: repository.map(str::to_owned) }
}

fn retry() -> ItemCommand {
    let repository = Some("api".to_owned());
    ItemCommand::Retry {
        repository,
        text: String::new(),
        fresh: false,
        agent: None,
        settings: settings(PushPolicy::Auto),
    }
}

#[test]
fn a_plan_takes_open_questions_of_its_planner_back_and_one_asked_again_waits_again() {
    let mut scene = Scene::new(PushPolicy::Auto, &[]);
    scene.plans = false;
    scene.rest();
    let planner = scene.item.planning.session.unwrap();
    let question = serde_json::json!({ "question": "Left or right?" });
    scene.call(planner, "ask_user", question.clone());
    assert!(scene.has("question"));
    // The incarnation dies, and the next one plans without asking.
    let incarnation = scene.item.session(planner).unwrap().incarnation;
    scene.tell(ItemReport::HostLost { session: planner, incarnation });
    scene.plans = true;
    scene.rest();
    assert_eq!(scene.item.planning.stage, PlanningStage::Proposed);
    assert!(!scene.has("question"));

    scene.say(ItemCommand::Reject { text: "no".to_owned() });
    scene.plans = false;
    scene.say(ItemCommand::Start { settings: settings(PushPolicy::Auto) });
    scene.rest();
    scene.call(planner, "ask_user", question);
    assert!(scene.has("question"));
}

#[test]
fn a_push_wanted_later_makes_a_completed_item_unfinished() {
    let mut scene = Scene::approved(PushPolicy::Never, &[]);
    assert_eq!(status(&scene.item), Status::Completed);
    scene.comparison = BaseComparison::Conflict { paths: vec!["a".to_owned()] };
    scene.say(ItemCommand::Publish {});
    scene.rest();
    assert!(scene.has("base_conflict"));
    assert_eq!(status(&scene.item), Status::Reviewing);
}

#[test]
fn a_completed_item_has_nothing_to_stop() {
    let mut scene = Scene::approved(PushPolicy::Never, &[]);
    assert_eq!(scene.refused(stop(Some("api"))), "item.not_possible_now");
}

#[test]
fn a_retry_withdraws_the_job_that_held_the_sub_plan_up() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["check"]);
    scene.fail_for_good("check");
    scene.say(retry());
    assert!(scene.owed("check").unwrap().withdrawing);
    scene.end("check", Outcome::NeverStarted);
    scene.held.clear();
    scene.rest();
    assert_eq!(status(&scene.item), Status::Completed);
}

#[test]
fn giving_up_worktrees_stops_their_wave_and_not_the_planning() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["provision"]);
    scene.fail_for_good("provision");
    scene.answer("job_failed", "stop");
    assert_eq!(scene.item.planning.stage, PlanningStage::Proposed);
    assert_eq!(scene.stage(), SubPlanStage::Stopped);
    scene.held.clear();
    scene.answer("stopped", "retry");
    scene.rest();
    assert_eq!(status(&scene.item), Status::Completed);
}

#[test]
fn giving_up_a_sweep_stops_the_work_and_sweeps_on() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["take_candidate", "sweep"]);
    let session = scene.item.sub_plans["api"].session.unwrap();
    let incarnation = scene.item.session(session).unwrap().incarnation;
    scene.tell(ItemReport::HostLost { session, incarnation });
    scene.fail_for_good("sweep");
    assert_eq!(scene.item.decisions[0].repository.as_deref(), Some("api"));
    scene.answer("job_failed", "stop");
    assert_eq!(scene.stage(), SubPlanStage::Stopped);
    let sweep = scene.owed("sweep").unwrap();
    assert!(!sweep.parked && !sweep.withdrawing);
}

#[test]
fn the_number_of_a_withdrawn_candidate_is_not_used_again() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["take_candidate"]);
    scene.say(stop(Some("api")));
    // The import had happened: its ref stands and never moves.
    let turn = TurnResult::Candidate {
        commit: "lost".to_owned(),
        findings: Vec::new(),
        paths: Vec::new(),
        changed: Vec::new(),
        counts: None,
    };
    scene.end("take_candidate", Outcome::Done(JobResult::Turn(turn)));
    scene.held.clear();
    scene.answer("stopped", "retry");
    scene.rest();
    assert_eq!(scene.item.sub_plans["api"].published.as_deref(), Some("commit-2"));
}

#[test]
fn what_was_stopped_before_its_worktrees_stood_has_not_begun() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["provision"]);
    scene.say(stop(Some("api")));
    scene.end("provision", Outcome::Done(JobResult::Nothing));
    assert_eq!(status(&scene.item), Status::Approved);
    scene.held.clear();
    scene.answer("stopped", "retry");
    scene.rest();
    assert_eq!(status(&scene.item), Status::Completed);
}

#[test]
fn stopping_what_was_proven_takes_the_question_whether_to_push_back() {
    let mut scene = Scene::approved(PushPolicy::Ask, &[]);
    assert!(scene.has("publish"));
    scene.say(stop(Some("api")));
    assert!(!scene.has("publish"));
}

#[test]
fn a_push_that_happened_although_it_was_stopped_waits_for_nobody() {
    let mut scene = Scene::approved(PushPolicy::Auto, &["publish"]);
    scene.say(stop(Some("api")));
    assert!(scene.has("stopped"));
    scene.end("publish", Outcome::Done(JobResult::Push(PushResult::Published)));
    assert_eq!(scene.item.decisions, []);
    assert_eq!(status(&scene.item), Status::Completed);
}

#[test]
fn a_host_that_fails_when_nobody_wants_it_any_more_is_no_trouble() {
    let mut scene = Scene::new(PushPolicy::Auto, &["host"]);
    scene.rest();
    let session = scene.item.planning.session.unwrap();
    scene.say(stop(None));
    let incarnation = scene.item.session(session).unwrap().incarnation;
    scene.tell(ItemReport::HostFailed { session, incarnation, reason: "not installed".to_owned() });
    assert!(!scene.item.decisions.iter().any(|open| matches!(open.kind, DecisionKind::SessionFailed { .. })));
}

#[test]
fn a_delivery_that_the_agent_has_passed_by_is_not_tried_again() {
    let mut scene = Scene::new(PushPolicy::Auto, &["delivery"]);
    scene.rest();
    scene.end("delivery", Outcome::Failed { reason: "a turn of the agent is open".to_owned() });
    assert!(!scene.has("job_failed"));
    assert!(scene.item.owed().iter().all(|owed| !owed.parked));
    scene.held.clear();
    scene.rest();
    assert!(scene.has("plan"));
}

/// Lives in which a bug was seen that no short scene shows. What each was is its name; that they hold is all that is
/// asked, so a seed keeps its worth when the world changes: it is one more life.
#[test]
fn lives_that_once_failed_hold() {
    let lives = [
        ("a question blocked nothing after the plan", 18),
        ("an answer whose request was gone was tried again for good", 248),
        ("an answer whose turn was over became a decision", 912),
        ("a host of an earlier incarnation took the conversation of the later one away", 298),
        ("the same, seen as a slot lent for good", 397),
        ("a daemon turned to a host before its epoch was known", 290),
        ("an item of an unknown workspace never was born", 990),
    ];
    for (what, seed) in lives {
        let violation = ganger_simulate::run(seed, None).violation;
        assert_eq!(violation, None, "{what} (seed {seed})");
    }
}
