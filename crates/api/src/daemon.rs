//! The daemon about itself, and the calls of agents' tools.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`DaemonStatus`].
pub const DAEMON_SCHEMA: &str = "ganger/daemon/1";

/// `GET /v1/daemon`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DaemonStatus {
    /// `ganger/daemon/1`.
    pub schema: String,
    /// The version of its program.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// `GANGER_HOME`.
    pub home: String,
    /// Work items that are not finished.
    pub items_live: u64,
    /// Agent programs that live.
    pub sessions_live: u64,
}

/// `POST /v1/daemon/stop`: agents go on under their hosts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StopResult {
    /// The process that is about to end.
    pub pid: u32,
    /// How many agent programs go on without it.
    pub sessions_live: u64,
}

/// `POST /v1/tool-calls`: the only route that an agent's bridge may use. The answer may take as long as a person
/// needs; the same call may be presented again and gets the same answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ToolCallRequest {
    /// The session's ULID.
    pub session: String,
    /// Which start of its program.
    pub incarnation: u32,
    /// The call's id, unique within the incarnation.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub arguments: serde_json::Value,
}

/// What a tool call is answered with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ToolCallAnswer {
    /// The text for the model.
    pub text: String,
    /// Whether the call failed in the model's eyes.
    pub is_error: bool,
}
