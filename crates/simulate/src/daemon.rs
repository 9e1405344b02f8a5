//! The daemon: kernels, and the thin shell around them that the tokio code is in the real program.

use crate::coverage::Family;
use crate::hosts::HostKey;
use crate::invariant::Invariant;
use crate::planted::Planted;
use crate::world::{Happening, World};
use ganger_core::aggregate::{CommonReport, Received};
use ganger_core::effect::{Action, Effect, Outcome};
use ganger_core::env::Times;
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::message::{Address, Message, MessageBody};
use ganger_core::site::SiteCommand;
use ganger_core::work_item::reply::reply;
use ganger_core::work_item::report::ItemReport;
use ganger_core::workspace::WorkspaceCommand;
use ganger_orchestrator::kernel::any::{AnyCommand, AnyKernel, PreparedAppend, Step};
use ganger_orchestrator::kernel::conversation::HostWrite;
use ganger_orchestrator::kernel::item::ToolCall;
use ganger_orchestrator::kernel::{CommandOutcome, CommitFailure, Token};
use ganger_orchestrator::stored::stream_of;
use ganger_store::{Append, AppendError, CommandKey, Digest, Fault, Store, StreamKind};
use std::collections::BTreeMap;

/// What a kernel is told.
pub(crate) enum KernelInput {
    Received(Received),
    Receipted { to: Address, number: u64 },
    Report(CommonReport),
    ItemReport(ItemReport),
    Committed { version: u64 },
    CommitFailed(CommitFailure),
    Reload,
    Timer { effect: EffectId },
    Command { command: AnyCommand, key: Option<String> },
    ToolCall { process: u64, call: ToolCall },
}

/// A running daemon.
pub(crate) struct Daemon {
    pub(crate) epoch: u64,
    /// Whether its start is committed and everything live is loaded.
    pub(crate) ready: bool,
    pub(crate) actors: BTreeMap<Address, Actor>,
}

/// One kernel and what its shell knows.
pub(crate) struct Actor {
    pub(crate) kernel: AnyKernel,
    pub(crate) links: BTreeMap<SessionId, Link>,
    pub(crate) stops: BTreeMap<HostKey, (EffectId, u32)>,
    pub(crate) commands: BTreeMap<Token, Option<String>>,
    /// Held calls: whose, and which.
    pub(crate) calls: BTreeMap<Token, (u64, String)>,
    pub(crate) timers: BTreeMap<EffectId, (u64, Option<u64>)>,
    tokens: Token,
    /// The version whose state was last held against the log.
    pub(crate) checked: Option<u64>,
}

/// The connection to a host.
pub(crate) struct Link {
    pub(crate) key: HostKey,
    pub(crate) connection: u64,
    pub(crate) attached: bool,
    pub(crate) requests: u64,
    /// Appends that wait for their journal to be on the disk.
    pub(crate) syncs: BTreeMap<u64, (u64, Box<PreparedAppend>)>,
}

impl World {
    pub(crate) fn daemon_start(&mut self) {
        if self.daemon.is_some() {
            return;
        }
        self.life += 1;
        self.say(|| format!("daemon {} starts", self.life));
        self.daemon = Some(Daemon { epoch: 0, ready: false, actors: BTreeMap::new() });
        let command = SiteCommand::StartDaemon { max_sessions: self.max_sessions };
        let key = Some(format!("start-{}", self.life));
        self.tell(Address::Site, 1, KernelInput::Command { command: AnyCommand::Site(command), key });
    }

    /// The start is committed: everything that owes something is loaded.
    fn daemon_boots(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        daemon.ready = true;
        daemon.epoch = daemon
            .actors
            .get(&Address::Site)
            .and_then(|actor| actor.kernel.as_site())
            .map_or(0, |site| site.daemon_epoch);
        let command = self.register();
        let workspace = Address::Workspace(self.workspace);
        let key = Some(format!("register-{}", self.life));
        self.tell(workspace, 5, KernelInput::Command { command: AnyCommand::Workspace(command), key });
        let live: Vec<Address> = [StreamKind::Workspace, StreamKind::WorkItem]
            .into_iter()
            .flat_map(|kind| self.store.live_streams(kind).unwrap_or_default())
            .filter_map(|stream| match stream.kind {
                StreamKind::Workspace => stream.id.parse().ok().map(Address::Workspace),
                StreamKind::WorkItem => stream.id.parse().ok().map(Address::WorkItem),
                StreamKind::Site => None,
            })
            .collect();
        for address in live {
            if self.daemon.is_none() {
                return;
            }
            self.actor(address);
        }
        if self.daemon.is_some() {
            self.person_returns();
        }
    }

    fn register(&self) -> WorkspaceCommand {
        WorkspaceCommand::Register {
            id: self.workspace,
            name: "shop".to_owned(),
            directory: "/home/person/shop".to_owned(),
        }
    }

    pub(crate) fn daemon_dies(&mut self) {
        let Some(daemon) = self.daemon.take() else { return };
        self.fault("daemon.killed");
        // Everything in its memory is gone; the kernel closes its sockets a moment later.
        for actor in daemon.actors.values() {
            for link in actor.links.values() {
                let input = ganger_host::machine::Input::Closed(link.connection);
                self.soon(300, Happening::Host { key: link.key, input });
            }
        }
        self.jobs_lose_the_daemon();
        for process in self.agents.keys().copied().collect::<Vec<_>>() {
            self.soon(2_000, Happening::BridgeCall { process });
        }
        self.soon(3_000, Happening::DaemonStart);
    }

    /// Tells a kernel something, some time soon.
    pub(crate) fn tell(&mut self, to: Address, most_ms: u64, input: KernelInput) {
        let life = self.life;
        self.soon(most_ms, Happening::Kernel { life, to, input });
    }

    /// Loads an actor that is not there; false if the daemon is dead now.
    pub(crate) fn actor(&mut self, address: Address) -> bool {
        let Some(daemon) = &self.daemon else { return false };
        if daemon.actors.contains_key(&address) {
            return true;
        }
        let stream = stream_of(address);
        let kernel = match self
            .store
            .load(&stream)
            .map_err(|error| error.to_string())
            .and_then(|loaded| AnyKernel::load(address, &loaded).map_err(|error| error.to_string()))
        {
            Ok(kernel) => kernel,
            Err(error) => {
                self.violate(Invariant::Fold, error);
                return false;
            }
        };
        let actor = Actor {
            kernel,
            links: BTreeMap::new(),
            stops: BTreeMap::new(),
            commands: BTreeMap::new(),
            calls: BTreeMap::new(),
            timers: BTreeMap::new(),
            tokens: 0,
            checked: None,
        };
        if let Some(daemon) = &mut self.daemon {
            daemon.actors.insert(address, actor);
        }
        self.pump(address, |kernel, now| kernel.started(now));
        self.daemon.is_some()
    }

    pub(crate) fn actor_mut(&mut self, address: Address) -> Option<&mut Actor> {
        self.daemon.as_mut().and_then(|daemon| daemon.actors.get_mut(&address))
    }

    /// Tells a kernel something now, and carries out what it says.
    pub(crate) fn pump(&mut self, address: Address, tell: impl FnOnce(&mut AnyKernel, Times) -> Vec<Step>) {
        let now = self.now();
        let Some(actor) = self.actor_mut(address) else { return };
        let steps = tell(&mut actor.kernel, now);
        self.check_kernel(address);
        self.carry_out(address, steps);
    }

    pub(crate) fn kernel_input(&mut self, life: u64, to: Address, input: KernelInput) {
        let Some(daemon) = &self.daemon else { return };
        if life != self.life {
            return;
        }
        // Before its start is committed the daemon has no epoch to turn to a host with.
        if !daemon.ready && to != Address::Site {
            self.at(self.awake_ms + 50, Happening::Kernel { life, to, input });
            return;
        }
        if !self.actor(to) {
            return;
        }
        match input {
            KernelInput::Received(received) => self.pump(to, |kernel, now| kernel.received(received, now)),
            KernelInput::Receipted { to: by, number } => {
                self.coverage.hit(Family::Effect, "message receipted");
                self.pump(to, |kernel, now| kernel.receipted(by, number, now));
            }
            KernelInput::Report(report) => {
                if self.reach("before_report") {
                    return;
                }
                self.pump(to, |kernel, now| kernel.report(report, now));
                self.reach("after_report");
            }
            KernelInput::ItemReport(report) => {
                if self.reach("before_report") {
                    return;
                }
                self.pump(to, |kernel, now| kernel.item_report(report, now));
                self.reach("after_report");
            }
            KernelInput::Committed { version } => {
                self.pump(to, |kernel, now| kernel.committed(version, now));
            }
            KernelInput::CommitFailed(failure) => {
                self.pump(to, |kernel, now| kernel.commit_failed(failure, now));
            }
            KernelInput::Reload => self.reload(to),
            KernelInput::Timer { effect } => self.timer(to, effect),
            KernelInput::Command { command, key } => {
                let Some(actor) = self.actor_mut(to) else { return };
                actor.tokens += 1;
                let token = actor.tokens;
                actor.commands.insert(token, key.clone());
                self.pump(to, |kernel, now| kernel.command(command, key, token, now));
            }
            KernelInput::ToolCall { process, call } => {
                let Some(actor) = self.actor_mut(to) else { return };
                actor.tokens += 1;
                let token = actor.tokens;
                actor.calls.insert(token, (process, call.call_id.clone()));
                self.pump(to, |kernel, now| kernel.tool_call(call, token, now));
            }
        }
    }

    fn reload(&mut self, address: Address) {
        if self.reach("before_reload") {
            return;
        }
        let key = self.actor_mut(address).and_then(|actor| actor.kernel.waiting_key().map(str::to_owned));
        let accepted =
            key.is_some_and(|key| self.store.command_result(&key).is_ok_and(|found| found.is_some()));
        let Ok(loaded) = self.store.load(&stream_of(address)) else { return };
        let now = self.now();
        let Some(actor) = self.actor_mut(address) else { return };
        match actor.kernel.reloaded(address, &loaded, accepted, now) {
            Ok(steps) => {
                actor.checked = None;
                self.check_kernel(address);
                self.carry_out(address, steps);
                self.reach("after_reload");
            }
            Err(error) => self.violate(Invariant::Fold, error.to_string()),
        }
    }

    fn timer(&mut self, address: Address, effect: EffectId) {
        let now = self.now();
        let Some(actor) = self.actor_mut(address) else { return };
        let Some((awake, wall)) = actor.timers.get(&effect).copied() else { return };
        if now.awake_ms < awake && wall.is_none_or(|wall| now.wall_ms < wall) {
            let at = wall.map_or(awake, |wall| awake.min(now.awake_ms + (wall - now.wall_ms)));
            let life = self.life;
            self.at(at, Happening::Kernel { life, to: address, input: KernelInput::Timer { effect } });
            return;
        }
        actor.timers.remove(&effect);
        if self.reach("before_timer") {
            return;
        }
        self.coverage.hit(Family::Effect, "timer fired");
        self.pump(address, |kernel, now| kernel.report(CommonReport::TimerFired { effect }, now));
    }

    /// The wall clock jumped: some timers may be due.
    pub(crate) fn look_at_timers(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let armed: Vec<(Address, EffectId)> = daemon
            .actors
            .iter()
            .flat_map(|(address, actor)| actor.timers.keys().map(|effect| (*address, *effect)))
            .collect();
        for (to, effect) in armed {
            self.tell(to, 30_000, KernelInput::Timer { effect });
        }
    }

    pub(crate) fn carry_out(&mut self, address: Address, steps: Vec<Step>) {
        for step in steps {
            if self.daemon.is_none() || self.violation.is_some() {
                return;
            }
            match step {
                Step::Append(append) => self.ask_append(address, append),
                Step::Reload => self.tell(address, 1_000, KernelInput::Reload),
                Step::Run { effect, attempt } => self.run(address, effect, attempt),
                Step::Withdraw { effect, attempt } => self.withdraw(address, effect, attempt),
                Step::Send(message) => self.send(address, message),
                Step::Receipt { to, number } => {
                    if self.reach("before_receipt") {
                        return;
                    }
                    self.check_receipt(address, to, number);
                    self.tell(to, 20, KernelInput::Receipted { to: address, number });
                    self.reach("after_receipt");
                }
                Step::SetTimer { effect, at_awake_ms, at_wall_ms } => {
                    let Some(actor) = self.actor_mut(address) else { return };
                    actor.timers.insert(effect, (at_awake_ms, at_wall_ms));
                    self.tell(address, 0, KernelInput::Timer { effect });
                }
                Step::Resolve { token, outcome } => {
                    if self.reach("before_resolve") {
                        return;
                    }
                    self.resolve(address, token, outcome);
                    self.reach("after_resolve");
                }
                Step::HostWrite { session, incarnation, write } => {
                    self.host_write(address, session, incarnation, write);
                }
                Step::Reply { token, answer } => self.reply(address, token, answer),
                Step::Watch { .. } => {}
            }
        }
    }

    fn ask_append(&mut self, address: Address, append: Box<PreparedAppend>) {
        if self.planted == Some(Planted::EffectBeforeCommit) && self.random.chance(100) {
            self.run_early(address, &append);
        }
        let life = self.life;
        if let Some(need) = append.sync
            && let Some(actor) = self.actor_mut(address)
            && let Some(link) = actor.links.get_mut(&need.session)
            && link.attached
            && link.key == (need.session, need.incarnation)
        {
            link.requests += 1;
            let (key, connection, id) = (link.key, link.connection, link.requests);
            link.syncs.insert(id, (need.record, append));
            if self.reach("before_sync") {
                return;
            }
            let request = ganger_host::protocol::Request::Sync { upto: need.record };
            self.ask_host(key, connection, id, request);
            return;
        }
        self.soon(5, Happening::Store { life, from: address, append });
    }

    /// The planted bug: what an append is about to mint runs before the append.
    fn run_early(&mut self, address: Address, append: &PreparedAppend) {
        for event in &append.events {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(&event.data) else { continue };
            if event.kind != "effect/1" || value["data"]["step"] != "minted" {
                continue;
            }
            if let Ok(effect) = serde_json::from_value::<Effect>(value["data"].clone())
                && matches!(effect.action, Action::PrepareBases { .. } | Action::Provision { .. })
            {
                self.run(address, effect, 1);
            }
        }
    }

    pub(crate) fn store_append(&mut self, life: u64, from: Address, prepared: PreparedAppend) {
        if life != self.life || self.daemon.is_none() || self.reach("before_append") {
            return;
        }
        let rate = self.faults.store;
        let fault = if self.fails(rate) {
            self.random.pick(&[Fault::CommitLost, Fault::AnswerLost, Fault::AnswerLost, Fault::Full]).copied()
        } else {
            None
        };
        match fault {
            Some(Fault::CommitLost) => self.fault("store.commit_lost"),
            Some(Fault::AnswerLost) => self.fault("store.answer_lost"),
            Some(Fault::Full) => self.fault("store.full"),
            None => {}
        }
        self.store
            .set_faults(fault.map(|fault| Box::new(move |_: &Append| Some(fault)) as ganger_store::Faults));
        let command = prepared.key.map(|key| CommandKey {
            // What is asked is told apart by the events that it gives; the key alone would hide another command.
            body_digest: Digest::of(self.person.body_of(&key).as_bytes()),
            result: String::new(),
            wall_ms: prepared.at.wall_ms,
            key,
        });
        let append = Append {
            command,
            index: prepared.index,
            snapshot: prepared.snapshot,
            numbers: prepared.numbers,
            turns: prepared.turns,
            ..Append::new(stream_of(from), prepared.expected_version, prepared.events)
        };
        let result = self.store.append(append);
        self.read_log(from);
        if self.violation.is_some() || self.reach("after_append") {
            return;
        }
        let input = match result {
            Ok(appended) => KernelInput::Committed { version: appended.version },
            Err(AppendError::AlreadyAccepted { .. }) => {
                KernelInput::CommitFailed(CommitFailure::AlreadyAccepted)
            }
            Err(error @ AppendError::KeyReused { .. }) => {
                KernelInput::CommitFailed(CommitFailure::KeyReused(error.to_string()))
            }
            Err(error @ AppendError::Full { .. }) => {
                KernelInput::CommitFailed(CommitFailure::NotWritten(error.to_string()))
            }
            Err(AppendError::Unavailable { .. }) => KernelInput::CommitFailed(CommitFailure::Unknown),
            Err(error) => {
                self.violate(Invariant::OneWriter, format!("an append was refused: {error}"));
                return;
            }
        };
        self.tell(from, 3, input);
    }

    fn send(&mut self, from: Address, message: Message) {
        if self.reach("before_send") {
            return;
        }
        self.check_sent(from, &message);
        let Message { to, mut number, body } = message;
        if self.planted == Some(Planted::ReleaseLost)
            && matches!(body, MessageBody::SlotReleased { .. })
            && self.random.chance(300)
        {
            self.tell(from, 20, KernelInput::Receipted { to, number });
            return;
        }
        let rate = self.faults.message;
        let again = self.fails(rate);
        let received = Received { from, number, body: body.clone() };
        self.tell(to, 20, KernelInput::Received(received));
        if again {
            self.fault("message.repeated");
            if self.planted == Some(Planted::MessageRenumbered) {
                number += 1;
            }
            self.tell(to, 2_000, KernelInput::Received(Received { from, number, body }));
        }
        self.reach("after_send");
    }

    fn run(&mut self, address: Address, effect: Effect, attempt: u32) {
        if self.reach("before_run") {
            return;
        }
        self.say(|| format!("run {} {} attempt {attempt}", effect.action.name(), effect.id.short()));
        self.check_durable(effect.id, effect.action.name());
        if matches!(effect.action, Action::Host { .. }) {
            self.host_run(address, &effect.action);
        } else {
            self.job_run(address, effect, attempt);
        }
        self.reach("after_run");
    }

    fn withdraw(&mut self, address: Address, effect: Effect, attempt: u32) {
        if self.reach("before_withdraw") {
            return;
        }
        self.say(|| format!("withdraw {} {}", effect.action.name(), effect.id.short()));
        self.check_durable(effect.id, effect.action.name());
        match effect.action {
            Action::Host { session, incarnation, .. } => {
                self.host_withdraw(address, (session, incarnation), effect.id, attempt);
            }
            _ => self.job_withdraw(address, effect, attempt),
        }
        self.reach("after_withdraw");
    }

    /// Reports an outcome of an effect.
    pub(crate) fn report_outcome(&mut self, to: Address, effect: EffectId, attempt: u32, outcome: Outcome) {
        let report = CommonReport::Outcome { effect, attempt, outcome };
        self.tell(to, 10, KernelInput::Report(report));
    }

    fn host_write(&mut self, address: Address, session: SessionId, incarnation: u64, write: HostWrite) {
        if self.reach("before_host_write") {
            return;
        }
        if let HostWrite::Note { bytes, .. } = &write {
            self.check_note(bytes);
        }
        let twice = self.planted == Some(Planted::PromptTwice);
        let Some(actor) = self.actor_mut(address) else { return };
        let Some(link) = actor.links.get_mut(&session).filter(|link| link.attached) else { return };
        if link.key != (session, incarnation) {
            return;
        }
        link.requests += 2;
        let (key, connection, id) = (link.key, link.connection, link.requests);
        match write {
            HostWrite::Note { n, bytes } => {
                self.ask_host(key, connection, id, ganger_host::protocol::Request::Note { n, bytes });
            }
            HostWrite::Frame { n, key: frame, bytes } => {
                let again = twice && String::from_utf8_lossy(&bytes).contains("session/prompt");
                let request =
                    ganger_host::protocol::Request::Write { n, key: frame.clone(), bytes: bytes.clone() };
                self.ask_host(key, connection, id, request);
                if again {
                    let request = ganger_host::protocol::Request::Write { n: n + 1, key: frame, bytes };
                    self.ask_host(key, connection, id + 1, request);
                }
            }
        }
        self.reach("after_host_write");
    }

    fn reply(&mut self, address: Address, token: Token, answer: ganger_core::agent::ToolAnswer) {
        if self.reach("before_reply") {
            return;
        }
        let crossed = self.planted == Some(Planted::AnswersCrossed);
        let Some(actor) = self.actor_mut(address) else { return };
        let Some(mut held) = actor.calls.remove(&token) else { return };
        if crossed {
            let actors = self.daemon.iter().flat_map(|daemon| daemon.actors.values());
            if let Some(other) = actors.flat_map(|actor| actor.calls.values()).next() {
                held = other.clone();
            }
        } else {
            self.check_reply(address, &held, &answer);
        }
        self.agent_answered(held.0, &held.1, &answer);
        self.reach("after_reply");
    }

    /// Whether the committed state answers what this agent asked with these words.
    fn check_reply(
        &mut self,
        address: Address,
        (process, call): &(u64, String),
        answer: &ganger_core::agent::ToolAnswer,
    ) {
        let waits = |agent: &&crate::agent::Agent| agent.call.as_ref().is_some_and(|held| held.id == *call);
        let Some(agent) = self.agents.get(process).filter(waits) else { return };
        let Some(item) = self.shadow.item(address) else { return };
        let said = reply(item, agent.session, agent.incarnation, call);
        if said.as_ref() != Some(answer) {
            let text = format!("a call was answered with {answer:?}, and the log says {said:?}");
            self.violate(Invariant::Answers, text);
        }
    }

    fn resolve(&mut self, address: Address, token: Token, outcome: CommandOutcome) {
        let Some(actor) = self.actor_mut(address) else { return };
        let key = actor.commands.remove(&token).flatten();
        if let CommandOutcome::Rejected(rejection) = &outcome {
            self.coverage.hit(Family::Rejection, &rejection.code);
        }
        let Some(key) = key else { return };
        if key == format!("start-{}", self.life) {
            match outcome {
                CommandOutcome::Accepted => self.daemon_boots(),
                _ => {
                    let command = SiteCommand::StartDaemon { max_sessions: self.max_sessions };
                    let command = AnyCommand::Site(command);
                    self.tell(Address::Site, 1_000, KernelInput::Command { command, key: Some(key) });
                }
            }
            return;
        }
        if key == format!("register-{}", self.life) {
            if matches!(outcome, CommandOutcome::NotStored(_)) {
                let command = AnyCommand::Workspace(self.register());
                self.tell(address, 1_000, KernelInput::Command { command, key: Some(key) });
            }
            return;
        }
        self.person_hears(&key, &outcome);
    }
}
