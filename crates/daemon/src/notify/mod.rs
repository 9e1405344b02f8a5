//! Tells the person that something waits for them: follows the log, and calls the desktop and a command of theirs.
//! What was announced is kept in the store, so that a restart neither repeats nor loses it. What is announced when is
//! [`policy`]'s to say.

mod call;
mod policy;

use crate::config::{Channel, Foreman, Notify, Occasion};
use crate::server::App;
use crate::views::{self, Names};
use call::Caller;
use ganger_api::decision::Decision;
use ganger_core::ids::{DecisionId, WorkItemId};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_orchestrator::{projection, stored};
use ganger_store::{Mark, StoredEvent, StreamKind};
use policy::{Book, Notice, Wishes};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// The follower's name in the store.
const NAME: &str = "notify";
/// Stored events read at once.
const PAGE: usize = 500;
/// After so many events without news it is said all the same how far we are.
const MARK_EVERY: u64 = 2000;
/// How long to wait after the store could not be read or written.
const AGAIN: Duration = Duration::from_secs(5);
/// The schema name of [`Announcement`].
const SCHEMA: &str = "ganger/announcement/1";

/// What a command of the person's is given on its standard input.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Announcement<'a> {
    /// `ganger/announcement/1`.
    schema: &'static str,
    /// What it is.
    occasion: Occasion,
    /// Whether it was announced before.
    reminder: bool,
    /// The line that says it.
    text: &'a str,
    /// The item's handle.
    item: String,
    /// The item's title.
    title: String,
    /// What waits, as `ganger inbox --json` shows it; `null` for what is done.
    decision: Option<Decision>,
}

/// Follows the log until the daemon stops.
pub(crate) async fn follow(app: Arc<App>) {
    let mut stopping = app.stop.subscribe();
    let mut notifier = Notifier { app, book: None, marked: 0, caller: Caller::default() };
    let work = async {
        let mut troubled = false;
        loop {
            let mut seqs = notifier.app.engine.last_seq();
            seqs.borrow_and_update();
            let wait = match notifier.step().await {
                Ok(wait) => {
                    troubled = false;
                    wait
                }
                Err(error) => {
                    if !std::mem::replace(&mut troubled, true) {
                        tracing::warn!(%error, "nobody can be told what waits for them; it is tried again");
                    }
                    Some(AGAIN)
                }
            };
            let changed = async {
                // A store that is gone tells nothing any more.
                if seqs.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            match wait {
                Some(wait) => {
                    let _ = tokio::time::timeout(wait, changed).await;
                }
                None => changed.await,
            }
        }
    };
    tokio::select! {
        () = work => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Why a step failed, in words.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

struct Notifier {
    app: Arc<App>,
    /// None before it was read how far we are.
    book: Option<Book>,
    /// The last event of which the store knows that we know it.
    marked: u64,
    caller: Caller,
}

impl Notifier {
    /// Reads what is new and announces what is due. Gives how long to wait for something new at most; none where nothing
    /// comes by itself.
    async fn step(&mut self) -> Result<Option<Duration>, Trouble> {
        let mut book = match self.book.take() {
            Some(book) => book,
            None => self.open()?,
        };
        let outcome = self.advance(&mut book).await;
        // Where it failed it is read again from the store: what was not kept was not announced.
        if outcome.is_ok() {
            self.book = Some(book);
        }
        outcome
    }

    /// The book as it was kept. The first one begins with what happens from now on.
    fn open(&mut self) -> Result<Book, Trouble> {
        let store = self.app.engine.store();
        let kept = store.mark(NAME)?.and_then(|text| serde_json::from_str(&text).ok());
        let book = match kept {
            Some(book) => book,
            None => {
                let book = Book { seq: store.last_seq()?, notices: Vec::new() };
                store.set_mark(mark(&book))?;
                book
            }
        };
        self.marked = book.seq;
        Ok(book)
    }

    async fn advance(&mut self, book: &mut Book) -> Result<Option<Duration>, Trouble> {
        loop {
            let page = self.app.engine.store().read(book.seq, PAGE)?;
            let Some(last) = page.last() else { break };
            let before = book.notices.clone();
            for event in &page {
                self.note(book, event);
            }
            book.seq = last.seq;
            if book.notices != before || book.seq - self.marked >= MARK_EVERY {
                self.keep(book).await?;
            }
        }
        let (notify, foreman) = self.app.machine.notify()?;
        let wishes = wishes(&notify, &foreman);
        let due = book.due(self.app.engine.now().awake_ms, minute_of_day(), wishes);
        for key in &due.now {
            let Some(notice) = book.notices.iter().find(|notice| notice.key == *key).cloned() else {
                continue;
            };
            let calls = self.begin(&notify, &notice).await;
            book.announced(key, self.app.engine.now().awake_ms);
            self.keep(book).await?;
            for call in calls {
                self.caller.finish(call).await;
            }
        }
        let again = book.due(self.app.engine.now().awake_ms, minute_of_day(), wishes);
        Ok(if again.now.is_empty() {
            again.look_in_ms.map(Duration::from_millis)
        } else {
            Some(Duration::ZERO)
        })
    }

    async fn keep(&mut self, book: &Book) -> Result<(), Trouble> {
        let (store, mark) = (Arc::clone(self.app.engine.store()), mark(book));
        tokio::task::spawn_blocking(move || store.set_mark(mark)).await??;
        self.marked = book.seq;
        Ok(())
    }

    /// Takes note of an event.
    fn note(&self, book: &mut Book, event: &StoredEvent) {
        let of_interest =
            matches!(event.kind.as_str(), "decision.opened/1" | "decision.resolved/1" | "item.completed/1");
        if event.stream.kind != StreamKind::WorkItem || !of_interest {
            return;
        }
        // What this build cannot read says nothing that it could announce.
        let Ok(read) = stored::from_stored::<ItemEvent>(&event.kind, &event.data) else { return };
        let (key, occasion, waits, words) = match &read.fact {
            ItemFact::DecisionResolved { decision, .. } => return book.remove(&decision.to_string()),
            ItemFact::DecisionOpened(decision) => {
                let kind = views::decision::wait_kind(decision.kind.name());
                let Some(occasion) = kind.occasion() else { return };
                let (id, kind) = (decision.id.to_string(), kind.words());
                let words = views::decision::first_line(&decision.text);
                let handle = self.app.decision(&id);
                (id, occasion.into(), true, format!("{kind} {handle}: {words}"))
            }
            ItemFact::Completed {} => (
                format!("done {} {}", event.stream.id, event.seq),
                Occasion::Finished,
                false,
                "done".to_owned(),
            ),
            _ => return,
        };
        let handle = match self.app.engine.store().index_row(&event.stream) {
            Ok(Some(row)) => row.number.map_or_else(String::new, |number| format!("g{number} ")),
            _ => String::new(),
        };
        book.add(Notice {
            key,
            occasion,
            item: event.stream.id.clone(),
            waits,
            text: format!("{handle}{words}"),
            since_ms: event.wall_ms,
            announced_ms: None,
            times: 0,
        });
    }

    /// Begins to announce.
    async fn begin(&mut self, notify: &Notify, notice: &Notice) -> Vec<call::Call> {
        let command = Some(notify.command.trim()).filter(|command| !command.is_empty());
        let desktop = notify.how.contains(&Channel::Desktop);
        if command.is_none() && !desktop {
            return Vec::new();
        }
        let item = match notice.item.parse::<WorkItemId>() {
            Ok(id) => self.app.engine.item(id).await.ok(),
            Err(_) => None,
        };
        let title =
            item.as_ref().and_then(|item| Some(item.ticket.as_ref()?.title.clone())).unwrap_or_default();
        let mut calls = Vec::new();
        let machine = Arc::clone(&self.app.machine);
        // A login shell may take a moment to say what its environment is.
        let environment = tokio::task::spawn_blocking(move || machine.notifying_environment()).await;
        let environment = environment.unwrap_or_default();
        if desktop {
            calls.extend(self.caller.desktop(&environment, &notice.text, &title));
        }
        if let Some(command) = command {
            let decision = item.as_ref().and_then(|item| {
                let open = item.decision(notice.key.parse::<DecisionId>().ok()?)?;
                Some(views::decision::view(item, &projection::summary(item), open, &*self.app))
            });
            let announcement = Announcement {
                schema: SCHEMA,
                occasion: notice.occasion,
                reminder: notice.is_reminder(),
                text: &notice.text,
                item: item.as_ref().map(|item| format!("g{}", item.number)).unwrap_or_default(),
                title,
                decision,
            };
            // Plain data with text keys always has a JSON form.
            let json = serde_json::to_string(&announcement).unwrap_or_default() + "\n";
            calls.extend(self.caller.command(&environment, command, json));
        }
        calls
    }
}

fn mark(book: &Book) -> Mark {
    // Plain data with text keys always has a JSON form.
    Mark { name: NAME.to_owned(), value: serde_json::to_string(book).unwrap_or_default() }
}

fn wishes<'a>(notify: &'a Notify, foreman: &Foreman) -> Wishes<'a> {
    Wishes { when: &notify.when, quiet: notify.quiet, remind_after_ms: foreman.remind_after.milliseconds() }
}

/// The minute of the local day.
pub fn minute_of_day() -> u16 {
    let now = jiff::ZonedDateTime::now();
    u16::try_from(now.hour()).unwrap_or(0) * 60 + u16::try_from(now.minute()).unwrap_or(0)
}
