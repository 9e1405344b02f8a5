//! `search`

use crate::arguments::SearchArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::exit;
use ganger_api::routes::{self, SearchQuery};
use ganger_api::search::{SearchHit, SearchResult};

/// Finds texts by their words.
pub(super) async fn search(context: &mut Context<'_>, arguments: &SearchArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<SearchHit>()?;
    }
    let query = SearchQuery {
        directory: arguments.item.as_ref().and_then(|_| context.directory()),
        words: arguments.words.join(" "),
        item: arguments.item.clone(),
        limit: arguments.lines,
    };
    let path = context.path(routes::SEARCH, "", &query)?;
    let result: SearchResult = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.list::<SearchHit>(&result, "hits")?,
        None => render::search::search(&context.look, &result),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
