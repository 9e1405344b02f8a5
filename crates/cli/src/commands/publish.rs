//! `publish`

use crate::arguments::PublishArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Pushes the proven commits, or says what would be pushed.
pub(super) async fn publish(context: &mut Context<'_>, arguments: &PublishArguments) -> Result<u8, Failure> {
    context.command_shown(&arguments.item, ItemCommand::Publish { dry_run: arguments.dry_run }).await
}
