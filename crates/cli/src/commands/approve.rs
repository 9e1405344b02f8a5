//! `approve`

use crate::arguments::ApproveArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Approves the current plan, or exactly the one that a digest names.
pub(super) async fn approve(context: &mut Context<'_>, arguments: &ApproveArguments) -> Result<u8, Failure> {
    context.command_shown(&arguments.item, ItemCommand::Approve { digest: arguments.digest.clone() }).await
}
