//! The shape every codec has.

use ganger_core::agent::{AgentEvent, AgentRequest, SessionCommand};
use ganger_core::ids::EffectId;
use ganger_core::journal::{ExitStatus, Position};
use serde::{Deserialize, Serialize};

/// One whole entry of a journal, as the framer made it of records.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Where the entry ends.
    pub position: Position,
    /// Wall time of its last record, in milliseconds since 1970.
    pub at_ms: u64,
    /// What it is.
    pub body: EntryBody,
}

/// What an entry holds.
#[derive(Clone, PartialEq, Debug)]
pub enum EntryBody {
    /// A whole line of the agent's standard output, without its end.
    Out(String),
    /// A whole line of its standard error.
    Err(String),
    /// A frame that was written to the agent.
    In {
        /// The counter shared by notes and writes.
        n: u64,
        /// The frame's key.
        key: String,
        /// The frame's bytes.
        bytes: Vec<u8>,
    },
    /// A command to the session.
    Note {
        /// The counter shared by notes and writes.
        n: u64,
        /// The command.
        note: Note,
    },
    /// The process ended.
    Exit(ExitStatus),
}

/// The body of a note: a command and the effect it carries out. Its JSON is what the host stores.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// The effect that this command carries out, where it is one.
    pub effect: Option<EffectId>,
    /// The command.
    pub command: SessionCommand,
}

/// A frame that a codec wants written to its agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The frame's key: the same in every replay.
    pub key: String,
    /// The whole frame, its line end included.
    pub bytes: Vec<u8>,
}

/// Why a command cannot be given to this agent, a sentence for a person.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Unsupported {
    /// The sentence.
    pub reason: String,
}

/// What an agent can do, known after the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Capabilities {
    /// An earlier conversation can be loaded.
    pub load: bool,
    /// A message can be given in the middle of a turn.
    pub steer: bool,
    /// Our tools travel over the journal; otherwise the bridge is needed.
    pub host_tools: bool,
    /// MCP servers can be handed over.
    pub mcp: bool,
}

/// A fold over the journal of one incarnation. `step` is total: whatever the agent writes gives events or none,
/// never a panic.
pub trait Codec: Send {
    /// Whether the command can be given now. Asked before a command is accepted.
    ///
    /// # Errors
    /// A sentence that says why not.
    fn check(&self, command: &SessionCommand) -> Result<(), Unsupported>;
    /// Takes the next entry.
    fn step(&mut self, entry: &Entry) -> Vec<AgentEvent>;
    /// Frames wanted and not yet seen as `In`, in order; keys stable under replay. Wire ids come from the note's
    /// counter.
    fn wanted(&self) -> Vec<Frame>;
    /// The agent's open requests, for reconciliation after attaching.
    fn pending(&self) -> Vec<AgentRequest>;
    /// The whole state, valid for `version` of the same codec.
    fn snapshot(&self) -> Vec<u8>;
    /// What the agent can do.
    fn capabilities(&self) -> Capabilities;
    /// The codec's name and version, such as `acp/1`; a snapshot of another one is not used.
    fn version(&self) -> &'static str;
    /// A frame that asks the program to leave, where the protocol has one.
    fn farewell(&self) -> Option<Vec<u8>>;
}
