//! The journal on disk: an append-only sequence of records in segments.
//!
//! A segment is the file `journal.<position of its first record, 20 digits>`. A record is, all numbers in little
//! endian:
//!
//! ```text
//! 0  magic "GJR1"   4  length u32 of what follows the checksum   8  CRC-32 u32 of what follows
//! 12 position u64   20 time u64 (ms since 1970)   28 n u64   36 kind u8   37 flags u8 (1 = continued)
//! 38 length of the key u16   40 key   … bytes
//! ```
//!
//! A record is written before it is handed on, without fsync: that survives every kill. It is fsynced when a
//! controller asks (`sync`) and at the end. A reader drops a torn last record; a bad one in the middle is reported
//! and the rest is readable.

use crate::files;
use ganger_core::journal::{Record, RecordKind};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The most bytes in one record; longer data runs over several.
pub const MAX_BYTES: usize = 64 << 10;
/// The longest key of a write, in bytes.
pub const MAX_KEY: usize = 1 << 10;
/// A segment that has reached this length is followed by another.
pub const SEGMENT_BYTES: u64 = 8 << 20;

const MAGIC: &[u8; 4] = b"GJR1";
const HEAD: usize = 12;
const FIXED: usize = 28;
const PREFIX: &str = "journal.";

const fn kind_code(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::Out => 1,
        RecordKind::Err => 2,
        RecordKind::In => 3,
        RecordKind::Note => 4,
        RecordKind::Flushed => 5,
        RecordKind::Exit => 6,
    }
}

const fn kind_of(code: u8) -> Option<RecordKind> {
    Some(match code {
        1 => RecordKind::Out,
        2 => RecordKind::Err,
        3 => RecordKind::In,
        4 => RecordKind::Note,
        5 => RecordKind::Flushed,
        6 => RecordKind::Exit,
        _ => return None,
    })
}

/// Appends the disk form of `record` to `into`. Keys are cut at [`MAX_KEY`] by those who accept them.
pub fn encode(record: &Record, into: &mut Vec<u8>) {
    let start = into.len();
    let body = FIXED + record.key.len() + record.bytes.len();
    into.extend_from_slice(MAGIC);
    into.extend_from_slice(&(body as u32).to_le_bytes());
    into.extend_from_slice(&[0; 4]);
    into.extend_from_slice(&record.position.to_le_bytes());
    into.extend_from_slice(&record.at_ms.to_le_bytes());
    into.extend_from_slice(&record.n.to_le_bytes());
    into.push(kind_code(record.kind));
    into.push(u8::from(record.continued));
    into.extend_from_slice(&(record.key.len() as u16).to_le_bytes());
    into.extend_from_slice(record.key.as_bytes());
    into.extend_from_slice(&record.bytes);
    let crc = crc32fast::hash(&into[start + HEAD..]);
    into[start + 8..start + HEAD].copy_from_slice(&crc.to_le_bytes());
}

/// What stands at the beginning of some bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decoded {
    /// A record, and how many bytes it takes.
    Record(Record, usize),
    /// Perhaps the beginning of one.
    Incomplete,
    /// No record.
    Damaged,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut number = [0; N];
    number.copy_from_slice(&bytes[at..at + N]);
    number
}

/// Reads the record that begins `bytes`.
pub fn decode(bytes: &[u8]) -> Decoded {
    if !bytes.starts_with(&MAGIC[..bytes.len().min(4)]) {
        return Decoded::Damaged;
    }
    if bytes.len() < HEAD {
        return Decoded::Incomplete;
    }
    let length = u32::from_le_bytes(number(bytes, 4)) as usize;
    if !(FIXED..=FIXED + MAX_KEY + MAX_BYTES).contains(&length) {
        return Decoded::Damaged;
    }
    let Some(body) = bytes.get(HEAD..HEAD + length) else { return Decoded::Incomplete };
    if crc32fast::hash(body) != u32::from_le_bytes(number(bytes, 8)) {
        return Decoded::Damaged;
    }
    let key_end = FIXED + usize::from(u16::from_le_bytes(number(body, 26)));
    let (Some(kind), Some(key)) = (kind_of(body[24]), body.get(FIXED..key_end)) else {
        return Decoded::Damaged;
    };
    let Ok(key) = str::from_utf8(key) else { return Decoded::Damaged };
    let record = Record {
        position: u64::from_le_bytes(number(body, 0)),
        at_ms: u64::from_le_bytes(number(body, 8)),
        n: u64::from_le_bytes(number(body, 16)),
        kind,
        key: key.to_owned(),
        continued: body[25] & 1 != 0,
        bytes: body[key_end..].to_vec(),
    };
    Decoded::Record(record, HEAD + length)
}

/// The first positions of the segments in `directory`, rising.
fn segments(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        if let Some(first) =
            entry?.file_name().to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok())
        {
            found.push(first);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn segment_path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{PREFIX}{first:020}"))
}

/// The one writer of a journal.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    file: File,
    length: u64,
    head: u64,
    segment_bytes: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens the journal in `directory` for appending, or begins one. What a crash left torn at its end is cut off.
    ///
    /// # Errors
    /// The directory or a segment cannot be read or written.
    pub fn open(directory: &Path) -> io::Result<Self> {
        Self::with_segments_of(directory, SEGMENT_BYTES)
    }

    fn with_segments_of(directory: &Path, segment_bytes: u64) -> io::Result<Self> {
        let first = segments(directory)?.last().copied().unwrap_or(1);
        let file = files::private_file()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(segment_path(directory, first))?;
        File::open(directory)?.sync_all()?;
        let mut head = first - 1;
        let mut length = 0;
        let mut reader = JournalReader::open(directory, first);
        while let Some(item) = reader.next()? {
            if let JournalItem::Record(record) = item {
                head = record.position;
            }
            length = reader.offset();
        }
        file.set_len(length)?;
        Ok(Self { directory: directory.to_owned(), file, length, head, segment_bytes, buffer: Vec::new() })
    }

    /// The position of the last record; 0 if there is none.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// Appends all of `records`, whose positions follow the head without a gap, or none of them.
    ///
    /// # Errors
    /// Nothing was appended, typically for want of space.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let Some(last) = records.last() else { return Ok(()) };
        if self.length >= self.segment_bytes {
            let first = self.head + 1;
            self.file.sync_data()?;
            let next = files::private_file()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(segment_path(&self.directory, first))?;
            File::open(&self.directory)?.sync_all()?;
            self.file = next;
            self.length = 0;
        }
        self.buffer.clear();
        for record in records {
            encode(record, &mut self.buffer);
        }
        if let Err(error) = self.file.write_all_at(&self.buffer, self.length) {
            // Half a record must not stay where the next append begins; if even this fails, the next append
            // overwrites it and a reader takes it for torn.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += self.buffer.len() as u64;
        self.head = last.position;
        // A burst must not hold memory for the rest of a long life.
        if self.buffer.capacity() > 4 * MAX_BYTES {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// Brings everything appended so far to the disk.
    ///
    /// # Errors
    /// The disk refused; then nothing is promised about the records since the last success.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// What a reader meets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JournalItem {
    /// A record.
    Record(Record),
    /// Bytes that are no record, with records behind them.
    Damage {
        /// The segment's file name.
        segment: String,
        /// Where in it the damage begins.
        offset: u64,
        /// The position of the last good record before it; 0 if there is none.
        after: u64,
    },
}

/// Reads a journal from a position on, also one that is being written.
#[derive(Debug)]
pub struct JournalReader {
    directory: PathBuf,
    from: u64,
    last: u64,
    open: Option<Segment>,
}

#[derive(Debug)]
struct Segment {
    first: u64,
    file: File,
    /// Offset in the file of the first byte not yet taken out of `buffer`.
    offset: u64,
    buffer: Vec<u8>,
    taken: usize,
}

impl Segment {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
        self.offset += count as u64;
    }

    /// Reads more; `false` at the end.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let have = self.buffer.len();
        self.buffer.resize(have + wanted, 0);
        let count = self.file.read_at(&mut self.buffer[have..], self.offset + have as u64);
        self.buffer.truncate(have + count.as_ref().map_or(0, |count| *count));
        Ok(count? > 0)
    }

    /// How far the next whole record behind something bad is, if there is one in this segment.
    fn next_record(&mut self) -> io::Result<Option<usize>> {
        while self.fill(1 << 20)? {}
        let rest = self.rest();
        Ok((1..rest.len().saturating_sub(HEAD))
            .find(|&at| matches!(decode(&rest[at..]), Decoded::Record(..))))
    }
}

impl JournalReader {
    /// A reader of the journal in `directory` whose first record will have the position `from` or a later one.
    pub fn open(directory: &Path, from: u64) -> Self {
        Self { directory: directory.to_owned(), from, last: 0, open: None }
    }

    fn offset(&self) -> u64 {
        self.open.as_ref().map_or(0, |segment| segment.offset)
    }

    fn open_segment(&mut self, first: u64) -> io::Result<()> {
        let file = File::open(segment_path(&self.directory, first))?;
        self.open = Some(Segment { first, file, offset: 0, buffer: Vec::new(), taken: 0 });
        Ok(())
    }

    /// The next item, or `None` at what is the end for now: more may come while a host writes.
    ///
    /// # Errors
    /// A segment cannot be read. Calling again tries again.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not go on after its end")]
    pub fn next(&mut self) -> io::Result<Option<JournalItem>> {
        loop {
            let Some(segment) = &mut self.open else {
                let all = segments(&self.directory)?;
                let from = self.from;
                let Some(first) = all.iter().rev().find(|first| **first <= from).or(all.first()) else {
                    return Ok(None);
                };
                self.open_segment(*first)?;
                continue;
            };
            let damaged = match decode(segment.rest()) {
                Decoded::Record(record, length) => {
                    segment.take(length);
                    self.last = record.position;
                    if record.position < self.from {
                        continue;
                    }
                    return Ok(Some(JournalItem::Record(record)));
                }
                Decoded::Incomplete if segment.fill(2 * MAX_BYTES)? => continue,
                Decoded::Incomplete => !segment.rest().is_empty(),
                Decoded::Damaged => true,
            };
            let damage = JournalItem::Damage {
                segment: format!("{PREFIX}{:020}", segment.first),
                offset: segment.offset,
                after: self.last,
            };
            if damaged && let Some(distance) = segment.next_record()? {
                segment.take(distance);
                return Ok(Some(damage));
            }
            let first = segment.first;
            let Some(next) = segments(&self.directory)?.into_iter().find(|next| *next > first) else {
                return Ok(None);
            };
            self.open_segment(next)?;
            if damaged {
                return Ok(Some(damage));
            }
        }
    }
}

#[cfg(test)]
mod tests;
