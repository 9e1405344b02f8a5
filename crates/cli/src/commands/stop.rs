//! `stop`

use crate::arguments::StopArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Stops what runs under an address.
pub(super) async fn stop(context: &mut Context<'_>, arguments: &StopArguments) -> Result<u8, Failure> {
    let target = arguments.target.clone();
    context.command_shown(&arguments.target, ItemCommand::Stop { target }).await
}
