//! What a plan records of each repository: where it comes from, where work starts, what makes it run and what
//! proves it.

use serde::{Deserialize, Serialize};
use std::ops::Not;

/// A command that proves something of a commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// Its name.
    pub name: String,
    /// The command line, given to `/bin/sh -c`.
    pub run: String,
    /// The longest it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether a failure holds the sub-plan up; otherwise it is only shown.
    pub required: bool,
}

/// One repository as an item's plan is made on it. Everything here belongs to the approved digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RepositoryBase {
    /// The repository's name in the workspace.
    pub name: String,
    /// The user's clone, absolute.
    pub path: String,
    /// The remote that is fetched; none for a repository without one.
    pub remote: Option<String>,
    /// The remote that is pushed to.
    pub push_remote: Option<String>,
    /// The base branch.
    pub base_branch: String,
    /// The commit that work starts from.
    pub base_commit: String,
    /// Languages found, most files first.
    pub languages: Vec<String>,
    /// A line for the planner from the workspace's configuration.
    pub hints: String,
    /// Paths copied from the user's clone into each worktree; never committed.
    pub copy: Vec<String>,
    /// Paths linked into each worktree.
    pub link: Vec<String>,
    /// Commands that make a fresh worktree runnable.
    pub setup: Vec<String>,
    /// The longest each of them may take, in milliseconds.
    pub setup_timeout_ms: u64,
    /// What proves a candidate.
    pub checks: Vec<CheckDefinition>,
    /// The agent that implements here, by its name in the configuration.
    pub agent: String,
    /// Whether the base commit has an `AGENTS.md` at its root. The commit implies it, but only git can see it there.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub has_guidance: bool,
}

/// What a workspace tells planners and reviewers, as it stood when the bases were recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Guidance {
    /// The workspace's own `AGENTS.md`; empty without one.
    pub text: String,
    /// Absolute paths of documents to read first: in base checkouts where they belong to a repository.
    pub docs: Vec<String>,
}

impl Guidance {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.docs.is_empty()
    }
}
