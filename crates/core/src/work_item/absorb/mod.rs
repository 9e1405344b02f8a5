//! What the world tells the item, and what follows. Total: nothing is refused, and what says nothing new changes
//! nothing.

mod journal;
mod outcome;
mod session;
mod tool;

pub(super) use outcome::unread;
pub(super) use session::trouble;

use super::advance;
use super::draft::Draft;
use super::event::{ItemEvent, ItemFact};
use super::report::ItemReport;
use super::silence;
use super::state::{HostState, Slot, WorkItem};
use crate::aggregate::{CommonReport, Received};
use crate::env::Env;
use crate::message::{Address, MessageBody};

pub(super) fn absorb(item: &WorkItem, report: ItemReport, env: &Env) -> Vec<ItemEvent> {
    let mut draft = Draft::new(item, env);
    match report {
        ItemReport::Common(CommonReport::Received(received)) => receive(&mut draft, received),
        ItemReport::Common(CommonReport::Receipted { effect }) => {
            // An ask stays owed until its answer is here.
            let is_ask = draft.item.ledger.get(effect).is_some_and(|owed| {
                matches!(&owed.effect.action, crate::effect::Action::Message(message) if message.body.is_ask())
            });
            if !is_ask {
                draft.settle(effect);
            }
        }
        ItemReport::Common(CommonReport::Outcome { effect, attempt, outcome }) => {
            outcome::outcome(&mut draft, effect, attempt, outcome);
        }
        ItemReport::Common(CommonReport::TimerFired { effect }) => outcome::timer(&mut draft, effect),
        ItemReport::Heard { timer, heard } => silence::timer_came(&mut draft, timer, Some(heard)),
        ItemReport::HostStarted { session, incarnation, enforcement } => {
            let news = draft.item.session(session).is_some_and(|known| {
                known.incarnation == incarnation
                    && matches!(known.host, HostState::Starting { .. })
                    && known.enforcement.as_ref() != Some(&enforcement)
            });
            if news {
                draft.emit(ItemFact::HostStarted { session, incarnation, enforcement });
            }
        }
        ItemReport::HostFailed { session, incarnation, reason } => {
            session::host_failed(&mut draft, session, incarnation, &reason);
        }
        ItemReport::HostLost { session, incarnation } => session::host_lost(&mut draft, session, incarnation),
        ItemReport::Journal { session, incarnation, position, inputs } => {
            journal::journal(&mut draft, session, incarnation, position, inputs);
        }
        ItemReport::ToolCall { session, incarnation, call_id, channel, name, arguments } => {
            tool::call(&mut draft, session, incarnation, &call_id, channel, &name, &arguments);
        }
    }
    if draft.item.id.is_some() && !draft.events.is_empty() {
        advance::advance(&mut draft);
    }
    draft.events
}

fn receive(draft: &mut Draft, received: Received) {
    let Received { from, number, body } = received;
    if draft.item.mailbox.has_seen(from, number) {
        return;
    }
    draft.emit(ItemFact::MessageReceived { from, number });
    match body {
        MessageBody::Born { item: id, workspace, number, branch, ticket } if draft.item.id.is_none() => {
            draft.emit(ItemFact::Born { id, workspace, number, branch, ticket });
        }
        MessageBody::SlotGranted { session, ask } => {
            let asked = draft.item.session(session).map(|session| session.slot);
            match asked {
                Some(Slot::Asked { ask: open, effect }) if open == ask => {
                    draft.settle(effect);
                    draft.emit(ItemFact::SlotGranted { session, ask });
                }
                // A grant for an ask that is no longer open goes back in the same append.
                _ => {
                    draft.send(Address::Site, MessageBody::SlotReleased { session, ask });
                }
            }
        }
        _ => {}
    }
}
