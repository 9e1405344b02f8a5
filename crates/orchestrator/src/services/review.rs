//! What reviews come to. They begin by themselves, when the checks of a candidate hold, and end with their verdict.

use super::wait::{self, ServiceError};
use crate::engine::Engine;
use ganger_core::aggregate::Rejection;
use ganger_core::ids::{SessionId, WorkItemId};
use ganger_core::review::verdict::StopRule;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::state::{Critique, Review, SubPlanStage, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// What one review came to.
#[derive(Clone, PartialEq, Debug)]
pub struct ReviewResult {
    /// From 1 within the repository.
    pub cycle_number: u32,
    /// The reviewer.
    pub session: SessionId,
    /// The verdict. One that could not be held uses no cycle and is never a pass.
    pub verdict: Verdict,
    /// The critiques that it raised.
    pub critiques: Vec<Critique>,
}

impl ReviewResult {
    /// Whether the candidate passes.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// Whether it goes back to the implementer.
    pub fn needs_reimplementation(&self) -> bool {
        self.verdict == Verdict::Back
    }

    /// The rule by which a person decides; none where nobody has to.
    pub fn escalated(&self) -> Option<StopRule> {
        match self.verdict {
            Verdict::Stopped { rule } => Some(rule),
            _ => None,
        }
    }
}

/// How a sub-plan left its reviews.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubPlanEnd {
    /// Its candidate is good enough to be published.
    Passed,
    /// A person decides about its critiques.
    Escalated,
    /// It cannot go on before a person has decided about something else.
    Failed {
        /// What, a sentence.
        reason: String,
    },
}

/// What the rounds of one sub-plan came to.
#[derive(Clone, PartialEq, Debug)]
pub struct SubPlanOutcome {
    /// The repository.
    pub repository: String,
    /// How it ended.
    pub end: SubPlanEnd,
    /// The last review; none where there was none.
    pub review: Option<ReviewResult>,
    /// Reviews that had a verdict.
    pub cycles: usize,
}

/// Looks at reviews.
#[derive(Clone)]
pub struct ReviewPipeline {
    engine: Arc<Engine>,
}

impl ReviewPipeline {
    /// The service over this engine.
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// The verdict on the last candidate of an implementer: the query for the newest review of its repository, once
    /// that has ended.
    ///
    /// # Errors
    /// The session implements nothing, nothing is reviewed in this item, or there is no verdict within `limit`.
    pub async fn review_session(
        &self,
        item: WorkItemId,
        implementer: SessionId,
        limit: Duration,
    ) -> Result<ReviewResult, ServiceError> {
        let known = wait::item(&self.engine, item).await?;
        let repository = known.session(implementer).and_then(|session| session.repository.clone());
        let Some(repository) = repository.filter(|_| known.settings.review.is_some()) else {
            return Err(ServiceError::Refused(Rejection::new(
                "review.none",
                format!("no review judges what the session {implementer} of g{} makes", known.number),
            )));
        };
        wait::until(&self.engine, item, limit, "reviewed", move |item| {
            let sub_plan = item.sub_plans.get(&repository)?;
            let candidate = sub_plan.candidate()?.number;
            result(item, sub_plan.reviews.last().filter(|review| review.candidate == candidate)?)
        })
        .await
    }

    /// How a sub-plan leaves its reviews: the query for its end, be it proven or waiting for a person.
    ///
    /// # Errors
    /// The item has no such sub-plan, or it has not ended within `limit`.
    pub async fn outcome(
        &self,
        item: WorkItemId,
        repository: &str,
        limit: Duration,
    ) -> Result<SubPlanOutcome, ServiceError> {
        let known = wait::item(&self.engine, item).await?;
        if !known.sub_plans.contains_key(repository) {
            return Err(ServiceError::Refused(Rejection::new(
                "item.no_such_repository",
                format!("g{} does not work on \"{repository}\"", known.number),
            )));
        }
        let name = repository.to_owned();
        wait::until(&self.engine, item, limit, "reviewed to its end", move |item| outcome(item, &name)).await
    }
}

fn result(item: &WorkItem, review: &Review) -> Option<ReviewResult> {
    let raised = item.critiques.iter().filter(|critique| critique.reviewer == Some(review.session));
    Some(ReviewResult {
        cycle_number: review.number,
        session: review.session,
        verdict: review.verdict.clone()?,
        critiques: raised.cloned().collect(),
    })
}

fn outcome(item: &WorkItem, repository: &str) -> Option<SubPlanOutcome> {
    let sub_plan = item.sub_plans.get(repository)?;
    let waits = item.decisions.iter().find(|open| {
        open.repository.as_deref() == Some(repository)
            && !matches!(open.kind, DecisionKind::Question { .. } | DecisionKind::Permission { .. })
    });
    let end = match (sub_plan.stage, waits) {
        (SubPlanStage::Proven | SubPlanStage::Published, _) => SubPlanEnd::Passed,
        (_, Some(open)) if matches!(open.kind, DecisionKind::ReviewStopped { .. }) => SubPlanEnd::Escalated,
        (_, Some(open)) => SubPlanEnd::Failed { reason: open.text.clone() },
        (_, None) => return None,
    };
    Some(SubPlanOutcome {
        repository: repository.to_owned(),
        end,
        review: sub_plan.reviews.last().and_then(|review| result(item, review)),
        cycles: sub_plan
            .reviews
            .iter()
            .filter(|review| !matches!(review.verdict, None | Some(Verdict::Failed { .. })))
            .count(),
    })
}
