//! What the configuration said when the item was started.

use crate::review::{NewFindings, PassThreshold};
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

/// How results are reviewed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReviewSettings {
    /// The agent that reviews, by its name in the configuration.
    pub agent: String,
    /// What may remain for a candidate to pass.
    pub pass_threshold: PassThreshold,
    /// The last round that may send the work back by itself.
    pub max_cycles: u32,
    /// The longest one review may take, in milliseconds of awake time.
    pub timeout_ms: u64,
    /// Which new findings count from round 2 on.
    pub new_findings: NewFindings,
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self {
            agent: String::new(),
            pass_threshold: PassThreshold::default(),
            max_cycles: 3,
            timeout_ms: 60 * 60 * 1000,
            new_findings: NewFindings::default(),
        }
    }
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
    /// How results are reviewed; none where nothing is.
    #[serde(default)]
    pub review: Option<ReviewSettings>,
    /// The agent that answers questions, by its name in the configuration; none sends all questions to the person.
    #[serde(default)]
    pub foreman: Option<String>,
    /// What an item may cost, in millionths of a US dollar; none limits nothing.
    #[serde(default)]
    pub budget_usd_micros: Option<u64>,
    /// The longest an agent waits for an answer, in milliseconds of awake time; none waits as long as it takes.
    #[serde(default)]
    pub question_timeout_ms: Option<u64>,
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
            review: None,
            foreman: None,
            budget_usd_micros: None,
            question_timeout_ms: None,
        }
    }
}
