//! Migrations: numbered, forward only, all that are due in one transaction, after a copy of the file was made.

use super::open::OpenError;
use crate::digest::Digest;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// One step of the schema. A published one never changes: its checksum is kept in the databases it made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) number: u32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// All migrations, numbered from 1 without gaps.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "log", sql: include_str!("../../migrations/0001_log.sql") },
    Migration {
        number: 2,
        name: "listed_by_status",
        sql: include_str!("../../migrations/0002_listed_by_status.sql"),
    },
];

/// Stands in the file's header: `gang` in ASCII.
const APPLICATION: i32 = 0x6761_6e67;

const OWN_TABLE: &str = "CREATE TABLE migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   BLOB NOT NULL,
    applied_by TEXT NOT NULL
) STRICT";

impl Migration {
    fn checksum(&self) -> Digest {
        Digest::of(self.sql.as_bytes())
    }
}

/// Refuses a database that this build can't use, before anything of it is changed.
pub(super) fn refuse_foreign(
    connection: &Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), action: "read", source };
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sqlite)?;
    if application != APPLICATION {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sqlite)?;
        let empty = application == 0 && tables == 0;
        return if empty { Ok(()) } else { Err(OpenError::NotOurs { path: path.to_owned() }) };
    }
    let known = migrations.last().map_or(0, |migration| migration.number);
    for (number, checksum) in applied(connection).map_err(sqlite)? {
        if number > known {
            let found = newest(connection).map_err(sqlite)?;
            return Err(OpenError::Newer { path: path.to_owned(), found, known });
        }
        let ours = migrations.iter().find(|migration| migration.number == number);
        if ours.is_none_or(|migration| checksum != migration.checksum().as_bytes()) {
            return Err(OpenError::OtherMigration { path: path.to_owned(), number });
        }
    }
    Ok(())
}

/// Runs the migrations that are due: all of them or none.
pub(super) fn run(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), action: "migrated", source };
    let ours: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sqlite)?;
    let reached = if ours == APPLICATION { newest(connection).map_err(sqlite)? } else { 0 };
    let due: Vec<_> = migrations.iter().filter(|migration| migration.number > reached).collect();
    let Some(first) = due.first() else { return Ok(()) };
    if reached > 0 {
        copy(connection, path, first.number)?;
    }
    // A migration may have to make a table anew, during which references to it hang; they are checked at the end.
    connection.pragma_update(None, "foreign_keys", false).map_err(sqlite)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    if reached == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(sqlite)?;
        transaction.execute_batch(OWN_TABLE).map_err(sqlite)?;
    }
    for migration in due {
        transaction.execute_batch(migration.sql).map_err(sqlite)?;
        let row = (migration.number, migration.name, migration.checksum(), env!("CARGO_PKG_VERSION"));
        transaction
            .execute(
                "INSERT INTO migrations (number, name, checksum, applied_by) VALUES (?, ?, ?, ?)",
                (row.0, row.1, row.2.as_bytes(), row.3),
            )
            .map_err(sqlite)?;
    }
    let hanging: Option<String> =
        transaction.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional().map_err(sqlite)?;
    if let Some(table) = hanging {
        return Err(OpenError::ForeignKeys { path: path.to_owned(), table });
    }
    transaction.commit().map_err(sqlite)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(sqlite)
}

/// Where the copy that is made before a migration lies.
pub(super) fn copy_path(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-migration-{number}"));
    PathBuf::from(name)
}

fn copy(connection: &Connection, path: &Path, number: u32) -> Result<(), OpenError> {
    let target = copy_path(path, number);
    let partial = target.with_extension(format!("before-migration-{number}.partial"));
    let file =
        |source| OpenError::File { path: path.to_owned(), action: "copied before its migration", source };
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
        _ => {}
    }
    connection.backup("main", &partial, None::<fn(rusqlite::backup::Progress)>).map_err(|source| {
        OpenError::Sqlite { path: path.to_owned(), action: "copied before its migration", source }
    })?;
    File::open(&partial).and_then(|copy| copy.sync_all()).map_err(file)?;
    fs::rename(&partial, &target).map_err(file)?;
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new("."))).and_then(|copy| copy.sync_all()).map_err(file)
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(u32, Vec<u8>)>> {
    let mut statement = connection.prepare("SELECT number, checksum FROM migrations ORDER BY number")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn newest(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT ifnull(max(number), 0) FROM migrations", [], |row| row.get(0))
}
