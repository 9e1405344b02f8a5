//! `man`

use crate::arguments::{Cli, ManArguments};
use crate::context::Context;
use crate::failure::Failure;
use clap::CommandFactory;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;

/// Writes a man page for the program and one for each command.
pub(super) fn man(context: &mut Context<'_>, arguments: &ManArguments) -> Result<u8, Failure> {
    let directory = context.environment.directory.join(&arguments.directory);
    let written = std::fs::create_dir_all(&directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &directory));
    written.map_err(|error| {
        let message = format!("the man pages can't be written to {}: {error}", directory.display());
        ErrorDetail::new(exit::ENVIRONMENT, "man.unwritable", message)
    })?;
    context.print(&format!("Wrote the man pages to {}\n", directory.display()))?;
    Ok(exit::DONE)
}
