//! The host protocol, version 1: frames over the Unix socket `sock` in the host's directory.
//!
//! A frame is its length (u32, little endian, of what follows), a tag byte and a body. Tag 0 is a message: the
//! length of its JSON (u32), the JSON, and raw bytes where the message carries some. Tag 1 is a journal record in
//! its disk form. Requests carry an id that their reply repeats; replies come in the order of the requests, records
//! in the order of the journal, and the two kinds are mixed. The protocol is opaque: nothing in it depends on what
//! agent's lines mean, so it hardly ever changes.

use crate::journal::{self, Decoded};
use crate::spec::Status;
use ganger_core::journal::{ExitStatus, Record};
use serde::{Deserialize, Serialize};

/// The version that this build speaks.
pub const VERSION: u32 = 1;
/// The versions that a host of this build serves.
pub const SERVED: &[u32] = &[1];
/// The most bytes in one frame.
pub const MAX_FRAME: usize = 17 << 20;
/// The most bytes in one write, note or farewell.
pub const MAX_BODY: usize = 16 << 20;
/// The most bytes waiting for an agent that does not read; beyond, writes are refused.
pub const MAX_QUEUED: usize = 32 << 20;

/// What a controller says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Become the one controller, and be sent all records from position `from` on. Closes the earlier controller's
    /// connection; what was read from that and is not journalled is not executed.
    Attach {
        /// The protocol's version, see [`VERSION`].
        protocol: u32,
        /// The daemon's epoch. A host refuses a lower one than it has ever seen.
        daemon_epoch: u64,
        /// The first position wanted; 0 and 1 are the beginning.
        from: u64,
    },
    /// Bytes for the agent. Replied to when they are journalled.
    Write {
        /// The last accepted counter plus one.
        n: u64,
        /// The frame's key, kept in the journal; at most 1 KB.
        key: String,
        /// The bytes.
        #[serde(skip)]
        bytes: Vec<u8>,
    },
    /// Bytes for the journal alone.
    Note {
        /// The last accepted counter plus one.
        n: u64,
        /// The bytes.
        #[serde(skip)]
        bytes: Vec<u8>,
    },
    /// Bring the journal up to this position to the disk.
    Sync {
        /// The position.
        upto: u64,
    },
    /// Send a signal to the agent's process.
    Signal {
        /// The signal's number on this machine.
        signal: i32,
    },
    /// End the agent: the farewell is written and its input closed; after `grace_ms` it gets `SIGTERM`; after
    /// another `kill_ms` everything that it started is killed.
    Stop {
        /// Milliseconds for the farewell.
        grace_ms: u64,
        /// Milliseconds for `SIGTERM`.
        kill_ms: u64,
        /// The farewell, possibly empty.
        #[serde(skip)]
        farewell: Vec<u8>,
    },
    /// How are things? Answered to any connection.
    Status,
}

impl Request {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Write { bytes, .. } | Self::Note { bytes, .. } | Self::Stop { farewell: bytes, .. } => {
                bytes
            }
            _ => &[],
        }
    }

    fn set_bytes(&mut self, from: &[u8]) {
        if let Self::Write { bytes, .. } | Self::Note { bytes, .. } | Self::Stop { farewell: bytes, .. } =
            self
        {
            *bytes = from.to_vec();
        }
    }
}

/// What a host is doing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// The agent's process is about to be started.
    Starting,
    /// It runs.
    Running,
    /// It runs, but nothing can be journalled: its output is not read and writes are refused until that changes.
    Blocked {
        /// The system's reason, such as a full disk.
        reason: String,
    },
    /// It is being ended.
    Stopping,
    /// It ended.
    Ended {
        /// How.
        status: ExitStatus,
    },
}

/// What the host says to a successful attach.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attached {
    /// The host's incarnation, fixed for its life.
    pub incarnation: u64,
    /// The position of the last record; the controller writes only after its fold has reached it.
    pub head: u64,
    /// The last accepted counter of writes and notes.
    pub last_write: u64,
    /// The counter of the last write that has wholly reached the agent's pipe.
    pub flushed: u64,
    /// What the host is doing.
    pub state: RunState,
}

/// Why a request was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// A daemon with a higher epoch was here.
    #[error(
        "the daemon epoch {offered} is older than {highest}, which this host has already served: this state is \
         older than the running agents"
    )]
    StaleEpoch {
        /// The epoch offered.
        offered: u64,
        /// The highest seen.
        highest: u64,
    },
    /// The version is not spoken.
    #[error("the host does not speak version {offered} of its protocol, only {served:?}")]
    Protocol {
        /// The version offered.
        offered: u32,
        /// The versions served.
        served: Vec<u32>,
    },
    /// The controller knows more than the journal holds: the machine lost power in between.
    #[error("the journal ends at position {head}, before the wanted position {from}: records were lost")]
    Beyond {
        /// The first position wanted.
        from: u64,
        /// The last position there is.
        head: u64,
    },
    /// Only the attached connection may do this.
    #[error("this connection is not the host's controller: attach first")]
    NotAttached,
    /// The counter is not the next one.
    #[error("the counter {n} is not the one after {last}, the last that was accepted")]
    Counter {
        /// The counter offered.
        n: u64,
        /// The last one accepted.
        last: u64,
    },
    /// Nothing can be journalled at present.
    #[error("the host cannot write its journal: {reason}")]
    Blocked {
        /// The system's reason.
        reason: String,
    },
    /// The agent does not read.
    #[error("{queued} bytes already wait for the agent, which does not read its input; at most {limit} may")]
    Busy {
        /// Bytes waiting.
        queued: u64,
        /// The limit.
        limit: u64,
    },
    /// The agent's input is closed, by itself or because it is being ended.
    #[error("the agent's standard input is closed")]
    InputClosed,
    /// A key or body is too long.
    #[error("the {what} is {length} bytes long; at most {limit} are possible")]
    TooLong {
        /// What: `key` or `body`.
        what: String,
        /// Its length.
        length: u64,
        /// The limit.
        limit: u64,
    },
    /// The position to be synced is not written yet.
    #[error("position {upto} cannot be synced: the journal ends at {head}")]
    SyncBeyond {
        /// The position.
        upto: u64,
        /// The last position there is.
        head: u64,
    },
    /// There is no such signal here, or it may not be sent.
    #[error("the signal {signal} cannot be sent: it is no named signal of this system")]
    NoSuchSignal {
        /// The number.
        signal: i32,
    },
    /// The process has ended.
    #[error("the agent's process has ended")]
    Ended,
}

/// What a host says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::Attach`].
    Attached(Attached),
    /// To a write or note: it is journalled.
    Accepted {
        /// Its counter.
        n: u64,
        /// The position of its last record.
        position: u64,
    },
    /// To [`Request::Sync`]: the journal is on the disk at least up to this position.
    Synced {
        /// The position.
        upto: u64,
    },
    /// To a signal or stop: it is under way.
    Done,
    /// To [`Request::Status`].
    Status {
        /// What the host is doing.
        state: RunState,
        /// The position of the last record.
        head: u64,
        /// The last accepted counter.
        last_write: u64,
        /// The last counter that has reached the agent's pipe.
        flushed: u64,
        /// What stands on disk.
        status: Box<Status>,
    },
    /// To anything: no, and nothing changed.
    Refused(Refusal),
    /// To the controller unasked (with request id 0): the state changed.
    State(RunState),
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    id: u64,
    #[serde(flatten)]
    message: T,
}

/// One frame, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame<T> {
    /// A message with its request id.
    Message(u64, T),
    /// A record of the journal.
    Record(Record),
}

/// Why bytes are no frame. The connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than any frame.
    #[error("a frame of {length} bytes is longer than the {MAX_FRAME} that are possible")]
    TooLong {
        /// The announced length.
        length: usize,
    },
    /// No frame at all.
    #[error("the bytes are no frame of the host protocol: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
}

fn malformed(what: impl ToString) -> FrameError {
    FrameError::Malformed { what: what.to_string() }
}

/// A frame's tag, its body, and its whole length.
type Split<'bytes> = (u8, &'bytes [u8], usize);

/// Takes one frame off the beginning of `bytes`; `None` if more is needed.
fn split(bytes: &[u8]) -> Result<Option<Split<'_>>, FrameError> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head) as usize;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong { length });
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let Some((tag, body)) = body.split_first() else { return Err(malformed("it is empty")) };
    Ok(Some((*tag, body, 4 + length)))
}

fn message<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<(u64, T, &[u8]), FrameError> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(|| malformed("it has no length"))?;
    let length = u32::from_le_bytes(*length) as usize;
    let (json, bytes) = rest.split_at_checked(length).ok_or_else(|| malformed("it ends in its JSON"))?;
    let envelope: Envelope<T> = serde_json::from_slice(json).map_err(malformed)?;
    Ok((envelope.id, envelope.message, bytes))
}

fn put<T: Serialize>(id: u64, message: T, bytes: &[u8], into: &mut Vec<u8>) {
    // Requests and replies are plain enums with text keys, which always have a JSON form.
    let json = serde_json::to_vec(&Envelope { id, message }).unwrap_or_default();
    into.extend_from_slice(&((1 + 4 + json.len() + bytes.len()) as u32).to_le_bytes());
    into.push(0);
    into.extend_from_slice(&(json.len() as u32).to_le_bytes());
    into.extend_from_slice(&json);
    into.extend_from_slice(bytes);
}

/// Appends the frame of a request to `into`.
pub fn put_request(id: u64, request: &Request, into: &mut Vec<u8>) {
    put(id, request, request.bytes(), into);
}

/// Appends the frame of a reply to `into`.
pub fn put_reply(id: u64, reply: &Reply, into: &mut Vec<u8>) {
    put(id, reply, &[], into);
}

/// Appends the frame of a record to `into`.
pub fn put_record(record: &Record, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&[0, 0, 0, 0, 1]);
    journal::encode(record, into);
    let length = (into.len() - start - 4) as u32;
    into[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// Reads the request that begins `bytes`: its id, itself and its whole length; `None` if more is needed.
///
/// # Errors
/// The bytes are no request.
pub fn take_request(bytes: &[u8]) -> Result<Option<(u64, Request, usize)>, FrameError> {
    let Some((tag, body, length)) = split(bytes)? else { return Ok(None) };
    if tag != 0 {
        return Err(malformed("a controller sent a record"));
    }
    let (id, mut request, bytes) = message::<Request>(body)?;
    request.set_bytes(bytes);
    Ok(Some((id, request, length)))
}

/// Reads what a host sent at the beginning of `bytes`: the frame and its whole length; `None` if more is needed.
///
/// # Errors
/// The bytes are neither a reply nor a record.
pub fn take_reply(bytes: &[u8]) -> Result<Option<(Frame<Reply>, usize)>, FrameError> {
    let Some((tag, body, length)) = split(bytes)? else { return Ok(None) };
    let frame = match tag {
        0 => message(body).map(|(id, reply, _)| Frame::Message(id, reply))?,
        1 => match journal::decode(body) {
            Decoded::Record(record, _) => Frame::Record(record),
            _ => return Err(malformed("a record is damaged")),
        },
        tag => return Err(malformed(format!("the tag {tag} is unknown"))),
    };
    Ok(Some((frame, length)))
}
