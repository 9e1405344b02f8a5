//! One writer per mirror, over crashes: a lock that git's own process holds too.

use crate::error::{GitError, IoContext, Result};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How long to wait for another writer before saying that the repository is busy.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(600);

/// The lock of one mirror. Git children get its descriptor as standard input, so a child of a killed daemon
/// still holds it and the next daemon waits for that child instead of working beside it.
#[derive(Debug)]
pub(crate) struct RepositoryLock {
    file: File,
    mirror: PathBuf,
    taken: SystemTime,
}

impl RepositoryLock {
    /// Waits for the lock that lies beside `mirror` as `<mirror>.lock`.
    pub(crate) fn take(mirror: &Path, wait: Duration) -> Result<Self> {
        let mut name = mirror.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).doing("make the directory", parent)?;
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .doing("open", &path)?;
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                    return Err(GitError::Busy { path: mirror.to_owned(), waited: start.elapsed() });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
                Err(TryLockError::Error(source)) => {
                    return Err(GitError::Io { doing: "lock", path, source });
                }
            }
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        let lock = Self { file, mirror: mirror.to_owned(), taken: SystemTime::now() };
        lock.remove_stale()?;
        Ok(lock)
    }

    /// The lock for a child: it shares the open file, hence the lock.
    pub(crate) fn descriptor(&self) -> Result<File> {
        self.file.try_clone().doing("share the lock of", &self.mirror)
    }

    /// Removes git's own lock files that a killed git left behind. Every writer of a mirror holds this lock for
    /// as long as it lives, so what is older than our turn and open in no process belongs to nobody.
    fn remove_stale(&self) -> Result<()> {
        let found = lock_files(&self.mirror)?;
        for path in found {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let older = metadata.modified().is_ok_and(|time| time < self.taken);
            if metadata.is_file() && older && !is_open(&path) {
                fs::remove_file(&path).doing("remove the stale lock", &path)?;
            }
        }
        Ok(())
    }
}

/// The names that lock files of git can have in a git directory, and those that are there below its refs.
pub(crate) fn lock_files(git_directory: &Path) -> Result<Vec<PathBuf>> {
    let names = [
        "index.lock",
        "HEAD.lock",
        "ORIG_HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "shallow.lock",
        "gc.pid",
        "packed-refs.new",
    ];
    let mut found: Vec<PathBuf> = names.iter().map(|name| git_directory.join(name)).collect();
    collect_locks(&git_directory.join("refs"), &mut found, 0)?;
    Ok(found)
}

fn collect_locks(directory: &Path, found: &mut Vec<PathBuf>, depth: usize) -> Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(GitError::Io { doing: "read", path: directory.to_owned(), source }),
    };
    for entry in entries {
        let entry = entry.doing("read", directory)?;
        let kind = entry.file_type().doing("look at", &entry.path())?;
        if kind.is_dir() && depth < 32 {
            collect_locks(&entry.path(), found, depth + 1)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "lock") {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Whether any process of this user has the file open. Where there is no proc file system the lock alone
/// decides.
pub(crate) fn is_open(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .any(|entry| {
            fs::read_dir(entry.path().join("fd")).is_ok_and(|descriptors| {
                descriptors
                    .flatten()
                    .any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|to| to == path))
            })
        })
}
