//! Whether a push would be let in, asked before an hour of work depends on it. Nothing is sent, and no repository of
//! the person's is written.

use crate::error::{GitError, IoContext, Result};
use crate::mirror::{Mirror, RepositorySource};
use crate::ref_git::RefGit;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The branch that is not pushed.
const BRANCH: &str = "refs/heads/ganger-push-trial";

impl RefGit {
    /// Asks the push remote of a repository, as a push of the clone's HEAD would be asked, whether it lets the person
    /// in. Nobody is asked for a password. `scratch` is an empty directory, which holds a bare repository afterwards.
    ///
    /// # Errors
    /// What git or the remote said, or that it did not answer within `limit`; `Refused` where there is no remote.
    pub fn try_push(&self, source: &RepositorySource, scratch: &Path, limit: Duration) -> Result<()> {
        let remote = source.push_remote.as_ref().or(source.remote.as_ref()).ok_or_else(|| {
            GitError::Refused(format!("`{}` has no remote, so nothing is pushed", source.name))
        })?;
        let doing = format!("ask `{remote}` of `{}` whether it takes a push", source.name);
        let call = self.local(&doing, &source.git_directory).args(["rev-parse", "--verify", "--quiet"]);
        let head = self.git().run(call.arg("HEAD^{commit}"))?;
        if head.code != Some(0) {
            return Err(GitError::Refused(format!("`{}` has no commit that could be pushed", source.name)));
        }
        // A repository of our own, so that of the clone's configuration only what reaches the remote counts.
        for directory in ["objects", "refs"] {
            let directory = scratch.join(directory);
            fs::create_dir_all(&directory).doing("make", &directory)?;
        }
        let file = scratch.join("HEAD");
        fs::write(&file, "ref: refs/heads/none\n").doing("write", &file)?;
        let settings = self.clone_settings(source)?;
        let own = Mirror { path: scratch.to_owned(), source: source.clone() };
        let call = self
            .remote(&doing, &own, &settings)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", source.git_directory.join("objects"))
            .args(["push", "--dry-run", "--quiet", "--porcelain", "--no-verify", "--no-follow-tags"])
            .args(["--no-signed", "--recurse-submodules=no", "--", remote.as_str()])
            .arg(format!("{}:{BRANCH}", head.text().trim()))
            .limit(limit);
        self.git().run_ok(call).map(|_| ())
    }
}
