//! A daemon's routes over a store in memory that holds a life as far as a test wants it.

use crate::paths::Variables;
use crate::server::{App, Shared};
use crate::surroundings::Machine;
use crate::testing;
use ganger_api::timestamp::Timestamp;
use ganger_core::aggregate::Aggregate;
use ganger_core::effect::CheckResult;
use ganger_core::env::Times;
use ganger_core::foreman::answer::{Confidence, Proposal};
use ganger_core::ids::{
    CritiqueId, DecisionId, EffectId, IdSource, QuestionId, SessionId, WorkItemId, WorkspaceId,
};
use ganger_core::message::{Address, Ticket};
use ganger_core::question::{QuestionSource, QuestionText};
use ganger_core::repository::{CheckDefinition, Guidance, RepositoryBase};
use ganger_core::review::verdict::StopRule;
use ganger_core::review::{Finding, Severity};
use ganger_core::session::SessionKind;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::{Decision, DecisionKind};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{
    Answerer, Channel, Critique, CritiqueState, PlanAuthor, PlanVersion, RequestKind, ReviewSettings,
    Settings, TurnPurpose, Verdict,
};
use ganger_orchestrator::engine::{Engine, Limits};
use ganger_orchestrator::{projection, stored};
use ganger_store::{Append, MemoryStore, Store, Turn};
use serde_json::json;
use std::sync::Arc;

/// When everything of the fixture began, wall milliseconds: 2026-11-22T13:00:00Z.
const BEGAN: u64 = 1_795_352_400_000;

/// A machine with two repositories, and the daemon's application on it.
pub(super) struct Site {
    /// Its files live as long as it.
    _machine: testing::Machine,
    pub(super) app: Shared,
}

fn session(number: u128) -> SessionId {
    SessionId::new(number.into())
}

/// A log in the making: each fact a minute after the one before.
struct Life {
    item: WorkItem,
    events: Vec<ItemEvent>,
    turns: Vec<Turn>,
    minutes: u64,
}

impl Life {
    fn fact(&mut self, fact: ItemFact) {
        let wall_ms = BEGAN + self.minutes * 60_000;
        self.minutes += 1;
        let event = ItemEvent { at: Times { wall_ms, awake_ms: self.minutes }, fact };
        self.turns.extend(projection::turn(&self.item, self.events.len(), &event));
        self.item.apply(&event);
        self.events.push(event);
    }

    fn store(self, store: &MemoryStore) {
        let id = self.item.id.unwrap();
        let events = self.events.iter().map(|event| stored::to_stored(event, event.at)).collect();
        let append = Append {
            index: Some(projection::row(&self.item)),
            numbers: projection::numbers(&self.events),
            turns: self.turns,
            ..Append::new(stored::stream_of(Address::WorkItem(id)), 0, events)
        };
        store.append(append).unwrap();
    }

    fn decision(&mut self, number: u128, kind: DecisionKind, repository: Option<&str>, text: &str) {
        let since = Times { wall_ms: BEGAN + self.minutes * 60_000, awake_ms: self.minutes };
        let options = match kind {
            DecisionKind::Question { .. } => vec!["toast".to_owned(), "inline".to_owned()],
            _ => Vec::new(),
        };
        self.fact(ItemFact::DecisionOpened(Decision {
            id: DecisionId::new(number.into()),
            kind,
            repository: repository.map(str::to_owned),
            text: text.to_owned(),
            options,
            since,
        }));
    }

    fn session(
        &mut self,
        number: u128,
        kind: SessionKind,
        repository: Option<&str>,
        agent: &str,
        ordinal: u32,
    ) {
        self.fact(ItemFact::SessionCreated {
            session: session(number),
            kind,
            repository: repository.map(str::to_owned),
            agent: agent.to_owned(),
            parent: None,
            ordinal,
        });
    }

    fn works(&mut self, number: u128, repository: &str) {
        self.session(number, SessionKind::Implementation, Some(repository), "codex", 1);
        let (session, effect) = (session(number), EffectId::new((number + 100).into()));
        self.fact(ItemFact::SubPlanBegun { repository: repository.to_owned(), session });
        self.fact(ItemFact::SlotAsked { session, ask: u64::try_from(number).unwrap(), effect });
        self.fact(ItemFact::SlotGranted { session, ask: u64::try_from(number).unwrap() });
        self.fact(ItemFact::SessionStarting { session, incarnation: 1, presence: effect, timer: effect });
        self.fact(ItemFact::SessionReady { session, native_id: "native".to_owned(), loaded: false });
        self.fact(ItemFact::TurnOpened { session, purpose: TurnPurpose::Implement, delivery: effect });
        self.fact(ItemFact::TurnDelivered { session });
    }

    fn asks(&mut self, number: u128, asker: u128, text: QuestionText) {
        let (question, session) = (QuestionId::new(number.into()), session(asker));
        self.fact(ItemFact::QuestionAsked { question, session, source: QuestionSource::AskForeman, text });
        self.fact(ItemFact::RequestOpened {
            session,
            incarnation: 1,
            wire_id: number.to_string(),
            channel: Channel::Bridge,
            request: RequestKind::Question { question },
        });
    }

    fn critique(&mut self, number: u128, severity: Severity, counts: bool, line: u32) {
        let ordinal = u32::try_from(self.item.critiques.len() + 1).unwrap();
        self.fact(ItemFact::CritiqueRaised(Critique {
            id: CritiqueId::new(number.into()),
            repository: "api".to_owned(),
            ordinal,
            reviewer: Some(session(4)),
            candidate: 1,
            finding: Finding {
                file: Some("src/limit.rs".to_owned()),
                line: Some(line),
                severity,
                description: "takes the clock itself".to_owned(),
                suggestion: String::new(),
                resolves: None,
                reverses: None,
            },
            counts,
            urgent: false,
            told: false,
            unfixed: 0,
            state: CritiqueState::Open,
            at: Times { wall_ms: BEGAN, awake_ms: 0 },
        }));
    }
}

fn base(machine: &testing::Machine, name: &str) -> RepositoryBase {
    RepositoryBase {
        name: name.to_owned(),
        path: machine.path(&format!("acme/{name}")).display().to_string(),
        remote: None,
        push_remote: None,
        base_branch: "trunk".to_owned(),
        base_commit: machine.head(&format!("acme/{name}")),
        languages: Vec::new(),
        hints: String::new(),
        copy: Vec::new(),
        link: Vec::new(),
        setup: Vec::new(),
        setup_timeout_ms: 1000,
        checks: vec![CheckDefinition {
            name: "test".to_owned(),
            run: "true".to_owned(),
            timeout_ms: 1000,
            required: true,
        }],
        agent: "codex".to_owned(),
        has_guidance: false,
    }
}

/// An item whose plan over `api` and `web` is approved, with both at work.
fn implementing(machine: &testing::Machine, workspace: WorkspaceId) -> Life {
    let mut life = Life { item: WorkItem::default(), events: Vec::new(), turns: Vec::new(), minutes: 0 };
    let ticket = Ticket {
        title: "Rate limit per API key".to_owned(),
        description: String::new(),
        repositories: Vec::new(),
        bases: Vec::new(),
        direct: false,
    };
    let settings = Settings {
        planner: "claude".to_owned(),
        foreman: Some("claude".to_owned()),
        review: Some(ReviewSettings { agent: "codex".to_owned(), ..ReviewSettings::default() }),
        ..Settings::default()
    };
    let branch = "sub-g1-rate-limit".to_owned();
    life.fact(ItemFact::Born { id: WorkItemId::new(1.into()), workspace, number: 1, branch, ticket });
    life.fact(ItemFact::PlanningStarted { settings, feedback: None, only: None, again: false });
    life.fact(ItemFact::BasesRecorded {
        repositories: vec![base(machine, "api"), base(machine, "web")],
        refused: Vec::new(),
        guidance: Guidance::default(),
    });
    life.fact(ItemFact::PlanProposed(PlanVersion {
        number: 1,
        document: String::new(),
        author: PlanAuthor::Agent,
        digest: "sha256:7c1e".to_owned(),
        at: Times { wall_ms: BEGAN, awake_ms: 0 },
    }));
    life.fact(ItemFact::PlanApproved {
        version: 1,
        digest: "sha256:7c1e".to_owned(),
        waves: vec![vec!["api".to_owned(), "web".to_owned()]],
        changed: Vec::new(),
    });
    life.fact(ItemFact::WaveProvisioned { wave: 0 });
    for repository in ["api", "web"] {
        life.fact(ItemFact::SetupDone { repository: repository.to_owned() });
    }
    life.works(1, "api");
    life.works(2, "web");
    life.session(3, SessionKind::Foreman, None, "claude", 1);
    life
}

/// The questions: one that the Foreman answered (`q1`), one that waits as `d1` (`q2`).
fn questions(life: &mut Life) {
    let clock = QuestionText::plain("Which clock?", Vec::new());
    life.asks(1, 1, clock);
    let sure = Proposal { answer: "Monotonic.".to_owned(), confidence: Confidence::High };
    let question = QuestionId::new(1.into());
    life.fact(ItemFact::QuestionProposed { question, proposal: sure });
    life.fact(ItemFact::QuestionAnswered { question, text: "Monotonic.".to_owned(), by: Answerer::Foreman });
    let arguments = json!({ "question": "Toast or inline?", "context": "The form has both.", "options": [
        "toast", { "label": "inline", "description": "as in the login form" }] });
    life.asks(2, 2, QuestionText::from_arguments(&arguments).unwrap());
    let question = QuestionId::new(2.into());
    let unsure = Proposal { answer: "inline".to_owned(), confidence: Confidence::Uncertain };
    life.fact(ItemFact::QuestionProposed { question, proposal: unsure });
    life.fact(ItemFact::QuestionEscalated { question, reason: "the Foreman is not sure".to_owned() });
    life.decision(1, DecisionKind::Question { question }, Some("web"), "Toast or inline?");
}

/// The review of `api`: one round that stopped, with `c1` and `c2`, and the decision `d2`.
fn stopped_review(machine: &testing::Machine, life: &mut Life) {
    let (api, commit) = ("api".to_owned(), machine.head("acme/api"));
    life.fact(ItemFact::TurnEnded {
        session: session(1),
        end: ganger_core::agent::TurnEnd::Completed,
        usage: None,
    });
    life.fact(ItemFact::CandidateTaken {
        repository: api.clone(),
        number: 1,
        commit: commit.clone(),
        findings: Vec::new(),
        paths: vec!["src/limit.rs".to_owned()],
        changed: Vec::new(),
        counts: None,
    });
    life.fact(ItemFact::CheckEnded {
        repository: api.clone(),
        commit,
        name: "test".to_owned(),
        result: CheckResult::Passed,
    });
    life.session(4, SessionKind::Review, Some("api"), "codex", 2);
    life.fact(ItemFact::ReviewStarted {
        repository: api.clone(),
        number: 1,
        candidate: 1,
        session: session(4),
    });
    life.critique(1, Severity::Major, true, 2);
    life.critique(2, Severity::Nit, false, 1);
    let rule = StopRule::CyclesUsedUp;
    life.fact(ItemFact::SessionClosed { session: session(4) });
    life.fact(ItemFact::ReviewEnded {
        session: session(4),
        verdict: Verdict::Stopped { rule },
        fixed: Vec::new(),
        unfixed: Vec::new(),
    });
    let text =
        "the review of api needs you: its rounds are used up\n[major] src/limit.rs:2 takes the clock itself";
    life.decision(2, DecisionKind::ReviewStopped { repository: api, rule }, Some("api"), text);
}

/// Another item, whose plan waits as `d3`: younger than the rest, and it holds up all of its item.
fn another(workspace: WorkspaceId) -> Life {
    let mut life = Life { item: WorkItem::default(), events: Vec::new(), turns: Vec::new(), minutes: 500 };
    let ticket = Ticket {
        title: "Drop Node 18".to_owned(),
        description: String::new(),
        repositories: Vec::new(),
        bases: Vec::new(),
        direct: false,
    };
    let branch = "sub-g2-drop-node".to_owned();
    life.fact(ItemFact::Born { id: WorkItemId::new(2.into()), workspace, number: 2, branch, ticket });
    life.fact(ItemFact::PlanningStarted {
        settings: Settings::default(),
        feedback: None,
        only: None,
        again: false,
    });
    life.fact(ItemFact::PlanProposed(PlanVersion {
        number: 1,
        document: String::new(),
        author: PlanAuthor::Agent,
        digest: "sha256:9d02".to_owned(),
        at: Times { wall_ms: BEGAN, awake_ms: 0 },
    }));
    life.decision(3, DecisionKind::Plan { version: 1 }, None, "plan v1 waits for your approval");
    life
}

impl Site {
    pub(super) async fn new() -> Self {
        let machine = testing::Machine::new();
        machine.repository("acme/api", &[("src/limit.rs", "one\ntwo\nthree"), ("logo.png", "\0\0")]);
        machine.repository("acme/web", &[("index.ts", "")]);
        machine.write("acme/.ganger/workspace.toml", "schema = 1\n");
        let directory = machine.path("acme");
        // As the engine makes it of the directory.
        let workspace = WorkspaceId::new(IdSource::seeded(&directory.display().to_string(), 0, 0).ulid());
        let store = MemoryStore::new();
        let mut life = implementing(&machine, workspace);
        questions(&mut life);
        stopped_review(&machine, &mut life);
        life.store(&store);
        another(workspace).store(&store);
        let paths = machine.sources.paths.clone();
        let variables: Variables = machine.sources.variables.clone();
        let git = ganger_git::Git::find(&variables).unwrap();
        let equipment = crate::equipment::gather(&variables, git);
        let surroundings =
            Arc::new(Machine::new(paths.clone(), variables.clone(), equipment, "/nowhere/ganger".into()));
        let of_engine = Arc::clone(&surroundings) as Arc<dyn ganger_orchestrator::settings::Surroundings>;
        let limits = Limits { sessions: 2, checks: 2 };
        let engine = Engine::start(Arc::new(store), of_engine, limits).await.unwrap();
        engine.register_workspace(&directory, "acme").await.unwrap();
        let app = Arc::new(App {
            engine,
            machine: surroundings,
            paths,
            key: String::new(),
            started_at: Timestamp::from_ms(0),
            stop: tokio::sync::watch::Sender::new(false),
            sessions: std::sync::Mutex::default(),
        });
        Self { _machine: machine, app }
    }
}
