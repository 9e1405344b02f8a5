//! Messages between aggregates. They never read each other's state: a work item asks, the site grants, and each
//! side repeats until the other has committed its receipt.

use crate::ids::{SessionId, WorkItemId, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One aggregate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Address {
    /// The one site of a `GANGER_HOME`.
    Site,
    /// A workspace.
    Workspace(WorkspaceId),
    /// A work item.
    WorkItem(WorkItemId),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => f.write_str("site"),
            Self::Workspace(id) => write!(f, "workspace/{id}"),
            Self::WorkItem(id) => write!(f, "work_item/{id}"),
        }
    }
}

/// A message, numbered by its sender for each addressee. An addressee ignores numbers at or below the highest it
/// has seen from that sender, so a repeated message does no harm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Message {
    /// To whom.
    pub to: Address,
    /// Rising per sender and addressee, from 1.
    pub number: u64,
    /// What.
    pub body: MessageBody,
}

/// Whose turn comes first when slots are scarce; declared in the order in which they are served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotClass {
    /// A turn that goes on: an answered question, a repair, a recovery.
    Continuation,
    /// A first implementation turn.
    Implementation,
    /// A planning turn.
    Planning,
}

/// A ticket, as a person or a tracker gave it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// One line.
    pub title: String,
    /// The text, Markdown.
    pub description: String,
    /// The repositories it is limited to, by name; empty for all.
    pub repositories: Vec<String>,
    /// Base branches chosen by the person, by repository.
    pub bases: Vec<(String, String)>,
    /// Whether the ticket itself is the plan, for one repository and without a planner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
}

/// What aggregates say to each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum MessageBody {
    /// Site to workspace: an item was numbered; reserve its branch.
    ReserveBranch {
        /// The item.
        item: WorkItemId,
        /// Its `g` number.
        number: u64,
        /// Its ticket.
        ticket: Ticket,
    },
    /// Workspace to item: be born.
    Born {
        /// The item.
        item: WorkItemId,
        /// The workspace.
        workspace: WorkspaceId,
        /// The item's `g` number.
        number: u64,
        /// The reserved branch.
        branch: String,
        /// The ticket.
        ticket: Ticket,
    },
    /// Item to site, an ask: a slot for an open turn of this session.
    SlotWanted {
        /// The session.
        session: SessionId,
        /// The order of service.
        class: SlotClass,
        /// The agent program, by its name in the configuration: its account may be limited.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        agent: String,
    },
    /// Item to site: the provider limits the account of this agent.
    AccountLimited {
        /// The agent program, by its name in the configuration.
        agent: String,
        /// For how long, in milliseconds of awake time.
        wait_ms: u64,
        /// When it ends, wall milliseconds.
        until_ms: u64,
    },
    /// Item to site: the slot, granted or still waited for, is not needed any more.
    SlotReleased {
        /// The session.
        session: SessionId,
        /// The number of the ask that this ends.
        ask: u64,
    },
    /// Site to item: the ask is granted.
    SlotGranted {
        /// The session.
        session: SessionId,
        /// The number of the ask.
        ask: u64,
    },
}

impl MessageBody {
    /// Whether the message is an ask: owed until its answer is committed in the asking stream.
    pub const fn is_ask(&self) -> bool {
        matches!(self, Self::SlotWanted { .. })
    }
}
