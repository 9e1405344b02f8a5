//! Starting, approving, editing and rejecting.

use super::not_now;
use crate::aggregate::Rejection;
use crate::plan::PlanParser;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::proposal;
use crate::work_item::state::{PlanAuthor, PlanningStage, Settings};

pub(super) fn start(draft: &mut Draft, settings: Settings) -> Result<(), Rejection> {
    if draft.item.approval.is_some() {
        return Err(not_now(&draft.item, "planned"));
    }
    match draft.item.planning.stage {
        PlanningStage::Idle | PlanningStage::Failed => {}
        _ => return Err(not_now(&draft.item, "started again")),
    }
    draft.close_decisions(|open| {
        matches!(open.kind, DecisionKind::PlanningFailed | DecisionKind::SessionFailed { .. })
    });
    let feedback = draft.item.planning.feedback.clone();
    draft.emit(ItemFact::PlanningStarted { settings, feedback });
    Ok(())
}

pub(super) fn approve(draft: &mut Draft, digest: Option<&str>) -> Result<(), Rejection> {
    let number = draft.item.number;
    let waiting = draft.item.approval.is_none() && draft.item.planning.stage == PlanningStage::Proposed;
    let Some(plan) = draft.item.plan().filter(|_| waiting).cloned() else {
        return Err(not_now(&draft.item, "approved"));
    };
    if let Some(digest) = digest
        && (digest.trim_start_matches("sha256:").len() < 8
            || !plan.digest.trim_start_matches("sha256:").starts_with(digest.trim_start_matches("sha256:")))
    {
        return Err(Rejection::new(
            "plan.changed",
            format!(
                "g{number} was not approved: the digest {digest} is not the one of plan v{} ({})",
                plan.number, plan.digest
            ),
        )
        .hint(format!("ganger plan g{number}, then ganger approve g{number}")));
    }
    let names = proposal::names(&draft.item);
    let document = PlanParser::parse_and_validate(&plan.document, &names)
        .map_err(|problems| proposal::invalid(number, &problems))?;
    let waves =
        document.groups().iter().map(|group| group.iter().map(|name| (*name).to_owned()).collect()).collect();
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Plan { .. }));
    draft.emit(ItemFact::PlanApproved { version: plan.number, digest: plan.digest, waves });
    Ok(())
}

pub(super) fn edit(draft: &mut Draft, document: String) -> Result<(), Rejection> {
    let number = draft.item.number;
    let possible = draft.item.approval.is_none()
        && !draft.item.planning.bases.is_empty()
        && matches!(draft.item.planning.stage, PlanningStage::Proposed | PlanningStage::Failed);
    if !possible {
        return Err(not_now(&draft.item, "edited"));
    }
    let names = proposal::names(&draft.item);
    PlanParser::parse_and_validate(&document, &names)
        .map_err(|problems| proposal::invalid(number, &problems))?;
    if draft.item.plan().is_some_and(|plan| plan.document == document) {
        return Err(Rejection::new(
            "plan.unchanged",
            format!("the plan of g{number} is already exactly this"),
        ));
    }
    draft.close_decisions(|open| {
        matches!(open.kind, DecisionKind::PlanningFailed | DecisionKind::SessionFailed { .. })
    });
    proposal::propose(draft, document, PlanAuthor::Person);
    Ok(())
}

pub(super) fn reject(draft: &mut Draft, text: String) -> Result<(), Rejection> {
    if draft.item.approval.is_some() || draft.item.planning.stage != PlanningStage::Proposed {
        return Err(not_now(&draft.item, "rejected"));
    }
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Plan { .. }));
    draft.emit(ItemFact::PlanRejected { reason: text });
    Ok(())
}
