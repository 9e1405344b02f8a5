//! A workspace: the directory that holds the repositories of one product. It reserves the branches of its items,
//! so that two of them never share one.

use crate::aggregate::{Aggregate, CommonReport, Received, Rejection};
use crate::branch::{generate_branch_name, numbered_branch_name};
use crate::effect::{EffectStep, Ledger};
use crate::env::Env;
use crate::ids::{WorkItemId, WorkspaceId};
use crate::mailbox::Mailbox;
use crate::message::{Address, MessageBody};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The workspace's state.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id; none before it was registered.
    pub id: Option<WorkspaceId>,
    /// Its name.
    pub name: String,
    /// Its directory, absolute.
    pub directory: String,
    /// Branches reserved, with the item that holds each.
    pub branches: BTreeMap<String, WorkItemId>,
    mailbox: Mailbox,
    ledger: Ledger,
}

/// The workspace's facts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", content = "data")]
pub enum WorkspaceEvent {
    /// The workspace became known.
    #[serde(rename = "workspace.registered/1")]
    Registered {
        /// Its id.
        id: WorkspaceId,
        /// Its name.
        name: String,
        /// Its directory, absolute.
        directory: String,
    },
    /// A message was received.
    #[serde(rename = "message.received/1")]
    MessageReceived {
        /// From whom.
        from: Address,
        /// Its number.
        number: u64,
    },
    /// A branch was reserved.
    #[serde(rename = "branch.reserved/1")]
    BranchReserved {
        /// For whom.
        item: WorkItemId,
        /// The branch.
        branch: String,
    },
    /// A step of an effect.
    #[serde(rename = "effect/1")]
    Effect(EffectStep),
}

/// What the daemon tells a workspace on a person's behalf.
#[derive(Clone, PartialEq, Debug)]
pub enum WorkspaceCommand {
    /// Make it known.
    Register {
        /// Its id.
        id: WorkspaceId,
        /// Its name.
        name: String,
        /// Its directory, absolute.
        directory: String,
    },
}

/// The first free branch name: the wanted one, or it with the smallest number from 2.
fn free_branch(taken: &BTreeMap<String, WorkItemId>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    let mut number = 1;
    while taken.contains_key(&name) {
        number += 1;
        name = numbered_branch_name(wanted, number);
    }
    name
}

impl Aggregate for Workspace {
    type Event = WorkspaceEvent;
    type Command = WorkspaceCommand;
    type Report = CommonReport;
    const SCHEMA: u32 = 1;

    fn decide(&self, command: WorkspaceCommand, _: &Env) -> Result<Vec<WorkspaceEvent>, Rejection> {
        let WorkspaceCommand::Register { id, name, directory } = command;
        if self.id.is_some() && self.name == name && self.directory == directory {
            return Ok(Vec::new());
        }
        Ok(vec![WorkspaceEvent::Registered { id, name, directory }])
    }

    fn absorb(&self, report: CommonReport, env: &Env) -> Vec<WorkspaceEvent> {
        match report {
            CommonReport::Received(Received { from, number, body }) => {
                if self.mailbox.has_seen(from, number) {
                    return Vec::new();
                }
                let mut events = vec![WorkspaceEvent::MessageReceived { from, number }];
                if let (MessageBody::ReserveBranch { item, number, ticket }, Some(workspace)) =
                    (body, self.id)
                {
                    let wanted = generate_branch_name(&format!("g{number}"), &ticket.title);
                    let branch = free_branch(&self.branches, &wanted);
                    events.push(WorkspaceEvent::BranchReserved { item, branch: branch.clone() });
                    let body = MessageBody::Born { item, workspace, number, branch, ticket };
                    let (_, step) = self.mailbox.mint(Address::WorkItem(item), body, &mut env.ids());
                    events.push(WorkspaceEvent::Effect(step));
                }
                events
            }
            CommonReport::Receipted { effect } if self.ledger.get(effect).is_some() => {
                vec![WorkspaceEvent::Effect(EffectStep::Settled { id: effect })]
            }
            _ => Vec::new(),
        }
    }

    fn apply(&mut self, event: &WorkspaceEvent) {
        match event {
            WorkspaceEvent::Registered { id, name, directory } => {
                self.id = Some(*id);
                self.name.clone_from(name);
                self.directory.clone_from(directory);
            }
            WorkspaceEvent::MessageReceived { from, number } => self.mailbox.received(*from, *number),
            WorkspaceEvent::BranchReserved { item, branch } => {
                self.branches.insert(branch.clone(), *item);
            }
            WorkspaceEvent::Effect(step) => {
                self.mailbox.note(step);
                self.ledger.apply(step);
            }
        }
    }

    fn received(report: &CommonReport) -> Option<&Received> {
        report.as_received()
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn has_seen(&self, from: Address, number: u64) -> bool {
        self.mailbox.has_seen(from, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_branch_gets_the_smallest_free_suffix() {
        let item = WorkItemId::new(1.into());
        let check = |taken: &[&str], expected: &str| {
            let taken = taken.iter().map(|name| ((*name).to_owned(), item)).collect();
            assert_eq!(free_branch(&taken, "sub-g1-x"), expected);
        };
        check(&[], "sub-g1-x");
        check(&["sub-g1-x"], "sub-g1-x-2");
        check(&["sub-g1-x", "sub-g1-x-2"], "sub-g1-x-3");
        check(&["sub-g1-x-2"], "sub-g1-x");
    }
}
