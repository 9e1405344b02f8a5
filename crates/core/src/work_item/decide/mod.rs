//! What a person may say, and what follows. Everything that is refused is refused with a sentence, and changes
//! nothing.

mod answer;
mod judge;
mod plan;
mod steer;

use super::command::ItemCommand;
use super::draft::Draft;
use super::event::ItemEvent;
use super::state::WorkItem;
use super::{advance, status};
use crate::aggregate::Rejection;
use crate::env::Env;

pub(super) fn decide(item: &WorkItem, command: ItemCommand, env: &Env) -> Result<Vec<ItemEvent>, Rejection> {
    if item.id.is_none() {
        return Err(Rejection::new("item.unknown", "this work item does not exist").hint("ganger ls --all"));
    }
    let mut draft = Draft::new(item, env);
    match command {
        ItemCommand::Start { settings } => plan::start(&mut draft, settings)?,
        ItemCommand::Approve { digest } => plan::approve(&mut draft, digest.as_deref())?,
        ItemCommand::Edit { document, section, version } => {
            plan::edit(&mut draft, document, section.as_deref(), version)?;
        }
        ItemCommand::FollowUp { repository, text, settings } => {
            plan::follow_up(&mut draft, repository, &text, settings)?;
        }
        ItemCommand::Revise { repository, text, settings } => {
            plan::revise(&mut draft, repository, &text, settings)?;
        }
        ItemCommand::Drop { repository } => plan::drop(&mut draft, &repository)?,
        ItemCommand::Reject { text } => plan::reject(&mut draft, text)?,
        ItemCommand::Answer { decision, choices, text } => {
            answer::answer(&mut draft, decision, &choices, &text)?;
        }
        ItemCommand::AnswerAsProposed { decision } => answer::as_proposed(&mut draft, decision)?,
        ItemCommand::Discuss { decision, text } => answer::discuss(&mut draft, decision, &text)?,
        ItemCommand::Skip { decision, text } => answer::skip(&mut draft, decision, &text)?,
        ItemCommand::Correct { question, text } => answer::correct(&mut draft, question, &text)?,
        ItemCommand::Comment { repository, finding, send } => {
            judge::comment(&mut draft, &repository, finding, send)?;
        }
        ItemCommand::Waive { critique, because } => judge::waive(&mut draft, critique, because)?,
        ItemCommand::Accept { repository, because } => judge::accept(&mut draft, &repository, because)?,
        ItemCommand::Stop { repository } => steer::stop(&mut draft, repository.as_deref())?,
        ItemCommand::Retry { repository, text, fresh, agent, settings } => {
            let again = steer::Again { text: &text, fresh, agent: agent.as_deref() };
            steer::retry(&mut draft, repository.as_deref(), again, settings)?;
        }
        ItemCommand::Publish {} => steer::publish(&mut draft)?,
    }
    advance::advance(&mut draft);
    Ok(draft.events)
}

/// The rejection of a command that does not fit the item's state.
fn not_now(item: &WorkItem, what: &str) -> Rejection {
    let status = status::status(item);
    Rejection::new(
        "item.not_possible_now",
        format!("g{} cannot be {what}: it is {}", item.number, status.word()),
    )
    .hint(format!("ganger show g{}", item.number))
}
