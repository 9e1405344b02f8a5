//! Git on mirrors: outside every sandbox, never with a working tree, never in a directory that an agent can
//! write.

use crate::clone_settings::CloneSettings;
use crate::error::{GitError, Result};
use crate::lock::{LOCK_WAIT, RepositoryLock};
use crate::mirror::Mirror;
use crate::names::{CommitId, check_component};
use crate::run::{Call, Git, Input, REMOTE_LIMIT};
use ganger_kill_point::reach;
use std::path::Path;

/// Git for ganger's own bare repositories. Its calls come in two profiles: *local* ones obey no configuration
/// and no protocol, *remote* ones use the person's credentials and the settings of their clone; both have hooks,
/// fsmonitor, external diff, text conversion and `ext::` off.
#[derive(Clone, Debug)]
pub struct RefGit {
    git: Git,
}

/// Switched off on every call: what could start a program or follow files that nobody checked.
pub(crate) const HARDENED: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "status.submoduleSummary=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "protocol.ext.allow=never",
];

/// What a test merge of two commits gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MergeCheck {
    /// They merge without a conflict.
    Clean,
    /// They do not; the paths in conflict.
    Conflict {
        /// The paths, as git names them.
        paths: Vec<String>,
    },
}

impl RefGit {
    /// Ref git with this program.
    pub fn new(git: Git) -> Self {
        Self { git }
    }

    /// The program.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// A call of the local profile on the bare repository `directory`.
    pub(crate) fn local<'a>(&self, doing: impl Into<String>, directory: &'a Path) -> Call<'a> {
        let call = Call::new(doing, directory)
            .env("GIT_DIR", directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_ASKPASS", "false");
        harden(call)
    }

    /// A call of the remote profile on a mirror: the person's configuration, and of their clone's what says how
    /// to reach its remotes.
    pub(crate) fn remote<'a>(
        &self,
        doing: impl Into<String>,
        mirror: &'a Mirror,
        settings: &CloneSettings,
    ) -> Call<'a> {
        // Relative addresses of remotes are relative to the clone.
        let mut call = Call::new(doing, &mirror.source.directory)
            .env("GIT_DIR", &mirror.path)
            .env("GIT_ASKPASS", "false");
        for (name, value) in settings.person_environment() {
            call = call.env(name, value);
        }
        for (number, (name, value)) in settings.remote_pairs().iter().enumerate() {
            // By the environment, because an address or a header may bear a token.
            call = call
                .env(format!("GIT_CONFIG_KEY_{number}"), name)
                .env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        let call = call.env("GIT_CONFIG_COUNT", settings.remote_pairs().len().to_string());
        harden(call).limit(REMOTE_LIMIT)
    }

    /// Waits for the mirror's lock.
    pub(crate) fn lock(&self, mirror: &Mirror) -> Result<RepositoryLock> {
        RepositoryLock::take(&mirror.path, LOCK_WAIT)
    }

    /// The commit that a full ref name or a commit id names; `None` where there is none.
    ///
    /// # Errors
    /// When git cannot read the mirror.
    pub fn resolve(&self, mirror: &Mirror, name: &str) -> Result<Option<CommitId>> {
        if name.starts_with('-') {
            return Err(GitError::BadName {
                what: "a commit",
                name: name.into(),
                rule: "it does not start with `-`",
            });
        }
        let doing = format!("look up `{name}` in `{}`", mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args(["rev-parse", "--verify", "--quiet"])
            .arg(format!("{name}^{{commit}}"));
        let output = self.git.run(call)?;
        match output.code {
            Some(0) => Ok(Some(output.text().parse()?)),
            Some(1) => Ok(None),
            // Git says 128 for an id of the right form whose object is missing.
            Some(128) if name.parse::<CommitId>().is_ok() => Ok(None),
            _ => Err(output.failure(&doing)),
        }
    }

    /// Whether `ancestor` is `descendant` or lies in its history.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn is_ancestor(&self, mirror: &Mirror, ancestor: &CommitId, descendant: &CommitId) -> Result<bool> {
        let doing =
            format!("compare {} with {} in `{}`", ancestor.short(), descendant.short(), mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args(["merge-base", "--is-ancestor"])
            .arg(ancestor)
            .arg(descendant);
        let output = self.git.run(call)?;
        match output.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(output.failure(&doing)),
        }
    }

    /// The best common ancestor of two commits; `None` for unrelated histories.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn merge_base(&self, mirror: &Mirror, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>> {
        let doing = format!("compare {} with {} in `{}`", one.short(), other.short(), mirror.source.name);
        let output = self.git.run(self.local(&doing, &mirror.path).arg("merge-base").arg(one).arg(other))?;
        match output.code {
            Some(0) => Ok(Some(output.text().parse()?)),
            Some(1) => Ok(None),
            _ => Err(output.failure(&doing)),
        }
    }

    /// How many commits `to` has that `from` has not.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn count_commits(&self, mirror: &Mirror, from: &CommitId, to: &CommitId) -> Result<u64> {
        let doing = format!("count the commits of `{}`", mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args(["rev-list", "--count"])
            .arg(format!("{from}..{to}"))
            .arg("--");
        let text = self.git.run_ok(call)?.text();
        text.parse().map_err(|_| GitError::Unreadable { doing, text })
    }

    /// Merges two commits without touching anything, to see whether they conflict.
    ///
    /// # Errors
    /// When a commit is missing, the histories are unrelated, or git cannot read the mirror.
    pub fn merge_check(&self, mirror: &Mirror, ours: &CommitId, theirs: &CommitId) -> Result<MergeCheck> {
        let doing =
            format!("try to merge {} and {} in `{}`", ours.short(), theirs.short(), mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args(["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z"])
            .arg(ours)
            .arg(theirs);
        let output = self.git.run(call)?;
        match output.code {
            Some(0) => Ok(MergeCheck::Clean),
            // The first part is the tree with conflict marks.
            Some(1) => Ok(MergeCheck::Conflict { paths: output.parts().skip(1).map(lossy).collect() }),
            _ => Err(output.failure(&doing)),
        }
    }

    /// Keeps the base commit of an item from being pruned, as `refs/ganger/base/<item>`. A later call moves it.
    ///
    /// # Errors
    /// A bad item name, or what git said.
    pub fn hold_base(&self, mirror: &Mirror, item: &str, commit: &CommitId) -> Result<()> {
        let reference = format!("refs/ganger/base/{}", check_component("a work item", item)?);
        let lock = self.lock(mirror)?;
        let call =
            self.local(format!("set {reference}"), &mirror.path).args(["update-ref", "--no-deref", "--"]);
        self.git.run_ok(call.arg(&reference).arg(commit).input(Input::Lock(&lock)))?;
        Ok(())
    }

    /// Lets go of an item's base commit; nothing happens where none is held.
    ///
    /// # Errors
    /// A bad item name, or what git said.
    pub fn release_base(&self, mirror: &Mirror, item: &str) -> Result<()> {
        let reference = format!("refs/ganger/base/{}", check_component("a work item", item)?);
        let lock = self.lock(mirror)?;
        let call = self.local(format!("delete {reference}"), &mirror.path).args([
            "update-ref",
            "--no-deref",
            "-d",
            "--",
        ]);
        self.git.run_ok(call.arg(&reference).input(Input::Lock(&lock)))?;
        Ok(())
    }

    /// Creates a ref that never moves. Doing it again with the same commit is no error.
    pub(crate) fn create_ref(
        &self,
        mirror: &Mirror,
        lock: &RepositoryLock,
        reference: &str,
        commit: &CommitId,
    ) -> Result<()> {
        if let Some(found) = self.resolve(mirror, reference)? {
            let same = found == *commit;
            return if same {
                Ok(())
            } else {
                Err(GitError::RefTaken { reference: reference.into(), found: found.into() })
            };
        }
        reach("git.before_update_ref");
        let call = self
            .local(format!("create {reference}"), &mirror.path)
            .args(["update-ref", "--no-deref", "--", reference, commit.as_str(), ZERO])
            .input(Input::Lock(lock));
        self.git.run_ok(call)?;
        reach("git.after_update_ref");
        Ok(())
    }
}

/// The old value that stands for "no such ref".
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// The environment and flags of every call, whatever its profile.
pub(crate) fn harden(call: Call<'_>) -> Call<'_> {
    let call = call
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_EDITOR", "false")
        .args(["--no-pager", "--literal-pathspecs"]);
    HARDENED.iter().fold(call, |call, setting| call.arg("-c").arg(setting))
}

/// A path as git printed it, for texts: what is not UTF-8 is replaced.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
