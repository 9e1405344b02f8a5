//! What a daemon is to this machine: whether it starts at log-in, and what it wrote. No route gives these, since no
//! daemon is needed to look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`UnitResult`].
pub const UNIT_SCHEMA: &str = "ganger/daemon-unit/1";

/// `ganger daemon install` and `ganger daemon uninstall`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnitResult {
    /// `ganger/daemon-unit/1`.
    pub schema: String,
    /// What starts daemons on this machine: `systemd` or `launchd`.
    pub manager: String,
    /// The file by which it knows of ours.
    pub file: String,
    /// The file's text; `null` where the file is gone now.
    pub text: Option<String>,
    /// What was done to the file.
    pub change: UnitChange,
    /// Whether the manager has been told.
    pub told: bool,
    /// Whether the manager has the daemon run now.
    pub active: bool,
    /// Why it has not been told, a sentence.
    pub trouble: Option<String>,
    /// What is left to type.
    pub commands: Vec<String>,
    /// What to know beside that, each a sentence.
    pub notes: Vec<String>,
}

/// What became of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitChange {
    /// It was written where there was none.
    Written,
    /// It took the place of another one of ours.
    Replaced,
    /// It was there already, word by word; or it was not there to be removed.
    Unchanged,
    /// It was removed.
    Removed,
}

/// A line of the daemon's log: one object per line of `ganger daemon logs --json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DaemonLogLine {
    /// When it was written, RFC 3339 in UTC; `null` where it goes on from the line before.
    pub at: Option<String>,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`; `null` likewise.
    pub level: Option<String>,
    /// The words.
    pub text: String,
}
