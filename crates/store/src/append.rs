//! What is written: one append, and everything that is committed with it or not at all.

use crate::digest::Digest;
use crate::index::IndexRow;
use crate::ledger::Turn;
use crate::stream::{Snapshot, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An event to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Name and version of what happened, for example `plan.approved/1`.
    pub kind: String,
    /// What happened, as JSON. Strings in it of more than [`BODY_LIMIT`](crate::BODY_LIMIT) bytes are kept as blobs
    /// and put back when it is read.
    pub data: String,
    /// Wall time in milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds this machine was awake since the site was born.
    pub awake_ms: u64,
}

impl NewEvent {
    /// An event of `kind` with the JSON text `data`, at both times in milliseconds.
    pub fn new(kind: impl Into<String>, data: impl Into<String>, wall_ms: u64, awake_ms: u64) -> Self {
        Self { kind: kind.into(), data: data.into(), wall_ms, awake_ms }
    }
}

/// One write to one stream: all of it is committed, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The stream that is written.
    pub stream: StreamId,
    /// The version the writer has seen; 0 means that the stream must not exist yet.
    pub expected_version: u64,
    /// The events, in order. May be empty if the stream exists, for a command that was accepted and changed nothing.
    pub events: Vec<NewEvent>,
    /// The command of a person that this append carries out.
    pub command: Option<CommandKey>,
    /// The stream's new query columns.
    pub index: Option<IndexRow>,
    /// The stream's state, at most at the version this append leads to.
    pub snapshot: Option<Snapshot>,
    /// Things that get a number, in log order.
    pub numbers: Vec<NumberRequest>,
    /// What turns used that its events ended, at most one per event.
    pub turns: Vec<Turn>,
    /// Bytes kept by their digest, for events that hold only the digest.
    pub blobs: Vec<Vec<u8>>,
}

impl Append {
    /// An append of nothing but events.
    pub fn new(stream: StreamId, expected_version: u64, events: Vec<NewEvent>) -> Self {
        Self {
            stream,
            expected_version,
            events,
            command: None,
            index: None,
            snapshot: None,
            numbers: Vec::new(),
            turns: Vec::new(),
            blobs: Vec::new(),
        }
    }
}

/// The mark of a command that was accepted, kept so that its repetition gets the same result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandKey {
    /// Who gave it and the key they chose, as one text of 1 to 256 bytes.
    pub key: String,
    /// Digest of the command's body: the same key with another body is refused.
    pub body_digest: Digest,
    /// What the command's caller was told, in the caller's own encoding.
    pub result: String,
    /// When it was accepted, as wall time in milliseconds; retention counts from here.
    pub wall_ms: u64,
}

/// What the store remembers of an accepted command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandResult {
    /// Digest of the command's body.
    pub body_digest: Digest,
    /// What its caller was told.
    pub result: String,
}

/// What is numbered by the store in log order, over the whole site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// A decision, `d41`.
    Decision,
    /// A critique, `c7`.
    Critique,
    /// An entry of the FAQ, `q3`.
    Question,
}

impl NumberKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Decision, Self::Critique, Self::Question];

    /// The letter people type before the number, which is also what is stored.
    pub const fn letter(self) -> char {
        match self {
            Self::Decision => 'd',
            Self::Critique => 'c',
            Self::Question => 'q',
        }
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// A thing that shall have a number. Asking again for the same kind and id gives the number it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRequest {
    /// In which sequence.
    pub kind: NumberKind,
    /// The thing's id: 1 to 128 bytes, unique within the kind.
    pub id: String,
}

/// What a number stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The stream whose append asked for the number.
    pub stream: StreamId,
    /// The thing's id.
    pub id: String,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Place of the first event in the log; `last_seq + 1` if there was none.
    pub first_seq: u64,
    /// Place of the last event in the log; the log's end if there was none.
    pub last_seq: u64,
    /// The stream's version after it.
    pub version: u64,
    /// The numbers given, in the order in which they were asked for.
    pub numbers: Vec<u64>,
}
