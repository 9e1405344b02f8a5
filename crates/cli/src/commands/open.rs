//! `open`

use crate::arguments::OpenArguments;
use crate::context::Context;
use crate::editor;
use crate::failure::Failure;
use ganger_api::diff::PathView;
use ganger_api::error::ErrorDetail;
use ganger_api::{exit, routes};
use std::path::Path;

/// Opens a worktree in the person's editor, and waits for its end.
pub(super) async fn open(context: &mut Context<'_>, arguments: &OpenArguments) -> Result<u8, Failure> {
    if !context.environment.is_interactive() {
        let message = "an editor needs a terminal, and nobody sits at this one";
        return Err(ErrorDetail::new(exit::USAGE, "open.not_interactive", message)
            .hint(format!("ganger path {}", arguments.target))
            .into());
    }
    let view: PathView = context.about(routes::PATH, &arguments.target).await?;
    let directory = Path::new(&view.directory);
    let editor = editor::chosen(&context.environment).unwrap_or(editor::FALLBACK);
    editor::run(editor, directory, directory)?;
    if let Some(selection) = &context.json {
        let text = selection.object(&view)?;
        context.print(&text)?;
    }
    Ok(exit::DONE)
}
