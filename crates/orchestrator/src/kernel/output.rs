//! What a kernel wants done. One type for every stage: a bare kernel's append holds the core's events, that of a
//! kernel behind its shell holds what the store takes.

use super::conversation::HostWrite;
use super::{CommandOutcome, SyncNeed, Token};
use ganger_core::agent::{AgentEvent, ToolAnswer};
use ganger_core::effect::Effect;
use ganger_core::env::Times;
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::journal::Position;
use ganger_core::message::{Address, Message};

/// A decision that is not yet durable.
#[derive(Clone, Debug)]
pub struct Decided<E> {
    /// The version the stream has now.
    pub expected_version: u64,
    /// The events, possibly none for a command that changes nothing.
    pub events: Vec<E>,
    /// The times of the decision.
    pub at: Times,
    /// What must be on disk first.
    pub sync: Option<SyncNeed>,
    /// The key of the command that this append carries out.
    pub key: Option<String>,
}

/// What the shell is to do. `D` is what it appends.
#[derive(Clone, Debug)]
pub enum Output<D> {
    /// Append, after the sync, then say so.
    Append(D),
    /// Load the stream again: it is not known what it holds.
    Reload,
    /// Carry out an effect: a job or a presence.
    Run {
        /// The intent.
        effect: Effect,
        /// The attempt.
        attempt: u32,
    },
    /// The effect is not wanted any more; its runner says what became of it.
    Withdraw {
        /// The intent.
        effect: Effect,
        /// The attempt.
        attempt: u32,
    },
    /// Bring a message to its addressee.
    Send(Message),
    /// Tell the sender of a message that it is committed here.
    Receipt {
        /// The sender.
        to: Address,
        /// The message's number.
        number: u64,
    },
    /// Wake the kernel at a time.
    SetTimer {
        /// The timer's effect.
        effect: EffectId,
        /// In awake milliseconds.
        at_awake_ms: u64,
        /// Or in wall milliseconds, whichever comes first.
        at_wall_ms: Option<u64>,
    },
    /// Answer a command.
    Resolve {
        /// Who waits.
        token: Token,
        /// What became of it.
        outcome: CommandOutcome,
    },
    /// Write to a session's host.
    HostWrite {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// What.
        write: HostWrite,
    },
    /// Answer a held tool call.
    Reply {
        /// Who waits.
        token: Token,
        /// The answer.
        answer: ToolAnswer,
    },
    /// What an agent does, for those who watch. Not stored: the journal has it.
    Watch {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// Where the entry ends.
        position: Position,
        /// Its wall time.
        at_ms: u64,
        /// What.
        events: Vec<AgentEvent>,
    },
}

impl<D> Output<D> {
    /// The same, with another append.
    pub fn map_append<E>(self, prepare: impl FnOnce(D) -> E) -> Output<E> {
        match self {
            Self::Append(decided) => Output::Append(prepare(decided)),
            Self::Reload => Output::Reload,
            Self::Run { effect, attempt } => Output::Run { effect, attempt },
            Self::Withdraw { effect, attempt } => Output::Withdraw { effect, attempt },
            Self::Send(message) => Output::Send(message),
            Self::Receipt { to, number } => Output::Receipt { to, number },
            Self::SetTimer { effect, at_awake_ms, at_wall_ms } => {
                Output::SetTimer { effect, at_awake_ms, at_wall_ms }
            }
            Self::Resolve { token, outcome } => Output::Resolve { token, outcome },
            Self::HostWrite { session, incarnation, write } => {
                Output::HostWrite { session, incarnation, write }
            }
            Self::Reply { token, answer } => Output::Reply { token, answer },
            Self::Watch { session, incarnation, position, at_ms, events } => {
                Output::Watch { session, incarnation, position, at_ms, events }
            }
        }
    }
}
