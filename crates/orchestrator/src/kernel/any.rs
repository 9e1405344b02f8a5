//! The three kernels behind one face, with events as the store keeps them: what a shell pumps.

use super::item::{Attachment, ItemKernel, ToolCall};
use super::{CommitFailure, Decided, Input, Kernel, KernelOutput, Output, SyncNeed, Token};
use crate::projection;
use crate::stored::{self, ReadError};
use ganger_core::aggregate::{Aggregate, CommonReport, Received};
use ganger_core::env::Times;
use ganger_core::ids::SessionId;
use ganger_core::journal::Record;
use ganger_core::message::Address;
use ganger_core::site::{Site, SiteCommand};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::report::ItemReport;
use ganger_core::workspace::{Workspace, WorkspaceCommand};
use ganger_store::{IndexRow, Loaded, NewEvent, NumberRequest, Snapshot, Turn};

/// A snapshot is taken whenever a stream has grown by this many events.
const SNAPSHOT_EVERY: u64 = 64;

/// An append, ready for the store.
#[derive(Clone, Debug)]
pub struct PreparedAppend {
    /// The version the stream has now.
    pub expected_version: u64,
    /// The events.
    pub events: Vec<NewEvent>,
    /// The query columns after them.
    pub index: Option<IndexRow>,
    /// What gets a number.
    pub numbers: Vec<NumberRequest>,
    /// What the turns used that ended.
    pub turns: Vec<Turn>,
    /// The state after them, now and then.
    pub snapshot: Option<Snapshot>,
    /// What must be on disk first.
    pub sync: Option<SyncNeed>,
    /// The key of the command that this carries out.
    pub key: Option<String>,
    /// When it was decided.
    pub at: Times,
}

/// What the shell is to do next.
pub type Step = Output<Box<PreparedAppend>>;

/// A command for any of the three.
#[derive(Clone, Debug)]
pub enum AnyCommand {
    /// For the site.
    Site(SiteCommand),
    /// For a workspace.
    Workspace(WorkspaceCommand),
    /// For a work item.
    Item(ItemCommand),
}

/// Any of the three kernels.
pub enum AnyKernel {
    /// The site's.
    Site(Kernel<Site>),
    /// A workspace's.
    Workspace(Kernel<Workspace>),
    /// A work item's.
    Item(Box<ItemKernel>),
}

fn steps<A: Aggregate>(
    state: &A,
    outputs: Vec<KernelOutput<A>>,
    columns: impl Fn(&A) -> Option<IndexRow>,
    numbers: impl Fn(&[A::Event]) -> Vec<NumberRequest>,
    turn: impl Fn(&A, usize, &A::Event) -> Option<Turn>,
) -> Vec<Step> {
    let prepare = |decided: Decided<A::Event>| {
        let Decided { expected_version, events, at, sync, key } = decided;
        let (mut next, mut turns) = (state.clone(), Vec::new());
        for (index, event) in events.iter().enumerate() {
            turns.extend(turn(&next, index, event));
            next.apply(event);
        }
        let version = expected_version + events.len() as u64;
        let due = version / SNAPSHOT_EVERY > expected_version / SNAPSHOT_EVERY;
        Box::new(PreparedAppend {
            expected_version,
            events: events.iter().map(|event| stored::to_stored(event, at)).collect(),
            index: columns(&next),
            numbers: numbers(&events),
            turns,
            snapshot: due.then(|| stored::snapshot(&next, version)),
            sync,
            key,
            at,
        })
    };
    outputs.into_iter().map(|output| output.map_append(prepare)).collect()
}

fn site(kernel: &Kernel<Site>, outputs: Vec<KernelOutput<Site>>) -> Vec<Step> {
    steps(kernel.state(), outputs, |_| None, |_| Vec::new(), |_, _, _| None)
}

fn workspace(kernel: &Kernel<Workspace>, outputs: Vec<KernelOutput<Workspace>>) -> Vec<Step> {
    let columns = |next: &Workspace| Some(projection::workspace_row(next));
    steps(kernel.state(), outputs, columns, |_| Vec::new(), |_, _, _| None)
}

fn item(kernel: &ItemKernel, outputs: Vec<KernelOutput<WorkItem>>) -> Vec<Step> {
    let columns = |next: &WorkItem| Some(projection::row(next));
    steps(kernel.state(), outputs, columns, projection::numbers, projection::turn)
}

/// Does the same on whichever kernel it is.
macro_rules! on_each {
    ($self:expr, $kernel:ident => $call:expr) => {
        match $self {
            AnyKernel::Site($kernel) => {
                let outputs = $call;
                site($kernel, outputs)
            }
            AnyKernel::Workspace($kernel) => {
                let outputs = $call;
                workspace($kernel, outputs)
            }
            AnyKernel::Item($kernel) => {
                let outputs = $call;
                item($kernel, outputs)
            }
        }
    };
}

impl AnyKernel {
    /// A kernel for an aggregate as it was loaded.
    ///
    /// # Errors
    /// An event that this build does not know, or cannot read.
    pub fn load(address: Address, loaded: &Loaded) -> Result<Self, ReadError> {
        let stream = stored::stream_of(address);
        Ok(match address {
            Address::Site => {
                let (state, version) = stored::fold(&stream, loaded)?;
                Self::Site(Kernel::new(address, state, version))
            }
            Address::Workspace(_) => {
                let (state, version) = stored::fold(&stream, loaded)?;
                Self::Workspace(Kernel::new(address, state, version))
            }
            Address::WorkItem(_) => {
                let (state, version) = stored::fold(&stream, loaded)?;
                Self::Item(Box::new(ItemKernel::new(address, state, version)))
            }
        })
    }

    /// The work item, where it is one.
    pub fn as_item(&self) -> Option<&WorkItem> {
        match self {
            Self::Item(kernel) => Some(kernel.state()),
            _ => None,
        }
    }

    /// The site, where it is it.
    pub const fn as_site(&self) -> Option<&Site> {
        match self {
            Self::Site(kernel) => Some(kernel.state()),
            _ => None,
        }
    }

    /// The workspace, where it is one.
    pub const fn as_workspace(&self) -> Option<&Workspace> {
        match self {
            Self::Workspace(kernel) => Some(kernel.state()),
            _ => None,
        }
    }

    /// The committed version.
    pub fn version(&self) -> u64 {
        match self {
            Self::Site(kernel) => kernel.version(),
            Self::Workspace(kernel) => kernel.version(),
            Self::Item(kernel) => kernel.version(),
        }
    }

    /// The state of a workspace or an item as a snapshot, now.
    pub fn snapshot(&self) -> Option<Snapshot> {
        match self {
            Self::Site(_) => None,
            Self::Workspace(kernel) => Some(stored::snapshot(kernel.state(), kernel.version())),
            Self::Item(kernel) => Some(stored::snapshot(kernel.state(), kernel.version())),
        }
    }

    /// Whether nothing is under way and nobody waits.
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Site(kernel) => kernel.is_idle(),
            Self::Workspace(kernel) => kernel.is_idle(),
            Self::Item(kernel) => kernel.is_idle(),
        }
    }

    /// The key of the command that waits for a reload.
    pub fn waiting_key(&self) -> Option<&str> {
        match self {
            Self::Site(kernel) => kernel.waiting_key(),
            Self::Workspace(kernel) => kernel.waiting_key(),
            Self::Item(kernel) => kernel.common().waiting_key(),
        }
    }

    /// The farewell of a session's agent.
    pub fn farewell(&self, session: SessionId) -> Vec<u8> {
        match self {
            Self::Item(kernel) => kernel.farewell(session),
            _ => Vec::new(),
        }
    }

    /// The first steps.
    pub fn started(&mut self, now: Times) -> Vec<Step> {
        on_each!(self, kernel => kernel.started(now))
    }

    /// A person's command. One for another kind of aggregate is a mistake of the caller's and gives nothing.
    pub fn command(
        &mut self,
        command: AnyCommand,
        key: Option<String>,
        token: Token,
        now: Times,
    ) -> Vec<Step> {
        match (self, command) {
            (Self::Site(kernel), AnyCommand::Site(command)) => {
                let outputs = kernel.input(Input::Command { command, key, token }, now);
                site(kernel, outputs)
            }
            (Self::Workspace(kernel), AnyCommand::Workspace(command)) => {
                let outputs = kernel.input(Input::Command { command, key, token }, now);
                workspace(kernel, outputs)
            }
            (Self::Item(kernel), AnyCommand::Item(command)) => {
                let outputs = kernel.command(command, key, token, now);
                item(kernel, outputs)
            }
            _ => Vec::new(),
        }
    }

    /// A message from another aggregate.
    pub fn received(&mut self, received: Received, now: Times) -> Vec<Step> {
        self.report(CommonReport::Received(received), now)
    }

    /// What any aggregate can be told.
    pub fn report(&mut self, report: CommonReport, now: Times) -> Vec<Step> {
        match self {
            Self::Site(kernel) => {
                let outputs = kernel.input(Input::Report { report, sync: None }, now);
                site(kernel, outputs)
            }
            Self::Workspace(kernel) => {
                let outputs = kernel.input(Input::Report { report, sync: None }, now);
                workspace(kernel, outputs)
            }
            Self::Item(kernel) => {
                let outputs = kernel.report(ItemReport::Common(report), now);
                item(kernel, outputs)
            }
        }
    }

    /// What only a work item can be told.
    pub fn item_report(&mut self, report: ItemReport, now: Times) -> Vec<Step> {
        match self {
            Self::Item(kernel) => {
                let outputs = kernel.report(report, now);
                item(kernel, outputs)
            }
            _ => Vec::new(),
        }
    }

    /// A message was committed by its addressee.
    pub fn receipted(&mut self, to: Address, number: u64, now: Times) -> Vec<Step> {
        on_each!(self, kernel => kernel.receipted(to, number, now))
    }

    /// The append is durable.
    pub fn committed(&mut self, version: u64, now: Times) -> Vec<Step> {
        on_each!(self, kernel => kernel.committed(version, now))
    }

    /// The append failed, or nobody knows.
    pub fn commit_failed(&mut self, failure: CommitFailure, now: Times) -> Vec<Step> {
        on_each!(self, kernel => kernel.commit_failed(failure.clone(), now))
    }

    /// The stream as it really is.
    ///
    /// # Errors
    /// An event that this build does not know, or cannot read.
    pub fn reloaded(
        &mut self,
        address: Address,
        loaded: &Loaded,
        accepted: bool,
        now: Times,
    ) -> Result<Vec<Step>, ReadError> {
        let stream = stored::stream_of(address);
        Ok(match self {
            Self::Site(kernel) => {
                let (state, version) = stored::fold(&stream, loaded)?;
                let outputs = kernel.reloaded(state, version, accepted, now);
                site(kernel, outputs)
            }
            Self::Workspace(kernel) => {
                let (state, version) = stored::fold(&stream, loaded)?;
                let outputs = kernel.reloaded(state, version, accepted, now);
                workspace(kernel, outputs)
            }
            Self::Item(kernel) => {
                let (state, version) = stored::fold(&stream, loaded)?;
                let outputs = kernel.reloaded(state, version, accepted, now);
                item(kernel, outputs)
            }
        })
    }

    /// A host was attached.
    pub fn attached(&mut self, attachment: Attachment, now: Times) -> Vec<Step> {
        match self {
            Self::Item(kernel) => {
                let outputs = kernel.attached(attachment, now);
                item(kernel, outputs)
            }
            _ => Vec::new(),
        }
    }

    /// The connection to a host is gone.
    pub fn detached(&mut self, session: SessionId, incarnation: u64) {
        if let Self::Item(kernel) = self {
            kernel.detached(session, incarnation);
        }
    }

    /// Records of a host's journal.
    pub fn wire(
        &mut self,
        session: SessionId,
        incarnation: u64,
        records: &[Record],
        now: Times,
    ) -> Vec<Step> {
        match self {
            Self::Item(kernel) => {
                let outputs = kernel.wire(session, incarnation, records, now);
                item(kernel, outputs)
            }
            _ => Vec::new(),
        }
    }

    /// A tool call over the bridge.
    pub fn tool_call(&mut self, call: ToolCall, token: Token, now: Times) -> Vec<Step> {
        match self {
            Self::Item(kernel) => {
                let outputs = kernel.tool_call(call, token, now);
                item(kernel, outputs)
            }
            _ => Vec::new(),
        }
    }

    /// Whoever held a call open is gone.
    pub fn call_dropped(&mut self, token: Token) {
        if let Self::Item(kernel) = self {
            kernel.call_dropped(token);
        }
    }
}
