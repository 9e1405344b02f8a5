//! `config`

use crate::arguments::ConfigArguments;
use crate::context::Context;
use crate::failure::Failure;

/// Reads and changes the configuration, in process.
pub(super) fn config(context: &mut Context<'_>, arguments: &ConfigArguments) -> Result<u8, Failure> {
    let (local, mut streams) = context.streams();
    Ok(local.config(arguments, &mut streams)?)
}
