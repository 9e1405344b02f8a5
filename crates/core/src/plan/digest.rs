//! The digest that a person approves: it names the plan's text and everything that decides what will be built,
//! proven and published with it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// What a digest is computed over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DigestInput {
    /// The plan document's text.
    pub document: String,
    /// The repositories that the plan was made on, by name.
    pub repositories: BTreeMap<String, DigestRepository>,
    /// The agents by what they do (`planning`, `implementation`, …), by their names in the configuration.
    pub agents: BTreeMap<String, String>,
}

/// One repository in a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DigestRepository {
    /// The remote that is fetched, where there is one.
    pub remote: Option<String>,
    /// The remote that is pushed to, where there is one.
    pub push_remote: Option<String>,
    /// The base branch.
    pub base_branch: String,
    /// The commit that work starts from.
    pub base_commit: String,
    /// Paths copied from the user's clone into each worktree.
    pub copy: Vec<String>,
    /// Paths linked into each worktree.
    pub link: Vec<String>,
    /// The commands that make a worktree runnable.
    pub setup: Vec<String>,
    /// The longest each of them may take, in milliseconds.
    pub setup_timeout_ms: u64,
    /// What proves a candidate, in order.
    pub checks: Vec<DigestCheck>,
    /// The agent that implements here, where it differs from the item's.
    pub agent: Option<String>,
}

/// One check in a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DigestCheck {
    /// Its name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// The longest it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether its failure holds the sub-plan up.
    pub required: bool,
}

/// What a person approved. Its text is `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovedDigest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("`{text}` is no digest of a plan; one looks like `sha256:` and 64 hexadecimal digits")]
pub struct InvalidDigest {
    /// The text.
    pub text: String,
}

const SCHEME: &str = "sha256:";

/// What is hashed before the canonical JSON, so that another meaning of the same JSON gives another digest.
const DOMAIN: &[u8] = b"ganger-plan-digest/1\n";

/// The fewest digits that a person may type for a digest.
const MIN_PREFIX: usize = 8;

impl ApprovedDigest {
    /// The digest of this input.
    pub fn of(input: &DigestInput) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        let value = serde_json::to_value(input).expect("strings, numbers, lists and maps by text have JSON");
        hash.update(canonical(&value).as_bytes());
        Self(hash.finalize().into())
    }

    /// The digest's first eight digits, for people.
    pub fn short(self) -> String {
        self.hex()[..MIN_PREFIX].to_owned()
    }

    /// Whether this text, with or without `sha256:`, is the digest or at least eight of its first digits.
    pub fn matches(self, text: &str) -> bool {
        let digits = text.strip_prefix(SCHEME).unwrap_or(text).to_ascii_lowercase();
        digits.len() >= MIN_PREFIX && self.hex().starts_with(&digits)
    }

    fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// JSON with sorted keys and without blanks: the same bytes for the same value, whatever made it.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let fields = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

impl fmt::Display for ApprovedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.hex())
    }
}

impl fmt::Debug for ApprovedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApprovedDigest({self})")
    }
}

impl FromStr for ApprovedDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let invalid = || InvalidDigest { text: text.chars().take(100).collect() };
        let digits = text.strip_prefix(SCHEME).ok_or_else(invalid)?;
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ApprovedDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApprovedDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
