//! Sessions: host, slot, turn, and what the agent waits for.

use crate::agent::{PermissionOption, Usage};
use crate::env::Times;
use crate::ids::{CritiqueId, DecisionId, EffectId, QuestionId, SessionId};
use crate::journal::Position;
use crate::plan::ParseErrors;
use crate::process::Enforcement;
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};

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
    /// Write the plan again as a person wishes, before or after its work was done.
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
    /// What the session was told meanwhile, and nothing else.
    Hear,
    /// Mend what critiques say.
    Reimplement {
        /// The critiques.
        critiques: Vec<CritiqueId>,
    },
    /// Judge a candidate.
    Review,
    /// Give the verdict of a review in a form that can be read.
    ReviewAgain {
        /// What is wrong with the first.
        problem: String,
    },
    /// Answer a question of another session.
    AnswerQuestion {
        /// The question.
        question: QuestionId,
    },
    /// Propose another answer to a question that waits for a person.
    Discuss {
        /// The question.
        question: QuestionId,
        /// The person's words.
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
    /// What it was told at its beginning, beside what it is for.
    pub words: Vec<String>,
    /// Whether the prompt has been written to the agent.
    pub delivered: bool,
    /// Since when.
    pub opened: Times,
}

/// How long an agent has shown no life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// Since when, in awake milliseconds.
    pub since_awake_ms: u64,
    /// Whether a tool of its own runs.
    pub tool: bool,
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
    /// A question for the Foreman or a person.
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
    /// The repository it works on; none for planning and the Foreman.
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
    /// What it is to be told at the beginning of its next turn, oldest first.
    pub words: Vec<String>,
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
    /// When its last turn was opened.
    pub last_opened: Option<Times>,
    /// When its program first started.
    pub started: Option<Times>,
    /// How far its journal has been absorbed: incarnation and position.
    pub watermark: (u64, Position),
    /// Usage of all its turns.
    pub usage: Usage,
    /// The timer of a rate limit.
    pub limited: Option<EffectId>,
    /// The timer that watches whether its agent shows life.
    #[serde(default)]
    pub watch: Option<EffectId>,
    /// Since when its agent shows none, where that is long.
    #[serde(default)]
    pub silence: Option<Silence>,
    /// When it last became the agent's move, in awake milliseconds.
    #[serde(default)]
    pub moved_ms: u64,
    /// What was enforced on it.
    pub enforcement: Option<Enforcement>,
    /// Whether no further turn will come.
    pub closed: bool,
}

/// Where a session works; of two in one place only one may live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// The directory with links to the base checkouts.
    Planning,
    /// The Foreman's own.
    Foreman,
    /// The worktree of a repository.
    Worktree(&'a str),
    /// The proof checkout of a repository.
    Proof(&'a str),
}

impl Session {
    /// Where it works.
    pub fn place(&self) -> Place<'_> {
        let repository = self.repository.as_deref().unwrap_or_default();
        match self.kind {
            SessionKind::Planning => Place::Planning,
            SessionKind::Foreman => Place::Foreman,
            SessionKind::Implementation => Place::Worktree(repository),
            SessionKind::Review => Place::Proof(repository),
        }
    }

    /// Whether it may have a turn now.
    pub fn may_run(&self) -> bool {
        self.kind == SessionKind::Foreman && self.limited.is_none()
            || matches!(self.slot, Slot::Granted { .. })
    }

    /// Whether a request of the open turn waits for somebody.
    pub fn has_pending(&self) -> bool {
        self.requests.iter().any(|request| request.answer.is_none())
    }

    /// Whether the session needs a slot now: a turn is open or wanted, and nothing of it waits for us.
    pub fn needs_slot(&self) -> bool {
        // The Foreman has a slot of its own: those who wait for it hold none, but it must not wait for others.
        self.kind != SessionKind::Foreman
            && !self.closed
            && self.limited.is_none()
            && (self.turn.is_some() || self.want.is_some())
            && !self.has_pending()
    }
}
