//! What a person looked at last, so that `diff --since-seen` shows what is new. It is theirs and not the item's: it
//! lies in a file of the command line, where no agent can write.

use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The trees of one item's repositories, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, String>);

fn file(directory: &Path, item: &str) -> PathBuf {
    directory.join(format!("{item}.json"))
}

impl Seen {
    /// What was looked at of an item; nothing where it never was.
    pub(crate) fn read(directory: &Path, item: &str) -> Result<Self, ErrorDetail> {
        let path = file(directory, item);
        match fs::read(&path) {
            // What cannot be understood is looked at whole once more.
            Ok(bytes) => Ok(Self(serde_json::from_slice(&bytes).unwrap_or_default())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(&path, "read", &error)),
        }
    }

    /// These were looked at too.
    pub(crate) fn and(mut self, trees: impl Iterator<Item = (String, String)>) -> Self {
        self.0.extend(trees);
        self
    }

    /// Keeps it, by way of a second file.
    pub(crate) fn write(&self, directory: &Path, item: &str) -> Result<(), ErrorDetail> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (path, aside) = (file(directory, item), directory.join(format!("{item}.new")));
        let text = serde_json::to_vec(&self.0).unwrap_or_default();
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&aside, text))
            .and_then(|()| fs::rename(&aside, &path))
            .map_err(|error| failed(&path, "written", &error))
    }

    /// As the API takes it.
    pub(crate) fn query(&self) -> String {
        let trees: Vec<String> = self.0.iter().map(|(name, tree)| format!("{name}={tree}")).collect();
        trees.join(",")
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> ErrorDetail {
    let message =
        format!("{}, which keeps what you looked at last, can't be {what}: {error}", path.display());
    ErrorDetail::new(exit::ENVIRONMENT, "seen.file", message)
}
