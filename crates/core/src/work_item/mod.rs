//! A work item: one ticket on its way through ganger.

mod absorb;
mod advance;
mod apply;
pub mod budget;
pub mod command;
mod decide;
pub mod decision;
mod draft;
pub mod event;
mod proposal;
mod questions;
mod replanning;
pub mod reply;
pub mod report;
mod reviews;
mod silence;
pub mod state;
pub mod status;
#[cfg(test)]
mod tests;
mod texts;

use crate::aggregate::{Aggregate, Received, Rejection};
use crate::effect::Ledger;
use crate::env::Env;
use crate::message::Address;
use command::ItemCommand;
use event::ItemEvent;
use report::ItemReport;
pub use state::WorkItem;

impl Aggregate for WorkItem {
    type Event = ItemEvent;
    type Command = ItemCommand;
    type Report = ItemReport;
    const SCHEMA: u32 = 4;

    fn decide(&self, command: ItemCommand, env: &Env) -> Result<Vec<ItemEvent>, Rejection> {
        decide::decide(self, command, env)
    }

    fn absorb(&self, report: ItemReport, env: &Env) -> Vec<ItemEvent> {
        absorb::absorb(self, report, env)
    }

    fn apply(&mut self, event: &ItemEvent) {
        self.apply_event(event);
    }

    fn received(report: &ItemReport) -> Option<&Received> {
        match report {
            ItemReport::Common(report) => report.as_received(),
            _ => None,
        }
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn has_seen(&self, from: Address, number: u64) -> bool {
        self.mailbox.has_seen(from, number)
    }
}
