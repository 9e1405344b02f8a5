//! What a person can have done, and what came of it.

use crate::plan::PlanReference;
use crate::review::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The schema name of [`CommandResult`].
pub const RESULT_SCHEMA: &str = "ganger/result/1";

/// `POST /v1/items`: a new work item. Nothing starts by it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewItem {
    /// The command key: the same key gives the same item, once.
    pub key: String,
    /// A directory in the workspace, absolute.
    pub directory: String,
    /// The title: one line, not empty.
    pub title: String,
    /// The ticket's text; may be empty.
    #[serde(default)]
    pub description: String,
    /// The repositories that may be touched; empty for all of the workspace.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Base branches that differ from the configured ones, by repository.
    #[serde(default)]
    pub bases: BTreeMap<String, String>,
    /// Words for the planner that are not the ticket's.
    #[serde(default)]
    pub note: Option<String>,
    /// The ticket is the plan: no planner is asked. It is for one repository.
    #[serde(default)]
    pub direct: bool,
}

/// `POST /v1/items/{item}/commands`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CommandRequest {
    /// The command key: a repetition has no effect and gets the stored result.
    pub key: String,
    /// Where the person stands, absolute: what `@` is resolved by.
    #[serde(default)]
    pub directory: Option<String>,
    /// What is to be done.
    #[serde(flatten)]
    pub command: ItemCommand,
}

/// What can be done with an item. An address inside (`target`, `decision`, `critique`, `question`) is resolved by the daemon like the
/// `{item}` of the path, and has to lie in that item.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ItemCommand {
    /// Go on with whatever comes next: planning, or implementing what is approved.
    Start,
    /// Approve the current plan.
    Approve {
        /// Only if this is its digest (a prefix of at least 8 hexadecimal digits is enough).
        #[serde(default)]
        digest: Option<String>,
    },
    /// Put a document of the person's in the plan's place: a new version, written by `you`.
    Edit {
        /// The whole document, or the one section.
        document: String,
        /// The repository whose section it is; `null` for the whole document.
        #[serde(default)]
        section: Option<String>,
        /// The version that the person had before them; refused when there is a newer one.
        #[serde(default)]
        version: Option<u32>,
    },
    /// Have the planner change the plan: one that waits, one whose parts have not all begun, or one that was carried
    /// out.
    Revise {
        /// The item, or the repository whose part alone may change.
        target: String,
        /// What is to be different.
        text: String,
    },
    /// Have the planner plan more of an item that is done, from the results of its last run: only what changes runs.
    FollowUp {
        /// The item, or the repository whose part alone may change.
        target: String,
        /// What is still to be done.
        text: String,
    },
    /// Leave a repository that has not begun out of the plan.
    Drop {
        /// The repository's handle, such as `g12/web`.
        target: String,
    },
    /// Reject the plan; where an earlier version was approved, that one stays in force.
    Reject {
        /// Why.
        #[serde(default)]
        text: Option<String>,
    },
    /// Answer a decision by choices, by words, or by both.
    Answer {
        /// The decision's handle.
        decision: String,
        /// Words.
        #[serde(default)]
        text: Option<String>,
        /// The decision's choice; for a question one for each of its parts, in their order, by number, letter or
        /// words.
        #[serde(default)]
        choices: Vec<String>,
    },
    /// Answer a question as the Foreman proposes.
    AnswerAsProposed {
        /// The decision's handle.
        decision: String,
    },
    /// Have the Foreman think again about a question that waits.
    Discuss {
        /// The decision's handle.
        decision: String,
        /// Words for the Foreman.
        text: String,
    },
    /// Give no answer to a question: its agent decides by itself.
    Skip {
        /// The decision's handle.
        decision: String,
        /// Why.
        #[serde(default)]
        text: Option<String>,
    },
    /// Put another answer in the place of one in the FAQ; the sessions that used it and still work are told.
    Correct {
        /// The entry's handle.
        question: String,
        /// The answer that holds from now on.
        text: String,
    },
    /// Raise a critique.
    Comment {
        /// The repository's handle, such as `g12/api`.
        target: String,
        /// The path in the newest candidate; `null` for the whole change.
        #[serde(default)]
        file: Option<String>,
        /// The line there, from 1.
        #[serde(default)]
        line: Option<u32>,
        /// How bad it is.
        severity: Severity,
        /// What is wrong.
        text: String,
        /// Whether the implementer is told at once, and not only after the checks.
        #[serde(default)]
        send: bool,
    },
    /// Let a critique rest.
    Waive {
        /// The critique's handle.
        critique: String,
        /// Why.
        #[serde(default)]
        because: Option<String>,
    },
    /// Take a repository's newest candidate as it is.
    Accept {
        /// The repository's handle, such as `g12/api`.
        target: String,
        /// Why.
        #[serde(default)]
        because: Option<String>,
    },
    /// Stop what runs there.
    Stop {
        /// The item, one part, or one session.
        target: String,
    },
    /// Take up again what failed or was stopped.
    Retry {
        /// The item, one part, or one session.
        target: String,
        /// Words for the agent.
        #[serde(default)]
        text: Option<String>,
        /// Begin anew at the base: what stands in the worktree is kept in a ref.
        #[serde(default)]
        fresh: bool,
        /// The agent that goes on instead, by its name in the configuration.
        #[serde(default)]
        agent: Option<String>,
    },
    /// Push the proven commits.
    Publish {
        /// Only say what would be pushed.
        #[serde(default)]
        dry_run: bool,
    },
}

/// What came of a command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CommandResult {
    /// `ganger/result/1`.
    pub schema: String,
    /// The item's ULID.
    pub id: String,
    /// The item's handle.
    pub handle: String,
    /// What was done, one or two sentences.
    pub message: String,
    /// Whether this is the stored result of an earlier call with the same key.
    #[serde(default)]
    pub repeated: bool,
    /// The plan that the command was about.
    #[serde(default)]
    pub plan: Option<PlanReference>,
    /// For `publish`: each repository in landing order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publications: Vec<Publication>,
    /// What to type next.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// One repository's push, done or planned.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Publication {
    /// The repository.
    pub repository: String,
    /// The remote; `null` for the person's clone of a repository without one.
    pub remote: Option<String>,
    /// The branch.
    pub branch: String,
    /// The commit; `null` when nothing is proven yet.
    pub commit: Option<String>,
    /// How many commits; `null` when unknown.
    pub commits: Option<u32>,
    /// Where it stands.
    pub state: PublicationState,
    /// Why it stands so, where that needs words.
    pub reason: Option<String>,
    /// A page to compare or open a pull request.
    pub url: Option<String>,
}

/// Where a push stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicationState {
    /// It would be pushed.
    Ready,
    /// The push is under way.
    Pushing,
    /// It stands there.
    Published,
    /// It can't be pushed yet.
    NotReady,
    /// The remote refused it.
    Refused,
}

impl PublicationState {
    /// The state in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Pushing => "pushing",
            Self::Published => "published",
            Self::NotReady => "not ready",
            Self::Refused => "refused",
        }
    }
}
