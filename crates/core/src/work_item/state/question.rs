//! Questions of agents, and the FAQ that their answers make.

use crate::env::Times;
use crate::foreman::answer::Proposal;
use crate::ids::{QuestionId, SessionId};
use crate::question::{QuestionSource, QuestionText};
use serde::{Deserialize, Serialize};

/// Who answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answerer {
    /// The Foreman, sure of itself.
    Foreman,
    /// A person.
    Person,
}

/// The first committed answer, as corrected since.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The words.
    pub text: String,
    /// Who gave them, or corrected them last.
    pub by: Answerer,
    /// When.
    pub at: Times,
    /// Whether a person put other words in the place of the first ones.
    pub corrected: bool,
}

/// How a question ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum QuestionEnd {
    /// It has an answer.
    Answered(Answer),
    /// It will get none: the agent decides by itself.
    Skipped {
        /// Why, a sentence.
        reason: String,
    },
    /// Nobody waits for it any more; asked again it is another question.
    Dropped,
}

/// A question, with an identity over incarnations and sessions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Its number in texts for agents: from 1 in the order in which the item's questions were asked.
    pub ordinal: u32,
    /// The session that asked first.
    pub session: SessionId,
    /// Every session that asked it.
    pub sessions: Vec<SessionId>,
    /// How it was asked.
    pub source: QuestionSource,
    /// What is asked.
    pub text: QuestionText,
    /// When.
    pub asked: Times,
    /// What the Foreman would answer.
    pub proposal: Option<Proposal>,
    /// What a person wants the Foreman to think about.
    pub discussion: Option<String>,
    /// Turns of the Foreman that brought nothing.
    pub tries: u32,
    /// Whether a person is to answer it.
    pub escalated: bool,
    /// How it ended.
    pub end: Option<QuestionEnd>,
}

impl Question {
    /// Its answer, once there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.end {
            Some(QuestionEnd::Answered(answer)) => Some(answer),
            _ => None,
        }
    }

    /// Whether the Foreman is to answer it.
    pub fn waits_for_foreman(&self) -> bool {
        self.end.is_none() && !self.escalated
    }
}
