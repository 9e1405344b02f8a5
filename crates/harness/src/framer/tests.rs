use super::*;
use crate::codec::Note;
use ganger_core::agent::SessionCommand;
use proptest::prelude::*;

fn record(position: u64, kind: RecordKind, bytes: &[u8]) -> Record {
    let key = if kind == RecordKind::In { "k" } else { "" };
    Record {
        position,
        at_ms: position * 10,
        kind,
        n: 3,
        key: key.to_owned(),
        continued: false,
        bytes: bytes.into(),
    }
}

/// What the framer makes of these records, one entry a line: `record.ordinal` and the body.
fn told(framer: &mut Framer, records: &[Record]) -> Vec<String> {
    let entries = records.iter().flat_map(|record| framer.push(record)).collect::<Vec<_>>();
    entries.iter().map(|e| format!("{}.{} {:?}", e.position.record, e.position.ordinal, e.body)).collect()
}

fn check(records: &[Record], expected: &[&str]) {
    assert_eq!(told(&mut Framer::new(), records), expected);
}

use RecordKind::{Err, Exit, Flushed, In, Note as NoteKind, Out};

#[test]
fn lines_are_put_together_and_numbered() {
    check(
        &[
            record(1, Out, b"one\ntw"),
            record(2, Err, b"oops\n"),
            record(3, Out, b"o\r\n\nthr\xff"),
            record(4, Flushed, b""),
            record(5, Out, b"ee"),
            record(6, Exit, br#"{"code":0,"signal":null}"#),
        ],
        &[
            r#"1.0 Out("one")"#,
            r#"2.0 Err("oops")"#,
            r#"3.0 Out("two")"#,
            r#"3.1 Out("")"#,
            "6.0 Out(\"thr\u{fffd}ee\")",
            "6.1 Exit(ExitStatus { code: Some(0), signal: None })",
        ],
    );
}

#[test]
fn frames_and_notes_run_over_records_with_output_between() {
    let note = Note { effect: None, command: SessionCommand::Interrupt };
    let json = serde_json::to_vec(&note).unwrap();
    let first = |position, kind, bytes: &[u8]| Record { continued: true, ..record(position, kind, bytes) };
    check(
        &[
            first(1, In, b"ab"),
            record(2, Out, b"x\n"),
            record(3, In, b"c"),
            first(4, NoteKind, &json[..5]),
            record(5, NoteKind, &json[5..]),
            record(6, NoteKind, b"{\"command\":"),
        ],
        &[
            r#"2.0 Out("x")"#,
            r#"3.0 In { n: 3, key: "k", bytes: [97, 98, 99] }"#,
            "5.0 Note { n: 3, note: Note { effect: None, command: Interrupt } }",
            r#"6.0 Err("ganger: note 3 of the journal can't be read and is left out: EOF while parsing a value at line 1 column 11")"#,
        ],
    );
}

#[test]
fn missing_records_are_named_and_repeated_ones_ignored() {
    check(
        &[record(1, Out, b"ab"), record(1, Out, b"ab"), record(4, Out, b"c\nd\n"), record(2, Out, b"late\n")],
        &[
            r#"4.0 Err("ganger: records 2 to 3 of the journal are missing")"#,
            r#"4.1 Out("c")"#,
            r#"4.2 Out("d")"#,
        ],
    );
}

#[test]
fn a_line_beyond_the_limit_is_left_out_and_named() {
    let mut framer = Framer::with_limit(Position::default(), 4);
    let records = [record(1, Out, b"abc"), record(2, Out, b"de\nok\nabcd\n")];
    let expected = [
        r#"2.0 Err("ganger: a line of 5 bytes is longer than 4 bytes and is left out; it begins in record 1 of the journal")"#,
        r#"2.1 Out("ok")"#,
        r#"2.2 Out("abcd")"#,
    ];
    assert_eq!(told(&mut framer, &records), expected);
}

fn any_record() -> impl Strategy<Value = (RecordKind, bool, Vec<u8>, bool)> {
    let kind =
        prop_oneof![Just(Out), Just(Out), Just(Err), Just(In), Just(NoteKind), Just(Flushed), Just(Exit)];
    let bytes = prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..12);
    (kind, any::<bool>(), bytes, prop::bool::weighted(0.05))
}

proptest! {
    #[test]
    fn a_restart_anywhere_gives_the_same_rest(parts in prop::collection::vec(any_record(), 0..30)) {
        let mut position = 0;
        let records: Vec<Record> = parts.into_iter().map(|(kind, continued, bytes, skip)| {
            position += 1 + u64::from(skip);
            let continued = continued && matches!(kind, In | NoteKind);
            Record { continued, ..record(position, kind, &bytes) }
        }).collect();
        let mut framer = Framer::new();
        let mut entries = Vec::new();
        for record in &records {
            for entry in framer.push(record) {
                entries.push((entry, framer.restart_record()));
            }
        }
        for (at, (entry, from)) in entries.iter().enumerate() {
            let mut framer = Framer::resume(entry.position);
            let rest: Vec<Entry> =
                records.iter().filter(|r| r.position >= *from).flat_map(|r| framer.push(r)).collect();
            let expected: Vec<Entry> = entries[at + 1..].iter().map(|(entry, _)| entry.clone()).collect();
            prop_assert_eq!(rest, expected);
        }
    }
}
