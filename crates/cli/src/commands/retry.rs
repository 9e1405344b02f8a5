//! `retry`

use crate::arguments::RetryArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Takes up again what failed or was stopped.
pub(super) async fn retry(context: &mut Context<'_>, arguments: &RetryArguments) -> Result<u8, Failure> {
    let RetryArguments { target, text, fresh, agent } = arguments.clone();
    context.command_shown(&arguments.target, ItemCommand::Retry { target, text, fresh, agent }).await
}
