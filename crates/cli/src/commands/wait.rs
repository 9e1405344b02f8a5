//! `wait`

use super::events::{REATTACH, next};
use crate::arguments::{WaitArguments, WaitFor};
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::error::ErrorDetail;
use ganger_api::event::FeedEvent;
use ganger_api::exit;
use ganger_api::item::{ItemDetail, Outcome};
use ganger_api::routes::{self, EventsQuery};
use std::time::Duration;
use tokio::time::Instant;

/// How long events may gather before the items are looked at again.
const GATHER: Duration = Duration::from_millis(50);

/// Waits until all items are done, or one needs a person.
pub(super) async fn wait(context: &mut Context<'_>, arguments: &WaitArguments) -> Result<u8, Failure> {
    let Some(timeout) = arguments.timeout else { return until(context, arguments).await };
    match tokio::time::timeout(timeout, until(context, arguments)).await {
        Ok(result) => result,
        Err(_) => {
            let message =
                format!("{} did not get there within {} s", arguments.items.join(" and "), timeout.as_secs());
            Err(ErrorDetail::new(exit::TIMED_OUT, "wait.timeout", message).hint("ganger ls").into())
        }
    }
}

async fn until(context: &mut Context<'_>, arguments: &WaitArguments) -> Result<u8, Failure> {
    loop {
        // The stream stands before the items are looked at: nothing that happens in between is missed.
        let query = EventsQuery { follow: true, after: Some("now".into()), ..EventsQuery::default() };
        let path = context.path(routes::EVENTS, "", &query)?;
        let mut lines = context.lines(&path).await?;
        loop {
            if let Some(code) = look(context, arguments).await? {
                return Ok(code);
            }
            if next::<FeedEvent>(&mut lines).await?.is_none() {
                break;
            }
            // What comes close together is one look, and a stream that never rests is looked at all the same.
            let until = Instant::now() + GATHER;
            while let Ok(event) = tokio::time::timeout_at(until, next::<FeedEvent>(&mut lines)).await {
                if event?.is_none() {
                    break;
                }
            }
        }
        tokio::time::sleep(REATTACH).await;
    }
}

/// The exit code, once the waiting is over.
async fn look(context: &mut Context<'_>, arguments: &WaitArguments) -> Result<Option<u8>, Failure> {
    let mut items = Vec::new();
    for address in &arguments.items {
        items.push(context.about::<ItemDetail>(routes::ITEM, address).await?);
    }
    let for_person = arguments.until.contains(&WaitFor::Person);
    let for_done = arguments.until.contains(&WaitFor::Done);
    let needs = items.iter().any(|item| item.head.needs_person());
    let done = items.iter().all(|item| item.head.outcome.is_some());
    let code = if needs && for_person {
        exit::NEEDS_PERSON
    } else if done && (for_done || for_person) {
        // With `--for person` alone an end is an end too: nobody will ever be needed.
        let succeeded = items.iter().all(|item| item.head.outcome == Some(Outcome::Succeeded));
        if succeeded { exit::DONE } else { exit::FAILED }
    } else {
        return Ok(None);
    };
    for item in &items {
        let text = match &context.json {
            Some(selection) => selection.object(item)?,
            None => render::items::short(&context.look, &item.head),
        };
        context.print(&text)?;
    }
    Ok(Some(code))
}
