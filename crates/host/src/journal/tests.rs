use super::*;
use std::fmt::Write as _;

fn record(position: u64, bytes: &[u8]) -> Record {
    Record {
        position,
        at_ms: 7,
        kind: RecordKind::In,
        n: position,
        key: format!("k{position}"),
        continued: position.is_multiple_of(2),
        bytes: bytes.to_vec(),
    }
}

fn seen(directory: &Path, from: u64) -> String {
    let mut reader = JournalReader::open(directory, from);
    let mut text = String::new();
    while let Some(item) = reader.next().unwrap() {
        match item {
            JournalItem::Record(found) => {
                assert_eq!(found, record(found.position, &found.bytes));
                write!(text, "{}:{} ", found.position, found.bytes.len()).unwrap();
            }
            JournalItem::Damage { after, .. } => write!(text, "damage-after-{after} ").unwrap(),
        }
    }
    text.trim_end().to_owned()
}

/// Writes five records in segments of at least 100 bytes, lets `harm` loose on the files, and compares what
/// can be read, before and after a writer has opened the journal again and added one more.
fn check(segment_bytes: u64, harm: impl Fn(&Path), from: u64, readable: &str, after_append: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut journal = Journal::with_segments_of(directory.path(), segment_bytes).unwrap();
    for position in 1..=5 {
        journal.append(&[record(position, &vec![b'x'; 60 + position as usize])]).unwrap();
    }
    drop(journal);
    harm(directory.path());
    assert_eq!(seen(directory.path(), from), readable);
    let mut journal = Journal::with_segments_of(directory.path(), segment_bytes).unwrap();
    let next = record(journal.head() + 1, b"y");
    journal.append(&[next]).unwrap();
    assert_eq!(seen(directory.path(), from), after_append);
}

fn cut(directory: &Path, first: u64, by: u64) {
    let file = files::private_file().write(true).open(segment_path(directory, first)).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - by).unwrap();
}

fn spoil(directory: &Path, first: u64, at: u64) {
    let file = files::private_file().write(true).open(segment_path(directory, first)).unwrap();
    file.write_all_at(b"\xff\xff\xff\xff", at).unwrap();
}

#[test]
fn what_was_appended_is_read_back_from_any_position() {
    let all = "1:61 2:62 3:63 4:64 5:65";
    check(1 << 20, |_| {}, 0, all, &format!("{all} 6:1"));
    check(100, |_| {}, 1, all, &format!("{all} 6:1"));
    check(1 << 20, |_| {}, 4, "4:64 5:65", "4:64 5:65 6:1");
    check(100, |_| {}, 4, "4:64 5:65", "4:64 5:65 6:1");
    check(100, |_| {}, 6, "", "6:1");
}

#[test]
fn a_torn_last_record_is_dropped_and_its_place_used_again() {
    for by in [1, 30, 66, 100] {
        check(1 << 20, |at| cut(at, 1, by), 3, "3:63 4:64", "3:63 4:64 5:1");
    }
    check(100, |at| cut(at, 5, 1), 3, "3:63 4:64", "3:63 4:64 5:1");
}

#[test]
fn a_bad_record_in_the_middle_is_reported_and_the_rest_is_readable() {
    // The second record begins at 12 + 28 + 2 + 61 = 103: its magic, its length, its checksum, its bytes.
    for at in [103, 107, 111, 150] {
        let rest = "1:61 damage-after-1 3:63 4:64 5:65";
        check(1 << 20, |dir| spoil(dir, 1, at), 0, rest, &format!("{rest} 6:1"));
    }
    let rest = "1:61 damage-after-1 3:63 4:64 5:65";
    check(100, |dir| cut(dir, 2, 1), 0, rest, &format!("{rest} 6:1"));
}

#[test]
fn no_bytes_make_the_decoder_panic() {
    let mut whole = Vec::new();
    encode(&record(9, b"hello"), &mut whole);
    for end in 0..whole.len() {
        assert_eq!(decode(&whole[..end]), Decoded::Incomplete);
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        assert!(!matches!(decode(&bytes), Decoded::Record(..)), "byte {at}");
    }
}
