//! What the configuration said when the item was started.

use serde::{Deserialize, Serialize};

/// What to do when an agent asks for a permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionPolicy {
    /// Yes: the sandbox confines it.
    #[default]
    Sandboxed,
    /// A person decides each.
    Ask,
    /// No.
    Deny,
}

/// When finished branches are pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushPolicy {
    /// A person decides.
    #[default]
    Ask,
    /// At once.
    Auto,
    /// Only by a command.
    Never,
}

/// What the configuration said when the item was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The agent that plans, by its name in the configuration.
    pub planner: String,
    /// Permissions of all agents.
    pub permissions: PermissionPolicy,
    /// Turns in which a planner may correct its plan.
    pub max_corrections: u32,
    /// More repositories than this are a decision.
    pub max_repositories: u32,
    /// Whether a failed check is run on the base too.
    pub baseline: bool,
    /// When branches are pushed.
    pub push: PushPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            planner: String::new(),
            permissions: PermissionPolicy::default(),
            max_corrections: 2,
            max_repositories: 8,
            baseline: true,
            push: PushPolicy::default(),
        }
    }
}
