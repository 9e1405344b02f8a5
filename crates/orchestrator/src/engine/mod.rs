//! The engine: the live aggregates of one site over one store. Everything above talks to it; it talks to the
//! kernels.

mod actor;
pub mod clock;
mod making;
#[cfg(test)]
pub(crate) mod tests;

use crate::kernel::any::{AnyCommand, AnyKernel};
use crate::kernel::item::{Attachment, ToolCall};
use crate::kernel::{CommandOutcome, CommitFailure};
use crate::run::sessions::{HostCommand, LiveHosts};
use crate::settings::Surroundings;
use crate::stored::{self, ReadError, stream_of};
use actor::{Actor, Opening};
use clock::Clock;
use ganger_core::agent::{AgentEvent, ToolAnswer};
use ganger_core::aggregate::{Aggregate, CommonReport, Received};
use ganger_core::env::Times;
use ganger_core::ids::{IdSource, SessionId, WorkItemId, WorkspaceId};
use ganger_core::journal::{Position, Record};
use ganger_core::message::{Address, Ticket};
use ganger_core::site::SiteCommand;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::report::ItemReport;
use ganger_core::workspace::{Workspace, WorkspaceCommand};
use ganger_git::Discoverer;
use ganger_store::{Digest, Store, StoreError, StreamKind};
use making::Making;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{
    OnceCell, OwnedMutexGuard, OwnedSemaphorePermit, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};

/// How long a new item may take to be born before its maker is told to look later.
const BIRTH_LIMIT: Duration = Duration::from_secs(20);

/// The schema of every aggregate's state document: another one of any of them is another one of all.
pub(crate) const SCHEMA: u32 =
    <ganger_core::site::Site as Aggregate>::SCHEMA * 10_000 + Workspace::SCHEMA * 100 + WorkItem::SCHEMA;

/// What an agent does, for those who watch.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The session.
    pub session: SessionId,
    /// The incarnation.
    pub incarnation: u64,
    /// Where the entry ends.
    pub position: Position,
    /// Its wall time in milliseconds.
    pub at_ms: u64,
    /// What.
    pub events: Vec<AgentEvent>,
}

/// What makes two commands the same one: the key that their caller chose. The same key with another body is
/// refused.
#[derive(Clone, Debug)]
pub struct CommandIdentity {
    /// The key.
    pub key: String,
    /// The digest of what the caller sent.
    pub body: Digest,
}

/// How much may run at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Open turns.
    pub sessions: u32,
    /// Checks.
    pub checks: usize,
}

/// What an actor is told.
pub(crate) enum Message {
    Command {
        command: AnyCommand,
        identity: Option<CommandIdentity>,
        answer: oneshot::Sender<CommandOutcome>,
    },
    Received(Received),
    Receipted {
        to: Address,
        number: u64,
    },
    Report(CommonReport),
    ItemReport(ItemReport),
    Committed {
        version: u64,
    },
    CommitFailed(CommitFailure),
    Reload,
    Attached(Box<Attachment>, mpsc::UnboundedSender<HostCommand>),
    Wire {
        session: SessionId,
        incarnation: u64,
        records: Vec<Record>,
        /// Given back when they are folded: whoever reads the journal waits for it.
        room: OwnedSemaphorePermit,
    },
    Detached {
        session: SessionId,
        incarnation: u64,
    },
    ToolCall {
        call: ToolCall,
        answer: oneshot::Sender<ToolAnswer>,
    },
    Read(Box<dyn FnOnce(&AnyKernel) + Send>),
}

/// Why the engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stream cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The command was not accepted within its time, or its aggregate is gone.
    #[error("{what} did not answer in time; look again in a moment")]
    Silent {
        /// Who.
        what: String,
    },
    /// The command was refused or could not be stored.
    #[error("{0:?}")]
    Command(CommandOutcome),
}

type Actors = BTreeMap<Address, mpsc::UnboundedSender<Message>>;

/// The live aggregates of one site.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Clock,
    epoch: u64,
    surroundings: Arc<dyn Surroundings>,
    equipped: OnceCell<()>,
    bases_gate: RwLock<()>,
    making: Making,
    checks: Semaphore,
    hosts: LiveHosts,
    /// Told under the lock, so that an actor leaves only when nothing is on its way to it.
    actors: Mutex<Actors>,
    last_seq: watch::Sender<u64>,
    watched: broadcast::Sender<Watched>,
}

impl Engine {
    /// Starts the engine: raises the daemon's epoch, then loads every live aggregate, which hands out what it owes.
    ///
    /// # Errors
    /// The store or the configuration cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        surroundings: Arc<dyn Surroundings>,
        limits: Limits,
    ) -> Result<Arc<Self>, EngineError> {
        let last = store.last_seq()?;
        let awake = store.read(last.saturating_sub(1), 1)?.last().map_or(0, |event| event.awake_ms);
        let clock = Clock::after(awake);
        let loaded = store.load_for(&stream_of(Address::Site), SCHEMA)?;
        let (site, _) = stored::fold::<ganger_core::site::Site>(&stream_of(Address::Site), &loaded)?;
        let engine = Arc::new(Self {
            store,
            clock,
            epoch: site.daemon_epoch + 1,
            surroundings,
            equipped: OnceCell::new(),
            bases_gate: RwLock::default(),
            making: Making::default(),
            checks: Semaphore::new(limits.checks.max(1)),
            hosts: LiveHosts::default(),
            actors: Mutex::default(),
            last_seq: watch::Sender::new(last),
            watched: broadcast::Sender::new(4096),
        });
        // Before its epoch is committed nothing is handed out: hosts must not see two daemons of one epoch.
        engine.load(&mut engine.lock(), Address::Site, Opening::Quiet)?;
        let command = AnyCommand::Site(SiteCommand::StartDaemon { max_sessions: limits.sessions });
        engine.command(Address::Site, command, None).await?;
        for (kind, address) in [
            (StreamKind::Workspace, as_workspace as fn(&str) -> Option<Address>),
            (StreamKind::WorkItem, as_item as fn(&str) -> Option<Address>),
        ] {
            for stream in engine.store.live_streams(kind)? {
                if let Some(address) = address(&stream.id) {
                    engine.with_actor(address, |_| ())?;
                }
            }
        }
        tokio::spawn(crate::run::tidy::keep_tidy(Arc::clone(&engine)));
        Ok(engine)
    }

    /// Held by whoever makes base checkouts, and alone by whoever removes those that nobody needs.
    pub(crate) const fn bases_gate(&self) -> &RwLock<()> {
        &self.bases_gate
    }

    /// Held by whoever makes the checkout at this place: several items may want the same base at once, and the later
    /// ones find it made.
    pub(crate) async fn making(&self, place: &Path) -> OwnedMutexGuard<()> {
        self.making.of(place).lock_owned().await
    }

    /// Now.
    pub fn now(&self) -> Times {
        self.clock.now()
    }

    /// This daemon's epoch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where settings come from.
    pub fn surroundings(&self) -> &dyn Surroundings {
        &*self.surroundings
    }

    /// What works on mirrors.
    /// Blocks until the person's login environment is known.
    pub fn discoverer(&self) -> &Discoverer {
        self.surroundings.discoverer()
    }

    /// Waits until the person's login environment is known: from then on nothing about the surroundings blocks.
    pub(crate) async fn equipped(self: &Arc<Self>) {
        let engine = Arc::clone(self);
        let asked = || async {
            let asking = tokio::task::spawn_blocking(move || {
                engine.discoverer();
            });
            // Only a panic ends it early, and whoever asks next meets the same one.
            let _ = asking.await;
        };
        self.equipped.get_or_init(asked).await;
    }

    /// The live hosts of this daemon.
    pub const fn hosts(&self) -> &LiveHosts {
        &self.hosts
    }

    pub(crate) const fn checks(&self) -> &Semaphore {
        &self.checks
    }

    /// The place of the last event, and its changes.
    pub fn last_seq(&self) -> watch::Receiver<u64> {
        self.last_seq.subscribe()
    }

    /// What agents do from now on.
    pub fn watch_agents(&self) -> broadcast::Receiver<Watched> {
        self.watched.subscribe()
    }

    fn watch(&self, watched: Watched) {
        // Nobody watching is no error.
        let _ = self.watched.send(watched);
    }

    fn appended(&self, seq: u64) {
        self.last_seq.send_if_modified(|last| {
            let newer = seq > *last;
            *last = seq.max(*last);
            newer
        });
    }

    fn lock(&self) -> MutexGuard<'_, Actors> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the sender of an aggregate, which is loaded when it is not in memory.
    fn with_actor<T>(
        self: &Arc<Self>,
        address: Address,
        then: impl FnOnce(&mpsc::UnboundedSender<Message>) -> T,
    ) -> Result<T, EngineError> {
        let mut actors = self.lock();
        if let Some(sender) = actors.get(&address).filter(|sender| !sender.is_closed()) {
            return Ok(then(sender));
        }
        Ok(then(&self.load(&mut actors, address, Opening::Owed)?))
    }

    fn load(
        self: &Arc<Self>,
        actors: &mut Actors,
        address: Address,
        opening: Opening,
    ) -> Result<mpsc::UnboundedSender<Message>, EngineError> {
        let loaded = self.store.load_for(&stream_of(address), SCHEMA)?;
        let kernel = AnyKernel::load(address, &loaded)?;
        let (sender, inbox) = mpsc::unbounded_channel();
        let actor = Actor {
            engine: Arc::clone(self),
            address,
            kernel,
            sender: sender.clone(),
            commands: BTreeMap::new(),
            calls: BTreeMap::new(),
            hosts: BTreeMap::new(),
            jobs: BTreeMap::new(),
            tokens: 0,
            bodies: BTreeMap::new(),
            kept_version: loaded.snapshot.map_or(0, |snapshot| snapshot.version),
        };
        tokio::spawn(actor.run(inbox, opening));
        actors.insert(address, sender.clone());
        Ok(sender)
    }

    fn tell(self: &Arc<Self>, to: Address, message: Message) -> Result<(), EngineError> {
        let told = self.with_actor(to, |sender| sender.send(message).is_ok())?;
        if told { Ok(()) } else { Err(EngineError::Silent { what: to.to_string() }) }
    }

    pub(crate) fn post(self: &Arc<Self>, to: Address, message: Message) {
        if let Err(error) = self.tell(to, message) {
            // What is owed stays owed: it is sent again at the next start.
            tracing::error!(%error, %to, "a message could not be brought");
        }
    }

    /// Gives a command and waits until it is committed or refused.
    ///
    /// # Errors
    /// The rejection, or why it could not be stored.
    pub async fn command(
        self: &Arc<Self>,
        to: Address,
        command: AnyCommand,
        identity: Option<CommandIdentity>,
    ) -> Result<(), EngineError> {
        let (answer, waiting) = oneshot::channel();
        self.tell(to, Message::Command { command, identity, answer })?;
        match waiting.await.map_err(|_| EngineError::Silent { what: to.to_string() })? {
            CommandOutcome::Accepted => Ok(()),
            outcome => Err(EngineError::Command(outcome)),
        }
    }

    /// Gives a work item a command.
    ///
    /// # Errors
    /// As [`Engine::command`].
    pub async fn item_command(
        self: &Arc<Self>,
        item: WorkItemId,
        command: ItemCommand,
        identity: Option<CommandIdentity>,
    ) -> Result<(), EngineError> {
        self.command(Address::WorkItem(item), AnyCommand::Item(command), identity).await
    }

    /// Reads something off a live aggregate.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        of: Address,
        read: impl FnOnce(&AnyKernel) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, waiting) = oneshot::channel();
        let read = Box::new(move |kernel: &AnyKernel| {
            let _ = answer.send(read(kernel));
        });
        self.tell(of, Message::Read(read))?;
        waiting.await.map_err(|_| EngineError::Silent { what: of.to_string() })
    }

    /// A work item's committed state.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn item(self: &Arc<Self>, id: WorkItemId) -> Result<WorkItem, EngineError> {
        let item = self.read(Address::WorkItem(id), |kernel| kernel.as_item().cloned()).await?;
        Ok(item.unwrap_or_default())
    }

    /// A workspace's committed state.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn workspace(self: &Arc<Self>, id: WorkspaceId) -> Result<Workspace, EngineError> {
        let workspace = self.read(Address::Workspace(id), |kernel| kernel.as_workspace().cloned()).await?;
        Ok(workspace.unwrap_or_default())
    }

    /// The workspace in this directory, registered now where it was not known.
    ///
    /// # Errors
    /// It cannot be stored.
    pub async fn register_workspace(
        self: &Arc<Self>,
        directory: &Path,
        name: &str,
    ) -> Result<WorkspaceId, EngineError> {
        // The same directory is the same workspace: its id follows from its path alone.
        let directory = directory.display().to_string();
        let id = WorkspaceId::new(IdSource::seeded(&directory, 0, 0).ulid());
        let command = WorkspaceCommand::Register { id, name: name.to_owned(), directory };
        self.command(Address::Workspace(id), AnyCommand::Workspace(command), None).await?;
        Ok(id)
    }

    /// A new work item: numbered by the site, its branch reserved by the workspace, born. `id` is chosen by the
    /// caller: asking again with the same one makes no second item.
    ///
    /// # Errors
    /// The rejection, or it was not born in time.
    pub async fn create_item(
        self: &Arc<Self>,
        id: WorkItemId,
        workspace: WorkspaceId,
        ticket: Ticket,
    ) -> Result<WorkItem, EngineError> {
        let mut seqs = self.last_seq();
        let known = self.item(id).await?;
        if known.id.is_some() {
            return Ok(known);
        }
        let command = AnyCommand::Site(SiteCommand::CreateItem { item: id, workspace, ticket });
        let key = format!("create {id}");
        let body = Digest::of(key.as_bytes());
        self.command(Address::Site, command, Some(CommandIdentity { key, body })).await?;
        let born = async {
            loop {
                let item = self.item(id).await?;
                if item.id.is_some() {
                    return Ok(item);
                }
                if seqs.changed().await.is_err() {
                    return Err(EngineError::Silent { what: "the site".to_owned() });
                }
            }
        };
        tokio::time::timeout(BIRTH_LIMIT, born)
            .await
            .unwrap_or_else(|_| Err(EngineError::Silent { what: "the new item".to_owned() }))
    }

    /// Presents a tool call and waits as long as it takes.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn tool_call(
        self: &Arc<Self>,
        item: WorkItemId,
        call: ToolCall,
    ) -> Result<ToolAnswer, EngineError> {
        let (answer, waiting) = oneshot::channel();
        self.tell(Address::WorkItem(item), Message::ToolCall { call, answer })?;
        waiting.await.map_err(|_| EngineError::Silent { what: "the work item".to_owned() })
    }
}

fn as_workspace(id: &str) -> Option<Address> {
    id.parse().ok().map(Address::Workspace)
}

fn as_item(id: &str) -> Option<Address> {
    id.parse().ok().map(Address::WorkItem)
}
