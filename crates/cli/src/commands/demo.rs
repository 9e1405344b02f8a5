//! `demo`

use crate::arguments::DemoArguments;
use crate::context::Context;
use crate::failure::Failure;

/// Shows a whole life, in process.
pub(super) fn demo(context: &mut Context<'_>, arguments: &DemoArguments) -> Result<u8, Failure> {
    let (local, mut streams) = context.streams();
    Ok(local.demo(arguments, &mut streams)?)
}
