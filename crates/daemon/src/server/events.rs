//! The feed: a list, or server-sent events by cursor.

use super::failure::Failure;
use super::{App, Shared};
use crate::views;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use ganger_api::error::ErrorDetail;
use ganger_api::event::{EVENTS_SCHEMA, EventList, FeedEvent};
use ganger_api::exit;
use ganger_api::routes::EventsQuery;
use ganger_core::aggregate::Aggregate;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::event::ItemEvent;
use ganger_orchestrator::stored;
use ganger_store::{StoredEvent, StreamId, StreamKind};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Stored events read at once.
const PAGE: usize = 1000;
/// Feed events in one answer.
const MAX_EVENTS: usize = 2000;

/// Makes the feed of stored events: it remembers the state of each item it has met.
#[derive(Default)]
struct Feeder {
    items: BTreeMap<String, (u64, WorkItem)>,
}

impl Feeder {
    fn feed(&mut self, app: &App, event: &StoredEvent) -> Result<Vec<FeedEvent>, Failure> {
        if event.stream.kind != StreamKind::WorkItem {
            return Ok(Vec::new());
        }
        let (version, item) = self.items.entry(event.stream.id.clone()).or_default();
        if *version >= event.version {
            return Ok(Vec::new());
        }
        // Met in the middle of its life: what came before is folded first.
        while *version + 1 < event.version {
            let page = app.engine.store().read_stream(&event.stream, *version, PAGE)?;
            let before: Vec<&StoredEvent> = page.iter().filter(|one| one.version < event.version).collect();
            if before.is_empty() {
                break;
            }
            for one in before {
                if let Ok(read) = stored::from_stored::<ItemEvent>(&one.kind, &one.data) {
                    item.apply(&read);
                }
                *version = one.version;
            }
        }
        *version = event.version;
        match stored::from_stored::<ItemEvent>(&event.kind, &event.data) {
            Ok(read) => Ok(views::event::feed(item, event.seq, &read, app)),
            // Written by a newer ganger: nothing that this one could say of it.
            Err(_) => Ok(Vec::new()),
        }
    }
}

struct Cursor {
    /// The last stored event that has been seen whole, or in part.
    seq: u64,
    /// How many of its feed events have been seen; none for all.
    seen: Option<u64>,
}

fn cursor(app: &App, text: Option<&str>) -> Result<Cursor, Failure> {
    match text {
        None | Some("") => Ok(Cursor { seq: 0, seen: None }),
        Some("now") => Ok(Cursor { seq: app.engine.store().last_seq()?, seen: None }),
        Some(text) => {
            let (seq, n) = text.split_once('.').unwrap_or((text, ""));
            let parsed = seq.parse().ok().and_then(|seq| match n {
                "" => Some(Cursor { seq, seen: None }),
                n => n.parse::<u64>().ok().map(|n| Cursor { seq, seen: Some(n + 1) }),
            });
            parsed.ok_or_else(|| {
                let message = format!("\"{text}\" is no cursor: it has the form 17.0, or is \"now\"");
                Failure(ErrorDetail::new(exit::USAGE, "cursor.invalid", message))
            })
        }
    }
}

struct Reader {
    app: Shared,
    feeder: Feeder,
    only: Option<StreamId>,
    cursor: Cursor,
}

impl Reader {
    /// The next page of feed events; stored events may be passed over without giving any.
    fn page(&mut self) -> Result<(Vec<FeedEvent>, bool), Failure> {
        // An event that was seen in part is read again.
        let after =
            if self.cursor.seen.is_some() { self.cursor.seq.saturating_sub(1) } else { self.cursor.seq };
        let page = self.app.engine.store().read(after, PAGE)?;
        let ended = page.is_empty();
        let mut events = Vec::new();
        for one in page {
            let wanted = self.only.as_ref().is_none_or(|only| *only == one.stream);
            if wanted {
                let made = self.feeder.feed(&self.app, &one)?;
                let seen = if one.seq == self.cursor.seq { self.cursor.seen.unwrap_or(0) } else { 0 };
                events.extend(made.into_iter().skip(usize::try_from(seen).unwrap_or(usize::MAX)));
            }
            self.cursor = Cursor { seq: one.seq, seen: None };
        }
        Ok((events, ended))
    }
}

pub(super) async fn events(
    State(app): State<Shared>,
    Query(query): Query<EventsQuery>,
    headers: axum::http::HeaderMap,
) -> Result<Response, Failure> {
    let only = match &query.item {
        Some(item) => {
            let id = app.address(item, query.directory.as_deref()).await?.id();
            Some(stored::stream_of(ganger_core::message::Address::WorkItem(id)))
        }
        None => None,
    };
    // A client that reconnects says what it saw last.
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let cursor = cursor(&app, last.as_deref().or(query.after.as_deref()))?;
    let mut reader = Reader { app: std::sync::Arc::clone(&app), feeder: Feeder::default(), only, cursor };
    if query.follow {
        return Ok(Sse::new(stream(reader)).keep_alive(KeepAlive::default()).into_response());
    }
    let mut events = Vec::new();
    let more = loop {
        let (page, ended) = reader.page()?;
        events.extend(page);
        if ended || events.len() >= MAX_EVENTS {
            break !ended;
        }
    };
    // What was now is a place in the log by now.
    let given = match query.after {
        Some(after) if after == "now" => Some(reader.cursor.seq.to_string()),
        given => given,
    };
    let cursor = events.last().map(|event| event.cursor.clone()).or(given);
    Ok(Json(EventList { schema: EVENTS_SCHEMA.to_owned(), events, cursor, more }).into_response())
}

fn stream(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    let seqs = reader.app.engine.last_seq();
    let stopping = reader.app.stop.subscribe();
    let state = (reader, std::collections::VecDeque::<FeedEvent>::new(), seqs, stopping);
    futures::stream::unfold(state, |(mut reader, mut ready, mut seqs, mut stopping)| async move {
        loop {
            if let Some(event) = ready.pop_front() {
                let sent = Event::default().id(event.cursor.clone()).event(event.name.clone());
                let sent = sent.json_data(&event).unwrap_or_default();
                return Some((Ok(sent), (reader, ready, seqs, stopping)));
            }
            seqs.borrow_and_update();
            match reader.page() {
                Ok((events, ended)) => {
                    ready.extend(events);
                    if ended {
                        tokio::select! {
                            changed = seqs.changed() => if changed.is_err() { return None },
                            _ = stopping.wait_for(|stop| *stop) => return None,
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(?error, "a feed ended");
                    return None;
                }
            }
        }
    })
}
