//! What is done to an append before it reaches a writer: checked, long strings taken out, digests computed. It runs on
//! the caller's thread, so that the writer only writes.

use crate::append::{Append, CommandKey, NewEvent, NumberRequest};
use crate::body::{self, Packed};
use crate::digest::Digest;
use crate::error::AppendError;
use crate::index::IndexRow;
use crate::ledger::Turn;
use crate::stream::{Snapshot, StreamId};
use serde::de::IgnoredAny;
use std::collections::BTreeSet;

/// How many events one append may have.
pub const MAX_APPEND_EVENTS: usize = 10_000;

/// How many bytes of events, blobs and snapshot one append may have.
pub const MAX_APPEND_BYTES: usize = 256 << 20;

pub(crate) const MAX_NAME: usize = 128;
const MAX_KEY: usize = 256;

/// An append that can be written as it is.
pub(crate) struct Prepared {
    pub(crate) stream: StreamId,
    pub(crate) expected: u64,
    pub(crate) events: Vec<PreparedEvent>,
    pub(crate) command: Option<CommandKey>,
    pub(crate) index: Option<PreparedRow>,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) numbers: Vec<NumberRequest>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) blobs: Vec<(Digest, Vec<u8>)>,
}

pub(crate) struct PreparedEvent {
    pub(crate) kind: String,
    pub(crate) packed: Packed,
    pub(crate) wall_ms: u64,
    pub(crate) awake_ms: u64,
}

pub(crate) struct PreparedRow {
    pub(crate) row: IndexRow,
    /// The string values of the summary, for search.
    pub(crate) text: String,
}

impl Prepared {
    pub(crate) fn new(append: Append) -> Result<Self, AppendError> {
        if let Err(reason) = check(&append) {
            return Err(AppendError::Invalid { stream: append.stream, reason });
        }
        let event = |event: NewEvent| PreparedEvent {
            kind: event.kind,
            packed: body::pack(event.data),
            wall_ms: event.wall_ms,
            awake_ms: event.awake_ms,
        };
        Ok(Self {
            stream: append.stream,
            expected: append.expected_version,
            events: append.events.into_iter().map(event).collect(),
            command: append.command,
            index: append.index.map(|row| PreparedRow { text: string_values(&row.summary), row }),
            snapshot: append.snapshot,
            numbers: append.numbers,
            turns: append.turns.into_iter().map(Turn::tidy).collect(),
            blobs: append.blobs.into_iter().map(|bytes| (Digest::of(&bytes), bytes)).collect(),
        })
    }
}

fn check(append: &Append) -> Result<(), String> {
    named("the stream's id", &append.stream.id, MAX_NAME)?;
    if append.events.len() > MAX_APPEND_EVENTS {
        return Err(format!("it has {} events, and {MAX_APPEND_EVENTS} are possible", append.events.len()));
    }
    let bytes = append.events.iter().map(|event| event.data.len()).sum::<usize>()
        + append.blobs.iter().map(Vec::len).sum::<usize>()
        + append.snapshot.as_ref().map_or(0, |snapshot| snapshot.bytes.len());
    if bytes > MAX_APPEND_BYTES {
        return Err(format!("it has {bytes} bytes, and {MAX_APPEND_BYTES} are possible"));
    }
    integer("the expected version", append.expected_version)?;
    if append.expected_version == 0 && append.events.is_empty() {
        return Err("a stream begins with an event, and it has none".to_owned());
    }
    for event in &append.events {
        check_event(event)?;
    }
    if let Some(command) = &append.command {
        named("the command's key", &command.key, MAX_KEY)?;
        integer("the command's time", command.wall_ms)?;
    }
    if let Some(row) = &append.index {
        json("the summary", &row.summary)?;
        integer("the number", row.number.unwrap_or(0))?;
        integer("the due time", row.due_at_ms.unwrap_or(0))?;
    }
    if let Some(snapshot) = &append.snapshot {
        let reached = append.expected_version + append.events.len() as u64;
        if snapshot.version > reached {
            let version = snapshot.version;
            return Err(format!(
                "its snapshot is at version {version}, and the stream only reaches {reached}"
            ));
        }
    }
    check_turns(append)?;
    append.numbers.iter().try_for_each(|request| named("an id to be numbered", &request.id, MAX_NAME))
}

fn check_turns(append: &Append) -> Result<(), String> {
    let mut ended = BTreeSet::new();
    for turn in &append.turns {
        if turn.event >= append.events.len() {
            let (event, events) = (turn.event, append.events.len());
            return Err(format!("a turn of it is ended by its event {event}, and it has {events} from 0"));
        }
        if !ended.insert(turn.event) {
            return Err(format!("two turns of it are ended by its event {}", turn.event));
        }
    }
    Ok(())
}

fn check_event(event: &NewEvent) -> Result<(), String> {
    named("an event's kind", &event.kind, MAX_NAME)?;
    let numbered = event.kind.rsplit_once('/').is_some_and(|(name, version)| {
        !name.is_empty() && !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())
    });
    if !numbered {
        return Err(format!("the event kind `{}` has no version, as in `plan.approved/1`", event.kind));
    }
    json(&format!("the data of `{}`", event.kind), &event.data)?;
    integer("an event's wall time", event.wall_ms)?;
    integer("an event's awake time", event.awake_ms)
}

fn named(what: &str, text: &str, limit: usize) -> Result<(), String> {
    match text.len() {
        0 => Err(format!("{what} is empty, and 1 to {limit} bytes are possible")),
        length if length > limit => Err(format!("{what} has {length} bytes, and 1 to {limit} are possible")),
        _ => Ok(()),
    }
}

/// Databases count in signed 64 bits.
fn integer(what: &str, value: u64) -> Result<(), String> {
    match i64::try_from(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{what} is {value}, and {} is the greatest possible", i64::MAX)),
    }
}

fn json(what: &str, text: &str) -> Result<(), String> {
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|error| format!("{what} is not JSON: {error}"))
}

fn string_values(summary: &str) -> String {
    fn collect(value: &serde_json::Value, text: &mut String) {
        match value {
            serde_json::Value::String(string) => {
                text.push_str(string);
                text.push('\n');
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, text)),
            serde_json::Value::Object(fields) => fields.values().for_each(|value| collect(value, text)),
            _ => {}
        }
    }
    let mut text = String::new();
    if let Ok(value) = serde_json::from_str(summary) {
        collect(&value, &mut text);
    }
    text
}
