//! What is listed of a work item without loading it: its query columns, and what gets a number.

use ganger_core::agent::Usage;
use ganger_core::aggregate::Aggregate;
use ganger_core::effect::Action;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::budget;
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{Session, Slot, SubPlanStage};
use ganger_core::work_item::status::{Status, status};
use ganger_core::workspace::Workspace;
use ganger_store::{IndexRow, NumberKind, NumberRequest, Turn};
use serde::{Deserialize, Serialize};

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
    /// Options of a question.
    pub options: Vec<String>,
    /// The choices' words.
    pub choices: Vec<String>,
    /// Since when, wall milliseconds.
    pub since_ms: u64,
}

/// A session that its provider limits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LimitSummary {
    /// The session's handle.
    pub session: String,
    /// Its agent.
    pub agent: String,
    /// When it goes on, wall milliseconds.
    pub until_ms: Option<u64>,
}

/// A session whose turn waits for a slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueuedSummary {
    /// The session's handle.
    pub session: String,
    /// Its agent.
    pub agent: String,
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
    /// Whether the sum of the costs is only a part: some sessions had turns and said nothing of money, and others did.
fn is_partly_priced(item: &WorkItem) -> bool {
    let ended = |session: &&Session| session.turns > u32::from(session.turn.is_some());
    let priced = |session: &Session| session.usage.cost_usd_micros.is_some();
    let mut worked = item.sessions.iter().filter(ended).map(priced);
    let first = worked.next();
    first.is_some_and(|first| worked.any(|other| other != first))
}

fn limits(item: &WorkItem) -> Vec<LimitSummary> {
    let until = |timer| match item.owed().get(timer).map(|owed| &owed.effect.action) {
        Some(Action::Timer { at_wall_ms, .. }) => *at_wall_ms,
        _ => None,
    };
    let limited = item.sessions.iter().filter_map(|session| Some((session, session.limited?)));
    limited
        .map(|(session, timer)| LimitSummary {
            session: item.session_handle(session),
            agent: session.agent.clone(),
            until_ms: until(timer),
        })
        .collect()
}

fn queued(item: &WorkItem) -> Vec<QueuedSummary> {
    let asks = |session: &&Session| matches!(session.slot, Slot::Asked { .. });
    let queued = item.sessions.iter().filter(asks);
    queued
        .map(|session| QueuedSummary {
            session: item.session_handle(session),
            agent: session.agent.clone(),
        })
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
    /// The limits that its own sessions ran into.
    #[serde(default)]
    pub limits: Vec<LimitSummary>,
    /// The sessions whose turn waits for a slot.
    #[serde(default)]
    pub queued: Vec<QueuedSummary>,
    /// Handles of its sessions whose agents show no sign of life.
    #[serde(default)]
    pub silent: Vec<String>,
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
    let decisions = item
        .decisions
        .iter()
        .map(|open| DecisionSummary {
            id: open.id.to_string(),
            kind: open.kind.name().to_owned(),
            repository: open.repository.clone(),
            text: open.text.clone(),
            options: open.options.clone(),
            choices: open.kind.choices().iter().map(|choice| choice.word().to_owned()).collect(),
            since_ms: open.since.wall_ms,
        })
        .collect();
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
