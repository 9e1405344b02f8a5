//! The one loop that all three aggregates share: decide or absorb, append, apply, see what is owed.

use crate::effect::{Ledger, Outcome};
use crate::env::Env;
use crate::ids::EffectId;
use crate::message::{Address, MessageBody};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Why a person's command is refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// A stable code, such as `plan.changed`.
    pub code: String,
    /// One clear sentence: the input, what is wrong with it.
    pub message: String,
    /// What is possible instead, each a command or a sentence.
    pub hints: Vec<String>,
}

impl Rejection {
    /// A rejection without hints.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), hints: Vec::new() }
    }

    /// Adds what is possible instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A message as it reaches its addressee.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Received {
    /// From whom.
    pub from: Address,
    /// The sender's number for this addressee.
    pub number: u64,
    /// What.
    pub body: MessageBody,
}

/// What any aggregate can be told that is not a person's command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum CommonReport {
    /// A message arrived.
    Received(Received),
    /// One of this aggregate's messages was committed by its addressee.
    Receipted {
        /// The message's effect.
        effect: EffectId,
    },
    /// A job's attempt ended.
    Outcome {
        /// The effect.
        effect: EffectId,
        /// The attempt.
        attempt: u32,
        /// How.
        outcome: Outcome,
    },
    /// A timer's time has come.
    TimerFired {
        /// The timer's effect.
        effect: EffectId,
    },
}

impl CommonReport {
    /// The message that the report brings, where it is one.
    pub const fn as_received(&self) -> Option<&Received> {
        match self {
            Self::Received(received) => Some(received),
            _ => None,
        }
    }
}

/// A pure state machine over its own events.
pub trait Aggregate: Clone + Default + Send + Serialize + DeserializeOwned + 'static {
    /// Its facts.
    type Event: Clone + Serialize + DeserializeOwned + Send + std::fmt::Debug;
    /// What a person says.
    type Command: Clone + Send;
    /// Everything else it is told.
    type Report: Clone + Send + From<CommonReport>;

    /// The number of the state document's shape: a snapshot with another number is rebuilt from events.
    const SCHEMA: u32;

    /// A person's command.
    ///
    /// # Errors
    /// A rejection that says why nothing changed.
    fn decide(&self, command: Self::Command, env: &Env) -> Result<Vec<Self::Event>, Rejection>;
    /// Anything else. Total: never refuses.
    fn absorb(&self, report: Self::Report, env: &Env) -> Vec<Self::Event>;
    /// The fold. Total.
    fn apply(&mut self, event: &Self::Event);
    /// The message that a report brings, where it is one.
    fn received(report: &Self::Report) -> Option<&Received>;
    /// What is owed.
    fn ledger(&self) -> &Ledger;
    /// Whether a message with this number from this sender has already been committed here.
    fn has_seen(&self, from: Address, number: u64) -> bool;
}
