//! The contract of a store.

use crate::append::{Append, Appended, CommandResult, NumberKind, Numbered};
use crate::digest::Digest;
use crate::error::{AppendError, StoreError};
use crate::index::{IndexRow, ListQuery};
use crate::stream::{Loaded, Snapshot, StoredEvent, StreamId, StreamKind};
use std::sync::mpsc;

/// Whom to tell what became of an append. Called once, on a thread of the store: it must be quick and must not
/// call back into the store.
pub type Done = Box<dyn FnOnce(Result<Appended, AppendError>) + Send>;

/// How long the result of an accepted command is kept: seven days, in milliseconds.
pub const COMMAND_RETENTION_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// How many events or rows one call returns at most, whatever limit it was given.
pub const MAX_PAGE: usize = 10_000;

/// An append-only log of events in streams, and what is looked up beside it.
///
/// The contract, which [`conformance::check`](crate::conformance::check) tests:
///
/// - An append is committed as a whole or not at all, and is durable when its writer is told so.
/// - `(stream, version)` is unique and without gaps; an append at another version than the stream's is refused.
/// - After a reader has seen the event n, no event ≤ n appears later.
/// - An append that fails does not fail those that were grouped with it.
/// - An accepted command is accepted once: its key gives back the stored result.
pub trait Store: Send + Sync {
    /// Hands over an append; `done` is told what became of it. Appends handed over meanwhile by others share one
    /// commit. Blocks only while the queue of the store is full.
    fn submit(&self, append: Append, done: Done);

    /// Appends and waits until it is durable.
    ///
    /// # Errors
    /// See [`AppendError`]: after `Unavailable` the writer must load the stream again, after any other error
    /// nothing was written.
    fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.submit(append, Box::new(move |result| drop(sender.send(result))));
        receiver.recv().unwrap_or_else(|_| {
            let reason = "the store was closed before it answered".to_owned();
            Err(AppendError::Unavailable { place: "the store".to_owned(), reason })
        })
    }

    /// The newest snapshot of a stream, whatever its schema, and all events after it.
    ///
    /// # Errors
    /// If the store can't be read. A stream that does not exist is no error: its version is 0.
    fn load(&self, stream: &StreamId) -> Result<Loaded, StoreError>;

    /// Like [`load`](Self::load), but a snapshot of another schema than `schema` is ignored, and all events are
    /// given instead.
    ///
    /// # Errors
    /// If the store can't be read.
    fn load_for(&self, stream: &StreamId, schema: u32) -> Result<Loaded, StoreError> {
        let mut loaded = self.load(stream)?;
        let Some(foreign) = loaded.snapshot.take_if(|snapshot| snapshot.schema != schema) else {
            return Ok(loaded);
        };
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut seen = 0;
        while seen < foreign.version {
            let page = self.read_stream(stream, seen, MAX_PAGE)?;
            let Some(last) = page.last() else { break };
            seen = last.version;
            events.extend(page.into_iter().filter(|event| event.version <= foreign.version));
        }
        events.append(&mut loaded.events);
        Ok(Loaded { snapshot: None, events, version: loaded.version })
    }

    /// Keeps a snapshot of a state that is already committed. One that is older than what is kept, of the same
    /// schema, is dropped without a word.
    ///
    /// # Errors
    /// If the stream has not reached that version, or the store can't be written.
    fn save_snapshot(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), StoreError>;

    /// The events after `after_seq`, in log order, `limit` at most. Fewer than `limit` does not mean that there are
    /// no more: only an empty page does.
    ///
    /// # Errors
    /// If the store can't be read.
    fn read(&self, after_seq: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// The events of one stream after `after_version`, in order, `limit` at most; pages as in [`read`](Self::read).
    ///
    /// # Errors
    /// If the store can't be read.
    fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The place of the last event in the log; 0 if there is none.
    ///
    /// # Errors
    /// If the store can't be read.
    fn last_seq(&self) -> Result<u64, StoreError>;

    /// What an accepted command was answered.
    ///
    /// # Errors
    /// If the store can't be read.
    fn command_result(&self, key: &str) -> Result<Option<CommandResult>, StoreError>;

    /// Forgets the results of commands accepted before this wall time in milliseconds, and says how many. Call it
    /// with now less [`COMMAND_RETENTION_MS`].
    ///
    /// # Errors
    /// If the store can't be written.
    fn forget_commands(&self, before_wall_ms: u64) -> Result<u64, StoreError>;

    /// The query columns of the streams that `query` asks for.
    ///
    /// # Errors
    /// If the store can't be read.
    fn list(&self, query: &ListQuery) -> Result<Vec<(StreamId, IndexRow)>, StoreError>;

    /// How many streams `query` asks for, whatever its limit.
    ///
    /// # Errors
    /// If the store can't be read.
    fn count(&self, query: &ListQuery) -> Result<u64, StoreError>;

    /// The query columns of one stream.
    ///
    /// # Errors
    /// If the store can't be read.
    fn index_row(&self, stream: &StreamId) -> Result<Option<IndexRow>, StoreError>;

    /// All live streams of a kind, in order of id: what the daemon loads when it starts.
    ///
    /// # Errors
    /// If the store can't be read.
    fn live_streams(&self, kind: StreamKind) -> Result<Vec<StreamId>, StoreError>;

    /// The stream that people call `g<number>`.
    ///
    /// # Errors
    /// If the store can't be read.
    fn by_number(&self, number: u64) -> Result<Option<StreamId>, StoreError>;

    /// The number of a decision, critique or FAQ entry.
    ///
    /// # Errors
    /// If the store can't be read.
    fn number_of(&self, kind: NumberKind, id: &str) -> Result<Option<u64>, StoreError>;

    /// What a number stands for.
    ///
    /// # Errors
    /// If the store can't be read.
    fn id_of(&self, kind: NumberKind, number: u64) -> Result<Option<Numbered>, StoreError>;

    /// The bytes of a blob, or of a long string that was in an event.
    ///
    /// # Errors
    /// If the store can't be read.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// The streams whose title or summary has, for every word of `text`, a word that begins with it; the best
    /// first, `limit` at most. Nothing is found for a text without a word.
    ///
    /// # Errors
    /// If the store can't be read.
    fn search(&self, text: &str, limit: usize) -> Result<Vec<(StreamId, IndexRow)>, StoreError>;
}
