//! The world: a queue of happenings in simulated time, and everything that they happen to.

use crate::agent::Agent;
use crate::coverage::{Coverage, Family};
use crate::daemon::{Daemon, KernelInput};
use crate::git::{Git, Repository};
use crate::hosts::{Host, HostKey, Parcel};
use crate::invariant::{Invariant, Violation};
use crate::jobs::{Job, JobKey};
use crate::kill;
use crate::person::Person;
use crate::planted::Planted;
use crate::random::Random;
use crate::sayings::Sayings;
use crate::shadow::Shadow;
use ganger_core::env::Times;
use ganger_core::ids::{IdSource, WorkItemId, WorkspaceId};
use ganger_core::message::Address;
use ganger_core::review::{NewFindings, PassThreshold};
use ganger_core::work_item::state::{PermissionPolicy, PushPolicy, ReviewSettings, Settings, SubPlan};
use ganger_host::machine;
use ganger_orchestrator::kernel::any::PreparedAppend;
use ganger_store::MemoryStore;
use std::collections::BTreeMap;

/// Happenings after which a life that does not come to rest is a livelock.
const MAX_HAPPENINGS: u64 = 400_000;
/// Rounds in which a willing person must be able to finish everything.
const MAX_ROUNDS: u32 = 80;

/// Something that happens at a time.
pub(crate) enum Happening {
    /// A daemon starts.
    DaemonStart,
    /// A kernel of the daemon of this life is told something.
    Kernel { life: u64, to: Address, input: KernelInput },
    /// An append reaches the store.
    Store { life: u64, from: Address, append: Box<PreparedAppend> },
    /// The daemon turns to a host.
    Connect { life: u64, item: Address, key: HostKey },
    /// Something of a host's reaches the daemon.
    FromHost { life: u64, item: Address, key: HostKey, connection: u64, parcel: Parcel },
    /// A host starts its agent.
    HostSpawn { key: HostKey },
    /// Something happens to a host's machine.
    Host { key: HostKey, input: machine::Input },
    /// The host looks at its agent's pipes.
    HostPipe { key: HostKey },
    /// Bytes reach an agent.
    AgentBytes { process: u64, bytes: Vec<u8> },
    /// An agent's input is closed.
    AgentInputClosed { process: u64 },
    /// An agent takes its next step.
    AgentStep { process: u64 },
    /// An agent gives up waiting for the answer of a call.
    AgentTires { process: u64, call: String },
    /// A bridge presents its agent's call.
    BridgeCall { process: u64 },
    /// A job changes the world.
    JobAct { key: JobKey },
    /// A job's outcome reaches the daemon.
    JobReport { life: u64, key: JobKey },
    /// The person does something.
    Person,
    /// Something bad happens.
    Mischief,
}

/// How much goes wrong in one life, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub(crate) store: u64,
    pub(crate) job: u64,
    pub(crate) agent: u64,
    pub(crate) host: u64,
    pub(crate) message: u64,
}

/// Everything there is.
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) faults: Faults,
    pub(crate) planted: Option<Planted>,
    pub(crate) awake_ms: u64,
    /// Wall time less awake time.
    pub(crate) wall_offset: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    pub(crate) store: MemoryStore,
    pub(crate) daemon: Option<Daemon>,
    /// The number of daemons so far.
    pub(crate) life: u64,
    pub(crate) hosts: BTreeMap<HostKey, Host>,
    pub(crate) agents: BTreeMap<u64, Agent>,
    pub(crate) jobs: BTreeMap<JobKey, Job>,
    pub(crate) git: Git,
    pub(crate) person: Person,
    pub(crate) shadow: Shadow,
    pub(crate) sayings: Sayings,
    pub(crate) coverage: Coverage,
    pub(crate) kill: kill::Plan,
    pub(crate) violation: Option<Violation>,
    /// Nothing goes wrong any more, and the person helps.
    pub(crate) calm: bool,
    pub(crate) workspace: WorkspaceId,
    pub(crate) settings: Settings,
    pub(crate) max_sessions: u32,
    /// Items that will be created.
    pub(crate) items: Vec<WorkItemId>,
    pub(crate) names: u64,
    pub(crate) happenings: u64,
    pub(crate) trace: bool,
}

fn review_settings(random: &mut Random) -> ReviewSettings {
    let thresholds = [PassThreshold::NoCritiques, PassThreshold::NitOnly, PassThreshold::MinorOk];
    ReviewSettings {
        agent: "fake".to_owned(),
        pass_threshold: random.pick(&thresholds).copied().unwrap_or_default(),
        max_cycles: random.within(1, 4) as u32,
        timeout_ms: random.within(30_000, 900_000),
        new_findings: if random.chance(500) { NewFindings::Changed } else { NewFindings::All },
    }
}

impl World {
    pub(crate) fn new(seed: u64, planted: Option<Planted>, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let mut ids = IdSource::seeded("simulated", seed, 1_700_000_000_000);
        let intensity = *random.pick(&[0, 200, 600, 1000, 2000]).unwrap_or(&1000);
        let rate = |random: &mut Random, most: u64| random.below(most + 1) * intensity / 1000;
        let faults = Faults {
            store: rate(&mut random, 40),
            job: rate(&mut random, 150),
            agent: rate(&mut random, 250),
            host: rate(&mut random, 30),
            message: rate(&mut random, 60),
        };
        let deaths = random.below(6) * intensity.min(1000) / 1000;
        let kill = kill::Plan::draw(&mut random, deaths);
        let mut git = Git::default();
        for name in ["shared", "api", "web", "docs"].iter().take(random.within(1, 4) as usize) {
            let base_is_broken = random.chance(100);
            let base_commit = git.commit("", vec![format!("base of {name}")], 0, "base");
            git.repositories.push(Repository {
                name: (*name).to_owned(),
                base_commit,
                base_moves: 0,
                base_conflicts: false,
                base_is_broken,
                checks: random.below(4) as usize,
                setup: random.chance(400),
                unusable: random.chance(60),
                remote: BTreeMap::new(),
            });
        }
        let settings = Settings {
            planner: "fake".to_owned(),
            permissions: *random
                .pick(&[PermissionPolicy::Sandboxed, PermissionPolicy::Ask, PermissionPolicy::Deny])
                .unwrap_or(&PermissionPolicy::Ask),
            max_corrections: random.below(3) as u32,
            max_repositories: 8,
            baseline: random.chance(800),
            push: *random
                .pick(&[PushPolicy::Ask, PushPolicy::Auto, PushPolicy::Auto, PushPolicy::Never])
                .unwrap_or(&PushPolicy::Auto),
            review: random.chance(800).then(|| review_settings(&mut random)),
            foreman: random.chance(750).then(|| "fake".to_owned()),
            budget_usd_micros: random.chance(300).then(|| random.within(20_000, 2_000_000)),
            question_timeout_ms: random.chance(200).then(|| random.within(60_000, 3_600_000)),
        };
        let items = (0..random.within(1, 3)).map(|_| WorkItemId::new(ids.ulid())).collect();
        let max_sessions = random.within(1, 3) as u32;
        Self {
            faults,
            planted,
            awake_ms: 0,
            wall_offset: 1_700_000_000_000,
            queue: BTreeMap::new(),
            sequence: 0,
            store: MemoryStore::new(),
            daemon: None,
            life: 0,
            hosts: BTreeMap::new(),
            agents: BTreeMap::new(),
            jobs: BTreeMap::new(),
            git,
            person: Person::default(),
            shadow: Shadow::default(),
            sayings: Sayings::default(),
            coverage: Coverage::default(),
            kill,
            violation: None,
            calm: false,
            workspace: WorkspaceId::new(ids.ulid()),
            settings,
            max_sessions,
            items,
            names: 0,
            happenings: 0,
            trace,
            random,
        }
    }

    pub(crate) const fn now(&self) -> Times {
        Times { wall_ms: self.wall_offset + self.awake_ms, awake_ms: self.awake_ms }
    }

    pub(crate) const fn clock(&self) -> machine::Clock {
        machine::Clock { wall_ms: self.wall_offset + self.awake_ms, awake_ms: self.awake_ms }
    }

    /// A number that was not given before.
    pub(crate) const fn fresh(&mut self) -> u64 {
        self.names += 1;
        self.names
    }

    pub(crate) fn at(&mut self, at: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at.max(self.awake_ms), self.sequence), happening);
    }

    /// Soon, but who knows before what else.
    pub(crate) fn soon(&mut self, most_ms: u64, happening: Happening) {
        let at = self.awake_ms + self.random.below(most_ms + 1);
        self.at(at, happening);
    }

    pub(crate) fn violate(&mut self, invariant: Invariant, text: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, text: text.into(), at_ms: self.awake_ms });
        }
    }

    /// Whether something that goes wrong so often in a thousand goes wrong now.
    pub(crate) fn fails(&mut self, in_thousand: u64) -> bool {
        !self.calm && self.random.chance(in_thousand)
    }

    pub(crate) fn fault(&mut self, name: &str) {
        self.say(|| format!("FAULT {name}"));
        self.coverage.hit(Family::Fault, name);
    }

    #[expect(clippy::print_stdout, reason = "a trace is what the caller asked for")]
    pub(crate) fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>9} {}", self.awake_ms, text());
        }
    }

    /// Lives with everything that may go wrong, until this awake time.
    pub(crate) fn live_until(&mut self, awake_ms: u64) {
        self.at(0, Happening::DaemonStart);
        self.at(10, Happening::Person);
        self.at(1_000, Happening::Mischief);
        while self.violation.is_none() && self.awake_ms < awake_ms && self.next() {}
    }

    /// Lives until everything is finished, or something is wrong.
    pub(crate) fn live(&mut self) {
        let chaos_ms = self.random.within(60_000, 1_000_000);
        self.live_until(chaos_ms);
        self.calm = true;
        for round in 0..=MAX_ROUNDS {
            while self.violation.is_none() && self.next() {}
            if self.violation.is_some() {
                return;
            }
            self.check_rest();
            if self.violation.is_some() || self.is_finished() {
                break;
            }
            if round == MAX_ROUNDS {
                let left = self.unfinished();
                self.violate(Invariant::Progress, format!("a willing person cannot finish: {left}"));
                return;
            }
            self.help();
        }
        if self.violation.is_none() {
            self.check_journals();
        }
    }

    fn next(&mut self) -> bool {
        let Some(((at, _), happening)) = self.queue.pop_first() else { return false };
        self.awake_ms = at;
        self.happenings += 1;
        if self.happenings > MAX_HAPPENINGS {
            let left = self.unfinished();
            self.violate(Invariant::Progress, format!("the life does not come to rest: {left}"));
            return false;
        }
        self.happen(happening);
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::DaemonStart => self.daemon_start(),
            Happening::Kernel { life, to, input } => self.kernel_input(life, to, input),
            Happening::Store { life, from, append } => self.store_append(life, from, *append),
            Happening::Connect { life, item, key } => self.connect(life, item, key),
            Happening::FromHost { life, item, key, connection, parcel } => {
                self.hear_host(life, item, key, connection, parcel);
            }
            Happening::HostSpawn { key } => self.host_spawn(key),
            Happening::Host { key, input } => self.host_input(key, input),
            Happening::HostPipe { key } => self.host_pipe(key),
            Happening::AgentBytes { process, bytes } => self.agent_bytes(process, &bytes),
            Happening::AgentInputClosed { process } => self.agent_input_closed(process),
            Happening::AgentStep { process } => self.agent_step(process),
            Happening::AgentTires { process, call } => self.agent_tires(process, &call),
            Happening::BridgeCall { process } => self.bridge_call(process),
            Happening::JobAct { key } => self.job_act(key),
            Happening::JobReport { life, key } => self.job_report(life, key),
            Happening::Person => self.person_acts(),
            Happening::Mischief => self.mischief(),
        }
    }

    /// The daemon dies at a kill point, if it is to.
    pub(crate) fn reach(&mut self, point: &'static str) -> bool {
        if self.daemon.is_none() {
            return true;
        }
        if self.calm || !self.kill.dies(point) {
            return false;
        }
        self.coverage.hit(Family::KillPoint, point);
        self.say(|| format!("KILL {point}"));
        self.daemon_dies();
        true
    }

    fn mischief(&mut self) {
        if self.calm {
            return;
        }
        self.soon(40_000, Happening::Mischief);
        match self.random.below(1000) {
            0..20 if self.faults.store > 0 && self.daemon.is_some() => self.daemon_dies(),
            20..80 if self.faults.host > 0 => self.kill_a_host(),
            80..140 if self.faults.agent > 0 => self.kill_an_agent(),
            140..240 if self.faults.message > 0 => self.cut_a_connection(),
            240..300 if self.faults.message > 0 => {
                self.fault("clock.forward");
                self.wall_offset += self.random.within(1_000, 36_000_000);
                self.look_at_timers();
            }
            300..330 if self.faults.message > 0 => {
                self.fault("clock.backward");
                self.wall_offset -= self.random.within(1_000, 3_600_000);
            }
            330..370 if self.faults.job > 0 => self.move_a_remote(),
            370..410 => self.move_a_base(),
            _ => {}
        }
    }

    fn move_a_base(&mut self) {
        let index = self.random.below(self.git.repositories.len() as u64) as usize;
        let conflicts = self.random.chance(400);
        let Some(repository) = self.git.repositories.get_mut(index) else { return };
        repository.base_moves += 1;
        repository.base_conflicts = conflicts;
        let (parent, tree) = (
            repository.base_commit.clone(),
            vec![format!("base {} of {}", repository.base_moves, repository.name)],
        );
        let commit = self.git.commit(&parent, tree, self.awake_ms, "somebody's");
        if let Some(repository) = self.git.repositories.get_mut(index) {
            repository.base_commit = commit;
        }
        self.fault("base.moved");
    }

    /// Whoever merges a branch often removes it, also while more is done on top of it.
    fn remove_a_branch(&mut self) -> bool {
        let pushed = self.shadow.items().filter(|item| !item.completed).find_map(|item| {
            let is_followed_up = |part: &&SubPlan| part.published.is_some() && part.works();
            let (name, _) = item.sub_plans.iter().find(|(_, part)| is_followed_up(part))?;
            Some((name.clone(), item.branch.clone()))
        });
        let Some((name, branch)) = pushed else { return false };
        let removed =
            self.git.repository_mut(&name).is_some_and(|known| known.remote.remove(&branch).is_some());
        if removed {
            self.fault("remote.removed");
        }
        removed
    }

    fn move_a_remote(&mut self) {
        if self.remove_a_branch() {
            return;
        }
        let branches: Vec<String> = self
            .shadow
            .items()
            .filter(|item| item.approval.is_some() && !item.completed)
            .map(|item| item.branch.clone())
            .collect();
        let Some(branch) = self.random.pick(&branches).cloned() else { return };
        let index = self.random.below(self.git.repositories.len() as u64) as usize;
        let commit = self.git.commit("", vec!["foreign".to_owned()], self.awake_ms, "foreign");
        if let Some(repository) = self.git.repositories.get_mut(index) {
            repository.remote.insert(branch, commit);
            self.fault("remote.moved");
        }
    }
}
