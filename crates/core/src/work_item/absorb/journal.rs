//! What an agent's journal says that changes the item. All inputs of one entry are absorbed in one append.

use super::session::{gone, trouble};
use super::tool;
use crate::agent::{
    AgentEvent, AgentRequest, Ended, PermissionKind, PermissionOption, RequestBody, TurnEnd, Usage,
};
use crate::effect::{Action, TimerPurpose};
use crate::ids::{EffectId, SessionId};
use crate::journal::Position;
use crate::message::{Address, MessageBody};
use crate::question::{QuestionSource, QuestionText};
use crate::work_item::advance::turn_ended;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::questions::{self, Caller};
use crate::work_item::state::{Channel, GivenAnswer, HostState, PermissionPolicy, RequestKind, TurnPurpose};

/// How long a rate limit without a stated end is waited for: 5 minutes.
const UNSTATED_LIMIT_MS: u64 = 5 * 60 * 1000;

pub(super) fn journal(
    draft: &mut Draft,
    id: SessionId,
    incarnation: u64,
    position: Position,
    inputs: Vec<AgentEvent>,
) {
    let Some(session) = draft.item.session(id) else { return };
    if session.incarnation != incarnation || session.watermark >= (incarnation, position) {
        return;
    }
    let mut usage = None;
    for input in inputs {
        input_of(draft, id, incarnation, input, &mut usage);
    }
    draft.emit(ItemFact::JournalAbsorbed { session: id, incarnation, position });
}

fn input_of(
    draft: &mut Draft,
    id: SessionId,
    incarnation: u64,
    input: AgentEvent,
    usage: &mut Option<Usage>,
) {
    match input {
        AgentEvent::Ready { native_id, loaded } => {
            if let Some(HostState::Starting { timer, .. }) =
                draft.item.session(id).map(|session| session.host)
            {
                draft.settle(timer);
                draft.emit(ItemFact::SessionReady { session: id, native_id, loaded });
            }
        }
        AgentEvent::StartFailed { message } => {
            let starting = matches!(
                draft.item.session(id).map(|session| session.host),
                Some(HostState::Starting { .. })
            );
            if starting {
                let again = draft.item.session(id).and_then(|session| session.want.clone());
                draft.leave(id);
                trouble(draft, id, &format!("it could not start a conversation: {message}"), again, true);
            }
        }
        AgentEvent::Delivered { effect: Some(effect), .. } => delivered(draft, id, effect),
        AgentEvent::Undeliverable { effect: Some(effect), reason, .. } => {
            undeliverable(draft, id, effect, &reason);
        }
        AgentEvent::Asked(request) => asked(draft, id, incarnation, request),
        AgentEvent::RequestWithdrawn { request } => withdrawn(draft, id, &request),
        AgentEvent::Usage(turn) => *usage = Some(turn),
        AgentEvent::RateLimited { until_ms, .. } => limited(draft, id, until_ms),
        AgentEvent::TurnEnded(end) => ended_turn(draft, id, end, usage.take()),
        AgentEvent::Ended(ended) => ended_agent(draft, id, &ended),
        _ => {}
    }
}

/// A delivery can no longer reach its agent: a prompt's turn is lost, and an answer is not waited for any more.
pub(super) fn undeliverable(draft: &mut Draft, id: SessionId, effect: EffectId, reason: &str) {
    if turn_delivery(draft, id) == Some(effect) {
        let again = draft.lose_turn(id, reason);
        trouble(draft, id, &format!("its prompt could not be delivered: {reason}"), again, false);
    } else {
        draft.settle(effect);
    }
}

fn turn_delivery(draft: &Draft, id: SessionId) -> Option<EffectId> {
    draft.item.session(id).and_then(|session| session.turn.as_ref()).map(|turn| turn.delivery)
}

fn delivered(draft: &mut Draft, id: SessionId, effect: EffectId) {
    let undelivered = draft
        .item
        .session(id)
        .and_then(|session| session.turn.as_ref())
        .is_some_and(|turn| turn.delivery == effect && !turn.delivered);
    draft.settle(effect);
    if undelivered {
        draft.emit(ItemFact::TurnDelivered { session: id });
    }
}

fn withdrawn(draft: &mut Draft, id: SessionId, wire_id: &str) {
    let known = draft.item.session(id).and_then(|session| {
        session.requests.iter().find(|request| request.wire_id == wire_id).map(|request| request.kind.clone())
    });
    let Some(kind) = known else { return };
    if let RequestKind::Permission { decision, .. } = kind {
        draft.close_decisions(|open| open.id == decision);
    }
    draft.emit(ItemFact::RequestWithdrawn { session: id, wire_id: wire_id.to_owned() });
}

fn option_of(options: &[PermissionOption], kinds: [PermissionKind; 2]) -> Option<String> {
    let found = kinds.iter().find_map(|kind| options.iter().find(|option| option.kind == *kind));
    found.map(|option| option.id.clone())
}

fn asked(draft: &mut Draft, id: SessionId, incarnation: u64, request: AgentRequest) {
    let AgentRequest { wire_id, body } = request;
    let known = draft.item.session(id).is_none_or(|session| {
        session.turn.is_none()
            || session
                .requests
                .iter()
                .any(|known| known.incarnation == incarnation && known.wire_id == wire_id)
    });
    match body {
        RequestBody::Tool { name, arguments } => {
            tool::call(draft, id, incarnation, &wire_id, Channel::Journal, &name, &arguments);
        }
        RequestBody::Question { text, options } => {
            if !known {
                let caller =
                    Caller { session: id, incarnation, wire_id: &wire_id, channel: Channel::Journal };
                let text = QuestionText::plain(&text, options);
                questions::ask(draft, &caller, QuestionSource::Native, text);
            }
        }
        RequestBody::Permission { title, options } if !known => {
            let policy = draft.item.settings.permissions;
            let at_once = match policy {
                PermissionPolicy::Sandboxed => {
                    Some(option_of(&options, [PermissionKind::AllowOnce, PermissionKind::AllowAlways]))
                }
                PermissionPolicy::Deny => {
                    Some(option_of(&options, [PermissionKind::RejectOnce, PermissionKind::RejectAlways]))
                }
                PermissionPolicy::Ask => None,
            };
            let request = match at_once {
                Some(_) => RequestKind::Tool,
                None => {
                    let repository = draft.item.session(id).and_then(|session| session.repository.clone());
                    let decision = draft.open_decision(
                        DecisionKind::Permission { session: id },
                        repository.as_deref(),
                        title.clone(),
                        Vec::new(),
                    );
                    RequestKind::Permission { title, options, decision }
                }
            };
            draft.emit(ItemFact::RequestOpened {
                session: id,
                incarnation,
                wire_id: wire_id.clone(),
                channel: Channel::Journal,
                request,
            });
            if let Some(option) = at_once {
                let answer = GivenAnswer::Option { id: option };
                draft.emit(ItemFact::RequestAnswered { session: id, wire_id, answer });
            }
        }
        RequestBody::Permission { .. } => {}
    }
}

fn limited(draft: &mut Draft, id: SessionId, until_ms: Option<u64>) {
    if draft.item.session(id).is_none_or(|session| session.limited.is_some()) {
        return;
    }
    let wait = until_ms.map_or(UNSTATED_LIMIT_MS, |until| until.saturating_sub(draft.now.wall_ms).max(1000));
    let timer = draft.mint(Action::Timer {
        at_awake_ms: draft.now.awake_ms + wait,
        at_wall_ms: Some(draft.now.wall_ms + wait),
        purpose: TimerPurpose::RateLimit { session: id },
    });
    draft.emit(ItemFact::SessionLimited { session: id, timer, until_ms });
    // Whoever else uses the account waits too, instead of running into the same wall.
    let agent = draft.item.session(id).map(|session| session.agent.clone()).unwrap_or_default();
    let until_ms = draft.now.wall_ms.saturating_add(wait);
    draft.send(Address::Site, MessageBody::AccountLimited { agent, wait_ms: wait, until_ms });
}

fn ended_turn(draft: &mut Draft, id: SessionId, end: TurnEnd, usage: Option<Usage>) {
    let Some(session) = draft.item.session(id) else { return };
    let Some(turn) = session.turn.clone() else { return };
    let is_limited = session.limited.is_some();
    let permissions: Vec<_> = session
        .requests
        .iter()
        .filter_map(|request| match request.kind {
            RequestKind::Permission { decision, .. } => Some(decision),
            _ => None,
        })
        .collect();
    draft.close_decisions(|open| permissions.contains(&open.id));
    draft.settle(turn.delivery);
    draft.emit(ItemFact::TurnEnded { session: id, end: end.clone(), usage });
    let purpose = turn.purpose.clone();
    let again = match turn.purpose {
        purpose @ TurnPurpose::Resume { .. } => purpose,
        purpose => TurnPurpose::Resume { interrupted: Box::new(purpose) },
    };
    match end {
        TurnEnd::Failed { .. } | TurnEnd::Limit { .. } if is_limited => draft.want_turn(id, again),
        TurnEnd::Failed { message } => trouble(draft, id, &message, Some(again), false),
        TurnEnd::Interrupted => trouble(draft, id, "its turn was interrupted", Some(again), false),
        TurnEnd::Completed | TurnEnd::Limit { .. } | TurnEnd::Refused => turn_ended(draft, id, &purpose),
    }
}

fn ended_agent(draft: &mut Draft, id: SessionId, ended: &Ended) {
    let Some(session) = draft.item.session(id) else { return };
    let host = session.host;
    if matches!(host, HostState::None | HostState::Lost) {
        return;
    }
    let wish = session.want.clone();
    let again = gone(draft, id);
    let how = match (ended.status.code, ended.status.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "for an unknown reason".to_owned(),
    };
    let words = ended.last_words.trim();
    let said = if words.is_empty() { String::new() } else { format!("; it wrote: {words}") };
    match (host, again) {
        (HostState::Leaving { .. }, _) => {}
        (HostState::Starting { .. }, again) => {
            let reason = format!("the program ended before it was ready ({how}){said}");
            trouble(draft, id, &reason, again.or(wish), false);
        }
        (_, Some(purpose)) => {
            trouble(
                draft,
                id,
                &format!("the program ended in the middle of a turn ({how}){said}"),
                Some(purpose),
                false,
            );
        }
        // An idle agent may end whenever it likes: the next turn starts it again.
        (_, None) => {}
    }
}
