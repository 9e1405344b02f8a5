//! Jobs: what they do to the world, and how they go wrong.

use crate::coverage::Family;
use crate::git::Place;
use crate::hosts::HostKey;
use crate::invariant::Invariant;
use crate::planted::Planted;
use crate::world::{Happening, World};
use ganger_core::agent::AgentEvent;
use ganger_core::effect::{Action, CheckResult, Effect, JobResult, Outcome, PushResult};
use ganger_core::ids::{EffectId, WorkItemId};
use ganger_core::message::Address;
use ganger_core::repository::Guidance;
use ganger_core::session::SessionKind;
use ganger_harness::framer::Framer;
use std::collections::BTreeSet;

/// A job's effect and attempt.
pub(crate) type JobKey = (EffectId, u32);

/// How an attempt will go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Good,
    /// Nothing happens, and that is known.
    Fails,
    /// Nothing happens, and nobody knows.
    LostBefore,
    /// It happens, and nobody knows.
    LostAfter,
    /// It cannot be done, whoever tries.
    Refused,
}

/// An attempt of a job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) to: Address,
    effect: Effect,
    fate: Fate,
    /// The daemon that waits for it.
    watcher: Option<u64>,
    cancelled: bool,
    outcome: Option<Outcome>,
}

impl Job {
    /// Whether it works now.
    pub(crate) const fn runs(&self) -> bool {
        self.outcome.is_none()
    }

    pub(crate) const fn action(&self) -> &Action {
        &self.effect.action
    }
}

/// Jobs under a host of their own outlive the daemon; what it does itself dies with it.
const fn outlives(action: &Action) -> bool {
    matches!(
        action,
        Action::Setup { .. }
            | Action::TakeCandidate { .. }
            | Action::PrepareProof { .. }
            | Action::Check { .. }
    )
}

/// The repository in whose worktree a job writes.
pub(crate) fn worktree_of(action: &Action) -> Option<&str> {
    match action {
        Action::Setup { repository, .. } | Action::TakeCandidate { repository, .. } => Some(repository),
        Action::StartOver { base, .. } => Some(&base.name),
        _ => None,
    }
}

/// The repository in whose proof checkout a job writes.
fn proof_of(action: &Action) -> Option<&str> {
    match action {
        Action::PrepareProof { repository, .. } | Action::Check { repository, .. } => Some(repository),
        _ => None,
    }
}

pub(crate) const fn item_of(address: Address) -> Option<WorkItemId> {
    match address {
        Address::WorkItem(id) => Some(id),
        _ => None,
    }
}

impl World {
    pub(crate) fn job_run(&mut self, to: Address, effect: Effect, attempt: u32) {
        let key = (effect.id, attempt);
        let life = self.life;
        if let Some(job) = self.jobs.get_mut(&key) {
            job.watcher = Some(life);
            if job.outcome.is_some() {
                self.soon(20, Happening::JobReport { life, key });
            }
            return;
        }
        let rate = self.faults.job;
        let fate = if self.fails(rate) {
            let fates = [Fate::Fails, Fate::LostBefore, Fate::LostAfter, Fate::Refused, Fate::Fails];
            self.random.pick(&fates).copied().unwrap_or(Fate::Fails)
        } else {
            Fate::Good
        };
        let job = Job { to, effect, fate, watcher: Some(life), cancelled: false, outcome: None };
        self.check_place(key, &job);
        // What crosses the network, or reads and writes much, takes as long as what a machine works on.
        let slow = outlives(job.action())
            || matches!(
                job.action(),
                Action::CompareBase { .. }
                    | Action::Publish { .. }
                    | Action::Provision { .. }
                    | Action::StartOver { .. }
                    | Action::ReadLastMessage { .. }
            );
        let most = if slow { 30_000 } else { 3_000 };
        self.jobs.insert(key, job);
        self.soon(most, Happening::JobAct { key });
    }

    /// One writer in each worktree, one job in each proof checkout.
    fn check_place(&mut self, key: JobKey, job: &Job) {
        let item = item_of(job.to);
        if let Some(repository) = worktree_of(job.action()) {
            self.check_writers(item, repository, Some(key), None);
        }
        if let Some(repository) = proof_of(job.action()) {
            let other = self.jobs.iter().find(|(other, job)| {
                **other != key
                    && job.runs()
                    && item_of(job.to) == item
                    && proof_of(job.action()) == Some(repository)
            });
            let reviewer = self.agents.values().find(|agent| {
                agent.kind == SessionKind::Review
                    && agent.turn.is_some()
                    && item_of(agent.item) == item
                    && agent.repository.as_deref() == Some(repository)
            });
            if let Some(agent) = reviewer {
                let text = format!("{} works where {} judges", job.action().name(), agent.session);
                self.violate(Invariant::OneWriter, text);
            } else if let Some((_, other)) = other {
                let text = format!("{} and {} in one checkout", job.action().name(), other.action().name());
                self.violate(Invariant::OneWriter, text);
            }
        }
    }

    pub(crate) fn job_withdraw(&mut self, to: Address, effect: Effect, attempt: u32) {
        let key = (effect.id, attempt);
        let life = self.life;
        match self.jobs.get_mut(&key) {
            Some(job) => {
                job.cancelled = true;
                job.watcher = Some(life);
                let done = job.outcome.is_some();
                self.soon(if done { 20 } else { 5_000 }, Happening::JobReport { life, key });
            }
            None => {
                self.coverage.hit(Family::Effect, &format!("{} never_started", effect.action.name()));
                self.report_outcome(to, effect.id, attempt, Outcome::NeverStarted);
            }
        }
    }

    /// The daemon is dead: what it did itself stops, what has a host of its own goes on.
    pub(crate) fn jobs_lose_the_daemon(&mut self) {
        self.jobs.retain(|_, job| {
            job.watcher = None;
            outlives(&job.effect.action) && !job.cancelled
        });
    }

    pub(crate) fn job_act(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(&key).cloned() else { return };
        if job.outcome.is_some() || job.cancelled {
            return;
        }
        if !outlives(job.action()) && self.reach("before_act") {
            return;
        }
        self.check_place(key, &job);
        let outcome = match job.fate {
            Fate::Fails => Outcome::Failed { reason: "it was not to be".to_owned() },
            Fate::LostBefore => Outcome::Unknown { reason: "nobody saw it".to_owned() },
            Fate::LostAfter => {
                // What it gave is what nobody gets to see.
                let _ = self.act(&job, false);
                if matches!(job.action(), Action::Publish { .. }) {
                    self.fault("push.answer_lost");
                }
                Outcome::Unknown { reason: "the answer was lost".to_owned() }
            }
            Fate::Refused => match self.act(&job, true) {
                Ok(result) => Outcome::Done(result),
                Err(reason) => Outcome::Failed { reason },
            },
            Fate::Good => match self.act(&job, false) {
                Ok(result) => Outcome::Done(result),
                Err(reason) => Outcome::Failed { reason },
            },
        };
        if let Some(job) = self.jobs.get_mut(&key) {
            job.outcome = Some(outcome);
        }
        if !outlives(job.action()) && self.reach("after_act") {
            return;
        }
        if let Some(life) = job.watcher {
            self.soon(50, Happening::JobReport { life, key });
        }
    }

    pub(crate) fn job_report(&mut self, life: u64, key: JobKey) {
        if life != self.life || self.daemon.is_none() {
            return;
        }
        let Some(job) = self.jobs.get_mut(&key) else { return };
        if job.watcher != Some(life) {
            return;
        }
        // Cancelled before it did anything, or with what it did already.
        let outcome = job.outcome.get_or_insert(Outcome::NeverStarted).clone();
        let (to, name) = (job.to, job.effect.action.name());
        let word = match &outcome {
            Outcome::Done(JobResult::Refused { .. }) => "refused",
            Outcome::Done(_) => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::NeverStarted => "never_started",
            Outcome::Unknown { .. } => "unknown",
        };
        self.coverage.hit(Family::Effect, &format!("{name} {word}"));
        self.say(|| format!("job {name} {} {word}", key.0.short()));
        let failed = matches!(outcome, Outcome::Failed { .. } | Outcome::Unknown { .. });
        self.report_outcome(to, key.0, key.1, outcome);
        if failed && self.planted == Some(Planted::LateOutcome) && self.random.chance(300) {
            self.report_late(key);
        }
    }

    /// The planted bug: what a failed attempt would have given counts for the next one.
    fn report_late(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(&key) else { return };
        let result = match job.action() {
            Action::Check { .. } => JobResult::Check(CheckResult::Passed),
            Action::Publish { .. } => JobResult::Push(PushResult::Published),
            _ => JobResult::Nothing,
        };
        let report = ganger_core::aggregate::CommonReport::Outcome {
            effect: key.0,
            attempt: key.1 + 1,
            outcome: Outcome::Done(result),
        };
        let (to, life) = (job.to, self.life);
        let input = crate::daemon::KernelInput::Report(report);
        self.at(self.awake_ms + 100, Happening::Kernel { life, to, input });
    }

    /// What the job does to the world.
    fn act(&mut self, job: &Job, refuse: bool) -> Result<JobResult, String> {
        let Some(item) = item_of(job.to) else { return Ok(JobResult::Nothing) };
        let refused = || Ok(JobResult::Refused { reason: "it cannot be done here".to_owned() });
        match job.action() {
            Action::PrepareBases { .. } if refuse => refused(),
            Action::PrepareBases { repositories, .. } => Ok(self.prepare_bases(repositories)),
            Action::Provision { .. } | Action::Setup { .. } | Action::PrepareProof { .. } if refuse => {
                refused()
            }
            Action::Provision { repositories, .. } => {
                for base in repositories {
                    self.git.provision((item, base.name.clone()), &base.base_commit);
                }
                Ok(JobResult::Nothing)
            }
            Action::StartOver { attempt, base, .. } => Ok(JobResult::StartedOver {
                preserved: self.git.start_over((item, base.name.clone()), attempt, base),
            }),
            Action::TakeCandidate { repository, number, previous, date, message, .. } => {
                let place: Place = (item, repository.clone());
                match self.git.take(&place, *number, previous, *date, message) {
                    Ok(turn) => Ok(JobResult::Turn(turn)),
                    Err(text) => {
                        self.violate(Invariant::CandidatesNeverMove, text.clone());
                        Err(text)
                    }
                }
            }
            Action::PrepareProof { repository, commit, .. } => {
                self.git.proofs.insert((item, repository.clone()), commit.clone());
                Ok(JobResult::Nothing)
            }
            Action::Check { repository, commit, check } => {
                Ok(JobResult::Check(self.check(item, repository, commit, &check.name, refuse)))
            }
            Action::CompareBase { repository, base, .. } => {
                Ok(JobResult::Base(self.git.compare(repository, base)))
            }
            Action::Publish { repository, branch, commit, expected } => {
                Ok(JobResult::Push(self.push(item, repository, branch, commit, expected.as_deref())))
            }
            Action::ReadDraft { session } => {
                let document = self.person.drafts.get(session).cloned();
                Ok(JobResult::Draft { document })
            }
            Action::ReadLastMessage { .. } if refuse => refused(),
            Action::ReadLastMessage { session, incarnation, question } => {
                let mut text = self.last_message((*session, *incarnation));
                self.garble(&mut text, question.is_some(), (*session, *incarnation));
                Ok(JobResult::Message { text })
            }
            Action::Sweep { session, incarnation } => {
                self.sweep(*session, *incarnation);
                Ok(JobResult::Nothing)
            }
            _ => Ok(JobResult::Nothing),
        }
    }

    /// What an agent said last in its last turn, read off its journal as the real runner does.
    fn last_message(&self, key: HostKey) -> String {
        let (Some(host), Some(mut codec)) = (self.hosts.get(&key), ganger_harness::codec_for("acp")) else {
            return String::new();
        };
        let mut framer = Framer::new();
        let mut text = String::new();
        for entry in host.journal.iter().flat_map(|record| framer.push(record)) {
            for event in codec.step(&entry) {
                match event {
                    AgentEvent::TurnStarted { .. } => text.clear(),
                    AgentEvent::TextDelta { text: more } => text.push_str(&more),
                    _ => {}
                }
            }
        }
        text
    }

    /// The planted bugs of a runner that reads what was not said.
    fn garble(&self, text: &mut String, answers: bool, key: HostKey) {
        match self.planted {
            Some(Planted::ConfidenceInvented) if answers && !text.trim().is_empty() => {
                text.push_str("\nCONFIDENCE: high");
            }
            Some(Planted::SilenceIsAPass) if !answers && !text.contains("CRITIQUE") => {
                *text = "NO_CRITIQUES".to_owned();
            }
            Some(Planted::OtherMessageRead) => {
                let mut others = self.hosts.iter().filter(|(other, host)| {
                    **other != key && matches!(host.kind, SessionKind::Review | SessionKind::Foreman)
                });
                if let Some((other, _)) = others.next_back() {
                    *text = self.last_message(*other);
                }
            }
            _ => {}
        }
    }

    fn prepare_bases(&mut self, wanted: &[String]) -> JobResult {
        let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        let (mut bases, mut refused) = (Vec::new(), Vec::new());
        for repository in &self.git.repositories {
            if !wanted.is_empty() && !wanted.contains(repository.name.as_str()) {
                continue;
            }
            if repository.unusable && !self.calm {
                refused.push((repository.name.clone(), "it has submodules".to_owned()));
            } else {
                bases.push(self.git.base(repository));
            }
        }
        JobResult::Bases { repositories: bases, refused, guidance: Guidance::default() }
    }

    fn check(
        &mut self,
        item: WorkItemId,
        repository: &str,
        commit: &str,
        name: &str,
        refuse: bool,
    ) -> CheckResult {
        let stands = self.git.proofs.get(&(item, repository.to_owned()));
        if stands.map(String::as_str) != Some(commit) {
            let text = format!("{name} of {repository} was to prove {commit}, and {stands:?} stood there");
            self.violate(Invariant::ProvenIsPublished, text);
        }
        let mut result = if refuse {
            CheckResult::NotRun { reason: "the program is missing".to_owned() }
        } else {
            let luck = self.random.chance(600);
            self.git.check(repository, commit, name == "check-0", luck)
        };
        if self.planted == Some(Planted::StaleCheck) {
            result = CheckResult::Passed;
        } else {
            let key = (repository.to_owned(), commit.to_owned(), name.to_owned());
            self.git.shown.entry(key).or_default().push(result.clone());
        }
        result
    }

    fn push(
        &mut self,
        item: WorkItemId,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> PushResult {
        let mut commit = commit.to_owned();
        if self.planted == Some(Planted::OtherCommitPushed)
            && let Some(known) = self.git.repository(repository)
        {
            commit.clone_from(&known.base_commit);
        }
        let Some(known) = self.git.repository_mut(repository) else {
            return PushResult::RemoteMoved { found: None };
        };
        let found = known.remote.get(branch).cloned();
        if found.as_deref() == Some(commit.as_str()) {
            return PushResult::Published;
        }
        if found.as_deref() != expected {
            return PushResult::RemoteMoved { found };
        }
        known.remote.insert(branch.to_owned(), commit.clone());
        self.git.pushed.push((item, repository.to_owned(), commit.clone()));
        self.check_push(item, repository, &commit);
        PushResult::Published
    }
}
