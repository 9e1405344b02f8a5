//! Where everything that ganger makes with git lies under `GANGER_HOME`.

use crate::error::Result;
use crate::names::{CommitId, check_component, check_repository};
use sha2::{Digest, Sha256};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The paths under one `GANGER_HOME`. `workspace` and `item` are directory names (a name or handle with the end
/// of the id), made by the caller.
///
/// ```text
/// repos/<workspace>/<repository>-<hash>                  mirror, with <…>.lock beside it
/// work/<workspace>/<item>/<repository>                   worktree
/// work/<workspace>/<item>/.proof/<repository>            proof checkout
/// work/<workspace>/<item>/.plan/                         links for a planning session
/// work/<workspace>/.git-directories/<item>/<repository>  the worktree's git directory
/// work/<workspace>/.git-directories/<item>/.proof/<repository>
/// work/<workspace>/.git-directories/<item>/.owner-<repository>.json, .proof/.owner-<repository>.json
/// base/<repository>-<hash>/<commit>                      base checkout
/// base/<repository>-<hash>/.git-directories/<commit>, .git-directories/.owner-<commit>.json
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    home: PathBuf,
}

/// The places of one checkout of ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckoutPlace {
    /// The checkout itself.
    pub worktree: PathBuf,
    /// Its git directory.
    pub git_directory: PathBuf,
    /// Our record of whose it is, which no agent can write.
    pub owner_record: PathBuf,
}

impl Layout {
    /// The layout under `home`, which is absolute.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into() }
    }

    /// `GANGER_HOME`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The mirror of the repository `name` whose common git directory is `git_directory`.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn mirror(&self, workspace: &str, name: &str, git_directory: &Path) -> Result<PathBuf> {
        let workspace = check_component("a workspace", workspace)?;
        Ok(self.home.join("repos").join(workspace).join(repository_key(name, git_directory)?))
    }

    /// The directory that holds an item's worktrees side by side.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn item_directory(&self, workspace: &str, item: &str) -> Result<PathBuf> {
        let (workspace, item) =
            (check_component("a workspace", workspace)?, check_component("a work item", item)?);
        Ok(self.home.join("work").join(workspace).join(item))
    }

    /// The directory of links in which an item's planning session runs.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn plan_directory(&self, workspace: &str, item: &str) -> Result<PathBuf> {
        Ok(self.item_directory(workspace, item)?.join(".plan"))
    }

    /// The item's worktree of the repository `name`.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn worktree(&self, workspace: &str, item: &str, name: &str) -> Result<CheckoutPlace> {
        let name = check_repository(name)?;
        let item_directory = self.item_directory(workspace, item)?;
        let git = self.home.join("work").join(workspace).join(".git-directories").join(item);
        Ok(CheckoutPlace {
            worktree: item_directory.join(name),
            git_directory: git.join(name),
            owner_record: git.join(format!(".owner-{name}.json")),
        })
    }

    /// The item's proof checkout of the repository `name`.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn proof(&self, workspace: &str, item: &str, name: &str) -> Result<CheckoutPlace> {
        let name = check_repository(name)?;
        let item_directory = self.item_directory(workspace, item)?;
        let git = self.home.join("work").join(workspace).join(".git-directories").join(item).join(".proof");
        Ok(CheckoutPlace {
            worktree: item_directory.join(".proof").join(name),
            git_directory: git.join(name),
            owner_record: git.join(format!(".owner-{name}.json")),
        })
    }

    /// The shared checkout of a base commit.
    ///
    /// # Errors
    /// A name that cannot be part of a path.
    pub fn base(&self, name: &str, git_directory: &Path, commit: &CommitId) -> Result<CheckoutPlace> {
        let directory = self.home.join("base").join(repository_key(name, git_directory)?);
        let git = directory.join(".git-directories");
        Ok(CheckoutPlace {
            worktree: directory.join(commit.as_str()),
            git_directory: git.join(commit.as_str()),
            owner_record: git.join(format!(".owner-{commit}.json")),
        })
    }
}

/// `<name>-<hash>`: the hash tells apart repositories of one name by the path of their common git directory.
fn repository_key(name: &str, git_directory: &Path) -> Result<String> {
    let name = check_repository(name)?;
    let digest = Sha256::digest(git_directory.as_os_str().as_bytes());
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{name}-{hash}"))
}
