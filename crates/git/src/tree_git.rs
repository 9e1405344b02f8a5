//! Git in working trees that an agent can write: a program that runs inside the sandbox, its requests and its
//! outcomes. Nothing here opens such a tree; [`crate::tree_program`] does.

use crate::error::{GitError, IoContext, Result};
use crate::leftovers::Finding;
use crate::names::CommitId;
use crate::run::shorten;
use ganger_core::process::{ProcessSpec, SandboxPolicy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The first argument of the binary that enters [`crate::tree_program::main`].
pub const TREE_COMMAND: &str = "tree-git";

/// A request, written as JSON into a file that the sandboxed program reads.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TreeRequest {
    /// The checkout.
    pub worktree: PathBuf,
    /// Its git directory.
    pub git_directory: PathBuf,
    /// A private directory for temporary files.
    pub scratch: PathBuf,
    /// The longest that one call of git may take, in milliseconds.
    pub timeout_ms: u64,
    /// What to do.
    pub action: TreeAction,
}

/// What to do in a checkout.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum TreeAction {
    /// Write the files of a checkout that was just provisioned, then copy and link what the repository's
    /// configuration names. A checkout that has its files already is left as it is.
    Checkout {
        /// Take the right to write from every file and directory, for a base checkout.
        read_only: bool,
        /// What to copy in.
        copy: Vec<FileToPlace>,
        /// What to link in.
        link: Vec<FileToPlace>,
    },
    /// Move a proof checkout to a commit: untracked files go, ignored ones stay.
    MoveTo {
        /// The commit.
        commit: CommitId,
    },
    /// List what differs from HEAD.
    Status,
    /// Compare everything that stands in the checkout, committed or not, with a commit.
    Diff(DiffRequest),
    /// Remove git's lock files that a killed agent left, before another one works there.
    ReleaseLocks,
    /// End an agent's turn: see that the branch is in order, commit leftovers, write the bundle.
    FinishTurn(FinishTurn),
    /// Save everything that stands in the checkout or in its refs and is not in `base`, before it is removed.
    Preserve {
        /// The base commit, which the mirror has.
        base: CommitId,
        /// Where the bundle goes.
        bundle: PathBuf,
        /// How the commit of uncommitted work is signed.
        signature: Signature,
    },
}

/// What is compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DiffRequest {
    /// The commit.
    pub base: CommitId,
    /// A tree that an earlier difference named, to be compared with instead of the commit, as long as it is there.
    pub since: Option<CommitId>,
    /// The paths, from the root of the checkout; empty for all.
    pub paths: Vec<String>,
    /// Whether the whole difference is wanted; otherwise only the counts.
    pub patch: bool,
    /// Whether what stands there is kept as a tree, to be compared with another time.
    pub snapshot: bool,
}

/// A file or directory that is put into a fresh checkout.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileToPlace {
    /// Where it comes from, absolute.
    pub from: PathBuf,
    /// Where it goes, from the root of the checkout, without `..`.
    pub to: PathBuf,
}

/// Author, dates and message of a commit, all given, so that the same tree gives the same id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// The author's and committer's name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// Seconds since 1970, UTC.
    pub seconds: i64,
    /// The whole message.
    pub message: String,
}

/// The end of an implementation turn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FinishTurn {
    /// The item's branch.
    pub branch: String,
    /// The base commit.
    pub base: CommitId,
    /// The last candidate; a branch that still stands there has nothing new.
    pub previous: Option<CommitId>,
    /// How leftovers are committed.
    pub signature: Signature,
    /// Paths of the repository's `copy` and `link` lists: never committed.
    pub copied_in: Vec<String>,
    /// Where the bundle of `base..branch` goes, in the session's directory.
    pub bundle: PathBuf,
}

/// What came of a request: one line of JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum TreeOutcome {
    /// The files stand there, at this commit.
    CheckedOut {
        /// The commit.
        commit: CommitId,
        /// Sources of `copy` or `link` that do not exist, so nothing was placed for them.
        missing: Vec<PathBuf>,
    },
    /// No lock file stands in the way any more.
    Released,
    /// What differs from HEAD.
    Status {
        /// The changed paths.
        entries: Vec<StatusEntry>,
    },
    /// The difference.
    Diff {
        /// The files.
        files: Vec<FileDiff>,
        /// The difference as text, where it was asked for; cut at 16 MB.
        patch: Option<String>,
        /// The id of a tree with everything that stands there, where it was asked for.
        tree: Option<CommitId>,
        /// Whether it is the difference from `since`.
        is_since: bool,
    },
    /// The branch is ahead and lies in the bundle. The id that counts is the one that the import sees.
    Candidate {
        /// The branch's commit.
        commit: CommitId,
        /// The commit made of leftovers, if there were any.
        leftovers: Option<CommitId>,
        /// Leftovers that were not committed.
        held: Vec<Finding>,
    },
    /// There is no commit after the last candidate (the base, when there is none).
    NothingNew {
        /// Leftovers that were not committed.
        held: Vec<Finding>,
    },
    /// The branch cannot be a candidate as it stands; the agent must put it in order.
    NotInOrder {
        /// What is wrong, for the agent and the person.
        problem: TurnProblem,
        /// The same as a sentence.
        sentence: String,
    },
    /// Everything is in the bundle; `false` when there was nothing that the mirror has not.
    Preserved {
        /// Whether a bundle was written.
        bundle: bool,
    },
    /// It could not be done.
    Failed {
        /// Why, in a sentence.
        message: String,
    },
}

/// Why a branch cannot be a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum TurnProblem {
    /// HEAD is not on the item's branch.
    HeadElsewhere {
        /// The branch or commit that it is on.
        found: String,
    },
    /// An operation of several steps is not finished.
    Unfinished {
        /// `rebase`, `merge`, `cherry-pick`, `revert` or `am`.
        operation: String,
    },
    /// Files in the index are in conflict.
    Unmerged,
    /// The base commit is not in the branch's history.
    BaseNotAncestor,
    /// The branch does not exist.
    BranchGone,
}

/// One changed path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusEntry {
    /// The path.
    pub path: String,
    /// Two letters as in `git status --porcelain` (`??` for an untracked file).
    pub state: String,
}

/// The counts of one file in a difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileStat {
    /// The path, for a renamed file the new one.
    pub path: String,
    /// The old path of a renamed file.
    pub old_path: Option<String>,
    /// Lines added; `None` for a binary file.
    pub added: Option<u64>,
    /// Lines removed; `None` for a binary file.
    pub removed: Option<u64>,
}

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// New, and known to git.
    Added,
    /// Changed.
    Modified,
    /// Gone.
    Deleted,
    /// Moved.
    Renamed,
    /// New, and not known to git.
    Untracked,
}

/// One file in a difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileDiff {
    /// Its counts.
    #[serde(flatten)]
    pub stat: FileStat,
    /// What happened to it.
    pub state: FileState,
    /// Whether any of it is not committed.
    pub uncommitted: bool,
}

impl TreeRequest {
    /// Writes the request into `file`, whose directory exists and can be read inside the sandbox.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(std::io::Error::other).doing("write", file)?;
        fs::write(file, text).doing("write", file)
    }
}

/// The process that carries out the request in `request_file`: the `ganger` binary, entered at
/// [`TREE_COMMAND`], under the sandbox of the session to which the checkout belongs. `path` is the `PATH` in
/// which git is found, `home` a private directory, `timeout_ms` the limit of the whole job.
pub fn request_process(
    program: &Path,
    request_file: &Path,
    path: &str,
    home: &Path,
    sandbox: SandboxPolicy,
    timeout_ms: u64,
) -> ProcessSpec {
    let environment = BTreeMap::from([
        ("PATH".to_owned(), path.to_owned()),
        ("HOME".to_owned(), home.display().to_string()),
        ("TMPDIR".to_owned(), home.display().to_string()),
        ("LC_ALL".to_owned(), "C".to_owned()),
    ]);
    ProcessSpec {
        command: vec![program.display().to_string(), TREE_COMMAND.into(), request_file.display().to_string()],
        directory: home.display().to_string(),
        environment,
        sandbox,
        timeout_ms: Some(timeout_ms),
        input: None,
    }
}

/// The longest line of an outcome, in bytes.
pub const OUTCOME_LIMIT: usize = 32 << 20;

/// Reads the outcome from the standard output of the process: its last line.
///
/// # Errors
/// When there is no such line, which is how a job ends that was killed.
pub fn parse_outcome(stdout: &[u8]) -> Result<TreeOutcome> {
    let doing = "read the outcome of a job in a worktree";
    let text = String::from_utf8_lossy(stdout);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    serde_json::from_str(line).map_err(|_| GitError::Unreadable { doing: doing.into(), text: shorten(line) })
}

/// Reads `--numstat -z`.
pub(crate) fn parse_numstat<'a>(mut parts: impl Iterator<Item = &'a [u8]>) -> Option<Vec<FileStat>> {
    let mut files = Vec::new();
    while let Some(part) = parts.next() {
        let text = String::from_utf8_lossy(part);
        let mut fields = text.splitn(3, '\t');
        let (added, removed, path) = (fields.next()?, fields.next()?, fields.next()?);
        // A renamed file has an empty path here and its two names as parts of their own.
        let (path, old_path) = if path.is_empty() {
            let old = String::from_utf8_lossy(parts.next()?).into_owned();
            (String::from_utf8_lossy(parts.next()?).into_owned(), Some(old))
        } else {
            (path.to_owned(), None)
        };
        files.push(FileStat { path, old_path, added: added.parse().ok(), removed: removed.parse().ok() });
    }
    Some(files)
}

/// Reads `--name-status -z`: what happened to each path.
pub(crate) fn parse_name_status<'a>(
    mut parts: impl Iterator<Item = &'a [u8]>,
) -> Option<BTreeMap<String, FileState>> {
    let mut states = BTreeMap::new();
    while let Some(part) = parts.next() {
        let state = match part.first()? {
            b'A' | b'C' => FileState::Added,
            b'D' => FileState::Deleted,
            b'R' => FileState::Renamed,
            _ => FileState::Modified,
        };
        // A moved file, and a copied one, has two names; the new one counts.
        if matches!(part.first()?, b'R' | b'C') {
            parts.next()?;
        }
        states.insert(String::from_utf8_lossy(parts.next()?).into_owned(), state);
    }
    Some(states)
}
