//! Sessions and what they used.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of work a session does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// It plans.
    Planning,
    /// It implements one repository's sub-plan.
    Implementation,
    /// It reviews a candidate.
    Review,
    /// It answers other sessions' questions.
    Foreman,
    /// A person's own session.
    Manual,
}

impl SessionKind {
    /// The kind as a verb, for rows.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Planning => "plan",
            Self::Implementation => "implement",
            Self::Review => "review",
            Self::Foreman => "foreman",
            Self::Manual => "manual",
        }
    }
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It waits for a slot or a worktree.
    Queued,
    /// The agent program starts.
    Starting,
    /// A turn is open.
    Running,
    /// It waits for an answer.
    Waiting,
    /// It did its work.
    Completed,
    /// It was stopped or lost, and can be taken up again.
    Interrupted,
    /// It failed.
    Failed,
}

impl SessionState {
    /// The state in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waits",
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// One run of one agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// The ULID.
    pub id: String,
    /// The handle, such as `g12/api@3` or `g12@plan`.
    pub handle: String,
    /// What it does.
    pub kind: SessionKind,
    /// The agent's name in the configuration.
    pub agent: String,
    /// Where it stands.
    pub state: SessionState,
    /// Which start of this session's program this is, from 1; 0 before the first.
    pub incarnation: u32,
    /// Which turn, from 1; 0 before the first.
    pub turn: u32,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it used; `null` when the agent reported nothing.
    pub usage: Option<UsageView>,
    /// Why it failed, in one sentence.
    pub failure: Option<String>,
    /// What the sandbox really enforced, in one line; `null` before the program started.
    pub sandbox: Option<String>,
}

/// Tokens and money. `null` is unknown, never zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct UsageView {
    /// Tokens, read and written.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar.
    pub cost_usd_micros: Option<u64>,
    /// Whether the money is not all of it: some turns said nothing of what they cost.
    pub estimated: bool,
}
