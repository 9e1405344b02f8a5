//! The status: derived, never stored.

use super::decision::{Decision, DecisionKind};
use super::state::{PlanningStage, SubPlan, WaveStage, WorkItem};
use serde::{Deserialize, Serialize};

/// Where a work item stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is known, and nothing has begun.
    Ingested,
    /// A plan is being made.
    Planning,
    /// A plan waits for a person.
    PlanReview,
    /// A plan was approved, and no worktree stands yet.
    Approved,
    /// Sessions work.
    Implementing,
    /// A person is needed.
    Reviewing,
    /// Everything is done.
    Completed,
    /// It cannot go on without a person's new start.
    Failed,
}

impl Status {
    /// The name in the API and the feed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingested => "ingested",
            Self::Planning => "planning",
            Self::PlanReview => "plan_review",
            Self::Approved => "approved",
            Self::Implementing => "implementing",
            Self::Reviewing => "reviewing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The words for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ingested => "not started",
            Self::Planning => "planning",
            Self::PlanReview => "waiting for your approval",
            Self::Approved => "approved",
            Self::Implementing => "implementing",
            Self::Reviewing => "waiting for you",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// Where the item stands.
pub fn status(item: &WorkItem) -> Status {
    if item.completed {
        return match (item.is_planning(), item.waiting_plan()) {
            (true, _) => Status::Planning,
            (false, Some(_)) => Status::PlanReview,
            (false, None) => Status::Completed,
        };
    }
    if item.approval.is_none() {
        return match item.planning.stage {
            PlanningStage::Idle => Status::Ingested,
            PlanningStage::Preparing | PlanningStage::Writing | PlanningStage::ReadingDraft => {
                Status::Planning
            }
            PlanningStage::Proposed => Status::PlanReview,
            PlanningStage::Failed => Status::Failed,
        };
    }
    // A wave to which a changed plan added something stands in part.
    let begun = item.waves.iter().any(|wave| wave.stage == WaveStage::Provisioned)
        || item.sub_plans.values().any(|sub_plan| sub_plan.session.is_some());
    // A neighbour that still works keeps the item going; money that holds everything up does not. A plan that is
    // changed meanwhile, and what its planner waits for, hold up only what has not begun.
    let anything_works = item.sub_plans.values().any(SubPlan::works);
    let holds_all =
        |open: &Decision| open.repository.is_none() && (open.kind == DecisionKind::Budget || !anything_works);
    let needs_person = item.decisions.iter().any(holds_all)
        || (!item.decisions.is_empty()
            && !item.sub_plans.iter().any(|(name, sub_plan)| {
                sub_plan.works()
                    && !item.decisions.iter().any(|open| open.repository.as_deref() == Some(name.as_str()))
            }));
    match (begun, needs_person) {
        (true, true) => Status::Reviewing,
        (true, false) => Status::Implementing,
        (false, _) => Status::Approved,
    }
}
