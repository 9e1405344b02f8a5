//! What the agent remembers outside the worktree: its conversations, and which steps were done once and for all.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The agent's state directory, or only this process's memory.
#[derive(Debug)]
pub(crate) struct Store {
    directory: Option<PathBuf>,
    done: Mutex<BTreeSet<String>>,
}

/// One conversation as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// The session's id on the wire.
    pub(crate) id: String,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// What was said, in order.
    pub(crate) said: Vec<Said>,
    /// How many documents of a planning step were refused or drafted, by the step's place.
    pub(crate) documents: BTreeMap<String, usize>,
}

/// One prompt or one text of the agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Whether the client said it.
    pub(crate) by_client: bool,
    /// The text.
    pub(crate) text: String,
}

impl Conversation {
    /// All prompts of the conversation, one under the other.
    pub(crate) fn prompts(&self) -> String {
        let prompts = self.said.iter().filter(|said| said.by_client).map(|said| said.text.as_str());
        prompts.collect::<Vec<_>>().join("\n")
    }
}

impl Store {
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory, done: Mutex::default() }
    }

    /// Whether conversations outlive this process.
    pub(crate) fn is_kept(&self) -> bool {
        self.directory.is_some()
    }

    /// The stored conversation; `None` when there is none of this id.
    pub(crate) fn load(&self, id: &str) -> io::Result<Option<Conversation>> {
        let Some(path) = self.path(id, ".json") else { return Ok(None) };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the conversation as a whole, or leaves the older one.
    pub(crate) fn save(&self, conversation: &Conversation) -> io::Result<()> {
        let Some(path) = self.path(&conversation.id, ".json") else { return Ok(()) };
        create_parent(&path)?;
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&temporary, serde_json::to_vec(conversation)?)?;
        fs::rename(temporary, path)
    }

    /// Notes that the step of this name was begun; `false` when that was noted before.
    pub(crate) fn begin_once(&self, name: &str) -> io::Result<bool> {
        let Some(path) = self.path(name, ".once") else {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(done.insert(name.to_owned()));
        };
        create_parent(&path)?;
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The file for a name. Characters that a file's name should not hold are written as their number, so that
    /// different names stay different.
    fn path(&self, name: &str, ending: &str) -> Option<PathBuf> {
        let mut file = String::new();
        for character in name.chars() {
            if character.is_ascii_alphanumeric() || character == '-' {
                file.push(character);
            } else {
                file.push_str(&format!("_{:x}_", u32::from(character)));
            }
        }
        Some(self.directory.as_ref()?.join(file + ending))
    }
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_there_for_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let store = || Store::new(Some(directory.path().join("state")));
        let conversation = Conversation {
            id: "scripted-1/../x".into(),
            directory: "/home/ada/api".into(),
            said: vec![Said { by_client: true, text: "Go.".into() }],
            documents: BTreeMap::from([("rule 1 step 2".into(), 1)]),
        };
        assert_eq!(store().load(&conversation.id).unwrap(), None);
        store().save(&conversation).unwrap();
        assert_eq!(store().load(&conversation.id).unwrap(), Some(conversation));
        assert!(store().begin_once("crash api").unwrap());
        assert!(!store().begin_once("crash api").unwrap());
        assert!(store().begin_once("crash-api").unwrap());
    }

    #[test]
    fn without_a_directory_only_this_process_remembers() {
        let store = Store::new(None);
        assert!(store.begin_once("crash").unwrap());
        assert!(!store.begin_once("crash").unwrap());
        assert!(!store.is_kept());
    }
}
