//! What a person says to a work item.

use super::state::Settings;
use crate::ids::{CritiqueId, DecisionId, QuestionId};
use crate::review::Finding;
use serde::{Deserialize, Serialize};

/// A command of a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ItemCommand {
    /// Begin, or go on with what a failed or rejected planning left.
    Start {
        /// The configuration of now.
        settings: Settings,
    },
    /// Approve the plan.
    Approve {
        /// What the person read; none approves the current version.
        digest: Option<String>,
    },
    /// Put another document in the plan's place, or another text in the place of one of its sections.
    Edit {
        /// The document, or the text of the section.
        document: String,
        /// The repository whose section alone it is; none for the whole document.
        section: Option<String>,
        /// The version that the person had before them; none for whatever stands.
        version: Option<u32>,
    },
    /// Plan more of an item whose work is done, from the results of its last run.
    FollowUp {
        /// The repository whose sub-plan alone may change; none for the whole plan.
        repository: Option<String>,
        /// What is to be done.
        text: String,
        /// The configuration of now.
        settings: Settings,
    },
    /// Have the planner change the plan: one that waits, one whose parts have not all begun, or one whose work is done.
    Revise {
        /// The repository whose sub-plan alone may change; none for the whole plan.
        repository: Option<String>,
        /// What is to be different.
        text: String,
        /// The configuration of now.
        settings: Settings,
    },
    /// Leave a repository that has not begun out of the plan.
    Drop {
        /// The repository.
        repository: String,
    },
    /// Refuse the plan.
    Reject {
        /// Why, possibly empty.
        text: String,
    },
    /// Move a decision.
    Answer {
        /// The decision.
        decision: DecisionId,
        /// A choice's word; for a question one option for each of its parts, by number or words; empty where the
        /// text says it all.
        choices: Vec<String>,
        /// Words, possibly empty.
        text: String,
    },
    /// Answer a question as the Foreman proposes.
    AnswerAsProposed {
        /// The decision.
        decision: DecisionId,
    },
    /// Have the Foreman think again about a question that waits.
    Discuss {
        /// The decision.
        decision: DecisionId,
        /// Words for the Foreman.
        text: String,
    },
    /// Give no answer to a question: its agent decides by itself.
    Skip {
        /// The decision.
        decision: DecisionId,
        /// Why, possibly empty.
        text: String,
    },
    /// Put another answer in the place of one in the FAQ, and tell who used it.
    Correct {
        /// The question.
        question: QuestionId,
        /// The answer that holds from now on.
        text: String,
    },
    /// Raise a critique.
    Comment {
        /// The repository.
        repository: String,
        /// Where, and what.
        finding: Finding,
        /// Whether the implementer is to be told at once.
        send: bool,
    },
    /// Let a critique rest.
    Waive {
        /// The critique.
        critique: CritiqueId,
        /// Why, possibly empty.
        because: String,
    },
    /// Take a repository's candidate as it is.
    Accept {
        /// The repository.
        repository: String,
        /// Why, possibly empty.
        because: String,
    },
    /// Stop a sub-plan, or everything that runs.
    Stop {
        /// The repository; none for the whole item.
        repository: Option<String>,
    },
    /// Let what was stopped, or failed, go on.
    Retry {
        /// The repository; none for the whole item.
        repository: Option<String>,
        /// Words for the agent, possibly empty.
        text: String,
        /// Whether its worktree begins anew at the base: what stands there is kept in a ref, and another conversation
        /// begins.
        fresh: bool,
        /// The agent that goes on instead, by its name in the configuration; none leaves it to the one it was.
        agent: Option<String>,
        /// The configuration of now.
        settings: Settings,
    },
    /// Push the proven branches.
    Publish {},
}
