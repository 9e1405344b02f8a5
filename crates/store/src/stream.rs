//! Streams, and what is read from them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which aggregate a stream belongs to. The text names are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// The one user's site.
    Site,
    /// A workspace.
    Workspace,
    /// A work item.
    WorkItem,
}

impl StreamKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Site, Self::Workspace, Self::WorkItem];

    /// The stored name: `site`, `workspace` or `work_item`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Workspace => "workspace",
            Self::WorkItem => "work_item",
        }
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that should have been a stream's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a stream: `site/<id>`, `workspace/<id>` or `work_item/<id>` is expected")]
pub struct ParseStreamError {
    text: String,
}

impl FromStr for StreamKind {
    type Err = ParseStreamError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| ParseStreamError { text: text.to_owned() })
    }
}

/// The name of one stream. Written as `work_item/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// Which aggregate it belongs to.
    pub kind: StreamKind,
    /// The aggregate's id: 1 to 128 bytes, unique within the kind.
    pub id: String,
}

impl StreamId {
    /// The stream of the aggregate `id`.
    pub fn new(kind: StreamKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl FromStr for StreamId {
    type Err = ParseStreamError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((kind, id)) if !id.is_empty() => Ok(Self::new(kind.parse()?, id)),
            _ => Err(ParseStreamError { text: text.to_owned() }),
        }
    }
}

/// An event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its place in the whole log, from 1: the cursor of readers.
    pub seq: u64,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in that stream, from 1.
    pub version: u64,
    /// Name and version of what happened, for example `plan.approved/1`.
    pub kind: String,
    /// What happened, as JSON: byte for byte what was appended.
    pub data: String,
    /// Wall time in milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds this machine was awake since the site was born.
    pub awake_ms: u64,
}

/// The state of a stream at one version, so that a load needs not fold all its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The schema number of the core that wrote it. Another core ignores it and folds from the beginning.
    pub schema: u32,
    /// The version of the last event folded into it.
    pub version: u64,
    /// The state, in the core's own encoding.
    pub bytes: Vec<u8>,
}

/// What is needed to build the state of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The newest snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// All events after the snapshot, or all there are, in order of version.
    pub events: Vec<StoredEvent>,
    /// The version of the stream; 0 if it does not exist.
    pub version: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_written_and_read_back() {
        for kind in StreamKind::ALL {
            let stream = StreamId::new(kind, "a/b");
            assert_eq!(stream.to_string().parse(), Ok(stream));
        }
        for wrong in ["", "site", "site/", "item/x"] {
            assert!(wrong.parse::<StreamId>().is_err(), "{wrong}");
        }
    }
}
