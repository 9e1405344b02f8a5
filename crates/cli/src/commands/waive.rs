//! `waive`

use crate::arguments::WaiveArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Lets a critique rest.
pub(super) async fn waive(context: &mut Context<'_>, arguments: &WaiveArguments) -> Result<u8, Failure> {
    let WaiveArguments { critique, because } = arguments.clone();
    context.command_shown(&arguments.critique, ItemCommand::Waive { critique, because }).await
}
