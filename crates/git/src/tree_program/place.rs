//! Copies and links of configured files into a fresh checkout: below its root only, through no link.

use crate::error::{GitError, IoContext, Result};
use crate::tree_git::FileToPlace;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// The most files that one request copies.
const MAX_FILES: usize = 20_000;

/// Places everything; what stands there already is left alone. Returns the sources that do not exist.
pub(super) fn place(worktree: &Path, copy: &[FileToPlace], link: &[FileToPlace]) -> Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    let mut left = MAX_FILES;
    for (files, as_link) in [(copy, false), (link, true)] {
        for file in files {
            if fs::symlink_metadata(&file.from).is_err() {
                missing.push(file.from.clone());
                continue;
            }
            let (parent, name) = open_parent(worktree, &file.to)?;
            if as_link {
                match rustix::fs::symlinkat(&file.from, &parent, &name) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(io("link", &file.to, error)),
                }
            } else {
                copy_into(&file.from, &parent, &name, &mut left)?;
            }
        }
    }
    Ok(missing)
}

fn copy_into(from: &Path, parent: &OwnedFd, name: &OsStr, left: &mut usize) -> Result<()> {
    *left = left.checked_sub(1).ok_or_else(|| {
        GitError::Refused(format!(
            "more than {MAX_FILES} files are to be copied into a worktree: link them instead"
        ))
    })?;
    let metadata = fs::metadata(from).doing("copy", from)?;
    if metadata.is_dir() {
        let directory = open_directory(parent, name, true).map_err(|error| io("copy", from, error))?;
        for entry in fs::read_dir(from).doing("copy", from)? {
            let entry = entry.doing("copy", from)?;
            copy_into(&entry.path(), &directory, &entry.file_name(), left)?;
        }
        return Ok(());
    }
    if !metadata.is_file() {
        return Err(GitError::Refused(format!(
            "`{}` is neither a file nor a directory: it cannot be copied",
            from.display()
        )));
    }
    let mode = Mode::from_raw_mode(metadata.permissions().mode() & 0o777);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(parent, name, flags, mode) {
        Ok(target) => {
            let mut source = File::open(from).doing("copy", from)?;
            std::io::copy(&mut source, &mut File::from(target)).map(|_| ()).doing("copy", from)
        }
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(io("copy", from, error)),
    }
}

/// Opens the directory of `to` below `root`, making what is missing, and returns it with the last name.
fn open_parent(root: &Path, to: &Path) -> Result<(OwnedFd, OsString)> {
    let mut names = Vec::new();
    for component in to.components() {
        match component {
            Component::Normal(name) => names.push(name.to_owned()),
            Component::CurDir => {}
            _ => return Err(outside(to)),
        }
    }
    let last = names.pop().ok_or_else(|| outside(to))?;
    if names.iter().chain([&last]).any(|name| name.eq_ignore_ascii_case(".git")) {
        return Err(GitError::Refused(format!(
            "`{}` lies in `.git`: it cannot be copied there",
            to.display()
        )));
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory =
        rustix::fs::open(root, flags, Mode::empty()).map_err(|error| io("open", root, error))?;
    for name in names {
        directory = open_directory(&directory, &name, true).map_err(|error| io("place", to, error))?;
    }
    Ok((directory, last))
}

fn open_directory(parent: &OwnedFd, name: &OsStr, make: bool) -> std::result::Result<OwnedFd, Errno> {
    if make && matches!(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT)) {
        rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777))?;
    }
    rustix::fs::openat(parent, name, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

fn outside(to: &Path) -> GitError {
    GitError::Refused(format!("`{}` is not a path below the repository's root", to.display()))
}

fn io(doing: &'static str, path: &Path, error: Errno) -> GitError {
    GitError::Io { doing, path: path.to_owned(), source: error.into() }
}
