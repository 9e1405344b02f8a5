//! `completions`

use crate::arguments::CompletionsArguments;
use crate::completing;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::exit;

/// Prints the script that makes a shell complete, handles too.
pub(super) fn completions(
    context: &mut Context<'_>,
    arguments: &CompletionsArguments,
) -> Result<u8, Failure> {
    let script = completing::script(&arguments.shell.to_string())?;
    context.environment.output.write_all(&script)?;
    context.environment.output.flush()?;
    Ok(exit::DONE)
}
