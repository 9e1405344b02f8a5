//! Opening the database: the file, its settings, which are read back, and its migrations.

use super::migrate::{self, Migration};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a database can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be made, copied or read.
    #[error("the database {} can't be {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("the database {} can't be {action}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is a database of another program.
    #[error("{} is a database, but not one of ganger: move it away or choose another place", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer build.
    #[error(
        "the database {} was written by a newer ganger (its schema is {found}, this one knows up to {known}): \
         run the newer one, or move back the copy it made beside it before its migration",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema this build knows.
        known: u32,
    },
    /// The schema was made by a migration that was another then.
    #[error(
        "the database {} was made by another migration {number} than this ganger has: it may be a \
         development build's, and can only be used by that build",
        path.display()
    )]
    OtherMigration {
        /// The file.
        path: PathBuf,
        /// Which migration.
        number: u32,
    },
    /// A setting that durability depends on could not be made.
    #[error(
        "the database {} can't be set to {setting} = {wanted} (it stays at {found}): its file system may lack what \
         that needs",
        path.display()
    )]
    Setting {
        /// The file.
        path: PathBuf,
        /// Name of the setting.
        setting: &'static str,
        /// The value that is needed.
        wanted: &'static str,
        /// The value it has.
        found: String,
    },
    /// A migration would leave rows that refer to nothing.
    #[error(
        "the migration of {} was undone, because rows of the table {table} would refer to nothing: please \
         report this",
        path.display()
    )]
    ForeignKeys {
        /// The file.
        path: PathBuf,
        /// Whose rows.
        table: String,
    },
}

/// Statements each connection keeps prepared.
const STATEMENTS: usize = 40;
const BUSY: Duration = Duration::from_secs(5);
/// Page cache of the writer, in KiB.
const WRITER_CACHE: i64 = 4096;
/// Page cache of a reader, in KiB.
const READER_CACHE: i64 = 1024;

/// The connection that writes, with its settings verified and the migrations run.
pub(super) fn writing(
    path: &Path,
    max_pages: Option<u32>,
    migrations: &[Migration],
) -> Result<Connection, OpenError> {
    // Made here, so that nobody else can read it; SQLite gives its other files the same mode.
    let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map_err(|source| OpenError::File { path: path.to_owned(), action: "opened", source })?;
    let sqlite = |action| move |source| OpenError::Sqlite { path: path.to_owned(), action, source };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite("opened"))?;
    prepare(&connection, WRITER_CACHE).map_err(sqlite("opened"))?;
    migrate::refuse_foreign(&connection, path, migrations)?;
    for (setting, set, wanted, reads) in [
        ("journal_mode", "WAL", "wal", "WAL"),
        ("synchronous", "FULL", "2", "FULL"),
        // On macOS a plain fsync stops at the disk's own cache. Elsewhere this changes nothing.
        ("fullfsync", "ON", "1", "ON"),
        ("foreign_keys", "ON", "1", "ON"),
    ] {
        verify(&connection, path, setting, set, wanted, reads)?;
    }
    migrate::run(&mut connection, path, migrations)?;
    // The writer checkpoints by itself when it has nothing to do; this is for when it never has.
    connection.pragma_update(None, "wal_autocheckpoint", 8000).map_err(sqlite("opened"))?;
    if let Some(pages) = max_pages {
        let set = connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()));
        set.map_err(sqlite("opened"))?;
    }
    Ok(connection)
}

/// A connection that reads.
pub(super) fn reading(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, READER_CACHE)?;
    Ok(connection)
}

fn prepare(connection: &Connection, cache: i64) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)
}

fn verify(
    connection: &Connection,
    path: &Path,
    setting: &'static str,
    set: &str,
    wanted: &str,
    named: &'static str,
) -> Result<(), OpenError> {
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), action: "set up", source };
    // Some of these answer with the new value and some with nothing: what counts is what is read back.
    connection.pragma_update_and_check(None, setting, set, |_| Ok(())).or_else(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        error => Err(sqlite(error)),
    })?;
    let value = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(value) => value.to_string(),
            other => other.as_str().map(str::to_lowercase).unwrap_or_default(),
        })
    };
    let found = connection.pragma_query_value(None, setting, value).map_err(sqlite)?;
    if found == wanted {
        return Ok(());
    }
    Err(OpenError::Setting { path: path.to_owned(), setting, wanted: named, found })
}
