//! What can go wrong with git, each case one sentence for a person.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A failure of something done with git. Git's own words stand in it where git said any.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No `git` in the `PATH` that was given.
    #[error("no git was found in PATH: install git {minimum} or newer", minimum = crate::run::MINIMUM_TEXT)]
    NotInstalled,
    /// The git found is older than what ganger needs.
    #[error("git {found} is too old: install git {minimum} or newer", minimum = crate::run::MINIMUM_TEXT)]
    TooOld {
        /// The version that git printed.
        found: String,
    },
    /// Git ended with a failure.
    #[error("could not {doing}: git said: {words}")]
    Failed {
        /// What was being done, as it follows "could not".
        doing: String,
        /// The exit code; `None` after a signal.
        code: Option<i32>,
        /// What git printed on standard error, shortened.
        words: String,
    },
    /// Git ran into its time limit and was killed.
    #[error("could not {doing}: git did not end within {} s and was stopped", limit.as_secs_f32())]
    TimedOut {
        /// What was being done.
        doing: String,
        /// The limit.
        limit: Duration,
    },
    /// Git printed more than the limit and was killed.
    #[error("could not {doing}: git printed more than {limit} bytes and was stopped")]
    TooMuchOutput {
        /// What was being done.
        doing: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// Git printed something that is not in its documented form.
    #[error("could not {doing}: git's answer is not in the form that its manual promises: {text}")]
    Unreadable {
        /// What was being done.
        doing: String,
        /// The start of what it printed.
        text: String,
    },
    /// A file operation failed.
    #[error("could not {doing} `{}`: {source}", path.display())]
    Io {
        /// What was being done, as it follows "could not" and is followed by the path.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A name that cannot be used in a path or a ref.
    #[error("`{name}` cannot be the name of {what}: {rule}")]
    BadName {
        /// What it was to name.
        what: &'static str,
        /// The name.
        name: String,
        /// What is allowed.
        rule: &'static str,
    },
    /// Something that git could do but ganger does not, in a whole sentence.
    #[error("{0}")]
    Refused(String),
    /// Another process writes to the repository.
    #[error("the repository `{}` is busy: another process has been writing to it for {} s", path.display(), waited.as_secs())]
    Busy {
        /// The mirror.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// A ref that never moves stands on another commit already.
    #[error("`{reference}` stands on {found} already and is never moved")]
    RefTaken {
        /// The full name of the ref.
        reference: String,
        /// The commit it names.
        found: String,
    },
    /// A branch on the remote is neither where it was nor where it was to go.
    #[error(
        "branch `{branch}` on `{remote}` has moved: expected {}, found {}",
        or_none(expected),
        or_none(found)
    )]
    RemoteMoved {
        /// The remote's name.
        remote: String,
        /// The branch, without `refs/heads/`.
        branch: String,
        /// The commit it was expected on; `None` for no such branch.
        expected: Option<String>,
        /// The commit it is on; `None` for no such branch.
        found: Option<String>,
    },
    /// A directory that ganger did not make, or that holds something it cannot save.
    #[error("`{}` is left alone: {reason}", path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn or_none(id: &Option<String>) -> &str {
    id.as_deref().unwrap_or("no branch")
}

/// The result of nearly everything here.
pub type Result<T, E = GitError> = std::result::Result<T, E>;

/// Turns an I/O error into ours, with what was done and to which path.
pub(crate) trait IoContext<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> IoContext<T> for std::result::Result<T, E> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| GitError::Io { doing, path: path.to_owned(), source: source.into() })
    }
}
