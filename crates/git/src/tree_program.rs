//! The program that runs git in a working tree which an agent can write. It runs inside the sandbox of that
//! agent's session, so what the tree makes git do can do no more than the agent itself could.

mod difference;
mod finish;
mod place;
mod preserve;

use crate::error::{GitError, IoContext, Result};
use crate::lock::{is_open, lock_files};
use crate::names::CommitId;
use crate::ref_git::{harden, lossy};
use crate::run::{Call, Git};
use crate::tree_git::{StatusEntry, TreeAction, TreeOutcome, TreeRequest};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const REQUEST_LIMIT: u64 = 4 << 20;
const PATCH_LIMIT: usize = 16 << 20;
/// How long a lock file may stand before it counts as left behind: a git may still run there.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// The same where nothing of ours runs any more, and only a person's git could.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);

/// The early entry `ganger tree-git REQUEST.json`: does what the file says and prints the outcome as one line
/// of JSON. `arguments` are those behind the command's name. Exit codes: 0 with an outcome, 1 when the outcome
/// is a failure, 2 for wrong use.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let [file] = arguments.as_slice() else {
        let _ = writeln!(std::io::stderr(), "usage: ganger tree-git REQUEST.json");
        return ExitCode::from(2);
    };
    let outcome = read_request(Path::new(file)).and_then(|request| run(&request)).unwrap_or_else(failed);
    let bad = matches!(outcome, TreeOutcome::Failed { .. });
    let line = serde_json::to_string(&outcome).unwrap_or_default();
    let printed = writeln!(std::io::stdout(), "{line}");
    if bad || printed.is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn read_request(file: &Path) -> Result<TreeRequest> {
    let size = fs::metadata(file).doing("read the request", file)?.len();
    if size > REQUEST_LIMIT {
        return Err(GitError::Refused(format!(
            "the request `{}` has more than {REQUEST_LIMIT} bytes",
            file.display()
        )));
    }
    let text = fs::read(file).doing("read the request", file)?;
    serde_json::from_slice(&text).map_err(std::io::Error::other).doing("read the request", file)
}

/// Carries out a request in this process, with git from this process's `PATH`.
///
/// # Errors
/// Whatever keeps it from being carried out; [`main`] makes [`TreeOutcome::Failed`] of it.
pub fn run(request: &TreeRequest) -> Result<TreeOutcome> {
    let tree = Tree { git: Git::find_here()?, request };
    fs::create_dir_all(&request.scratch).doing("make the directory", &request.scratch)?;
    match &request.action {
        TreeAction::Checkout { read_only, copy, link } => {
            let commit = tree.check_out()?;
            let missing = place::place(&request.worktree, copy, link)?;
            if *read_only {
                take_write_rights(&request.worktree)?;
            }
            Ok(TreeOutcome::CheckedOut { commit, missing })
        }
        TreeAction::MoveTo { commit } => tree.move_to(commit),
        TreeAction::Status => {
            let entries = tree.changes()?.into_iter();
            let entries = entries
                .map(|change| StatusEntry { path: lossy(&change.path), state: change.state })
                .collect();
            Ok(TreeOutcome::Status { entries })
        }
        TreeAction::Diff(request) => tree.diff(request),
        TreeAction::ReleaseLocks => tree.release_locks(SHORT_PATIENCE).map(|()| TreeOutcome::Released),
        TreeAction::FinishTurn(turn) => tree.finish_turn(turn),
        TreeAction::Preserve { base, bundle, signature } => tree.preserve(base, bundle, signature),
    }
}

/// A failure as an outcome.
fn failed(error: GitError) -> TreeOutcome {
    TreeOutcome::Failed { message: error.to_string() }
}

/// A changed path, as bytes: not every path is UTF-8.
struct Change {
    path: Vec<u8>,
    state: String,
}

impl Change {
    /// Whether the index has lost it already: `git add` knows no such path any more, and there is nothing to add.
    fn is_staged_removal(&self) -> bool {
        self.state == "D "
    }
}

struct Tree<'a> {
    git: Git,
    request: &'a TreeRequest,
}

impl<'a> Tree<'a> {
    fn call(&self, doing: &str) -> Call<'a> {
        let request = self.request;
        let call = Call::new(doing, &request.worktree)
            .env("GIT_DIR", &request.git_directory)
            .env("GIT_COMMON_DIR", &request.git_directory)
            .env("GIT_WORK_TREE", &request.worktree)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_ASKPASS", "false");
        harden(call).limit(Duration::from_millis(request.timeout_ms))
    }

    fn commit_of(&self, name: &str) -> Result<Option<CommitId>> {
        let doing = format!("look up `{name}`");
        let call =
            self.call(&doing).args(["rev-parse", "--verify", "--quiet"]).arg(format!("{name}^{{commit}}"));
        let output = self.git.run(call)?;
        match output.code {
            Some(0) => Ok(Some(output.text().parse()?)),
            Some(1) => Ok(None),
            _ => Err(output.failure(&doing)),
        }
    }

    fn text(&self, doing: &str, arguments: &[&str]) -> Result<String> {
        Ok(self.git.run_ok(self.call(doing).args(arguments))?.text())
    }

    fn check_out(&self) -> Result<CommitId> {
        if !self.request.git_directory.join("index").exists() {
            self.release_locks(LOCK_PATIENCE)?;
            self.text("write the files of the checkout", &["reset", "--hard", "--quiet"])?;
        }
        self.commit_of("HEAD")?.ok_or_else(|| GitError::Refused("the checkout's HEAD names no commit".into()))
    }

    fn move_to(&self, commit: &CommitId) -> Result<TreeOutcome> {
        self.release_locks(LOCK_PATIENCE)?;
        let doing = format!("move the checkout to {}", commit.short());
        if self.request.git_directory.join("index").exists() {
            self.text(&doing, &["reset", "--hard", "--quiet"])?;
        }
        self.text(&doing, &["checkout", "--force", "--quiet", "--detach", commit.as_str()])?;
        self.text(&doing, &["clean", "-ffd", "--quiet"])?;
        let found = self.commit_of("HEAD")?;
        if found.as_ref() != Some(commit) {
            return Err(GitError::Refused(format!("the checkout did not move to {commit}")));
        }
        Ok(TreeOutcome::CheckedOut { commit: commit.clone(), missing: Vec::new() })
    }

    /// Removes the lock files that a killed git left; waits for a git that still runs.
    fn release_locks(&self, patience: Duration) -> Result<()> {
        let start = Instant::now();
        for lock in lock_files(&self.request.git_directory)? {
            while fs::symlink_metadata(&lock).is_ok() {
                if start.elapsed() < patience {
                    std::thread::sleep(Duration::from_millis(50));
                } else if is_open(&lock) {
                    return Err(GitError::Refused(format!(
                        "a git that still runs holds `{}`",
                        lock.display()
                    )));
                } else {
                    fs::remove_file(&lock).doing("remove the stale lock", &lock)?;
                }
            }
        }
        Ok(())
    }

    fn changes(&self) -> Result<Vec<Change>> {
        let call = self.call("list what changed").args(["status", "--porcelain", "-z", "--no-renames"]);
        let call = call.args(["--untracked-files=all", "--ignore-submodules=all"]);
        let output = self.git.run_ok(call)?;
        let parts = output.parts().filter(|part| part.len() > 3);
        Ok(parts.map(|part| Change { state: lossy(&part[..2]), path: part[3..].to_vec() }).collect())
    }

    /// A copy of the index, in the scratch directory, that may be changed freely.
    fn scratch_index(&self) -> Result<PathBuf> {
        let copy = self.request.scratch.join(format!("index-{}", std::process::id()));
        match fs::copy(self.request.git_directory.join("index"), &copy) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(GitError::Io { doing: "copy the index to", path: copy, source }),
        }
        Ok(copy)
    }

    /// Writes a bundle of these refs without what `base` has, so that it appears whole or not at all.
    fn write_bundle(&self, bundle: &Path, base: &CommitId, refs: &[String]) -> Result<()> {
        let new = bundle.with_extension("part");
        let call =
            self.call("write the bundle").args(["bundle", "create", "--quiet", "--version=2"]).arg(&new);
        self.git.run_ok(call.args(refs).arg(format!("^{base}")))?;
        fs::rename(&new, bundle).doing("write", bundle)
    }

    fn path_of(&self, path: &[u8]) -> PathBuf {
        self.request.worktree.join(OsStr::from_bytes(path))
    }
}

/// Takes the right to write from everything below `directory` and from itself.
fn take_write_rights(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory).doing("read", directory)? {
        let entry = entry.doing("read", directory)?;
        let kind = entry.file_type().doing("look at", directory)?;
        if kind.is_dir() {
            take_write_rights(&entry.path())?;
        } else if kind.is_file() {
            remove_write(&entry.path())?;
        }
    }
    remove_write(directory)
}

fn remove_write(path: &Path) -> Result<()> {
    let mut permissions = fs::symlink_metadata(path).doing("look at", path)?.permissions();
    permissions.set_mode(permissions.mode() & !0o222);
    fs::set_permissions(path, permissions).doing("make read-only", path)
}
