//! The records of a host as they come, from its socket or from its disk.

use crate::journal::{JournalItem, JournalReader};
use ganger_core::journal::{ExitStatus, Record, RecordKind};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Why no more records come.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The journal cannot be read.
    #[error("the journal in {} cannot be read: {error}", directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The journal is damaged here; calling again goes on behind the damage.
    #[error("the journal in {} is damaged in {segment} at byte {offset}, after position {after}", directory.display())]
    Damaged {
        /// The directory.
        directory: PathBuf,
        /// The segment.
        segment: String,
        /// Where.
        offset: u64,
        /// The last good position.
        after: u64,
    },
    /// The host is gone and its journal has no end: probe it, and attach again or sweep.
    #[error("the connection to the host in {} is lost at position {after} and its journal is not closed", directory.display())]
    Lost {
        /// The directory.
        directory: PathBuf,
        /// The last position that was read.
        after: u64,
    },
}

/// Reads all records from `from` on that are in the journal in `directory` now. For hosts that have ended; damaged
/// places are told apart from records.
///
/// # Errors
/// The journal cannot be read.
pub fn read_journal(directory: &Path, from: u64) -> Result<Vec<JournalItem>, ReadError> {
    let mut reader = JournalReader::open(directory, from);
    let mut items = Vec::new();
    while let Some(item) =
        reader.next().map_err(|error| ReadError::Io { directory: directory.to_owned(), error })?
    {
        items.push(item);
    }
    Ok(items)
}

/// The exit status in an exit record; `None` for another record.
pub fn exit_of(record: &Record) -> Option<ExitStatus> {
    (record.kind == RecordKind::Exit).then(|| serde_json::from_slice(&record.bytes).ok()).flatten()
}

/// The records of one attachment in order, without a gap, to the exit record. Dropping it ends the connection's
/// reading; taking them slowly holds up nobody but this reader.
#[derive(Debug)]
pub struct Records {
    directory: PathBuf,
    socket: Option<mpsc::Receiver<Record>>,
    disk: Option<JournalReader>,
    next: u64,
    ended: bool,
}

impl Records {
    pub(super) fn new(directory: PathBuf, socket: mpsc::Receiver<Record>, from: u64) -> Self {
        Self { directory, socket: Some(socket), disk: None, next: from.max(1), ended: false }
    }

    /// The position of the next record that is wanted.
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// The next record; `None` after the exit record. When the connection ends, what the journal holds beyond is
    /// read from the disk. Safe to cancel.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn next(&mut self) -> Result<Option<Record>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(socket) = &mut self.socket {
            match socket.recv().await {
                Some(record) => return Ok(Some(self.took(record))),
                None => self.socket = None,
            }
        }
        let (directory, next) = (&self.directory, self.next);
        let reader = self.disk.get_or_insert_with(|| JournalReader::open(directory, next));
        match reader.next() {
            Ok(Some(JournalItem::Record(record))) => Ok(Some(self.took(record))),
            Ok(Some(JournalItem::Damage { segment, offset, after })) => {
                Err(ReadError::Damaged { directory: self.directory.clone(), segment, offset, after })
            }
            Ok(None) => Err(ReadError::Lost { directory: self.directory.clone(), after: self.next - 1 }),
            Err(error) => Err(ReadError::Io { directory: self.directory.clone(), error }),
        }
    }

    fn took(&mut self, record: Record) -> Record {
        self.next = record.position + 1;
        self.ended = record.kind == RecordKind::Exit;
        record
    }
}
