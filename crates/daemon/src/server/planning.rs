//! Plans: what a person says to them, and what is said in return.

use super::Shared;
use super::address::Address;
use super::commands::{settings, within};
use super::failure::Failure;
use super::judging::{repository_of, words};
use crate::views;
use ganger_api::command::ItemCommand;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand as Command;
use ganger_core::work_item::state::PlanningStage;

/// The command of core for one of plans; none for the others.
pub(super) async fn translate(
    app: &Shared,
    address: &Address,
    command: &ItemCommand,
    directory: Option<&str>,
) -> Result<Option<Command>, Failure> {
    let item = &address.item;
    Ok(Some(match command {
        ItemCommand::Start => Command::Start { settings: settings(app, item).await? },
        ItemCommand::Approve { digest } => Command::Approve { digest: digest.clone() },
        ItemCommand::Edit { document, section, version } => {
            Command::Edit { document: document.clone(), section: section.clone(), version: *version }
        }
        ItemCommand::Revise { target, text } => Command::Revise {
            repository: within(app, item, target, directory).await?,
            text: words(text)?,
            settings: settings(app, item).await?,
        },
        ItemCommand::FollowUp { target, text } => Command::FollowUp {
            repository: within(app, item, target, directory).await?,
            text: words(text)?,
            settings: settings(app, item).await?,
        },
        ItemCommand::Drop { target } => {
            let planned =
                item.plan_to_change().map(|plan| views::plan::parts(item, plan)).unwrap_or_default();
            let repository = repository_of(app, item, target, directory, "drop", &planned).await?;
            Command::Drop { repository }
        }
        ItemCommand::Reject { text } => Command::Reject { text: text.clone().unwrap_or_default() },
        _ => return Ok(None),
    }))
}

/// What the version that waits is about, behind its name.
fn waits(after: &WorkItem) -> String {
    let Some(plan) = after.waiting_plan() else { return String::new() };
    let Some(standing) = after.approval.as_ref().map(|approval| approval.version) else {
        return format!(" v{} waits for your approval.", plan.number);
    };
    let changed = views::plan::changed_from(after, standing, plan);
    let what = match changed.as_slice() {
        [] => "it changes no part".to_owned(),
        names => format!("only what it changes is new: {}", names.join(", ")),
    };
    format!(" v{} waits for your approval; {what}. v{standing} stays in force until then.", plan.number)
}

/// What happens to the plan while another version is made.
fn revised(after: &WorkItem, repository: Option<&str>) -> String {
    let number = after.number;
    let whole = match repository {
        Some(name) => format!(
            "The part of {name} in the plan of g{number} is being changed; every other part stays as it is."
        ),
        None if after.completed => {
            return format!("A follow-up of g{number} is being planned from the results of its last run.");
        }
        None => format!("The plan of g{number} is being changed."),
    };
    match &after.approval {
        Some(_) if after.completed => whole,
        Some(_) => format!("{whole} What has begun goes on; nothing new begins before you approve."),
        None => whole,
    }
}

/// What was done, in one or two sentences; none for the other commands.
pub(super) fn message(before: &WorkItem, after: &WorkItem, command: &Command) -> Option<String> {
    let number = after.number;
    Some(match command {
        Command::Start { .. } => format!("g{number} is being planned."),
        Command::Approve { .. } => match (&before.approval, &after.approval) {
            (Some(earlier), Some(approval)) if earlier.version != approval.version => {
                let parts = after.plans.iter().find(|plan| plan.number == approval.version);
                let changed = parts
                    .map(|plan| views::plan::changed_from(after, earlier.version, plan))
                    .unwrap_or_default();
                let what = match changed.as_slice() {
                    [] => "no part has changed, and what is there stays".to_owned(),
                    names => format!("only what it changes runs: {}", names.join(", ")),
                };
                format!("Approved v{} of the plan of g{number}; {what}.", approval.version)
            }
            _ => format!("Approved the plan of g{number}."),
        },
        Command::Edit { .. } => format!("The plan of g{number} is your version now.{}", waits(after)),
        Command::Revise { repository, .. } | Command::FollowUp { repository, .. } => {
            revised(after, repository.as_deref())
        }
        Command::Drop { repository } => {
            let builds = before
                .plan_to_change()
                .map(|plan| views::plan::after(before, plan, repository))
                .unwrap_or_default();
            let builds = match builds.as_slice() {
                [] => String::new(),
                names => format!(" Read what came after it and may have built on it: {}.", names.join(", ")),
            };
            format!("Dropped {repository} from the plan of g{number}.{}{builds}", waits(after))
        }
        Command::Reject { .. } => match &after.approval {
            Some(approval) => {
                let refused = before.waiting_plan().map(|plan| plan.number).unwrap_or_default();
                format!("Refused v{refused} of the plan of g{number}; v{} stays in force.", approval.version)
            }
            None => format!("Rejected the plan of g{number}; ganger start g{number} plans again."),
        },
        _ => return None,
    })
}

/// What to type next about a plan; none for the other commands.
pub(super) fn next(after: &WorkItem, command: &Command) -> Option<Vec<String>> {
    let number = after.number;
    match command {
        Command::Edit { .. } | Command::Drop { .. } => {
            let plan = after.waiting_plan()?;
            let before = plan.number.checked_sub(1).filter(|before| *before > 0);
            let diff = before.map(|before| format!("ganger plan g{number} --diff {before}..{}", plan.number));
            Some(diff.into_iter().chain([format!("ganger approve g{number}")]).collect())
        }
        Command::Revise { .. } | Command::FollowUp { .. }
            if after.planning.stage == PlanningStage::Writing =>
        {
            Some(vec![format!("ganger run g{number}"), format!("ganger logs g{number}@plan -f")])
        }
        _ => None,
    }
}
