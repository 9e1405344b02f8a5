//! What stands in a checkout against a commit, or against what stood there before.

use super::{Change, PATCH_LIMIT, Tree};
use crate::error::{GitError, Result};
use crate::names::CommitId;
use crate::ref_git::lossy;
use crate::run::{Input, Output, shorten};
use crate::tree_git::{
    DiffRequest, FileDiff, FileStat, FileState, TreeOutcome, parse_name_status, parse_numstat,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

impl Tree<'_> {
    pub(super) fn diff(&self, request: &DiffRequest) -> Result<TreeOutcome> {
        let index = self.scratch_index()?;
        let outcome = self.diff_with(&index, request);
        let _ = fs::remove_file(&index);
        outcome
    }

    fn diff_with(&self, index: &Path, request: &DiffRequest) -> Result<TreeOutcome> {
        let doing = format!("compare the checkout with {}", request.base.short());
        let changes = self.changes()?;
        let known = |state: &str| state != "??";
        let files = changes.iter().filter(|change| !change.path.ends_with(b"/"));
        let untracked: BTreeSet<String> =
            files.clone().filter(|change| !known(&change.state)).map(|change| lossy(&change.path)).collect();
        let uncommitted: BTreeSet<String> = files.clone().map(|change| lossy(&change.path)).collect();
        let mut paths = Vec::new();
        let wanted = |change: &&Change| request.snapshot || !known(&change.state);
        for change in files.filter(wanted).filter(|change| !change.is_staged_removal()) {
            paths.extend_from_slice(&change.path);
            paths.push(0);
        }
        if !paths.is_empty() {
            // What is kept as a tree needs its contents; to be compared, a name is enough.
            let how = if request.snapshot { "--all" } else { "--intent-to-add" };
            let call = self.call(&doing).env("GIT_INDEX_FILE", index).args(["add", how]);
            let call = call.args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
            self.git.run_ok(call.input(Input::Bytes(paths)))?;
        }
        let tree = if request.snapshot {
            let call = self.call(&doing).env("GIT_INDEX_FILE", index).arg("write-tree");
            Some(self.git.run_ok(call)?.text().parse()?)
        } else {
            None
        };
        let since = match &request.since {
            Some(since) if self.has_tree(since)? => Some(since),
            _ => None,
        };
        let against = since.unwrap_or(&request.base);
        let run = |form: &[&str]| self.compare(&doing, index, against, &request.paths, form);
        let unreadable =
            |output: &Output| GitError::Unreadable { doing: doing.clone(), text: shorten(&output.text()) };
        let output = run(&["--numstat", "-z"])?;
        let stats = parse_numstat(output.parts()).ok_or_else(|| unreadable(&output))?;
        let output = run(&["--name-status", "-z"])?;
        let states = parse_name_status(output.parts()).ok_or_else(|| unreadable(&output))?;
        let file = |stat: FileStat| FileDiff {
            state: match states.get(&stat.path) {
                _ if untracked.contains(&stat.path) => FileState::Untracked,
                Some(state) => *state,
                None => FileState::Modified,
            },
            uncommitted: uncommitted.contains(&stat.path),
            stat,
        };
        let patch = if request.patch { Some(lossy(&run(&["--patch"])?.stdout)) } else { None };
        let files = stats.into_iter().map(file).collect();
        Ok(TreeOutcome::Diff { files, patch, tree, is_since: since.is_some() })
    }

    fn compare(
        &self,
        doing: &str,
        index: &Path,
        against: &CommitId,
        paths: &[String],
        form: &[&str],
    ) -> Result<Output> {
        let call = self.call(doing).env("GIT_INDEX_FILE", index).arg("diff").args(form);
        let call = call.args(["--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--find-renames"]);
        let call = call.arg(against).arg("--").args(paths);
        self.git.run_ok(call.output_limit(PATCH_LIMIT))
    }

    /// Whether a tree is still there: the checkout may have been made anew.
    fn has_tree(&self, tree: &CommitId) -> Result<bool> {
        let call = self.call("look for an earlier state").args(["cat-file", "-e"]);
        Ok(self.git.run(call.arg(format!("{tree}^{{tree}}")))?.code == Some(0))
    }
}
