//! Writing the log within its bound.

use super::older;
use crate::error::CodedError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// A file that makes room for itself.
#[derive(Debug)]
pub(super) struct Rotating(Mutex<Current>);

#[derive(Debug)]
struct Current {
    path: PathBuf,
    file: File,
    bytes: u64,
    largest: u64,
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl Rotating {
    /// Goes on at the end of the file.
    pub(super) fn open(path: PathBuf, largest: u64) -> Result<Self, CodedError> {
        let opened = open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (bytes, file) = opened.map_err(|error| CodedError::file("open", &path, &error))?;
        Ok(Self(Mutex::new(Current { path, file, bytes, largest })))
    }
}

impl Current {
    /// Puts the file aside, in the place of the one before it.
    fn rotate(&mut self) -> io::Result<()> {
        match std::fs::rename(&self.path, older(&self.path)) {
            // Somebody took it away, and so made room already.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.file = open(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = Locked<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        // Nothing under this lock can leave it half changed.
        Locked(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The file for the time of one line.
pub(super) struct Locked<'a>(MutexGuard<'a, Current>);

impl Write for Locked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let current = &mut *self.0;
        if current.bytes > 0 && current.bytes + bytes.len() as u64 > current.largest {
            current.rotate()?;
        }
        let written = current.file.write(bytes)?;
        current.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_stays_within_its_bound_and_loses_the_oldest_lines_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("daemon.log");
        std::fs::write(&path, "from before\n").unwrap();
        let log = Rotating::open(path.clone(), 100).unwrap();
        for number in 0..50 {
            log.make_writer().write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        let both = [older(&path), path].map(|path| std::fs::read_to_string(path).unwrap());
        assert!(both.iter().all(|text| (1..=100).contains(&text.len())), "{both:?}");
        let kept: Vec<String> = both.concat().lines().map(str::to_owned).collect();
        let newest: Vec<String> = (50 - kept.len()..50).map(|number| format!("line {number}")).collect();
        assert_eq!(kept, newest);
        std::fs::remove_file(directory.path().join("daemon.log")).unwrap();
        for _ in 0..20 {
            log.make_writer().write_all(b"goes on\n").unwrap();
        }
        assert!(directory.path().join("daemon.log").exists(), "a log that was taken away begins anew");
    }
}
