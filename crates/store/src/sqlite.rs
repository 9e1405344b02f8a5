//! The store on disk: SQLite in write-ahead mode, one thread that writes, a few connections that read.
//!
//! Whoever appends hands the append over a bounded queue to the writer thread. It takes what is there, without waiting
//! for more, gives each append a savepoint, and commits them together: with many writers one `fsync` serves all, and a
//! lone writer waits for just its own.

mod migrate;
mod open;
mod read;
mod readers;
mod write;
mod writer;

pub use open::OpenError;

use crate::append::{Append, CommandResult, NumberKind, Numbered};
use crate::digest::Digest;
use crate::error::{AppendError, StoreError};
use crate::index::{IndexRow, ListQuery};
use crate::prepare::Prepared;
use crate::store::{Done, Store};
use crate::stream::{Loaded, Snapshot, StoredEvent, StreamId, StreamKind};
use readers::Readers;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use write::{Failure, Work, Written};
use writer::Writer;

/// How a database is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How many connections read at the same time; the next reader waits. At least 1.
    pub readers: usize,
    /// How many pages of 4 KB the database may have; beyond, appends fail with [`AppendError::Full`]. None: as many
    /// as the disk holds.
    pub max_pages: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 3, max_pages: None }
    }
}

/// The store in an SQLite database.
pub struct SqliteStore {
    path: PathBuf,
    // Readers go first, so that the writer's last act can put the whole log into the database file.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it if it is not there, and brings an older one up to date: after copying it
    /// to `<path>.before-migration-<number>`. The directory must exist. Only one process at a time may have it open;
    /// the caller holds a lock that sees to that.
    ///
    /// # Errors
    /// If the file can't be used, is not ours, or was written by a newer build; it is unchanged then.
    pub fn open(path: impl AsRef<Path>, options: &SqliteOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let connection = open::writing(path, options.max_pages, migrate::MIGRATIONS)?;
        let readers = Readers::new(path.to_owned(), options.readers.max(1));
        let writer = Writer::start(connection, path)?;
        Ok(Self { path: path.to_owned(), readers, writer })
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn read_with<T>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, read::ReadFailure>,
    ) -> Result<T, StoreError> {
        self.readers.with(read).map_err(|failure| match failure {
            read::ReadFailure::Sql(error) => {
                StoreError::Unavailable { place: self.place(), reason: error.to_string() }
            }
            read::ReadFailure::Damaged(reason) => StoreError::Damaged { place: self.place(), reason },
        })
    }

    /// Has the writer do something that is no append, and waits until it is committed.
    fn write_and_wait(&self, work: Work) -> Result<Written, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.writer.submit(work, Box::new(move |result| drop(sender.send(result))));
        let unavailable = |reason: String| StoreError::Unavailable { place: self.place(), reason };
        match receiver.recv() {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(Failure::Snapshot(error))) => Err(error),
            Ok(Err(failure)) => Err(unavailable(failure.to_string())),
            Err(_) => Err(unavailable("its writer has ended".to_owned())),
        }
    }
}

impl Store for SqliteStore {
    fn submit(&self, append: Append, done: Done) {
        let prepared = match Prepared::new(append) {
            Ok(prepared) => prepared,
            Err(error) => return done(Err(error)),
        };
        let (place, stream) = (self.place(), prepared.stream.clone());
        let answer = move |result| {
            done(match result {
                Ok(Written::Appended(appended)) => Ok(appended),
                Ok(other) => {
                    let reason = format!("the writer answered an append with {other:?}");
                    Err(AppendError::Unavailable { place, reason })
                }
                Err(Failure::Append(error)) => Err(error),
                Err(Failure::Full(reason)) => Err(AppendError::Full { place, reason }),
                Err(Failure::TooBig(reason)) => Err(AppendError::Invalid { stream, reason }),
                Err(failure) => Err(AppendError::Unavailable { place, reason: failure.to_string() }),
            });
        };
        self.writer.submit(Work::Append(Box::new(prepared)), Box::new(answer));
    }

    fn load(&self, stream: &StreamId) -> Result<Loaded, StoreError> {
        self.read_with(|connection| read::load(connection, stream))
    }

    fn save_snapshot(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), StoreError> {
        self.write_and_wait(Work::Snapshot(stream.clone(), snapshot)).map(drop)
    }

    fn read(&self, after_seq: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read_with(|connection| read::log(connection, after_seq, limit))
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read_with(|connection| read::stream(connection, stream, after_version, limit))
    }

    fn last_seq(&self) -> Result<u64, StoreError> {
        self.read_with(read::last_seq)
    }

    fn command_result(&self, key: &str) -> Result<Option<CommandResult>, StoreError> {
        self.read_with(|connection| read::command(connection, key))
    }

    fn forget_commands(&self, before_wall_ms: u64) -> Result<u64, StoreError> {
        match self.write_and_wait(Work::ForgetCommands(before_wall_ms))? {
            Written::Forgotten(count) => Ok(count),
            _ => Ok(0),
        }
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<(StreamId, IndexRow)>, StoreError> {
        self.read_with(|connection| read::list(connection, query))
    }

    fn count(&self, query: &ListQuery) -> Result<u64, StoreError> {
        self.read_with(|connection| read::count(connection, query))
    }

    fn index_row(&self, stream: &StreamId) -> Result<Option<IndexRow>, StoreError> {
        self.read_with(|connection| read::index_row(connection, stream))
    }

    fn live_streams(&self, kind: StreamKind) -> Result<Vec<StreamId>, StoreError> {
        self.read_with(|connection| read::live(connection, kind))
    }

    fn by_number(&self, number: u64) -> Result<Option<StreamId>, StoreError> {
        self.read_with(|connection| read::by_number(connection, number))
    }

    fn number_of(&self, kind: NumberKind, id: &str) -> Result<Option<u64>, StoreError> {
        self.read_with(|connection| read::number_of(connection, kind, id))
    }

    fn id_of(&self, kind: NumberKind, number: u64) -> Result<Option<Numbered>, StoreError> {
        self.read_with(|connection| read::id_of(connection, kind, number))
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_with(|connection| read::blob(connection, digest))
    }

    fn search(&self, text: &str, limit: usize) -> Result<Vec<(StreamId, IndexRow)>, StoreError> {
        self.read_with(|connection| read::search(connection, text, limit))
    }
}

#[cfg(test)]
mod tests;
