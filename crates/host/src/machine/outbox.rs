//! What waits to be journalled, and what is to happen once it is.

use super::{Clock, ConnectionId, RETRY_MS};
use ganger_core::journal::Record;

/// What follows when records are in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Then {
    Nothing,
    Note {
        n: u64,
        connection: ConnectionId,
        id: u64,
    },
    /// Without `reply`: the host's own, under counter 0.
    Write {
        n: u64,
        bytes: Vec<u8>,
        reply: Option<(ConnectionId, u64)>,
    },
    CloseInput,
    Exit,
}

impl Then {
    fn asked_by(&self) -> Option<(ConnectionId, u64)> {
        match self {
            Self::Note { connection, id, .. } => Some((*connection, *id)),
            Self::Write { reply, .. } => *reply,
            _ => None,
        }
    }

    fn counter(&self) -> Option<u64> {
        match self {
            Self::Note { n, .. } | Self::Write { n, reply: Some(_), .. } => Some(*n),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Entry {
    records: Vec<Record>,
    then: Then,
}

/// Entries on their way to the journal, in order; one append at a time.
#[derive(Debug)]
pub(super) struct Outbox {
    head: u64,
    entries: Vec<Entry>,
    /// How many of `entries`, from the front, are being appended.
    in_flight: usize,
    blocked: Option<String>,
    retry_at: Option<u64>,
}

impl Outbox {
    pub(super) const fn new(head: u64) -> Self {
        Self { head, entries: Vec::new(), in_flight: 0, blocked: None, retry_at: None }
    }

    pub(super) const fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn blocked(&self) -> Option<&str> {
        self.blocked.as_deref()
    }

    pub(super) const fn retry_at(&self) -> Option<u64> {
        self.retry_at
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn push(&mut self, records: Vec<Record>, then: Then) {
        self.entries.push(Entry { records, then });
    }

    /// The records to append now, with their positions; none while an append is under way or a retry is not due.
    pub(super) fn next(&mut self, clock: Clock) -> Option<Vec<Record>> {
        if self.in_flight > 0 || self.retry_at.is_some_and(|at| clock.awake_ms < at) {
            return None;
        }
        if self.entries.is_empty() {
            // Nothing is left to try with: only reading the agent again can show whether there is room.
            self.blocked = None;
            self.retry_at = None;
            return None;
        }
        self.in_flight = self.entries.len();
        let mut position = self.head;
        let records = self.entries.iter_mut().flat_map(|entry| &mut entry.records).map(|record| {
            position += 1;
            record.position = position;
            record.clone()
        });
        Some(records.collect())
    }

    /// The append succeeded: what follows, each with the position of its last record.
    pub(super) fn appended(&mut self) -> Vec<(Then, u64)> {
        self.blocked = None;
        self.retry_at = None;
        let done = self.entries.drain(..std::mem::take(&mut self.in_flight));
        let mut head = self.head;
        let follows = done
            .map(|entry| {
                head = entry.records.last().map_or(head, |record| record.position);
                (entry.then, head)
            })
            .collect();
        self.head = head;
        follows
    }

    /// The append failed: what a controller asked for is dropped and named, so that it can be refused; the rest is
    /// tried again later.
    pub(super) fn failed(&mut self, clock: Clock, reason: String) -> Vec<(ConnectionId, u64)> {
        self.in_flight = 0;
        self.blocked = Some(reason);
        self.retry_at = Some(clock.awake_ms + RETRY_MS);
        let asked = self.entries.iter().filter_map(|entry| entry.then.asked_by()).collect();
        self.entries.retain(|entry| entry.then.asked_by().is_none());
        asked
    }

    /// Drops what `connection` asked for and is not being appended.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        let mut index = 0;
        let in_flight = self.in_flight;
        self.entries.retain(|entry| {
            index += 1;
            index <= in_flight || entry.then.asked_by().is_none_or(|(by, _)| by != connection)
        });
    }

    /// The counter of the last write or note that is still on its way.
    pub(super) fn last_queued_n(&self) -> Option<u64> {
        self.entries.iter().rev().find_map(|entry| entry.then.counter())
    }
}
