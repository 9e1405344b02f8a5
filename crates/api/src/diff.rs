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
    /// The item's ULID.
    pub id: String,
    /// The item's handle.
    pub handle: String,
    /// What is shown.
    pub kind: DiffKind,
    /// One entry per repository asked for, in the order of the waves.
    pub repositories: Vec<RepositoryDiff>,
}

/// What a difference shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// Everything since the base.
    Whole,
    /// What changed since earlier answers.
    Since,
    /// What lies outside the scopes of the sub-plans.
    Drift,
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
    /// The last candidate; `null` before the first.
    pub head: Option<String>,
    /// The sums; `null` before the worktree exists.
    pub changes: Option<ChangeCount>,
    /// The files.
    pub files: Vec<FileChange>,
    /// The unified diff; `null` when only the counts were asked for.
    pub patch: Option<String>,
    /// Whether the patch was cut at the daemon's limit.
    pub truncated: bool,
    /// What stands there now, as a tree that [`crate::routes::DiffQuery::since`] takes another time; `null` when only
    /// the counts were asked for.
    pub tree: Option<String>,
    /// Whether these are the changes since the tree that was given; otherwise they are those since the base.
    pub is_since: bool,
    /// Whether the sub-plan's scope names paths, so that drift can be told.
    pub has_scope: bool,
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
    /// Whether any of it is not committed.
    pub uncommitted: bool,
    /// Whether it lies outside the scope of the sub-plan.
    pub is_outside_scope: bool,
}

/// `GET /v1/items/{item}/path`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PathView {
    /// What was resolved, such as `g12/api`.
    pub handle: String,
    /// The absolute directory; it exists.
    pub directory: String,
}
