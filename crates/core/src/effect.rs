//! Effects: committed intents to act, with kind and frozen parameters. A restart finds what is owed by folding
//! the log; no code derives an effect again.

use crate::agent::SessionCommand;
use crate::ids::{EffectId, QuestionId, SessionId};
use crate::message::Message;
use crate::repository::{CheckDefinition, Guidance, RepositoryBase};
use crate::review::{ChangeCounts, ChangedFile};
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};

/// An intent: what is to be done, whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Effect {
    /// Its identity in reports, journals and directories.
    pub id: EffectId,
    /// What to do.
    pub action: Action,
}

/// How an effect is carried out and when it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EffectClass {
    /// Finite work, repeated until it has an outcome.
    Job,
    /// A host should live until the effect is withdrawn.
    Presence,
    /// Bytes to one agent, at most once per incarnation; its outcome stands in the journal.
    Delivery,
    /// Fires at a time.
    Timer,
    /// A message that is owed until its answer is committed here.
    Ask,
    /// A message that is owed until its receiver has committed it.
    Tell,
}

/// Why a timer was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum TimerPurpose {
    /// The agent must have shaken hands by then.
    Handshake {
        /// The session.
        session: SessionId,
        /// Its incarnation.
        incarnation: u64,
    },
    /// A failed effect is tried again then.
    Retry {
        /// The effect.
        effect: EffectId,
    },
    /// An agent has waited long enough for the answer to this question.
    Question {
        /// The question.
        question: QuestionId,
    },
    /// A review must be over by then.
    Review {
        /// The reviewer.
        session: SessionId,
    },
    /// A limit of an agent's account ends then, for all items.
    Account,
    /// A rate limit of the session's account ends then.
    RateLimit {
        /// The session.
        session: SessionId,
    },
    /// The agent should have shown life by then.
    Silence {
        /// The session.
        session: SessionId,
        /// Its incarnation.
        incarnation: u64,
    },
}

/// What an effect does, with everything it needs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Say something to another aggregate.
    Message(Message),
    /// Discover, refresh and check the repositories, record their bases, make base checkouts and the planning
    /// directory.
    PrepareBases {
        /// The repositories to take, by name; empty for all.
        repositories: Vec<String>,
        /// Base branches chosen by the person.
        bases: Vec<(String, String)>,
        /// More repositories than this are a decision, not a plan.
        max_repositories: u32,
    },
    /// A host should live and run the session's agent.
    Host {
        /// The session.
        session: SessionId,
        /// Which start of it.
        incarnation: u64,
        /// Its kind.
        kind: SessionKind,
        /// The repository it works on; none for planning.
        repository: Option<String>,
        /// The agent program, by its name in the configuration.
        agent: String,
        /// The agent's own id of a conversation to load.
        native_id: Option<String>,
    },
    /// Give the agent a command.
    Delivery {
        /// The session.
        session: SessionId,
        /// The incarnation it is meant for.
        incarnation: u64,
        /// The command.
        command: SessionCommand,
    },
    /// End every process that a dead host may have left.
    Sweep {
        /// The session.
        session: SessionId,
        /// The incarnation whose host died.
        incarnation: u64,
    },
    /// Read the plan document that a planner without tools may have left in its draft file.
    ReadDraft {
        /// The planning session.
        session: SessionId,
    },
    /// Read the last message of a session's turn: the answer of an agent that does not use our tools.
    ReadLastMessage {
        /// The session.
        session: SessionId,
        /// The incarnation that said it.
        incarnation: u64,
        /// The question that it should answer; none for a review.
        question: Option<QuestionId>,
    },
    /// Make the worktrees of one wave, all or none.
    Provision {
        /// The wave's index, from 0.
        wave: u32,
        /// The item's branch.
        branch: String,
        /// The repositories with their bases.
        repositories: Vec<RepositoryBase>,
    },
    /// Keep what stands in a worktree in refs of the mirror, and make the worktree anew at its base.
    StartOver {
        /// What the refs are named after: the session that worked there, else this effect.
        attempt: String,
        /// The item's branch.
        branch: String,
        /// The repository with its base.
        base: RepositoryBase,
        /// Seconds since 1970 for the date of what was left uncommitted: frozen, so that the same tree gives the same id.
        date: u64,
    },
    /// Run the setup commands in a fresh worktree.
    Setup {
        /// The repository.
        repository: String,
        /// The commands, in order.
        commands: Vec<String>,
        /// The longest each may take, in milliseconds.
        timeout_ms: u64,
    },
    /// Commit what a turn left, and import the branch as a candidate.
    TakeCandidate {
        /// The repository.
        repository: String,
        /// The candidate's number, from 1.
        number: u32,
        /// The item's branch.
        branch: String,
        /// The commit the worktree started from.
        base: String,
        /// The last candidate's commit, or the base.
        previous: String,
        /// Paths that are copied in and must never be committed.
        copied: Vec<String>,
        /// Seconds since 1970 for a leftover commit's dates: frozen, so that the same tree gives the same id.
        date: u64,
        /// The message of a leftover commit.
        message: String,
        /// Whether the turn may have left nothing: the last candidate then counts again.
        #[serde(default)]
        optional: bool,
    },
    /// Bring the proof checkout to a commit.
    PrepareProof {
        /// The repository.
        repository: String,
        /// The commit.
        commit: String,
        /// Setup commands, run once in a fresh checkout.
        setup: Vec<String>,
        /// The longest each may take, in milliseconds.
        setup_timeout_ms: u64,
    },
    /// Run one check in the proof checkout.
    Check {
        /// The repository.
        repository: String,
        /// The commit that stands there.
        commit: String,
        /// The check.
        check: CheckDefinition,
    },
    /// Compare a candidate with the remote's base as it stands now.
    CompareBase {
        /// The repository.
        repository: String,
        /// The base branch.
        base_branch: String,
        /// The commit that was planned on.
        base: String,
        /// The candidate's commit.
        commit: String,
    },
    /// Push exactly this commit.
    Publish {
        /// The repository.
        repository: String,
        /// The branch on the remote.
        branch: String,
        /// The commit.
        commit: String,
        /// The commit that the branch has there now as far as ganger pushed it; none creates it.
        expected: Option<String>,
    },
    /// Wait until a time.
    Timer {
        /// When, in awake milliseconds.
        at_awake_ms: u64,
        /// And when at the latest, in wall milliseconds, where the time is somebody else's.
        at_wall_ms: Option<u64>,
        /// What for.
        purpose: TimerPurpose,
    },
}

impl Action {
    /// How it is carried out.
    pub const fn class(&self) -> EffectClass {
        match self {
            Self::Message(message) if message.body.is_ask() => EffectClass::Ask,
            Self::Message(_) => EffectClass::Tell,
            Self::Host { .. } => EffectClass::Presence,
            Self::Delivery { .. } => EffectClass::Delivery,
            Self::Timer { .. } => EffectClass::Timer,
            _ => EffectClass::Job,
        }
    }

    /// A short stable name, for logs, coverage and kill points.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::PrepareBases { .. } => "prepare_bases",
            Self::Host { .. } => "host",
            Self::Delivery { .. } => "delivery",
            Self::Sweep { .. } => "sweep",
            Self::ReadDraft { .. } => "read_draft",
            Self::ReadLastMessage { .. } => "read_last_message",
            Self::Provision { .. } => "provision",
            Self::StartOver { .. } => "start_over",
            Self::Setup { .. } => "setup",
            Self::TakeCandidate { .. } => "take_candidate",
            Self::PrepareProof { .. } => "prepare_proof",
            Self::Check { .. } => "check",
            Self::CompareBase { .. } => "compare_base",
            Self::Publish { .. } => "publish",
            Self::Timer { .. } => "timer",
        }
    }
}

/// An effect without outcome.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OwedEffect {
    /// The intent.
    pub effect: Effect,
    /// 1 + its committed failed or unknown outcomes.
    pub attempt: u32,
    /// Withdrawn, but its runner has not reported yet.
    pub withdrawing: bool,
    /// Failed, and not to be tried again before its retry timer fires.
    pub parked: bool,
}

/// What is owed, in the order in which it was minted. One generic fold over the effect events of any aggregate.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    open: Vec<OwedEffect>,
}

/// What happened to an effect.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum EffectStep {
    /// The intent.
    Minted(Effect),
    /// It has an outcome; what that was stands in the events beside.
    Settled {
        /// The effect.
        id: EffectId,
    },
    /// The attempt failed; the effect stays owed.
    Failed {
        /// The effect.
        id: EffectId,
        /// The attempt that failed.
        attempt: u32,
        /// Why, a sentence.
        reason: String,
        /// Whether a timer will wake it.
        parked: bool,
    },
    /// It may run again.
    Woken {
        /// The effect.
        id: EffectId,
    },
    /// It is not wanted any more, and stays owed until its runner has reported.
    Withdrawn {
        /// The effect.
        id: EffectId,
    },
}

impl Ledger {
    /// Takes one step. Total: a step of an unknown effect changes nothing.
    pub fn apply(&mut self, step: &EffectStep) {
        match step {
            EffectStep::Minted(effect) => {
                if self.get(effect.id).is_none() {
                    self.open.push(OwedEffect {
                        effect: effect.clone(),
                        attempt: 1,
                        withdrawing: false,
                        parked: false,
                    });
                }
            }
            EffectStep::Settled { id } => self.open.retain(|owed| owed.effect.id != *id),
            EffectStep::Failed { id, attempt, parked, .. } => self.change(*id, |owed| {
                owed.attempt = attempt.saturating_add(1);
                owed.parked = *parked;
            }),
            EffectStep::Woken { id } => self.change(*id, |owed| owed.parked = false),
            EffectStep::Withdrawn { id } => self.change(*id, |owed| owed.withdrawing = true),
        }
    }

    fn change(&mut self, id: EffectId, change: impl FnOnce(&mut OwedEffect)) {
        if let Some(owed) = self.open.iter_mut().find(|owed| owed.effect.id == id) {
            change(owed);
        }
    }

    /// The owed effect of this id.
    pub fn get(&self, id: EffectId) -> Option<&OwedEffect> {
        self.open.iter().find(|owed| owed.effect.id == id)
    }

    /// Everything owed, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &OwedEffect> {
        self.open.iter()
    }

    /// Whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

/// What a runner says of one attempt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, with this result.
    Done(JobResult),
    /// It could not be done; trying again may help.
    Failed {
        /// Why, a sentence.
        reason: String,
    },
    /// It was withdrawn before it began.
    NeverStarted,
    /// Nobody knows whether it happened.
    Unknown {
        /// Why not, a sentence.
        reason: String,
    },
}

/// What one check showed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CheckResult {
    /// Exit code 0.
    Passed,
    /// It ended otherwise.
    Failed {
        /// Code, signal or time limit, in words.
        how: String,
        /// The end of its output, at most 8,000 characters.
        tail: String,
    },
    /// It could not be run; never a pass.
    NotRun {
        /// Why, a sentence.
        reason: String,
    },
}

/// Something in a candidate that a person must look at before it can be published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CandidateFinding {
    /// The path in the repository.
    pub path: String,
    /// What is the matter, a sentence.
    pub reason: String,
}

/// What the end of a turn left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum TurnResult {
    /// The branch is ahead of the last candidate and was imported.
    Candidate {
        /// The commit that the mirror sees.
        commit: String,
        /// What a person must look at.
        findings: Vec<CandidateFinding>,
        /// Touched paths, at most 1,000.
        paths: Vec<String>,
        /// What changed since the candidate before it, at most 1,000 files.
        #[serde(default)]
        changed: Vec<ChangedFile>,
        /// How much it changes against the base; none where nobody has counted.
        #[serde(default)]
        counts: Option<ChangeCounts>,
    },
    /// The branch did not move and nothing was left.
    Nothing,
    /// The worktree is in a state that cannot be taken: another branch, an unfinished operation, a base that is
    /// no ancestor, an import that was refused.
    Unusable {
        /// What is the matter, a sentence for the agent.
        reason: String,
    },
}

/// How a candidate stands to the remote's base.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "base", rename_all = "snake_case")]
pub enum BaseComparison {
    /// The base has not moved.
    Current,
    /// It moved, and merges cleanly.
    Behind {
        /// By how many commits.
        commits: u32,
    },
    /// It moved, and does not merge cleanly.
    Conflict {
        /// The paths in conflict.
        paths: Vec<String>,
    },
}

/// How a push ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "push", rename_all = "snake_case")]
pub enum PushResult {
    /// The remote's branch is at the commit.
    Published,
    /// Somebody else moved the remote's branch.
    RemoteMoved {
        /// Where it stands; none when it is gone.
        found: Option<String>,
    },
}

/// A commit that is kept in a ref of the mirror.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preserved {
    /// The ref.
    pub reference: String,
    /// The commit, which every worktree of the repository can read.
    pub commit: String,
}

/// The results of jobs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum JobResult {
    /// Nothing to tell.
    Nothing,
    /// The bases stand.
    Bases {
        /// One per repository.
        repositories: Vec<RepositoryBase>,
        /// Repositories that cannot be worked on, each with the reason.
        refused: Vec<(String, String)>,
        /// What the workspace tells its agents.
        #[serde(default, skip_serializing_if = "Guidance::is_empty")]
        guidance: Guidance,
    },
    /// The work cannot go on as it is, and trying again alone will not help: a person decides.
    Refused {
        /// Why, a sentence.
        reason: String,
    },
    /// The worktree stands at its base.
    StartedOver {
        /// What stood there.
        preserved: Vec<Preserved>,
    },
    /// The draft file's text; none when there is no file.
    Draft {
        /// The text.
        document: Option<String>,
    },
    /// The last message of a turn, possibly empty.
    Message {
        /// The text.
        text: String,
    },
    /// What a turn left.
    Turn(TurnResult),
    /// What a check showed.
    Check(CheckResult),
    /// How the candidate stands to the base.
    Base(BaseComparison),
    /// How the push ended.
    Push(PushResult),
}
