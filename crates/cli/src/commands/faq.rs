//! `faq`

use crate::arguments::FaqArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::question::{FaqEntry, FaqView};
use ganger_api::{exit, routes};

/// Lists the answers that all agents of a work item rely on.
pub(super) async fn faq(context: &mut Context<'_>, arguments: &FaqArguments) -> Result<u8, Failure> {
    let faq: FaqView = context.about(routes::FAQ, &arguments.item).await?;
    let text = match &context.json {
        Some(selection) => selection.list::<FaqEntry>(&faq, "entries")?,
        None => render::faq::faq(&context.look, &faq),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
