//! `drop`

use crate::arguments::DropArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Leaves a repository out of the plan.
pub(super) async fn drop(context: &mut Context<'_>, arguments: &DropArguments) -> Result<u8, Failure> {
    let target = arguments.target.clone();
    context.command_shown(&arguments.target, ItemCommand::Drop { target }).await
}
