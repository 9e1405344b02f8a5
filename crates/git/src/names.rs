//! Names that become parts of paths and refs, and commit ids.

use crate::error::{GitError, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The id of a commit, 40 hexadecimal digits (SHA-256 repositories are refused in preflight).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first nine digits, for texts that people read.
    pub fn short(&self) -> &str {
        &self.0[..9]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = GitError;
    fn from_str(text: &str) -> Result<Self> {
        let digits = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits {
            Ok(Self(text.to_owned()))
        } else {
            Err(GitError::BadName {
                what: "a commit",
                name: text.into(),
                rule: "it is 40 digits, 0-9 and a-f",
            })
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = GitError;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

impl AsRef<std::ffi::OsStr> for CommitId {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.0.as_ref()
    }
}

/// Checks a name that becomes one component of paths and refs: the directory name of an item or a workspace, a
/// session's id.
pub(crate) fn check_component<'a>(what: &'static str, name: &'a str) -> Result<&'a str> {
    let rule = "it is made of letters, digits, `.`, `_` and `-`, starts with a letter or digit, and is at most 120 \
                bytes long";
    let good = name.len() <= 120
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !name.contains("..")
        && !name.ends_with(['.'])
        && !name.ends_with(".lock");
    if good { Ok(name) } else { Err(GitError::BadName { what, name: name.into(), rule }) }
}

/// Checks a repository's name: one component of a path, in any script.
pub(crate) fn check_repository(name: &str) -> Result<&str> {
    let good = !name.is_empty()
        && name.len() <= 180
        && !name.starts_with('.')
        && !name.chars().any(|letter| letter == '/' || letter.is_control());
    let rule = "it is the name of a directory, does not start with a dot and is at most 180 bytes long";
    if good { Ok(name) } else { Err(GitError::BadName { what: "a repository", name: name.into(), rule }) }
}

/// Checks a branch's name by the rules of `git check-ref-format`.
pub(crate) fn check_branch(name: &str) -> Result<&str> {
    let good = !name.is_empty()
        && name.len() <= 240
        && !name.starts_with('-')
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && !name.chars().any(|letter| letter.is_control() || " ~^:?*[\\".contains(letter))
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"));
    let rule = "see `git help check-ref-format`";
    if good { Ok(name) } else { Err(GitError::BadName { what: "a branch", name: name.into(), rule }) }
}
