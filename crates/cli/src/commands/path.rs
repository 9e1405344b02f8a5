//! `path`

use crate::arguments::PathArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::diff::PathView;
use ganger_api::{exit, routes};

/// Prints a worktree's directory, alone on its line: for `cd "$(ganger path g12/api)"`.
pub(super) async fn path(context: &mut Context<'_>, arguments: &PathArguments) -> Result<u8, Failure> {
    let view: PathView = context.about(routes::PATH, &arguments.target).await?;
    let text = match &context.json {
        Some(selection) => selection.object(&view)?,
        None => format!("{}\n", view.directory),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
