//! What a killed process leaves behind. (A power failure is another matter: there, all depends on the disk.)
#![cfg(feature = "sqlite")]

use ganger_store::{
    Append, IndexRow, ListQuery, NewEvent, SqliteOptions, SqliteStore, Store, StreamId, StreamKind,
};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const DATABASE: &str = "GANGER_STORE_TEST_DATABASE";

fn item(writer: u64) -> StreamId {
    StreamId::new(StreamKind::WorkItem, writer.to_string())
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &SqliteOptions::default()).expect("the directory was just made")
}

/// Not a test of its own: the process that is killed. Two writers say what was acknowledged.
#[test]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let store = open(Path::new(&path));
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let store = &store;
            scope.spawn(move || {
                let mut version = store.load(&item(writer)).unwrap().version;
                loop {
                    let event = || NewEvent::new("item.noted/1", "{}", 1, 1);
                    let mut append = Append::new(item(writer), version, vec![event(), event()]);
                    let summary = (version + 2).to_string();
                    append.index = Some(IndexRow { summary, ..IndexRow::default() });
                    version = store.append(append).unwrap().version;
                    writeln!(std::io::stdout(), "\nack {writer} {version}").unwrap();
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_is_there_and_nothing_by_halves() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ganger.db");
    let mut acknowledged = [0_u64; 2];
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["writes_until_killed", "--exact", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let acks = lines.filter_map(|line| {
            let (writer, version) = line.strip_prefix("ack ")?.split_once(' ')?;
            Some((writer.parse::<usize>().ok()?, version.parse::<u64>().ok()?))
        });
        let mut seen = 0;
        for (writer, version) in acks {
            acknowledged[writer] = version;
            seen += 1;
            if seen == 20 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= 20 * round, "the child ended by itself");

        let store = open(&path);
        for writer in 0..2 {
            let version = store.load(&item(writer)).unwrap().version;
            assert!(version >= acknowledged[writer as usize], "an acknowledged append is lost");
            assert_eq!(version % 2, 0, "half an append is there");
        }
        for (stream, row) in store.list(&ListQuery::all(StreamKind::WorkItem, 10)).unwrap() {
            assert_eq!(row.summary, store.load(&stream).unwrap().version.to_string());
        }
        let events = store.read(0, 10_000).unwrap();
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the log has a gap");
    }
}
