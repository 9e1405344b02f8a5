//! What happens to a host and what it does, as data.

use crate::protocol::{Reply, Request};
use crate::spec::EndedBy;
use ganger_core::journal::{ExitStatus, Record};

/// The times of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// Milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds that the machine was awake, from any origin; never goes back.
    pub awake_ms: u64,
}

/// One connection to the socket; numbers are not used again.
pub type ConnectionId = u64;

/// What happens to a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The agent's process was started.
    Started,
    /// A request was read from a connection.
    Message {
        /// The connection.
        connection: ConnectionId,
        /// The request's id.
        id: u64,
        /// The request.
        request: Request,
    },
    /// A connection is gone.
    Closed(ConnectionId),
    /// The agent wrote to its standard output; at most 64 KB.
    Out(Vec<u8>),
    /// The agent wrote to its standard error; at most 64 KB.
    Err(Vec<u8>),
    /// So many bytes of those given by [`Action::WriteAgent`] are in the agent's pipe.
    Written(usize),
    /// The agent closed its input.
    InputBroken,
    /// The agent's process ended. What it left behind in its pipes may still come.
    Exited(ExitStatus),
    /// After [`Input::Exited`]: its descendants are gone and its pipes are empty.
    Gone,
    /// The records of the last [`Action::Append`] are in the journal.
    Appended,
    /// None of them is, for this reason.
    AppendFailed(String),
    /// The last [`Action::Sync`] succeeded.
    Synced,
    /// It failed, for this reason.
    SyncFailed(String),
    /// The last [`Action::KeepEpoch`] is on the disk.
    EpochKept,
    /// It is not, for this reason.
    EpochFailed(String),
    /// End, for this reason, which is not a controller's.
    End(EndedBy),
    /// The time of [`super::Machine::deadline`] has come.
    Tick,
}

/// What a host does. Carried out in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Append to the journal; answer with [`Input::Appended`] or [`Input::AppendFailed`].
    Append(Vec<Record>),
    /// Bring the journal to the disk; answer with [`Input::Synced`] or [`Input::SyncFailed`].
    Sync,
    /// Keep this daemon epoch on the disk; answer with [`Input::EpochKept`] or [`Input::EpochFailed`].
    KeepEpoch(u64),
    /// Queue bytes for the agent's standard input.
    WriteAgent(Vec<u8>),
    /// Close the agent's input once everything queued is written.
    CloseInput,
    /// Send a reply; the id is the request's, or 0.
    Reply(ConnectionId, u64, Reply),
    /// Send this connection, from now on, all records from this position up to [`super::Machine::head`].
    Stream(ConnectionId, u64),
    /// Close this connection and forget what was read from it.
    Close(ConnectionId),
    /// Send this signal to the agent's process.
    Signal(i32),
    /// Kill the agent and everything that it started.
    Kill,
    /// The journal is closed and on the disk: keep this as the status and end.
    Finish(ExitStatus),
}

/// What a machine begins with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beginning {
    /// The incarnation of the specification.
    pub incarnation: u64,
    /// The highest daemon epoch kept on disk; 0 for none.
    pub daemon_epoch: u64,
    /// The last position in the journal; 0 for a new one.
    pub head: u64,
    /// A job's whole input.
    pub input: Option<Vec<u8>>,
    /// A job's limit in milliseconds of awake time.
    pub timeout_ms: Option<u64>,
}
