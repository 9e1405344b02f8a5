//! `init`

use crate::arguments::InitArguments;
use crate::context::Context;
use crate::failure::Failure;

/// Sets up a workspace, in process.
pub(super) fn init(context: &mut Context<'_>, arguments: &InitArguments) -> Result<u8, Failure> {
    let (local, mut streams) = context.streams();
    Ok(local.init(arguments, &mut streams)?)
}
