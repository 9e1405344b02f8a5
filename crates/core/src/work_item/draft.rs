//! A decision in the making: facts are applied to a copy as they are emitted, so that what follows sees them.

use super::decision::{Decision, DecisionKind};
use super::event::{ItemEvent, ItemFact};
use super::state::{RequestKind, Session, TurnPurpose, WorkItem};
use crate::effect::{Action, Effect, EffectStep, TimerPurpose};
use crate::env::{Env, Times};
use crate::ids::{DecisionId, EffectId, IdSource, SessionId};
use crate::message::{Address, MessageBody};
use crate::session::SessionKind;

pub(super) struct Draft {
    pub(super) item: WorkItem,
    pub(super) now: Times,
    pub(super) ids: IdSource,
    pub(super) events: Vec<ItemEvent>,
}

impl Draft {
    pub(super) fn new(item: &WorkItem, env: &Env) -> Self {
        Self { item: item.clone(), now: env.now, ids: env.ids(), events: Vec::new() }
    }

    pub(super) fn emit(&mut self, fact: ItemFact) {
        let event = ItemEvent { at: self.now, fact };
        self.item.apply_event(&event);
        self.events.push(event);
    }

    pub(super) fn mint(&mut self, action: Action) -> EffectId {
        let id = EffectId::new(self.ids.ulid());
        self.emit(ItemFact::Effect(EffectStep::Minted(Effect { id, action })));
        id
    }

    pub(super) fn settle(&mut self, id: EffectId) {
        if self.item.ledger.get(id).is_some() {
            self.emit(ItemFact::Effect(EffectStep::Settled { id }));
        }
    }

    /// Withdraws an effect that a runner may hold; it stays owed until the runner has reported.
    pub(super) fn withdraw(&mut self, id: EffectId) {
        if self.item.ledger.get(id).is_some_and(|owed| !owed.withdrawing) {
            self.emit(ItemFact::Effect(EffectStep::Withdrawn { id }));
        }
    }

    pub(super) fn send(&mut self, to: Address, body: MessageBody) -> (u64, EffectId) {
        let number = self.item.mailbox.next_number(to);
        let id = self.mint(Action::Message(crate::message::Message { to, number, body }));
        (number, id)
    }

    pub(super) fn open_decision(
        &mut self,
        kind: DecisionKind,
        repository: Option<&str>,
        text: impl Into<String>,
        options: Vec<String>,
    ) -> DecisionId {
        let id = DecisionId::new(self.ids.ulid());
        self.emit(ItemFact::DecisionOpened(Decision {
            id,
            kind,
            repository: repository.map(str::to_owned),
            text: text.into(),
            options,
            since: self.now,
        }));
        id
    }

    /// Takes back decisions that went away by themselves.
    pub(super) fn close_decisions(&mut self, which: impl Fn(&Decision) -> bool) {
        let gone: Vec<DecisionId> =
            self.item.decisions.iter().filter(|open| which(open)).map(|open| open.id).collect();
        for decision in gone {
            self.emit(ItemFact::DecisionResolved { decision, choice: None, text: String::new() });
        }
    }

    /// Takes back what holds a repository up. Its questions end by themselves: one that others ask too still waits.
    pub(super) fn close_decisions_of(&mut self, repository: &str) {
        self.close_decisions(|open| {
            open.repository.as_deref() == Some(repository)
                && !matches!(open.kind, DecisionKind::Question { .. })
        });
    }

    pub(super) fn create_session(
        &mut self,
        kind: SessionKind,
        repository: Option<&str>,
        agent: String,
        parent: Option<SessionId>,
    ) -> SessionId {
        let session = SessionId::new(self.ids.ulid());
        // Implementers and reviewers of a repository are numbered together: `g12/api@3` is the third session there.
        let same = |other: &&Session| {
            other.repository.as_deref() == repository && (repository.is_some() || other.kind == kind)
        };
        let ordinal = u32::try_from(self.item.sessions.iter().filter(same).count() + 1).unwrap_or(u32::MAX);
        let repository = repository.map(str::to_owned);
        self.emit(ItemFact::SessionCreated { session, kind, repository, agent, parent, ordinal });
        session
    }

    /// Says something to a session at the beginning of its next turn.
    pub(super) fn tell(&mut self, session: SessionId, text: impl Into<String>) {
        self.emit(ItemFact::SessionTold { session, text: text.into() });
    }

    /// Ends what a session does: its turn, its host, its wish.
    pub(super) fn close_session(&mut self, id: SessionId, reason: &str) {
        self.lose_turn(id, reason);
        self.leave(id);
        // What it said last is nobody's to read any more.
        let reads: Vec<EffectId> = self
            .item
            .ledger
            .iter()
            .filter(
                |owed| matches!(owed.effect.action, Action::ReadLastMessage { session, .. } if session == id),
            )
            .map(|owed| owed.effect.id)
            .collect();
        for read in reads {
            self.withdraw(read);
        }
        if self.item.session(id).is_some_and(|session| !session.closed) {
            self.emit(ItemFact::SessionClosed { session: id });
        }
    }

    /// Settles the timers that were set for this.
    pub(super) fn settle_timers(&mut self, purpose: TimerPurpose) {
        let timers: Vec<EffectId> = self
            .item
            .ledger
            .iter()
            .filter(
                |owed| matches!(&owed.effect.action, Action::Timer { purpose: set, .. } if *set == purpose),
            )
            .map(|owed| owed.effect.id)
            .collect();
        for timer in timers {
            self.settle(timer);
        }
    }

    pub(super) fn want_turn(&mut self, session: SessionId, purpose: TurnPurpose) {
        self.emit(ItemFact::TurnWanted { session, purpose });
    }

    /// A turn that will not end by itself: forgotten with everything that the agent waited for in it. A question
    /// stays, by its own identity; permissions go.
    pub(super) fn lose_turn(&mut self, id: SessionId, reason: &str) -> Option<TurnPurpose> {
        let session = self.item.session(id)?;
        let permissions: Vec<DecisionId> = session
            .requests
            .iter()
            .filter_map(|request| match request.kind {
                RequestKind::Permission { decision, .. } => Some(decision),
                _ => None,
            })
            .collect();
        let turn = session.turn.clone();
        self.close_decisions(|open| permissions.contains(&open.id));
        let turn = turn?;
        self.settle(turn.delivery);
        self.emit(ItemFact::TurnLost { session: id, reason: reason.to_owned() });
        Some(match (turn.delivered, turn.purpose) {
            (false, purpose) | (true, purpose @ TurnPurpose::Resume { .. }) => purpose,
            (true, purpose) => TurnPurpose::Resume { interrupted: Box::new(purpose) },
        })
    }

    /// Lets the session's host go: nobody needs it now.
    pub(super) fn leave(&mut self, id: SessionId) {
        use super::state::HostState;
        let Some(session) = self.item.session(id) else { return };
        let (presence, timer) = match session.host {
            HostState::Starting { presence, timer } => (presence, Some(timer)),
            HostState::Ready { presence } => (presence, None),
            _ => return,
        };
        if let Some(timer) = timer {
            self.settle(timer);
        }
        self.emit(ItemFact::HostLeaving { session: id });
        self.withdraw(presence);
    }
}
