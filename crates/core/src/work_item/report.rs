//! What a work item is told that is not a person's command.

use super::state::Channel;
use crate::agent::AgentEvent;
use crate::aggregate::CommonReport;
use crate::ids::{EffectId, SessionId};
use crate::journal::Position;
use crate::process::Enforcement;
use serde::{Deserialize, Serialize};

/// When an agent was last heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// In awake milliseconds.
    pub at_awake_ms: u64,
    /// Whether a tool of its own runs.
    pub tool: bool,
}

/// What a work item is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum ItemReport {
    /// What any aggregate can be told.
    Common(CommonReport),
    /// The timer that watches an agent's silence came.
    Heard {
        /// The timer.
        timer: EffectId,
        /// When the agent was last heard.
        heard: Heard,
    },
    /// A session's host lives.
    HostStarted {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// What is enforced.
        enforcement: Enforcement,
    },
    /// A session's host could not be started at all.
    HostFailed {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// Why, a sentence.
        reason: String,
    },
    /// A session's host is gone without a record of its agent's end.
    HostLost {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
    },
    /// The significant inputs of one journal entry: absorbed in one append.
    Journal {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// Where the entry ends.
        position: Position,
        /// What the codec read in it.
        inputs: Vec<AgentEvent>,
    },
    /// The agent called one of our tools.
    ToolCall {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// The call's id, unique within the incarnation.
        call_id: String,
        /// How it came.
        channel: Channel,
        /// The tool.
        name: String,
        /// Its arguments.
        arguments: serde_json::Value,
    },
}

impl From<CommonReport> for ItemReport {
    fn from(report: CommonReport) -> Self {
        Self::Common(report)
    }
}
