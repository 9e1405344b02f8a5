//! What is listed of a work item without loading it: its query columns, and what gets a number.

use ganger_core::agent::Usage;
use ganger_core::aggregate::Aggregate;
use ganger_core::effect::Action;
use ganger_core::site::AccountLimit;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::budget;
use ganger_core::work_item::decision::{Choice, Decision, DecisionKind};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{Session, Slot, SubPlanStage};
use ganger_core::work_item::status::{Status, status};
use ganger_core::workspace::Workspace;
use ganger_store::{IndexRow, NumberKind, NumberRequest, Turn};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A repository in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RepositorySummary {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub stage: SubPlanStage,
    /// Whether a decision holds it up.
    pub waits: bool,
}

/// A decision in a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DecisionSummary {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The repository it holds up.
    pub repository: Option<String>,
    /// What happened.
    pub text: String,
    /// Options of a question's first part.
    pub options: Vec<String>,
    /// How many parts a question has.
    #[serde(default)]
    pub parts: u32,
    /// The words of the choices that are possible now.
    pub choices: Vec<String>,
    /// For a review: the ids of the critiques that send the work back.
    #[serde(default)]
    pub critiques: Vec<String>,
    /// For a plan: the version; 0 for the rest.
    #[serde(default)]
    pub version: u32,
    /// Since when, wall milliseconds.
    pub since_ms: u64,
}

/// A session whose turn waits for a slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueuedSummary {
    /// Its agent, by its name in the configuration.
    pub agent: String,
    /// The repository it works on; none for the whole item.
    pub repository: Option<String>,
}

/// What a list shows of an item.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ItemSummary {
    /// The item's id.
    pub id: String,
    /// Its workspace's id.
    pub workspace: String,
    /// Its `g` number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its branch.
    pub branch: String,
    /// Its status.
    pub status: Status,
    /// The wave that runs, from 1, and how many there are; none before the approval.
    pub wave: Option<(u32, u32)>,
    /// Its repositories in landing order.
    pub repositories: Vec<RepositorySummary>,
    /// Its open decisions.
    pub decisions: Vec<DecisionSummary>,
    /// Since when, wall milliseconds.
    pub born_ms: u64,
    /// When it last changed, wall milliseconds.
    pub changed_ms: u64,
    /// All tokens of its turns; none where no agent said.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar; none where no agent said.
    pub cost_usd_micros: Option<u64>,
    /// Whether some of its turns said what they cost, and some did not.
    #[serde(default)]
    pub partly_priced: bool,
    /// What it may cost, in millionths of a US dollar; none where nothing limits it.
    #[serde(default)]
    pub budget_usd_micros: Option<u64>,
    /// Whether another version is being made of an approved plan.
    #[serde(default)]
    pub replanning: bool,
    /// The rate limits of its sessions.
    #[serde(default)]
    pub limits: Vec<LimitSummary>,
    /// The sessions whose turn waits for a slot.
    #[serde(default)]
    pub queued: Vec<QueuedSummary>,
    /// Handles of its sessions whose agents show no sign of life.
    #[serde(default)]
    pub silent: Vec<String>,
}

/// A rate limit in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LimitSummary {
    /// The agent, by its name in the configuration.
    pub agent: String,
    /// The repository that waits for its end; none for the whole item.
    pub repository: Option<String>,
    /// When it ends, wall milliseconds; none where the provider did not say.
    pub until_ms: Option<u64>,
}

impl ItemSummary {
    /// The same, with the limits of accounts that its turns wait for although other items ran into them.
    #[must_use]
    pub fn with_accounts(mut self, accounts: &BTreeMap<String, AccountLimit>) -> Self {
        for queued in &self.queued {
            let Some(limit) = accounts.get(&queued.agent) else { continue };
            self.limits.push(LimitSummary {
                agent: queued.agent.clone(),
                repository: queued.repository.clone(),
                until_ms: Some(limit.until_ms),
            });
        }
        self
    }

    /// Whether nothing else of the item is left to be done while this repository waits; none stands for the item.
    pub fn is_last(&self, repository: Option<&str>) -> bool {
        let done = |stage| matches!(stage, SubPlanStage::Proven | SubPlanStage::Published);
        let others =
            |name: &str| self.repositories.iter().filter(|one| one.name != name).all(|one| done(one.stage));
        repository.is_none_or(others)
    }
}

/// The choices that are possible now: without a proposal none can be taken, without a Foreman none discusses.
fn choices(item: &WorkItem, open: &Decision) -> Vec<Choice> {
    let question = match open.kind {
        DecisionKind::Question { question } => item.question(question),
        _ => None,
    };
    let possible = |choice: &Choice| match (choice, question) {
        (Choice::Proposed, Some(question)) => question.proposal.is_some(),
        (Choice::Discuss, Some(question)) => {
            question.discussion.is_none() && item.foreman_takes_part(question)
        }
        _ => true,
    };
    open.kind.choices().iter().copied().filter(possible).collect()
}

/// What a list shows of a decision.
pub fn decision(item: &WorkItem, open: &Decision) -> DecisionSummary {
    let parts = match open.kind {
        DecisionKind::Question { question } => item.question(question).map_or(0, |one| one.text.parts.len()),
        _ => 0,
    };
    let critiques = match &open.kind {
        DecisionKind::ReviewStopped { repository, .. } => item
            .critiques_of(repository)
            .filter(|critique| critique.blocks())
            .map(|critique| critique.id.to_string())
            .collect(),
        _ => Vec::new(),
    };
    DecisionSummary {
        id: open.id.to_string(),
        kind: open.kind.name().to_owned(),
        repository: open.repository.clone(),
        text: open.text.clone(),
        options: open.options.clone(),
        parts: u32::try_from(parts).unwrap_or(u32::MAX),
        choices: choices(item, open).into_iter().map(|choice| choice.word().to_owned()).collect(),
        critiques,
        version: match open.kind {
            DecisionKind::Plan { version } => version,
            _ => 0,
        },
        since_ms: open.since.wall_ms,
    }
}

fn limits(item: &WorkItem) -> Vec<LimitSummary> {
    let until = |timer| {
        let owed = item.owed().get(timer)?;
        match owed.effect.action {
            Action::Timer { at_wall_ms, .. } => at_wall_ms,
            _ => None,
        }
    };
    item.sessions
        .iter()
        .filter_map(|session| {
            let timer = session.limited?;
            Some(LimitSummary {
                agent: session.agent.clone(),
                repository: session.repository.clone(),
                until_ms: until(timer),
            })
        })
        .collect()
}

fn total(values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    values.fold(None, |sum, value| match (sum, value) {
        (sum, None) => sum,
        (sum, Some(value)) => Some(sum.unwrap_or(0) + value),
    })
}

/// The wave that runs, from 1, and how many there are.
pub fn wave(item: &WorkItem) -> Option<(u32, u32)> {
    let count = u32::try_from(item.waves.len()).ok().filter(|count| *count > 0)?;
    let done = item
        .waves
        .iter()
        .take_while(|wave| {
            wave.repositories.iter().all(|name| {
                item.sub_plans.get(name).is_some_and(|sub_plan| {
                    matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published)
                })
            })
        })
        .count();
    Some((u32::try_from(done + 1).unwrap_or(count).min(count), count))
}

/// Whether the sum of the costs is only a part: some sessions had turns and said nothing of money, and others did.
fn is_partly_priced(item: &WorkItem) -> bool {
    let ended = |session: &&Session| session.turns > u32::from(session.turn.is_some());
    let priced = |session: &Session| session.usage.cost_usd_micros.is_some();
    let mut worked = item.sessions.iter().filter(ended).map(priced);
    let first = worked.next();
    first.is_some_and(|first| worked.any(|other| other != first))
}

fn queued(item: &WorkItem) -> Vec<QueuedSummary> {
    let asks = |session: &&Session| matches!(session.slot, Slot::Asked { .. });
    let queued = item.sessions.iter().filter(asks);
    queued
        .map(|session| QueuedSummary { agent: session.agent.clone(), repository: session.repository.clone() })
        .collect()
}

/// What the turn used that an event ends; `item` is the state before it, and `index` the event's place in its append.
/// A turn that was lost after its prompt had been written has used something, but nobody knows what.
pub fn turn(item: &WorkItem, index: usize, event: &ItemEvent) -> Option<Turn> {
    let (session, usage) = match &event.fact {
        ItemFact::TurnEnded { session, usage, .. } => (item.session(*session)?, usage.unwrap_or_default()),
        ItemFact::TurnLost { session, .. } => {
            let session = item.session(*session)?;
            session.turn.as_ref().filter(|turn| turn.delivered)?;
            (session, Usage::default())
        }
        _ => return None,
    };
    Some(Turn {
        event: index,
        agent: session.agent.clone(),
        repository: session.repository.clone(),
        phase: session.kind.name().to_owned(),
        input: usage.input_tokens,
        output: usage.output_tokens,
        tokens: usage.total_tokens,
        cost: usage.cost_usd_micros,
    })
}

/// What a list shows.
pub fn summary(item: &WorkItem) -> ItemSummary {
    let planned = item.waves.iter().flat_map(|wave| wave.repositories.iter());
    let repositories = planned
        .map(|name| RepositorySummary {
            name: name.clone(),
            stage: item.sub_plans.get(name).map(|sub_plan| sub_plan.stage).unwrap_or_default(),
            waits: item.decisions.iter().any(|open| open.repository.as_ref() == Some(name)),
        })
        .collect();
    let decisions = item.decisions.iter().map(|open| decision(item, open)).collect();
    ItemSummary {
        id: item.id.map(|id| id.to_string()).unwrap_or_default(),
        workspace: item.workspace.map(|id| id.to_string()).unwrap_or_default(),
        number: item.number,
        title: item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
        branch: item.branch.clone(),
        status: status(item),
        wave: wave(item),
        repositories,
        decisions,
        born_ms: item.born.wall_ms,
        changed_ms: item.changed.wall_ms,
        tokens: total(item.sessions.iter().map(|session| {
            let parts = total([session.usage.input_tokens, session.usage.output_tokens].into_iter());
            session.usage.total_tokens.or(parts)
        })),
        cost_usd_micros: total(item.sessions.iter().map(|session| session.usage.cost_usd_micros)),
        partly_priced: is_partly_priced(item),
        budget_usd_micros: budget::limit(item),
        replanning: item.approval.is_some() && item.is_planning(),
        limits: limits(item),
        queued: queued(item),
        silent: item
            .sessions
            .iter()
            .filter(|session| session.silence.is_some())
            .map(|session| item.session_handle(session))
            .collect(),
    }
}

/// The query columns.
pub fn row(item: &WorkItem) -> IndexRow {
    let summary = summary(item);
    let live = !item.owed().is_empty();
    IndexRow {
        number: item.id.map(|_| item.number),
        title: summary.title.clone(),
        status: summary.status.name().to_owned(),
        live,
        needs_person: !item.decisions.is_empty(),
        due_at_ms: None,
        // Plain data with text keys always has a JSON form.
        summary: serde_json::to_string(&summary).unwrap_or_default(),
    }
}

/// A workspace's query columns.
pub fn workspace_row(workspace: &Workspace) -> IndexRow {
    IndexRow {
        title: workspace.name.clone(),
        status: "registered".to_owned(),
        live: !workspace.ledger().is_empty(),
        summary: serde_json::json!({ "directory": workspace.directory }).to_string(),
        ..IndexRow::default()
    }
}

/// What gets a number in these events, in their order.
pub fn numbers(events: &[ItemEvent]) -> Vec<NumberRequest> {
    events
        .iter()
        .filter_map(|event| match &event.fact {
            ItemFact::DecisionOpened(decision) => {
                Some(NumberRequest { kind: NumberKind::Decision, id: decision.id.to_string() })
            }
            ItemFact::QuestionAsked { question, .. } => {
                Some(NumberRequest { kind: NumberKind::Question, id: question.to_string() })
            }
            ItemFact::CritiqueRaised(critique) => {
                Some(NumberRequest { kind: NumberKind::Critique, id: critique.id.to_string() })
            }
            _ => None,
        })
        .collect()
}
