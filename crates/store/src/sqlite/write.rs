//! What the writer does inside a savepoint.

use crate::append::{Appended, CommandKey, NumberRequest};
use crate::digest::Digest;
use crate::error::{AppendError, StoreError};
use crate::index::IndexRow;
use crate::prepare::{Prepared, PreparedEvent, PreparedRow};
use crate::stream::{Snapshot, StreamId};
use crate::texts::{Mark, Text};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

/// One thing to write.
pub(super) enum Work {
    Append(Box<Prepared>),
    Snapshot(StreamId, Snapshot),
    ForgetCommands(u64),
    Texts(Vec<Text>, Mark),
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Written {
    Appended(Appended),
    Snapshot,
    Forgotten(u64),
    Texts,
}

/// Why it was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Snapshot(StoreError),
    #[error("there is no room left ({0})")]
    Full(String),
    #[error("{0}")]
    TooBig(String),
    #[error("{0}")]
    Unknown(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error.to_string()),
            Some(ErrorCode::TooBig) => Self::TooBig(format!("a part of it is too big ({error})")),
            _ => Self::Unknown(error.to_string()),
        }
    }
}

impl Failure {
    /// The same failure for one more of those whose transaction failed: nobody can say whose fault it was.
    pub(super) fn for_each(&self) -> Self {
        match self {
            Self::Full(reason) => Self::Full(reason.clone()),
            other => Self::Unknown(other.to_string()),
        }
    }
}

/// The words of a stream that are to be found by search.
pub(super) struct Words<'a> {
    stream: i64,
    index: &'a PreparedRow,
}

/// Writes one thing, except for the words it leaves to be written with those of its group. On an error it leaves none,
/// and the caller goes back to the savepoint.
pub(super) fn write<'a>(
    connection: &Connection,
    work: &'a Work,
    words: &mut Vec<Words<'a>>,
) -> Result<Written, Failure> {
    match work {
        Work::Append(append) => write_append(connection, append, words).map(Written::Appended),
        Work::Snapshot(stream, snapshot) => {
            let found = find_stream(connection, stream)?;
            let actual = found.map_or(Ok(0), |found| version(connection, found))?;
            let ahead = snapshot.version > actual;
            let (Some(found), false) = (found, ahead) else {
                let (stream, snapshot) = (stream.clone(), snapshot.version);
                return Err(Failure::Snapshot(StoreError::SnapshotAhead { stream, actual, snapshot }));
            };
            keep_snapshot(connection, found, snapshot)?;
            Ok(Written::Snapshot)
        }
        Work::ForgetCommands(before) => {
            let before = i64::try_from(*before).unwrap_or(i64::MAX);
            let mut forget = connection.prepare_cached("DELETE FROM commands WHERE wall_ms < ?")?;
            Ok(Written::Forgotten(forget.execute([before])? as u64))
        }
        Work::Texts(texts, mark) => {
            for text in texts {
                if let Some(stream) = find_stream(connection, &text.stream)? {
                    super::texts::keep(connection, stream, text)?;
                }
            }
            super::texts::set_mark(connection, mark)?;
            Ok(Written::Texts)
        }
    }
}

fn write_append<'a>(
    connection: &Connection,
    append: &'a Prepared,
    words: &mut Vec<Words<'a>>,
) -> Result<Appended, Failure> {
    if let Some(command) = &append.command {
        write_command(connection, command)?;
    }
    let found = find_stream(connection, &append.stream)?;
    let actual = found.map_or(Ok(0), |found| version(connection, found))?;
    if actual != append.expected {
        let (stream, expected) = (append.stream.clone(), append.expected);
        return Err(AppendError::VersionConflict { stream, expected, actual }.into());
    }
    let stream = match found {
        Some(stream) => stream,
        None => add_stream(connection, &append.stream)?,
    };
    let mut last = super::read::last_seq_of(connection)?;
    let first_seq = last + 1;
    for (event, version) in append.events.iter().zip(append.expected + 1..) {
        last += 1;
        write_event(connection, stream, last, version, event)?;
    }
    for turn in &append.turns {
        let (seq, event) = (first_seq + turn.event as u64, &append.events[turn.event]);
        super::ledger::write(connection, stream, seq, event.wall_ms, turn)?;
    }
    if let Some(index) = &append.index {
        write_index(connection, stream, index)?;
    }
    if let Some(snapshot) = &append.snapshot {
        keep_snapshot(connection, stream, snapshot)?;
    }
    for (digest, bytes) in &append.blobs {
        keep_blob(connection, digest, bytes)?;
    }
    let numbers = append.numbers.iter().map(|request| number(connection, stream, request));
    let numbers = numbers.collect::<Result<_, _>>()?;
    words.extend(append.index.as_ref().map(|index| Words { stream, index }));
    Ok(Appended { first_seq, last_seq: last, version: actual + append.events.len() as u64, numbers })
}

fn find_stream(connection: &Connection, stream: &StreamId) -> rusqlite::Result<Option<i64>> {
    let mut find = connection.prepare_cached("SELECT stream FROM streams WHERE kind = ? AND id = ?")?;
    find.query_row((stream.kind.name(), &stream.id), |row| row.get(0)).optional()
}

fn add_stream(connection: &Connection, stream: &StreamId) -> rusqlite::Result<i64> {
    let mut add = connection.prepare_cached("INSERT INTO streams (kind, id) VALUES (?, ?)")?;
    add.insert((stream.kind.name(), &stream.id))
}

fn version(connection: &Connection, stream: i64) -> rusqlite::Result<u64> {
    let mut newest =
        connection.prepare_cached("SELECT ifnull(max(version), 0) FROM events WHERE stream = ?")?;
    newest.query_row([stream], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

fn write_event(
    connection: &Connection,
    stream: i64,
    seq: u64,
    version: u64,
    event: &PreparedEvent,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO events (seq, stream, version, kind, wall_ms, awake_ms, data, bodies)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    add.execute(params![
        seq.cast_signed(),
        stream,
        version.cast_signed(),
        event.kind,
        event.wall_ms.cast_signed(),
        event.awake_ms.cast_signed(),
        event.packed.data,
        event.packed.bodies.len() as i64,
    ])?;
    for body in &event.packed.bodies {
        let blob = keep_blob(connection, &body.digest, body.text.as_bytes())?;
        let mut add = connection.prepare_cached("INSERT INTO bodies (seq, at, blob) VALUES (?, ?, ?)")?;
        add.execute((seq.cast_signed(), body.at as i64, blob))?;
    }
    Ok(())
}

fn keep_blob(connection: &Connection, digest: &Digest, bytes: &[u8]) -> rusqlite::Result<i64> {
    let mut find = connection.prepare_cached("SELECT blob FROM blobs WHERE digest = ?")?;
    if let Some(blob) = find.query_row([digest.as_bytes()], |row| row.get(0)).optional()? {
        return Ok(blob);
    }
    let mut add = connection.prepare_cached("INSERT INTO blobs (digest, bytes) VALUES (?, ?)")?;
    add.insert((digest.as_bytes(), bytes))
}

fn write_command(connection: &Connection, command: &CommandKey) -> Result<(), Failure> {
    let mut find = connection.prepare_cached("SELECT body_digest, result FROM commands WHERE key = ?")?;
    let stored = find.query_row([&command.key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((digest, result)) = stored {
        let (digest, key): (Vec<u8>, _) = (digest, command.key.clone());
        return Err(if digest == command.body_digest.as_bytes() {
            AppendError::AlreadyAccepted { key, result }.into()
        } else {
            AppendError::KeyReused { key }.into()
        });
    }
    let mut add = connection
        .prepare_cached("INSERT INTO commands (key, body_digest, result, wall_ms) VALUES (?, ?, ?, ?)")?;
    let wall_ms = command.wall_ms.cast_signed();
    add.execute((&command.key, command.body_digest.as_bytes(), &command.result, wall_ms))?;
    Ok(())
}

fn keep_snapshot(connection: &Connection, stream: i64, snapshot: &Snapshot) -> rusqlite::Result<()> {
    let mut keep = connection.prepare_cached(
        "INSERT INTO snapshots (stream, schema, version, bytes) VALUES (?, ?, ?, ?)
         ON CONFLICT (stream) DO UPDATE
         SET schema = excluded.schema, version = excluded.version, bytes = excluded.bytes
         WHERE schema <> excluded.schema OR version <= excluded.version",
    )?;
    keep.execute((stream, snapshot.schema, snapshot.version.cast_signed(), &snapshot.bytes))?;
    Ok(())
}

/// Writes the query columns. Columns that stand in an index are only written when they change, since every index that
/// is touched is one more page in the commit.
fn write_index(connection: &Connection, stream: i64, index: &PreparedRow) -> Result<(), Failure> {
    let row = &index.row;
    let number = row.number.map(u64::cast_signed);
    let due = row.due_at_ms.map(u64::cast_signed);
    let mut find = connection.prepare_cached(
        "SELECT number, live, needs_person, due_at_ms, summary IS NOT NULL FROM streams WHERE stream = ?",
    )?;
    type Columns = (Option<i64>, bool, bool, Option<i64>);
    let (old, had_row): (Columns, bool) = find.query_row([stream], |found| {
        Ok(((found.get(0)?, found.get(1)?, found.get(2)?, found.get(3)?), found.get(4)?))
    })?;
    if old.0 != number {
        refuse_taken_number(connection, stream, row)?;
    }
    if had_row {
        let mut update = connection
            .prepare_cached("UPDATE streams SET title = ?, status = ?, summary = ? WHERE stream = ?")?;
        update.execute((&row.title, &row.status, &row.summary, stream))?;
    }
    if !had_row || old != (number, row.live, row.needs_person, due) {
        let mut update = connection.prepare_cached(
            "UPDATE streams SET title = ?, status = ?, summary = ?, number = ?, live = ?, needs_person = ?,
             due_at_ms = ? WHERE stream = ?",
        )?;
        update.execute(params![
            row.title,
            row.status,
            row.summary,
            number,
            row.live,
            row.needs_person,
            due,
            stream
        ])?;
    }
    Ok(())
}

fn refuse_taken_number(connection: &Connection, stream: i64, row: &IndexRow) -> Result<(), Failure> {
    let Some(number) = row.number else { return Ok(()) };
    let mut find = connection.prepare_cached(
        "SELECT kind, id FROM streams WHERE number = ? AND number IS NOT NULL AND stream <> ?",
    )?;
    let owner = find
        .query_row((number.cast_signed(), stream), |found| super::read::stream_id(found, 0))
        .optional()?;
    match owner {
        Some(owner) => Err(AppendError::NumberTaken { number, owner }.into()),
        None => Ok(()),
    }
}

/// Writes the words of a group, after the last savepoint: at each savepoint the search table would write what it has
/// gathered as a segment of its own, to be merged later.
pub(super) fn write_words(connection: &Connection, words: &[Words<'_>]) -> Result<(), Failure> {
    for Words { stream, index } in words {
        write_search(connection, *stream, &index.row.title, &index.text)?;
    }
    Ok(())
}

fn write_search(connection: &Connection, stream: i64, title: &str, text: &str) -> rusqlite::Result<()> {
    let mut find = connection.prepare_cached("SELECT title = ? AND text = ? FROM search WHERE rowid = ?")?;
    let same: Option<bool> = find.query_row((title, text, stream), |row| row.get(0)).optional()?;
    let sql = match same {
        Some(true) => return Ok(()),
        Some(false) => "UPDATE search SET title = ?, text = ? WHERE rowid = ?",
        None => "INSERT INTO search (title, text, rowid) VALUES (?, ?, ?)",
    };
    connection.prepare_cached(sql)?.execute((title, text, stream))?;
    Ok(())
}

fn number(connection: &Connection, stream: i64, request: &NumberRequest) -> Result<u64, Failure> {
    let kind = request.kind.letter().to_string();
    let mut find = connection.prepare_cached(
        "SELECT n.number, n.stream, s.kind, s.id FROM numbers n JOIN streams s USING (stream)
         WHERE n.kind = ? AND n.id = ?",
    )?;
    let known = find.query_row((&kind, &request.id), |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?, super::read::stream_id(row, 2)?))
    });
    if let Some((number, owner, name)) = known.optional()? {
        if owner == stream {
            return Ok(number);
        }
        let (kind, id) = (request.kind, request.id.clone());
        return Err(AppendError::IdTaken { kind, number, id, owner: name }.into());
    }
    let mut add = connection.prepare_cached(
        "INSERT INTO numbers (kind, number, id, stream)
         SELECT ?1, ifnull(max(number), 0) + 1, ?2, ?3 FROM numbers WHERE kind = ?1 RETURNING number",
    )?;
    let given: i64 = add.query_row((&kind, &request.id, stream), |row| row.get(0))?;
    Ok(given.cast_unsigned())
}
