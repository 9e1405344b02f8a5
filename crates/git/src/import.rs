//! How commits come out of a worktree: a bundle that a sandboxed job wrote is fetched into the mirror. The
//! agent's git directory is never opened.

use crate::error::{GitError, IoContext, Result};
use crate::lock::RepositoryLock;
use crate::mirror::Mirror;
use crate::names::{CommitId, check_branch, check_component};
use crate::ref_git::RefGit;
use crate::run::{Input, LOCAL_LIMIT};
use ganger_kill_point::reach;
use rustix::fs::{Mode, OFlags};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What an import may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImportLimits {
    /// The largest bundle, in bytes.
    pub bytes: u64,
    /// The longest that one call of git may take.
    pub time: Duration,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { bytes: 2_000_000_000, time: LOCAL_LIMIT }
    }
}

/// Which candidate is imported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CandidateImport<'a> {
    /// The item's directory name.
    pub item: &'a str,
    /// The candidate's number within the item and repository; it never names another commit.
    pub number: u32,
    /// The item's branch.
    pub branch: &'a str,
    /// The base commit, which the candidate must contain.
    pub base: &'a CommitId,
}

/// The first git whose fetch from a bundle obeys `transfer.fsckObjects`.
const FETCH_CHECKS_BUNDLES: (u32, u32) = (2, 46);
const MAX_PRESERVED: usize = 1000;

impl RefGit {
    /// Imports the branch in `bundle` as candidate number `number` of an item and returns its commit as the
    /// mirror sees it. A candidate never moves; importing the same one again is no error.
    ///
    /// # Errors
    /// When the bundle is no regular file, too large, damaged, forged or incomplete, when its branch does not
    /// contain `base`, or when the number names another commit.
    pub fn import_candidate(
        &self,
        mirror: &Mirror,
        wanted: CandidateImport<'_>,
        bundle: &Path,
        limits: ImportLimits,
    ) -> Result<CommitId> {
        let CandidateImport { item, number, branch, base } = wanted;
        let item = check_component("a work item", item)?;
        let wanted = format!("refs/heads/{}", check_branch(branch)?);
        let reference = format!("refs/ganger/candidate/{item}/{number}");
        let lock = self.lock(mirror)?;
        reach("git.before_import");
        let copy = Copied::take(mirror, bundle, limits.bytes)?;
        let doing = format!("import `{branch}` of `{}`", mirror.source.name);
        let heads = self.fetch_bundle(mirror, &lock, &copy, &doing, limits)?;
        reach("git.in_import");
        let commit =
            heads.into_iter().find_map(|(name, commit)| (name == wanted).then_some(commit)).ok_or_else(
                || GitError::Refused(format!("could not {doing}: the bundle has no branch of that name")),
            )?;
        if !self.is_ancestor(mirror, base, &commit)? {
            return Err(GitError::Refused(format!(
                "could not {doing}: {} does not contain its base {}",
                commit.short(),
                base.short()
            )));
        }
        self.create_ref(mirror, &lock, &reference, &commit)?;
        self.drop_incoming(mirror, &lock)?;
        reach("git.after_import");
        Ok(commit)
    }

    /// The candidates of an item, by number.
    ///
    /// # Errors
    /// A bad item name, or what git said.
    pub fn candidates(&self, mirror: &Mirror, item: &str) -> Result<Vec<(u32, CommitId)>> {
        let prefix = format!("refs/ganger/candidate/{}/", check_component("a work item", item)?);
        let mut found = Vec::new();
        for (name, commit) in self.refs_below(mirror, &prefix)? {
            if let Ok(number) = name[prefix.len()..].parse() {
                found.push((number, commit));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Imports everything in a bundle of [`crate::TreeAction::Preserve`] as `refs/ganger/preserved/<session>/<n>`
    /// and returns those refs. What is saved under that session already is not saved twice.
    ///
    /// # Errors
    /// As [`RefGit::import_candidate`].
    pub fn import_preserved(
        &self,
        mirror: &Mirror,
        session: &str,
        bundle: &Path,
        limits: ImportLimits,
    ) -> Result<Vec<(String, CommitId)>> {
        let prefix = format!("refs/ganger/preserved/{}/", check_component("a session", session)?);
        let lock = self.lock(mirror)?;
        reach("git.before_import");
        let copy = Copied::take(mirror, bundle, limits.bytes)?;
        let doing = format!("save what stands in a worktree of `{}`", mirror.source.name);
        let heads = self.fetch_bundle(mirror, &lock, &copy, &doing, limits)?;
        reach("git.in_import");
        let mut saved = self.refs_below(mirror, &prefix)?;
        let numbers = saved.iter().filter_map(|(name, _)| name[prefix.len()..].parse::<u64>().ok());
        let mut next = numbers.max().map_or(1, |highest| highest + 1);
        let mut result = Vec::new();
        for (_, commit) in heads {
            if let Some(found) = saved.iter().find(|(_, saved)| *saved == commit) {
                result.push(found.clone());
                continue;
            }
            let name = format!("{prefix}{next}");
            self.create_ref(mirror, &lock, &name, &commit)?;
            next += 1;
            saved.push((name.clone(), commit.clone()));
            result.push((name, commit));
        }
        self.drop_incoming(mirror, &lock)?;
        reach("git.after_import");
        result.sort();
        result.dedup();
        Ok(result)
    }

    /// What was saved of a worktree under this name, in order.
    ///
    /// # Errors
    /// The name is no part of a ref, or the mirror cannot be read.
    pub fn preserved(&self, mirror: &Mirror, session: &str) -> Result<Vec<(String, CommitId)>> {
        let prefix = format!("refs/ganger/preserved/{}/", check_component("a session", session)?);
        self.refs_below(mirror, &prefix)
    }

    /// Fetches every head of the bundle below `refs/ganger/incoming/` and returns them under their names in the
    /// bundle.
    fn fetch_bundle(
        &self,
        mirror: &Mirror,
        lock: &RepositoryLock,
        copy: &Copied,
        doing: &str,
        limits: ImportLimits,
    ) -> Result<Vec<(String, CommitId)>> {
        let version = self.git().version();
        if (version.major, version.minor) < FETCH_CHECKS_BUNDLES {
            self.check_pack(mirror, copy, doing, limits)?;
        }
        self.drop_incoming(mirror, lock)?;
        let call = self
            .local(doing, &mirror.path)
            .env("GIT_ALLOW_PROTOCOL", "file")
            .args([
                "-c",
                "transfer.fsckObjects=true",
                "-c",
                "fetch.fsckObjects=true",
                "-c",
                "fetch.unpackLimit=1",
            ])
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"])
            .args(["--no-auto-maintenance", "--refmap=", "--end-of-options"])
            .arg(&copy.path)
            .arg("+refs/*:refs/ganger/incoming/*")
            .limit(limits.time);
        self.git().run_ok(call.input(Input::Lock(lock)))?;
        let prefix = "refs/ganger/incoming/";
        let found = self.refs_below(mirror, prefix)?;
        if found.len() > MAX_PRESERVED {
            return Err(GitError::Refused(format!(
                "could not {doing}: the bundle has more than {MAX_PRESERVED} branches"
            )));
        }
        Ok(found.into_iter().map(|(name, id)| (format!("refs/{}", &name[prefix.len()..]), id)).collect())
    }

    /// What the fetch of a newer git does by itself: checks each object of the bundle's pack.
    pub(crate) fn check_pack(
        &self,
        mirror: &Mirror,
        copy: &Copied,
        doing: &str,
        limits: ImportLimits,
    ) -> Result<()> {
        let file = File::open(&copy.path).doing("read", &copy.path)?;
        let mut reader = BufReader::new(file);
        let mut header = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let length =
                reader.by_ref().take(64 << 10).read_until(b'\n', &mut line).doing("read", &copy.path)?;
            header += length as u64;
            if length == 0 || header > 1 << 20 {
                return Err(GitError::Refused(format!("could not {doing}: the file is not a bundle")));
            }
            if line == b"\n" {
                break;
            }
        }
        let mut file = reader.into_inner();
        file.seek(SeekFrom::Start(header)).doing("read", &copy.path)?;
        let call = self
            .local(doing, &mirror.path)
            .args(["index-pack", "--stdin", "--fix-thin", "--strict"])
            .input(Input::File(file))
            .limit(limits.time);
        self.git().run_ok(call).map(|_| ())
    }

    fn drop_incoming(&self, mirror: &Mirror, lock: &RepositoryLock) -> Result<()> {
        let incoming = self.refs_below(mirror, "refs/ganger/incoming/")?;
        for (name, _) in incoming {
            let call = self.local(format!("delete {name}"), &mirror.path).args([
                "update-ref",
                "--no-deref",
                "-d",
                "--",
            ]);
            self.git().run_ok(call.arg(&name).input(Input::Lock(lock)))?;
        }
        Ok(())
    }

    /// The refs below a prefix that ends in a slash, with the commits they name. Refs to other objects are left
    /// out.
    pub(crate) fn refs_below(&self, mirror: &Mirror, prefix: &str) -> Result<Vec<(String, CommitId)>> {
        let doing = format!("list {prefix} of `{}`", mirror.source.name);
        let call = self
            .local(&doing, &mirror.path)
            .args([
                "for-each-ref",
                "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)",
            ])
            .arg(prefix);
        let text = self.git().run_ok(call)?.text();
        let mut found = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.splitn(5, ' ').collect();
            let [kind, id, peeled_kind, peeled, name] = fields.as_slice() else {
                return Err(GitError::Unreadable { doing, text: line.into() });
            };
            match (*kind, *peeled_kind) {
                ("commit", _) => found.push(((*name).to_owned(), id.parse()?)),
                ("tag", "commit") => found.push(((*name).to_owned(), peeled.parse()?)),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// A copy of the bundle where its writer cannot change it any more.
pub(crate) struct Copied {
    pub(crate) path: PathBuf,
}

impl Copied {
    pub(crate) fn take(mirror: &Mirror, bundle: &Path, limit: u64) -> Result<Self> {
        // Neither through a link nor waiting for a writer of a FIFO.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(bundle, flags, Mode::empty()).doing("open the bundle", bundle)?;
        let file = File::from(file);
        let metadata = file.metadata().doing("open the bundle", bundle)?;
        if !metadata.is_file() {
            return Err(GitError::Refused(format!(
                "the bundle `{}` is not a regular file",
                bundle.display()
            )));
        }
        let too_large =
            || GitError::Refused(format!("the bundle `{}` has more than {limit} bytes", bundle.display()));
        if metadata.len() > limit {
            return Err(too_large());
        }
        let mut name = mirror.path.clone().into_os_string();
        name.push(".incoming");
        let copy = Self { path: name.into() };
        let mut target = File::create(&copy.path).doing("write", &copy.path)?;
        let copied = std::io::copy(&mut file.take(limit + 1), &mut target).doing("write", &copy.path)?;
        target.flush().doing("write", &copy.path)?;
        if copied > limit {
            return Err(too_large());
        }
        Ok(copy)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // The next import writes over what stays here.
        let _ = fs::remove_file(&self.path);
    }
}
