//! What changed, over all repositories of an item.

use crate::item::{ChangeCount, PartState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`DiffView`].
pub const DIFF_SCHEMA: &str = "ganger/diff/1";

/// `GET /v1/items/{item}/diff`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DiffView {
    /// `ganger/diff/1`.
    pub schema: String,
    /// The item's handle.
    pub handle: String,
    /// One entry per repository asked for, in the order of the waves.
    pub repositories: Vec<RepositoryDiff>,
}

/// One repository's changes against the commit it started from, uncommitted files included.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RepositoryDiff {
    /// The repository's name.
    pub name: String,
    /// The handle, such as `g12/api`.
    pub handle: String,
    /// Where the part stands.
    pub state: PartState,
    /// The commit it started from; `null` before the worktree exists.
    pub base: Option<String>,
    /// The commit that HEAD of the worktree names.
    pub head: Option<String>,
    /// The sums; `null` before the worktree exists.
    pub changes: Option<ChangeCount>,
    /// The files.
    pub files: Vec<FileChange>,
    /// The unified diff; `null` when only the counts were asked for.
    pub patch: Option<String>,
    /// Whether the patch was cut at the daemon's limit.
    pub truncated: bool,
}

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileChangeKind {
    /// New.
    Added,
    /// Changed.
    Modified,
    /// Gone.
    Deleted,
    /// Moved.
    Renamed,
    /// Not known to git yet.
    Untracked,
}

/// One changed file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileChange {
    /// The path.
    pub path: String,
    /// The path before a move.
    pub from: Option<String>,
    /// What happened.
    pub kind: FileChangeKind,
    /// Lines added; `null` for a binary file.
    pub insertions: Option<u64>,
    /// Lines removed; `null` for a binary file.
    pub deletions: Option<u64>,
}

/// `GET /v1/items/{item}/path`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PathView {
    /// What was resolved, such as `g12/api`.
    pub handle: String,
    /// The absolute directory; it exists.
    pub directory: String,
}
