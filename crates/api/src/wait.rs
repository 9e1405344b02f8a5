//! Why something waits, on whom, and what ends it.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of waiting. A kind that a reader does not know is read as `other`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// A plan to approve.
    Plan,
    /// A question of an agent.
    Question,
    /// A permission that an agent asks for.
    Permission,
    /// Planning that did not come to a plan.
    Planning,
    /// A repository that can't be worked on, or too many of them.
    Preflight,
    /// A failed setup of a worktree.
    Setup,
    /// A session that failed for good.
    Session,
    /// A turn without a commit, or a worktree in no usable state.
    Candidate,
    /// Large, secret-looking or copied files in a candidate.
    Leftovers,
    /// Checks that stay broken.
    Checks,
    /// A review that did not come to an end by itself.
    Review,
    /// A conflict with the moved base.
    Conflict,
    /// Publishing that needs a word, or that the remote refused.
    Publish,
    /// A hook refused.
    Hook,
    /// A person stopped it.
    Stopped,
    /// All session slots are taken.
    Slot,
    /// The work item has cost what it may cost.
    Budget,
    /// The provider limits the account.
    RateLimit,
    /// An agent shows no sign of life.
    Silence,
    /// An earlier wave.
    Wave,
    /// Something else.
    #[serde(other)]
    Other,
}

impl WaitKind {
    /// The kind in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Question => "question",
            Self::Permission => "permission",
            Self::Planning => "planning",
            Self::Preflight => "preflight",
            Self::Setup => "setup",
            Self::Session => "session",
            Self::Candidate => "candidate",
            Self::Leftovers => "leftovers",
            Self::Checks => "checks",
            Self::Review => "review",
            Self::Conflict => "conflict",
            Self::Publish => "publish",
            Self::Hook => "hook",
            Self::Stopped => "stopped",
            Self::Slot => "slot",
            Self::Budget => "budget",
            Self::RateLimit => "rate limit",
            Self::Silence => "silent agent",
            Self::Wave => "wave",
            Self::Other => "other",
        }
    }
}

/// What a person can be told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// An agent asks something, or for a permission.
    Question,
    /// A plan waits for approval.
    Plan,
    /// A result needs a person's judgement.
    Review,
    /// A work item has cost what it may cost.
    Budget,
    /// Something does not work and needs a person.
    Failed,
    /// A work item is proven or done.
    Finished,
}

impl WaitKind {
    /// What a person is told of when something waits for them in this way; none where nobody waits for a person, or
    /// they know it.
    pub const fn occasion(self) -> Option<Occasion> {
        Some(match self {
            Self::Question | Self::Permission => Occasion::Question,
            Self::Plan => Occasion::Plan,
            Self::Candidate | Self::Leftovers | Self::Checks | Self::Review | Self::Conflict => {
                Occasion::Review
            }
            Self::Budget => Occasion::Budget,
            Self::Publish => Occasion::Finished,
            Self::Planning | Self::Preflight | Self::Setup | Self::Session | Self::Hook | Self::Other => {
                Occasion::Failed
            }
            Self::Stopped | Self::Slot | Self::RateLimit | Self::Silence | Self::Wave => return None,
        })
    }
}

/// Who can end it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitOwner {
    /// The person.
    You,
    /// ganger itself: it goes on without anybody.
    Ganger,
    /// The agent.
    Agent,
    /// The provider of the model.
    Provider,
}

/// One reason to wait; the same block wherever something waits.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Wait {
    /// The decision's handle, such as `d41`; `null` when no person is asked.
    pub decision: Option<String>,
    /// What kind.
    pub kind: WaitKind,
    /// On whom.
    pub owner: WaitOwner,
    /// One line: what exactly.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
    /// Handles of what can't go on meanwhile.
    pub blocks: Vec<String>,
    /// Commands that end it, each to be pasted.
    pub commands: Vec<String>,
}
