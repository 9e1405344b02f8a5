//! The one place that removes checkouts: what is worth saving must have been saved, and anything unclear stays.

use crate::error::{GitError, IoContext, Result};
use crate::import::ImportLimits;
use crate::layout::CheckoutPlace;
use crate::mirror::Mirror;
use crate::names::CommitId;
use crate::owner::{CheckoutKind, CheckoutState, OwnerRecord};
use crate::ref_git::RefGit;
use crate::tree_git::TreeOutcome;
use ganger_kill_point::reach;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The proof that nothing is lost when a checkout goes. Only this module makes one.
#[derive(Debug)]
pub struct Saved {
    place: CheckoutPlace,
    refs: Vec<(String, CommitId)>,
}

impl Saved {
    /// The refs in the mirror that hold what was saved.
    pub fn refs(&self) -> &[(String, CommitId)] {
        &self.refs
    }
}

impl RefGit {
    /// Takes the outcome of a [`crate::TreeAction::Preserve`] job in the worktree at `place` and imports its
    /// bundle as `refs/ganger/preserved/<session>/<n>`. Nothing may run in the worktree between the job and
    /// [`RefGit::remove_checkout`].
    ///
    /// # Errors
    /// When the job did not save everything, or its bundle cannot be imported: then the worktree stays.
    pub fn save(
        &self,
        mirror: &Mirror,
        place: &CheckoutPlace,
        session: &str,
        outcome: &TreeOutcome,
        bundle: &Path,
    ) -> Result<Saved> {
        let refs = match outcome {
            TreeOutcome::Preserved { bundle: false } => Vec::new(),
            TreeOutcome::Preserved { bundle: true } => {
                self.import_preserved(mirror, session, bundle, ImportLimits::default())?
            }
            TreeOutcome::Failed { message } => return Err(stays(place, message)),
            _ => return Err(stays(place, "what stands in it was not saved")),
        };
        Ok(Saved { place: place.clone(), refs })
    }

    /// Permits the removal of a checkout in which nothing counts (proof, base), or in which nothing has run.
    ///
    /// # Errors
    /// When it is a worktree, or not ours.
    pub fn nothing_to_save(&self, place: &CheckoutPlace) -> Result<Saved> {
        let record =
            OwnerRecord::read(place)?.ok_or_else(|| stays(place, "it has no owner record of ganger"))?;
        let unused = record.state != CheckoutState::Made || !place.git_directory.join("index").exists();
        if record.kind == CheckoutKind::Work && !unused {
            return Err(stays(place, "it is a worktree: save what stands in it first"));
        }
        Ok(Saved { place: place.clone(), refs: Vec::new() })
    }

    /// Removes a checkout with its git directory and record. A removal that a crash cut short is finished by
    /// calling it again with [`RefGit::nothing_to_save`].
    ///
    /// # Errors
    /// When it is not ours or cannot be removed.
    pub fn remove_checkout(&self, saved: Saved) -> Result<()> {
        let place = &saved.place;
        let record =
            OwnerRecord::read(place)?.ok_or_else(|| stays(place, "it has no owner record of ganger"))?;
        reach("git.before_remove");
        OwnerRecord { state: CheckoutState::Removing, ..record }.write(place)?;
        remove_tree(&place.worktree)?;
        reach("git.in_remove");
        remove_tree(&place.git_directory)?;
        fs::remove_file(&place.owner_record).doing("remove", &place.owner_record)?;
        for directory in [&place.worktree, &place.git_directory] {
            // Goes when it was the last one in it.
            if let Some(parent) = directory.parent() {
                let _ = fs::remove_dir(parent);
            }
        }
        reach("git.after_remove");
        Ok(())
    }
}

/// Removes a scratch directory that its caller made, with everything in it, following no link: what nobody's work
/// stands in. A missing one is no error.
///
/// # Errors
/// It cannot be removed.
pub fn remove_scratch(directory: &Path) -> Result<()> {
    remove_tree(directory)
}

/// Removes a directory of ours with everything in it, following no link. A missing one is no error.
pub(crate) fn remove_tree(path: &Path) -> Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(GitError::Io { doing: "look at", path: path.to_owned(), source }),
    };
    if !metadata.is_dir() {
        return Err(GitError::NotOurs {
            path: path.to_owned(),
            reason: "it is not a directory any more".into(),
        });
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            give_rights(path, 0)?;
            fs::remove_dir_all(path).doing("remove", path)
        }
        result => result.doing("remove", path),
    }
}

/// Base checkouts are read-only, and an agent may take rights away too.
fn give_rights(directory: &Path, depth: usize) -> Result<()> {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).doing("remove", directory)?;
    for entry in fs::read_dir(directory).doing("remove", directory)? {
        let entry = entry.doing("remove", directory)?;
        if entry.file_type().doing("remove", directory)?.is_dir() && depth < 1000 {
            give_rights(&entry.path(), depth + 1)?;
        }
    }
    Ok(())
}

fn stays(place: &CheckoutPlace, reason: &str) -> GitError {
    GitError::NotOurs { path: place.worktree.clone(), reason: reason.into() }
}
