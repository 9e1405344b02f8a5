//! The site: what concerns several work items of one user. It numbers items, lends slots for open turns and
//! remembers how often a daemon has started.

mod schedule;
#[cfg(test)]
mod tests;

use crate::aggregate::{Aggregate, CommonReport, Received, Rejection};
use crate::effect::{Action, Effect, EffectStep, Ledger, OwedEffect, TimerPurpose};
use crate::env::Env;
use crate::ids::{EffectId, IdSource, SessionId, WorkItemId, WorkspaceId};
use crate::mailbox::Mailbox;
use crate::message::{Address, MessageBody, SlotClass, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A wish for a slot, in the order in which they came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SlotWish {
    /// Who wishes.
    pub item: WorkItemId,
    /// For which session.
    pub session: SessionId,
    /// The number of the ask.
    pub ask: u64,
    /// The order of service.
    pub class: SlotClass,
    /// Awake time of the ask.
    pub since_ms: u64,
    /// The agent program, by its name in the configuration.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
}

/// A limit of an agent's account: none of its turns begins before it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLimit {
    /// When it ends, wall milliseconds.
    pub until_ms: u64,
    /// The timer that ends it.
    pub timer: EffectId,
}

/// The site's state.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Site {
    /// How many daemons have started; the last one's number is the daemon epoch.
    pub daemon_epoch: u64,
    /// The `g` number of the last item.
    pub last_number: u64,
    /// How many turns may be open at once.
    pub max_sessions: u32,
    /// Slots lent.
    pub granted: Vec<SlotWish>,
    /// Wishes that wait.
    pub waiting: Vec<SlotWish>,
    /// Limits of accounts, by the agent's name: shared by all items.
    pub accounts: BTreeMap<String, AccountLimit>,
    mailbox: Mailbox,
    ledger: Ledger,
}

/// The site's facts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", content = "data")]
pub enum SiteEvent {
    /// A daemon started.
    #[serde(rename = "daemon.started/1")]
    DaemonStarted {
        /// Its epoch.
        epoch: u64,
    },
    /// The limit of open turns was set.
    #[serde(rename = "limits.set/1")]
    LimitsSet {
        /// How many turns may be open at once.
        max_sessions: u32,
    },
    /// An item was numbered.
    #[serde(rename = "item.numbered/1")]
    ItemNumbered {
        /// The item.
        item: WorkItemId,
        /// Its `g` number.
        number: u64,
    },
    /// A message was received.
    #[serde(rename = "message.received/1")]
    MessageReceived {
        /// From whom.
        from: Address,
        /// Its number.
        number: u64,
    },
    /// A slot is wanted.
    #[serde(rename = "slot.wanted/1")]
    SlotWanted(SlotWish),
    /// A slot was lent.
    #[serde(rename = "slot.granted/1")]
    SlotGranted {
        /// To whom.
        item: WorkItemId,
        /// For which session.
        session: SessionId,
        /// The number of the ask.
        ask: u64,
    },
    /// A slot came back, or a wish was taken back.
    #[serde(rename = "slot.released/1")]
    SlotReleased {
        /// From whom.
        item: WorkItemId,
        /// For which session.
        session: SessionId,
        /// The number of the ask.
        ask: u64,
    },
    /// The provider limits the account of an agent.
    #[serde(rename = "account.limited/1")]
    AccountLimited {
        /// The agent.
        agent: String,
        /// The limit.
        limit: AccountLimit,
    },
    /// The limit is over.
    #[serde(rename = "account.unlimited/1")]
    AccountUnlimited {
        /// The agent.
        agent: String,
    },
    /// A step of an effect.
    #[serde(rename = "effect/1")]
    Effect(EffectStep),
}

/// What the daemon tells the site on a person's behalf.
#[derive(Clone, PartialEq, Debug)]
pub enum SiteCommand {
    /// A daemon starts: raise the epoch, set the limits.
    StartDaemon {
        /// How many turns may be open at once.
        max_sessions: u32,
    },
    /// A new item.
    CreateItem {
        /// Its id, made by whoever asks, so that asking twice makes one item.
        item: WorkItemId,
        /// The workspace.
        workspace: WorkspaceId,
        /// The ticket.
        ticket: Ticket,
    },
}

/// What the site is told.
pub type SiteReport = CommonReport;

struct Draft {
    site: Site,
    ids: IdSource,
    events: Vec<SiteEvent>,
}

impl Draft {
    fn new(site: &Site, env: &Env) -> Self {
        Self { site: site.clone(), ids: env.ids(), events: Vec::new() }
    }

    fn emit(&mut self, event: SiteEvent) {
        self.site.apply(&event);
        self.events.push(event);
    }

    fn send(&mut self, to: Address, body: MessageBody) {
        let (_, step) = self.site.mailbox.mint(to, body, &mut self.ids);
        self.emit(SiteEvent::Effect(step));
    }

    /// No turn of this agent begins before then. Of two limits the later one counts.
    fn limit(&mut self, agent: String, until_awake_ms: u64, until_ms: u64) {
        if let Some(known) = self.site.accounts.get(&agent) {
            if known.until_ms >= until_ms {
                return;
            }
            self.emit(SiteEvent::Effect(EffectStep::Settled { id: known.timer }));
        }
        let timer = EffectId::new(self.ids.ulid());
        let action = Action::Timer {
            at_awake_ms: until_awake_ms,
            at_wall_ms: Some(until_ms),
            purpose: TimerPurpose::Account,
        };
        self.emit(SiteEvent::Effect(EffectStep::Minted(Effect { id: timer, action })));
        self.emit(SiteEvent::AccountLimited { agent, limit: AccountLimit { until_ms, timer } });
    }

    /// Lends slots as long as there are any and somebody waits.
    fn lend(&mut self) {
        while let Some(wish) = schedule::next(&self.site).cloned() {
            self.emit(SiteEvent::SlotGranted { item: wish.item, session: wish.session, ask: wish.ask });
            let body = MessageBody::SlotGranted { session: wish.session, ask: wish.ask };
            self.send(Address::WorkItem(wish.item), body);
        }
    }
}

impl Aggregate for Site {
    type Event = SiteEvent;
    type Command = SiteCommand;
    type Report = SiteReport;
    const SCHEMA: u32 = 2;

    fn decide(&self, command: SiteCommand, env: &Env) -> Result<Vec<SiteEvent>, Rejection> {
        let mut draft = Draft::new(self, env);
        match command {
            SiteCommand::StartDaemon { max_sessions } => {
                draft.emit(SiteEvent::DaemonStarted { epoch: self.daemon_epoch + 1 });
                let max_sessions = max_sessions.max(1);
                if max_sessions != self.max_sessions {
                    draft.emit(SiteEvent::LimitsSet { max_sessions });
                }
            }
            SiteCommand::CreateItem { item, workspace, ticket } => {
                if ticket.title.trim().is_empty() {
                    return Err(Rejection::new("item.title_missing", "a work item needs a title")
                        .hint("ganger new \"what is to be done\""));
                }
                // Asked twice in a row: it has its number, and the workspace is being told.
                let is_under_way = |owed: &OwedEffect| {
                    matches!(&owed.effect.action, Action::Message(message)
                        if matches!(message.body, MessageBody::ReserveBranch { item: told, .. } if told == item))
                };
                if self.ledger.iter().any(is_under_way) {
                    return Ok(Vec::new());
                }
                let number = self.last_number + 1;
                draft.emit(SiteEvent::ItemNumbered { item, number });
                draft
                    .send(Address::Workspace(workspace), MessageBody::ReserveBranch { item, number, ticket });
            }
        }
        draft.lend();
        Ok(draft.events)
    }

    fn absorb(&self, report: SiteReport, env: &Env) -> Vec<SiteEvent> {
        let mut draft = Draft::new(self, env);
        match report {
            CommonReport::Received(Received { from, number, body }) => {
                if self.mailbox.has_seen(from, number) {
                    return Vec::new();
                }
                draft.emit(SiteEvent::MessageReceived { from, number });
                if let Address::WorkItem(item) = from {
                    match body {
                        MessageBody::SlotWanted { session, class, agent } => {
                            draft.emit(SiteEvent::SlotWanted(SlotWish {
                                item,
                                session,
                                ask: number,
                                class,
                                since_ms: env.now.awake_ms,
                                agent,
                            }))
                        }
                        MessageBody::AccountLimited { agent, wait_ms, until_ms } => {
                            draft.limit(agent, env.now.awake_ms.saturating_add(wait_ms), until_ms);
                        }
                        MessageBody::SlotReleased { session, ask } => {
                            draft.emit(SiteEvent::SlotReleased { item, session, ask });
                        }
                        _ => {}
                    }
                }
            }
            CommonReport::Receipted { effect } => {
                if self.ledger.get(effect).is_some() {
                    draft.emit(SiteEvent::Effect(EffectStep::Settled { id: effect }));
                }
            }
            CommonReport::TimerFired { effect } => {
                let over = self.accounts.iter().find(|(_, limit)| limit.timer == effect);
                if let Some((agent, _)) = over {
                    draft.emit(SiteEvent::Effect(EffectStep::Settled { id: effect }));
                    draft.emit(SiteEvent::AccountUnlimited { agent: agent.clone() });
                }
            }
            CommonReport::Outcome { .. } => {}
        }
        draft.lend();
        draft.events
    }

    fn apply(&mut self, event: &SiteEvent) {
        match event {
            SiteEvent::DaemonStarted { epoch } => self.daemon_epoch = *epoch,
            SiteEvent::LimitsSet { max_sessions } => self.max_sessions = *max_sessions,
            SiteEvent::ItemNumbered { number, .. } => self.last_number = *number,
            SiteEvent::MessageReceived { from, number } => self.mailbox.received(*from, *number),
            SiteEvent::SlotWanted(wish) => self.waiting.push(wish.clone()),
            SiteEvent::SlotGranted { item, session, ask } => {
                let same =
                    |wish: &SlotWish| wish.item == *item && wish.session == *session && wish.ask == *ask;
                if let Some(index) = self.waiting.iter().position(same) {
                    let wish = self.waiting.remove(index);
                    self.granted.push(wish);
                }
            }
            SiteEvent::SlotReleased { item, session, ask } => {
                let other =
                    |wish: &SlotWish| wish.item != *item || wish.session != *session || wish.ask != *ask;
                self.waiting.retain(other);
                self.granted.retain(other);
            }
            SiteEvent::AccountLimited { agent, limit } => {
                self.accounts.insert(agent.clone(), *limit);
            }
            SiteEvent::AccountUnlimited { agent } => {
                self.accounts.remove(agent);
            }
            SiteEvent::Effect(step) => {
                self.mailbox.note(step);
                self.ledger.apply(step);
            }
        }
    }

    fn received(report: &SiteReport) -> Option<&Received> {
        report.as_received()
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn has_seen(&self, from: Address, number: u64) -> bool {
        self.mailbox.has_seen(from, number)
    }
}
