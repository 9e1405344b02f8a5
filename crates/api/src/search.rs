//! Texts that were found.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`SearchResult`].
pub const SEARCH_SCHEMA: &str = "ganger/search/1";

/// `GET /v1/search`: the best first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    /// `ganger/search/1`.
    pub schema: String,
    /// The words that were looked for.
    pub words: String,
    /// What was found.
    pub hits: Vec<SearchHit>,
    /// Whether there is more than was asked for.
    pub more: bool,
}

/// What a found text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// An item's title.
    Title,
    /// An item's ticket.
    Ticket,
    /// A version of a plan.
    Plan,
    /// A question.
    Question,
    /// An answer.
    Answer,
    /// A critique.
    Critique,
    /// An agent's words.
    Transcript,
    /// Something else.
    #[serde(other)]
    Other,
}

impl HitKind {
    /// The kind in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Ticket => "ticket",
            Self::Plan => "plan",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Critique => "critique",
            Self::Transcript => "transcript",
            Self::Other => "other",
        }
    }
}

/// One found text.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The handle of where it stands, such as `g12`, `g12/api@2`, `q3` or `c7`.
    pub handle: String,
    /// The item's handle.
    pub item: String,
    /// The item's title.
    pub title: String,
    /// What it is.
    pub kind: HitKind,
    /// When it was said.
    pub at: Timestamp,
    /// The text around the first word that was found, on one line.
    pub excerpt: String,
    /// The command that opens it at its moment.
    pub command: String,
}
