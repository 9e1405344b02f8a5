//! What turns used, in the database.

use super::read::{Read, clamp, find, stream_id};
use crate::ledger::{MS_OF_A_DAY, Turn, UsageBy, UsageKey, UsageQuery, UsageSum};
use crate::store::MAX_PAGE;
use rusqlite::{Connection, Row, ToSql, params};

pub(super) fn write(
    connection: &Connection,
    stream: i64,
    seq: u64,
    wall_ms: u64,
    turn: &Turn,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO turns (seq, stream, wall_ms, agent, repository, phase, input, output, tokens, cost)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let amount = |value: Option<u64>| value.map(u64::cast_signed);
    add.execute(params![
        seq.cast_signed(),
        stream,
        wall_ms.cast_signed(),
        turn.agent,
        turn.repository,
        turn.phase,
        amount(turn.input),
        amount(turn.output),
        amount(turn.tokens),
        amount(turn.cost),
    ])?;
    Ok(())
}

/// The columns of a sum.
const SUMS: &str = "count(*) AS turns, count(cost) AS priced, sum(input) AS input, sum(output) AS output,
     sum(tokens) AS tokens, sum(cost) AS cost";
/// How many they are: the key follows.
const KEY: usize = 6;

pub(super) fn sums(connection: &Connection, query: &UsageQuery) -> Read<Vec<UsageSum>> {
    let (since, limit) = (query.since_ms.map(clamp), MAX_PAGE as i64);
    let mut conditions = Vec::new();
    let mut parameters: Vec<&dyn ToSql> = Vec::new();
    let stream;
    if let Some(wanted) = &query.stream {
        let Some(found) = find(connection, wanted)? else { return Ok(Vec::new()) };
        stream = found;
        conditions.push("stream = ?");
        parameters.push(&stream);
    }
    if let Some(since) = &since {
        conditions.push("wall_ms >= ?");
        parameters.push(since);
    }
    let only = match conditions.as_slice() {
        [] => String::new(),
        conditions => format!("WHERE {}", conditions.join(" AND ")),
    };
    let sql = match query.by {
        // The streams are joined to the sums and not to each turn.
        UsageBy::Stream => format!(
            "SELECT u.turns, u.priced, u.input, u.output, u.tokens, u.cost, s.kind, s.id, s.number, s.title
             FROM (SELECT stream, {SUMS} FROM turns {only} GROUP BY stream) u JOIN streams s USING (stream)
             ORDER BY s.number NULLS FIRST, s.kind, s.id"
        ),
        UsageBy::Repository => {
            format!("SELECT {SUMS}, repository FROM turns {only} GROUP BY repository ORDER BY repository")
        }
        UsageBy::Agent => format!("SELECT {SUMS}, agent FROM turns {only} GROUP BY agent ORDER BY agent"),
        UsageBy::Day { offset_ms } => format!(
            "SELECT {SUMS}, (wall_ms + ({offset_ms})) / {MS_OF_A_DAY} AS day FROM turns {only}
             GROUP BY day ORDER BY day"
        ),
    };
    parameters.push(&limit);
    let mut select = connection.prepare_cached(&format!("{sql} LIMIT ?"))?;
    let rows = select.query_map(&parameters[..], |row| sum(row, query.by))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn sum(row: &Row<'_>, by: UsageBy) -> rusqlite::Result<UsageSum> {
    let amount = |column| row.get::<_, Option<i64>>(column).map(|value| value.map(i64::cast_unsigned));
    let count = |column| amount(column).map(|value| value.unwrap_or(0));
    let key = match by {
        UsageBy::Stream => UsageKey::Stream {
            stream: stream_id(row, KEY)?,
            number: amount(KEY + 2)?,
            title: row.get(KEY + 3)?,
        },
        UsageBy::Repository => UsageKey::Repository(row.get(KEY)?),
        UsageBy::Agent => UsageKey::Agent(row.get(KEY)?),
        UsageBy::Day { .. } => UsageKey::Day(row.get(KEY)?),
    };
    Ok(UsageSum {
        key,
        turns: count(0)?,
        priced: count(1)?,
        input: amount(2)?,
        output: amount(3)?,
        tokens: amount(4)?,
        cost: amount(5)?,
    })
}
