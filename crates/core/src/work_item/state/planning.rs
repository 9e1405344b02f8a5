//! Planning, versions of the plan, approval.

use crate::env::Times;
use crate::ids::SessionId;
use crate::repository::{Guidance, RepositoryBase};
use serde::{Deserialize, Serialize};

/// How far planning is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanningStage {
    /// Not started, or rejected.
    #[default]
    Idle,
    /// The bases are being recorded.
    Preparing,
    /// A planner writes.
    Writing,
    /// The planner's draft file is being read.
    ReadingDraft,
    /// A plan waits for approval, or was approved.
    Proposed,
    /// It could not be planned.
    Failed,
}

/// Planning, as far as it is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Planning {
    /// How far.
    pub stage: PlanningStage,
    /// The repositories with their bases.
    pub bases: Vec<RepositoryBase>,
    /// Repositories that cannot be worked on, with the reason.
    pub refused: Vec<(String, String)>,
    /// What the workspace tells planners and reviewers.
    pub guidance: Guidance,
    /// The planner.
    pub session: Option<SessionId>,
    /// The document accepted in the open turn.
    pub accepted: Option<String>,
    /// Documents refused in the open turn.
    pub refusals: u32,
    /// Correction turns so far.
    pub corrections: u32,
    /// What a person asked for, where the plan is being revised.
    pub feedback: Option<String>,
    /// The repository whose sub-plan alone is being changed.
    pub only: Option<String>,
    /// Whether the plan is changed after everything had been done.
    pub follow_up: bool,
    /// The version that a person refused although another one stands.
    pub rejected: Option<u32>,
    /// Why the last re-planning failed, a sentence.
    pub trouble: Option<String>,
}

/// Who wrote a version of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanAuthor {
    /// The planner.
    Agent,
    /// A person.
    Person,
}

/// One version of the plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlanVersion {
    /// From 1.
    pub number: u32,
    /// The document.
    pub document: String,
    /// Who wrote it.
    pub author: PlanAuthor,
    /// What an approval of it approves.
    pub digest: String,
    /// When.
    pub at: Times,
}

/// A person's approval.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// The version.
    pub version: u32,
    /// The digest.
    pub digest: String,
    /// When.
    pub at: Times,
}
