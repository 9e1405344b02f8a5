//! `events`

use crate::arguments::EventsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::client::{ClientError, Lines};
use ganger_api::error::ErrorDetail;
use ganger_api::event::{EventList, FeedEvent};
use ganger_api::exit;
use ganger_api::routes::{self, EventsQuery};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long to wait before a stream that ended is opened again.
pub(super) const REATTACH: Duration = Duration::from_millis(100);

/// Shows the feed: one line per event.
pub(super) async fn events(context: &mut Context<'_>, arguments: &EventsArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<FeedEvent>()?;
    }
    let mut query = EventsQuery {
        directory: arguments.item.as_ref().and_then(|_| context.directory()),
        item: arguments.item.clone(),
        after: arguments.after.clone(),
        follow: false,
    };
    // What is stored already comes in pages, then the stream goes on behind it.
    loop {
        let path = context.path(routes::EVENTS, "", &query)?;
        let list: EventList = context.get(&path).await?;
        for event in &list.events {
            show(context, event)?;
        }
        query.after = list.cursor.or(query.after);
        if !list.more {
            break;
        }
    }
    if !arguments.follow {
        return Ok(exit::DONE);
    }
    query.follow = true;
    loop {
        let path = context.path(routes::EVENTS, "", &query)?;
        let mut lines = context.lines(&path).await?;
        while let Some(event) = next::<FeedEvent>(&mut lines).await? {
            show(context, &event)?;
            query.after = Some(event.cursor);
        }
        tokio::time::sleep(REATTACH).await;
    }
}

fn show(context: &mut Context<'_>, event: &FeedEvent) -> Result<(), Failure> {
    let text = match &context.json {
        Some(selection) => selection.object(event)?,
        None => render::feed::event(&context.look, event),
    };
    context.print(&text)
}

/// The next element of a stream; `None` when the stream ended or broke, which a daemon that restarts does: the
/// caller goes on behind the last cursor.
pub(super) async fn next<T: DeserializeOwned>(lines: &mut Lines) -> Result<Option<T>, Failure> {
    let event = match lines.next().await {
        Ok(Some(event)) => event,
        Ok(None) | Err(ClientError::Lost { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    serde_json::from_str(&event.data).map(Some).map_err(|error| {
        let message =
            format!("the daemon sent an event that this version of ganger does not understand: {error}");
        ErrorDetail::new(exit::ENVIRONMENT, "daemon.unreadable", message)
            .hint("ganger daemon stop, then the command again: the daemon starts in this version")
            .into()
    })
}
