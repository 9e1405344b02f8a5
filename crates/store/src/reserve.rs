//! A file that only takes up room: given up when the disk is full, so that what must be said can still be committed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Room kept on the disk of the database.
///
/// When an append fails with [`AppendError::Full`](crate::AppendError::Full), the daemon releases the reserve, commits
/// what a person must see, and restores the reserve when there is room again.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
}

/// The reserve could not be made or given up.
#[derive(Debug, thiserror::Error)]
#[error("the reserve of {bytes} bytes in {} can't be {action}: {source}", path.display())]
pub struct ReserveError {
    path: PathBuf,
    bytes: u64,
    action: &'static str,
    source: io::Error,
}

impl Reserve {
    /// Names the reserve of `bytes` at `path`; [`restore`](Self::restore) makes it.
    pub fn new(path: impl Into<PathBuf>, bytes: u64) -> Self {
        Self { path: path.into(), bytes }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the room is kept.
    pub fn is_held(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.is_file() && found.len() == self.bytes)
    }

    /// Takes the room, unless it is already taken.
    ///
    /// # Errors
    /// If the file can't be written, most often because there is no room; nothing is left then.
    pub fn restore(&self) -> Result<(), ReserveError> {
        if self.is_held() {
            return Ok(());
        }
        self.fill().map_err(|source| {
            // Best effort: what is left of the file is removed with the next try at the latest.
            let _ = fs::remove_file(&self.path);
            self.error("restored", source)
        })
    }

    /// Gives the room back.
    ///
    /// # Errors
    /// If the file is there and can't be removed.
    pub fn release(&self) -> Result<(), ReserveError> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.error("released", source)),
            _ => Ok(()),
        }
    }

    fn fill(&self) -> io::Result<()> {
        // Removed first, so that we never write through a link that somebody left here.
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file: File = OpenOptions::new().write(true).create_new(true).open(&self.path)?;
        // Real bytes, no hole. Each block differs, since some file systems compress or share equal ones.
        let mut block = [0_u8; 4096];
        let (mut left, mut word) = (self.bytes, 0_u64);
        while left > 0 {
            for eight in block.chunks_exact_mut(8) {
                word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                eight.copy_from_slice(&word.to_le_bytes());
            }
            let part = left.min(block.len() as u64);
            file.write_all(&block[..part as usize])?;
            left -= part;
        }
        file.sync_all()
    }

    fn error(&self, action: &'static str, source: io::Error) -> ReserveError {
        ReserveError { path: self.path.clone(), bytes: self.bytes, action, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_taken_given_back_and_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        let reserve = Reserve::new(directory.path().join("reserve"), 10_000);
        for _ in 0..2 {
            assert!(!reserve.is_held());
            reserve.release().unwrap();
            reserve.restore().unwrap();
            reserve.restore().unwrap();
            assert!(reserve.is_held());
            assert_eq!(fs::metadata(reserve.path()).unwrap().len(), 10_000);
            reserve.release().unwrap();
        }
        let nowhere = Reserve::new(directory.path().join("missing/reserve"), 1);
        assert!(nowhere.restore().unwrap_err().to_string().contains("can't be restored"));
    }
}
