//! Texts that people look for, and marks, in the database.

use super::read::{Read, find as find_stream, matching, stream_id};
use crate::store::MAX_PAGE;
use crate::texts::{Mark, Text, TextQuery};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn keep(connection: &Connection, stream: i64, text: &Text) -> rusqlite::Result<()> {
    let mut keep = connection.prepare_cached(
        "INSERT INTO texts (key, stream, kind, place, wall_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET stream = excluded.stream, kind = excluded.kind,
         place = excluded.place, wall_ms = excluded.wall_ms RETURNING text",
    )?;
    let wall_ms = i64::try_from(text.wall_ms).unwrap_or(i64::MAX);
    let row: i64 =
        keep.query_row(params![text.key, stream, text.kind, text.place, wall_ms], |row| row.get(0))?;
    let mut known = connection.prepare_cached("SELECT body = ? FROM words WHERE rowid = ?")?;
    let same: Option<bool> = known.query_row((&text.body, row), |found| found.get(0)).optional()?;
    let sql = match same {
        Some(true) => return Ok(()),
        Some(false) => "UPDATE words SET body = ? WHERE rowid = ?",
        None => "INSERT INTO words (body, rowid) VALUES (?, ?)",
    };
    connection.prepare_cached(sql)?.execute((&text.body, row))?;
    Ok(())
}

pub(super) fn set_mark(connection: &Connection, mark: &Mark) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached(
        "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?;
    set.execute((&mark.name, &mark.value)).map(drop)
}

pub(super) fn mark(connection: &Connection, name: &str) -> Read<Option<String>> {
    let mut find = connection.prepare_cached("SELECT value FROM marks WHERE name = ?")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn find(connection: &Connection, query: &TextQuery) -> Read<Vec<Text>> {
    let Some(wanted) = matching(&query.words) else { return Ok(Vec::new()) };
    let stream = match &query.stream {
        Some(stream) => match find_stream(connection, stream)? {
            Some(stream) => Some(stream),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let mut select = connection.prepare_cached(
        "SELECT s.kind, s.id, t.key, t.kind, t.place, t.wall_ms, words.body
         FROM words JOIN texts t ON t.text = words.rowid JOIN streams s USING (stream)
         WHERE words MATCH ?1 AND (?2 IS NULL OR t.stream = ?2)
         ORDER BY bm25(words), t.wall_ms DESC, t.text DESC LIMIT ?3",
    )?;
    let rows = select.query_map((wanted, stream, query.limit.min(MAX_PAGE) as i64), |row| {
        Ok(Text {
            stream: stream_id(row, 0)?,
            key: row.get(2)?,
            kind: row.get(3)?,
            place: row.get(4)?,
            wall_ms: row.get::<_, i64>(5)?.cast_unsigned(),
            body: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
