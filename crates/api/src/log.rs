//! Transcripts: what an agent or a job did, line by line.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`LogList`].
pub const LOG_SCHEMA: &str = "ganger/log/1";

/// `GET /v1/items/{item}/log` without `follow`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogList {
    /// `ganger/log/1`.
    pub schema: String,
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// What a line of a transcript is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// The agent's words.
    Agent,
    /// Its reasoning.
    Think,
    /// A tool of its own.
    Tool,
    /// A call of one of ganger's tools.
    Call,
    /// What ganger told it.
    Prompt,
    /// What a person told it.
    You,
    /// A turn began or ended.
    Turn,
    /// The sandbox or a permission said no.
    Denied,
    /// Output of a setup or check.
    Job,
    /// The program started or ended.
    Process,
    /// Something a person should see.
    Warning,
    /// A line of the journal as it is.
    Raw,
    /// Something else.
    #[serde(other)]
    Other,
}

impl LogKind {
    /// The word at the beginning of a line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Think => "think",
            Self::Tool => "tool",
            Self::Call => "call",
            Self::Prompt => "prompt",
            Self::You => "you",
            Self::Turn => "turn",
            Self::Denied => "denied",
            Self::Job => "job",
            Self::Process => "process",
            Self::Warning => "warning",
            Self::Raw => "raw",
            Self::Other => "other",
        }
    }
}

/// One line of a transcript.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Where it stands in its journal; opaque, for `after`.
    pub cursor: String,
    /// When.
    pub at: Timestamp,
    /// The session's handle, or a job's, such as `g12/api:test`.
    pub source: String,
    /// What it is.
    pub kind: LogKind,
    /// The text; may hold several lines.
    pub text: String,
    /// Whether it tells of a failure.
    pub failed: bool,
}
