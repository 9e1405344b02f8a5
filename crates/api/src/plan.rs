//! Plans as faces show them.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`PlanView`].
pub const PLAN_SCHEMA: &str = "ganger/plan/1";

/// Which plan, exactly.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanReference {
    /// The version, from 1.
    pub version: u32,
    /// What an approval names, such as `sha256:7c1e…` (whole): plan, base commits, checks and agents.
    pub digest: String,
    /// When a person approved exactly this; `null` when nobody has.
    pub approved_at: Option<Timestamp>,
}

/// `GET /v1/items/{item}/plan`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// `ganger/plan/1`.
    pub schema: String,
    /// The item's handle.
    pub handle: String,
    /// The item's title.
    pub title: String,
    /// The version shown.
    pub plan: PlanReference,
    /// Every version, oldest first.
    pub versions: Vec<PlanVersion>,
    /// The repository whose section `document` is; `null` when it is the whole document.
    pub section: Option<String>,
    /// The document, or its one section when the query or the address names a repository.
    pub document: String,
    /// The waves, in order.
    pub waves: Vec<Vec<SubPlanBrief>>,
    /// The agent that will review every result, by its name in the configuration; `null` when nobody does.
    pub reviewer: Option<String>,
    /// The agent that will answer questions; `null` when the person does.
    pub foreman: Option<String>,
    /// What is wrong with the document; empty for one that can be approved.
    pub problems: Vec<PlanProblem>,
    /// The difference that the query asked for; else, of a version that would take the place of an approved one, the one
    /// from that, and of all others the one from the version before, if there is one.
    pub diff: Option<PlanDiff>,
}

/// One version of a plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanVersion {
    /// The version, from 1.
    pub version: u32,
    /// Who wrote it: an agent's name, or `you`.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// Its state.
    pub state: PlanState,
}

/// Where a version stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// The current one, to be judged.
    Submitted,
    /// The current one, approved.
    Approved,
    /// A person said no.
    Rejected,
    /// Nobody approved it, and another one is being made from it.
    BeingChanged,
    /// A newer one took its place.
    Superseded,
}

impl PlanState {
    /// The state in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Submitted => "to approve",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::BeingChanged => "being changed",
            Self::Superseded => "superseded",
        }
    }
}

/// One repository's part of a plan, in short.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SubPlanBrief {
    /// The repository.
    pub repository: String,
    /// The goal's first line.
    pub goal: String,
    /// Names of the checks that will prove it.
    pub checks: Vec<String>,
    /// The agent that will implement it.
    pub agent: Option<String>,
}

/// One problem of a plan document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanProblem {
    /// The line, from 1; `null` when no line is to blame.
    pub line: Option<u32>,
    /// One sentence.
    pub message: String,
}

/// The difference between two versions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanDiff {
    /// The older version.
    pub from: u32,
    /// The newer version.
    pub to: u32,
    /// What happened to each repository's part.
    pub repositories: Vec<SubPlanChange>,
    /// The documents' difference as a unified diff.
    pub text: String,
}

/// What happened to one repository's part.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SubPlanChange {
    /// The repository.
    pub repository: String,
    /// What happened.
    pub change: SubPlanChangeKind,
}

/// Kinds of change between versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubPlanChangeKind {
    /// Only in the newer one.
    Added,
    /// Only in the older one.
    Removed,
    /// In both, with other words or in another wave.
    Changed,
    /// The same.
    Unchanged,
}

impl SubPlanChangeKind {
    /// The change in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}
