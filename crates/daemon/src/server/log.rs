//! Transcripts: the end of one, or one as it goes on.

use super::failure::Failure;
use super::{App, Shared, refused};
use crate::views::log::Transcript;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use ganger_api::log::{LOG_SCHEMA, LogKind, LogLine, LogList};
use ganger_api::routes::LogQuery;
use ganger_core::work_item::state::Session;
use ganger_host::journal::{JournalItem, JournalReader};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

/// Lines that are shown when nobody says how many.
const USUAL_LINES: usize = 200;
/// The pause between two looks at journals that grow.
const LOOK: Duration = Duration::from_millis(150);

/// One incarnation's journal as it is read.
struct Source {
    directory: PathBuf,
    reader: JournalReader,
    transcript: Transcript,
    next: u64,
    ended: bool,
    /// Refused calls that were read.
    refused: usize,
}

impl Source {
    fn open(app: &App, handle: &str, session: &Session, incarnation: u64, raw: bool) -> Option<Self> {
        let codec = ganger_harness::codec_for("acp")?;
        let directory = app.paths.session_host(session.id, incarnation);
        let scope = format!("{}.{incarnation}", session.id);
        Some(Self {
            reader: JournalReader::open(&directory, 1),
            directory,
            transcript: Transcript::new(handle.to_owned(), scope, codec, raw),
            next: 1,
            ended: false,
            refused: 0,
        })
    }

    /// What has been written since the last look.
    fn read(&mut self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        loop {
            match self.reader.next() {
                Ok(Some(JournalItem::Record(record))) => {
                    self.next = record.position + 1;
                    self.ended |= record.kind == ganger_core::journal::RecordKind::Exit;
                    lines.extend(self.transcript.push(&record));
                }
                Ok(Some(JournalItem::Damage { .. })) => {}
                Ok(None) | Err(_) => break,
            }
        }
        let refused = refused::read(&self.directory);
        lines.extend(refused.iter().enumerate().skip(self.refused).map(|(index, call)| {
            let text = format!("refused: {} is only for a person, and {}", call.call, call.reason);
            self.transcript.beside(&format!("refused.{index}"), call.at_ms, LogKind::Warning, text)
        }));
        self.refused = refused.len();
        if !self.ended {
            // A reader that met the end of a growing journal begins again behind what it has read.
            self.reader = JournalReader::open(&self.directory, self.next);
        }
        lines
    }
}

fn sources(app: &App, address: &super::address::Address, raw: bool) -> Vec<Source> {
    let mut sources = Vec::new();
    for session in address.sessions() {
        let handle = address.item.session_handle(session);
        for incarnation in 1..=session.incarnation {
            sources.extend(Source::open(app, &handle, session, incarnation, raw));
        }
    }
    sources
}

fn after(lines: Vec<LogLine>, cursor: Option<&str>) -> Vec<LogLine> {
    match cursor.and_then(|cursor| lines.iter().position(|line| line.cursor == cursor)) {
        Some(index) => lines.into_iter().skip(index + 1).collect(),
        None => lines,
    }
}

pub(super) async fn log(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let mut sources = sources(&app, &address, query.raw);
    let mut lines: Vec<LogLine> = sources.iter_mut().flat_map(Source::read).collect();
    lines.sort_by_key(|line| line.at);
    let mut lines = after(lines, query.after.as_deref());
    let wanted = query.lines.map_or(USUAL_LINES, |lines| lines as usize);
    if query.after.is_none() {
        lines = lines.split_off(lines.len().saturating_sub(wanted));
    }
    if !query.follow {
        let cursor = lines.last().map(|line| line.cursor.clone()).or(query.after);
        return Ok(Json(LogList { schema: LOG_SCHEMA.to_owned(), lines, cursor }).into_response());
    }
    let state = Follow {
        app,
        item,
        directory: query.directory,
        raw: query.raw,
        sources,
        ready: lines.into(),
        quiet: 0,
    };
    let stream = futures::stream::unfold(state, |mut follow| async move {
        let line = follow.next().await?;
        let event =
            Event::default().id(line.cursor.clone()).event("log").json_data(&line).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), follow))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

struct Follow {
    app: Shared,
    item: String,
    directory: Option<String>,
    raw: bool,
    sources: Vec<Source>,
    ready: VecDeque<LogLine>,
    quiet: u32,
}

impl Follow {
    async fn next(&mut self) -> Option<LogLine> {
        let mut stopping = self.app.stop.subscribe();
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let mut lines: Vec<LogLine> = self.sources.iter_mut().flat_map(Source::read).collect();
            lines.sort_by_key(|line| line.at);
            self.quiet = if lines.is_empty() { self.quiet + 1 } else { 0 };
            self.ready.extend(lines);
            if !self.ready.is_empty() {
                continue;
            }
            let address = self.app.address(&self.item, self.directory.as_deref()).await.ok()?;
            for session in address.sessions() {
                let known = |incarnation: u64| {
                    let directory = self.app.paths.session_host(session.id, incarnation);
                    self.sources.iter().any(|source| source.directory == directory)
                };
                let missing: Vec<u64> = (1..=session.incarnation).filter(|one| !known(*one)).collect();
                let handle = address.item.session_handle(session);
                for incarnation in missing {
                    self.sources.extend(Source::open(&self.app, &handle, session, incarnation, self.raw));
                }
            }
            // Everything that was asked for has ended and is said.
            let over = address.item.completed && self.sources.iter().all(|source| source.ended);
            if over && self.quiet > 3 {
                return None;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopping.wait_for(|stop| *stop) => return None,
            }
        }
    }
}
