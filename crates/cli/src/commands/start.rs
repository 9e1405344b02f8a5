//! `start`

use crate::arguments::StartArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Starts what comes next.
pub(super) async fn start(context: &mut Context<'_>, arguments: &StartArguments) -> Result<u8, Failure> {
    context.command_shown(&arguments.item, ItemCommand::Start).await
}
