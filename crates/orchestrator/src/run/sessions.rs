//! Sessions' hosts: started when the log says that one should live, found again after a restart, attached,
//! written to, and ended only by a withdrawal.

use super::context::{Context, TEMPORARY, ensure_session_dir, make_private};
use super::{Trouble, blocking, policy};
use crate::engine::{Engine, Message};
use crate::kernel::conversation::HostWrite;
use crate::kernel::item::Attachment;
use crate::settings::{AgentSettings, SiteSettings};
use crate::tools;
use ganger_core::agent::{BridgeProgram, SessionStart};
use ganger_core::aggregate::CommonReport;
use ganger_core::effect::{Action, Effect, JobResult, Outcome};
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::journal::{Record, RecordKind};
use ganger_core::process::{Enforcement, ProcessSpec};
use ganger_core::session::SessionKind;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::report::ItemReport;
use ganger_core::work_item::state::Session;
use ganger_git::{CheckoutPlace, TreeAction, TreeRequest};
use ganger_host::client::{AttachError, Connection, LaunchError, Records, launch, tombstone};
use ganger_host::journal::{JournalItem, JournalReader};
use ganger_host::protocol::{Attached, Refusal};
use ganger_host::spec::{HostSpec, HostState, Status, probe};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// How long an agent may take to leave after its farewell, then after TERM.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long until everything is killed.
pub(super) const KILL: Duration = Duration::from_secs(3);
/// The longest that looking for lock files in one git directory may take: 1 minute.
const RELEASE_LIMIT_MS: u64 = 60_000;
/// Records that are handed on together.
const BATCH: usize = 256;
/// Bytes of a batch, from which on it goes.
const BATCH_BYTES: usize = 256 << 10;
/// Batches of one session that may wait for its actor; the rest waits in the journal.
const AHEAD: usize = 4;
/// How often a host is launched again that ends before it started anything.
const MAX_RELAUNCHES: u32 = 3;
/// The pause between two looks at a host that cannot be judged or reached.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the actor wants of a live host.
pub enum HostCommand {
    /// Write a note or a frame.
    Write(HostWrite),
    /// Bring the journal to the disk.
    Sync {
        /// Up to this record.
        upto: u64,
        /// Dropped or told when it is done or cannot be done.
        done: oneshot::Sender<()>,
    },
    /// End the agent.
    Stop {
        /// The farewell of its protocol, possibly empty.
        farewell: Vec<u8>,
    },
}

/// Which incarnations have a task of this daemon, and which were withdrawn.
#[derive(Default)]
pub struct LiveHosts {
    known: Mutex<BTreeMap<(SessionId, u64), Live>>,
}

#[derive(Clone, Copy, Default)]
struct Live {
    has_task: bool,
    withdrawn: bool,
}

impl LiveHosts {
    fn change(&self, of: (SessionId, u64), change: impl FnOnce(&mut Live)) {
        change(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(of).or_default());
    }

    fn get(&self, of: (SessionId, u64)) -> Live {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&of).copied().unwrap_or_default()
    }

    /// Lets a session count as running.
    #[cfg(test)]
    pub(crate) fn pretend(&self, session: SessionId, incarnation: u64) {
        self.change((session, incarnation), |live| live.has_task = true);
    }

    /// The sessions that have a live host of this daemon's.
    pub fn running(&self) -> Vec<(SessionId, u64)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(_, live)| live.has_task).map(|(of, _)| *of).collect()
    }
}

/// Sees to it that the host of an incarnation lives, and carries words both ways until it ends.
pub(crate) fn live(
    engine: Arc<Engine>,
    item: WorkItem,
    effect: Effect,
    session: SessionId,
    incarnation: u64,
    sender: mpsc::UnboundedSender<Message>,
) {
    let of = (session, incarnation);
    if engine.hosts().get(of).has_task {
        return;
    }
    engine.hosts().change(of, |live| live.has_task = true);
    tokio::spawn(async move {
        if let Err(reason) = keep(&engine, &item, &effect, of, &sender).await {
            let report = ItemReport::HostFailed { session, incarnation, reason };
            let _ = sender.send(Message::ItemReport(report));
        }
        engine.hosts().change(of, |live| live.has_task = false);
    });
}

/// The checkout in which a session works: a reviewer in the one of its own that is proven, an implementer in the
/// worktree. The others have none.
fn checkout_of(
    context: &Context,
    kind: SessionKind,
    repository: Option<&str>,
) -> Result<Option<CheckoutPlace>, Trouble> {
    let (workspace, item) = (context.workspace_name(), context.item_name());
    let place = match (kind, repository) {
        (SessionKind::Review, Some(name)) => Some(context.layout.proof(&workspace, &item, name)?),
        (SessionKind::Implementation, Some(name)) => Some(context.layout.worktree(&workspace, &item, name)?),
        (SessionKind::Planning | SessionKind::Foreman, _) | (_, None) => None,
    };
    Ok(place)
}

/// Where a session's program is started. A planner sees the base checkouts beside each other, the Foreman the
/// item's worktrees, with the base checkout of each repository that has none.
fn directory_of(
    context: &Context,
    kind: SessionKind,
    checkout: Option<&CheckoutPlace>,
) -> Result<PathBuf, Trouble> {
    if let Some(checkout) = checkout {
        return Ok(checkout.worktree.clone());
    }
    let (workspace, item) = (context.workspace_name(), context.item_name());
    let directory = match kind {
        SessionKind::Planning => context.layout.plan_directory(&workspace, &item)?,
        _ => context.layout.item_directory(&workspace, &item)?,
    };
    make_private(&directory)?;
    Ok(directory)
}

/// An agent that was killed in the middle of a commit left git's lock files, over which the next one would stumble.
async fn release_locks(context: &Context, effect: &Effect) {
    let Action::Host { session, incarnation, kind, repository: Some(repository), .. } = &effect.action else {
        return;
    };
    let own = context.item.session(*session).map(Session::place);
    let had_another = *incarnation > 1
        || context.item.sessions.iter().any(|other| other.id != *session && Some(other.place()) == own);
    if !had_another {
        return;
    }
    if let Err(trouble) = try_release_locks(context, *kind, repository).await {
        // The agent can remove them itself, and says so if not.
        tracing::warn!(?trouble, repository, "lock files of git may stand in the way of the next agent");
    }
}

async fn try_release_locks(context: &Context, kind: SessionKind, repository: &str) -> Result<(), Trouble> {
    let Some(place) = checkout_of(context, kind, Some(repository))? else { return Ok(()) };
    let base = context.base(repository)?;
    let looking = context.clone();
    let mirror = blocking(move || looking.mirror(&base)).await?;
    let request = TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch: context.scratch()?,
        timeout_ms: RELEASE_LIMIT_MS,
        action: TreeAction::ReleaseLocks,
    };
    super::bases::tree(context, "-locks", request, &place, std::slice::from_ref(&mirror)).await.map(|_| ())
}

struct Prepared {
    spec: HostSpec,
    start: SessionStart,
    harness: String,
}

async fn keep(
    engine: &Arc<Engine>,
    item: &WorkItem,
    effect: &Effect,
    of: (SessionId, u64),
    sender: &mpsc::UnboundedSender<Message>,
) -> Result<(), String> {
    let (session, incarnation) = of;
    let context = loop {
        match Context::of(engine, item, effect, 1).await {
            Ok(context) => break context,
            Err(Trouble::Refused(reason)) => return Err(reason),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    };
    let directory = context.session_host(session, incarnation);
    let mut prepared = None;
    let mut relaunches = 0;
    loop {
        let state = probe(&directory);
        if prepared.is_none() && !matches!(state, HostState::Unknown(_)) {
            prepared = Some(prepare(&context, effect).await?);
        }
        match (state, &prepared) {
            (HostState::Unknown(reason), _) => {
                tracing::warn!(%reason, "a host cannot be judged");
                tokio::time::sleep(LOOK_AGAIN * 10).await;
            }
            (HostState::Dead, Some(prepared)) => {
                // What it wrote before it died comes first: a turn may have ended, or the whole program.
                if !read_from_disk(&directory, of, prepared, sender).await? {
                    let _ = sender.send(Message::ItemReport(ItemReport::HostLost { session, incarnation }));
                }
                return Ok(());
            }
            (HostState::NeverStarted, Some(prepared)) => {
                if engine.hosts().get(of).withdrawn {
                    return Ok(());
                }
                if relaunches == 0 {
                    release_locks(&context, effect).await;
                }
                match launch(&context.hosts(), &context.site.program, &prepared.spec).await {
                    Ok(_) | Err(LaunchError::AlreadyThere { .. }) => {}
                    Err(LaunchError::NotReady { .. })
                        if !matches!(probe(&directory), HostState::NeverStarted) => {}
                    // It died before it started anything, so nothing is doubled by another one.
                    Err(LaunchError::NotReady { .. }) if relaunches < MAX_RELAUNCHES => {
                        relaunches += 1;
                        tokio::time::sleep(LOOK_AGAIN * relaunches).await;
                    }
                    Err(error) => return Err(error.to_string()),
                }
                if engine.hosts().get(of).withdrawn {
                    let _ = tombstone(&directory).await;
                }
            }
            (HostState::Ended(_), Some(prepared)) => {
                if let Some(refused) = Status::read(&directory).ok().flatten().and_then(|told| told.refused) {
                    return Err(refused);
                }
                return read_from_disk(&directory, of, prepared, sender).await.map(|_| ());
            }
            (HostState::Alive, Some(prepared)) => {
                match Connection::attach(&directory, engine.epoch(), 1).await {
                    Ok((connection, records, attached)) => {
                        carry(&connection, records, attached, of, prepared, &directory, sender).await?;
                        let _ = sender.send(Message::Detached { session, incarnation });
                        // A host that refuses a write is asked again, not without end in a moment.
                        tokio::time::sleep(LOOK_AGAIN / 2).await;
                    }
                    Err(AttachError::Refused { refusal: refusal @ Refusal::StaleEpoch { .. }, .. }) => {
                        return Err(refusal.to_string());
                    }
                    Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
                }
            }
            (_, None) => return Err("the agent could not be prepared".to_owned()),
        }
    }
}

fn attachment(
    of: (SessionId, u64),
    prepared: &Prepared,
    head: u64,
    last_write: u64,
) -> Result<Attachment, String> {
    let codec = ganger_harness::codec_for(&prepared.harness).ok_or_else(|| {
        let known: Vec<&str> = ganger_harness::KINDS.iter().map(|(name, _)| *name).collect();
        format!("there is no harness \"{}\"; there is: {}", prepared.harness, known.join(", "))
    })?;
    let (session, incarnation) = of;
    Ok(Attachment { session, incarnation, codec, start: prepared.start.clone(), head, last_write })
}

/// Where a journal on the disk ends.
#[derive(Default)]
struct End {
    head: u64,
    last_write: u64,
    /// Whether it has its last record.
    closed: bool,
}

/// Reads a journal off the disk, and hands its records on in batches.
fn read_disk(directory: &Path, mut batch: impl FnMut(Vec<Record>) -> bool) -> Result<End, String> {
    let mut reader = JournalReader::open(directory, 1);
    let (mut end, mut records, mut bytes) = (End::default(), Vec::new(), 0);
    loop {
        match reader.next().map_err(|error| format!("{} cannot be read: {error}", directory.display()))? {
            Some(JournalItem::Record(record)) => {
                end.head = record.position;
                end.last_write = end.last_write.max(record.n);
                end.closed = record.kind == RecordKind::Exit;
                bytes += record.bytes.len();
                records.push(record);
                if (records.len() >= BATCH || bytes >= BATCH_BYTES) && !batch(std::mem::take(&mut records)) {
                    return Ok(end);
                }
                bytes = if records.is_empty() { 0 } else { bytes };
            }
            Some(JournalItem::Damage { segment, offset, .. }) => {
                tracing::error!(%segment, offset, "a journal is damaged; the rest of it is read");
            }
            None => {
                batch(records);
                return Ok(end);
            }
        }
    }
}

/// A host that ended or died while nobody was attached: its journal is read off the disk. Whether it has its last
/// record.
async fn read_from_disk(
    directory: &Path,
    of: (SessionId, u64),
    prepared: &Prepared,
    sender: &mpsc::UnboundedSender<Message>,
) -> Result<bool, String> {
    let (session, incarnation) = of;
    let place = directory.to_owned();
    let ended = |error: tokio::task::JoinError| format!("a journal could not be read: {error}");
    let end = tokio::task::spawn_blocking(move || read_disk(&place, |_| true)).await.map_err(ended)??;
    let (commands, _) = mpsc::unbounded_channel();
    let attachment = attachment(of, prepared, end.head, end.last_write)?;
    let _ = sender.send(Message::Attached(Box::new(attachment), commands));
    let (place, actor, room) = (directory.to_owned(), sender.clone(), Arc::new(Semaphore::new(AHEAD)));
    let runtime = tokio::runtime::Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        read_disk(&place, |records| {
            let Ok(room) = runtime.block_on(Arc::clone(&room).acquire_owned()) else { return false };
            actor.send(Message::Wire { session, incarnation, records, room }).is_ok()
        })
    });
    reading.await.map_err(ended)??;
    let _ = sender.send(Message::Detached { session, incarnation });
    Ok(end.closed)
}

async fn carry(
    connection: &Connection,
    mut records: Records,
    attached: Attached,
    of: (SessionId, u64),
    prepared: &Prepared,
    directory: &Path,
    sender: &mpsc::UnboundedSender<Message>,
) -> Result<(), String> {
    let (session, incarnation) = of;
    let room = Arc::new(Semaphore::new(AHEAD));
    let (commands, mut wanted) = mpsc::unbounded_channel();
    let attachment = attachment(of, prepared, attached.head, attached.last_write)?;
    let _ = sender.send(Message::Attached(Box::new(attachment), commands));
    let mut enforcement = enforcement(directory);
    if let Some(enforcement) = enforcement.clone() {
        let _ =
            sender.send(Message::ItemReport(ItemReport::HostStarted { session, incarnation, enforcement }));
    }
    loop {
        tokio::select! {
            command = wanted.recv() => match command {
                Some(command) => if !carry_out(connection, command).await { return Ok(()) },
                // The actor has another attachment, or is gone.
                None => return Ok(()),
            },
            record = records.next() => match record {
                Ok(Some(record)) => {
                    let mut bytes = record.bytes.len();
                    let mut batch = vec![record];
                    while batch.len() < BATCH && bytes < BATCH_BYTES {
                        match tokio::time::timeout(Duration::ZERO, records.next()).await {
                            Ok(Ok(Some(record))) => {
                                bytes += record.bytes.len();
                                batch.push(record);
                            }
                            _ => break,
                        }
                    }
                    let Ok(room) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
                    if enforcement.is_none() {
                        enforcement = self::enforcement(directory);
                        if let Some(enforcement) = enforcement.clone() {
                            let report = ItemReport::HostStarted { session, incarnation, enforcement };
                            let _ = sender.send(Message::ItemReport(report));
                        }
                    }
                    let _ = sender.send(Message::Wire { session, incarnation, records: batch, room });
                }
                // After the exit record the host goes; a lost connection is judged by its directory.
                Ok(None) => {
                    while !matches!(probe(directory), HostState::Ended(_) | HostState::Dead) {
                        tokio::time::sleep(LOOK_AGAIN / 10).await;
                    }
                    return Ok(());
                }
                Err(error) => {
                    tracing::warn!(%error, "a host's records stopped");
                    return Ok(());
                }
            },
        }
    }
}

fn enforcement(directory: &Path) -> Option<Enforcement> {
    Status::read(directory).ok().flatten().and_then(|status| status.enforcement)
}

/// Whether the connection can go on.
async fn carry_out(connection: &Connection, command: HostCommand) -> bool {
    match command {
        HostCommand::Write(HostWrite::Note { n, bytes }) => connection.note(n, &bytes).await.is_ok(),
        HostCommand::Write(HostWrite::Frame { n, key, bytes }) => {
            connection.write(n, &key, &bytes).await.is_ok()
        }
        HostCommand::Sync { upto, done } => {
            let synced = connection.sync(upto).await;
            if let Err(error) = &synced {
                tracing::debug!(%error, "a journal was not synced by request");
            }
            let _ = done.send(());
            true
        }
        HostCommand::Stop { farewell } => {
            if let Err(error) = connection.stop(&farewell, GRACE, KILL).await {
                tracing::warn!(%error, "a host could not be told to stop");
            }
            true
        }
    }
}

/// Ends the host of a withdrawn presence and reports when it is gone.
pub(crate) fn end(
    engine: Arc<Engine>,
    item: WorkItem,
    effect: EffectId,
    attempt: u32,
    of: (SessionId, u64),
    told: bool,
    sender: mpsc::UnboundedSender<Message>,
) {
    let (session, incarnation) = of;
    engine.hosts().change(of, |live| live.withdrawn = true);
    tokio::spawn(async move {
        engine.equipped().await;
        let home = loop {
            match engine.surroundings().site() {
                Ok(site) => break site.home,
                Err(reason) => tracing::warn!(%reason, "the configuration cannot be read"),
            }
            tokio::time::sleep(LOOK_AGAIN * 10).await;
        };
        let directory = home.join("hosts").join(format!("{session}.{incarnation}"));
        let mut looks = 0_u32;
        let outcome = loop {
            match probe(&directory) {
                HostState::Ended(_) => break Outcome::Done(JobResult::Nothing),
                HostState::NeverStarted if !engine.hosts().get(of).has_task => break Outcome::NeverStarted,
                HostState::Dead => {
                    let _ = sender.send(Message::ItemReport(ItemReport::HostLost { session, incarnation }));
                    return;
                }
                HostState::Alive if (looks == 0 && !told) || looks == 150 => {
                    if let Err(error) = tombstone(&directory).await {
                        tracing::warn!(%error, "a tombstone cannot be laid");
                    }
                }
                _ => {}
            }
            looks = looks.saturating_add(1);
            tokio::time::sleep(LOOK_AGAIN / 2).await;
        };
        tracing::debug!(item = item.number, %session, incarnation, "a host is gone");
        let _ = sender.send(Message::Report(CommonReport::Outcome { effect, attempt, outcome }));
    });
}

async fn prepare(context: &Context, effect: &Effect) -> Result<Prepared, String> {
    let Action::Host { session, incarnation, kind, repository, agent, native_id } = &effect.action else {
        return Err("the effect is no host".to_owned());
    };
    let agent = context.engine.surroundings().agent(agent)?;
    let sentence = |trouble| match trouble {
        Trouble::Again(reason) | Trouble::Refused(reason) => reason,
        Trouble::Cancelled => "it was withdrawn".to_owned(),
    };
    let session_directory = ensure_session_dir(&context.site.home, *session).map_err(sentence)?;
    let temporary = session_directory.join(TEMPORARY);
    for state in agent.state.iter().chain(&agent.there) {
        make_private(state).map_err(sentence)?;
    }
    let bases = context.item.planning.bases.clone();
    let looking = context.clone();
    // The item's other worktrees are there to be read with git, too, so their objects must be.
    let mirrors =
        blocking(move || bases.iter().map(|base| looking.mirror(base)).collect::<Result<Vec<_>, _>>())
            .await
            .map_err(sentence)?;
    let place = checkout_of(context, *kind, repository.as_deref()).map_err(sentence)?;
    let directory = directory_of(context, *kind, place.as_ref()).map_err(sentence)?;
    let sandbox = policy::session(context, &agent, &session_directory, place.as_ref(), &mirrors);
    let start = SessionStart {
        directory: directory.display().to_string(),
        native_id: native_id.clone(),
        model: agent.model.clone(),
        tools: tools::of(*kind),
        bridge: bridge(context, *session, *incarnation, *kind, &session_directory)?,
    };
    let process = ProcessSpec {
        command: agent.command.clone(),
        directory: directory.display().to_string(),
        environment: session_environment(context, &agent, *kind, &session_directory, &temporary),
        sandbox,
        timeout_ms: None,
        input: None,
    };
    let name = format!("{session}.{incarnation}");
    let spec = HostSpec { marker: name.clone(), name, incarnation: *incarnation, process };
    // What was frozen at the first launch counts: a later configuration does not make it another host.
    let there = HostSpec::read(&context.session_host(*session, *incarnation)).ok().flatten();
    Ok(Prepared { spec: there.unwrap_or(spec), start, harness: agent.harness })
}

fn session_environment(
    context: &Context,
    agent: &AgentSettings,
    kind: SessionKind,
    session_directory: &Path,
    temporary: &Path,
) -> BTreeMap<String, String> {
    let mut environment = environment(&context.site, agent, temporary);
    if kind == SessionKind::Planning {
        let draft = session_directory.join("PLAN.md").display().to_string();
        environment.insert("GANGER_DRAFT".to_owned(), draft);
    }
    environment
}

/// What any agent program is given.
pub(super) fn environment(
    site: &SiteSettings,
    agent: &AgentSettings,
    temporary: &Path,
) -> BTreeMap<String, String> {
    let mut environment = site.environment.clone();
    environment.insert("PATH".to_owned(), site.path.clone());
    environment.insert("HOME".to_owned(), site.user_home.display().to_string());
    environment.extend(agent.environment.clone());
    environment.insert("TMPDIR".to_owned(), temporary.display().to_string());
    environment
}

/// The file with the token by which an incarnation's bridge shows whose calls it brings.
pub fn token_file(session_directory: &Path, incarnation: u64) -> PathBuf {
    session_directory.join(format!("token.{incarnation}"))
}

fn bridge(
    context: &Context,
    session: SessionId,
    incarnation: u64,
    kind: SessionKind,
    session_directory: &Path,
) -> Result<Option<BridgeProgram>, String> {
    let tools = tools::of(kind);
    if tools.is_empty() {
        return Ok(None);
    }
    let file = token_file(session_directory, incarnation);
    let token = match std::fs::read_to_string(&file) {
        Ok(token) => token,
        Err(_) => {
            let token = random_token().map_err(|error| format!("no random token can be made: {error}"))?;
            std::fs::write(&file, &token)
                .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
            token
        }
    };
    let definitions = serde_json::to_string(&tools).map_err(|error| error.to_string())?;
    let environment = BTreeMap::from([
        ("GANGER_SOCKET".to_owned(), context.site.socket.display().to_string()),
        ("GANGER_SESSION".to_owned(), session.to_string()),
        ("GANGER_INCARNATION".to_owned(), incarnation.to_string()),
        ("GANGER_TOKEN".to_owned(), token),
        ("GANGER_TOOLS".to_owned(), definitions),
    ]);
    let command = vec![context.site.program.display().to_string(), "mcp".to_owned()];
    Ok(Some(BridgeProgram { name: "ganger".to_owned(), command, environment }))
}

/// 128 random bits of the kernel's, as hexadecimal text.
///
/// # Errors
/// The kernel gives none.
pub fn random_token() -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}
