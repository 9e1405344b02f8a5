//! `diff`

use crate::arguments::DiffArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use crate::seen::Seen;
use ganger_api::diff::DiffView;
use ganger_api::exit;
use ganger_api::item::ItemDetail;
use ganger_api::routes::{self, DiffQuery};

/// Shows what changed. What was shown whole is what the person looked at last; what a script reads nobody has seen.
pub(super) async fn diff(context: &mut Context<'_>, arguments: &DiffArguments) -> Result<u8, Failure> {
    let directory = context.local.seen()?;
    let since = if arguments.since_seen {
        let item: ItemDetail = context.about(routes::ITEM, &arguments.target).await?;
        Some(Seen::read(&directory, &item.head.id)?.query())
    } else {
        None
    };
    let query =
        DiffQuery { directory: context.directory(), stat: arguments.stat, since, drift: arguments.drift };
    let path = context.path(routes::DIFF, &arguments.target, &query)?;
    let diff: DiffView = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.object(&diff)?,
        None if arguments.stat => render::diff::stat(&context.look, &diff),
        None => render::diff::patches(&context.look, &diff),
    };
    context.print(&text)?;
    if !arguments.drift && context.json.is_none() {
        let trees = diff.repositories.iter().filter_map(|one| Some((one.name.clone(), one.tree.clone()?)));
        Seen::read(&directory, &diff.id)?.and(trees).write(&directory, &diff.id)?;
    }
    Ok(exit::DONE)
}
