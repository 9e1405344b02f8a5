//! Properties of appends.

use super::{Property, append, event, item, ok, refused};
use crate::append::{Append, Appended, CommandKey, NumberKind, NumberRequest};
use crate::digest::Digest;
use crate::error::AppendError;
use crate::index::IndexRow;
use crate::store::Store;
use crate::stream::Snapshot;
use std::sync::mpsc;

pub(super) const ALL: &[Property] = &[
    ("appends are numbered over the log and within their stream", numbered),
    ("an append at another version is refused and leaves nothing", at_the_expected_version),
    ("an append that can't be stored is refused with a reason and leaves nothing", invalid),
    ("a refused append leaves nothing of what came with its events", nothing_of_a_refused_append),
    ("an append that fails does not fail those handed over with it", grouped),
    ("a command is accepted once and its key belongs to its body", commands),
    ("results of commands are kept until they are forgotten", forgotten_commands),
    ("an append without events keeps what came with it", without_events),
    ("many writers at once: every append is answered and is in the log", many_writers),
];

fn numbered(store: &dyn Store) {
    let first = ok(store.append(append("a", 0, 2)));
    assert_eq!(first, Appended { first_seq: 1, last_seq: 2, version: 2, numbers: vec![] });
    let other = ok(store.append(append("b", 0, 1)));
    assert_eq!(other, Appended { first_seq: 3, last_seq: 3, version: 1, numbers: vec![] });
    let again = ok(store.append(append("a", 2, 3)));
    assert_eq!(again, Appended { first_seq: 4, last_seq: 6, version: 5, numbers: vec![] });
    assert_eq!(ok(store.last_seq()), 6);
}

fn at_the_expected_version(store: &dyn Store) {
    ok(store.append(append("a", 0, 2)));
    for expected in [0, 1, 3, 9] {
        let error = refused(store.append(append("a", expected, 1)));
        assert_eq!(error, AppendError::VersionConflict { stream: item("a"), expected, actual: 2 });
    }
    let error = refused(store.append(append("new", 1, 1)));
    assert_eq!(error, AppendError::VersionConflict { stream: item("new"), expected: 1, actual: 0 });
    assert_eq!(ok(store.last_seq()), 2);
    assert_eq!(ok(store.append(append("a", 2, 1))).last_seq, 3);
}

fn invalid(store: &dyn Store) {
    let wrong: Vec<fn(&mut Append)> = vec![
        |append| append.events.clear(),
        |append| append.stream.id.clear(),
        |append| append.stream.id = "x".repeat(1000),
        |append| append.events[0].kind = "item.noted".to_owned(),
        |append| append.events[0].data = "{".to_owned(),
        |append| append.events[0].wall_ms = u64::MAX,
        |append| append.snapshot = Some(Snapshot { schema: 1, version: 2, bytes: vec![] }),
        |append| append.numbers = vec![NumberRequest { kind: NumberKind::Critique, id: String::new() }],
        |append| append.index = Some(IndexRow { summary: "no JSON".to_owned(), ..IndexRow::default() }),
    ];
    for (number, spoil) in wrong.iter().enumerate() {
        let mut append = append("a", 0, 1);
        spoil(&mut append);
        let error = refused(store.append(append));
        assert!(matches!(error, AppendError::Invalid { .. }), "{number}: {error}");
    }
    assert_eq!(ok(store.last_seq()), 0);
}

fn nothing_of_a_refused_append(store: &dyn Store) {
    ok(store.append(append("a", 0, 1)));
    let mut taken = append("owner", 0, 1);
    taken.index = Some(IndexRow { number: Some(1), summary: "{}".to_owned(), ..IndexRow::default() });
    taken.numbers = vec![NumberRequest { kind: NumberKind::Decision, id: "d".to_owned() }];
    ok(store.append(taken));
    let full = |expected, number, id: &str| {
        let mut append = append("a", expected, 1);
        append.command = Some(command("key", "body", 1));
        append.index = Some(IndexRow { number, summary: "{}".to_owned(), ..IndexRow::default() });
        append.snapshot = Some(Snapshot { schema: 1, version: expected, bytes: vec![1] });
        append.blobs = vec![b"blob".to_vec()];
        append.numbers = [("fresh", NumberKind::Critique), (id, NumberKind::Decision)]
            .map(|(id, kind)| NumberRequest { kind, id: id.to_owned() })
            .to_vec();
        append
    };
    let conflict = refused(store.append(full(0, None, "mine")));
    assert!(matches!(conflict, AppendError::VersionConflict { .. }), "{conflict}");
    let number = refused(store.append(full(1, Some(1), "mine")));
    assert_eq!(number, AppendError::NumberTaken { number: 1, owner: item("owner") });
    let id = refused(store.append(full(1, None, "d")));
    let (kind, owner) = (NumberKind::Decision, item("owner"));
    assert_eq!(id, AppendError::IdTaken { kind, number: 1, id: "d".to_owned(), owner });

    assert_eq!(ok(store.command_result("key")), None);
    assert_eq!(ok(store.index_row(&item("a"))), None);
    assert_eq!(ok(store.load(&item("a"))).snapshot, None);
    assert_eq!(ok(store.blob(&Digest::of(b"blob"))), None);
    assert_eq!(ok(store.number_of(NumberKind::Critique, "fresh")), None);
    let done = ok(store.append(full(1, Some(2), "mine")));
    assert_eq!((done.version, done.last_seq, done.numbers), (2, 3, vec![1, 2]));
}

fn grouped(store: &dyn Store) {
    let (sender, receiver) = mpsc::channel();
    let submit = |number: usize, append| {
        let sender = sender.clone();
        store.submit(append, Box::new(move |result| drop(sender.send((number, result)))));
    };
    // Every third one expects a version that its stream never has.
    for number in 0..60 {
        let expected = if number % 3 == 2 { 7 } else { 0 };
        submit(number, append(&number.to_string(), expected, 2));
    }
    drop(sender);
    let mut answers: Vec<_> = receiver.iter().collect();
    answers.sort_by_key(|(number, _)| *number);
    assert_eq!(answers.len(), 60);
    for (number, result) in answers {
        assert_eq!(result.is_ok(), number % 3 != 2, "{number}: {result:?}");
    }
    assert_eq!(ok(store.last_seq()), 80);
    let events = ok(store.read(0, 100));
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the log has a gap");
}

fn command(key: &str, body: &str, wall_ms: u64) -> CommandKey {
    let body_digest = Digest::of(body.as_bytes());
    CommandKey { key: key.to_owned(), body_digest, result: format!("did {body}"), wall_ms }
}

fn commands(store: &dyn Store) {
    let with = |expected, command| {
        let mut append = append("a", expected, 1);
        append.command = Some(command);
        store.append(append)
    };
    ok(with(0, command("k", "approve", 5)));
    let stored = ok(store.command_result("k"));
    assert_eq!(stored.map(|stored| stored.result), Some("did approve".to_owned()));
    // Whatever version it expects: that the command was accepted is the more useful answer.
    for expected in [0, 1] {
        let again = refused(with(expected, command("k", "approve", 6)));
        let (key, result) = ("k".to_owned(), "did approve".to_owned());
        assert_eq!(again, AppendError::AlreadyAccepted { key, result });
        let other = refused(with(expected, command("k", "reject", 6)));
        assert_eq!(other, AppendError::KeyReused { key: "k".to_owned() });
    }
    // A command that was not accepted is evaluated again.
    refused(with(9, command("l", "approve", 6)));
    assert_eq!(ok(store.command_result("l")), None);
    ok(with(1, command("l", "approve", 6)));
    assert_eq!(ok(store.last_seq()), 2);
}

fn forgotten_commands(store: &dyn Store) {
    for (number, wall_ms) in [10, 20, 30].into_iter().enumerate() {
        let mut append = append("a", number as u64, 1);
        append.command = Some(command(&wall_ms.to_string(), "x", wall_ms));
        ok(store.append(append));
    }
    assert_eq!(ok(store.forget_commands(20)), 1);
    assert_eq!(ok(store.forget_commands(20)), 0);
    assert_eq!(ok(store.command_result("10")), None);
    assert!(ok(store.command_result("20")).is_some());
}

fn without_events(store: &dyn Store) {
    ok(store.append(append("a", 0, 2)));
    let mut nothing = append("a", 2, 0);
    nothing.command = Some(command("k", "again", 1));
    let done = ok(store.append(nothing));
    assert_eq!(done, Appended { first_seq: 3, last_seq: 2, version: 2, numbers: vec![] });
    assert!(ok(store.command_result("k")).is_some());
    assert_eq!(ok(store.append(append("a", 2, 1))).first_seq, 3);
}

fn many_writers(store: &dyn Store) {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 20;
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let own = ok(store.append(append(&writer.to_string(), round, 1)));
                    assert_eq!(own.version, round + 1);
                    share(store, writer);
                }
            });
        }
        // After a reader has seen n, no event up to n appears later: so each page begins where the last one ended.
        let mut seen = 0;
        while seen < 2 * WRITERS * ROUNDS {
            for event in ok(store.read(seen, 7)) {
                assert_eq!(event.seq, seen + 1, "an event appeared behind a reader");
                seen = event.seq;
            }
            std::thread::yield_now();
        }
    });
    assert_eq!(ok(store.load(&item("shared"))).version, WRITERS * ROUNDS);
}

/// Appends one event to a stream that others write too, as often as it takes.
fn share(store: &dyn Store, writer: u64) {
    let mut expected = 0;
    loop {
        match store.append(Append::new(item("shared"), expected, vec![event(writer)])) {
            Ok(_) => return,
            Err(AppendError::VersionConflict { actual, .. }) => expected = actual,
            Err(error) => panic!("this should have worked: {error}"),
        }
    }
}
