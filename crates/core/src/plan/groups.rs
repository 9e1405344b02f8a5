//! The YAML of the `ganger-plan` block: one key, `execution_groups`, a list of lists of repository names.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::{Options, Spanned};
use std::fmt;

/// The only key of the block.
pub(super) const KEY: &str = "execution_groups";

/// No block may be larger, in bytes.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// A name with its line, counted from 1 within the block's body.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) line: u32,
}

/// What the block says.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Line of the key, where it stands.
    pub(super) key_line: Option<u32>,
    /// The groups without blank names; a group may be empty.
    pub(super) groups: Vec<Vec<Placed>>,
    pub(super) unknown_keys: Vec<Placed>,
}

/// Why the block can't be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) line: u32,
    pub(super) reason: String,
}

/// Reads the block's body. A body without any content is an empty block.
pub(super) fn read(body: &str) -> Result<Block, Unreadable> {
    if body.len() > MAX_BLOCK_BYTES {
        let reason = format!("it has {} bytes, at most {MAX_BLOCK_BYTES} are read", body.len());
        return Err(Unreadable { line: 1, reason });
    }
    let options: Options = serde_saphyr::options! { with_snippet: false };
    let block = serde_saphyr::from_str_with_options::<Option<Block>>(body, options);
    block.map(Option::unwrap_or_default).map_err(|error| {
        let line = error.location().map_or(1, |location| narrow(location.line()));
        let reason = match error.without_snippet() {
            serde_saphyr::Error::DuplicateMappingKey { .. } => "a key stands twice".to_owned(),
            // The decoder counts from the block's own first line, which would mislead beside the document's.
            other => other.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        };
        Unreadable { line: line.max(1), reason }
    })
}

fn narrow(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

type Groups = Option<Vec<Option<Vec<Spanned<Option<String>>>>>>;

struct BlockVisitor;

impl<'de> Visitor<'de> for BlockVisitor {
    type Value = Block;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a mapping with the key `{KEY}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Block, A::Error> {
        let mut block = Block::default();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let line = narrow(key.referenced.line());
            if key.value == KEY {
                block.key_line = Some(line);
                let groups = map.next_value::<Groups>()?.unwrap_or_default();
                block.groups = groups.into_iter().map(|group| names(group.unwrap_or_default())).collect();
            } else {
                map.next_value::<IgnoredAny>()?;
                block.unknown_keys.push(Placed { text: key.value, line });
            }
        }
        Ok(block)
    }
}

fn names(group: Vec<Spanned<Option<String>>>) -> Vec<Placed> {
    let placed = group.into_iter().filter_map(|name| {
        let text = name.value?.trim().to_owned();
        (!text.is_empty()).then(|| Placed { text, line: narrow(name.referenced.line()) })
    });
    placed.collect()
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BlockVisitor)
    }
}

/// A name as it may stand in a YAML flow list: plain where that is safe, else in double quotes.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter))
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
    // A JSON string is a double-quoted YAML scalar.
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// Plain scalars that some YAML reader takes for something else than text.
const RESERVED: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "nan", "y", "n"];
