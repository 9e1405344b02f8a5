//! Saving everything that stands in a checkout before it is removed.

use super::{LOCK_PATIENCE, Tree};
use crate::error::{GitError, Result};
use crate::names::CommitId;
use crate::ref_git::lossy;
use crate::run::Input;
use crate::tree_git::{Signature, TreeOutcome};
use std::fs;
use std::path::Path;

/// Stashes beyond this are a reason to ask a person.
const MAX_STASHES: usize = 100;

impl Tree<'_> {
    pub(super) fn preserve(
        &self,
        base: &CommitId,
        bundle: &Path,
        signature: &Signature,
    ) -> Result<TreeOutcome> {
        self.release_locks(LOCK_PATIENCE)?;
        let doing = "save what stands in the checkout";
        let head = self.commit_of("HEAD")?;
        let save = |name: &str, commit: &CommitId| {
            self.text(doing, &["update-ref", "--", &format!("refs/ganger/preserve/{name}"), commit.as_str()])
        };
        if let Some(head) = &head {
            save("head", head)?;
            let index = self.scratch_index()?;
            let snapshot = self.snapshot(&index, signature);
            let _ = fs::remove_file(&index);
            if let Some(commit) = snapshot? {
                save("uncommitted", &commit)?;
            }
        } else if !self.changes()?.is_empty() {
            return Err(GitError::Refused(
                "HEAD names no commit, but files stand in the checkout: look at it yourself".into(),
            ));
        }
        if self.commit_of("refs/stash")?.is_some() {
            let list = self.text(doing, &["rev-list", "--walk-reflogs", "refs/stash", "--"])?;
            let stashes: Vec<CommitId> = list.lines().map(str::parse).collect::<Result<_>>()?;
            if stashes.len() > MAX_STASHES {
                return Err(GitError::Refused(format!(
                    "more than {MAX_STASHES} stashes stand in the checkout: look at it yourself"
                )));
            }
            for (number, commit) in stashes.iter().enumerate() {
                save(&format!("stash-{number}"), commit)?;
            }
        }
        // Whatever name it has: branches, tags, notes, what was saved just now.
        let refs =
            self.text(doing, &["for-each-ref", "--format=%(refname)", &format!("--no-merged={base}")])?;
        let refs: Vec<String> =
            refs.lines().filter(|name| !name.starts_with("refs/remotes/")).map(str::to_owned).collect();
        if refs.is_empty() {
            return Ok(TreeOutcome::Preserved { bundle: false });
        }
        self.write_bundle(bundle, base, &refs)?;
        Ok(TreeOutcome::Preserved { bundle: true })
    }

    /// A commit of everything that is not ignored, made with an index of its own.
    fn snapshot(&self, index: &Path, signature: &Signature) -> Result<Option<CommitId>> {
        let doing = "save uncommitted work";
        let mut paths = Vec::new();
        for change in self.changes()? {
            if change.path.ends_with(b"/") {
                return Err(GitError::Refused(format!(
                    "`{}` is a repository of its own, which ganger cannot save: move it away first",
                    lossy(&change.path)
                )));
            }
            if !change.is_staged_removal() {
                paths.extend_from_slice(&change.path);
                paths.push(0);
            }
        }
        if !paths.is_empty() {
            let call = self.call(doing).env("GIT_INDEX_FILE", index).args(["add", "--all"]);
            let call = call.args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
            self.git.run_ok(call.input(Input::Bytes(paths)))?;
        }
        let tree = self.git.run_ok(self.call(doing).env("GIT_INDEX_FILE", index).arg("write-tree"))?.text();
        self.commit_tree(&tree, signature)
    }
}
