//! What comes next: a function of the state alone. Every decision and every report ends here, so there is no
//! continuation that a caller can forget.

mod foreman;
mod implementation;
mod planning;
mod proving;
mod sessions;

use super::draft::Draft;
use super::event::ItemFact;
use super::state::TurnPurpose;
use super::{budget, questions, reviews};
use crate::effect::Action;
use crate::ids::SessionId;
use crate::session::SessionKind;

pub(super) use planning::{correct, plan_failed};
pub(super) use proving::reimplement;

/// More steps than any state can owe at once; a bound, so that a mistake here is not a loop.
const MAX_ROUNDS: usize = 200;

/// Mints everything that is owed next.
pub(super) fn advance(draft: &mut Draft) {
    for _ in 0..MAX_ROUNDS {
        let before = draft.events.len();
        planning::advance(draft);
        implementation::advance(draft);
        foreman::advance(draft);
        budget::advance(draft);
        sessions::advance(draft);
        if draft.events.len() == before {
            return;
        }
    }
}

/// A turn ended without an error: what it left is looked at.
pub(super) fn turn_ended(draft: &mut Draft, id: SessionId, purpose: &TurnPurpose) {
    let Some(session) = draft.item.session(id).cloned() else { return };
    match (session.kind, session.repository) {
        (SessionKind::Planning, _) => planning::turn_ended(draft, id),
        (SessionKind::Implementation, Some(repository)) => {
            implementation::turn_ended(draft, id, &repository, purpose);
        }
        (SessionKind::Review, _) => reviews::turn_ended(draft, id),
        (SessionKind::Foreman, _) => foreman::turn_ended(draft, id, purpose),
        (SessionKind::Implementation, None) => {}
    }
}

fn has_job(draft: &Draft, which: impl Fn(&Action) -> bool) -> bool {
    draft.item.ledger.iter().any(|owed| which(&owed.effect.action))
}

fn complete(draft: &mut Draft) {
    if !draft.item.completed {
        questions::drop_all(draft);
        draft.emit(ItemFact::Completed {});
    }
}
