//! Our record of whose a checkout is: beside the git directory, where no agent can write.

use crate::error::{GitError, IoContext, Result};
use crate::layout::CheckoutPlace;
use crate::names::CommitId;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What a checkout of ours is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckoutKind {
    /// An agent works here, on the item's branch. What stands here is saved before it is removed.
    Work,
    /// Checks and reviews run here. Nothing of it counts.
    Proof,
    /// A base commit to read from, shared by items. Nobody writes it.
    Base,
}

/// How far a checkout is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckoutState {
    /// Being made: nothing has run here, so what stands here can be made anew.
    Making,
    /// Made.
    Made,
    /// What was worth saving is saved; it is being removed.
    Removing,
}

/// The record, as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnerRecord {
    /// The format of this record: 1.
    pub schema: u32,
    /// The workspace's directory name.
    pub workspace: String,
    /// The item's directory name; empty for a base checkout, which belongs to nobody.
    pub item: String,
    /// The repository's name.
    pub repository: String,
    /// What the checkout is for.
    pub kind: CheckoutKind,
    /// The item's branch; `None` where HEAD names a commit.
    pub branch: Option<String>,
    /// The base branch's name.
    pub base_branch: String,
    /// The base commit.
    pub base: CommitId,
    /// The mirror it borrows from.
    pub mirror: PathBuf,
    /// How far it is.
    pub state: CheckoutState,
}

impl OwnerRecord {
    /// The record of a checkout; `None` where there is none.
    ///
    /// # Errors
    /// When there is one that cannot be read: then nothing may be concluded.
    pub fn read(place: &CheckoutPlace) -> Result<Option<Self>> {
        let path = &place.owner_record;
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(GitError::Io { doing: "read", path: path.clone(), source }),
        };
        let record: Self = serde_json::from_str(&text).map_err(|error| GitError::NotOurs {
            path: place.worktree.clone(),
            reason: format!("its owner record `{}` cannot be read: {error}", path.display()),
        })?;
        Ok(Some(record))
    }

    /// Writes the record so that a crash leaves the old one or the new one.
    pub(crate) fn write(&self, place: &CheckoutPlace) -> Result<()> {
        let path = &place.owner_record;
        let parent = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).doing("make the directory", parent)?;
        let new = path.with_extension("json.new");
        let mut file = fs::File::create(&new).doing("write", &new)?;
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other).doing("write", &new)?;
        file.write_all(text.as_bytes()).doing("write", &new)?;
        file.sync_all().doing("write", &new)?;
        fs::rename(&new, path).doing("write", path)
    }

    /// Whether both are records of the same checkout, however far it is.
    pub(crate) fn same_checkout(&self, other: &Self) -> bool {
        Self { state: other.state, ..self.clone() } == *other
    }
}
