//! Sessions: one run of one agent, over all its incarnations.

use serde::{Deserialize, Serialize};

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// Writes the plan, read-only over the base checkouts.
    Planning,
    /// Carries out one sub-plan in its worktree.
    Implementation,
    /// Judges a candidate in its proof checkout.
    Review,
    /// Answers the questions of other sessions from the plan and the FAQ.
    Foreman,
}

impl SessionKind {
    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Implementation => "implementation",
            Self::Review => "review",
            Self::Foreman => "foreman",
        }
    }
}
