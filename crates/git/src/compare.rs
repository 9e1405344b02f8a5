//! What lies between two commits of a mirror: files, lines, and what must not be published unasked.

use crate::error::{GitError, Result};
use crate::leftovers::{CopiedIn, Finding, Reason, judge};
use crate::mirror::Mirror;
use crate::names::CommitId;
use crate::ref_git::{RefGit, lossy};
use crate::run::{Input, shorten};
use crate::tree_git::{FileStat, parse_numstat};
use std::collections::{BTreeMap, BTreeSet};

/// A difference longer than this, in bytes, is not shown whole.
pub const PATCH_LIMIT: usize = 32 << 20;

/// The lines of one file that a newer commit has otherwise than an older one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangedLines {
    /// The path.
    pub path: String,
    /// First and last line of each changed run in the newer commit; empty where the whole file counts. Where lines
    /// were only taken away it is the line before them.
    pub lines: Vec<(u32, u32)>,
}

/// Reads the runs off a patch without context. Its files stand in the order of the paths, and no line of content
/// can begin like a header, because each begins with its sign.
fn mark_lines(files: &mut [ChangedLines], patch: &[u8]) {
    let mut file = 0_usize;
    for line in patch.split(|byte| *byte == b'\n') {
        if line.starts_with(b"diff --git ") {
            file += 1;
        } else if let Some(run) = line.strip_prefix(b"@@ ")
            && let Some(known) = file.checked_sub(1).and_then(|index| files.get_mut(index))
        {
            known.lines.extend(new_run(&lossy(run)));
        }
    }
}

/// The run in the newer file of a header such as `-3,2 +4,0 @@`.
fn new_run(header: &str) -> Option<(u32, u32)> {
    let run = header.split(' ').find_map(|word| word.strip_prefix('+'))?;
    let (first, count) = run.split_once(',').unwrap_or((run, "1"));
    let (first, count): (u32, u32) = (first.parse().ok()?, count.parse().ok()?);
    Some((first, first.saturating_add(count.saturating_sub(1))))
}

impl RefGit {
    /// The lines added and removed per file between two commits, renames found.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn stat(&self, mirror: &Mirror, from: &CommitId, to: &CommitId) -> Result<Vec<FileStat>> {
        let doing = format!("compare {} with {} in `{}`", from.short(), to.short(), mirror.source.name);
        let call =
            self.local(&doing, &mirror.path).args(["diff-tree", "-r", "--numstat", "-z", "--find-renames"]);
        let call = call.args(["--no-ext-diff", "--no-textconv", "--ignore-submodules=none"]);
        let output = self.git().run_ok(call.arg(from).arg(to).arg("--"))?;
        parse_numstat(output.parts())
            .ok_or_else(|| GitError::Unreadable { doing, text: shorten(&output.text()) })
    }

    /// The difference between two commits as text, in git's form.
    ///
    /// # Errors
    /// When a commit is missing, or the text is longer than [`PATCH_LIMIT`].
    pub fn patch(&self, mirror: &Mirror, from: &CommitId, to: &CommitId) -> Result<String> {
        let doing = format!("compare {} with {} in `{}`", from.short(), to.short(), mirror.source.name);
        let call = self.local(&doing, &mirror.path).args(["diff-tree", "-r", "--patch", "--find-renames"]);
        let call = call.args(["--no-ext-diff", "--no-textconv", "--ignore-submodules=none"]);
        Ok(lossy(&self.git().run_ok(call.arg(from).arg(to).arg("--").output_limit(PATCH_LIMIT))?.stdout))
    }

    /// The paths that differ between two commits, both names of a renamed file, sorted.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn touched_paths(&self, mirror: &Mirror, from: &CommitId, to: &CommitId) -> Result<Vec<String>> {
        let doing = format!("compare {} with {} in `{}`", from.short(), to.short(), mirror.source.name);
        let call =
            self.local(&doing, &mirror.path).args(["diff-tree", "-r", "--name-only", "-z", "--no-renames"]);
        let output = self.git().run_ok(call.arg("--ignore-submodules=none").arg(from).arg(to).arg("--"))?;
        Ok(output.parts().map(lossy).collect())
    }

    /// The lines of each file that a newer commit has otherwise than an older one, in the order of the paths. A file
    /// that is gone, binary, or beyond [`PATCH_LIMIT`] counts as a whole.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn changed_lines(
        &self,
        mirror: &Mirror,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<ChangedLines>> {
        let whole = |path| ChangedLines { path, lines: Vec::new() };
        let mut files: Vec<ChangedLines> =
            self.touched_paths(mirror, from, to)?.into_iter().map(whole).collect();
        let doing = format!("compare {} with {} in `{}`", from.short(), to.short(), mirror.source.name);
        let call = self.local(&doing, &mirror.path).args([
            "diff-tree",
            "-r",
            "--patch",
            "--unified=0",
            "--no-renames",
        ]);
        let call = call.args(["--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none"]);
        match self.git().run_ok(call.arg(from).arg(to).arg("--").output_limit(PATCH_LIMIT)) {
            Ok(output) => {
                mark_lines(&mut files, &output.stdout);
                Ok(files)
            }
            Err(GitError::TooMuchOutput { .. }) => Ok(files),
            Err(error) => Err(error),
        }
    }

    /// How many lines a file has in a commit; none where the commit has no file of this path. A binary file has no
    /// lines.
    ///
    /// # Errors
    /// When the commit is missing, the file is longer than [`PATCH_LIMIT`], or git cannot read the mirror.
    pub fn line_count(&self, mirror: &Mirror, commit: &CommitId, path: &str) -> Result<Option<u64>> {
        // What leaves the tree, or names a directory, is an error for some gits and no file for all.
        if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
            return Ok(None);
        }
        let doing = format!("look up `{path}` at {} in `{}`", commit.short(), mirror.source.name);
        let call = self.local(&doing, &mirror.path).args(["ls-tree", "-z", "--full-tree"]);
        let output = self.git().run_ok(call.arg(commit).arg("--").arg(path))?;
        // "<mode> <type> <id>\t<path>"; a directory is a tree.
        let file = output.parts().map(lossy).find_map(|entry| {
            let (fields, found) = entry.split_once('\t')?;
            let mut fields = fields.split(' ').skip(1);
            let is_file = found == path && fields.next() == Some("blob");
            fields.next().filter(|_| is_file).map(str::to_owned)
        });
        let Some(id) = file else { return Ok(None) };
        let call = self.local(&doing, &mirror.path).args(["cat-file", "blob"]).arg(id);
        let bytes = self.git().run_ok(call.output_limit(PATCH_LIMIT))?.stdout;
        // As git tells them apart: by a zero byte near the beginning.
        if bytes.iter().take(8000).any(|byte| *byte == 0) {
            return Ok(Some(0));
        }
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(Some(ends + u64::from(bytes.last().is_some_and(|last| *last != b'\n'))))
    }

    /// Everything in `base..candidate` that is a person's decision: judged is each file that any commit on the
    /// way brought or changed, also one that a later commit removed, because all of them would be pushed.
    ///
    /// # Errors
    /// When a commit is missing or git cannot read the mirror.
    pub fn findings(
        &self,
        mirror: &Mirror,
        base: &CommitId,
        candidate: &CommitId,
        copied_in: &CopiedIn,
    ) -> Result<Vec<Finding>> {
        let doing =
            format!("look through {}..{} of `{}`", base.short(), candidate.short(), mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args(["log", "--format=commit %H", "--raw", "-z", "--no-abbrev", "--no-renames", "--root"])
            .args(["--diff-merges=first-parent", "--ignore-submodules=none"])
            .arg(format!("{base}..{candidate}"))
            .arg("--");
        let output = self.git().run_ok(call)?;
        let unreadable = |text: &str| GitError::Unreadable { doing: doing.clone(), text: shorten(text) };
        let mut changes: Vec<(String, String, CommitId)> = Vec::new();
        let mut findings = BTreeSet::new();
        let mut commit: Option<CommitId> = None;
        let mut parts = output.parts();
        while let Some(part) = parts.next() {
            let text = lossy(part);
            let text = text.trim_start_matches('\n');
            if let Some(id) = text.strip_prefix("commit ") {
                commit = Some(id.parse()?);
                continue;
            }
            if text.is_empty() {
                continue;
            }
            // ":<old mode> <new mode> <old id> <new id> <status>", then the path as a part of its own.
            let fields: Vec<&str> = text.trim_start_matches(':').split(' ').collect();
            let ([_, mode, _, id, _], Some(path), Some(commit)) = (fields.as_slice(), parts.next(), &commit)
            else {
                return Err(unreadable(text));
            };
            match *mode {
                "000000" => {}
                "160000" => {
                    let reason = Reason::Repository;
                    findings.insert(Finding { path: lossy(path), reason, commit: Some(commit.clone()) });
                }
                _ => changes.push((lossy(path), (*id).to_owned(), commit.clone())),
            }
        }
        let sizes =
            self.blob_sizes(mirror, changes.iter().map(|(_, id, _)| id.as_str()).collect(), &doing)?;
        for (path, id, commit) in changes {
            if let Some(reason) = judge(&path, sizes.get(&id).copied(), copied_in) {
                findings.insert(Finding { path, reason, commit: Some(commit) });
            }
        }
        Ok(findings.into_iter().collect())
    }

    fn blob_sizes(&self, mirror: &Mirror, ids: BTreeSet<&str>, doing: &str) -> Result<BTreeMap<String, u64>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut input = String::new();
        for id in ids {
            input.push_str(id);
            input.push('\n');
        }
        let call =
            self.local(doing, &mirror.path).args(["cat-file", "--batch-check=%(objectname) %(objectsize)"]);
        let text = self.git().run_ok(call.input(Input::Bytes(input.into_bytes())))?.text();
        let mut sizes = BTreeMap::new();
        for line in text.lines() {
            let (id, size) = line
                .split_once(' ')
                .and_then(|(id, size)| Some((id, size.parse().ok()?)))
                .ok_or_else(|| GitError::Unreadable { doing: doing.into(), text: shorten(line) })?;
            sizes.insert(id.to_owned(), size);
        }
        Ok(sizes)
    }
}
