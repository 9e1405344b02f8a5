//! Makes whole entries of a journal's records: lines of the agent's output, frames and notes that run over
//! several records, the end of the process. Pure, and the same in every replay.
//!
//! # Restarting from a snapshot
//!
//! A codec's snapshot stands at the position of an entry. At that moment a line of another stream may be half
//! read, and the record itself may hold more lines. So whoever stores a snapshot also stores
//! [`Framer::restart_record`], asked right after the push of the record that gave the entry. To go on from the
//! snapshot, make a framer with [`Framer::resume`] and push the records from that number on: what ends at or
//! before the snapshot's position is swallowed, the rest comes with the positions it always had.

use crate::codec::{Entry, EntryBody, Note};
use ganger_core::journal::{ExitStatus, Position, Record, RecordKind};

/// The longest line, frame or note that is put together, in bytes. What is longer is left out and named by a
/// notice.
pub const LINE_LIMIT: usize = 64 * 1024 * 1024;

/// How a line of standard error begins that the framer itself made: something of the journal that could not be
/// turned into an entry. Codecs report such lines as warnings.
pub const NOTICE: &str = "ganger: ";

/// Bytes of something that has begun and not yet ended.
#[derive(Debug, Default)]
struct Partial {
    /// The record in which it begins; 0 while nothing is open.
    begun: u64,
    bytes: Vec<u8>,
    /// All its bytes, those beyond the limit included.
    length: usize,
}

impl Partial {
    fn take_in(&mut self, record: u64, bytes: &[u8], limit: usize) {
        if self.begun == 0 {
            self.begun = record;
        }
        self.length += bytes.len();
        let room = limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self) -> Self {
        std::mem::take(self)
    }

    fn is_open(&self) -> bool {
        self.begun != 0
    }
}

/// Turns records, pushed in order, into entries.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    out: Partial,
    err: Partial,
    frame: Partial,
    note: Partial,
    /// The last record pushed, 0 before the first.
    last: u64,
    restart: u64,
    after: Position,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

impl Framer {
    /// A framer for a journal's beginning.
    pub fn new() -> Self {
        Self::resume(Position::default())
    }

    /// A framer that swallows the entries at or before `after`, the position of a snapshot. Push the records
    /// from the stored restart record on.
    pub fn resume(after: Position) -> Self {
        Self::with_limit(after, LINE_LIMIT)
    }

    fn with_limit(after: Position, limit: usize) -> Self {
        Self {
            limit,
            out: Partial::default(),
            err: Partial::default(),
            frame: Partial::default(),
            note: Partial::default(),
            last: 0,
            restart: 1,
            after,
        }
    }

    /// The record from which a later framer has to read to go on after any entry of the record pushed last.
    pub const fn restart_record(&self) -> u64 {
        self.restart
    }

    /// Takes the next record and gives the entries that end in it. A record that was pushed before is ignored;
    /// a missing one is named by a notice, and what was open at the gap is left out.
    pub fn push(&mut self, record: &Record) -> Vec<Entry> {
        if record.position <= self.last {
            return Vec::new();
        }
        let mut entries = Entries { record, after: self.after, ordinal: 0, entries: Vec::new() };
        let open = [&self.out, &self.err, &self.frame, &self.note];
        let first_open = open.iter().filter(|partial| partial.is_open()).map(|partial| partial.begun).min();
        self.restart = first_open.unwrap_or(record.position).min(record.position);
        if self.last != 0 && record.position != self.last + 1 {
            // A resumed framer must meet the gap again, so that the ordinals after it stay the same.
            self.restart = self.restart.min(self.last);
            entries.notice(&gap(self.last, record.position));
            for partial in [&mut self.out, &mut self.err, &mut self.frame, &mut self.note] {
                partial.finish();
            }
        }
        self.last = record.position;
        match record.kind {
            RecordKind::Out => lines(&mut self.out, self.limit, record, &mut entries, EntryBody::Out),
            RecordKind::Err => lines(&mut self.err, self.limit, record, &mut entries, EntryBody::Err),
            RecordKind::In => {
                self.frame.take_in(record.position, &record.bytes, self.limit);
                if !record.continued {
                    let bytes = self.frame.finish().bytes;
                    entries.push(EntryBody::In { n: record.n, key: record.key.clone(), bytes });
                }
            }
            RecordKind::Note => {
                self.note.take_in(record.position, &record.bytes, self.limit);
                if !record.continued {
                    match serde_json::from_slice::<Note>(&self.note.finish().bytes) {
                        Ok(note) => entries.push(EntryBody::Note { n: record.n, note }),
                        Err(error) => entries.notice(&format!(
                            "note {} of the journal can't be read and is left out: {error}",
                            record.n
                        )),
                    }
                }
            }
            RecordKind::Flushed => {}
            RecordKind::Exit => {
                for (partial, body) in [
                    (&mut self.out, EntryBody::Out as fn(String) -> EntryBody),
                    (&mut self.err, EntryBody::Err as fn(String) -> EntryBody),
                ] {
                    if partial.is_open() {
                        line(partial, self.limit, &mut entries, body);
                    }
                }
                match serde_json::from_slice::<ExitStatus>(&record.bytes) {
                    Ok(status) => entries.push(EntryBody::Exit(status)),
                    Err(error) => {
                        entries.notice(&format!("how the process ended can't be read: {error}"));
                        entries.push(EntryBody::Exit(ExitStatus { code: None, signal: None }));
                    }
                }
            }
        }
        entries.entries
    }
}

fn gap(last: u64, next: u64) -> String {
    if last + 2 == next {
        format!("record {} of the journal is missing", last + 1)
    } else {
        format!("records {} to {} of the journal are missing", last + 1, next - 1)
    }
}

/// The entries of one record, numbered as they come.
struct Entries<'a> {
    record: &'a Record,
    after: Position,
    ordinal: u32,
    entries: Vec<Entry>,
}

impl Entries<'_> {
    fn push(&mut self, body: EntryBody) {
        let position = Position { record: self.record.position, ordinal: self.ordinal };
        self.ordinal += 1;
        if position > self.after {
            self.entries.push(Entry { position, at_ms: self.record.at_ms, body });
        }
    }

    fn notice(&mut self, text: &str) {
        self.push(EntryBody::Err(format!("{NOTICE}{text}")));
    }
}

fn lines(
    partial: &mut Partial,
    limit: usize,
    record: &Record,
    entries: &mut Entries<'_>,
    body: fn(String) -> EntryBody,
) {
    let mut rest = record.bytes.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        partial.take_in(record.position, &rest[..end], limit);
        line(partial, limit, entries, body);
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        partial.take_in(record.position, rest, limit);
    }
}

/// Ends the open line. Empty lines are entries too: an ordinal must not depend on where reading began.
fn line(partial: &mut Partial, limit: usize, entries: &mut Entries<'_>, body: fn(String) -> EntryBody) {
    let mut whole = partial.finish();
    if whole.length > limit {
        entries.notice(&format!(
            "a line of {} bytes is longer than {limit} bytes and is left out; it begins in record {} of the journal",
            whole.length, whole.begun
        ));
        return;
    }
    if whole.bytes.last() == Some(&b'\r') {
        whole.bytes.pop();
    }
    // Not every agent guards its output: what is no UTF-8 is shown as replacement characters.
    entries.push(body(match String::from_utf8(whole.bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }));
}

#[cfg(test)]
mod tests;
