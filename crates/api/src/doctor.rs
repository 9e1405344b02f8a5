//! What `doctor` finds, from the daemon and from this machine alike.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`DoctorReport`].
pub const DOCTOR_SCHEMA: &str = "ganger/doctor/1";

/// `GET /v1/doctor`, and the whole report of the command.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DoctorReport {
    /// `ganger/doctor/1`.
    pub schema: String,
    /// The parts, in order.
    pub sections: Vec<DoctorSection>,
}

impl DoctorReport {
    /// A report of these parts.
    pub fn new(sections: Vec<DoctorSection>) -> Self {
        Self { schema: DOCTOR_SCHEMA.into(), sections }
    }

    /// How many rows stand so.
    pub fn count(&self, state: DoctorState) -> usize {
        self.sections.iter().flat_map(|section| &section.rows).filter(|row| row.state == state).count()
    }
}

/// One part: workspace, agents, sandbox, machine, daemon.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DoctorSection {
    /// Its name.
    pub name: String,
    /// What stands beside the name.
    pub summary: String,
    /// Its rows.
    pub rows: Vec<DoctorRow>,
}

/// How good a row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoctorState {
    /// Fine.
    Ok,
    /// Work goes on, with less.
    Warning,
    /// A work item could not run.
    Problem,
}

/// One finding.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DoctorRow {
    /// How good.
    pub state: DoctorState,
    /// What it is about: a repository, an agent.
    pub subject: String,
    /// Facts, each a few words.
    pub facts: Vec<String>,
    /// The one command that repairs it.
    pub fix: Option<String>,
}
