//! Workspaces and their repositories.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`WorkspaceList`].
pub const WORKSPACES_SCHEMA: &str = "ganger/workspaces/1";

/// `POST /v1/workspaces`: makes a directory with a `.ganger/workspace.toml` known, once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewWorkspace {
    /// The command key.
    pub key: String,
    /// The directory, absolute.
    pub directory: String,
}

/// `GET /v1/workspaces`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkspaceList {
    /// `ganger/workspaces/1`.
    pub schema: String,
    /// The workspaces, by name.
    pub workspaces: Vec<WorkspaceView>,
}

/// A workspace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkspaceView {
    /// The ULID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The directory.
    pub directory: String,
    /// Its repositories, by name.
    pub repositories: Vec<RepositoryView>,
}

/// One repository of a workspace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RepositoryView {
    /// The name: the directory's, as discovered.
    pub name: String,
    /// The directory.
    pub directory: String,
    /// The base branch; `null` when it could not be found out.
    pub base_branch: Option<String>,
    /// The remote that is fetched and pushed; `null` without one.
    pub remote: Option<String>,
    /// Languages found, the most used first.
    pub languages: Vec<String>,
    /// Why it can't be worked on, in one sentence; `null` when it can.
    pub refused: Option<String>,
}
