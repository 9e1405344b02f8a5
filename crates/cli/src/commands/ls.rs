//! `ls`

use crate::arguments::LsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::exit;
use ganger_api::item::{ItemList, ItemSummary};
use ganger_api::routes::{self, ItemsQuery};

/// Lists work items.
pub(super) async fn ls(context: &mut Context<'_>, arguments: &LsArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<ItemSummary>()?;
    }
    let query = ItemsQuery {
        directory: None,
        all: arguments.all,
        waiting: arguments.waiting,
        repository: arguments.repo.clone(),
    };
    let path = context.path(routes::ITEMS, "", &query)?;
    let list: ItemList = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.list::<ItemSummary>(&list, "items")?,
        None => render::items::items(&context.look, &list),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
