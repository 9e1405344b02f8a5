//! What every aggregate remembers of its messages: the highest number sent to and seen from each other one.

use crate::effect::{Action, Effect, EffectStep};
use crate::ids::{EffectId, IdSource};
use crate::message::{Address, Message, MessageBody};
use serde::{Deserialize, Serialize};

/// Numbers of messages, by the other side.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Mailbox {
    sent: Vec<(Address, u64)>,
    seen: Vec<(Address, u64)>,
}

impl Mailbox {
    fn highest(list: &[(Address, u64)], other: Address) -> u64 {
        list.iter().find(|(address, _)| *address == other).map_or(0, |(_, number)| *number)
    }

    fn raise(list: &mut Vec<(Address, u64)>, other: Address, number: u64) {
        match list.iter_mut().find(|(address, _)| *address == other) {
            Some((_, highest)) => *highest = number.max(*highest),
            None => list.push((other, number)),
        }
    }

    /// The number that the next message to `to` bears.
    pub fn next_number(&self, to: Address) -> u64 {
        Self::highest(&self.sent, to) + 1
    }

    /// Whether a message of this number has been seen from `from`, or a later one.
    pub fn has_seen(&self, from: Address, number: u64) -> bool {
        number <= Self::highest(&self.seen, from)
    }

    /// Remembers that a message was received.
    pub fn received(&mut self, from: Address, number: u64) {
        Self::raise(&mut self.seen, from, number);
    }

    /// Forgets a side that will never speak again, so that the list stays as short as what is live.
    pub fn forget_sent(&mut self, to: Address) {
        self.sent.retain(|(address, _)| *address != to);
    }

    /// Remembers what an effect step says of messages sent.
    pub fn note(&mut self, step: &EffectStep) {
        if let EffectStep::Minted(Effect { action: Action::Message(message), .. }) = step {
            Self::raise(&mut self.sent, message.to, message.number);
        }
    }

    /// The effect that sends `body` to `to`, and its number.
    pub fn mint(&self, to: Address, body: MessageBody, ids: &mut IdSource) -> (u64, EffectStep) {
        let number = self.next_number(to);
        let id = EffectId::new(ids.ulid());
        (number, EffectStep::Minted(Effect { id, action: Action::Message(Message { to, number, body }) }))
    }
}
