//! Golden journals from recordings of real agents: the recorded client's part is played by the codec itself, so
//! that the journal holds the notes, keys and wire ids that ours would have.

#![allow(dead_code, unreachable_pub)]

pub mod acp;
pub mod native;
pub mod recording;

use ganger_core::agent::{AgentEvent, SessionCommand};
use ganger_core::journal::{ExitStatus, Record, RecordKind};
use ganger_harness::codec::{Codec, Entry, EntryBody, Frame, Note};
use ganger_harness::framer::Framer;
use std::fmt::Write as _;

/// A journal under construction, folded by a codec as it grows.
pub struct Journal {
    pub codec: Box<dyn Codec>,
    framer: Framer,
    pub records: Vec<Record>,
    pub entries: Vec<Entry>,
    pub events: Vec<AgentEvent>,
    n: u64,
}

impl Journal {
    pub fn new(codec: Box<dyn Codec>) -> Self {
        Self { codec, framer: Framer::new(), records: vec![], entries: vec![], events: vec![], n: 0 }
    }

    fn record(&mut self, kind: RecordKind, n: u64, key: &str, bytes: Vec<u8>) {
        let position = self.records.len() as u64 + 1;
        let record = Record {
            position,
            at_ms: 1_760_000_000_000 + position,
            kind,
            n,
            key: key.to_owned(),
            continued: false,
            bytes,
        };
        for entry in self.framer.push(&record) {
            self.events.extend(self.codec.step(&entry));
            self.entries.push(entry);
        }
        self.records.push(record);
    }

    pub fn note(&mut self, command: SessionCommand) {
        self.n += 1;
        let note = Note { effect: None, command };
        self.record(RecordKind::Note, self.n, "", serde_json::to_vec(&note).unwrap());
    }

    pub fn out(&mut self, line: &str) {
        self.record(RecordKind::Out, 0, "", format!("{line}\n").into_bytes());
    }

    pub fn err(&mut self, line: &str) {
        self.record(RecordKind::Err, 0, "", format!("{line}\n").into_bytes());
    }

    pub fn exit(&mut self) {
        let status = ExitStatus { code: Some(0), signal: None };
        self.record(RecordKind::Exit, 0, "", serde_json::to_vec(&status).unwrap());
    }

    /// Writes everything that the codec wants, as the shell would, and gives what was written.
    pub fn write_wanted(&mut self) -> Vec<Frame> {
        let mut written = Vec::new();
        while let Some(frame) = self.codec.wanted().into_iter().next() {
            self.n += 1;
            self.record(RecordKind::In, self.n, &frame.key, frame.bytes.clone());
            written.push(frame);
            assert!(written.len() < 100, "the codec never has enough of writing");
        }
        written
    }
}

/// What a fold of these entries reports and writes, for people to read.
pub fn tell(codec: &mut dyn Codec, entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut stream: Option<(&str, String)> = None;
    let flush = |stream: &mut Option<(&str, String)>, text: &mut String| {
        if let Some((name, piece)) = stream.take() {
            writeln!(text, "{name} {piece:?}").unwrap();
        }
    };
    for entry in entries {
        match &entry.body {
            EntryBody::In { key, bytes, .. } => {
                flush(&mut stream, &mut text);
                writeln!(text, "  write {key} {}", cut(String::from_utf8_lossy(bytes).trim_end())).unwrap();
            }
            EntryBody::Note { n, note } => {
                flush(&mut stream, &mut text);
                let command = serde_json::to_string(&note.command).unwrap();
                writeln!(text, "  note {n} {}", cut(&command)).unwrap();
            }
            _ => {}
        }
        for event in codec.step(entry) {
            let (name, piece) = match &event {
                AgentEvent::TextDelta { text } => ("text", text),
                AgentEvent::Thinking { text } => ("thinking", text),
                _ => {
                    flush(&mut stream, &mut text);
                    writeln!(text, "{}", cut(&serde_json::to_string(&event).unwrap())).unwrap();
                    continue;
                }
            };
            if stream.as_ref().is_some_and(|(open, _)| *open != name) {
                flush(&mut stream, &mut text);
            }
            stream.get_or_insert((name, String::new())).1.push_str(piece);
        }
    }
    flush(&mut stream, &mut text);
    text
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Makes a codec for a journal's beginning.
pub type Fresh<'a> = &'a dyn Fn() -> Box<dyn Codec>;
/// Makes a codec of a snapshot.
pub type Restore<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Box<dyn Codec>>;

/// Folds the entries with a codec that is restored from its snapshot after every one of them, and demands that it
/// reports and wants the same as one that never was.
pub fn check_cuts(name: &str, fresh: Fresh<'_>, restore: Restore<'_>, entries: &[Entry]) {
    let (mut whole, mut cut) = (fresh(), fresh());
    for entry in entries {
        let expected = whole.step(entry);
        let snapshot = cut.snapshot();
        cut = restore(cut.version(), &snapshot)
            .unwrap_or_else(|| panic!("{name}: the snapshot before {:?} can't be restored", entry.position));
        assert_eq!(
            cut.snapshot(),
            snapshot,
            "{name}: restoring before {:?} changes the state",
            entry.position
        );
        assert_eq!(cut.step(entry), expected, "{name}: events of {:?}", entry.position);
        assert_eq!(cut.wanted(), whole.wanted(), "{name}: frames wanted after {:?}", entry.position);
        assert_eq!(cut.pending(), whole.pending(), "{name}: requests pending after {:?}", entry.position);
        assert_eq!(
            cut.capabilities(),
            whole.capabilities(),
            "{name}: capabilities after {:?}",
            entry.position
        );
    }
}

/// Cuts the journal's records at every place, restarts framer and codec there, and demands the same events.
pub fn check_restarts(name: &str, fresh: Fresh<'_>, restore: Restore<'_>, records: &[Record]) {
    let mut whole: Vec<(ganger_core::journal::Position, Vec<AgentEvent>)> = Vec::new();
    let mut saved = Vec::new();
    let (mut framer, mut codec) = (Framer::new(), fresh());
    for record in records {
        for entry in framer.push(record) {
            whole.push((entry.position, codec.step(&entry)));
            saved.push((entry.position, framer.restart_record(), codec.snapshot()));
        }
    }
    // Every seventh snapshot, not all of them: the work grows with the square.
    for (position, from, snapshot) in saved.iter().step_by(7) {
        let mut framer = Framer::resume(*position);
        let mut codec = restore(fresh().version(), snapshot).unwrap();
        let mut rest = Vec::new();
        for record in records.iter().filter(|record| record.position >= *from) {
            for entry in framer.push(record) {
                rest.push((entry.position, codec.step(&entry)));
            }
        }
        let expected: Vec<_> = whole.iter().filter(|(at, _)| at > position).cloned().collect();
        assert_eq!(rest, expected, "{name}: restart after {position:?} from record {from}");
    }
}

/// The same journal with its output torn into records at other places.
pub fn torn(records: &[Record], size: usize) -> Vec<Record> {
    let mut torn: Vec<Record> = Vec::new();
    for record in records {
        let pieces: Vec<Vec<u8>> = record.bytes.chunks(size).map(<[u8]>::to_vec).collect();
        let last = pieces.len().saturating_sub(1);
        let stream = matches!(record.kind, RecordKind::Out | RecordKind::Err);
        let whole = matches!(record.kind, RecordKind::Exit | RecordKind::Flushed);
        let pieces = if whole || pieces.is_empty() { vec![record.bytes.clone()] } else { pieces };
        for (at, bytes) in pieces.into_iter().enumerate() {
            let position = torn.len() as u64 + 1;
            let continued = !stream && !whole && at < last;
            torn.push(Record { position, bytes, continued, ..record.clone() });
        }
    }
    torn
}
