//! Plain git in directories of our own making: what a demonstration builds its throw-away repositories with.

use crate::error::Result;
use crate::run::{Call, Git};
use std::path::Path;

impl Git {
    /// Runs git in a directory that nobody else uses, with fixed author and dates and no configuration of the
    /// person's, and returns what it printed.
    ///
    /// # Errors
    /// What git said.
    pub fn scratch(&self, directory: &Path, arguments: &[&str]) -> Result<String> {
        let call = Call::new(format!("run git {}", arguments.join(" ")), directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.invalid")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.invalid")
            .env("GIT_AUTHOR_DATE", "2026-01-01T09:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T09:00:00Z")
            .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgSign=false"])
            .args(arguments.iter().copied());
        Ok(self.run_ok(call)?.text())
    }
}
