//! Calls of agents that only a person may make: each is noted beside the session's journal, where no session can
//! write, and stands in its transcript.

use super::caller;
use crate::paths::Paths;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// The file in a host's directory.
const FILE: &str = "refused";
/// So many are kept of one incarnation; an agent that goes on trying has been seen.
const MOST: usize = 100;

/// One refused call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct RefusedCall {
    /// When, in milliseconds since 1970.
    pub(super) at_ms: u64,
    /// What was called, such as `POST /v1/items/g1/commands`.
    pub(super) call: String,
    /// Why it was refused.
    pub(super) reason: String,
}

/// Notes a refused call with the session that the process belongs to. A process of no session stands in the
/// daemon's log alone.
pub(super) fn note(paths: &Paths, pid: Option<i32>, refused: &RefusedCall) {
    let Some(directory) = pid.and_then(|pid| caller::host_of(pid, &paths.hosts())) else { return };
    if read(&directory).len() >= MOST {
        return;
    }
    let file = std::fs::OpenOptions::new().append(true).create(true).open(directory.join(FILE));
    // Plain data with text keys always has a JSON form.
    let line = serde_json::to_string(refused).unwrap_or_default() + "\n";
    if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
        tracing::warn!(%error, directory = %directory.display(), "a refused call could not be noted");
    }
}

/// What was refused to the agent of this host.
pub(super) fn read(directory: &Path) -> Vec<RefusedCall> {
    let text = std::fs::read_to_string(directory.join(FILE)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
