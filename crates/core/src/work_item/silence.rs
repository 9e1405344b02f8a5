//! Agents that show no life in an open turn. Two clocks, in awake time: *silence* runs while nothing of the turn waits
//! for us and no tool runs, the *tool* clock while one does. What an agent streams is no fact, so the item does not
//! hear it: a timer comes, and whoever carries the conversation says when the agent was last heard.

use super::absorb::trouble;
use super::draft::Draft;
use super::event::ItemFact;
use super::report::Heard;
use super::state::{HostState, Session, Silence};
use crate::effect::{Action, TimerPurpose};
use crate::ids::{EffectId, SessionId};

/// After how long, in awake milliseconds, something is done about it.
struct Limits {
    /// A person sees it.
    noticed: u64,
    /// It is ended.
    given_up: u64,
}

/// No tool runs. A model that thinks without a word seldom takes minutes: five are shown, half an hour is the end.
const SILENCE: Limits = Limits { noticed: 5 * 60_000, given_up: 30 * 60_000 };
/// A tool runs: a build or a test suite may be silent for long.
const TOOL: Limits = Limits { noticed: 30 * 60_000, given_up: 4 * 60 * 60_000 };

/// How soon it is seen that a silent agent shows life again.
const SEEN: u64 = 2 * 60_000;

impl Session {
    /// Whether it is the agent's move: its turn is delivered, and nothing of it waits for us.
    pub(super) fn is_agents_move(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.delivered)
            && matches!(self.host, HostState::Ready { .. })
            && self.may_run()
            && !self.has_pending()
    }
}

/// A timer runs exactly while it is the agent's move.
pub(super) fn watch(draft: &mut Draft, id: SessionId) {
    let Some(session) = draft.item.session(id) else { return };
    let timer = session.watch.filter(|timer| draft.item.ledger.get(*timer).is_some());
    match (session.is_agents_move(), timer) {
        (true, None) => look_again(draft, id, draft.now.awake_ms + SILENCE.noticed),
        (false, Some(timer)) => draft.settle(timer),
        _ => {}
    }
}

fn look_again(draft: &mut Draft, id: SessionId, at_awake_ms: u64) {
    let Some(incarnation) = draft.item.session(id).map(|session| session.incarnation) else { return };
    let purpose = TimerPurpose::Silence { session: id, incarnation };
    let timer = draft.mint(Action::Timer { at_awake_ms, at_wall_ms: None, purpose });
    draft.emit(ItemFact::SilenceWatched { session: id, timer });
}

/// The timer came. `heard` is when the agent was last heard; none where nobody carries its conversation now, which
/// says nothing about the agent.
pub(super) fn timer_came(draft: &mut Draft, effect: EffectId, heard: Option<Heard>) {
    let Some(owed) = draft.item.ledger.get(effect) else { return };
    let Action::Timer { purpose: TimerPurpose::Silence { session: id, incarnation }, .. } =
        owed.effect.action
    else {
        return;
    };
    draft.settle(effect);
    let Some(session) = draft.item.session(id) else { return };
    if session.incarnation != incarnation || session.watch != Some(effect) || !session.is_agents_move() {
        return;
    }
    // Else it is looked at again after the usual time.
    let Some(heard) = heard else { return };
    let limits = if heard.tool { TOOL } else { SILENCE };
    let since = heard.at_awake_ms.max(session.moved_ms).min(draft.now.awake_ms);
    let quiet = draft.now.awake_ms - since;
    let noticed = session.silence.is_some_and(|silence| silence.since_awake_ms == since);
    if quiet >= limits.given_up {
        give_up(draft, id, quiet, heard.tool);
    } else if quiet >= limits.noticed {
        if !noticed {
            let silence = Silence { since_awake_ms: since, tool: heard.tool };
            draft.emit(ItemFact::SessionSilent { session: id, silence });
        }
        look_again(draft, id, (since + limits.given_up).min(draft.now.awake_ms + SEEN));
    } else {
        if session.silence.is_some() {
            draft.emit(ItemFact::SessionHeard { session: id });
        }
        look_again(draft, id, since + limits.noticed);
    }
}

/// It is ended, and its next incarnation goes on.
fn give_up(draft: &mut Draft, id: SessionId, quiet: u64, tool: bool) {
    let minutes = quiet / 60_000;
    let reason = if tool {
        format!("its tool showed no sign of life for {minutes} minutes")
    } else {
        format!("it showed no sign of life for {minutes} minutes")
    };
    let again = draft.lose_turn(id, &reason);
    draft.leave(id);
    trouble(draft, id, &reason, again, false);
}
