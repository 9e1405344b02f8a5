//! Review: what a reviewer says, what that means, and when it stops.

pub mod likeness;
pub mod output;
pub mod scope;
pub mod verdict;

use serde::{Deserialize, Serialize};

/// How bad a finding is; declared from worst to least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
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

    /// Reads a reviewer's word. What is not known counts as major, so that a misspelt word is never a pass.
    pub fn of(word: &str) -> Self {
        Self::known(word).unwrap_or(Self::Major)
    }

    /// Reads a person's word; none where it is not one of the four.
    pub fn known(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word().eq_ignore_ascii_case(word.trim()))
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Nit => "nit",
        }
    }
}

/// What may remain for a candidate to pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassThreshold {
    /// Nothing.
    NoCritiques,
    /// Nits.
    NitOnly,
    /// Nits and minor findings.
    #[default]
    MinorOk,
}

impl PassThreshold {
    /// Whether a finding of this severity sends the work back.
    pub const fn blocks(self, severity: Severity) -> bool {
        match self {
            Self::NoCritiques => true,
            Self::NitOnly => !matches!(severity, Severity::Nit),
            Self::MinorOk => matches!(severity, Severity::Critical | Severity::Major),
        }
    }
}

/// Which new findings count from the second round on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewFindings {
    /// Those on lines changed since the last round, and those at major and above.
    #[default]
    Changed,
    /// All.
    All,
}

/// Where a finding is, and what it says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The path in the repository; none for the whole change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub description: String,
    /// What to do instead, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suggestion: String,
    /// The number in the prompt of the older critique that this one repeats: it is not fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolves: Option<u32>,
    /// The number in the prompt of the older critique whose fix this one asks to undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<u32>,
}

/// How much a candidate changes against its base.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// Files.
    pub files: u64,
    /// Lines added; those of binary files are not counted.
    pub insertions: u64,
    /// Lines removed.
    pub deletions: u64,
}

/// The lines of one file that changed between two candidates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedFile {
    /// The path in the repository.
    pub path: String,
    /// First and last line of each changed run in the newer candidate; empty where the whole file counts as changed.
    pub lines: Vec<(u32, u32)>,
}
