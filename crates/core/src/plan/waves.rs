//! Which sub-plans may run together, and which may start now.

use super::document::PlanDocument;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a sub-plan is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubPlanStatus {
    /// Not started, or to be done again.
    #[default]
    Pending,
    /// Somebody works on it.
    InProgress,
    /// Accepted.
    Completed,
    /// It could not be done.
    Failed,
    /// A person must decide.
    Escalated,
}

impl std::fmt::Display for SubPlanStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::InProgress => "in progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Escalated => "escalated",
        })
    }
}

impl SubPlanStatus {
    /// Whether a sub-plan may go from here to there.
    pub fn may_become(self, next: Self) -> bool {
        use SubPlanStatus::{Completed, Escalated, Failed, InProgress, Pending};
        match self {
            Pending | Completed => next == InProgress,
            InProgress => next != InProgress,
            Failed | Escalated => matches!(next, InProgress | Pending),
        }
    }
}

/// A sub-plan as the scheduler sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScheduledSubPlan {
    /// Its repository.
    pub repository: String,
    /// Its group's place; need not be dense.
    pub order: u32,
    /// How far it is.
    pub status: SubPlanStatus,
}

impl PlanDocument {
    /// The plan's sub-plans for the scheduler, with the statuses known so far; others are pending.
    pub fn schedule(&self, statuses: &BTreeMap<String, SubPlanStatus>) -> Vec<ScheduledSubPlan> {
        let scheduled = self.sub_plans.iter().map(|part| ScheduledSubPlan {
            repository: part.repository.clone(),
            order: part.order,
            status: statuses.get(&part.repository).copied().unwrap_or_default(),
        });
        scheduled.collect()
    }
}

/// The waves that are left: sub-plans of one order together, orders ascending, the given order kept within.
/// Completed and escalated sub-plans are left out; nothing left gives no waves.
pub fn build_waves(sub_plans: &[ScheduledSubPlan]) -> Vec<Vec<&ScheduledSubPlan>> {
    let mut waves: BTreeMap<u32, Vec<&ScheduledSubPlan>> = BTreeMap::new();
    for part in sub_plans {
        if !matches!(part.status, SubPlanStatus::Completed | SubPlanStatus::Escalated) {
            waves.entry(part.order).or_default().push(part);
        }
    }
    waves.into_values().collect()
}

/// The pending sub-plans that nothing holds up: every sub-plan of an earlier order is completed. One that failed
/// or waits for a person blocks what stands behind it, never its neighbours.
pub fn startable(sub_plans: &[ScheduledSubPlan]) -> Vec<&ScheduledSubPlan> {
    let first_open =
        sub_plans.iter().filter(|part| part.status != SubPlanStatus::Completed).map(|part| part.order).min();
    sub_plans
        .iter()
        .filter(|part| part.status == SubPlanStatus::Pending && Some(part.order) == first_open)
        .collect()
}
