//! What a decision is told of the world: two times and a source of ids. Nothing else.

use crate::ids::IdSource;
use serde::{Deserialize, Serialize};

/// The two times that every event stores.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    /// Wall time in milliseconds since 1970.
    pub wall_ms: u64,
    /// Milliseconds this machine was awake since the site was born. Limits of turns and tools count in it, so
    /// that a closed lid is not a hang.
    pub awake_ms: u64,
}

/// What a decision is told of the world.
#[derive(Clone, Debug)]
pub struct Env {
    /// Now.
    pub now: Times,
    ids: IdSource,
}

impl Env {
    /// The surroundings of the append at `version` of `stream`.
    pub fn new(now: Times, stream: &str, version: u64) -> Self {
        Self { now, ids: IdSource::seeded(stream, version, now.wall_ms) }
    }

    /// A fresh source: the same decision taken again on the same state mints the same ids.
    pub fn ids(&self) -> IdSource {
        self.ids.clone()
    }
}
