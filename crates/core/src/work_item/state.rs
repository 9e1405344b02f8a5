//! The work item's state: the fold of its events. No field says what another already implies.

use super::decision::Decision;
use crate::agent::{PermissionOption, Usage};
use crate::effect::{BaseComparison, CandidateFinding, CheckResult, Ledger};
use crate::env::Times;
use crate::ids::{DecisionId, EffectId, QuestionId, SessionId, WorkItemId, WorkspaceId};
use crate::journal::Position;
use crate::mailbox::Mailbox;
use crate::message::Ticket;
use crate::plan::ParseErrors;
use crate::process::Enforcement;
use crate::repository::RepositoryBase;
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What to do when an agent asks for a permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionPolicy {
    /// Yes: the sandbox confines it.
    #[default]
    Sandboxed,
    /// A person decides each.
    Ask,
    /// No.
    Deny,
}

/// When finished branches are pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushPolicy {
    /// A person decides.
    #[default]
    Ask,
    /// At once.
    Auto,
    /// Only by a command.
    Never,
}

/// What the configuration said when the item was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The agent that plans, by its name in the configuration.
    pub planner: String,
    /// Permissions of all agents.
    pub permissions: PermissionPolicy,
    /// Turns in which a planner may correct its plan.
    pub max_corrections: u32,
    /// More repositories than this are a decision.
    pub max_repositories: u32,
    /// Whether a failed check is run on the base too.
    pub baseline: bool,
    /// When branches are pushed.
    pub push: PushPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            planner: String::new(),
            permissions: PermissionPolicy::default(),
            max_corrections: 2,
            max_repositories: 8,
            baseline: true,
            push: PushPolicy::default(),
        }
    }
}

/// How far planning is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanningStage {
    /// Not started, or rejected.
    #[default]
    Idle,
    /// The bases are being recorded.
    Preparing,
    /// A planner writes.
    Writing,
    /// The planner's draft file is being read.
    ReadingDraft,
    /// A plan waits for approval, or was approved.
    Proposed,
    /// It could not be planned.
    Failed,
}

/// Planning, as far as it is.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Planning {
    /// How far.
    pub stage: PlanningStage,
    /// The repositories with their bases.
    pub bases: Vec<RepositoryBase>,
    /// Repositories that cannot be worked on, with the reason.
    pub refused: Vec<(String, String)>,
    /// The planner.
    pub session: Option<SessionId>,
    /// The document accepted in the open turn.
    pub accepted: Option<String>,
    /// Documents refused in the open turn.
    pub refusals: u32,
    /// Correction turns so far.
    pub corrections: u32,
    /// What a person asked for, where the plan is being revised.
    pub feedback: Option<String>,
}

/// Who wrote a version of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanAuthor {
    /// The planner.
    Agent,
    /// A person.
    Person,
}

/// One version of the plan.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlanVersion {
    /// From 1.
    pub number: u32,
    /// The document.
    pub document: String,
    /// Who wrote it.
    pub author: PlanAuthor,
    /// What an approval of it approves.
    pub digest: String,
    /// When.
    pub at: Times,
}

/// A person's approval.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// The version.
    pub version: u32,
    /// The digest.
    pub digest: String,
    /// When.
    pub at: Times,
}

/// How far a wave is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveStage {
    /// An earlier wave is not finished.
    #[default]
    Waiting,
    /// Its worktrees are being made.
    Provisioning,
    /// Its worktrees stand.
    Provisioned,
}

/// The sub-plans that may run together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wave {
    /// The repositories, by name.
    pub repositories: Vec<String>,
    /// How far.
    pub stage: WaveStage,
}

/// How far a sub-plan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubPlanStage {
    /// No worktree yet.
    #[default]
    Waiting,
    /// The worktree stands.
    Provisioned,
    /// The setup commands run.
    SettingUp,
    /// The worktree is ready for an agent.
    Ready,
    /// A session has or wants a turn.
    Working,
    /// What a turn left is being taken.
    Taking,
    /// A candidate is being checked.
    Proving,
    /// A candidate is good enough to be published.
    Proven,
    /// The candidate is on the remote.
    Published,
    /// A person stopped it.
    Stopped,
}

/// A commit that a turn produced.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// From 1.
    pub number: u32,
    /// The commit.
    pub commit: String,
    /// What a person must look at.
    pub findings: Vec<CandidateFinding>,
    /// Whether a person accepted the findings.
    pub findings_accepted: bool,
    /// Touched paths.
    pub paths: Vec<String>,
    /// What each check showed.
    pub checks: BTreeMap<String, CheckResult>,
}

/// One repository's part.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SubPlan {
    /// How far.
    pub stage: SubPlanStage,
    /// Its implementer.
    pub session: Option<SessionId>,
    /// The highest number that any candidate was to get: one that was withdrawn may have its ref already, and refs
    /// never move.
    pub numbered: u32,
    /// Candidates, oldest first.
    pub candidates: Vec<Candidate>,
    /// Whether a turn since the last candidate left nothing or something unusable.
    pub nudged: bool,
    /// Repair turns so far, since the last word of a person.
    pub repairs: u32,
    /// What the base shows, by check.
    pub base_checks: BTreeMap<String, CheckResult>,
    /// The commit that stands in the proof checkout.
    pub proof: Option<String>,
    /// How the last candidate stands to the remote's base.
    pub comparison: Option<BaseComparison>,
    /// What was pushed.
    pub published: Option<String>,
    /// When.
    pub published_at: Times,
    /// The last thing that a setup, turn or push had to say of a failure.
    pub trouble: Option<String>,
}

impl SubPlan {
    /// The candidate that counts.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.candidates.last()
    }
}

/// A session's slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "slot", rename_all = "snake_case")]
pub enum Slot {
    /// Not wanted.
    #[default]
    None,
    /// Asked for.
    Asked {
        /// The number of the ask.
        ask: u64,
        /// The ask's effect.
        effect: EffectId,
    },
    /// Lent to us.
    Granted {
        /// The number of the ask.
        ask: u64,
    },
}

/// A session's host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "host", rename_all = "snake_case")]
pub enum HostState {
    /// None.
    #[default]
    None,
    /// It should live; the agent has not shaken hands yet.
    Starting {
        /// The presence.
        presence: EffectId,
        /// The timer that limits the handshake.
        timer: EffectId,
    },
    /// The agent is ready for turns.
    Ready {
        /// The presence.
        presence: EffectId,
    },
    /// The agent ended or is not wanted any more; its host is going.
    Leaving {
        /// The presence.
        presence: EffectId,
    },
    /// The host died; what it may have left is being swept.
    Lost,
}

/// What a turn is for. The text is made when the turn begins and frozen in its delivery.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum TurnPurpose {
    /// Write the plan.
    Plan,
    /// Correct the plan.
    Correct {
        /// What is wrong with it; nothing where no document was found at all.
        errors: ParseErrors,
    },
    /// Write the plan again as a person wishes.
    Revise {
        /// The person's words.
        feedback: String,
    },
    /// Carry out the sub-plan.
    Implement,
    /// The last turn left nothing: once more.
    GoOn,
    /// The worktree is in a state that cannot be taken.
    Mend {
        /// What is the matter.
        reason: String,
    },
    /// Checks broke.
    Repair {
        /// The evidence.
        findings: String,
    },
    /// A person's words.
    Told {
        /// The words.
        text: String,
    },
    /// Go on after a death or an error of the program.
    Resume {
        /// What the interrupted turn was for.
        interrupted: Box<TurnPurpose>,
    },
}

/// An open turn.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// The prompt's delivery.
    pub delivery: EffectId,
    /// What for.
    pub purpose: TurnPurpose,
    /// Whether the prompt has been written to the agent.
    pub delivered: bool,
    /// Since when.
    pub opened: Times,
}

/// How a request reached us, and so how its answer travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The agent's own protocol.
    Journal,
    /// `ganger mcp`.
    Bridge,
}

/// What is asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum RequestKind {
    /// A question for a person.
    Question {
        /// Its identity over incarnations.
        question: QuestionId,
    },
    /// A permission that a person decides.
    Permission {
        /// What it wants to do.
        title: String,
        /// The options.
        options: Vec<PermissionOption>,
        /// The decision.
        decision: DecisionId,
    },
    /// A tool call that is answered at once.
    Tool,
}

/// The answer to a request, in words both channels can carry.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum GivenAnswer {
    /// A text.
    Text {
        /// The text.
        text: String,
        /// Whether it means that the call failed.
        is_error: bool,
    },
    /// A permission option; none for cancelled.
    Option {
        /// The option's id.
        id: Option<String>,
    },
}

/// Something the agent waits for, or waited for in this incarnation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The incarnation that asked.
    pub incarnation: u64,
    /// Its id on the wire, unique within the incarnation.
    pub wire_id: String,
    /// How it came.
    pub channel: Channel,
    /// What is asked.
    pub kind: RequestKind,
    /// The answer, once there is one.
    pub answer: Option<GivenAnswer>,
    /// The answer's delivery, on the journal's channel.
    pub delivery: Option<EffectId>,
}

/// One run of one agent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What for.
    pub kind: SessionKind,
    /// The repository it works on; none for planning.
    pub repository: Option<String>,
    /// The agent program, by its name in the configuration.
    pub agent: String,
    /// The session it follows.
    pub parent: Option<SessionId>,
    /// From 1 among the sessions of its repository, or of planning: the number of its handle.
    pub ordinal: u32,
    /// Which start of it is the last one; 0 before the first.
    pub incarnation: u64,
    /// Its host.
    pub host: HostState,
    /// The agent's own id of the conversation.
    pub native_id: Option<String>,
    /// Whether this incarnation loaded the conversation.
    pub loaded: bool,
    /// Whether the agent of this incarnation knows its task: it loaded the conversation, or was given a turn.
    pub knows_task: bool,
    /// The open turn.
    pub turn: Option<Turn>,
    /// The turn that is wanted next.
    pub want: Option<TurnPurpose>,
    /// Requests of this incarnation.
    pub requests: Vec<Request>,
    /// Its slot.
    pub slot: Slot,
    /// Failures since the last turn that ended well.
    pub failures: u32,
    /// What the last failure said.
    pub trouble: Option<String>,
    /// Turns so far, the open one included.
    pub turns: u32,
    /// When its program first started.
    pub started: Option<Times>,
    /// How far its journal has been absorbed: incarnation and position.
    pub watermark: (u64, Position),
    /// Usage of all its turns.
    pub usage: Usage,
    /// The timer of a rate limit.
    pub limited: Option<EffectId>,
    /// What was enforced on it.
    pub enforcement: Option<Enforcement>,
    /// Whether no further turn will come.
    pub closed: bool,
}

impl Session {
    /// Whether a request of the open turn waits for somebody.
    pub fn has_pending(&self) -> bool {
        self.requests.iter().any(|request| request.answer.is_none())
    }

    /// Whether the session needs a slot now: a turn is open or wanted, and nothing of it waits for us.
    pub fn needs_slot(&self) -> bool {
        !self.closed
            && self.limited.is_none()
            && (self.turn.is_some() || self.want.is_some())
            && !self.has_pending()
    }
}

/// A question for a person, with an identity over incarnations.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The session that asked first.
    pub session: SessionId,
    /// The text.
    pub text: String,
    /// Options, possibly none.
    pub options: Vec<String>,
    /// The decision that it opened.
    pub decision: DecisionId,
    /// The first committed answer.
    pub answer: Option<String>,
}

/// The whole state.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its id; none before it was born.
    pub id: Option<WorkItemId>,
    /// Its `g` number.
    pub number: u64,
    /// Its workspace.
    pub workspace: Option<WorkspaceId>,
    /// Its ticket.
    pub ticket: Option<Ticket>,
    /// Its branch, fixed at birth.
    pub branch: String,
    /// When it was born.
    pub born: Times,
    /// When its last event was stored.
    pub changed: Times,
    /// What the configuration said when it was started.
    pub settings: Settings,
    /// Planning.
    pub planning: Planning,
    /// Every version of the plan; the last one is current.
    pub plans: Vec<PlanVersion>,
    /// The approval.
    pub approval: Option<Approval>,
    /// The waves of the approved plan.
    pub waves: Vec<Wave>,
    /// The sub-plans of the approved plan.
    pub sub_plans: BTreeMap<String, SubPlan>,
    /// Sessions, oldest first.
    pub sessions: Vec<Session>,
    /// Questions, oldest first.
    pub questions: Vec<Question>,
    /// Open decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Whether a person or the configuration wants the branches pushed.
    pub publishing: bool,
    /// Whether everything is done.
    pub completed: bool,
    /// Whether a person gave it up.
    pub rejected: bool,
    pub(super) mailbox: Mailbox,
    pub(super) ledger: Ledger,
}

impl WorkItem {
    /// The session of this id.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub(super) fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// Whether the session is `other` or follows it.
    pub fn descends(&self, session: SessionId, other: SessionId) -> bool {
        let mut current = Some(session);
        // As many steps as there are sessions reach the root of any chain.
        for _ in 0..=self.sessions.len() {
            match current {
                Some(id) if id == other => return true,
                Some(id) => current = self.session(id).and_then(|session| session.parent),
                None => return false,
            }
        }
        false
    }

    /// The current version of the plan.
    pub fn plan(&self) -> Option<&PlanVersion> {
        self.plans.last()
    }

    /// The base that was recorded for a repository.
    pub fn base(&self, repository: &str) -> Option<&RepositoryBase> {
        self.planning.bases.iter().find(|base| base.name == repository)
    }

    /// The open decision of this id.
    pub fn decision(&self, id: DecisionId) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.id == id)
    }

    /// Everything owed, oldest first.
    pub fn owed(&self) -> &Ledger {
        &self.ledger
    }

    /// A session's handle, such as `g12/api@3` or `g12@plan`.
    pub fn session_handle(&self, session: &Session) -> String {
        match &session.repository {
            Some(repository) => format!("g{}/{repository}@{}", self.number, session.ordinal),
            None => format!("g{}@plan", self.number),
        }
    }
}
