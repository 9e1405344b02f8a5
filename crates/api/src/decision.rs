//! Decisions that wait for a person: the inbox.

use crate::item::CheckView;
use crate::plan::PlanReference;
use crate::question::QuestionView;
use crate::review::CritiqueView;
use crate::timestamp::Timestamp;
use crate::wait::WaitKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`Inbox`].
pub const INBOX_SCHEMA: &str = "ganger/inbox/1";

/// `GET /v1/decisions`: the most blocking first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Inbox {
    /// `ganger/inbox/1`.
    pub schema: String,
    /// What waits.
    pub decisions: Vec<Decision>,
    /// What waits for the end of a provider's limit, and goes on by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limited: Vec<LimitedItem>,
}

/// What waits for the end of a provider's limit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LimitedItem {
    /// The handle of the item, or of its repository that waits.
    pub handle: String,
    /// The item's title.
    pub title: String,
    /// The agent whose account is limited.
    pub agent: String,
    /// When it goes on; `null` when the provider did not say.
    pub until: Option<Timestamp>,
}

/// One thing that waits for a person; also `GET /v1/decisions/{decision}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// The ULID.
    pub id: String,
    /// The handle, such as `d41`.
    pub handle: String,
    /// The item's handle.
    pub item: String,
    /// What it is about: `g12`, or `g12/web`.
    pub target: String,
    /// What kind.
    pub kind: WaitKind,
    /// One line: the question, or what is to be decided.
    pub subject: String,
    /// More words, possibly several lines.
    pub detail: Option<String>,
    /// Since when it waits.
    pub since: Timestamp,
    /// What can't go on meanwhile, in words, such as `blocks g12 (last repository)`.
    pub blocks: String,
    /// Whether the whole item can't go on: nothing else of it is left to be done.
    pub blocks_item: bool,
    /// What can be chosen, in order; possibly nothing.
    pub options: Vec<DecisionOption>,
    /// Whether words of one's own are an answer.
    pub takes_text: bool,
    /// How the answer travels, such as `held open, the agent waits`.
    pub delivery: Option<String>,
    /// For a question: what is asked, and what the Foreman says.
    pub question: Option<QuestionView>,
    /// For a review: the critiques that are not settled, those that send the work back first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critiques: Vec<CritiqueView>,
    /// For a review and for checks: how the checks of the candidate ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckView>,
    /// For a plan: which.
    pub plan: Option<PlanReference>,
    /// Commands that decide it, each to be pasted.
    pub commands: Vec<String>,
}

/// One thing that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DecisionOption {
    /// What to type: `1`, or a word such as `retry`.
    pub choice: String,
    /// What it is.
    pub label: String,
}
