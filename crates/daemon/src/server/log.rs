//! Transcripts: the end of one, or one as it goes on.

use super::failure::Failure;
use super::{App, Shared, refused};
use crate::views::log::Transcript;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::log::{LOG_SCHEMA, LogKind, LogLine, LogList};
use ganger_api::routes::LogQuery;
use ganger_api::timestamp::Timestamp;
use ganger_core::ids::SessionId;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::{HostState, Session};
use ganger_host::journal::{JournalItem, JournalReader};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

/// Lines that are shown when nobody says how many.
const USUAL_LINES: usize = 200;
/// Lines that are shown of a moment when nobody says how many.
const LINES_AT_A_MOMENT: usize = 40;
/// How many lines stand before a moment.
const LINES_BEFORE: usize = 3;
/// The pause between two looks at journals that grow.
const LOOK: Duration = Duration::from_millis(150);

/// One incarnation's journal as it is read.
pub(crate) struct Source {
    directory: PathBuf,
    reader: JournalReader,
    transcript: Transcript,
    next: u64,
    /// Whether all of it is read: its program's end is in it, or its incarnation is over.
    ended: bool,
    incarnation: u64,
    session: SessionId,
    /// Refused calls that were read.
    refused: usize,
}

impl Source {
    pub(crate) fn open(
        app: &App,
        handle: &str,
        session: &Session,
        incarnation: u64,
        raw: bool,
    ) -> Option<Self> {
        let codec = ganger_harness::codec_for("acp")?;
        let directory = app.paths.session_host(session.id, incarnation);
        let scope = format!("{}.{incarnation}", session.id);
        Some(Self {
            reader: JournalReader::open(&directory, 1),
            directory,
            transcript: Transcript::new(handle.to_owned(), scope, codec, raw),
            next: 1,
            ended: false,
            incarnation,
            session: session.id,
            refused: 0,
        })
    }

    /// Whether no host writes this journal any more.
    fn is_over(&self, item: &WorkItem) -> bool {
        item.session(self.session).is_none_or(|session| {
            session.incarnation > self.incarnation
                || matches!(session.host, HostState::None | HostState::Lost)
        })
    }

    /// What has been written since the last look, and what remains of a journal that is over: its host may have died
    /// in the middle of a word.
    pub(crate) fn read_of(&mut self, item: &WorkItem) -> Vec<LogLine> {
        // Asked first: what the host wrote until then is read below.
        let over = self.is_over(item);
        let mut lines = self.read();
        if over && !self.ended {
            self.ended = true;
            lines.extend(self.transcript.rest());
        }
        lines
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

    /// What an agent is saying at this moment.
    fn unfinished(&self) -> Option<LogLine> {
        self.transcript.unfinished().filter(|_| !self.ended)
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

fn after(lines: Vec<LogLine>, cursor: &str) -> Vec<LogLine> {
    match lines.iter().position(|line| line.cursor == cursor) {
        Some(index) => lines.into_iter().skip(index + 1).collect(),
        None => lines,
    }
}

/// The lines from a moment on, which is a cursor or a time, and a few before it.
fn around(lines: Vec<LogLine>, moment: &str, wanted: usize) -> Result<Vec<LogLine>, Failure> {
    let of_cursor = lines.iter().position(|line| line.cursor == moment);
    let first = match of_cursor {
        Some(index) => index,
        None => {
            let time: Timestamp = serde_json::from_value(moment.into()).map_err(|_| {
                let message = format!(
                    "\"{moment}\" is no moment of this transcript: neither the cursor of one of its lines nor a time"
                );
                let detail = ErrorDetail::new(exit::USAGE, "log.no_moment", message);
                Failure(detail.hint("a time is written 12:41, 12:41:05 or 2026-11-22T12:41:05Z"))
            })?;
            // Behind the last line there is still the last line to be shown.
            let later = lines.iter().position(|line| line.at >= time);
            later.unwrap_or(lines.len().saturating_sub(1))
        }
    };
    Ok(lines.into_iter().skip(first.saturating_sub(LINES_BEFORE)).take(wanted).collect())
}

pub(super) async fn log(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let mut sources = sources(&app, &address, query.raw);
    let mut lines: Vec<LogLine> =
        sources.iter_mut().flat_map(|source| source.read_of(&address.item)).collect();
    lines.sort_by_key(|line| line.at);
    let wanted = query.lines.map(|lines| lines as usize);
    let lines = match (&query.at, query.after.as_deref()) {
        (Some(at), _) => around(lines, at, wanted.unwrap_or(LINES_AT_A_MOMENT))?,
        (None, Some(cursor)) => after(lines, cursor),
        (None, None) => {
            let mut lines = lines;
            lines.split_off(lines.len().saturating_sub(wanted.unwrap_or(USUAL_LINES)))
        }
    };
    if !query.follow {
        let mut lines = lines;
        // What is not complete is shown and is no place to go on from: it will come again, with the rest.
        let cursor = lines.last().map(|line| line.cursor.clone()).or(query.after);
        if query.at.is_none() {
            lines.extend(sources.iter().filter_map(Source::unfinished));
        }
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
            let address = self.app.address(&self.item, self.directory.as_deref()).await.ok()?;
            let mut lines: Vec<LogLine> =
                self.sources.iter_mut().flat_map(|source| source.read_of(&address.item)).collect();
            lines.sort_by_key(|line| line.at);
            self.quiet = if lines.is_empty() { self.quiet + 1 } else { 0 };
            self.ready.extend(lines);
            if !self.ready.is_empty() {
                continue;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: i64) -> Vec<LogLine> {
        let line = |number: i64| LogLine {
            cursor: format!("01J.1:{number}.0"),
            at: Timestamp::from_ms(1_795_352_400_000 + number * 1000),
            source: "g1/api@1".to_owned(),
            kind: LogKind::Agent,
            text: String::new(),
            failed: false,
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn a_transcript_opens_at_a_moment() {
        let check = |moment: &str, wanted: usize, expected: Option<(usize, usize)>| {
            let shown = around(lines(10), moment, wanted).ok().map(|lines| {
                let number = lines.first().map_or(0, |line| line.at.ms() - 1_795_352_400_000) / 1000;
                (usize::try_from(number).unwrap(), lines.len())
            });
            assert_eq!(shown, expected, "{moment}");
        };
        check("01J.1:7.0", 5, Some((4, 5)));
        check("01J.1:1.0", 5, Some((0, 5)));
        check("2026-11-22T13:00:05Z", 40, Some((2, 8)));
        check("2026-11-22T13:00:04.001Z", 40, Some((2, 8)));
        check("2030-01-01T00:00:00Z", 40, Some((6, 4)));
        check("1999-01-01T00:00:00Z", 2, Some((0, 2)));
        check("yesterday", 40, None);
        check("01J.1:99.0", 40, None);
        assert!(around(Vec::new(), "2026-11-22T13:00:05Z", 40).is_ok_and(|lines| lines.is_empty()));
    }
}
