//! What the runners need to know of configuration and machine. The daemon provides it; nothing here reads a file
//! or an environment.

use ganger_core::process::SandboxMode;
use ganger_core::repository::CheckDefinition;
use ganger_git::Discoverer;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What holds for the whole site.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// `GANGER_HOME`.
    pub home: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The copy of this program that hosts run from.
    pub program: PathBuf,
    /// `PATH` for agents and jobs.
    pub path: String,
    /// The user's home directory.
    pub user_home: PathBuf,
    /// Variables of the login environment that jobs and agents get.
    pub environment: BTreeMap<String, String>,
    /// How strictly sandboxes are meant.
    pub mode: SandboxMode,
    /// What any implementation session or job may write besides its own: caches, and what the person named.
    pub write: Vec<PathBuf>,
    /// What no session may read.
    pub hide: Vec<PathBuf>,
    /// A base fetched more recently than this is not fetched again, in milliseconds.
    pub refresh_after_ms: u64,
    /// Fetches at once.
    pub parallel_fetches: usize,
}

/// How an agent program is run.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// The harness that speaks to it, one of `ganger_harness::KINDS`.
    pub harness: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its own variables.
    pub environment: BTreeMap<String, String>,
    /// Directories of its state, which it may write.
    pub state: Vec<PathBuf>,
    /// Directories that must be there, which it may not write.
    pub there: Vec<PathBuf>,
    /// The model to ask for.
    pub model: Option<String>,
    /// How strictly its sandbox is meant, where that differs from the site.
    pub mode: Option<SandboxMode>,
}

/// What the workspace's configuration says of one repository.
#[derive(Clone, Debug, Default)]
pub struct RepositorySettings {
    /// The base branch; none for the remote's HEAD.
    pub base: Option<String>,
    /// A line for the planner.
    pub hints: String,
    /// The remote to fetch.
    pub remote: Option<String>,
    /// The remote to push to.
    pub push_remote: Option<String>,
    /// Copied into each worktree.
    pub copy: Vec<String>,
    /// Linked into each worktree.
    pub link: Vec<String>,
    /// Makes a fresh worktree runnable.
    pub setup: Vec<String>,
    /// The longest each setup command may take, in milliseconds.
    pub setup_timeout_ms: u64,
    /// Proves a candidate.
    pub checks: Vec<CheckDefinition>,
    /// The agent that implements here.
    pub agent: String,
}

/// What the workspace's configuration says.
#[derive(Clone, Debug, Default)]
pub struct WorkspaceSettings {
    /// Directories that are not part of the product.
    pub exclude: Vec<String>,
    /// A document for planners and reviewers, absolute or from the workspace's root; empty for none.
    pub instructions: String,
    /// By repository, for those that are named.
    pub repositories: BTreeMap<String, RepositorySettings>,
    /// For all others.
    pub other: RepositorySettings,
    /// Commands that may refuse the making of a worktree.
    pub before_worktree: Vec<String>,
    /// Commands that are told of a worktree that stands; they may refuse it, too.
    pub after_worktree: Vec<String>,
}

impl WorkspaceSettings {
    /// What holds for a repository.
    pub fn repository(&self, name: &str) -> &RepositorySettings {
        self.repositories.get(name).unwrap_or(&self.other)
    }
}

/// Where the settings come from. Read afresh at each use, so that a change applies live.
pub trait Surroundings: Send + Sync {
    /// What finds and refreshes repositories. Blocks until the person's login environment is known; after that
    /// nothing here does.
    fn discoverer(&self) -> &Discoverer;

    /// Whether a test says what became of every effect, so that none is carried out.
    #[cfg(test)]
    fn is_played(&self) -> bool {
        false
    }

    /// What holds for the whole site.
    ///
    /// # Errors
    /// A sentence that names file and line.
    fn site(&self) -> Result<SiteSettings, String>;
    /// How an agent is run.
    ///
    /// # Errors
    /// A sentence: unknown, or not installed.
    fn agent(&self, name: &str) -> Result<AgentSettings, String>;
    /// What a workspace's configuration says.
    ///
    /// # Errors
    /// A sentence that names file and line.
    fn workspace(&self, directory: &Path) -> Result<WorkspaceSettings, String>;
}
