use super::migrate::{MIGRATIONS, copy_path};
use super::*;
use crate::append::NewEvent;
use std::path::PathBuf;

mod full;
mod migrations;

/// A store whose directory goes away with it.
struct Kept {
    store: Option<SqliteStore>,
    directory: tempfile::TempDir,
}

impl Kept {
    fn new(options: &SqliteOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Some(SqliteStore::open(directory.path().join("ganger.db"), options).unwrap());
        Self { store, directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("ganger.db")
    }

    fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        drop(self.store.take());
        self.store = Some(SqliteStore::open(self.path(), &SqliteOptions::default()).unwrap());
    }
}

fn item(id: &str) -> StreamId {
    StreamId::new(StreamKind::WorkItem, id)
}

fn append(id: &str, expected: u64, data: String) -> Append {
    Append::new(item(id), expected, vec![NewEvent::new("item.noted/1", data, 1, 1)])
}

#[test]
fn keeps_the_contract() {
    let directories = std::sync::Mutex::new(Vec::new());
    crate::conformance::check(|| {
        let mut kept = Kept::new(&SqliteOptions::default());
        let store = kept.store.take().unwrap();
        directories.lock().unwrap().push(kept);
        Box::new(store)
    });
}

#[test]
fn one_reader_at_a_time_keeps_the_contract_too() {
    let directories = std::sync::Mutex::new(Vec::new());
    crate::conformance::check(|| {
        let mut kept = Kept::new(&SqliteOptions { readers: 1, max_pages: None });
        let store = kept.store.take().unwrap();
        directories.lock().unwrap().push(kept);
        Box::new(store)
    });
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let mut kept = Kept::new(&SqliteOptions::default());
    let long = serde_json::to_string(&"plan ".repeat(5000)).unwrap();
    kept.store().append(append("a", 0, long.clone())).unwrap();
    kept.reopen();
    assert_eq!(kept.store().load(&item("a")).unwrap().events[0].data, long);
    assert_eq!(kept.store().append(append("a", 1, "1".to_owned())).unwrap().last_seq, 2);
}

#[test]
fn what_was_committed_is_there_though_nothing_was_closed() {
    let kept = Kept::new(&SqliteOptions::default());
    kept.store().append(append("a", 0, "1".to_owned())).unwrap();
    // The files as a killed process leaves them.
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("ganger.db{suffix}");
        std::fs::copy(kept.directory.path().join(&name), copy.path().join(&name)).unwrap();
    }
    let store = SqliteStore::open(copy.path().join("ganger.db"), &SqliteOptions::default()).unwrap();
    assert_eq!(store.load(&item("a")).unwrap().version, 1);
}

#[test]
fn an_answer_that_panics_or_owns_the_store_harms_nobody() {
    let mut kept = Kept::new(&SqliteOptions::default());
    let store = std::sync::Arc::new(kept.store.take().unwrap());
    store.submit(append("a", 0, "1".to_owned()), Box::new(|_| panic!("asked for by the test")));
    store.append(append("a", 1, "2".to_owned())).unwrap();
    let (sender, receiver) = mpsc::channel();
    let last = store.clone();
    store.submit(
        append("a", 2, "3".to_owned()),
        Box::new(move |result| {
            drop(last);
            sender.send(result.map(|appended| appended.version)).unwrap();
        }),
    );
    drop(store);
    assert_eq!(receiver.recv().unwrap(), Ok(3));
}

#[test]
fn a_damaged_event_is_an_error_and_not_an_empty_result() {
    let kept = Kept::new(&SqliteOptions::default());
    let long = serde_json::to_string(&"plan ".repeat(5000)).unwrap();
    kept.store().append(append("a", 0, long)).unwrap();
    let check = |spoil: &str, expected: &str| {
        rusqlite::Connection::open(kept.path()).unwrap().execute_batch(spoil).unwrap();
        let error = kept.store().load(&item("a")).unwrap_err().to_string();
        assert!(error.contains("is damaged") && error.contains(expected), "{error}");
    };
    check("UPDATE bodies SET at = 100000", "long strings of the event 1");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::new(&SqliteOptions::default());
    kept.store().append(append("a", 0, "1".to_owned())).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = kept.directory.path().join(format!("ganger.db{suffix}"));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}
