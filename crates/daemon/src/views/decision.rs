//! Decisions in lists and details.

use super::timestamp;
use ganger_api::decision::{Decision as View, DecisionOption};
use ganger_api::plan::PlanReference;
use ganger_api::wait::{Wait, WaitKind, WaitOwner};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::{Choice, Decision, DecisionKind};

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
        "session_failed" => WaitKind::Session,
        "publish" | "remote_moved" => WaitKind::Publish,
        "base_conflict" => WaitKind::Conflict,
        "stopped" => WaitKind::Stopped,
        _ => WaitKind::Other,
    }
}

/// The commands that move a decision, each to be pasted.
pub fn commands(handle: &str, item: u64, kind: &str, options: &[String], choices: &[&str]) -> Vec<String> {
    match kind {
        "plan" => vec![
            format!("ganger plan g{item}"),
            format!("ganger approve g{item}"),
            format!("ganger edit g{item}"),
            format!("ganger reject g{item}"),
        ],
        "publish" => vec![format!("ganger publish g{item}"), format!("ganger diff g{item} --stat")],
        "question" if options.is_empty() => vec![format!("ganger answer {handle} \"…\"")],
        "question" => {
            (1..=options.len()).map(|number| format!("ganger answer {handle} --choice {number}")).collect()
        }
        _ => choices
            .iter()
            .map(|choice| match *choice {
                "tell" => format!("ganger answer {handle} --choice tell \"…\""),
                "raise" => format!("ganger answer {handle} --choice raise AMOUNT"),
                choice => format!("ganger answer {handle} --choice {choice}"),
            })
            .collect(),
    }
}

fn label(choice: Choice) -> &'static str {
    match choice {
        Choice::Approve => "approve it",
        Choice::Reject => "say no",
        Choice::Retry => "try again",
        Choice::Accept => "take it as it is",
        Choice::Tell => "tell the agent something, and let it go on",
        Choice::Publish => "push",
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

fn target(item: &WorkItem, repository: Option<&str>) -> String {
    repository.map_or_else(|| format!("g{}", item.number), |name| format!("g{}/{name}", item.number))
}

/// The plan that is current.
pub fn plan_reference(item: &WorkItem) -> Option<PlanReference> {
    let plan = item.plan()?;
    let approved = item.approval.as_ref().filter(|approval| approval.version == plan.number);
    Some(PlanReference {
        version: plan.number,
        digest: plan.digest.clone(),
        approved_at: approved.map(|approval| timestamp(approval.at.wall_ms)),
    })
}

/// A decision, whole.
pub fn view(item: &WorkItem, decision: &Decision, handle: &str) -> View {
    let choices: Vec<&str> = decision.kind.choices().iter().map(|choice| choice.word()).collect();
    let options = if decision.options.is_empty() {
        let named = decision.kind.choices().iter().filter(|choice| **choice != Choice::Answer);
        named
            .map(|choice| DecisionOption {
                choice: choice.word().to_owned(),
                label: label(*choice).to_owned(),
            })
            .collect()
    } else {
        let numbered = decision.options.iter().enumerate();
        numbered
            .map(|(index, option)| DecisionOption { choice: (index + 1).to_string(), label: option.clone() })
            .collect()
    };
    let subject = first_line(&decision.text);
    let target = target(item, decision.repository.as_deref());
    let is_question = matches!(decision.kind, DecisionKind::Question { .. });
    View {
        id: decision.id.to_string(),
        handle: handle.to_owned(),
        item: format!("g{}", item.number),
        kind: wait_kind(decision.kind.name()),
        detail: (decision.text.trim() != subject).then(|| decision.text.clone()),
        subject,
        since: timestamp(decision.since.wall_ms),
        blocks: format!("blocks {target}"),
        target,
        takes_text: decision
            .kind
            .choices()
            .iter()
            .any(|choice| matches!(choice, Choice::Answer | Choice::Tell)),
        delivery: is_question.then(|| "held open: the agent waits".to_owned()),
        plan: matches!(decision.kind, DecisionKind::Plan { .. }).then(|| plan_reference(item)).flatten(),
        commands: commands(handle, item.number, decision.kind.name(), &decision.options, &choices),
        options,
    }
}

/// A decision as a reason to wait.
pub fn wait(item: u64, summary: &ganger_orchestrator::projection::DecisionSummary, handle: &str) -> Wait {
    let choices: Vec<&str> = summary.choices.iter().map(String::as_str).collect();
    let blocks =
        summary.repository.as_ref().map_or_else(|| format!("g{item}"), |name| format!("g{item}/{name}"));
    Wait {
        decision: Some(handle.to_owned()),
        kind: wait_kind(&summary.kind),
        owner: WaitOwner::You,
        reason: first_line(&summary.text),
        since: timestamp(summary.since_ms),
        until: None,
        blocks: vec![blocks],
        commands: commands(handle, item, &summary.kind, &summary.options, &choices),
    }
}
