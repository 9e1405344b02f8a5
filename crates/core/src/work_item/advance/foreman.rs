//! The Foreman: one question after the other. What a person discusses comes first, because a person waits.

use super::has_job;
use crate::effect::Action;
use crate::ids::SessionId;
use crate::session::SessionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::questions;
use crate::work_item::state::{SubPlanStage, TurnPurpose};

/// What the Foreman should do next.
fn next(draft: &Draft) -> Option<TurnPurpose> {
    let open = || draft.item.questions.iter().filter(|question| question.end.is_none());
    let discussed = open().find_map(|question| {
        let text = question.discussion.clone()?;
        Some(TurnPurpose::Discuss { question: question.id, text })
    });
    discussed.or_else(|| {
        let waiting = open().find(|question| question.waits_for_foreman())?;
        Some(TurnPurpose::AnswerQuestion { question: waiting.id })
    })
}

/// Whether anybody may still ask.
fn somebody_works(draft: &Draft) -> bool {
    !draft.item.completed
        && draft.item.sub_plans.values().any(|sub_plan| {
            !matches!(
                sub_plan.stage,
                SubPlanStage::Waiting
                    | SubPlanStage::Proven
                    | SubPlanStage::Published
                    | SubPlanStage::Stopped
            )
        })
}

pub(super) fn advance(draft: &mut Draft) {
    let Some(agent) = draft.item.settings.foreman.clone() else { return };
    // It need not think about what has ended meanwhile, however long its turn was waited for.
    let idle = draft.item.foreman.and_then(|id| draft.item.session(id)).filter(|session| {
        let asked = session.want.as_ref().filter(|_| session.turn.is_none()).and_then(questions::of_turn);
        asked.is_some_and(|id| draft.item.question(id).is_none_or(|question| question.end.is_some()))
    });
    if let Some(session) = idle.map(|session| session.id) {
        draft.emit(ItemFact::TurnUnwanted { session });
    }
    let session = draft.item.foreman.and_then(|id| draft.item.session(id)).cloned();
    if session.as_ref().is_some_and(|session| session.closed) {
        questions::without_foreman(draft, "the Foreman does not work");
        return;
    }
    let busy = session.as_ref().is_some_and(|session| session.turn.is_some() || session.want.is_some())
        || has_job(draft, |action| matches!(action, Action::ReadLastMessage { question: Some(_), .. }));
    if busy {
        return;
    }
    match (next(draft), session) {
        (Some(purpose), session) => {
            let id = match session {
                Some(session) => session.id,
                None => draft.create_session(SessionKind::Foreman, None, agent, None),
            };
            draft.want_turn(id, purpose);
        }
        (None, Some(session)) if !somebody_works(draft) => draft.leave(session.id),
        (None, _) => {}
    }
}

/// The Foreman's turn ended: what it proposed counts already, else its last message is read.
pub(super) fn turn_ended(draft: &mut Draft, id: SessionId, purpose: &TurnPurpose) {
    let Some(question) = questions::of_turn(purpose).and_then(|question| draft.item.question(question))
    else {
        return;
    };
    let discusses = question.discussion.is_some();
    if question.end.is_none() && (question.waits_for_foreman() || discusses) {
        let (question, incarnation) =
            (Some(question.id), draft.item.session(id).map_or(0, |session| session.incarnation));
        draft.mint(Action::ReadLastMessage { session: id, incarnation, question });
    }
}
