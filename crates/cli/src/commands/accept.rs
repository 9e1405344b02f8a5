//! `accept`

use crate::arguments::AcceptArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Takes a repository's newest candidate as it is.
pub(super) async fn accept(context: &mut Context<'_>, arguments: &AcceptArguments) -> Result<u8, Failure> {
    let AcceptArguments { target, because } = arguments.clone();
    context.command_shown(&arguments.target, ItemCommand::Accept { target, because }).await
}
