//! `diff`

use crate::arguments::DiffArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::diff::DiffView;
use ganger_api::exit;
use ganger_api::routes::{self, DiffQuery};

/// Shows what changed.
pub(super) async fn diff(context: &mut Context<'_>, arguments: &DiffArguments) -> Result<u8, Failure> {
    let query = DiffQuery { directory: context.directory(), stat: arguments.stat };
    let path = context.path(routes::DIFF, &arguments.target, &query)?;
    let diff: DiffView = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.object(&diff)?,
        None if arguments.stat => render::diff::stat(&context.look, &diff),
        None => render::diff::patches(&context.look, &diff),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
