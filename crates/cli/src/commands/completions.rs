//! `completions`

use crate::arguments::{Cli, CompletionsArguments};
use crate::context::Context;
use crate::failure::Failure;
use clap::CommandFactory;
use ganger_api::exit;

/// Prints a shell's completions.
pub(super) fn completions(
    context: &mut Context<'_>,
    arguments: &CompletionsArguments,
) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "ganger", &mut script);
    context.environment.output.write_all(&script)?;
    context.environment.output.flush()?;
    Ok(exit::DONE)
}
