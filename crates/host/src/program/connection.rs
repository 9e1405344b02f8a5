//! One connection to a host's socket.

use crate::journal::{JournalItem, JournalReader};
use crate::machine::ConnectionId;
use crate::protocol::{self, FrameError, Reply, Request};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Records are taken from the journal only while fewer bytes than this wait for the peer, so a slow peer costs no
/// memory and holds nobody up.
const OUT_LOW: usize = 256 << 10;
/// A peer for whom more than this waits asks without reading, and is closed.
const OUT_LIMIT: usize = 4 << 20;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    records: Option<(JournalReader, u64)>,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { id, stream, input: Vec::new(), output: Vec::new(), sent: 0, records: None })
    }

    /// Reads what is there; `false` once the peer is gone.
    pub(super) fn read_some(&mut self, buffer: &mut [u8]) -> bool {
        match self.stream.read(buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.input.extend_from_slice(&buffer[..count]);
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// The next whole request that was read.
    pub(super) fn next_request(&mut self) -> Result<Option<(u64, Request)>, FrameError> {
        let Some((id, request, length)) = protocol::take_request(&self.input)? else { return Ok(None) };
        self.input.drain(..length);
        if self.input.is_empty() && self.input.capacity() > OUT_LOW {
            self.input = Vec::new();
        }
        Ok(Some((id, request)))
    }

    pub(super) fn reply(&mut self, id: u64, reply: &Reply) {
        protocol::put_reply(id, reply, &mut self.output);
    }

    pub(super) fn stream_from(&mut self, directory: &Path, from: u64) {
        self.records = Some((JournalReader::open(directory, from), from));
    }

    /// Whether something waits to be written.
    pub(super) fn wants_to_write(&self, head: u64) -> bool {
        self.sent < self.output.len() || self.records.as_ref().is_some_and(|(_, next)| *next <= head)
    }

    /// Writes what the peer takes now; `false` once the connection is of no use.
    pub(super) fn write_some(&mut self, head: u64) -> bool {
        loop {
            self.fill(head);
            if self.sent == self.output.len() {
                return true;
            }
            match self.stream.write(&self.output[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.output.len() - self.sent < OUT_LIMIT;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
            if self.sent == self.output.len() {
                self.output.clear();
                self.sent = 0;
            }
        }
    }

    fn fill(&mut self, head: u64) {
        let Some((reader, next)) = &mut self.records else { return };
        while *next <= head && self.output.len() - self.sent < OUT_LOW {
            match reader.next() {
                Ok(Some(JournalItem::Record(record))) => {
                    *next = record.position + 1;
                    protocol::put_record(&record, &mut self.output);
                }
                // Damage in a live journal: the gap in the positions tells the peer.
                Ok(Some(JournalItem::Damage { .. })) => {}
                // Read again at the next opportunity.
                Ok(None) | Err(_) => return,
            }
        }
    }
}
