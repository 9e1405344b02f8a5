//! Reading the log: its last lines, and those that come.

use super::older;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest line that is shown whole, in bytes; the rest of a longer one comes as further lines.
const LONGEST_LINE: u64 = 64 << 10;
/// The pause between two looks at a file that has nothing new.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The last `wanted` lines, and what follows them. A log that is not there has none.
///
/// # Errors
/// The file is there and cannot be read.
pub fn last_lines(path: &Path, wanted: usize) -> io::Result<(Vec<String>, Follow)> {
    let mut last = VecDeque::new();
    let mut follow = Follow { path: path.to_owned(), file: None, partial: Vec::new() };
    let before = match File::open(older(path)) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut keep = |line: String| {
        last.push_back(line);
        if last.len() > wanted {
            last.pop_front();
        }
    };
    if let Some(file) = before {
        let mut file =
            Follow { path: path.to_owned(), file: Some(BufReader::new(file)), partial: Vec::new() };
        while let Some(line) = file.read_line()? {
            keep(line);
        }
    }
    follow.open()?;
    while let Some(line) = follow.read_line()? {
        keep(line);
    }
    Ok((last.into(), follow))
}

/// A place in the log, from which on it is read as it grows.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: Option<BufReader<File>>,
    /// The beginning of a line whose end is not written yet.
    partial: Vec<u8>,
}

impl Follow {
    /// The next line, as soon as it is written. Blocks.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(line) = self.read_line()? {
                return Ok(line);
            }
            if self.was_put_aside()? {
                // Nothing is written there any more, and it was read to its end just now.
                if let Some(line) = self.read_line()? {
                    return Ok(line);
                }
                self.open()?;
            } else {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }

    fn open(&mut self) -> io::Result<()> {
        self.file = match File::open(&self.path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.partial.clear();
        Ok(())
    }

    /// Whether another file stands in the place of the one that is read, or this one was cut short.
    fn was_put_aside(&mut self) -> io::Result<bool> {
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let Some(file) = &mut self.file else { return Ok(true) };
        let own = file.get_ref().metadata()?;
        Ok((own.dev(), own.ino()) != (there.dev(), there.ino()) || own.len() < file.stream_position()?)
    }

    /// The next whole line that is there already.
    fn read_line(&mut self) -> io::Result<Option<String>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let room = LONGEST_LINE.saturating_sub(self.partial.len() as u64);
        file.by_ref().take(room).read_until(b'\n', &mut self.partial)?;
        if self.partial.last() != Some(&b'\n') && (self.partial.len() as u64) < LONGEST_LINE {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&self.partial).trim_end_matches('\n').to_owned();
        self.partial.clear();
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn append(path: &Path, text: &str) {
        let mut file = File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn the_last_lines_are_found_over_both_files_and_no_line_is_lost_while_they_change_places() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("daemon.log");
        assert_eq!(last_lines(&path, 3).unwrap().0, Vec::<String>::new());
        append(&older(&path), "one\ntwo\n");
        append(&path, "three\nfour\nfi");
        let (last, _) = last_lines(&path, 3).unwrap();
        assert_eq!(last, ["two", "three", "four"]);
        let (last, mut follow) = last_lines(&path, 1).unwrap();
        assert_eq!(last, ["four"], "a line is one when its end is written");
        append(&path, "ve\nsix\n");
        assert_eq!(follow.next_line().unwrap(), "five");
        append(&path, "seven\n");
        std::fs::rename(&path, older(&path)).unwrap();
        append(&path, "eight\n");
        let rest: Vec<String> = (0..3).map(|_| follow.next_line().unwrap()).collect();
        assert_eq!(rest, ["six", "seven", "eight"]);
    }
}
