//! ganger's own bare repository of each repository: made from the user's clone by hard links, without the user's
//! branches, and refreshed from the same remotes.

use crate::error::{GitError, IoContext, Result};
use crate::layout::Layout;
use crate::lock::{LOCK_WAIT, RepositoryLock};
use crate::names::CommitId;
use crate::ref_git::RefGit;
use crate::run::Input;
use ganger_kill_point::reach;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A repository of the user, as far as a mirror needs to know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RepositorySource {
    /// Its name in the workspace.
    pub name: String,
    /// Its common git directory, absolute and without links.
    pub git_directory: PathBuf,
    /// The directory in which the user would run git: relative addresses of remotes start here.
    pub directory: PathBuf,
    /// The remote that is fetched; `None` for a repository without remotes.
    pub remote: Option<String>,
    /// The remote that is pushed to; mostly the same.
    pub push_remote: Option<String>,
}

/// A mirror that exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mirror {
    /// Its bare git directory.
    pub path: PathBuf,
    /// What it mirrors.
    pub source: RepositorySource,
}

/// Where a base branch stands after a refresh.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BaseBranch {
    /// The branch that the remote's HEAD names (without a remote: the branch that HEAD of the clone names).
    pub branch: String,
    /// Its commit.
    pub tip: CommitId,
}

const CONFIGURATION: &str = "\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[receive]
\thideRefs = refs/
[uploadpack]
\thideRefs = refs/ganger
\tallowAnySHA1InWant = true
";

impl Mirror {
    /// The ref of a branch as it was last fetched.
    pub fn base_reference(&self, branch: &str) -> String {
        match &self.source.remote {
            Some(remote) => format!("refs/remotes/{remote}/{branch}"),
            None => format!("refs/ganger/clone/{branch}"),
        }
    }

    /// The object directories that a worktree borrows from: the mirror's, and those that it borrows from itself
    /// because the user's clone does. Sandboxed sessions must be able to read them.
    pub fn object_directories(&self) -> Vec<PathBuf> {
        let objects = self.path.join("objects");
        let mut directories = vec![objects.clone()];
        directories.extend(alternates(&objects));
        directories
    }

    /// When the mirror was last refreshed, in milliseconds of the caller's clock; `None` when never.
    pub fn refreshed_at(&self) -> Option<u64> {
        fs::read_to_string(self.path.join("ganger-refreshed")).ok()?.trim().parse().ok()
    }
}

impl RefGit {
    /// The mirror of a repository of `workspace` (its directory name); made now where there is none. It holds
    /// what the clone knows of its remote; [`RefGit::refresh`] asks the remote itself.
    ///
    /// # Errors
    /// When the clone cannot be read or the mirror not be written.
    pub fn mirror(&self, layout: &Layout, workspace: &str, source: &RepositorySource) -> Result<Mirror> {
        let path = layout.mirror(workspace, &source.name, &source.git_directory)?;
        let mirror = Mirror { path, source: source.clone() };
        if mirror.path.join("HEAD").is_file() {
            return Ok(mirror);
        }
        let lock = RepositoryLock::take(&mirror.path, LOCK_WAIT)?;
        if mirror.path.join("HEAD").is_file() {
            return Ok(mirror);
        }
        let mut new = mirror.path.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        if new.exists() {
            // What a killed process left: we hold the lock, and nothing has used it.
            fs::remove_dir_all(&new).doing("remove the unfinished mirror", &new)?;
        }
        fs::create_dir_all(&new).doing("make the directory", &new)?;
        let doing = format!("make a mirror of `{}`", source.name);
        let init = self.local(&doing, &new).args([
            "init",
            "--quiet",
            "--bare",
            "--template=",
            "--initial-branch=none",
        ]);
        self.git().run_ok(init.input(Input::Lock(&lock)))?;
        fs::write(new.join("config"), CONFIGURATION).doing("write the configuration of", &new)?;
        link_objects(&source.git_directory, &new)?;
        let shallow = source.git_directory.join("shallow");
        if shallow.is_file() {
            fs::copy(&shallow, new.join("shallow")).doing("copy", &shallow)?;
        }
        // The user's branches serve the first negotiation with the remote only, or a clone without
        // remote-tracking refs would be downloaded whole; the first refresh deletes them.
        let mut fetch = self
            .local(&doing, &new)
            .env("GIT_ALLOW_PROTOCOL", "file")
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"])
            .args(["--update-shallow", "--end-of-options"])
            .arg(&source.git_directory)
            .arg("+refs/heads/*:refs/ganger/seed/*");
        if let Some(remote) = &source.remote {
            fetch = fetch
                .arg(format!("+refs/remotes/{remote}/*:refs/remotes/{remote}/*"))
                .arg(format!("^refs/remotes/{remote}/HEAD"));
        }
        self.git().run_ok(fetch.input(Input::Lock(&lock)))?;
        fs::rename(&new, &mirror.path).doing("put the mirror in its place", &mirror.path)?;
        Ok(mirror)
    }

    /// Fetches every branch of the remote (of the clone where there is no remote: the branch its HEAD names) and
    /// says where the base branch stands. `now` is written down for the cool-down.
    ///
    /// # Errors
    /// When the remote cannot be reached, has no commit, or its HEAD names no branch.
    pub fn refresh(&self, mirror: &Mirror, now: u64) -> Result<BaseBranch> {
        let lock = self.lock(mirror)?;
        reach("git.before_fetch");
        let base = match &mirror.source.remote {
            Some(remote) => self.refresh_remote(mirror, remote, &lock)?,
            None => self.refresh_clone(mirror, &lock)?,
        };
        reach("git.after_fetch");
        self.delete_seeds(mirror, &lock)?;
        let record = mirror.path.join("ganger-refreshed");
        fs::write(&record, now.to_string()).doing("write", &record)?;
        Ok(base)
    }

    /// The base branch as of the last refresh, without asking anybody; `None` before the first one.
    ///
    /// # Errors
    /// When git cannot read the mirror.
    pub fn last_base(&self, mirror: &Mirror) -> Result<Option<BaseBranch>> {
        let head = mirror.base_reference("HEAD");
        let doing = format!("read {head}");
        let output = self.git().run(self.local(&doing, &mirror.path).args([
            "symbolic-ref",
            "--quiet",
            "--",
            &head,
        ]))?;
        let name = match output.code {
            Some(0) => output.text(),
            Some(1) => return Ok(None),
            _ => return Err(output.failure(&doing)),
        };
        let prefix = mirror.base_reference("");
        let Some(branch) = name.strip_prefix(&prefix).map(str::to_owned) else { return Ok(None) };
        Ok(self.resolve(mirror, &name)?.map(|tip| BaseBranch { branch, tip }))
    }

    fn refresh_remote(&self, mirror: &Mirror, remote: &str, lock: &RepositoryLock) -> Result<BaseBranch> {
        let settings = self.clone_settings(&mirror.source)?;
        let name = &mirror.source.name;
        let doing = format!("ask `{remote}` of `{name}` for its default branch");
        let call = self.remote(&doing, mirror, &settings).args([
            "ls-remote",
            "--symref",
            "--quiet",
            "--",
            remote,
            "HEAD",
        ]);
        let text = self.git().run_ok(call.input(Input::Lock(lock)))?.text();
        let branch = text
            .lines()
            .find_map(|line| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD"))
            .ok_or_else(|| {
                GitError::Refused(if text.is_empty() {
                    format!("`{remote}` of `{name}` has no commit on its default branch yet: push one first")
                } else {
                    format!(
                        "HEAD of `{remote}` of `{name}` names no branch: set a default branch on the remote, ganger \
                         does not guess it"
                    )
                })
            })?
            .to_owned();
        let call = self
            .remote(format!("fetch `{remote}` of `{name}`"), mirror, &settings)
            .args([
                "fetch",
                "--quiet",
                "--prune",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
            ])
            .args(["--refmap=", "--end-of-options", remote])
            .arg(format!("+refs/heads/*:refs/remotes/{remote}/*"));
        self.git().run_ok(call.input(Input::Lock(lock)))?;
        self.settle_base(mirror, branch, lock)
    }

    fn refresh_clone(&self, mirror: &Mirror, lock: &RepositoryLock) -> Result<BaseBranch> {
        let source = &mirror.source;
        let doing = format!("find the branch of `{}`", source.name);
        let call = self.local(&doing, &source.git_directory).args(["symbolic-ref", "--quiet", "HEAD"]);
        let output = self.git().run(call)?;
        let branch = output.text().strip_prefix("refs/heads/").map(str::to_owned).ok_or_else(|| {
            GitError::Refused(format!(
                "`{}` has no remote and its HEAD is on no branch: check out the branch to build on",
                source.name
            ))
        })?;
        let call = self
            .local(format!("fetch `{branch}` from the clone of `{}`", source.name), &mirror.path)
            .env("GIT_ALLOW_PROTOCOL", "file")
            .args([
                "fetch",
                "--quiet",
                "--prune",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
            ])
            .args(["--update-shallow", "--end-of-options"])
            .arg(&source.git_directory)
            .arg(format!("+refs/heads/{branch}:{}", mirror.base_reference(&branch)));
        self.git().run_ok(call.input(Input::Lock(lock)))?;
        self.settle_base(mirror, branch, lock)
    }

    /// Writes down which branch is the base and reads its commit.
    fn settle_base(&self, mirror: &Mirror, branch: String, lock: &RepositoryLock) -> Result<BaseBranch> {
        let reference = mirror.base_reference(&branch);
        let head = mirror.base_reference("HEAD");
        let call =
            self.local(format!("set {head}"), &mirror.path).args(["symbolic-ref", "--", &head, &reference]);
        self.git().run_ok(call.input(Input::Lock(lock)))?;
        let tip = self.resolve(mirror, &reference)?.ok_or_else(|| {
            GitError::Refused(format!(
                "the default branch `{branch}` of `{}` has no commit",
                mirror.source.name
            ))
        })?;
        Ok(BaseBranch { branch, tip })
    }

    fn delete_seeds(&self, mirror: &Mirror, lock: &RepositoryLock) -> Result<()> {
        let doing = format!("tidy the mirror of `{}`", mirror.source.name);
        let call = self.local(&doing, &mirror.path).args([
            "for-each-ref",
            "--format=delete %(refname)",
            "refs/ganger/seed",
        ]);
        let list = self.git().run_ok(call)?.stdout;
        if !list.is_empty() {
            let call = self.local(&doing, &mirror.path).args(["update-ref", "--no-deref", "--stdin"]);
            self.git().run_ok(call.input(Input::Bytes(list)))?;
            // Held until here: this call reads its commands where the others hold the lock.
            let _ = lock;
        }
        Ok(())
    }
}

/// Links every object of `from` (a git directory) into `to`; copies where links are impossible.
fn link_objects(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.join("objects"), to.join("objects"));
    let mut indexes = Vec::new();
    for fan in read_names(&from)? {
        let directory = from.join(&fan);
        let loose = fan.len() == 2 && fan.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !(loose || fan == "pack") {
            continue;
        }
        fs::create_dir_all(to.join(&fan)).doing("make the directory", &to)?;
        for name in read_names(&directory)? {
            let (source, target) = (directory.join(&name), to.join(&fan).join(&name));
            if loose && name.len() == 38 || [".pack", ".rev"].iter().any(|end| name.ends_with(end)) {
                link(&source, &target)?;
            } else if name.ends_with(".idx") {
                indexes.push((source, target));
            }
        }
    }
    // An index makes git look for its pack, so packs come first.
    for (source, target) in indexes {
        link(&source, &target)?;
    }
    let borrowed = alternates(&from);
    if !borrowed.is_empty() {
        let info = to.join("info");
        fs::create_dir_all(&info).doing("make the directory", &info)?;
        let lines: String = borrowed.iter().map(|path| format!("{}\n", path.display())).collect();
        fs::write(info.join("alternates"), lines).doing("write the alternates of", &to)?;
    }
    Ok(())
}

fn read_names(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).doing("read", directory)? {
        names.extend(entry.doing("read", directory)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn link(source: &Path, target: &Path) -> Result<()> {
    match fs::hard_link(source, target) {
        Ok(()) => Ok(()),
        // The user's git has packed it meanwhile: the fetch that follows brings what is missing.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => fs::copy(source, target).map(|_| ()).doing("copy", source),
    }
}

/// The object directories that one borrows from, absolute.
fn alternates(objects: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| objects.join(line)).collect()
}
