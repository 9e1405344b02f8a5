//! Makes texts findable: follows the log and keeps the words of titles, plans, questions, answers and critiques, and
//! of transcripts when a turn has ended. What is kept follows from log and journals alone: whatever was missed, or
//! kept already, is kept again under the same key.

mod facts;

use crate::server::App;
use crate::server::log::Source;
use ganger_api::log::LogKind;
use ganger_core::ids::{CritiqueId, QuestionId, SessionId, WorkItemId};
use ganger_core::work_item::WorkItem;
use ganger_store::{Mark, StoredEvent, StreamId, StreamKind, Text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The follower's name in the store.
const NAME: &str = "finder";
/// Stored events read at once.
const PAGE: usize = 500;
/// Texts kept at once, so that appends need not wait long.
const CHUNK: usize = 200;
/// After so many events without a text it is said all the same how far we are.
const MARK_EVERY: u64 = 2000;
/// Journals that are kept open at their place.
const OPEN: usize = 16;
/// How long to wait after the store could not be read or written.
const AGAIN: Duration = Duration::from_secs(5);

/// What kind of text it is. The names are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Title,
    Ticket,
    Plan,
    Question,
    Answer,
    Critique,
    Transcript,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Title,
        Self::Ticket,
        Self::Plan,
        Self::Question,
        Self::Answer,
        Self::Critique,
        Self::Transcript,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Ticket => "ticket",
            Self::Plan => "plan",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Critique => "critique",
            Self::Transcript => "transcript",
        }
    }

    /// The kind of a stored name; none for one of another build.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a text stands. Its JSON is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "snake_case")]
pub(crate) enum Place {
    /// The item itself.
    Item,
    /// A version of its plan.
    Plan { version: u32 },
    /// A question, and who asked it.
    Question { question: QuestionId, session: SessionId },
    /// A critique, and the reviewer; none for a person.
    Critique { critique: CritiqueId, session: Option<SessionId> },
    /// The transcript of a session.
    Session { session: SessionId },
}

/// A text in the making.
fn text(stream: &StreamId, key: String, kind: Kind, place: &Place, wall_ms: u64, body: String) -> Text {
    Text {
        key,
        stream: stream.clone(),
        kind: kind.name().to_owned(),
        // Plain data with text keys always has a JSON form.
        place: serde_json::to_string(place).unwrap_or_default(),
        wall_ms,
        body,
    }
}

/// Follows the log until the daemon stops.
pub(crate) async fn follow(app: Arc<App>) {
    let mut stopping = app.stop.subscribe();
    let mut finder = Finder { app, seq: None, marked: 0, journals: Journals::default() };
    let mut troubled = false;
    let work = async {
        loop {
            let mut seqs = finder.app.engine.last_seq();
            seqs.borrow_and_update();
            match finder.step().await {
                Ok(true) => troubled = false,
                Ok(false) => {
                    if seqs.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut troubled, true) {
                        tracing::warn!(%error, "texts cannot be made findable; it is tried again");
                    }
                    // What was read and not kept is read again.
                    finder.journals = Journals::default();
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    };
    tokio::select! {
        () = work => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Looks at everything that has happened so far, as a daemon would that begins now.
#[cfg(test)]
pub(crate) async fn catch_up(app: Arc<App>) {
    let mut finder = Finder { app, seq: None, marked: 0, journals: Journals::default() };
    while finder.step().await.unwrap() {}
}

/// Why a step failed, in words.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

struct Finder {
    app: Arc<App>,
    /// The last event that was looked at; none before it was read how far we are.
    seq: Option<u64>,
    /// The last event of which the store knows that we looked at it.
    marked: u64,
    journals: Journals,
}

impl Finder {
    /// Looks at the next events; whether there were any.
    async fn step(&mut self) -> Result<bool, Trouble> {
        let store = Arc::clone(self.app.engine.store());
        let seq = match self.seq {
            Some(seq) => seq,
            None => {
                let mark = store.mark(NAME)?;
                self.marked = mark.and_then(|mark| mark.parse().ok()).unwrap_or(0);
                self.marked
            }
        };
        let page = tokio::task::spawn_blocking(move || store.read(seq, PAGE)).await??;
        self.seq = Some(seq);
        let Some(last) = page.last().map(|event| event.seq) else { return Ok(false) };
        let texts = self.texts(&page).await?;
        if !texts.is_empty() || last - self.marked >= MARK_EVERY {
            self.keep(texts, last).await?;
        }
        self.seq = Some(last);
        Ok(true)
    }

    async fn texts(&mut self, page: &[StoredEvent]) -> Result<Vec<Text>, Trouble> {
        let mut texts = Vec::new();
        let mut ended: BTreeMap<WorkItemId, BTreeSet<SessionId>> = BTreeMap::new();
        for event in page.iter().filter(|event| event.stream.kind == StreamKind::WorkItem) {
            let Some(read) = facts::read(event) else { continue };
            let Ok(id) = event.stream.id.parse::<WorkItemId>() else { continue };
            if let Some(session) = facts::ended(&read) {
                ended.entry(id).or_default().insert(session);
                continue;
            }
            let asker = match facts::needs_asker(&read) {
                Some(question) => self.app.engine.item(id).await?.question(question).map(|one| one.session),
                None => None,
            };
            texts.extend(facts::texts(&event.stream, &read, asker));
        }
        for (id, sessions) in ended {
            let item = self.app.engine.item(id).await?;
            let (app, mut journals) = (Arc::clone(&self.app), std::mem::take(&mut self.journals));
            let (journals, found) = tokio::task::spawn_blocking(move || {
                let found = journals.texts(&app, &item, &sessions);
                (journals, found)
            })
            .await?;
            self.journals = journals;
            texts.extend(found);
        }
        Ok(texts)
    }

    async fn keep(&mut self, texts: Vec<Text>, last: u64) -> Result<(), Trouble> {
        let (store, marked) = (Arc::clone(self.app.engine.store()), self.marked);
        tokio::task::spawn_blocking(move || {
            let mark = |seq: u64| Mark { name: NAME.to_owned(), value: seq.to_string() };
            let mut rest = texts;
            while rest.len() > CHUNK {
                let chunk = rest.drain(..CHUNK).collect();
                store.keep_texts(chunk, mark(marked))?;
            }
            store.keep_texts(rest, mark(last))
        })
        .await??;
        self.marked = last;
        Ok(())
    }
}

/// Journals at the place up to which they were read.
#[derive(Default)]
struct Journals {
    /// The one used last stands at the end.
    open: Vec<((SessionId, u64), Source)>,
}

impl Journals {
    /// What the agents of these sessions have said since the last look.
    fn texts(&mut self, app: &App, item: &WorkItem, sessions: &BTreeSet<SessionId>) -> Vec<Text> {
        let stream = ganger_orchestrator::stored::stream_of(ganger_core::message::Address::WorkItem(
            item.id.unwrap_or_else(|| WorkItemId::new(0.into())),
        ));
        let mut texts = Vec::new();
        for session in sessions.iter().filter_map(|id| item.session(*id)) {
            let place = Place::Session { session: session.id };
            for incarnation in 1..=session.incarnation {
                let name = (session.id, incarnation);
                let known = self.open.iter().position(|(open, _)| *open == name);
                let source = match known {
                    Some(index) => Some(self.open.remove(index).1),
                    // What ended with an earlier start is read again only where nobody has it open any more.
                    None => Source::open(app, &item.session_handle(session), session, incarnation, false),
                };
                let Some(mut source) = source else { continue };
                let lines = source.read_of(item);
                self.open.push((name, source));
                texts.extend(lines.into_iter().filter(|line| line.kind == LogKind::Agent).map(|line| {
                    let at = u64::try_from(line.at.ms()).unwrap_or(0);
                    text(&stream, format!("log:{}", line.cursor), Kind::Transcript, &place, at, line.text)
                }));
            }
        }
        let surplus = self.open.len().saturating_sub(OPEN);
        self.open.drain(..surplus);
        texts
    }
}
