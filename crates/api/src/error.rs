//! The body of every refusal and failure.

use crate::exit;
use crate::plan::PlanProblem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every answer with a status of 400 and above carries, and what the command line prints on standard
/// error with `--json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// One refusal or failure.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{message}")]
pub struct ErrorDetail {
    /// A stable word for scripts, such as `plan.changed` or `item.unknown`.
    pub code: String,
    /// One sentence: what was asked, why not.
    pub message: String,
    /// Further lines that belong to the sentence, such as the other problems of the same file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What is possible instead, each a sentence or a command that can be pasted.
    #[serde(default)]
    pub hints: Vec<String>,
    /// The exit code of the command line, see the module `exit`.
    pub exit: u8,
    /// For a refused plan document: every problem with its line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<PlanProblem>,
}

impl ErrorDetail {
    /// An error without hints.
    pub fn new(exit: u8, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            hints: Vec::new(),
            exit,
            problems: Vec::new(),
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the problems of a plan document.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<PlanProblem>) -> Self {
        self.problems = problems;
        self
    }

    /// The HTTP status that carries it.
    pub fn status(&self) -> u16 {
        exit::http_status(self.exit)
    }

    /// The body around it.
    pub fn body(self) -> ErrorBody {
        ErrorBody { error: self }
    }
}
