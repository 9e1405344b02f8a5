//! Publishing exactly one commit as one branch: on the remote, or in a clone that has no remote.

use crate::error::{GitError, Result};
use crate::mirror::Mirror;
use crate::names::{CommitId, check_branch};
use crate::ref_git::{RefGit, ZERO};
use crate::run::Input;
use ganger_kill_point::reach;

/// What a push found and did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Published {
    /// The branch stands on the commit now.
    Moved,
    /// It stood there already, from an attempt whose end nobody saw.
    Already,
}

impl RefGit {
    /// Publishes `commit` as `branch`. With a remote: pushes, on the condition that the branch still stands on
    /// `old` (`None`: does not exist). Without one: creates the branch in the user's clone, never moves it
    /// unless it stands on `old`, which ganger itself put there.
    ///
    /// # Errors
    /// `RemoteMoved` when the branch stands on a third commit; otherwise what git said, and the branch is where
    /// it was.
    pub fn publish(
        &self,
        mirror: &Mirror,
        branch: &str,
        commit: &CommitId,
        old: Option<&CommitId>,
    ) -> Result<Published> {
        check_branch(branch)?;
        let remote = mirror.source.push_remote.as_ref().or(mirror.source.remote.as_ref());
        match remote {
            Some(remote) => self.push(mirror, remote, branch, commit, old),
            None => self.publish_into_clone(mirror, branch, commit, old),
        }
    }

    /// The commit on which `branch` stands where it is published: on the remote, or in a clone that has none.
    ///
    /// # Errors
    /// When the remote cannot be asked.
    pub fn published_tip(&self, mirror: &Mirror, branch: &str) -> Result<Option<CommitId>> {
        check_branch(branch)?;
        match mirror.source.push_remote.as_ref().or(mirror.source.remote.as_ref()) {
            Some(remote) => self.remote_tip(mirror, remote, branch),
            None => self.clone_tip(mirror, branch),
        }
    }

    /// The commit on which `branch` stands on a remote, asked now.
    ///
    /// # Errors
    /// When the remote cannot be asked.
    pub fn remote_tip(&self, mirror: &Mirror, remote: &str, branch: &str) -> Result<Option<CommitId>> {
        let settings = self.clone_settings(&mirror.source)?;
        let reference = format!("refs/heads/{}", check_branch(branch)?);
        let doing = format!("ask `{remote}` of `{}` for `{branch}`", mirror.source.name);
        let call = self.remote(&doing, mirror, &settings).args(["ls-remote", "--quiet"]);
        // `ls-remote` lists of the push address only when it is given as such.
        let address = settings.get(&format!("remote.{remote}.pushurl")).unwrap_or(remote).to_owned();
        let text = self.git().run_ok(call.args(["--", &address, &reference]))?.text();
        // The pattern also matches a name that ends in it.
        let line = text.lines().find_map(|line| line.strip_suffix(&format!("\t{reference}")));
        line.map(str::parse).transpose()
    }

    fn push(
        &self,
        mirror: &Mirror,
        remote: &str,
        branch: &str,
        commit: &CommitId,
        old: Option<&CommitId>,
    ) -> Result<Published> {
        let lock = self.lock(mirror)?;
        match self.remote_tip(mirror, remote, branch)? {
            Some(found) if found == *commit => return Ok(Published::Already),
            found if found.as_ref() != old => return Err(moved(remote, branch, old, found)),
            _ => {}
        }
        reach("git.before_push");
        let settings = self.clone_settings(&mirror.source)?;
        let expected = old.map(CommitId::as_str).unwrap_or_default();
        let call = self
            .remote(format!("push `{branch}` to `{remote}` of `{}`", mirror.source.name), mirror, &settings)
            .args(["push", "--quiet", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"])
            .args(["--recurse-submodules=no", "--no-thin"])
            .arg(format!("--force-with-lease=refs/heads/{branch}:{expected}"))
            .args(["--", remote])
            .arg(format!("{commit}:refs/heads/{branch}"))
            .input(Input::Lock(&lock));
        let pushed = self.git().run_ok(call);
        reach("git.after_push");
        let Err(error) = pushed else { return Ok(Published::Moved) };
        // Whatever git thinks happened: the remote knows.
        match self.remote_tip(mirror, remote, branch) {
            Ok(Some(found)) if found == *commit => Ok(Published::Moved),
            Ok(found) if found.as_ref() != old => Err(moved(remote, branch, old, found)),
            _ => Err(error),
        }
    }

    /// The one case in which ganger writes into the user's clone: the commit's objects and one ref.
    fn publish_into_clone(
        &self,
        mirror: &Mirror,
        branch: &str,
        commit: &CommitId,
        old: Option<&CommitId>,
    ) -> Result<Published> {
        let source = &mirror.source;
        match self.clone_tip(mirror, branch)? {
            Some(found) if found == *commit => return Ok(Published::Already),
            found if found.as_ref() != old => return Err(moved("your clone", branch, old, found)),
            _ => {}
        }
        let lock = self.lock(mirror)?;
        reach("git.before_push");
        let doing = format!("publish `{branch}` in the clone of `{}`", source.name);
        // The candidate's ref carries the commit over; nothing but objects arrives.
        let call = self
            .local(&doing, &source.git_directory)
            .env("GIT_ALLOW_PROTOCOL", "file")
            .args(["fetch", "--quiet", "--no-tags"])
            .args(["--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--refmap="])
            .args(["--no-prune", "--no-show-forced-updates", "--end-of-options"])
            .arg(&mirror.path)
            .arg(commit)
            .input(Input::Lock(&lock));
        self.git().run_ok(call)?;
        let reference = format!("refs/heads/{branch}");
        let expected = old.map_or(ZERO, CommitId::as_str);
        let call = self
            .local(&doing, &source.git_directory)
            .args(["update-ref", "--no-deref", "--create-reflog", "-m", "ganger: publish", "--"])
            .args([&reference, commit.as_str(), expected])
            .env("GIT_COMMITTER_NAME", "ganger")
            .env("GIT_COMMITTER_EMAIL", "ganger@localhost")
            .input(Input::Lock(&lock));
        let updated = self.git().run_ok(call);
        reach("git.after_push");
        match (updated, self.clone_tip(mirror, branch)?) {
            (_, Some(found)) if found == *commit => Ok(Published::Moved),
            (_, found) if found.as_ref() != old => Err(moved("your clone", branch, old, found)),
            (Err(error), _) => Err(error),
            (Ok(_), _) => Err(GitError::Refused(format!("could not {doing}: the branch did not appear"))),
        }
    }

    fn clone_tip(&self, mirror: &Mirror, branch: &str) -> Result<Option<CommitId>> {
        let directory = &mirror.source.git_directory;
        let doing = format!("look up `{branch}` in the clone of `{}`", mirror.source.name);
        let call = self.local(&doing, directory).args(["rev-parse", "--verify", "--quiet"]);
        let output = self.git().run(call.arg(format!("refs/heads/{branch}")))?;
        match output.code {
            Some(0) => Ok(Some(output.text().parse()?)),
            Some(1) => Ok(None),
            _ => Err(output.failure(&doing)),
        }
    }
}

fn moved(remote: &str, branch: &str, expected: Option<&CommitId>, found: Option<CommitId>) -> GitError {
    GitError::RemoteMoved {
        remote: remote.into(),
        branch: branch.into(),
        expected: expected.map(ToString::to_string),
        found: found.map(Into::into),
    }
}
