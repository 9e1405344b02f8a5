//! Decisions: anything that waits for a person. Each has a kind, the choices that move it, and what it blocks.

use crate::env::Times;
use crate::ids::{DecisionId, EffectId, QuestionId, SessionId};
use crate::review::verdict::StopRule;
use serde::{Deserialize, Serialize};

/// A way out of a decision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Approve the plan.
    Approve,
    /// Refuse: the plan, or a permission.
    Reject,
    /// Try the same again.
    Retry,
    /// Take it as it is.
    Accept,
    /// Tell the agent something, and let it go on.
    Tell,
    /// Push.
    Publish,
    /// Give this part up.
    Stop,
    /// Allow: a permission.
    Allow,
    /// Answer in words, or with one of the options.
    Answer,
    /// Answer as the Foreman proposes.
    Proposed,
    /// Have the Foreman think again.
    Discuss,
    /// Give no answer.
    Skip,
    /// Let it cost more.
    Raise,
}

impl Choice {
    /// The word that a person types.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retry => "retry",
            Self::Accept => "accept",
            Self::Tell => "tell",
            Self::Publish => "publish",
            Self::Stop => "stop",
            Self::Allow => "allow",
            Self::Answer => "answer",
            Self::Proposed => "proposed",
            Self::Discuss => "discuss",
            Self::Skip => "skip",
            Self::Raise => "raise",
        }
    }
}

/// What a decision is about.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DecisionKind {
    /// A version of the plan waits for approval.
    Plan {
        /// The version.
        version: u32,
    },
    /// The item could not be planned.
    PlanningFailed,
    /// An agent asks.
    Question {
        /// The question.
        question: QuestionId,
    },
    /// An agent asks for a permission.
    Permission {
        /// The session.
        session: SessionId,
    },
    /// The worktrees of a wave could not be made.
    ProvisionFailed {
        /// The wave's index, from 0.
        wave: u32,
    },
    /// The setup of a worktree failed.
    SetupFailed {
        /// The repository.
        repository: String,
    },
    /// Two turns left nothing that can be taken.
    CandidateMissing {
        /// The repository.
        repository: String,
    },
    /// A candidate holds something that must be looked at.
    CandidateFindings {
        /// The repository.
        repository: String,
    },
    /// Checks broke, and repairing did not help.
    ChecksBroke {
        /// The repository.
        repository: String,
    },
    /// Checks could not be run.
    ChecksNotRun {
        /// The repository.
        repository: String,
    },
    /// A review did not come to an end by itself.
    ReviewStopped {
        /// The repository.
        repository: String,
        /// Why.
        rule: StopRule,
    },
    /// A review could not be held.
    ReviewFailed {
        /// The repository.
        repository: String,
    },
    /// An agent program does not work.
    SessionFailed {
        /// The session.
        session: SessionId,
    },
    /// The item has cost what it may cost.
    Budget,
    /// Everything is proven: push?
    Publish,
    /// The candidate no longer merges with the remote's base.
    BaseConflict {
        /// The repository.
        repository: String,
    },
    /// Somebody else moved the remote's branch.
    RemoteMoved {
        /// The repository.
        repository: String,
    },
    /// Something ganger does itself fails again and again.
    JobFailed {
        /// The effect.
        effect: EffectId,
    },
    /// A person stopped a sub-plan.
    Stopped {
        /// The repository.
        repository: String,
    },
}

impl DecisionKind {
    /// A short stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plan { .. } => "plan",
            Self::PlanningFailed => "planning_failed",
            Self::Question { .. } => "question",
            Self::Permission { .. } => "permission",
            Self::ProvisionFailed { .. } => "provision_failed",
            Self::SetupFailed { .. } => "setup_failed",
            Self::CandidateMissing { .. } => "candidate_missing",
            Self::CandidateFindings { .. } => "candidate_findings",
            Self::ChecksBroke { .. } => "checks_broke",
            Self::ChecksNotRun { .. } => "checks_not_run",
            Self::ReviewStopped { .. } => "review_stopped",
            Self::ReviewFailed { .. } => "review_failed",
            Self::SessionFailed { .. } => "session_failed",
            Self::Budget => "budget",
            Self::Publish => "publish",
            Self::BaseConflict { .. } => "base_conflict",
            Self::RemoteMoved { .. } => "remote_moved",
            Self::JobFailed { .. } => "job_failed",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// The choices that move it.
    pub const fn choices(&self) -> &'static [Choice] {
        match self {
            Self::Plan { .. } => &[Choice::Approve, Choice::Reject],
            Self::PlanningFailed | Self::ProvisionFailed { .. } | Self::SetupFailed { .. } => {
                &[Choice::Retry, Choice::Stop]
            }
            Self::Question { .. } => &[Choice::Answer, Choice::Proposed, Choice::Discuss, Choice::Skip],
            Self::Permission { .. } => &[Choice::Allow, Choice::Reject],
            Self::CandidateMissing { .. } => &[Choice::Tell, Choice::Stop],
            Self::CandidateFindings { .. } | Self::ChecksBroke { .. } => {
                &[Choice::Tell, Choice::Accept, Choice::Stop]
            }
            Self::ReviewStopped { .. } => &[Choice::Tell, Choice::Accept, Choice::Stop],
            Self::ChecksNotRun { .. } | Self::ReviewFailed { .. } => {
                &[Choice::Retry, Choice::Accept, Choice::Stop]
            }
            Self::SessionFailed { .. } | Self::JobFailed { .. } | Self::RemoteMoved { .. } => {
                &[Choice::Retry, Choice::Stop]
            }
            Self::Budget => &[Choice::Raise, Choice::Stop],
            Self::Publish => &[Choice::Publish],
            Self::BaseConflict { .. } => &[Choice::Publish, Choice::Tell, Choice::Stop],
            Self::Stopped { .. } => &[Choice::Retry],
        }
    }
}

/// Something that waits for a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// What about.
    pub kind: DecisionKind,
    /// The repository it holds up; none for the whole item.
    pub repository: Option<String>,
    /// What happened, for the person who decides.
    pub text: String,
    /// Options of a question, possibly none.
    pub options: Vec<String>,
    /// Since when.
    pub since: Times,
}
