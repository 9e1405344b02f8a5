//! Questions of agents, and the answers that all agents of an item may rely on.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`FaqView`].
pub const FAQ_SCHEMA: &str = "ganger/faq/1";

/// One possible answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuestionOption {
    /// What to type: `1`.
    pub choice: String,
    /// The answer.
    pub label: String,
    /// What it means.
    pub description: Option<String>,
}

/// One thing that is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuestionPart {
    /// The question.
    pub question: String,
    /// Possible answers; words of one's own are possible always.
    pub options: Vec<QuestionOption>,
    /// Whether several of them may be chosen, with commas between them.
    pub multi_select: bool,
    /// The choice that the agent would take.
    pub recommended: Option<String>,
}

/// How sure the Foreman is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The plan or the FAQ says so.
    High,
    /// Anything else.
    Uncertain,
}

impl Confidence {
    /// The confidence in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::High => "sure",
            Self::Uncertain => "unsure",
        }
    }
}

/// What the Foreman would answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// The answer.
    pub answer: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A question that waits for a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// The ULID.
    pub id: String,
    /// The handle under which its answer will be kept, such as `q6`.
    pub handle: String,
    /// The handle of the session that asks.
    pub asked_by: String,
    /// Its agent, by its name in the configuration.
    pub agent: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// What is asked: one choice answers each part, in their order.
    pub parts: Vec<QuestionPart>,
    /// What the agent adds.
    pub context: Option<String>,
    /// What the Foreman would answer.
    pub proposal: Option<ProposalView>,
    /// The words of the person that the Foreman is thinking about; `null` when it is not.
    pub discussion: Option<String>,
    /// How many other questions of the item were answered while this one waited.
    pub answered_meanwhile: u32,
}

/// Who answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    /// The Foreman, sure of itself.
    Foreman,
    /// The person.
    You,
}

impl Answerer {
    /// Who, in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Foreman => "Foreman",
            Self::You => "you",
        }
    }
}

/// `GET /v1/items/{item}/faq`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FaqView {
    /// `ganger/faq/1`.
    pub schema: String,
    /// The item's handle.
    pub handle: String,
    /// The item's title.
    pub title: String,
    /// The entries, oldest first.
    pub entries: Vec<FaqEntry>,
}

/// One answered question, that all agents of the item may rely on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FaqEntry {
    /// The ULID.
    pub id: String,
    /// The handle, such as `q3`.
    pub handle: String,
    /// The question; several parts are parted by ` / `.
    pub question: String,
    /// The answer that holds.
    pub answer: String,
    /// Who gave it, or corrected it last.
    pub by: Answerer,
    /// When.
    pub answered_at: Timestamp,
    /// Whether a person put it in the place of an earlier one.
    pub corrected: bool,
    /// Handles of the sessions that asked, the first one first: they used it.
    pub used_by: Vec<String>,
    /// What the Foreman had proposed.
    pub proposal: Option<ProposalView>,
}

/// How many questions of an item ended in which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct QuestionSums {
    /// Answered by the Foreman.
    pub foreman: u32,
    /// Answered by the person.
    pub you: u32,
    /// Left to the agent.
    pub skipped: u32,
    /// Of the answers, those that the person corrected.
    pub corrected: u32,
    /// Not ended yet.
    pub open: u32,
}
