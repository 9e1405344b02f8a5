//! Reviews of candidates, and the critiques that they and people raise.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It must not ship.
    Critical,
    /// It is wrong.
    Major,
    /// It could be better.
    Minor,
    /// A matter of taste.
    Nit,
}

impl Severity {
    /// All, from worst to least.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Major, Self::Minor, Self::Nit];

    /// The word.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Nit => "nit",
        }
    }
}

/// How far a critique is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CritiqueState {
    /// Not fixed yet.
    Open,
    /// A reviewer found it fixed.
    Fixed,
    /// A person waived it.
    Waived,
}

impl CritiqueState {
    /// The state in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
            Self::Waived => "waived",
        }
    }
}

/// One finding, by a reviewer or a person; it keeps its handle over all rounds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CritiqueView {
    /// The ULID.
    pub id: String,
    /// The handle, such as `c7`.
    pub handle: String,
    /// How bad it is.
    pub severity: Severity,
    /// The path in the repository; `null` for the whole change.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// What is wrong.
    pub description: String,
    /// What to do instead.
    pub suggestion: Option<String>,
    /// How far it is.
    pub state: CritiqueState,
    /// Why it was waived.
    pub because: Option<String>,
    /// The candidate in which it was found fixed.
    pub fixed_in: Option<u32>,
    /// Whether it sends the work back as long as it is open.
    pub counts: bool,
    /// Who raised it: `you`, or the reviewer's handle.
    pub by: String,
    /// The candidate that it was found in; 0 before the first.
    pub candidate: u32,
    /// How many reviews found it not fixed.
    pub unfixed: u32,
    /// When it was raised.
    pub at: Timestamp,
}

impl CritiqueView {
    /// Whether it is open and sends the work back.
    pub fn blocks(&self) -> bool {
        self.counts && self.state == CritiqueState::Open
    }

    /// Where: `src/x.rs:42`, `src/x.rs`, or nothing for the whole change.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_ref()?;
        Some(self.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")))
    }
}

/// What a review came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// It is being held.
    Running,
    /// The candidate passed.
    Passed,
    /// It went back to the implementer.
    Back,
    /// A person decides.
    Stopped,
    /// It could not be held: nothing passed.
    Failed,
}

impl ReviewVerdict {
    /// The verdict in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Running => "runs",
            Self::Passed => "passed",
            Self::Back => "back to the agent",
            Self::Stopped => "needs you",
            Self::Failed => "could not be held",
        }
    }
}

/// One review of one candidate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// Which review of this part, from 1.
    pub round: u32,
    /// The candidate's number.
    pub candidate: u32,
    /// The reviewer's handle, such as `g12/api@2`.
    pub reviewer: String,
    /// The reviewer's agent, by its name in the configuration.
    pub agent: String,
    /// What it came to.
    pub verdict: ReviewVerdict,
    /// Why it stopped or could not be held.
    pub reason: Option<String>,
    /// Handles of the critiques that it raised.
    pub raised: Vec<String>,
}

/// A person took the newest candidate as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AcceptanceView {
    /// The candidate's number.
    pub candidate: u32,
    /// Why, where the person said it.
    pub because: Option<String>,
}
