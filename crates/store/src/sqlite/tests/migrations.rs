//! Databases of other builds.

use super::super::migrate::Migration;
use super::super::open;
use super::*;
use std::fs;

/// What a database held when it had just reached each migration.
const POPULATED: &[(u32, &str)] = &[
    (1, include_str!("populated/0001.sql")),
    // It changed no table.
    (2, include_str!("populated/0001.sql")),
];

/// A migration that this build does not have: it makes a table anew that others refer to.
const NEXT: Migration = Migration {
    number: 3,
    name: "next",
    sql: "CREATE TABLE blobs_2 (blob INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL,
              made_ms INTEGER) STRICT;
          INSERT INTO blobs_2 (blob, digest, bytes) SELECT blob, digest, bytes FROM blobs;
          DROP TABLE blobs;
          ALTER TABLE blobs_2 RENAME TO blobs;",
};

struct Database {
    directory: tempfile::TempDir,
}

impl Database {
    /// A database at migration `number`, populated.
    fn at(number: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Self { directory };
        let upto = MIGRATIONS.iter().filter(|migration| migration.number <= number).copied();
        drop(open::writing(&database.path(), None, &upto.collect::<Vec<_>>()).unwrap());
        let (_, sql) = POPULATED.iter().find(|(of, _)| *of == number).expect("every migration has contents");
        rusqlite::Connection::open(database.path()).unwrap().execute_batch(sql).unwrap();
        database
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("ganger.db")
    }

    fn migrate(&self, migrations: &[Migration]) -> Result<(), OpenError> {
        open::writing(&self.path(), None, migrations).map(drop)
    }

    fn error(&self, result: Result<(), OpenError>) -> String {
        result.unwrap_err().to_string().replace(&self.path().display().to_string(), "DATABASE")
    }
}

fn with(next: Migration) -> Vec<Migration> {
    MIGRATIONS.iter().copied().chain([next]).collect()
}

/// All that the populated databases hold, as this build sees it.
fn check_contents(path: &Path) {
    let store = SqliteStore::open(path, &SqliteOptions::default()).unwrap();
    let plan = format!("{{\"plan\":{}}}", serde_json::to_string(&"x".repeat(5000)).unwrap());
    let loaded = store.load(&item("w1")).unwrap();
    assert_eq!(loaded.events.iter().map(|event| &*event.data).collect::<Vec<_>>(), [&plan]);
    assert_eq!(loaded.snapshot, Some(Snapshot { schema: 3, version: 1, bytes: vec![1, 2] }));
    assert_eq!(loaded.version, 2);
    assert_eq!(store.by_number(12).unwrap(), Some(item("w1")));
    assert_eq!(store.live_streams(StreamKind::WorkItem).unwrap(), [item("w1")]);
    assert_eq!(store.search("health", 10).unwrap()[0].0, item("w1"));
    assert_eq!(store.number_of(NumberKind::Decision, "d-id").unwrap(), Some(1));
    assert_eq!(store.command_result("me/k").unwrap().unwrap().result, "done");
    let appended = store.append(append("w1", 2, "{}".to_owned())).unwrap();
    assert_eq!((appended.version, appended.first_seq), (3, 4));
}

#[test]
fn migrations_are_numbered_without_gaps_and_each_has_contents_to_be_tested_with() {
    let numbers: Vec<_> = MIGRATIONS.iter().map(|migration| migration.number).collect();
    assert_eq!(numbers, (1..=MIGRATIONS.len() as u32).collect::<Vec<_>>());
    assert_eq!(numbers, POPULATED.iter().map(|(number, _)| *number).collect::<Vec<_>>());
}

#[test]
fn published_migrations_never_change() {
    let checksums: Vec<_> = MIGRATIONS
        .iter()
        .map(|migration| format!("{} {}", migration.number, Digest::of(migration.sql.as_bytes())))
        .collect();
    expect_test::expect![[r#"
        1 79d216b2e90810c7deef90f5ec9055aa2682dea6a9fd8d94d8de0a0af953b96a
        2 620963e51ad78b9835d6e6807694e7ba01457f44537384df71959dcd02111d30"#]]
    .assert_eq(&checksums.join("\n"));
}

#[test]
fn a_populated_database_of_every_age_is_brought_up_to_date() {
    for (number, _) in POPULATED {
        check_contents(&Database::at(*number).path());
    }
}

#[test]
fn a_migration_keeps_what_was_there_and_a_copy_of_it() {
    let newest = MIGRATIONS.len() as u32;
    let database = Database::at(newest);
    database.migrate(&with(NEXT)).unwrap();
    let migrated = rusqlite::Connection::open(database.path()).unwrap();
    let texts: i64 = migrated
        .query_row("SELECT count(made_ms IS NULL) FROM bodies JOIN blobs USING (blob)", [], |r| r.get(0))
        .unwrap();
    assert_eq!(texts, 1);
    // The copy is what this build can go on with.
    check_contents(&copy_path(&database.path(), newest + 1));
    database.migrate(&with(NEXT)).unwrap();
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let newest = MIGRATIONS.len() as u32;
    for (sql, expected) in [
        ("DROP TABLE snapshots; nonsense", "can't be migrated"),
        ("DROP TABLE snapshots; DELETE FROM blobs", "would refer to nothing"),
    ] {
        let database = Database::at(newest);
        let error = database.error(database.migrate(&with(Migration { sql, ..NEXT })));
        assert!(error.contains(expected), "{error}");
        check_contents(&database.path());
    }
}

#[test]
fn what_this_build_can_not_use_is_refused_and_left_as_it_is() {
    let check = |database: Database, expected: expect_test::Expect| {
        let before = fs::read(database.path()).unwrap();
        expected.assert_eq(&database.error(database.migrate(MIGRATIONS)));
        assert_eq!(fs::read(database.path()).unwrap(), before);
    };
    let database = Database::at(1);
    database.migrate(&with(NEXT)).unwrap();
    check(
        database,
        expect_test::expect![
            "the database DATABASE was written by a newer ganger (its schema is 3, this one knows up to 2): run the newer one, or move back the copy it made beside it before its migration"
        ],
    );

    let database = Database::at(1);
    let spoil = |database: &Database, sql| {
        rusqlite::Connection::open(database.path()).unwrap().execute_batch(sql).unwrap();
    };
    spoil(&database, "UPDATE migrations SET checksum = x'00'");
    check(
        database,
        expect_test::expect![
            "the database DATABASE was made by another migration 1 than this ganger has: it may be a development build's, and can only be used by that build"
        ],
    );

    let database = Database { directory: tempfile::tempdir().unwrap() };
    spoil(&database, "CREATE TABLE somebody (other TEXT)");
    check(
        database,
        expect_test::expect![
            "DATABASE is a database, but not one of ganger: move it away or choose another place"
        ],
    );

    let database = Database { directory: tempfile::tempdir().unwrap() };
    fs::write(database.path(), "not a database at all".repeat(100)).unwrap();
    check(database, expect_test::expect!["the database DATABASE can't be opened: file is not a database"]);
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    let error = SqliteStore::open("/nonexistent/ganger.db", &SqliteOptions::default()).err().unwrap();
    expect_test::expect![
        "the database /nonexistent/ganger.db can't be opened: No such file or directory (os error 2)"
    ]
    .assert_eq(&error.to_string());
}
