//! The words of a host's journal: records as they lie on disk, and positions in it. Plain data; the host
//! writes records, the harness's framer makes whole lines of them.

use serde::{Deserialize, Serialize};

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Bytes that the agent wrote to its standard output.
    Out,
    /// Bytes that the agent wrote to its standard error.
    Err,
    /// Bytes that were accepted for the agent's standard input, with their counter and key.
    In,
    /// Bytes for the journal alone: a command of the daemon, not seen by the agent as such.
    Note,
    /// All bytes of the write with counter `n` have reached the agent's pipe.
    Flushed,
    /// The agent's process ended. The last record of every journal that was closed.
    Exit,
}

/// One record of a journal. At most 64 KB of bytes; longer data runs over several records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The record's number in its journal, from 1, without gaps.
    pub position: u64,
    /// Wall time in milliseconds since 1970.
    pub at_ms: u64,
    /// What the bytes are.
    pub kind: RecordKind,
    /// The counter shared by notes and writes; 0 for other kinds.
    pub n: u64,
    /// The writer's key of an `In` record, stable under repetition; empty otherwise.
    pub key: String,
    /// Whether the next record of the same kind continues these bytes (only `In` and `Note` are ever continued;
    /// `Out` and `Err` are streams).
    pub continued: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Where a whole entry stands: the record in which it ends, and its ordinal among the entries that end there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Position {
    /// The record's number; 0 is before the first.
    pub record: u64,
    /// 0 for the first entry that ends in this record.
    pub ordinal: u32,
}

/// How an agent's or a job's process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExitStatus {
    /// The exit code, where the process ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, where one did.
    pub signal: Option<i32>,
}

impl ExitStatus {
    /// Whether the process ended by itself with code 0.
    pub const fn success(self) -> bool {
        matches!(self.code, Some(0))
    }
}
