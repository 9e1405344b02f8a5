//! Hosts and agents that fail.

use crate::effect::Action;
use crate::ids::{EffectId, SessionId};
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{HostState, TurnPurpose};
use crate::work_item::{questions, reviews};

/// Failures in a row after which a person decides.
pub(crate) const MAX_FAILURES: u32 = 4;

/// A failure of the agent program. The turn it interrupted, if any, is wanted again, unless there were too many in
/// a row or trying again cannot help.
pub(crate) fn trouble(
    draft: &mut Draft,
    id: SessionId,
    reason: &str,
    again: Option<TurnPurpose>,
    hopeless: bool,
) {
    draft.emit(ItemFact::SessionTroubled { session: id, reason: reason.to_owned() });
    let Some(session) = draft.item.session(id).cloned() else { return };
    if session.closed {
        return;
    }
    // What the Foreman was asked goes back into its queue, or to a person when it dies on it again and again.
    let asked = again.as_ref().and_then(questions::of_turn);
    if let Some(question) = asked {
        questions::tried(draft, question, reason, true);
    }
    let given_up = hopeless || session.failures >= MAX_FAILURES;
    match (given_up, session.kind, again) {
        (true, SessionKind::Foreman, _) => {
            draft.close_session(id, reason);
            questions::without_foreman(draft, &format!("the Foreman does not work: {reason}"));
        }
        (true, SessionKind::Review, _) => {
            reviews::failed(draft, id, &format!("{} does not work: {reason}", session.agent));
        }
        (true, SessionKind::Planning | SessionKind::Implementation, _) => {
            let handle = draft.item.session_handle(&session);
            draft.leave(id);
            draft.emit(ItemFact::SessionClosed { session: id });
            draft.open_decision(
                DecisionKind::SessionFailed { session: id },
                session.repository.as_deref(),
                format!("{} ({handle}) does not work: {reason}", session.agent),
                Vec::new(),
            );
        }
        // The queue decides what the Foreman does next.
        (false, SessionKind::Foreman, _) => {
            if session.want.is_some() {
                draft.emit(ItemFact::TurnUnwanted { session: id });
            }
        }
        (false, _, Some(purpose)) => draft.want_turn(id, purpose),
        (false, _, None) => {}
    }
}

/// Settles everything that was owed to an incarnation that is gone.
fn settle_incarnation(draft: &mut Draft, id: SessionId) {
    let owed: Vec<EffectId> = draft
        .item
        .ledger
        .iter()
        .filter(|owed| {
            matches!(&owed.effect.action,
                Action::Delivery { session, .. } | Action::Host { session, .. } if *session == id)
        })
        .map(|owed| owed.effect.id)
        .collect();
    let timer = match draft.item.session(id).map(|session| session.host) {
        Some(HostState::Starting { timer, .. }) => Some(timer),
        _ => None,
    };
    for effect in owed.into_iter().chain(timer) {
        draft.settle(effect);
    }
}

/// The host and its agent are gone, and nothing is left of them.
pub(super) fn gone(draft: &mut Draft, id: SessionId) -> Option<TurnPurpose> {
    let interrupted = draft.lose_turn(id, "the agent program ended");
    settle_incarnation(draft, id);
    draft.emit(ItemFact::HostGone { session: id });
    interrupted
}

pub(super) fn host_failed(draft: &mut Draft, id: SessionId, incarnation: u64, reason: &str) {
    let current = draft.item.session(id).is_some_and(|session| {
        session.incarnation == incarnation
            && matches!(session.host, HostState::Starting { .. } | HostState::Leaving { .. })
    });
    let was_leaving =
        matches!(draft.item.session(id).map(|session| session.host), Some(HostState::Leaving { .. }));
    if current {
        let again = gone(draft, id);
        // Nobody misses a host that was not wanted any more.
        if was_leaving {
            return;
        }
        trouble(draft, id, reason, again, true);
    }
}

pub(super) fn host_lost(draft: &mut Draft, id: SessionId, incarnation: u64) {
    let Some(session) = draft.item.session(id) else { return };
    if session.incarnation != incarnation || matches!(session.host, HostState::None | HostState::Lost) {
        return;
    }
    let was_leaving = matches!(session.host, HostState::Leaving { .. });
    let starting_wish = session.want.clone();
    let again = draft.lose_turn(id, "the host died").or(starting_wish);
    settle_incarnation(draft, id);
    draft.emit(ItemFact::HostLost { session: id });
    draft.mint(Action::Sweep { session: id, incarnation });
    if !was_leaving {
        trouble(draft, id, "the host of the agent died", again, false);
    }
}
