//! A place below `GANGER_HOME` for one command at a time, with hosts of its own, of which nothing is left: neither
//! files nor processes, also after a kill.

use crate::config::Sources;
use crate::error::{CodedError, ErrorKind};
use ganger_orchestrator::run::Trouble;
use ganger_orchestrator::run::trial::throw_away;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The place, which is this process's as long as it lives.
pub(super) struct Place {
    home: PathBuf,
    name: &'static str,
    _lock: File,
}

impl Place {
    /// Takes the place of this name.
    ///
    /// # Errors
    /// Another command has it (`place.taken`), or it cannot be made.
    pub(super) fn take(sources: &Sources, name: &'static str) -> Result<Self, CodedError> {
        sources.paths.create_home()?;
        let home = sources.paths.home().join(name);
        let lock = sources.paths.home().join(format!("{name}.lock"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock)
            .map_err(|error| CodedError::file("open", &lock, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { home, name, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(CodedError::new(
                ErrorKind::Refused,
                "place.taken",
                format!("another command works in {} at this moment", home.display()),
            )),
            Err(TryLockError::Error(error)) => Err(CodedError::file("lock", &lock, &error)),
        }
    }

    /// A copy of this program in it, so that an upgrade in the meantime does not pull it away from under hosts.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn program(&self, own: &Path) -> Result<PathBuf, CodedError> {
        let program = self.home.join("ganger");
        std::fs::hard_link(own, &program)
            .or_else(|_| std::fs::copy(own, &program).map(|_| ()))
            .map_err(|error| CodedError::file("copy", own, &error))?;
        Ok(program)
    }

    /// Does the work in the place, which is empty and not there for anybody else, and clears it again. Blocks; Ctrl-C
    /// ends it.
    ///
    /// # Errors
    /// Those of the work, or it was interrupted.
    pub(super) fn run<T>(
        &self,
        work: impl AsyncFnOnce(&Path) -> Result<T, CodedError>,
    ) -> Result<T, CodedError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| CodedError::file("start the threads of", &self.home, &error))?;
        let result = runtime.block_on(async {
            // What an earlier command left that was killed.
            self.clear().await?;
            DirBuilder::new()
                .mode(0o700)
                .create(&self.home)
                .map_err(|error| CodedError::file("make", &self.home, &error))?;
            let done = tokio::select! {
                done = work(&self.home) => done,
                interrupted = tokio::signal::ctrl_c() => Err(self.interrupted(interrupted.err())),
            };
            self.clear().await?;
            done
        });
        // A git that still runs in a thread ends with its own limit.
        runtime.shutdown_timeout(Duration::from_secs(1));
        result
    }

    fn interrupted(&self, error: Option<std::io::Error>) -> CodedError {
        match error {
            None => CodedError::new(
                ErrorKind::Failed,
                "interrupted",
                format!("the {} was interrupted, and nothing was written", self.name),
            ),
            Some(error) => CodedError::file("wait for the end of", &self.home, &error),
        }
    }

    async fn clear(&self) -> Result<(), CodedError> {
        throw_away(&self.home).await.map_err(|trouble| {
            let reason = match trouble {
                Trouble::Again(reason) | Trouble::Refused(reason) => reason,
                Trouble::Cancelled => "it was cancelled".to_owned(),
            };
            let message = format!("{} cannot be cleared: {reason}", self.home.display());
            CodedError::new(ErrorKind::Environment, "place.not_cleared", message)
        })
    }
}
