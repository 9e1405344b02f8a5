//! What a person says to a work item.

use super::state::Settings;
use crate::ids::DecisionId;
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
    /// Put another document in the plan's place.
    Edit {
        /// The document.
        document: String,
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
        /// A choice's word, the number of an option, or none where the text says it all.
        choice: Option<String>,
        /// Words, possibly empty.
        text: String,
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
        /// The configuration of now.
        settings: Settings,
    },
    /// Push the proven branches.
    Publish {},
}
