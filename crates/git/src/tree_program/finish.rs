//! The end of a turn: is the branch in order, what was left uncommitted, and what goes into the bundle.

use super::{LOCK_PATIENCE, Tree};
use crate::error::{GitError, Result};
use crate::leftovers::{Finding, Reason, judge};
use crate::names::{CommitId, check_branch};
use crate::ref_git::lossy;
use crate::run::Input;
use crate::tree_git::{FinishTurn, Signature, TreeOutcome, TurnProblem};
use std::fs;

impl Tree<'_> {
    pub(super) fn finish_turn(&self, turn: &FinishTurn) -> Result<TreeOutcome> {
        let branch = check_branch(&turn.branch)?;
        self.release_locks(LOCK_PATIENCE)?;
        if let Some(problem) = self.find_problem(branch, &turn.base)? {
            let sentence = sentence(&problem, branch, &turn.base);
            return Ok(TreeOutcome::NotInOrder { problem, sentence });
        }
        let (leftovers, held) = self.commit_leftovers(branch, turn)?;
        let reference = format!("refs/heads/{branch}");
        let commit = self
            .commit_of(&reference)?
            .ok_or_else(|| GitError::Refused(format!("branch `{branch}` vanished while it was read")))?;
        let range = format!("{}..{commit}", turn.base);
        let count = self.text("count the commits of the turn", &["rev-list", "--count", &range, "--"])?;
        if count == "0" || turn.previous.as_ref() == Some(&commit) {
            return Ok(TreeOutcome::NothingNew { held });
        }
        self.write_bundle(&turn.bundle, &turn.base, &[reference])?;
        Ok(TreeOutcome::Candidate { commit, leftovers, held })
    }

    fn find_problem(&self, branch: &str, base: &CommitId) -> Result<Option<TurnProblem>> {
        // An unfinished rebase also detaches HEAD; its name helps more.
        let operations = [
            ("rebase-merge", "rebase"),
            ("rebase-apply/applying", "am"),
            ("rebase-apply", "rebase"),
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
        ];
        for (file, operation) in operations {
            if self.request.git_directory.join(file).exists() {
                return Ok(Some(TurnProblem::Unfinished { operation: operation.into() }));
            }
        }
        let output = self.git.run(self.call("read HEAD").args(["symbolic-ref", "--quiet", "HEAD"]))?;
        let found = match output.code {
            Some(0) => output.text(),
            Some(1) => self.text("read HEAD", &["rev-parse", "--verify", "HEAD"])?,
            _ => return Err(output.failure("read HEAD")),
        };
        if found != format!("refs/heads/{branch}") {
            let found = found.trim_start_matches("refs/heads/").to_owned();
            return Ok(Some(TurnProblem::HeadElsewhere { found }));
        }
        if self.commit_of("HEAD")?.is_none() {
            return Ok(Some(TurnProblem::BranchGone));
        }
        let call = self.call("compare the branch with its base").args(["merge-base", "--is-ancestor"]);
        let output = self.git.run(call.arg(base).arg("HEAD"))?;
        match output.code {
            Some(0) => Ok(None),
            Some(1) => Ok(Some(TurnProblem::BaseNotAncestor)),
            _ => Err(output.failure("compare the branch with its base")),
        }
        .and_then(|problem| match problem {
            None if self.changes()?.iter().any(|change| is_unmerged(&change.state)) => {
                Ok(Some(TurnProblem::Unmerged))
            }
            problem => Ok(problem),
        })
    }

    fn commit_leftovers(&self, branch: &str, turn: &FinishTurn) -> Result<(Option<CommitId>, Vec<Finding>)> {
        let (mut held, mut add, mut drop) = (Vec::new(), Vec::new(), Vec::new());
        for change in self.changes()?.into_iter().filter(|change| !change.is_staged_removal()) {
            let path = lossy(&change.path);
            let new = change.state == "??" || change.state.starts_with('A');
            let reason = if change.path.ends_with(b"/") {
                Some(Reason::Repository)
            } else if new {
                let size =
                    fs::symlink_metadata(self.path_of(&change.path)).ok().map(|metadata| metadata.len());
                judge(&path, size, &turn.copied_in)
            } else {
                None
            };
            let list = match reason {
                Some(reason) => {
                    held.push(Finding { path, reason, commit: None });
                    if change.state == "??" { continue } else { &mut drop }
                }
                None => &mut add,
            };
            list.extend_from_slice(&change.path);
            list.push(0);
        }
        let doing = "commit what was left uncommitted";
        if !add.is_empty() {
            let call =
                self.call(doing).args(["add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"]);
            self.git.run_ok(call.input(Input::Bytes(add)))?;
        }
        if !drop.is_empty() {
            let call = self.call(doing).args(["update-index", "--force-remove", "-z", "--stdin"]);
            self.git.run_ok(call.input(Input::Bytes(drop)))?;
        }
        let tree = self.text(doing, &["write-tree"])?;
        let commit = self.commit_tree(&tree, &turn.signature)?;
        if let Some(commit) = &commit {
            let old = self.text(doing, &["rev-parse", "--verify", "HEAD"])?;
            let reference = format!("refs/heads/{branch}");
            self.text(
                doing,
                &["update-ref", "-m", "ganger: leftovers", "--", &reference, commit.as_str(), &old],
            )?;
        }
        Ok((commit, held))
    }

    /// A commit of this tree on top of HEAD; `None` when HEAD has the same tree.
    pub(super) fn commit_tree(&self, tree: &str, signature: &Signature) -> Result<Option<CommitId>> {
        let doing = "commit what was left uncommitted";
        if self.text(doing, &["rev-parse", "--verify", "HEAD^{tree}"])? == tree {
            return Ok(None);
        }
        let date = format!("{} +0000", signature.seconds);
        let mut call = self.call(doing).args(["commit-tree", tree, "-p", "HEAD", "-F", "-"]);
        for who in ["AUTHOR", "COMMITTER"] {
            call = call
                .env(format!("GIT_{who}_NAME"), &signature.name)
                .env(format!("GIT_{who}_EMAIL"), &signature.email)
                .env(format!("GIT_{who}_DATE"), &date);
        }
        let output = self.git.run_ok(call.input(Input::Bytes(signature.message.clone().into_bytes())))?;
        output.text().parse().map(Some)
    }
}

fn is_unmerged(state: &str) -> bool {
    state.contains('U') || matches!(state, "AA" | "DD")
}

fn sentence(problem: &TurnProblem, branch: &str, base: &CommitId) -> String {
    match problem {
        TurnProblem::HeadElsewhere { found } => {
            format!("HEAD is on `{found}`: bring your work onto branch `{branch}` and check that branch out")
        }
        TurnProblem::Unfinished { operation } => {
            format!("a {operation} is not finished: finish it or abort it with `git {operation} --abort`")
        }
        TurnProblem::Unmerged => "files are in conflict: resolve them and commit".into(),
        TurnProblem::BaseNotAncestor => format!(
            "branch `{branch}` no longer contains its base commit {}: rebase your work onto that commit",
            base.short()
        ),
        TurnProblem::BranchGone => {
            format!("branch `{branch}` does not exist any more: create it again with your work")
        }
    }
}
