//! A person's part in reviews: critiques of their own, waivers, and taking a candidate as it is.

use super::steer;
use crate::aggregate::Rejection;
use crate::ids::CritiqueId;
use crate::review::Finding;
use crate::work_item::advance::reimplement;
use crate::work_item::decision::{Decision, DecisionKind};
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::reviews;
use crate::work_item::state::{CritiqueState, SubPlan, SubPlanStage};

fn sub_plan<'a>(draft: &'a Draft, repository: &str) -> Result<&'a SubPlan, Rejection> {
    draft.item.sub_plans.get(repository).ok_or_else(|| {
        let known: Vec<&str> = draft.item.sub_plans.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "no repository yet".to_owned() } else { known.join(", ") };
        Rejection::new(
            "item.no_such_repository",
            format!("g{} does not work on \"{repository}\"; it has {known}", draft.item.number),
        )
    })
}

/// Decisions about a candidate that another turn of the implementer makes idle.
fn is_about_the_candidate(open: &Decision, repository: &str) -> bool {
    open.repository.as_deref() == Some(repository)
        && matches!(
            open.kind,
            DecisionKind::ReviewStopped { .. }
                | DecisionKind::ReviewFailed { .. }
                | DecisionKind::ChecksBroke { .. }
                | DecisionKind::CandidateMissing { .. }
                | DecisionKind::BaseConflict { .. }
                | DecisionKind::RemoteMoved { .. }
        )
}

pub(super) fn comment(
    draft: &mut Draft,
    repository: &str,
    finding: Finding,
    send: bool,
) -> Result<(), Rejection> {
    let (number, completed) = (draft.item.number, draft.item.completed);
    let sub_plan = sub_plan(draft, repository)?;
    if finding.description.trim().is_empty() {
        return Err(Rejection::new("critique.empty", "a critique needs words that say what is wrong"));
    }
    if completed || matches!(sub_plan.stage, SubPlanStage::Published | SubPlanStage::Stopped) {
        return Err(Rejection::new(
            "item.not_possible_now",
            format!("g{number}/{repository} takes no critique: nothing works on it any more"),
        )
        .hint(format!("ganger show g{number}")));
    }
    let candidate = sub_plan.candidate().map_or(0, |candidate| candidate.number);
    let settings = draft.item.settings.review.clone().unwrap_or_default();
    let counts = send || settings.pass_threshold.blocks(finding.severity);
    let works = sub_plan
        .session
        .and_then(|id| draft.item.session(id))
        .is_some_and(|session| session.turn.is_some() || session.want.is_some());
    let at_rest = !works
        && sub_plan.candidate().is_some()
        && (sub_plan.stage == SubPlanStage::Proven
            || draft.item.decisions.iter().any(|open| is_about_the_candidate(open, repository)));
    reviews::raise(draft, repository, None, candidate, finding, counts, send);
    if send && at_rest {
        // What was on its way to the remote is not good enough any more.
        steer::withdraw_jobs(draft, repository);
        draft.close_decisions(|open| {
            is_about_the_candidate(open, repository)
                || open.kind == DecisionKind::Publish
                || (open.repository.as_deref() == Some(repository)
                    && matches!(open.kind, DecisionKind::JobFailed { .. }))
        });
        draft.emit(ItemFact::SubPlanRetried { repository: repository.to_owned() });
        reimplement(draft, repository);
    }
    Ok(())
}

pub(super) fn waive(draft: &mut Draft, id: CritiqueId, because: String) -> Result<(), Rejection> {
    let number = draft.item.number;
    let Some(critique) = draft.item.critique(id).cloned() else {
        return Err(Rejection::new(
            "critique.unknown",
            format!("g{number} has no such critique, so nothing was waived"),
        )
        .hint(format!("ganger show g{number}")));
    };
    let how = match &critique.state {
        CritiqueState::Open => None,
        CritiqueState::Fixed { candidate } => Some(format!("it is fixed since candidate {candidate}")),
        CritiqueState::Waived { .. } => Some("it is waived already".to_owned()),
    };
    if let Some(how) = how {
        return Err(Rejection::new("critique.not_open", format!("nothing was waived: {how}")));
    }
    draft.emit(ItemFact::CritiqueWaived { critique: id, because: because.trim().to_owned() });
    let repository = critique.repository;
    // What stopped the review may be gone with it.
    if reviews::blocking(draft, &repository).is_empty() {
        draft.close_decisions(|open| {
            open.repository.as_deref() == Some(repository.as_str())
                && matches!(open.kind, DecisionKind::ReviewStopped { .. })
        });
    }
    Ok(())
}

pub(super) fn accept(draft: &mut Draft, repository: &str, because: String) -> Result<(), Rejection> {
    let number = draft.item.number;
    let sub_plan = sub_plan(draft, repository)?.clone();
    let refuse = |why: &str| {
        Err(Rejection::new(
            "item.not_possible_now",
            format!("g{number}/{repository} cannot be accepted: {why}"),
        )
        .hint(format!("ganger show g{number}")))
    };
    let Some(candidate) = sub_plan.candidate() else {
        return refuse("there is no candidate yet");
    };
    if !candidate.findings.is_empty() && !candidate.findings_accepted {
        return refuse("what stands in the candidate is a decision of its own");
    }
    match sub_plan.stage {
        SubPlanStage::Proven | SubPlanStage::Published => return refuse("it is good enough already"),
        SubPlanStage::Stopped => return refuse("it was stopped; retry it first"),
        SubPlanStage::Proving | SubPlanStage::Reviewing => {}
        _ if draft.item.decisions.iter().any(|open| is_about_the_candidate(open, repository)) => {}
        _ => return refuse("its implementer works on another candidate; stop it first"),
    }
    if let Some(reviewer) = sub_plan.open_review().map(|review| review.session) {
        let reason = "the candidate was accepted meanwhile".to_owned();
        reviews::end(draft, reviewer, crate::work_item::state::Verdict::Failed { reason });
    }
    draft.close_decisions(|open| is_about_the_candidate(open, repository));
    draft.close_decisions(|open| {
        open.repository.as_deref() == Some(repository)
            && matches!(open.kind, DecisionKind::ChecksNotRun { .. })
    });
    draft.emit(ItemFact::CandidateTakenAsIs {
        repository: repository.to_owned(),
        because: because.trim().to_owned(),
    });
    Ok(())
}
