//! Critiques, with an identity over the rounds.

use crate::env::Times;
use crate::ids::{CritiqueId, SessionId};
use crate::review::Finding;
use crate::review::verdict::{Standing, StopRule};
use serde::{Deserialize, Serialize};

/// How far a critique is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CritiqueState {
    /// Not fixed yet.
    Open,
    /// A reviewer found it fixed.
    Fixed {
        /// In this candidate.
        candidate: u32,
    },
    /// A person waived it.
    Waived {
        /// Why, possibly empty.
        because: String,
    },
}

/// One finding, by a reviewer or a person.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Critique {
    /// Its id.
    pub id: CritiqueId,
    /// The repository.
    pub repository: String,
    /// Its number in texts for agents: from 1 within its repository.
    pub ordinal: u32,
    /// The reviewer; none for a person.
    pub reviewer: Option<SessionId>,
    /// The candidate that it was found in; 0 before the first.
    pub candidate: u32,
    /// What it says.
    pub finding: Finding,
    /// Whether it sends the work back as long as it is open.
    pub counts: bool,
    /// Whether a person wants it mended at the end of the turn, and not only after the checks.
    pub urgent: bool,
    /// Whether the implementer was told.
    pub told: bool,
    /// Rounds that found it not fixed.
    pub unfixed: u32,
    /// How far it is.
    pub state: CritiqueState,
    /// When it was raised.
    pub at: Times,
}

impl Critique {
    /// Whether it is open and sends the work back.
    pub fn blocks(&self) -> bool {
        self.counts && self.state == CritiqueState::Open
    }

    /// How far it is, for the judgement of a round.
    pub fn standing(&self) -> Standing {
        match self.state {
            CritiqueState::Open => Standing::Open { unfixed: self.unfixed },
            CritiqueState::Fixed { .. } => Standing::Fixed,
            CritiqueState::Waived { .. } => Standing::Waived,
        }
    }
}

/// What a review came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The candidate passes.
    Passed,
    /// It goes back to the implementer.
    Back,
    /// A person decides.
    Stopped {
        /// Why.
        rule: StopRule,
    },
    /// It could not be held: no round is used, and nothing passed.
    Failed {
        /// Why, a sentence.
        reason: String,
    },
}

/// One review of one candidate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Review {
    /// From 1 within the repository.
    pub number: u32,
    /// The candidate's number.
    pub candidate: u32,
    /// The reviewer.
    pub session: SessionId,
    /// The findings accepted in the open turn.
    pub submitted: Option<Vec<Finding>>,
    /// Submissions refused in the open turn.
    pub refusals: u32,
    /// Whether a text that could not be read was asked for once more.
    pub asked_again: bool,
    /// What it came to.
    pub verdict: Option<Verdict>,
}
