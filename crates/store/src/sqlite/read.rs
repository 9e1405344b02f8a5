//! What readers ask, each inside one read transaction.

use crate::append::{CommandResult, NumberKind, Numbered};
use crate::body;
use crate::digest::Digest;
use crate::index::{IndexRow, ListQuery, MAX_SEARCH_WORDS, words};
use crate::store::MAX_PAGE;
use crate::stream::{Loaded, Snapshot, StoredEvent, StreamId, StreamKind};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql};

/// A page of events ends when its data reaches this many bytes; it has at least one event.
const PAGE_BYTES: usize = 16 << 20;

/// Why a read failed.
#[derive(Debug)]
pub(super) enum ReadFailure {
    Sql(rusqlite::Error),
    Damaged(String),
}

impl From<rusqlite::Error> for ReadFailure {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged(error.to_string()),
            error => Self::Sql(error),
        }
    }
}

type Read<T> = Result<T, ReadFailure>;

/// Numbers are never negative, and beyond the greatest possible there is nothing.
fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// A stream's name in the columns `column` (kind) and the next (id).
pub(super) fn stream_id(row: &Row<'_>, column: usize) -> rusqlite::Result<StreamId> {
    let kind = row.get_ref(column)?.as_str()?.parse::<StreamKind>();
    let kind =
        kind.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))?;
    Ok(StreamId::new(kind, row.get::<_, String>(column + 1)?))
}

const EVENT: &str = "SELECT e.seq, s.kind, s.id, e.version, e.kind, e.data, e.wall_ms, e.awake_ms, e.bodies
     FROM events e JOIN streams s USING (stream)";

fn events(
    connection: &Connection,
    rest: &str,
    parameters: impl Params,
    bytes: usize,
) -> Read<Vec<StoredEvent>> {
    let mut select = connection.prepare_cached(&format!("{EVENT} {rest}"))?;
    let mut rows = select.query(parameters)?;
    let (mut events, mut size) = (Vec::new(), 0);
    while size < bytes
        && let Some(row) = rows.next()?
    {
        let mut event = StoredEvent {
            seq: unsigned(row, 0)?,
            stream: stream_id(row, 1)?,
            version: unsigned(row, 3)?,
            kind: row.get(4)?,
            data: row.get(5)?,
            wall_ms: unsigned(row, 6)?,
            awake_ms: unsigned(row, 7)?,
        };
        if row.get::<_, i64>(8)? > 0 {
            event.data = whole(connection, &event)?;
        }
        size += event.data.len();
        events.push(event);
    }
    Ok(events)
}

/// The data of an event with its long strings put back.
fn whole(connection: &Connection, event: &StoredEvent) -> Read<String> {
    let mut select = connection.prepare_cached(
        "SELECT b.at, CAST(blobs.bytes AS TEXT) FROM bodies b JOIN blobs USING (blob) WHERE b.seq = ? ORDER BY b.at",
    )?;
    let bodies = select.query_map([event.seq.cast_signed()], |row| {
        Ok((usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX), row.get(1)?))
    })?;
    let bodies = bodies.collect::<Result<Vec<(usize, String)>, _>>()?;
    body::unpack(&event.data, &bodies).ok_or_else(|| {
        ReadFailure::Damaged(format!("the long strings of the event {} do not fit into its data", event.seq))
    })
}

fn find(connection: &Connection, stream: &StreamId) -> Read<Option<i64>> {
    let mut find = connection.prepare_cached("SELECT stream FROM streams WHERE kind = ? AND id = ?")?;
    Ok(find.query_row((stream.kind.name(), &stream.id), |row| row.get(0)).optional()?)
}

pub(super) fn load(connection: &Connection, stream: &StreamId) -> Read<Loaded> {
    let Some(found) = find(connection, stream)? else { return Ok(Loaded::default()) };
    let mut select =
        connection.prepare_cached("SELECT schema, version, bytes FROM snapshots WHERE stream = ?")?;
    let snapshot = select
        .query_row([found], |row| {
            Ok(Snapshot { schema: row.get(0)?, version: unsigned(row, 1)?, bytes: row.get(2)? })
        })
        .optional()?;
    let after = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
    let rest = "WHERE e.stream = ? AND e.version > ? ORDER BY e.version";
    let events = events(connection, rest, (found, clamp(after)), usize::MAX)?;
    let version = events.last().map_or(after, |event| event.version);
    Ok(Loaded { snapshot, events, version })
}

pub(super) fn log(connection: &Connection, after_seq: u64, limit: usize) -> Read<Vec<StoredEvent>> {
    let rest = "WHERE e.seq > ? ORDER BY e.seq LIMIT ?";
    events(connection, rest, (clamp(after_seq), limit.min(MAX_PAGE) as i64), PAGE_BYTES)
}

pub(super) fn stream(
    connection: &Connection,
    stream: &StreamId,
    after_version: u64,
    limit: usize,
) -> Read<Vec<StoredEvent>> {
    let Some(found) = find(connection, stream)? else { return Ok(Vec::new()) };
    let rest = "WHERE e.stream = ? AND e.version > ? ORDER BY e.version LIMIT ?";
    let parameters = (found, clamp(after_version), limit.min(MAX_PAGE) as i64);
    events(connection, rest, parameters, PAGE_BYTES)
}

pub(super) fn last_seq_of(connection: &Connection) -> rusqlite::Result<u64> {
    let mut last = connection.prepare_cached("SELECT ifnull(max(seq), 0) FROM events")?;
    last.query_row([], |row| unsigned(row, 0))
}

pub(super) fn last_seq(connection: &Connection) -> Read<u64> {
    Ok(last_seq_of(connection)?)
}

pub(super) fn command(connection: &Connection, key: &str) -> Read<Option<CommandResult>> {
    let mut find = connection.prepare_cached("SELECT body_digest, result FROM commands WHERE key = ?")?;
    let result = find.query_row([key], |row| {
        Ok(CommandResult { body_digest: Digest::from_bytes(row.get(0)?), result: row.get(1)? })
    });
    Ok(result.optional()?)
}

const COLUMNS: &str =
    "SELECT s.kind, s.id, s.number, s.title, s.status, s.live, s.needs_person, s.due_at_ms, s.summary";

fn row(row: &Row<'_>) -> rusqlite::Result<(StreamId, IndexRow)> {
    let columns = IndexRow {
        number: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
        title: row.get(3)?,
        status: row.get(4)?,
        live: row.get(5)?,
        needs_person: row.get(6)?,
        due_at_ms: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        summary: row.get(8)?,
    };
    Ok((stream_id(row, 0)?, columns))
}

/// What `query` asks for, as the end of a statement with its parameters: all but order and limit.
fn listed<T>(query: &ListQuery, then: impl FnOnce(&str, &[&dyn ToSql]) -> Read<T>) -> Read<T> {
    let kind = query.kind.name();
    let (due, below) = (query.due_by_ms.map(clamp), query.below.map(clamp));
    let mut sql = String::from("FROM streams s WHERE s.kind = ? AND s.summary IS NOT NULL");
    let mut parameters: Vec<&dyn ToSql> = vec![&kind];
    if query.live_only {
        sql.push_str(" AND s.live = 1");
    }
    if query.needs_person {
        sql.push_str(" AND s.needs_person = 1");
    }
    if let Some(status) = &query.without_status {
        sql.push_str(" AND s.status <> ?");
        parameters.push(status);
    }
    if let Some(due) = &due {
        sql.push_str(" AND s.due_at_ms IS NOT NULL AND s.due_at_ms <= ?");
        parameters.push(due);
    }
    if let Some(below) = &below {
        sql.push_str(" AND s.number < ?");
        parameters.push(below);
    }
    then(&sql, &parameters)
}

pub(super) fn list(connection: &Connection, query: &ListQuery) -> Read<Vec<(StreamId, IndexRow)>> {
    listed(query, |rest, parameters| {
        let limit = query.limit.min(MAX_PAGE) as i64;
        let mut parameters = parameters.to_vec();
        parameters.push(&limit);
        let sql = format!("{COLUMNS} {rest} ORDER BY s.number DESC, s.id DESC LIMIT ?");
        let mut select = connection.prepare_cached(&sql)?;
        Ok(select.query_map(&parameters[..], row)?.collect::<Result<_, _>>()?)
    })
}

pub(super) fn count(connection: &Connection, query: &ListQuery) -> Read<u64> {
    listed(query, |rest, parameters| {
        let mut select = connection.prepare_cached(&format!("SELECT count(*) {rest}"))?;
        Ok(select.query_row(parameters, |row| unsigned(row, 0))?)
    })
}

pub(super) fn index_row(connection: &Connection, stream: &StreamId) -> Read<Option<IndexRow>> {
    let sql = format!("{COLUMNS} FROM streams s WHERE s.kind = ? AND s.id = ? AND s.summary IS NOT NULL");
    let mut select = connection.prepare_cached(&sql)?;
    let found = select.query_row((stream.kind.name(), &stream.id), row).optional()?;
    Ok(found.map(|(_, row)| row))
}

pub(super) fn live(connection: &Connection, kind: StreamKind) -> Read<Vec<StreamId>> {
    let mut select =
        connection.prepare_cached("SELECT kind, id FROM streams WHERE kind = ? AND live = 1 ORDER BY id")?;
    Ok(select.query_map([kind.name()], |row| stream_id(row, 0))?.collect::<Result<_, _>>()?)
}

pub(super) fn by_number(connection: &Connection, number: u64) -> Read<Option<StreamId>> {
    let mut select = connection.prepare_cached("SELECT kind, id FROM streams WHERE number = ?")?;
    Ok(select.query_row([clamp(number)], |row| stream_id(row, 0)).optional()?)
}

pub(super) fn number_of(connection: &Connection, kind: NumberKind, id: &str) -> Read<Option<u64>> {
    let mut select = connection.prepare_cached("SELECT number FROM numbers WHERE kind = ? AND id = ?")?;
    Ok(select.query_row((kind.letter().to_string(), id), |row| unsigned(row, 0)).optional()?)
}

pub(super) fn id_of(connection: &Connection, kind: NumberKind, number: u64) -> Read<Option<Numbered>> {
    let mut select = connection.prepare_cached(
        "SELECT s.kind, s.id, n.id FROM numbers n JOIN streams s USING (stream) WHERE n.kind = ? AND n.number = ?",
    )?;
    let numbered = select.query_row((kind.letter().to_string(), clamp(number)), |row| {
        Ok(Numbered { stream: stream_id(row, 0)?, id: row.get(2)? })
    });
    Ok(numbered.optional()?)
}

pub(super) fn blob(connection: &Connection, digest: &Digest) -> Read<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?")?;
    Ok(select.query_row([digest.as_bytes()], |row| row.get(0)).optional()?)
}

pub(super) fn search(connection: &Connection, text: &str, limit: usize) -> Read<Vec<(StreamId, IndexRow)>> {
    // Quoted, a word is never taken for an operator of the query language.
    let wanted: Vec<_> = words(text).take(MAX_SEARCH_WORDS).map(|word| format!("\"{word}\"*")).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{COLUMNS} FROM search JOIN streams s ON s.stream = search.rowid WHERE search MATCH ?
         ORDER BY bm25(search, 10.0, 1.0), s.number DESC, s.id DESC LIMIT ?"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map((wanted.join(" "), limit.min(MAX_PAGE) as i64), row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
