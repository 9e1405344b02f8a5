//! `reject`

use crate::arguments::RejectArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Rejects the plan.
pub(super) async fn reject(context: &mut Context<'_>, arguments: &RejectArguments) -> Result<u8, Failure> {
    context.command_shown(&arguments.item, ItemCommand::Reject { text: arguments.text.clone() }).await
}
