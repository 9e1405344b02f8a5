//! Decisions in lists and details.

use super::{Names, timestamp};
use ganger_api::decision::{Decision as View, DecisionOption};
use ganger_api::wait::{Wait, WaitKind, WaitOwner};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::{Choice, Decision, DecisionKind};
use ganger_orchestrator::projection::{self, DecisionSummary, ItemSummary};

/// Waivers that are proposed for one decision.
const MAX_WAIVERS: usize = 3;

/// The API's kind of a decision, by its stored name.
pub fn wait_kind(name: &str) -> WaitKind {
    match name {
        "plan" => WaitKind::Plan,
        "planning_failed" => WaitKind::Planning,
        "question" => WaitKind::Question,
        "permission" => WaitKind::Permission,
        "provision_failed" => WaitKind::Preflight,
        "setup_failed" => WaitKind::Setup,
        "candidate_missing" => WaitKind::Candidate,
        "candidate_findings" => WaitKind::Leftovers,
        "checks_broke" | "checks_not_run" => WaitKind::Checks,
        "review_stopped" | "review_failed" => WaitKind::Review,
        "session_failed" => WaitKind::Session,
        "publish" | "remote_moved" => WaitKind::Publish,
        "base_conflict" => WaitKind::Conflict,
        "stopped" => WaitKind::Stopped,
        "budget" => WaitKind::Budget,
        _ => WaitKind::Other,
    }
}

/// The commands that move a decision, each to be pasted, the most useful first.
pub fn commands(
    handle: &str,
    summary: &ItemSummary,
    open: &DecisionSummary,
    names: &dyn Names,
) -> Vec<String> {
    let item = summary.number;
    let target = target(item, open.repository.as_deref());
    match open.kind.as_str() {
        "plan" => {
            // Of a version after the first the difference is what has to be judged.
            let read = if open.version > 1 { " --diff" } else { "" };
            return vec![
                format!("ganger plan g{item}{read}"),
                format!("ganger approve g{item}"),
                format!("ganger edit g{item}"),
                format!("ganger revise g{item} \"…\""),
                format!("ganger reject g{item}"),
            ];
        }
        "publish" => return vec![format!("ganger publish g{item}"), format!("ganger diff g{item} --stat")],
        "stopped" => return vec![format!("ganger retry {target}")],
        _ => {}
    }
    let of_candidate =
        matches!(open.kind.as_str(), "review_stopped" | "review_failed" | "checks_broke" | "checks_not_run");
    let mut commands: Vec<String> = Vec::new();
    for choice in &open.choices {
        commands.push(match choice.as_str() {
            "answer" if open.options.is_empty() => format!("ganger answer {handle} \"…\""),
            "answer" => {
                let choices = vec!["--choice 1"; open.parts.max(1) as usize];
                format!("ganger answer {handle} {}", choices.join(" "))
            }
            "proposed" => format!("ganger answer {handle} --proposed"),
            "discuss" => format!("ganger discuss {handle} \"…\""),
            "skip" => format!("ganger skip {handle}"),
            "tell" => format!("ganger answer {handle} --choice tell \"…\""),
            "raise" => format!("ganger answer {handle} --choice raise {}", more(summary)),
            "accept" if of_candidate => format!("ganger accept {target}"),
            choice => format!("ganger answer {handle} --choice {choice}"),
        });
    }
    let waive =
        open.critiques.iter().take(MAX_WAIVERS).map(|id| format!("ganger waive {}", names.critique(id)));
    // Behind what tells the agent, before what gives up.
    let place = commands.len().min(1);
    commands.splice(place..place, waive);
    commands
}

/// What an item may cost if its person gives it half as much again, in whole US dollars; more than it has cost.
fn more(summary: &ItemSummary) -> u64 {
    let known = summary.budget_usd_micros.max(summary.cost_usd_micros).unwrap_or(0);
    known.saturating_add(known / 2).div_ceil(1_000_000).max(1)
}

fn label(choice: Choice, whole: bool) -> &'static str {
    match choice {
        Choice::Stop if whole => "stop what is left to be done",
        Choice::Approve => "approve it",
        Choice::Reject => "refuse",
        Choice::Retry => "try again",
        Choice::Accept => "take it as it is",
        Choice::Tell => "the agent goes on with your words",
        Choice::Publish => "push the proven commits",
        Choice::Stop => "give this part up",
        Choice::Allow => "allow it",
        Choice::Answer => "answer in words",
        Choice::Proposed => "answer as the Foreman proposes",
        Choice::Discuss => "have the Foreman think again",
        Choice::Skip => "leave it to the agent",
        Choice::Raise => "let it cost more, up to the amount you name",
    }
}

/// The first line of a text, shortened.
pub fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn target(item: u64, repository: Option<&str>) -> String {
    repository.map_or_else(|| format!("g{item}"), |name| format!("g{item}/{name}"))
}

/// What can't go on while a decision waits, in words.
fn blocks(summary: &ItemSummary, repository: Option<&str>) -> String {
    let item = target(summary.number, None);
    match repository {
        None => format!("blocks {item}"),
        Some(_) if summary.repositories.len() == 1 => format!("blocks {item}"),
        Some(_) if summary.is_last(repository) => format!("blocks {item} (last repository)"),
        Some(_) => format!("blocks {}", target(summary.number, repository)),
    }
}

/// A decision, whole. `summary` is the item's.
pub fn view(item: &WorkItem, summary: &ItemSummary, decision: &Decision, names: &dyn Names) -> View {
    let handle = names.decision(&decision.id.to_string());
    let open = projection::decision(item, decision);
    let question = match decision.kind {
        DecisionKind::Question { question } => item.question(question),
        _ => None,
    };
    let shown = question.map(|question| super::question::view(item, question, decision, names));
    let options = match &shown {
        // Several parts take several choices: those stand with their parts.
        Some(shown) if shown.parts.len() == 1 => shown.parts.first().map_or_else(Vec::new, |part| {
            let options = part.options.iter();
            options
                .map(|option| DecisionOption { choice: option.choice.clone(), label: option.label.clone() })
                .collect()
        }),
        Some(_) => Vec::new(),
        None => decision
            .kind
            .choices()
            .iter()
            .map(|choice| DecisionOption {
                choice: choice.word().to_owned(),
                label: label(*choice, decision.repository.is_none()).to_owned(),
            })
            .collect(),
    };
    let repository = decision.repository.as_deref();
    let of_candidate = matches!(wait_kind(decision.kind.name()), WaitKind::Review | WaitKind::Checks);
    let of_candidate = repository.filter(|_| of_candidate);
    let is_review = matches!(decision.kind, DecisionKind::ReviewStopped { .. });
    let subject = first_line(&decision.text);
    View {
        id: decision.id.to_string(),
        item: target(item.number, None),
        kind: wait_kind(decision.kind.name()),
        // What a question or a stopped review adds stands in fields of its own, as it is now.
        detail: (question.is_none() && !is_review && decision.text.trim() != subject)
            .then(|| decision.text.clone()),
        subject,
        since: timestamp(decision.since.wall_ms),
        blocks: blocks(summary, repository),
        blocks_item: summary.is_last(repository),
        target: target(item.number, repository),
        takes_text: decision
            .kind
            .choices()
            .iter()
            .any(|choice| matches!(choice, Choice::Answer | Choice::Tell)),
        delivery: question.map(|question| super::question::delivery(item, question)),
        plan: match decision.kind {
            DecisionKind::Plan { version } => item
                .plans
                .iter()
                .find(|plan| plan.number == version)
                .map(|plan| super::plan::reference(item, plan)),
            _ => None,
        },
        commands: commands(&handle, summary, &open, names),
        critiques: of_candidate
            .map(|repository| super::review::open_critiques(item, repository, names))
            .unwrap_or_default(),
        checks: of_candidate.map(|repository| super::item::checks_of(item, repository)).unwrap_or_default(),
        question: shown,
        options,
        handle,
    }
}

/// Decisions in the order in which a person should look at them: what holds up a whole item before what holds up a
/// part of it, then the oldest.
pub fn sort(decisions: &mut [View]) {
    decisions.sort_by_key(|one| (!one.blocks_item, one.since));
}

/// A decision as a reason to wait.
pub fn wait(summary: &ItemSummary, open: &DecisionSummary, names: &dyn Names) -> Wait {
    let handle = names.decision(&open.id);
    let last = summary.is_last(open.repository.as_deref());
    let blocked = if last { None } else { open.repository.as_deref() };
    Wait {
        kind: wait_kind(&open.kind),
        owner: WaitOwner::You,
        reason: first_line(&open.text),
        since: timestamp(open.since_ms),
        until: None,
        blocks: vec![target(summary.number, blocked)],
        commands: commands(&handle, summary, open, names),
        decision: Some(handle),
    }
}

/// An item's decisions as reasons to wait, the most blocking first.
pub fn waits(summary: &ItemSummary, names: &dyn Names) -> Vec<Wait> {
    let mut open: Vec<&DecisionSummary> = summary.decisions.iter().collect();
    open.sort_by_key(|open| (!summary.is_last(open.repository.as_deref()), open.since_ms));
    open.into_iter().map(|open| wait(summary, open, names)).collect()
}
