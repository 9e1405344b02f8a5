//! What people type to name things: `g12` an item, `g12/api` its part in a repository, `g12/api@3` the third
//! session there, `g12@plan` its planning, `g12@foreman` its Foreman, `d41` a decision, `c7` a critique, `q3` a FAQ entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A thing by its handle. Numbers count from 1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Handle {
    /// A work item.
    Item(u64),
    /// The planning of a work item.
    Planning(u64),
    /// The Foreman of a work item.
    Foreman(u64),
    /// A work item's part in a repository.
    Part {
        /// The item.
        item: u64,
        /// The repository's name.
        repository: String,
    },
    /// A session in a repository of a work item.
    Session {
        /// The item.
        item: u64,
        /// The repository's name.
        repository: String,
        /// Which of the sessions there, counted from 1.
        ordinal: u32,
    },
    /// A decision that waits or waited for a person.
    Decision(u64),
    /// A critique.
    Critique(u64),
    /// An entry of the FAQ.
    Faq(u64),
}

impl Handle {
    /// The number of the item that it names or that what it names belongs to.
    pub fn item(&self) -> Option<u64> {
        match self {
            Self::Item(item)
            | Self::Planning(item)
            | Self::Foreman(item)
            | Self::Part { item, .. }
            | Self::Session { item, .. } => Some(*item),
            Self::Decision(_) | Self::Critique(_) | Self::Faq(_) => None,
        }
    }

    /// The repository that it names.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Self::Part { repository, .. } | Self::Session { repository, .. } => Some(repository),
            _ => None,
        }
    }
}

/// A text that is no handle.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "`{text}` is no handle: {reason}; write g12 for an item, g12/api for a repository of it, g12/api@3 for a session there, d41 for a decision, c7 for a critique, q3 for a FAQ entry"
)]
pub struct InvalidHandle {
    /// The text, at most its first 100 characters.
    pub text: String,
    /// What is wrong.
    pub reason: &'static str,
}

const PLAN: &str = "plan";
const FOREMAN: &str = "foreman";

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        parse(text).map_err(|reason| InvalidHandle { text: text.chars().take(100).collect(), reason })
    }
}

fn parse(text: &str) -> Result<Handle, &'static str> {
    let mut letters = text.chars();
    let kind = letters.next().ok_or("it is empty")?;
    let rest = letters.as_str();
    match kind {
        'd' => number(rest).map(Handle::Decision),
        'c' => number(rest).map(Handle::Critique),
        'q' => number(rest).map(Handle::Faq),
        'g' => item(rest),
        _ => Err("it starts with none of g, d, c, q"),
    }
}

fn item(rest: &str) -> Result<Handle, &'static str> {
    let end = rest.find(['/', '@']).unwrap_or(rest.len());
    let item = number(&rest[..end])?;
    let rest = &rest[end..];
    if rest.is_empty() {
        return Ok(Handle::Item(item));
    }
    if let Some(what) = rest.strip_prefix('@') {
        return match what {
            PLAN => Ok(Handle::Planning(item)),
            FOREMAN => Ok(Handle::Foreman(item)),
            _ => Err("only `plan` and `foreman` may follow g12@"),
        };
    }
    let name = &rest[1..];
    let (repository, ordinal) = match name.rsplit_once('@') {
        // A lone `@` at the end marks a repository whose own name ends like a session.
        Some((repository, "")) => (repository, None),
        Some((repository, digits)) if is_digits(digits) => {
            (repository, Some(ordinal(digits).ok_or("sessions count from 1")?))
        }
        _ => (name, None),
    };
    if repository.is_empty() {
        return Err("no repository follows the slash");
    }
    if repository.contains(['/', '\0', '\n']) {
        return Err("a repository's name holds no slash and no line end");
    }
    let repository = repository.to_owned();
    Ok(match ordinal {
        Some(ordinal) => Handle::Session { item, repository, ordinal },
        None => Handle::Part { item, repository },
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn ordinal(digits: &str) -> Option<u32> {
    digits.parse().ok().filter(|ordinal| *ordinal > 0 && !digits.starts_with('0'))
}

fn number(digits: &str) -> Result<u64, &'static str> {
    if !is_digits(digits) {
        return Err("a number must follow its letter");
    }
    digits
        .parse()
        .ok()
        .filter(|number| *number > 0 && !digits.starts_with('0'))
        .ok_or("its number must count from 1, without zeros before it")
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(item) => write!(f, "g{item}"),
            Self::Planning(item) => write!(f, "g{item}@{PLAN}"),
            Self::Foreman(item) => write!(f, "g{item}@{FOREMAN}"),
            Self::Part { item, repository } => {
                let like_session =
                    repository.rsplit_once('@').is_some_and(|(_, tail)| tail.is_empty() || is_digits(tail));
                write!(f, "g{item}/{repository}{}", if like_session { "@" } else { "" })
            }
            Self::Session { item, repository, ordinal } => write!(f, "g{item}/{repository}@{ordinal}"),
            Self::Decision(number) => write!(f, "d{number}"),
            Self::Critique(number) => write!(f, "c{number}"),
            Self::Faq(number) => write!(f, "q{number}"),
        }
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
