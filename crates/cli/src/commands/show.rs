//! `show`

use crate::arguments::ShowArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::item::ItemDetail;
use ganger_api::{exit, routes};

/// Shows a work item.
pub(super) async fn show(context: &mut Context<'_>, arguments: &ShowArguments) -> Result<u8, Failure> {
    let item: ItemDetail = context.about(routes::ITEM, &arguments.target).await?;
    let text = match &context.json {
        Some(selection) => selection.object(&item)?,
        None => render::item::item(&context.look, &item),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
