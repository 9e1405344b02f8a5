//! Plans that live: a version is made anew as a person wishes, in review, while the item works, or when it is done.
//! What has begun stays as it is until the item is done; then what changed runs again.

use super::decision::DecisionKind;
use super::draft::Draft;
use super::event::ItemFact;
use super::state::{PlanVersion, PlanningStage, SubPlan, SubPlanStage, WorkItem};
use super::{proposal, questions};
use crate::plan::{
    ParseErrors, PlanDocument, PlanParser, Problem, ProblemCode, ReplaceError, replace_sub_plan,
};
use crate::review::scope;
use std::collections::BTreeMap;

impl WorkItem {
    /// The version that work follows: the approved one, or before an approval the last one.
    pub fn standing_plan(&self) -> Option<&PlanVersion> {
        match &self.approval {
            Some(approval) => self.plans.iter().find(|plan| plan.number == approval.version),
            None => self.plans.last(),
        }
    }

    /// The version that waits for a person's approval.
    pub fn waiting_plan(&self) -> Option<&PlanVersion> {
        let last = self.plans.last()?;
        let approved = self.approval.as_ref().is_some_and(|approval| approval.version >= last.number);
        let waits = self.planning.stage == PlanningStage::Proposed
            && !approved
            && self.planning.rejected != Some(last.number);
        waits.then_some(last)
    }

    /// The version that a change starts from: the one that waits, else the one that stands.
    pub fn plan_to_change(&self) -> Option<&PlanVersion> {
        self.waiting_plan().or_else(|| self.standing_plan())
    }

    /// The touched paths that the standing plan's scope of a repository does not cover; none where it names no path, so
    /// that nothing can be said.
    pub fn outside_scope(&self, repository: &str, touched: &[String]) -> Option<Vec<String>> {
        let document = parsed(self, &self.standing_plan()?.document)?;
        scope::outside(document.sub_plan(repository)?.section("Scope")?, touched)
    }

    /// Whether there is a version that holds on when another one can't be made.
    pub fn has_plan_to_return_to(&self) -> bool {
        self.approval.is_some()
            || self.plans.last().is_some_and(|plan| self.planning.rejected != Some(plan.number))
    }

    /// Whether a version is being made.
    pub fn is_planning(&self) -> bool {
        matches!(
            self.planning.stage,
            PlanningStage::Preparing | PlanningStage::Writing | PlanningStage::ReadingDraft
        )
    }

    /// Whether the plan may still change what comes next, so that nothing new begins.
    pub fn plan_is_open(&self) -> bool {
        self.approval.is_some() && (self.is_planning() || self.waiting_plan().is_some())
    }
}

/// Whether a sub-plan has begun: something stands in its worktree. What was stopped before an agent was there has not,
/// and whether it has a worktree is looked at again.
pub(super) fn has_begun(sub_plan: &SubPlan) -> bool {
    sub_plan.session.is_some() || !matches!(sub_plan.stage, SubPlanStage::Waiting | SubPlanStage::Stopped)
}

fn parsed(item: &WorkItem, document: &str) -> Option<PlanDocument> {
    PlanParser::parse_and_validate(document, &proposal::names(item)).ok()
}

/// The sub-plans of `after` whose text is not the one that stands, new ones among them.
pub(super) fn changed(item: &WorkItem, after: &PlanDocument) -> Vec<String> {
    let before = item.standing_plan().and_then(|plan| parsed(item, &plan.document)).unwrap_or_default();
    let is_changed = |name: &&String| {
        before.sub_plan(name).map(|part| &part.content) != after.sub_plan(name).map(|part| &part.content)
    };
    after.repositories().iter().filter(is_changed).cloned().collect()
}

/// What a document would change of what has begun, while the item works: each a problem with a sentence.
pub(super) fn problems(item: &WorkItem, after: &PlanDocument) -> ParseErrors {
    let mut problems = ParseErrors::default();
    if item.approval.is_none() || item.completed {
        return problems;
    }
    let place = |groups: &[Vec<&str>], name: &str| groups.iter().position(|group| group.contains(&name));
    let standing: Vec<Vec<&str>> =
        item.waves.iter().map(|wave| wave.repositories.iter().map(String::as_str).collect()).collect();
    let changed = changed(item, after);
    let groups = after.groups();
    for (name, _) in item.sub_plans.iter().filter(|(_, sub_plan)| has_begun(sub_plan)) {
        let message = if after.sub_plan(name).is_none() {
            format!("`{name}` has begun, so it can't be left out of the plan any more")
        } else if changed.contains(name) {
            format!("`{name}` has begun, so its sub-plan can't be changed any more")
        } else if place(&groups, name) != place(&standing, name) {
            format!("`{name}` has begun, so it must stay in its group")
        } else {
            continue;
        };
        problems.problems.push(Problem {
            line: 1,
            code: ProblemCode::BegunSubPlan,
            subject: Some(name.clone()),
            section: None,
            message,
        });
    }
    problems
}

/// The document that a planner's submission comes to: where only one sub-plan is being changed, every other byte is
/// the one that stands.
pub(super) fn scoped(item: &WorkItem, submitted: &str) -> Result<String, ParseErrors> {
    let names = proposal::names(item);
    let document = PlanParser::parse_and_validate(submitted, &names)?;
    let text = match (&item.planning.only, item.plan_to_change()) {
        (Some(only), Some(standing)) => {
            let Some(part) = document.sub_plan(only) else {
                let mut problems = ParseErrors::default();
                problems.problems.push(Problem {
                    line: 1,
                    code: ProblemCode::MissingSubPlan,
                    subject: Some(only.clone()),
                    section: None,
                    message: format!("the sub-plan of `{only}` is to be changed, and the document has none"),
                });
                return Err(problems);
            };
            match replace_sub_plan(&standing.document, &names, only, &part.content) {
                Ok((text, _)) => text,
                Err(
                    ReplaceError::InvalidDocument(problems) | ReplaceError::InvalidContent { problems, .. },
                ) => {
                    return Err(problems);
                }
                // It was valid where it stood, so it fits nowhere else either: taken as it is.
                Err(ReplaceError::NoSuchSubPlan { .. } | ReplaceError::TouchesOthers { .. }) => {
                    submitted.to_owned()
                }
            }
        }
        _ => submitted.to_owned(),
    };
    let document = PlanParser::parse_and_validate(&text, &names)?;
    let problems = problems(item, &document);
    if problems.has_errors() { Err(problems) } else { Ok(text) }
}

/// A re-planning that failed returns to where it came from; the person is told why.
pub(super) fn return_from(draft: &mut Draft, reason: &str) {
    if let Some(session) = draft.item.planning.session {
        draft.leave(session);
    }
    questions::drop_planning(draft);
    draft.emit(ItemFact::ReplanningFailed { reason: reason.to_owned() });
    if let Some(plan) = draft.item.waiting_plan() {
        let version = plan.number;
        draft.open_decision(
            DecisionKind::Plan { version },
            None,
            format!("plan v{version} waits for your approval; it could not be changed: {reason}"),
            Vec::new(),
        );
    }
}

/// The sub-plans after an approval: what did not change stays as it is, what changed after it had run runs again.
pub(super) fn carry_over(
    before: &BTreeMap<String, SubPlan>,
    waves: &[Vec<String>],
    changed: &[String],
) -> BTreeMap<String, SubPlan> {
    let carried = |name: &String| {
        let sub_plan = match before.get(name) {
            Some(known) if changed.contains(name) && has_begun(known) => SubPlan {
                stage: SubPlanStage::Ready,
                repairs: 0,
                cycles: 0,
                nudged: false,
                comparison: None,
                trouble: None,
                stopped_at: None,
                afresh: None,
                reviews_passed_by: known.reviews.len(),
                ..known.clone()
            },
            Some(known) => known.clone(),
            None => SubPlan::default(),
        };
        (name.clone(), sub_plan)
    };
    waves.iter().flatten().map(carried).collect()
}
