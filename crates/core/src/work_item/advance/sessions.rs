//! Sessions: slots, hosts, prompts, answers.

use super::has_job;
use crate::agent::{RequestAnswer, SessionCommand, ToolAnswer};
use crate::effect::{Action, TimerPurpose};
use crate::ids::SessionId;
use crate::message::{Address, MessageBody, SlotClass};
use crate::repository::RepositoryBase;
use crate::session::SessionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{
    Channel, GivenAnswer, HostState, Place, RequestKind, Session, Slot, TurnPurpose,
};
use crate::work_item::{budget, reviews, silence, texts};

/// How long an agent may take to shake hands: 90 seconds of awake time. Programs that install something at their
/// first start need most of it.
const HANDSHAKE_MS: u64 = 90_000;

pub(super) fn advance(draft: &mut Draft) {
    let ids: Vec<SessionId> = draft.item.sessions.iter().map(|session| session.id).collect();
    for id in ids {
        slot(draft, id);
        begin(draft, id);
        answer(draft, id);
        silence::watch(draft, id);
        reviews::watch(draft, id);
    }
}

fn class(session: &Session) -> SlotClass {
    match (&session.want, session.kind) {
        (Some(TurnPurpose::Plan), _) => SlotClass::Planning,
        (Some(TurnPurpose::Implement), _) => SlotClass::Implementation,
        _ => SlotClass::Continuation,
    }
}

/// A slot is held exactly while a turn is open or wanted and nothing of it waits for us.
fn slot(draft: &mut Draft, id: SessionId) {
    let Some(session) = draft.item.session(id) else { return };
    let (class, agent) = (class(session), session.agent.clone());
    // A turn that is open goes on to its end; none begins while the budget waits for a person.
    let wanted = session.needs_slot() && (session.turn.is_some() || !budget::is_used_up(&draft.item));
    match (wanted, session.slot) {
        (true, Slot::None) => {
            let body = MessageBody::SlotWanted { session: id, class, agent };
            let (ask, effect) = draft.send(Address::Site, body);
            draft.emit(ItemFact::SlotAsked { session: id, ask, effect });
        }
        (false, Slot::Asked { ask, effect }) => {
            draft.settle(effect);
            draft.send(Address::Site, MessageBody::SlotReleased { session: id, ask });
            draft.emit(ItemFact::SlotReturned { session: id });
        }
        (false, Slot::Granted { ask }) => {
            draft.send(Address::Site, MessageBody::SlotReleased { session: id, ask });
            draft.emit(ItemFact::SlotReturned { session: id });
        }
        _ => {}
    }
}

/// Whether anything else may still write where this session works.
fn place_is_busy(draft: &Draft, session: &Session) -> bool {
    let other_host = draft.item.sessions.iter().any(|other| {
        other.id != session.id && other.place() == session.place() && other.host != HostState::None
    });
    other_host
        || has_job(draft, |action| match (action, session.place()) {
            (
                Action::StartOver { base: RepositoryBase { name: repository, .. }, .. }
                | Action::Setup { repository, .. }
                | Action::TakeCandidate { repository, .. },
                Place::Worktree(name),
            )
            | (
                Action::PrepareProof { repository, .. } | Action::Check { repository, .. },
                Place::Proof(name),
            ) => repository == name,
            _ => false,
        })
}

fn begin(draft: &mut Draft, id: SessionId) {
    let Some(session) = draft.item.session(id).cloned() else { return };
    let may_run = session.may_run() && session.turn.is_none() && !budget::is_used_up(&draft.item);
    let Some(purpose) = session.want.clone().filter(|_| may_run) else { return };
    if place_is_busy(draft, &session) {
        return;
    }
    match session.host {
        HostState::None => {
            let incarnation = session.incarnation + 1;
            let timer = draft.mint(Action::Timer {
                at_awake_ms: draft.now.awake_ms + HANDSHAKE_MS,
                at_wall_ms: None,
                purpose: TimerPurpose::Handshake { session: id, incarnation },
            });
            let native_id = session.native_id.clone().or_else(|| inherited(draft, &session));
            let presence = draft.mint(Action::Host {
                session: id,
                incarnation,
                kind: session.kind,
                repository: session.repository.clone(),
                agent: session.agent.clone(),
                native_id,
            });
            draft.emit(ItemFact::SessionStarting { session: id, incarnation, presence, timer });
        }
        HostState::Ready { .. } => {
            let text = texts::prompt(&draft.item, &session, &purpose);
            let delivery = draft.mint(Action::Delivery {
                session: id,
                incarnation: session.incarnation,
                command: SessionCommand::Prompt { text },
            });
            draft.emit(ItemFact::TurnOpened { session: id, purpose, delivery });
        }
        HostState::Starting { .. } | HostState::Leaving { .. } | HostState::Lost => {}
    }
}

/// A child goes on in its parent's conversation, where the same program had one.
fn inherited(draft: &Draft, session: &Session) -> Option<String> {
    let parent = draft.item.session(session.parent?)?;
    (parent.agent == session.agent && session.kind == SessionKind::Implementation)
        .then(|| parent.native_id.clone())
        .flatten()
}

/// Answers that travel over the journal, once the slot for the turn that goes on is ours again.
fn answer(draft: &mut Draft, id: SessionId) {
    let Some(session) = draft.item.session(id).cloned() else { return };
    if !matches!(session.host, HostState::Ready { .. }) || !session.may_run() {
        return;
    }
    for request in session.requests {
        let (Channel::Journal, None, Some(answer)) = (request.channel, request.delivery, request.answer)
        else {
            continue;
        };
        let answer = match (answer, &request.kind) {
            (GivenAnswer::Option { id }, _) => RequestAnswer::Permission { option: id },
            (GivenAnswer::Text { text, .. }, RequestKind::Question { .. }) => RequestAnswer::Text { text },
            (GivenAnswer::Text { text, is_error }, _) => RequestAnswer::Tool(ToolAnswer { text, is_error }),
        };
        let wire_id = request.wire_id;
        let delivery = draft.mint(Action::Delivery {
            session: id,
            incarnation: session.incarnation,
            command: SessionCommand::Answer { request: wire_id.clone(), answer },
        });
        draft.emit(ItemFact::RequestDelivering { session: id, wire_id, delivery });
    }
}
