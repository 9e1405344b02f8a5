//! One actor per live aggregate: it pumps the kernel, and is the only writer of its stream.

use super::{CommandIdentity, Engine, Message};
use crate::kernel::CommitFailure;
use crate::kernel::any::{AnyKernel, PreparedAppend, Step};
use crate::stored::stream_of;
use ganger_core::aggregate::{Aggregate, CommonReport};
use ganger_core::effect::{Action, Effect};
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::message::Address;
use ganger_kill_point as kill_point;
use ganger_store::{Append, AppendError, CommandKey, Digest};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long an aggregate stays in memory when nothing is owed and nobody asks.
const AT_REST: Duration = Duration::from_secs(60);
/// How long to wait before a stream is loaded again after the store refused.
const RELOAD_WAIT: Duration = Duration::from_millis(500);

/// What an actor does first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opening {
    /// It hands out what its state owes.
    Owed,
    /// Nothing, until its first append is committed.
    Quiet,
}

pub(super) struct Actor {
    pub(super) engine: Arc<Engine>,
    pub(super) address: Address,
    pub(super) kernel: AnyKernel,
    pub(super) sender: mpsc::UnboundedSender<Message>,
    pub(super) commands: BTreeMap<u64, oneshot::Sender<crate::kernel::CommandOutcome>>,
    pub(super) calls: BTreeMap<u64, oneshot::Sender<ganger_core::agent::ToolAnswer>>,
    pub(super) hosts: BTreeMap<SessionId, (u64, mpsc::UnboundedSender<crate::run::sessions::HostCommand>)>,
    pub(super) jobs: BTreeMap<EffectId, (u32, tokio::sync::watch::Sender<bool>)>,
    pub(super) tokens: u64,
    /// Digests of the bodies of commands that are under way, by key.
    pub(super) bodies: BTreeMap<String, Digest>,
    /// The version of the snapshot that the store has.
    pub(super) kept_version: u64,
}

impl Actor {
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>, opening: Opening) {
        if opening == Opening::Owed {
            let steps = self.kernel.started(self.engine.now());
            self.carry_out(steps);
        }
        loop {
            let message = if self.is_at_rest() {
                match tokio::time::timeout(AT_REST, inbox.recv()).await {
                    Ok(message) => message,
                    Err(_) if self.leaves(&mut inbox).await => return,
                    Err(_) => continue,
                }
            } else {
                inbox.recv().await
            };
            let Some(message) = message else { return };
            let steps = self.take(message);
            self.carry_out(steps);
        }
    }

    /// Whether nothing is under way, nobody waits, and nothing is owed: then it can be loaded again as it is.
    fn is_at_rest(&self) -> bool {
        let owes_nothing = match (self.kernel.as_item(), self.kernel.as_workspace()) {
            (Some(item), _) => item.owed().is_empty(),
            (_, Some(workspace)) => workspace.ledger().is_empty(),
            // Everything asks the site.
            _ => false,
        };
        owes_nothing
            && self.kernel.is_idle()
            && self.commands.is_empty()
            && self.calls.is_empty()
            && self.hosts.is_empty()
            && self.jobs.values().all(|(_, cancel)| cancel.is_closed())
    }

    /// Goes out of memory, unless somebody asks meanwhile. Its state is kept, so that it is loaded quickly.
    async fn leaves(&mut self, inbox: &mut mpsc::UnboundedReceiver<Message>) -> bool {
        let version = self.kernel.version();
        if version > self.kept_version
            && let Some(snapshot) = self.kernel.snapshot()
        {
            let (engine, stream) = (Arc::clone(&self.engine), stream_of(self.address));
            let kept = tokio::task::spawn_blocking(move || engine.store().save_snapshot(&stream, snapshot));
            match kept.await {
                Ok(Ok(())) => self.kept_version = version,
                // It is folded from its events then.
                Ok(Err(error)) => tracing::warn!(%error, "a state could not be kept"),
                Err(error) => tracing::warn!(%error, "a state could not be kept"),
            }
        }
        let mut actors = self.engine.lock();
        if !inbox.is_empty() {
            return false;
        }
        actors.remove(&self.address);
        // Whoever still holds a sender of its own, such as the timer of a withdrawn effect, has nothing to say.
        inbox.close();
        true
    }

    fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    fn take(&mut self, message: Message) -> Vec<Step> {
        let now = self.engine.now();
        match message {
            Message::Command { command, identity, answer } => {
                let token = self.token();
                self.commands.insert(token, answer);
                let key = identity.map(|CommandIdentity { key, body }| {
                    self.bodies.insert(key.clone(), body);
                    key
                });
                self.kernel.command(command, key, token, now)
            }
            Message::Received(received) => self.kernel.received(received, now),
            Message::Receipted { to, number } => self.kernel.receipted(to, number, now),
            Message::Report(report) => {
                kill_point::reach("daemon.before_report");
                self.kernel.report(report, now)
            }
            Message::ItemReport(report) => {
                kill_point::reach("daemon.before_report");
                self.kernel.item_report(report, now)
            }
            Message::Committed { version } => self.kernel.committed(version, now),
            Message::CommitFailed(failure) => self.kernel.commit_failed(failure, now),
            Message::Reload => self.reload(),
            Message::Attached(attachment, commands) => {
                let (session, incarnation) = (attachment.session, attachment.incarnation);
                self.hosts.insert(session, (incarnation, commands));
                self.kernel.attached(*attachment, now)
            }
            Message::Wire { session, incarnation, records, room } => {
                let steps = self.kernel.wire(session, incarnation, &records, now);
                drop(room);
                steps
            }
            Message::Detached { session, incarnation } => {
                if self.hosts.get(&session).is_some_and(|(known, _)| *known == incarnation) {
                    self.hosts.remove(&session);
                }
                self.kernel.detached(session, incarnation);
                Vec::new()
            }
            Message::ToolCall { call, answer } => {
                let token = self.token();
                self.calls.insert(token, answer);
                self.drop_gone_calls();
                self.kernel.tool_call(call, token, now)
            }
            Message::Read(read) => {
                read(&self.kernel);
                Vec::new()
            }
        }
    }

    /// Forgets calls whose caller has hung up.
    fn drop_gone_calls(&mut self) {
        let gone: Vec<u64> =
            self.calls.iter().filter(|(_, answer)| answer.is_closed()).map(|(token, _)| *token).collect();
        for token in gone {
            self.calls.remove(&token);
            self.kernel.call_dropped(token);
        }
    }

    fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Append(append) => self.append(*append),
                Step::Reload => {
                    let sender = self.sender.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(RELOAD_WAIT).await;
                        let _ = sender.send(Message::Reload);
                    });
                }
                Step::Run { effect, attempt } => self.start(effect, attempt),
                Step::Withdraw { effect, attempt } => self.withdraw(effect, attempt),
                Step::Send(message) => {
                    let from = self.address;
                    let received =
                        ganger_core::aggregate::Received { from, number: message.number, body: message.body };
                    self.engine.post(message.to, Message::Received(received));
                }
                Step::Receipt { to, number } => {
                    let by = self.address;
                    self.engine.post(to, Message::Receipted { to: by, number });
                }
                Step::SetTimer { effect, at_awake_ms, at_wall_ms } => {
                    self.set_timer(effect, at_awake_ms, at_wall_ms);
                }
                Step::Resolve { token, outcome } => {
                    if self.commands.len() <= 1 {
                        self.bodies.clear();
                    }
                    if let Some(answer) = self.commands.remove(&token) {
                        let _ = answer.send(outcome);
                    }
                }
                Step::HostWrite { session, incarnation, write } => {
                    kill_point::reach("daemon.before_host_write");
                    if let Some((known, commands)) = self.hosts.get(&session)
                        && *known == incarnation
                    {
                        let _ = commands.send(crate::run::sessions::HostCommand::Write(write));
                    }
                }
                Step::Reply { token, answer } => {
                    if let Some(caller) = self.calls.remove(&token) {
                        let _ = caller.send(answer);
                    }
                }
                Step::Watch { session, incarnation, position, at_ms, events } => {
                    self.engine.watch(super::Watched { session, incarnation, position, at_ms, events });
                }
            }
        }
    }

    fn append(&mut self, prepared: PreparedAppend) {
        let stream = stream_of(self.address);
        let command = prepared.key.map(|key| CommandKey {
            body_digest: self.bodies.get(&key).copied().unwrap_or_else(|| Digest::of(key.as_bytes())),
            result: String::new(),
            wall_ms: prepared.at.wall_ms,
            key,
        });
        if let Some(snapshot) = &prepared.snapshot {
            self.kept_version = snapshot.version;
        }
        let append = Append {
            command,
            index: prepared.index,
            snapshot: prepared.snapshot,
            numbers: prepared.numbers,
            ..Append::new(stream, prepared.expected_version, prepared.events)
        };
        let sender = self.sender.clone();
        let engine = Arc::clone(&self.engine);
        let submit = move || {
            kill_point::reach("daemon.before_append");
            let woken = Arc::clone(&engine);
            let done = Box::new(move |result| {
                kill_point::reach("daemon.after_append");
                let message = match result {
                    Ok(appended) => {
                        let appended: ganger_store::Appended = appended;
                        woken.appended(appended.last_seq);
                        Message::Committed { version: appended.version }
                    }
                    Err(AppendError::AlreadyAccepted { .. }) => {
                        Message::CommitFailed(CommitFailure::AlreadyAccepted)
                    }
                    Err(error @ AppendError::KeyReused { .. }) => {
                        Message::CommitFailed(CommitFailure::KeyReused(error.to_string()))
                    }
                    Err(error @ (AppendError::Full { .. } | AppendError::Invalid { .. })) => {
                        tracing::error!(%error, "an append was not written");
                        Message::CommitFailed(CommitFailure::NotWritten(error.to_string()))
                    }
                    Err(error) => {
                        tracing::error!(%error, "an append is in doubt");
                        Message::CommitFailed(CommitFailure::Unknown)
                    }
                };
                let _ = sender.send(message);
            });
            engine.store().submit(append, done);
        };
        match prepared.sync.and_then(|need| {
            self.hosts
                .get(&need.session)
                .filter(|(known, _)| *known == need.incarnation)
                .map(|host| (need, host))
        }) {
            Some((need, (_, commands))) => {
                let (synced, waiting) = oneshot::channel();
                let _ = commands
                    .send(crate::run::sessions::HostCommand::Sync { upto: need.record, done: synced });
                tokio::spawn(async move {
                    // A host that ended has synced its journal at its end; one that died is found out elsewhere.
                    let _ = waiting.await;
                    submit();
                });
            }
            None => submit(),
        }
    }

    fn reload(&mut self) -> Vec<Step> {
        let now = self.engine.now();
        let store = self.engine.store();
        let accepted = match self.kernel.waiting_key() {
            Some(key) => store.command_result(key).map(|result| result.is_some()),
            None => Ok(false),
        };
        let loaded = store.load_for(&stream_of(self.address), super::SCHEMA);
        match (loaded, accepted) {
            (Ok(loaded), Ok(accepted)) => match self.kernel.reloaded(self.address, &loaded, accepted, now) {
                Ok(steps) => return steps,
                Err(error) => tracing::error!(%error, "a stream cannot be read"),
            },
            (Err(error), _) | (_, Err(error)) => tracing::error!(%error, "the store cannot be read"),
        }
        let sender = self.sender.clone();
        tokio::spawn(async move {
            tokio::time::sleep(RELOAD_WAIT).await;
            let _ = sender.send(Message::Reload);
        });
        Vec::new()
    }

    fn set_timer(&self, effect: EffectId, at_awake_ms: u64, at_wall_ms: Option<u64>) {
        let sender = self.sender.clone();
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move {
            loop {
                let now = engine.now();
                let awake = at_awake_ms.saturating_sub(now.awake_ms);
                let wall = at_wall_ms.map_or(awake, |at| at.saturating_sub(now.wall_ms));
                let wait = awake.min(wall);
                if wait == 0 {
                    break;
                }
                // Looked at again now and then, since a wall clock may jump.
                tokio::time::sleep(Duration::from_millis(wait.min(30_000))).await;
            }
            let _ = sender.send(Message::Report(CommonReport::TimerFired { effect }));
        });
    }

    fn start(&mut self, effect: Effect, attempt: u32) {
        kill_point::reach("daemon.before_run");
        let Some(item) = self.kernel.as_item().cloned() else { return };
        let sender = self.sender.clone();
        let engine = Arc::clone(&self.engine);
        if let Action::Host { session, incarnation, .. } = &effect.action {
            let (session, incarnation) = (*session, *incarnation);
            crate::run::sessions::live(engine, item, effect, session, incarnation, sender);
            return;
        }
        let (cancel, cancelled) = tokio::sync::watch::channel(false);
        self.jobs.retain(|_, (_, cancel)| !cancel.is_closed());
        self.jobs.insert(effect.id, (attempt, cancel));
        tokio::spawn(async move {
            let id = effect.id;
            let outcome = crate::run::job(&engine, &item, effect, attempt, cancelled).await;
            let _ = sender.send(Message::Report(CommonReport::Outcome { effect: id, attempt, outcome }));
        });
    }

    fn withdraw(&mut self, effect: Effect, attempt: u32) {
        kill_point::reach("daemon.before_withdraw");
        let Some(item) = self.kernel.as_item().cloned() else { return };
        if let Action::Host { session, incarnation, .. } = effect.action {
            let farewell = self.kernel.farewell(session);
            let told = match self.hosts.get(&session).filter(|(known, _)| *known == incarnation) {
                Some((_, commands)) => {
                    commands.send(crate::run::sessions::HostCommand::Stop { farewell }).is_ok()
                }
                None => false,
            };
            let (engine, sender) = (Arc::clone(&self.engine), self.sender.clone());
            crate::run::sessions::end(engine, item, effect.id, attempt, (session, incarnation), told, sender);
            return;
        }
        match self.jobs.get(&effect.id) {
            Some((running, cancel)) if *running == attempt && !cancel.is_closed() => {
                let _ = cancel.send(true);
            }
            _ => {
                let (engine, sender) = (Arc::clone(&self.engine), self.sender.clone());
                tokio::spawn(async move {
                    let outcome = crate::run::end(&engine, effect.id, attempt).await;
                    let report = CommonReport::Outcome { effect: effect.id, attempt, outcome };
                    let _ = sender.send(Message::Report(report));
                });
            }
        }
    }
}
