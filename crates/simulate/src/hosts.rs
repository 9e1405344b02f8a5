//! Hosts: the real machine, a journal in memory, and the connections of daemons, living and dead.

use crate::coverage::Family;
use crate::daemon::{KernelInput, Link};
use crate::invariant::Invariant;
use crate::planted::Planted;
use crate::world::{Happening, World};
use ganger_core::agent::SessionStart;
use ganger_core::effect::{Action, JobResult, Outcome};
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::journal::{ExitStatus, Record, RecordKind};
use ganger_core::message::Address;
use ganger_core::process::Enforcement;
use ganger_core::session::SessionKind;
use ganger_core::work_item::report::ItemReport;
use ganger_host::machine::{self, Beginning, Machine};
use ganger_host::protocol::{Reply, Request};
use ganger_orchestrator::kernel::item::Attachment;
use std::collections::{BTreeMap, VecDeque};

/// A session and which start of it.
pub(crate) type HostKey = (SessionId, u64);

/// What a host sends to a daemon.
pub(crate) enum Parcel {
    Reply(u64, Reply),
    Records(Vec<Record>),
    Closed,
}

/// A host with its directory, which outlives it.
pub(crate) struct Host {
    pub(crate) item: Address,
    pub(crate) kind: SessionKind,
    pub(crate) repository: Option<String>,
    native_id: Option<String>,
    /// Whether the process lives: the lock is held.
    pub(crate) alive: bool,
    /// Whether its agent was ever started.
    pub(crate) spawned: bool,
    pub(crate) machine: Machine,
    pub(crate) journal: Vec<Record>,
    epoch: u64,
    pub(crate) agent: Option<u64>,
    /// What the agent wrote and the host has not read.
    pipe: VecDeque<(bool, Vec<u8>)>,
    exited: Option<ExitStatus>,
    /// Connections with the first record that each has not been sent, and when its last parcel arrives.
    streams: BTreeMap<u64, u64>,
    arrivals: BTreeMap<u64, (Address, u64, u64)>,
    /// When the last thing sent by any daemon arrives.
    requests_at: u64,
}

impl Host {
    /// Whether the journal has its last record.
    pub(crate) fn is_closed(&self) -> bool {
        self.journal.last().is_some_and(|record| record.kind == RecordKind::Exit)
    }
}

impl World {
    /// A host should live.
    pub(crate) fn host_run(&mut self, item: Address, action: &Action) {
        let Action::Host { session, incarnation, kind, repository, native_id, .. } = action else { return };
        let key = (*session, *incarnation);
        if self.reach("before_spawn") {
            return;
        }
        let rate = self.faults.agent / 8;
        let fails = self.fails(rate);
        match self.hosts.get_mut(&key) {
            None if fails => {
                self.coverage.hit(Family::Effect, "host failed");
                let (session, incarnation) = key;
                let reason = "the program \"fake\" is not installed".to_owned();
                let report = ItemReport::HostFailed { session, incarnation, reason };
                self.tell(item, 20_000, KernelInput::ItemReport(report));
                return;
            }
            None => {
                let beginning = Beginning { incarnation: *incarnation, ..Beginning::default() };
                let host = Host {
                    item,
                    kind: *kind,
                    repository: repository.clone(),
                    native_id: native_id.clone(),
                    alive: true,
                    spawned: false,
                    machine: Machine::new(beginning),
                    journal: Vec::new(),
                    epoch: 0,
                    agent: None,
                    pipe: VecDeque::new(),
                    exited: None,
                    streams: BTreeMap::new(),
                    arrivals: BTreeMap::new(),
                    requests_at: 0,
                };
                self.hosts.insert(key, host);
                self.soon(50, Happening::HostSpawn { key });
            }
            Some(host) if !host.alive && !host.spawned => {
                let beginning = Beginning {
                    incarnation: *incarnation,
                    daemon_epoch: host.epoch,
                    head: host.journal.len() as u64,
                    ..Beginning::default()
                };
                host.machine = Machine::new(beginning);
                host.alive = true;
                self.soon(50, Happening::HostSpawn { key });
            }
            Some(_) => {}
        }
        if self.reach("after_spawn") {
            return;
        }
        let life = self.life;
        self.soon(50, Happening::Connect { life, item, key });
    }

    /// A host is not wanted any more.
    pub(crate) fn host_withdraw(&mut self, item: Address, key: HostKey, effect: EffectId, attempt: u32) {
        let never = self.hosts.get(&key).is_none_or(|host| !host.alive && !host.spawned);
        if never {
            self.coverage.hit(Family::Effect, "host never_started");
            self.report_outcome(item, effect, attempt, Outcome::NeverStarted);
            return;
        }
        let Some(actor) = self.actor_mut(item) else { return };
        actor.stops.insert(key, (effect, attempt));
        match actor.links.get(&key.0).filter(|link| link.key == key) {
            Some(link) if link.attached => self.ask_to_stop(item, key),
            Some(_) => {}
            None => {
                let life = self.life;
                self.soon(20, Happening::Connect { life, item, key });
            }
        }
    }

    fn ask_to_stop(&mut self, item: Address, key: HostKey) {
        let Some(actor) = self.actor_mut(item) else { return };
        let farewell = actor.kernel.farewell(key.0);
        let Some(link) = actor.links.get_mut(&key.0) else { return };
        link.requests += 1;
        let (connection, id) = (link.connection, link.requests);
        self.ask_host(key, connection, id, Request::Stop { grace_ms: 5_000, kill_ms: 5_000, farewell });
    }

    pub(crate) fn ask_host(&mut self, key: HostKey, connection: u64, id: u64, request: Request) {
        let delay = self.random.below(4);
        let Some(host) = self.hosts.get_mut(&key) else { return };
        host.requests_at = host.requests_at.max(self.awake_ms + delay);
        let at = host.requests_at;
        self.at(at, Happening::Host { key, input: machine::Input::Message { connection, id, request } });
    }

    pub(crate) fn connect(&mut self, life: u64, item: Address, key: HostKey) {
        if life != self.life || self.daemon.is_none() {
            return;
        }
        let epoch = self.daemon.as_ref().map_or(0, |daemon| daemon.epoch);
        let Some(host) = self.hosts.get(&key) else { return };
        let alive = host.alive;
        let connection = self.fresh();
        let Some(actor) = self.actor_mut(item) else { return };
        if actor.links.get(&key.0).is_some_and(|link| link.key == key) {
            return;
        }
        if !alive {
            self.read_dead(item, key);
            return;
        }
        let link = Link { key, connection, attached: false, requests: 1, syncs: BTreeMap::new() };
        if let Some(actor) = self.actor_mut(item)
            && let Some(old) = actor.links.insert(key.0, link)
        {
            self.submit_waiting(item, old);
        }
        if let Some(host) = self.hosts.get_mut(&key) {
            host.arrivals.insert(connection, (item, life, 0));
        }
        let request = Request::Attach { protocol: 1, daemon_epoch: epoch, from: 1 };
        self.ask_host(key, connection, 1, request);
    }

    fn attachment(&self, key: HostKey, head: u64, last_write: u64) -> Option<Attachment> {
        let host = self.hosts.get(&key)?;
        Some(Attachment {
            session: key.0,
            incarnation: key.1,
            codec: ganger_harness::codec_for("acp")?,
            start: SessionStart {
                directory: "/work".to_owned(),
                native_id: host.native_id.clone(),
                model: None,
                tools: Vec::new(),
                bridge: None,
            },
            head,
            last_write,
        })
    }

    /// The host is dead: its journal says how far it came.
    fn read_dead(&mut self, item: Address, key: HostKey) {
        let Some(host) = self.hosts.get(&key) else { return };
        let (records, closed, spawned) = (host.journal.clone(), host.is_closed(), host.spawned);
        let last = records.iter().map(|record| record.n).max().unwrap_or(0);
        let (session, incarnation) = key;
        if self.reach("before_attach") {
            return;
        }
        if let Some(attachment) = self.attachment(key, records.len() as u64, last) {
            self.pump(item, |kernel, now| kernel.attached(attachment, now));
            self.pump(item, |kernel, now| kernel.wire(session, incarnation, &records, now));
        }
        if self.reach("after_attach") {
            return;
        }
        let Some(actor) = self.actor_mut(item) else { return };
        actor.kernel.detached(session, incarnation);
        let stop = actor.stops.remove(&key);
        if closed {
            if let Some((effect, attempt)) = stop {
                self.coverage.hit(Family::Effect, "host done");
                self.report_outcome(item, effect, attempt, Outcome::Done(JobResult::Nothing));
            }
        } else if !spawned && let Some((effect, attempt)) = stop {
            self.coverage.hit(Family::Effect, "host never_started");
            self.report_outcome(item, effect, attempt, Outcome::NeverStarted);
        } else if !spawned {
            // Nothing ever ran there: the same start is made again.
            if let Some(host) = self.hosts.get(&key) {
                let action = Action::Host {
                    session,
                    incarnation,
                    kind: host.kind,
                    repository: host.repository.clone(),
                    agent: "fake".to_owned(),
                    native_id: host.native_id.clone(),
                };
                self.host_run(item, &action);
            }
        } else {
            self.coverage.hit(Family::Effect, "host lost");
            let report = ItemReport::HostLost { session, incarnation };
            self.tell(item, 20, KernelInput::ItemReport(report));
        }
    }

    /// Appends that waited for a journal whose host is gone: it was synced at its end, or it is what it is.
    fn submit_waiting(&mut self, item: Address, link: Link) {
        let life = self.life;
        for (_, append) in link.syncs.into_values() {
            self.soon(5, Happening::Store { life, from: item, append });
        }
    }

    pub(crate) fn hear_host(
        &mut self,
        life: u64,
        item: Address,
        key: HostKey,
        connection: u64,
        parcel: Parcel,
    ) {
        if life != self.life || self.daemon.is_none() {
            return;
        }
        let (session, incarnation) = key;
        let Some(actor) = self.actor_mut(item) else { return };
        let Some(link) = actor.links.get_mut(&session).filter(|link| link.connection == connection) else {
            return;
        };
        match parcel {
            Parcel::Records(records) => {
                if self.reach("before_wire") {
                    return;
                }
                self.pump(item, |kernel, now| kernel.wire(session, incarnation, &records, now));
                self.reach("after_wire");
            }
            Parcel::Reply(_, Reply::Attached(attached)) => {
                link.attached = true;
                if self.reach("before_attach") {
                    return;
                }
                self.coverage.hit(Family::Effect, "host started");
                let report =
                    ItemReport::HostStarted { session, incarnation, enforcement: Enforcement::default() };
                self.pump(item, |kernel, now| kernel.item_report(report, now));
                if let Some(attachment) = self.attachment(key, attached.head, attached.last_write) {
                    self.pump(item, |kernel, now| kernel.attached(attachment, now));
                }
                if self.reach("after_attach") {
                    return;
                }
                if self.actor_mut(item).is_some_and(|actor| actor.stops.contains_key(&key)) {
                    self.ask_to_stop(item, key);
                }
            }
            Parcel::Reply(id, Reply::Synced { .. }) => {
                if let Some((_, append)) = link.syncs.remove(&id) {
                    self.soon(3, Happening::Store { life, from: item, append });
                }
            }
            Parcel::Reply(id, Reply::Refused(refusal)) => {
                if let Some((upto, append)) = link.syncs.remove(&id) {
                    // It is asked again until it is on the disk.
                    link.requests += 1;
                    let again = link.requests;
                    link.syncs.insert(again, (upto, append));
                    self.ask_host(key, connection, again, Request::Sync { upto });
                    return;
                }
                self.say(|| format!("host refuses: {refusal}"));
                if matches!(refusal, ganger_host::protocol::Refusal::StaleEpoch { .. }) {
                    self.violate(Invariant::OneWriter, format!("the living daemon was refused: {refusal}"));
                }
                self.close_link(item, key, connection, 500);
            }
            Parcel::Reply(..) => {}
            Parcel::Closed => self.close_link(item, key, connection, 100),
        }
    }

    /// A connection is gone: what waited on it goes on, and the host is turned to again.
    fn close_link(&mut self, item: Address, key: HostKey, connection: u64, again_ms: u64) {
        let Some(actor) = self.actor_mut(item) else { return };
        let Some(link) = actor.links.remove(&key.0) else { return };
        if self.planted != Some(Planted::JournalSkipped)
            && let Some(actor) = self.actor_mut(item)
        {
            actor.kernel.detached(key.0, key.1);
        }
        self.submit_waiting(item, link);
        self.soon(50, Happening::Host { key, input: machine::Input::Closed(connection) });
        let life = self.life;
        self.soon(again_ms, Happening::Connect { life, item, key });
    }

    pub(crate) fn cut_a_connection(&mut self) {
        let links: Vec<(Address, HostKey, u64)> = self
            .daemon
            .iter()
            .flat_map(|daemon| &daemon.actors)
            .flat_map(|(item, actor)| actor.links.values().map(|link| (*item, link.key, link.connection)))
            .collect();
        if let Some((item, key, connection)) = self.random.pick(&links).copied() {
            self.fault("connection.cut");
            self.close_link(item, key, connection, 500);
        }
    }

    pub(crate) fn kill_a_host(&mut self) {
        let living: Vec<HostKey> =
            self.hosts.iter().filter(|(_, host)| host.alive).map(|(key, _)| *key).collect();
        if let Some(key) = self.random.pick(&living).copied() {
            self.fault("host.killed");
            self.host_dies(key);
        }
    }

    fn host_dies(&mut self, key: HostKey) {
        let Some(host) = self.hosts.get_mut(&key) else { return };
        host.alive = false;
        host.pipe.clear();
        host.exited = None;
        let arrivals = std::mem::take(&mut host.arrivals);
        host.streams.clear();
        if let Some(process) = host.agent.take() {
            // The parent-death signal reaches most; some are left for the sweep.
            if self.random.chance(600) {
                self.agents.remove(&process);
            } else {
                self.fault("agent.orphaned");
            }
        }
        for (connection, (item, life, at)) in arrivals {
            let at = at.max(self.awake_ms + self.random.below(50));
            self.at(at, Happening::FromHost { life, item, key, connection, parcel: Parcel::Closed });
        }
    }

    /// Ends every process that a host left.
    pub(crate) fn sweep(&mut self, session: SessionId, incarnation: u64) {
        self.agents.retain(|_, agent| agent.session != session || agent.incarnation > incarnation);
    }

    pub(crate) fn host_spawn(&mut self, key: HostKey) {
        let Some(host) = self.hosts.get_mut(&key).filter(|host| host.alive && !host.spawned) else { return };
        host.spawned = true;
        let process = self.fresh();
        if let Some(host) = self.hosts.get_mut(&key) {
            host.agent = Some(process);
        }
        self.agent_starts(process, key);
        self.host_input(key, machine::Input::Started);
    }

    /// What the agent wrote lies in its pipe.
    pub(crate) fn agent_wrote(&mut self, key: HostKey, error: bool, bytes: Vec<u8>) {
        let Some(host) = self.hosts.get_mut(&key).filter(|host| host.alive) else { return };
        host.pipe.push_back((error, bytes));
        self.soon(5, Happening::HostPipe { key });
    }

    /// The agent's process ended.
    pub(crate) fn agent_exited(&mut self, key: HostKey, status: ExitStatus) {
        let Some(host) = self.hosts.get_mut(&key).filter(|host| host.alive) else { return };
        host.agent = None;
        self.at(self.awake_ms + 1, Happening::Host { key, input: machine::Input::Exited(status) });
        self.at(self.awake_ms + 20, Happening::HostPipe { key });
    }

    pub(crate) fn host_pipe(&mut self, key: HostKey) {
        let Some(host) = self.hosts.get_mut(&key).filter(|host| host.alive) else { return };
        if !host.machine.reads_agent() {
            self.at(self.awake_ms + 200, Happening::HostPipe { key });
            return;
        }
        match host.pipe.pop_front() {
            Some((true, bytes)) => self.host_input(key, machine::Input::Err(bytes)),
            Some((false, bytes)) => self.host_input(key, machine::Input::Out(bytes)),
            None => {
                if host.exited.take().is_some() {
                    self.host_input(key, machine::Input::Gone);
                }
                return;
            }
        }
        self.soon(3, Happening::HostPipe { key });
    }

    pub(crate) fn host_input(&mut self, key: HostKey, input: machine::Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let clock = self.clock();
            let rate = self.faults.host;
            let Some(host) = self.hosts.get_mut(&key).filter(|host| host.alive) else { return };
            if let machine::Input::Exited(status) = &input {
                host.exited = Some(*status);
            }
            let actions = host.machine.step(clock, input);
            for action in actions {
                match action {
                    machine::Action::Append(records) => {
                        if self.fails(rate) {
                            self.fault("host.journal_full");
                            inputs.push_back(machine::Input::AppendFailed("no space left".to_owned()));
                        } else if let Some(host) = self.hosts.get_mut(&key) {
                            host.journal.extend(records);
                            inputs.push_back(machine::Input::Appended);
                        }
                    }
                    machine::Action::Sync => {
                        let input = if self.fails(rate) {
                            machine::Input::SyncFailed("no space left".to_owned())
                        } else {
                            machine::Input::Synced
                        };
                        self.soon(5, Happening::Host { key, input });
                    }
                    machine::Action::KeepEpoch(epoch) => {
                        if self.fails(rate) {
                            inputs.push_back(machine::Input::EpochFailed("no space left".to_owned()));
                        } else if let Some(host) = self.hosts.get_mut(&key) {
                            host.epoch = epoch;
                            inputs.push_back(machine::Input::EpochKept);
                        }
                    }
                    machine::Action::WriteAgent(bytes) => {
                        let count = bytes.len();
                        if let Some(process) = self.hosts.get(&key).and_then(|host| host.agent) {
                            self.at(self.awake_ms + 1, Happening::AgentBytes { process, bytes });
                            self.soon(3, Happening::Host { key, input: machine::Input::Written(count) });
                        }
                    }
                    machine::Action::CloseInput => {
                        if let Some(process) = self.hosts.get(&key).and_then(|host| host.agent) {
                            self.at(self.awake_ms + 2, Happening::AgentInputClosed { process });
                        }
                    }
                    machine::Action::Reply(connection, id, reply) => {
                        self.from(key, connection, Parcel::Reply(id, reply));
                    }
                    machine::Action::Stream(connection, from) => {
                        if let Some(host) = self.hosts.get_mut(&key) {
                            host.streams.clear();
                            host.streams.insert(connection, from);
                        }
                    }
                    machine::Action::Close(connection) => {
                        self.from(key, connection, Parcel::Closed);
                        if let Some(host) = self.hosts.get_mut(&key) {
                            host.streams.remove(&connection);
                            host.arrivals.remove(&connection);
                        }
                    }
                    machine::Action::Signal(_) => self.agent_signalled(key),
                    machine::Action::Kill => self.agent_killed(key),
                    machine::Action::Finish(_) => {
                        self.stream(key);
                        if let Some(host) = self.hosts.get_mut(&key) {
                            host.alive = false;
                            let arrivals = std::mem::take(&mut host.arrivals);
                            for (connection, (item, life, at)) in arrivals {
                                let parcel = Parcel::Closed;
                                self.at(at, Happening::FromHost { life, item, key, connection, parcel });
                            }
                        }
                        return;
                    }
                }
            }
            self.stream(key);
        }
        if let Some(at) =
            self.hosts.get(&key).filter(|host| host.alive).and_then(|host| host.machine.deadline())
            && at > self.awake_ms
        {
            self.at(at, Happening::Host { key, input: machine::Input::Tick });
        }
    }

    /// Sends the controller what it has not been sent.
    fn stream(&mut self, key: HostKey) {
        let Some(host) = self.hosts.get_mut(&key) else { return };
        let mut parcels = Vec::new();
        for (connection, next) in &mut host.streams {
            let from = usize::try_from(next.saturating_sub(1)).unwrap_or(usize::MAX);
            if let Some(records) = host.journal.get(from..).filter(|records| !records.is_empty()) {
                parcels.push((*connection, records.to_vec()));
                *next = host.journal.len() as u64 + 1;
            }
        }
        for (connection, mut records) in parcels {
            if self.planted == Some(Planted::JournalSkipped) && records.len() > 3 && self.random.chance(300) {
                // The planted bug: a reader that begins behind the beginning.
                records.drain(..2);
            }
            self.from(key, connection, Parcel::Records(records));
        }
    }

    fn from(&mut self, key: HostKey, connection: u64, parcel: Parcel) {
        let delay = self.random.below(4);
        let Some(host) = self.hosts.get_mut(&key) else { return };
        let Some((item, life, at)) = host.arrivals.get_mut(&connection) else { return };
        *at = (*at).max(self.awake_ms + delay);
        let (item, life, at) = (*item, *life, *at);
        self.at(at, Happening::FromHost { life, item, key, connection, parcel });
    }
}
