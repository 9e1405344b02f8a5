//! `inbox`

use crate::arguments::InboxArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::decision::{Decision, Inbox};
use ganger_api::exit;
use ganger_api::routes::{self, DecisionsQuery};

/// Lists what waits for a person.
pub(super) async fn inbox(context: &mut Context<'_>, arguments: &InboxArguments) -> Result<u8, Failure> {
    let directory = arguments.item.as_ref().and_then(|_| context.directory());
    let query = DecisionsQuery { directory, item: arguments.item.clone() };
    let path = context.path(routes::DECISIONS, "", &query)?;
    let inbox: Inbox = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.list::<Decision>(&inbox, "decisions")?,
        None => render::decision::inbox(&context.look, &inbox),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
