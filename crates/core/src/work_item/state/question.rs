//! Questions of agents.

use crate::ids::{DecisionId, QuestionId, SessionId};
use serde::{Deserialize, Serialize};

/// A question for a person, with an identity over incarnations.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The session that asked first.
    pub session: SessionId,
    /// The text.
    pub text: String,
    /// Options, possibly none.
    pub options: Vec<String>,
    /// The decision that it opened.
    pub decision: DecisionId,
    /// The first committed answer.
    pub answer: Option<String>,
}
