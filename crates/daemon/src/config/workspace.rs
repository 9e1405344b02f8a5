//! What `.ganger/workspace.toml` says about the repositories of one product.

use super::configuration::empty_is_none;
use super::interval::Interval;
use crate::error::CodedError;
use ganger_core::repository::CheckDefinition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of `workspace.toml` that this build writes and reads.
pub const WORKSPACE_SCHEMA: u32 = 1;

/// A workspace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkspaceConfiguration {
    /// The version of this file's format.
    #[schemars(range(min = 1))]
    pub schema: u32,
    /// The workspace's name; empty for the name of its directory.
    pub name: String,
    /// Directories that are not part of the product; `*` stands for any characters.
    pub exclude: Vec<String>,
    /// A document that planners and reviewers read first, from the workspace's root; empty for none. An `AGENTS.md` in
    /// the root is told to them in any case.
    pub instructions: String,
    /// The repositories, by the name of their directory.
    pub repositories: BTreeMap<String, Repository>,
    /// Commands that may stop ganger from going on.
    pub hooks: Hooks,
}

/// One repository of a workspace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Repository {
    /// The branch that work starts from; empty for the remote's default one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub base: Option<String>,
    /// One line for the planner.
    pub hints: String,
    /// The remote that is fetched; empty for the one that git's configuration points to.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub remote: Option<String>,
    /// The remote that is pushed to; empty for the one that is fetched.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub push_remote: Option<String>,
    /// Files and directories copied from your clone into each worktree; kept out of every commit.
    pub copy: Vec<String>,
    /// Files and directories shared with each worktree by a link; read-only inside the sandbox.
    pub link: Vec<String>,
    /// Commands that make a fresh worktree runnable, in order.
    pub setup: Vec<String>,
    /// The longest that one of them may take.
    pub setup_timeout: Interval,
    /// Commands that prove a candidate.
    pub checks: Vec<Check>,
    /// The agents of this repository, where they differ.
    pub agent: RepositoryAgent,
}

/// A command that proves something of a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name, unique in the repository.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The command line, given to the shell.
    #[schemars(length(min = 1))]
    pub run: String,
    /// The longest that it may take; without it `checks.timeout` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Interval")]
    pub timeout: Option<Interval>,
    /// Whether its failure holds the candidate up; otherwise it is only shown.
    #[serde(default = "yes")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// The agents of one repository, where they differ.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RepositoryAgent {
    /// The agent that implements here; empty for the usual one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub implementation: Option<String>,
}

/// Commands that may stop ganger from going on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hooks {
    /// Run before the worktrees of a wave are made, from the workspace's root; one that fails stops it, and its
    /// words are shown.
    #[serde(rename = "worktree.creating")]
    pub worktree_creating: Vec<String>,
    /// Run when the worktrees of a wave stand and before an agent starts in them, from the workspace's root; one that
    /// fails stops it, and its words are shown. After a crash it may run again.
    #[serde(rename = "worktree.created")]
    pub worktree_created: Vec<String>,
}

impl Default for WorkspaceConfiguration {
    fn default() -> Self {
        Self {
            schema: WORKSPACE_SCHEMA,
            name: String::new(),
            exclude: Vec::new(),
            instructions: String::new(),
            repositories: BTreeMap::new(),
            hooks: Hooks::default(),
        }
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self {
            base: None,
            hints: String::new(),
            remote: None,
            push_remote: None,
            copy: Vec::new(),
            link: Vec::new(),
            setup: Vec::new(),
            setup_timeout: Interval::minutes(10),
            checks: Vec::new(),
            agent: RepositoryAgent::default(),
        }
    }
}

impl WorkspaceConfiguration {
    /// What is said of a repository; the defaults where nothing is.
    pub fn repository(&self, name: &str) -> Repository {
        self.repositories.get(name).cloned().unwrap_or_default()
    }

    /// The directories of this root that `exclude` leaves out.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn excluded(&self, root: &Path) -> Result<Vec<String>, CodedError> {
        let entries = std::fs::read_dir(root).map_err(|error| CodedError::file("read", root, &error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| CodedError::file("read", root, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.exclude.iter().any(|pattern| matches(pattern, &name)) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Whether a name is one that the pattern means: `*` stands for any characters, everything else for itself.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        // The earliest place leaves most for the parts behind it.
        match left.find(part) {
            Some(place) => left = &left[place + part.len()..],
            None => return false,
        }
    }
    true
}

impl Repository {
    /// The checks as a plan records them; `usual_timeout` is `checks.timeout`.
    pub fn check_definitions(&self, usual_timeout: Interval) -> Vec<CheckDefinition> {
        let definition = |check: &Check| CheckDefinition {
            name: check.name.clone(),
            run: check.run.clone(),
            timeout_ms: check.timeout.unwrap_or(usual_timeout).milliseconds(),
            required: check.required,
        };
        self.checks.iter().map(definition).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        let check = |pattern: &str, name: &str, expected: bool| {
            assert_eq!(matches(pattern, name), expected, "{pattern:?} and {name:?}");
        };
        for (pattern, name) in [
            ("archive", "archive"),
            ("sandbox-*", "sandbox-1"),
            ("*", ""),
            ("*-old", "a-old"),
            ("a*b*c", "aXbYbc"),
        ] {
            check(pattern, name, true);
        }
        for (pattern, name) in [
            ("archive", "archives"),
            ("sandbox-*", "sandbox"),
            ("*-old", "a-old-1"),
            ("a*b*c", "aXcYb"),
            ("a*a", "a"),
        ] {
            check(pattern, name, false);
        }
    }
}
