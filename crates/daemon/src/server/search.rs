//! Finding texts by their words.

use super::failure::Failure;
use super::{App, Shared};
use crate::finder::{Kind, Place};
use crate::views::{Names, timestamp};
use axum::Json;
use axum::extract::{Query, State};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::routes::SearchQuery;
use ganger_api::search::{HitKind, SEARCH_SCHEMA, SearchHit, SearchResult};
use ganger_core::ids::WorkItemId;
use ganger_core::message::Address;
use ganger_core::work_item::WorkItem;
use ganger_orchestrator::stored::stream_of;
use ganger_store::{Text, TextQuery};
use std::collections::BTreeMap;

/// Hits that are given when nobody says how many, and at most.
const USUAL_HITS: usize = 20;
const MAX_HITS: usize = 500;
/// How many characters of a text are shown around what was found.
const EXCERPT: usize = 160;
/// How many of them stand before it.
const BEFORE: usize = 40;

pub(super) async fn search(
    State(app): State<Shared>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchResult>, Failure> {
    if !query.words.chars().any(char::is_alphanumeric) {
        let message = format!("\"{}\" has no word to look for", query.words.trim());
        let detail = ErrorDetail::new(exit::USAGE, "search.no_word", message);
        return Err(Failure(detail.hint("ganger search retry header")));
    }
    let stream = match &query.item {
        Some(item) => {
            let id = app.address(item, query.directory.as_deref()).await?.id();
            Some(stream_of(Address::WorkItem(id)))
        }
        None => None,
    };
    let limit = query.limit.map_or(USUAL_HITS, |limit| limit as usize).clamp(1, MAX_HITS);
    let wanted = TextQuery { words: query.words.clone(), stream, limit: limit + 1 };
    let mut found = app.engine.store().find_texts(&wanted)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut items: BTreeMap<String, WorkItem> = BTreeMap::new();
    let mut hits = Vec::new();
    for text in found {
        if !items.contains_key(&text.stream.id) {
            let Ok(id) = text.stream.id.parse::<WorkItemId>() else { continue };
            items.insert(text.stream.id.clone(), app.engine.item(id).await?);
        }
        let item = &items[&text.stream.id];
        hits.extend(hit(&app, item, &text, &query.words));
    }
    Ok(Json(SearchResult { schema: SEARCH_SCHEMA.to_owned(), words: query.words, hits, more }))
}

const fn kind(kind: Kind) -> HitKind {
    match kind {
        Kind::Title => HitKind::Title,
        Kind::Ticket => HitKind::Ticket,
        Kind::Plan => HitKind::Plan,
        Kind::Question => HitKind::Question,
        Kind::Answer => HitKind::Answer,
        Kind::Critique => HitKind::Critique,
        Kind::Transcript => HitKind::Transcript,
    }
}

/// A found text as it is shown; none for one that another build wrote.
fn hit(app: &App, item: &WorkItem, text: &Text, words: &str) -> Option<SearchHit> {
    let place: Place = serde_json::from_str(&text.place).ok()?;
    let at = timestamp(text.wall_ms);
    let of_item = format!("g{}", item.number);
    let session = |id| item.session(id).map(|session| item.session_handle(session));
    let logs = |id| session(id).map(|handle| format!("ganger logs {handle} --at {at}"));
    let show = || format!("ganger show {of_item}");
    let (handle, command) = match place {
        Place::Item => (of_item.clone(), show()),
        Place::Plan { version } => (of_item.clone(), format!("ganger plan {of_item} --version {version}")),
        Place::Question { question, session } => {
            (app.question(&question.to_string()), logs(session).unwrap_or_else(show))
        }
        Place::Critique { critique, session } => {
            (app.critique(&critique.to_string()), session.and_then(logs).unwrap_or_else(show))
        }
        Place::Session { session: id } => {
            (session(id).unwrap_or_else(|| of_item.clone()), logs(id).unwrap_or_else(show))
        }
    };
    Some(SearchHit {
        handle,
        item: of_item,
        title: item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
        kind: kind(Kind::of(&text.kind)?),
        at,
        excerpt: excerpt(&text.body, words),
        command,
    })
}

/// The text around the first of the words that it has, on one line.
fn excerpt(body: &str, words: &str) -> String {
    let wanted: Vec<String> = words
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let line: Vec<&str> = body.split_whitespace().collect();
    let begins = |piece: &&str| {
        let mut found = piece.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        found.any(|word| wanted.iter().any(|wanted| word.to_lowercase().starts_with(wanted)))
    };
    let first = line.iter().position(begins).unwrap_or(0);
    let (mut start, mut before) = (first, 0);
    while start > 0 && before + line[start - 1].chars().count() < BEFORE {
        start -= 1;
        before += line[start].chars().count() + 1;
    }
    let text = line[start..].join(" ");
    let dots = if start > 0 { "…" } else { "" };
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{dots}{}…", text[..end].trim_end()),
        None => format!("{dots}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_shows_what_was_found() {
        let check = |body: &str, words: &str, expected: &str| assert_eq!(excerpt(body, words), expected);
        check("Retry-After, in\n  seconds", "sec", "Retry-After, in seconds");
        check("short", "nothing of it", "short");
        let long = format!("{} the **retry** header {}", "before ".repeat(50), "behind ".repeat(50));
        let shown = excerpt(&long, "RETRY");
        assert!(shown.starts_with("…before") && shown.contains("the **retry** header"), "{shown}");
        assert!(shown.ends_with('…') && shown.chars().count() <= EXCERPT + 2, "{shown}");
        check("", "x", "");
        assert!(excerpt(&"ü".repeat(1000), "üü").ends_with("ü…"));
    }
}
