//! Texts for agents, made from the state by the prompt templates.

use super::state::{Candidate, Session, SubPlanStage, TurnPurpose, WorkItem};
use crate::effect::CheckResult;
use crate::plan::PlanParser;
use crate::repository::CheckDefinition;
use std::fmt::Write as _;

/// The message of the commit that ganger makes of what a turn left uncommitted.
pub(super) fn leftover_message(title: &str) -> String {
    let title: String = title.chars().take(60).collect();
    format!("{}\n\nLeft uncommitted at the end of a turn.", title.trim())
}

/// What broke, for the implementer and for a person.
pub(super) fn evidence(candidate: &Candidate, broke: &[&CheckDefinition]) -> String {
    let mut text = String::new();
    for check in broke {
        if let Some(CheckResult::Failed { how, tail }) = candidate.checks.get(&check.name) {
            // Writing to a string cannot fail.
            let _ = write!(text, "`{}` ({}) {how}:\n\n{}\n\n", check.run, check.name, tail.trim_end());
        }
    }
    text.trim_end().to_owned()
}

/// The text of a turn.
pub(super) fn prompt(item: &WorkItem, session: &Session, purpose: &TurnPurpose) -> String {
    match purpose {
        TurnPurpose::Plan => plan(item),
        TurnPurpose::Correct { problems } => format!(
            "Your plan was not accepted. Mend every problem and submit the whole document again.\n\n{}",
            list(problems)
        ),
        TurnPurpose::Revise { feedback } => {
            format!("{}\n\nA person read your last plan and asks:\n\n{feedback}", plan(item))
        }
        TurnPurpose::Implement => implement(item, session),
        TurnPurpose::GoOn => {
            "Your turn ended without any change on the branch. Carry the sub-plan out and commit it; \
            if nothing is to be done, say why in a file that the sub-plan names."
                .to_owned()
        }
        TurnPurpose::Mend { reason } => format!(
            "What stands in your worktree cannot be taken: {reason}\n\nBring the worktree onto the branch `{}` with your \
             work committed on top of the base, then end your turn.",
            item.branch
        ),
        TurnPurpose::Repair { findings } => format!(
            "The checks of this repository passed before your change and fail on it. Repair it, commit, and end your \
             turn.\n\n{findings}"
        ),
        TurnPurpose::Told { text } => text.clone(),
        TurnPurpose::Resume { interrupted } => resume(item, session, interrupted),
    }
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

fn ticket(item: &WorkItem) -> String {
    item.ticket.as_ref().map_or_else(String::new, |ticket| {
        format!("# Ticket: {}\n\n{}", ticket.title, ticket.description.trim())
    })
}

fn plan(item: &WorkItem) -> String {
    let repositories: Vec<String> = item
        .planning
        .bases
        .iter()
        .map(|base| {
            let languages = base.languages.join(", ");
            format!("{} (at {}, {languages}) {}", base.name, &base.base_branch, base.hints)
        })
        .collect();
    format!(
        "Plan this ticket over the repositories below. Read them in the working directory; write nothing there.\n\n{}\n\n\
         # Repositories\n\n{}\n\nCall `submit_plan` with the whole document, or, without that tool, write it to the file \
         named by the environment variable GANGER_DRAFT.",
        ticket(item),
        list(&repositories)
    )
}

fn implement(item: &WorkItem, session: &Session) -> String {
    let repository = session.repository.clone().unwrap_or_default();
    let document = item
        .plan()
        .and_then(|plan| PlanParser::parse_and_validate(&plan.document, &super::proposal::names(item)).ok())
        .unwrap_or_default();
    let part = document.sub_plan(&repository).map(|sub_plan| sub_plan.content.clone()).unwrap_or_default();
    let earlier: Vec<String> = item
        .sub_plans
        .iter()
        .filter(|(name, sub_plan)| {
            **name != repository && matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published)
        })
        .filter_map(|(name, sub_plan)| {
            let candidate = sub_plan.candidate()?;
            Some(format!("{name}: finished, at ../{name}; changed: {}", candidate.paths.join(", ")))
        })
        .collect();
    let earlier =
        if earlier.is_empty() { String::new() } else { format!("\n\n# Earlier work\n\n{}", list(&earlier)) };
    format!(
        "Carry out this sub-plan for `{repository}` in the working directory, on the branch `{}`. Commit your work. \
         When your turn ends, what is uncommitted is committed for you and the checks run.\n\n{}\n\n\
         # How the parts work together\n\n{}\n\n# SubPlan: {repository}\n\n{part}{earlier}",
        item.branch,
        ticket(item),
        document.orchestration.trim()
    )
}

fn resume(item: &WorkItem, session: &Session, interrupted: &TurnPurpose) -> String {
    let answers: Vec<String> = item
        .questions
        .iter()
        .filter_map(|question| question.answer.as_ref().map(|answer| format!("{} — {answer}", question.text)))
        .collect();
    let answers = if answers.is_empty() {
        String::new()
    } else {
        format!("\n\n# Answered so far\n\n{}", list(&answers))
    };
    if session.loaded {
        return format!(
            "You were interrupted. Look at what stands in the working directory and go on.{answers}"
        );
    }
    format!(
        "An earlier conversation about this was interrupted. Look at what stands in the working directory, keep what is \
         good, and go on.\n\n{}{answers}",
        prompt(item, session, interrupted)
    )
}
