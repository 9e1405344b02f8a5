//! What must hold in every life, after every step.

use crate::git::BUG;
use crate::jobs::{JobKey, item_of, worktree_of};
use crate::world::World;
use crate::{agent::Agent, hosts::HostKey};
use ganger_core::agent::AgentEvent;
use ganger_core::effect::{Action, CheckResult};
use ganger_core::env::Times;
use ganger_core::ids::{EffectId, WorkItemId};
use ganger_core::message::{Address, Message};
use ganger_core::review::verdict::StopRule;
use ganger_core::session::SessionKind;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::{Decision, DecisionKind};
use ganger_core::work_item::state::{
    Critique, HostState, PlanningStage, RequestKind, Session, Slot, SubPlan, SubPlanStage, Verdict, WaveStage,
};
use ganger_core::work_item::status::{Status, status};
use ganger_harness::codec::Note;
use ganger_orchestrator::kernel::conversation::Conversation;
use ganger_orchestrator::projection;

/// An invariant of every life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Invariant {
    /// From any state, with faults off, each item comes to rest at its end or where it waits for a person; and a
    /// willing person can always bring it to its end.
    Progress,
    /// No effect starts before its intent is durable, and each intent has at most one outcome.
    IntentFirst,
    /// At most one incarnation of a session lives, and at most one of all turns and jobs writes in a checkout.
    OneWriter,
    /// What is pushed is the candidate that was checked and passed its review, or that a person took as it is, of the
    /// plan that was approved.
    ProvenIsPublished,
    /// A candidate's ref never moves.
    CandidatesNeverMove,
    /// No answer reaches a request that it was not given for, none is said that is not committed.
    Answers,
    /// A question has one end, and only an answered one is corrected.
    OneEnd,
    /// Nothing is given as sure that the Foreman was not sure of, and it does not answer in a person's place.
    Confidence,
    /// A verdict stands for what its reviewer said; what cannot be read is no review, and nothing passes over what
    /// must be mended.
    ReadableReview,
    /// Between two words of a person reviews send the work back less often than the limit of rounds, and find
    /// something at most as often.
    Rounds,
    /// What a person waived does not send the work back, in whatever words.
    Waived,
    /// What is good enough has no critique left that blocks: each is fixed, waived, or its candidate taken as it is.
    NothingLeftOpen,
    /// No turn begins once the budget is used up, so that no session costs more than one turn beyond it.
    Budget,
    /// The Foreman holds no slot, and has one turn with one question at a time.
    Foreman,
    /// No input of a journal is skipped or absorbed twice.
    JournalOnce,
    /// A slot is held exactly for turns that are open or wanted and wait for nobody, and never more than allowed.
    Slots,
    /// No prompt, and no other frame, is written twice to one incarnation.
    PromptOnce,
    /// The fold of the log is the state, after every step and through snapshots.
    Fold,
    /// The decisions shown are exactly those that block.
    Decisions,
    /// The derived status moves only as it may.
    StatusMoves,
    /// What the log says happened did happen.
    Truth,
    /// Nothing panics, whatever the input.
    NoPanic,
}

/// A broken invariant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{invariant:?} at {at_ms} ms: {text}")]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen, a sentence.
    pub text: String,
    /// When, in awake milliseconds.
    pub at_ms: u64,
}

/// The legal moves of a work item, with `planning → completed` and `plan_review → ingested`, and with those that
/// take a failed planning up again: `failed → planning`, `failed → plan_review` (an edit), `failed → ingested`. A
/// follow-up that a person refuses leads back (`plan_review → completed`); one that is approved finds worktrees that
/// stand (`plan_review → implementing`, or `→ reviewing` where a person is needed at once, for money for one; so also
/// `approved → reviewing`), or finds that everything was stopped before an agent was there (`reviewing → approved`).
pub(crate) const fn may_move(from: Status, to: Status) -> bool {
    use Status::{Approved, Completed, Failed, Implementing, Ingested, PlanReview, Planning, Reviewing};
    matches!(
        (from, to),
        (Ingested, Planning)
            | (Planning, Ingested | PlanReview | Failed | Completed)
            | (PlanReview, Approved | Planning | Failed | Ingested | Implementing | Reviewing | Completed)
            | (Approved, Implementing | Reviewing | Failed)
            | (Implementing, Reviewing | Completed | Failed)
            | (Reviewing, Completed | Implementing | Approved | Failed)
            | (Completed, Planning | PlanReview | Implementing)
            | (Failed, Implementing | Planning | PlanReview | Ingested)
    )
}

fn stage(item: &WorkItem, repository: &str) -> Option<SubPlanStage> {
    item.sub_plans.get(repository).map(|sub_plan| sub_plan.stage)
}

/// Whether what a decision is about still holds something up.
pub(crate) fn blocks(item: &WorkItem, decision: &Decision) -> bool {
    match &decision.kind {
        DecisionKind::Plan { version } => {
            item.planning.stage == PlanningStage::Proposed
                && item.plans.last().is_some_and(|plan| plan.number == *version)
                && item.approval.as_ref().is_none_or(|approval| approval.version < *version)
        }
        DecisionKind::PlanningFailed => item.approval.is_none() && item.planning.stage == PlanningStage::Failed,
        DecisionKind::Question { question } => {
            let known = item.questions.iter().find(|known| known.id == *question);
            let asker = known.and_then(|known| item.session(known.session));
            let planner_works =
                matches!(item.planning.stage, PlanningStage::Writing | PlanningStage::ReadingDraft);
            known.is_some_and(|known| known.end.is_none())
                && asker.is_some_and(|asker| asker.kind != SessionKind::Planning || planner_works)
        }
        DecisionKind::Budget => item.sessions.iter().any(|session| session.want.is_some()),
        DecisionKind::Permission { session } => item.session(*session).is_some_and(|session| {
            session.requests.iter().any(|request| {
                request.answer.is_none()
                    && matches!(request.kind, RequestKind::Permission { decision: id, .. } if id == decision.id)
            })
        }),
        DecisionKind::ProvisionFailed { wave } => {
            item.waves.get(*wave as usize).is_some_and(|wave| wave.stage == WaveStage::Waiting)
        }
        DecisionKind::SetupFailed { repository } => stage(item, repository) == Some(SubPlanStage::Provisioned),
        DecisionKind::CandidateMissing { repository } => stage(item, repository) == Some(SubPlanStage::Working),
        DecisionKind::CandidateFindings { repository } => {
            item.sub_plans.get(repository).and_then(SubPlan::candidate).is_some_and(|candidate| {
                !candidate.findings.is_empty() && !candidate.findings_accepted
            })
        }
        DecisionKind::ChecksBroke { repository } | DecisionKind::ChecksNotRun { repository } => {
            stage(item, repository) == Some(SubPlanStage::Proving)
        }
        DecisionKind::ReviewFailed { repository } => {
            let review = item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.reviews.last());
            stage(item, repository) == Some(SubPlanStage::Proving)
                && review.is_some_and(|review| matches!(review.verdict, Some(Verdict::Failed { .. })))
        }
        DecisionKind::ReviewStopped { repository, rule } => {
            let turn_left_nothing = *rule == StopRule::NotAddressed
                && stage(item, repository) == Some(SubPlanStage::Working);
            let taken = item
                .sub_plans
                .get(repository)
                .and_then(SubPlan::candidate)
                .is_some_and(|candidate| candidate.accepted.is_some());
            (turn_left_nothing || (stage(item, repository) == Some(SubPlanStage::Proving) && !taken))
                && item.critiques_of(repository).any(Critique::blocks)
        }
        DecisionKind::SessionFailed { session } => {
            let current = match &decision.repository {
                Some(repository) => item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session),
                None => item.planning.session,
            };
            current == Some(*session) && item.session(*session).is_some_and(|session| session.closed)
        }
        DecisionKind::Publish => {
            !item.publishing
                && item.sub_plans.values().all(|sub_plan| {
                    matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published)
                })
        }
        DecisionKind::BaseConflict { repository } | DecisionKind::RemoteMoved { repository } => {
            stage(item, repository) == Some(SubPlanStage::Proven)
        }
        DecisionKind::JobFailed { effect } => item.owed().get(*effect).is_some_and(|owed| owed.parked),
        DecisionKind::Stopped { repository } => stage(item, repository) == Some(SubPlanStage::Stopped),
    }
}

/// What the Foreman does beside one turn for one question.
fn busy_foreman(item: &WorkItem) -> Option<String> {
    let foremen = || item.sessions.iter().filter(|session| session.kind == SessionKind::Foreman);
    let turns = foremen().filter(|session| session.turn.is_some()).count();
    let wishes = foremen().filter(|session| session.want.is_some()).count();
    let reads = item
        .owed()
        .iter()
        .filter(|owed| matches!(owed.effect.action, Action::ReadLastMessage { question: Some(_), .. }))
        .count();
    if foremen().any(|session| session.slot != Slot::None) {
        return Some("the Foreman holds a slot".to_owned());
    }
    (turns + wishes + reads > 1).then(|| {
        format!(
            "the Foreman has {turns} turns and {wishes} wishes, and {reads} of its messages are being read"
        )
    })
}

impl World {
    /// Everything that must hold of an item's committed state.
    pub(crate) fn check_item(&mut self, address: Address) {
        let Some(item) = self.shadow.item(address) else { return };
        let mut found: Option<(Invariant, String)> = None;
        for decision in &item.decisions {
            let twins = item.decisions.iter().filter(|other| other.kind == decision.kind).count();
            if !blocks(item, decision) {
                let text = format!("g{}: {:?} is shown and blocks nothing", item.number, decision.kind);
                found = Some((Invariant::Decisions, text));
            } else if twins > 1 {
                found = Some((
                    Invariant::Decisions,
                    format!("g{}: {:?} is shown twice", item.number, decision.kind),
                ));
            }
        }
        // Whose plan is changed once more is at its end no longer.
        if status(item) == Status::Completed && !item.decisions.is_empty() {
            let text = format!("g{} is completed and waits for {:?}", item.number, item.decisions[0].kind);
            found = Some((Invariant::Decisions, text));
        }
        if item.approval.is_none()
            && item.planning.stage == PlanningStage::Proposed
            && item.decisions.is_empty()
        {
            found =
                Some((Invariant::Decisions, format!("g{}: a plan waits, and nobody is asked", item.number)));
        }
        let shown = projection::summary(item).decisions.len();
        if shown != item.decisions.len() || projection::row(item).needs_person == item.decisions.is_empty() {
            found =
                Some((Invariant::Decisions, format!("g{}: the list shows {shown} decisions", item.number)));
        }
        // Then no turn begins, and one that is open goes on.
        let used_up = item.decisions.iter().any(|open| open.kind == DecisionKind::Budget);
        for session in &item.sessions {
            let has_slot = session.slot != Slot::None;
            let waits = session.requests.iter().any(|request| request.answer.is_none());
            let needs_slot = session.kind != SessionKind::Foreman
                && !session.closed
                && session.limited.is_none()
                && (session.turn.is_some() || (session.want.is_some() && !used_up))
                && !waits;
            if needs_slot != has_slot {
                let text = format!(
                    "{} {} a slot and {} one",
                    item.session_handle(session),
                    if needs_slot { "needs" } else { "does not need" },
                    if has_slot { "has or wants" } else { "has not" }
                );
                found = Some((Invariant::Slots, text));
            }
            if let (Slot::Granted { ask }, Some(site), Some(id)) = (session.slot, self.shadow.site(), item.id)
            {
                let lent = site
                    .granted
                    .iter()
                    .any(|wish| wish.item == id && wish.session == session.id && wish.ask == ask);
                if !lent {
                    let text = format!("{} holds a slot that was not lent", item.session_handle(session));
                    found = Some((Invariant::Slots, text));
                }
            }
        }
        for session in item.sessions.iter().filter(|session| session.host != HostState::None) {
            let other = |other: &&Session| {
                other.id != session.id && other.place() == session.place() && other.host != HostState::None
            };
            if item.sessions.iter().find(other).is_some() {
                let text = format!("{} is not the only one with a host", item.session_handle(session));
                found = Some((Invariant::OneWriter, text));
            }
        }
        if let Some(text) = busy_foreman(item) {
            found = Some((Invariant::Foreman, format!("g{}: {text}", item.number)));
        }
        if let Some((invariant, text)) = found {
            self.violate(invariant, text);
        }
    }

    pub(crate) fn check_site(&mut self) {
        let Some(site) = self.shadow.site() else { return };
        if site.granted.len() > site.max_sessions as usize {
            let text = format!("{} slots are lent and {} may be", site.granted.len(), site.max_sessions);
            self.violate(Invariant::Slots, text);
        }
    }

    /// The kernel's state is the fold of the log, whenever both stand at one version.
    pub(crate) fn check_kernel(&mut self, address: Address) {
        let Some(daemon) = &mut self.daemon else { return };
        let Some(actor) = daemon.actors.get_mut(&address) else { return };
        let version = actor.kernel.version();
        // Between two versions nothing changes a state.
        if actor.checked.replace(version) == Some(version) {
            return;
        }
        if !self.shadow.agrees(address, &actor.kernel) {
            self.violate(Invariant::Fold, format!("the state of {address} is not the fold of its log"));
        }
    }

    pub(crate) fn check_durable(&mut self, effect: EffectId, name: &str) {
        if !self.shadow.minted.contains(&effect) {
            self.violate(Invariant::IntentFirst, format!("{name} began before its intent was durable"));
        }
    }

    pub(crate) fn check_sent(&mut self, from: Address, message: &Message) {
        if !self.shadow.sent.contains(&(from, message.to, message.number)) {
            let text = format!("a message to {} was sent before it was durable", message.to);
            self.violate(Invariant::IntentFirst, text);
        }
    }

    pub(crate) fn check_receipt(&mut self, by: Address, to: Address, number: u64) {
        if !self.shadow.has_seen(by, to, number) {
            let text = format!("{by} receipted message {number} of {to} before it was durable");
            self.violate(Invariant::IntentFirst, text);
        }
    }

    pub(crate) fn check_note(&mut self, bytes: &[u8]) {
        if let Ok(Note { effect: Some(effect), .. }) = serde_json::from_slice(bytes) {
            self.check_durable(effect, "a delivery");
        }
    }

    /// No other process of the same session lives.
    pub(crate) fn check_incarnations(&mut self, new: &Agent) {
        let other = self.agents.values().find(|other| other.session == new.session);
        if let Some(other) = other {
            let text = format!(
                "incarnation {} of {} starts, and incarnation {} lives",
                new.incarnation, new.session, other.incarnation
            );
            self.violate(Invariant::OneWriter, text);
        }
        if let (Address::WorkItem(item), Some(repository)) = (new.item, &new.repository)
            && new.kind != SessionKind::Review
            && !self.git.worktrees.contains_key(&(item, repository.clone()))
        {
            let text = format!("an agent starts in {repository}, where no worktree stands");
            self.violate(Invariant::Truth, text);
        }
    }

    /// A reviewer has the candidate before it that it is to judge; of the Foremen of an item one speaks at a time.
    pub(crate) fn check_adviser(&mut self, process: u64) {
        let Some(agent) = self.agents.get(&process) else { return };
        match (agent.kind, agent.item, &agent.repository) {
            (SessionKind::Foreman, item, _) => {
                let other = self.agents.iter().any(|(other, agent)| {
                    *other != process
                        && agent.item == item
                        && agent.kind == SessionKind::Foreman
                        && agent.turn.is_some()
                });
                if other {
                    self.violate(Invariant::Foreman, "two Foremen of one item have a turn");
                }
            }
            (SessionKind::Review, Address::WorkItem(id), Some(repository)) => {
                let stands = self.git.proofs.get(&(id, repository.clone()));
                let candidate = self
                    .shadow
                    .item(agent.item)
                    .filter(|item| item.session(agent.session).is_some_and(|known| known.turn.is_some()))
                    .and_then(|item| item.sub_plans.get(repository)?.candidate());
                if let Some(candidate) = candidate.filter(|candidate| Some(&candidate.commit) != stands) {
                    let text = format!(
                        "candidate {} of {repository} is to be judged, and {stands:?} stands before the reviewer",
                        candidate.number
                    );
                    self.violate(Invariant::ReadableReview, text);
                }
            }
            _ => {}
        }
    }

    /// Nobody else writes in the item's worktree of this repository.
    pub(crate) fn check_writers(
        &mut self,
        item: Option<WorkItemId>,
        repository: &str,
        job: Option<JobKey>,
        process: Option<u64>,
    ) {
        let agent = self.agents.iter().find(|(other, agent)| {
            Some(**other) != process
                && agent.turn.is_some()
                && agent.kind == SessionKind::Implementation
                && item_of(agent.item) == item
                && agent.repository.as_deref() == Some(repository)
        });
        let other_job = self.jobs.iter().find(|(other, running)| {
            Some(**other) != job
                && running.runs()
                && item_of(running.to) == item
                && worktree_of(running.action()) == Some(repository)
        });
        let text = match (agent, other_job) {
            (Some((_, agent)), _) => {
                format!("incarnation {} of {} has a turn in {repository}", agent.incarnation, agent.session)
            }
            (None, Some((_, job))) => format!("{} runs in {repository}", job.action().name()),
            (None, None) => return,
        };
        let who = if job.is_some() { "a job" } else { "an agent" };
        self.violate(Invariant::OneWriter, format!("{who} works where {text}"));
    }

    /// A push of ganger's: approved, checked, and exactly that commit.
    pub(crate) fn check_push(&mut self, item: WorkItemId, repository: &str, commit: &str) {
        let wrong = self.wrong_push(item, repository, commit);
        if let Some(text) = wrong {
            self.violate(
                Invariant::ProvenIsPublished,
                format!("{commit} was pushed to {repository}: {text}"),
            );
        }
    }

    fn wrong_push(&self, id: WorkItemId, repository: &str, commit: &str) -> Option<String> {
        let item = self.shadow.item(Address::WorkItem(id))?;
        let Some(approval) = &item.approval else { return Some("nothing was approved".to_owned()) };
        let approved = item.plans.iter().find(|plan| plan.number == approval.version);
        if approved.is_none_or(|plan| plan.digest != approval.digest) {
            return Some("another plan was approved".to_owned());
        }
        let Some(sub_plan) = item.sub_plans.get(repository) else {
            return Some("it has no sub-plan".to_owned());
        };
        let Some(candidate) = sub_plan.candidate().filter(|candidate| candidate.commit == commit) else {
            return Some("it is not the candidate".to_owned());
        };
        // Taken back at this moment, and not yet known where it is carried out.
        let taken_back = item.owed().iter().any(|owed| {
            owed.withdrawing
                && matches!(&owed.effect.action, Action::Publish { repository: pushed, .. } if pushed == repository)
        });
        if sub_plan.stage != SubPlanStage::Proven && !taken_back {
            return Some(format!("its sub-plan is {:?}", sub_plan.stage));
        }
        if !candidate.findings.is_empty() && !candidate.findings_accepted {
            return Some("nobody accepted its findings".to_owned());
        }
        if self.shadow.accepted.contains(&(id, repository.to_owned(), commit.to_owned())) {
            return None;
        }
        if item.settings.review.is_some() {
            let last = sub_plan.review().and_then(|review| review.verdict.clone());
            // What a person noted and did not send holds nothing up by itself; they are asked before a push.
            let sent = |critique: &&Critique| critique.reviewer.is_some() || critique.told || critique.urgent;
            let open =
                item.critiques_of(repository).filter(|critique| critique.blocks()).filter(sent).count();
            match last {
                Some(Verdict::Passed) => {}
                // A person waived what it found.
                Some(Verdict::Stopped { .. } | Verdict::Back) if open == 0 => {}
                verdict => return Some(format!("its review says {verdict:?}, and {open} critiques block")),
            }
        }
        let base = item.base(repository)?;
        for check in base.checks.iter().filter(|check| check.required) {
            // What passes when it is run once more is flaky.
            let results = [candidate.checks.get(&check.name), candidate.again.get(&check.name)];
            let passed = results.iter().any(|result| matches!(result, Some(CheckResult::Passed)));
            let was_broken = matches!(
                (candidate.checks.get(&check.name), sub_plan.base_checks.get(&check.name)),
                (Some(CheckResult::Failed { .. }), Some(CheckResult::Failed { .. }))
            );
            if !passed && !was_broken {
                return Some(format!("{} did not pass", check.name));
            }
            let tree = self.git.commits.get(commit).map(|commit| commit.tree.clone()).unwrap_or_default();
            if passed && tree.iter().any(|line| line == BUG) {
                return Some(format!("{} passed on what is broken", check.name));
            }
        }
        None
    }

    /// Nothing is under way: whoever is not at the end waits for a person.
    pub(crate) fn check_rest(&mut self) {
        if self.daemon.as_ref().is_none_or(|daemon| !daemon.ready) {
            self.violate(Invariant::Progress, "the daemon does not come up");
            return;
        }
        let mut found = None;
        for item in self.shadow.items() {
            let waits = status(item) == Status::Completed
                || !item.decisions.is_empty()
                || (item.approval.is_none() && item.planning.stage == PlanningStage::Idle);
            if !waits {
                found = Some(format!(
                    "g{} is {} and nothing moves it: {}",
                    item.number,
                    status(item).name(),
                    owed(item)
                ));
            }
            if let Some(name) = held_up_by_nobody(item) {
                found = Some(format!("g{}/{name} rests and waits for nobody: {}", item.number, owed(item)));
            }
            if status(item) == Status::Completed && item.owed().iter().next().is_some() {
                found = Some(format!("g{} is completed and owes something: {}", item.number, owed(item)));
            }
            let asked = item.questions.iter().filter(|question| question.end.is_none()).find(|question| {
                let shows = |open: &Decision| open.kind == DecisionKind::Question { question: question.id };
                // The Foreman's next turn may wait for money.
                let pays =
                    |open: &Decision| open.kind == DecisionKind::Budget && question.waits_for_foreman();
                !item.decisions.iter().any(|open| shows(open) || pays(open))
            });
            if let Some(question) = asked {
                found = Some(format!("g{}: {} waits for nobody", item.number, question.text.title()));
            }
            for session in &item.sessions {
                if let Slot::Asked { .. } = session.slot {
                    let held = self.shadow.site().map_or(0, |site| site.granted.len());
                    found =
                        Some(format!("{} waits for a slot, {held} are lent", item.session_handle(session)));
                }
            }
        }
        if let Some(site) = self.shadow.site() {
            for wish in &site.granted {
                let holds = self
                    .shadow
                    .item(Address::WorkItem(wish.item))
                    .and_then(|item| item.session(wish.session))
                    .is_some_and(|session| session.slot == Slot::Granted { ask: wish.ask });
                if !holds {
                    let text = format!("a slot is lent to {} for good", wish.session);
                    self.violate(Invariant::Slots, text);
                    return;
                }
            }
        }
        if let Some(text) = found {
            self.violate(Invariant::Progress, text);
        }
    }

    /// Of each journal exactly the entries that say something were absorbed, in order, once.
    pub(crate) fn check_journals(&mut self) {
        let keys: Vec<HostKey> = self.hosts.keys().copied().collect();
        for key in keys {
            let Some(host) = self.hosts.get(&key) else { continue };
            let Some(codec) = ganger_harness::codec_for("acp") else { continue };
            let start = ganger_core::agent::SessionStart {
                directory: String::new(),
                native_id: None,
                model: None,
                tools: Vec::new(),
                bridge: None,
            };
            let mut fold = Conversation::new(key, codec, start, 0, 0, Times::default());
            let reads: Vec<_> = host
                .journal
                .iter()
                .flat_map(|record| fold.record(record, Times::default()))
                .filter(|read| !read.significant.is_empty())
                .collect();
            let said: Vec<_> = reads.iter().map(|read| read.position).collect();
            let absorbed = self.shadow.absorbed.get(&key).cloned().unwrap_or_default();
            let prefix = said.get(..absorbed.len()) == Some(&absorbed[..]);
            let current = self
                .shadow
                .item(host.item)
                .and_then(|item| item.session(key.0))
                .is_some_and(|session| session.incarnation == key.1 && session.host != HostState::None);
            if !prefix || (current && said.len() != absorbed.len()) {
                let left: Vec<&AgentEvent> =
                    reads.iter().skip(absorbed.len()).flat_map(|read| &read.significant).collect();
                let text = format!(
                    "the journal of {} incarnation {} says {said:?}, absorbed are {absorbed:?}; left: {left:?}",
                    key.0, key.1
                );
                self.violate(Invariant::JournalOnce, text);
                return;
            }
        }
    }

    pub(crate) fn unfinished(&self) -> String {
        let items: Vec<String> = self
            .shadow
            .items()
            .filter(|item| status(item) != Status::Completed)
            .map(|item| {
                let decisions: Vec<String> =
                    item.decisions.iter().map(|open| format!("{:?}", open.kind)).collect();
                format!("g{} {} [{}] {}", item.number, status(item).name(), decisions.join(", "), owed(item))
            })
            .collect();
        items.join("; ")
    }
}

/// A repository whose turn it is, and that neither works nor waits for a person.
fn held_up_by_nobody(item: &WorkItem) -> Option<&String> {
    let done =
        |name: &String| matches!(stage(item, name), Some(SubPlanStage::Proven | SubPlanStage::Published));
    if item.completed || item.decisions.iter().any(|open| open.repository.is_none()) {
        return None;
    }
    let wave = item.waves.iter().find(|wave| !wave.repositories.iter().all(done))?;
    wave.repositories.iter().find(|name| {
        let asks = |open: &Decision| match open.kind {
            DecisionKind::Question { question } => item.question(question).is_some_and(|question| {
                question.sessions.iter().any(|id| {
                    item.session(*id).is_some_and(|session| session.repository.as_ref() == Some(*name))
                })
            }),
            _ => open.repository.as_ref() == Some(*name),
        };
        !done(name) && !item.decisions.iter().any(asks)
    })
}

fn owed(item: &WorkItem) -> String {
    let effects: Vec<String> = item
        .owed()
        .iter()
        .map(|owed| {
            let what = match &owed.effect.action {
                Action::Message(message) => format!("{:?}", message.body),
                action => action.name().to_owned(),
            };
            format!(
                "{what}{}{}",
                if owed.parked { " parked" } else { "" },
                if owed.withdrawing { " withdrawing" } else { "" }
            )
        })
        .collect();
    let stages: Vec<String> =
        item.sub_plans.iter().map(|(name, sub_plan)| format!("{name} {:?}", sub_plan.stage)).collect();
    let sessions: Vec<String> = item
        .sessions
        .iter()
        .filter(|session| !session.closed)
        .map(|session| {
            format!(
                "{} host {:?} turn {} want {:?} slot {:?} pending {}",
                item.session_handle(session),
                session.host,
                session.turn.is_some(),
                session.want,
                session.slot,
                session.has_pending()
            )
        })
        .collect();
    format!("owed {effects:?}, {stages:?}, planning {:?}, {sessions:?}", item.planning.stage)
}
