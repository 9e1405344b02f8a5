//! Planning: bases, a planner's turn, its document, corrections.

use super::has_job;
use crate::effect::Action;
use crate::ids::SessionId;
use crate::plan::{ParseErrors, PlanDocument};
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{PlanAuthor, PlanningStage, TurnPurpose};
use crate::work_item::{proposal, questions, replanning};

pub(super) fn advance(draft: &mut Draft) {
    match draft.item.planning.stage {
        PlanningStage::Preparing
            if !has_job(draft, |action| matches!(action, Action::PrepareBases { .. })) =>
        {
            let ticket = draft.item.ticket.as_ref();
            let (repositories, bases) =
                ticket.map(|ticket| (ticket.repositories.clone(), ticket.bases.clone())).unwrap_or_default();
            let max_repositories = draft.item.settings.max_repositories;
            draft.mint(Action::PrepareBases { repositories, bases, max_repositories });
        }
        PlanningStage::Writing if is_direct(draft) => direct(draft),
        PlanningStage::Writing => {
            // A planner that failed is followed by a child, by a person's decision; one that never was is made here.
            let live = draft
                .item
                .planning
                .session
                .and_then(|id| draft.item.session(id))
                .is_some_and(|session| !session.closed);
            let waits = draft.item.decisions.iter().any(|open| open.repository.is_none());
            if !live && !waits {
                let agent = draft.item.settings.planner.clone();
                let parent = draft.item.planning.session;
                let session = draft.create_session(SessionKind::Planning, None, agent, parent);
                let purpose = match draft.item.planning.feedback.clone() {
                    Some(feedback) => TurnPurpose::Revise { feedback },
                    None => TurnPurpose::Plan,
                };
                draft.want_turn(session, purpose);
            } else if live && !waits {
                restart(draft);
            }
        }
        _ => {}
    }
}

/// Whether the ticket is to be its own plan, and is not yet.
fn is_direct(draft: &Draft) -> bool {
    draft.item.plans.is_empty() && draft.item.ticket.as_ref().is_some_and(|ticket| ticket.direct)
}

/// The ticket is the plan: no planner is asked.
fn direct(draft: &mut Draft) {
    let Some(ticket) = draft.item.ticket.clone() else { return };
    match proposal::names(&draft.item).as_slice() {
        [only] => {
            let document = PlanDocument::direct(only, &ticket.title, &ticket.description).compose();
            proposal::propose(draft, document, PlanAuthor::Person);
        }
        names => {
            let reason = format!(
                "a plan without a planner is for one repository, and there are {}: name it with --repo",
                names.join(", ")
            );
            plan_failed(draft, &reason);
        }
    }
}

/// A planner that is there, but has neither turn nor wish: planning was started again.
fn restart(draft: &mut Draft) {
    let Some(session) = draft.item.planning.session.and_then(|id| draft.item.session(id)) else { return };
    if session.turn.is_some() || session.want.is_some() {
        return;
    }
    let id = session.id;
    let purpose = match draft.item.planning.feedback.clone() {
        Some(feedback) => TurnPurpose::Revise { feedback },
        None => TurnPurpose::Plan,
    };
    draft.want_turn(id, purpose);
}

/// The planner's turn ended: its accepted document is proposed, else its draft file is read.
pub(super) fn turn_ended(draft: &mut Draft, id: SessionId) {
    if draft.item.planning.stage != PlanningStage::Writing {
        return;
    }
    match draft.item.planning.accepted.clone() {
        Some(document) => proposal::propose(draft, document, PlanAuthor::Agent),
        None => {
            draft.mint(Action::ReadDraft { session: id });
        }
    }
}

/// The planner must correct its document, as often as it may. Without errors there was no document at all.
pub(crate) fn correct(draft: &mut Draft, errors: ParseErrors) {
    if draft.item.planning.corrections >= draft.item.settings.max_corrections {
        let turns = draft.item.planning.corrections + 1;
        let last =
            if errors.has_errors() { errors.to_string() } else { "the last one left no plan".to_owned() };
        let reason = format!("the planner did not submit a valid plan in {turns} turns: {last}");
        plan_failed(draft, &reason);
        return;
    }
    let session = draft.item.planning.session;
    draft.emit(ItemFact::CorrectionWanted { errors: errors.clone() });
    if let Some(session) = session {
        draft.want_turn(session, TurnPurpose::Correct { errors });
    }
}

/// The item could not be planned: a person decides. Where there is a plan already, that one holds on.
pub(crate) fn plan_failed(draft: &mut Draft, reason: &str) {
    if draft.item.has_plan_to_return_to() {
        replanning::return_from(draft, reason);
        return;
    }
    if let Some(session) = draft.item.planning.session {
        draft.leave(session);
    }
    questions::drop_planning(draft);
    draft.emit(ItemFact::PlanningFailed { reason: reason.to_owned() });
    draft.open_decision(DecisionKind::PlanningFailed, None, reason, Vec::new());
}
