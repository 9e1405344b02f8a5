//! What the prompts of reviews and of the Foreman are made of.

use super::data::TicketData;
use serde::{Deserialize, Serialize};

/// An entry of the FAQ.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FaqEntry {
    /// The repository whose agent asked.
    pub repository: String,
    /// The question.
    pub question: String,
    /// The answer that holds.
    pub answer: String,
    /// Who gave it, in words.
    pub by: String,
}

/// What one check showed of a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CheckEvidence {
    /// Its name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// What it showed, in words.
    pub verdict: String,
    /// The end of its output where it failed, else empty.
    pub tail: String,
}

/// A critique.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CritiqueData {
    /// Its number in prompts.
    pub number: u32,
    /// The path; empty for the whole change.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
    /// The severity's word.
    pub severity: String,
    /// What is wrong.
    pub description: String,
    /// What to do instead, possibly empty.
    pub suggestion: String,
    /// Whether it must be mended.
    pub counts: bool,
    /// Whether a person raised it.
    pub by_person: bool,
    /// `open`, `fixed` or `waived`.
    pub state: String,
}

/// For the turn of a reviewer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReviewData {
    /// The ticket.
    pub ticket: TicketData,
    /// The workspace's own `AGENTS.md`, whole; empty without one.
    pub guidance: String,
    /// Paths of documents to read first.
    pub docs: Vec<String>,
    /// The path of the repository's `AGENTS.md` in its checkout, where it has one.
    pub guidance_path: Option<String>,
    /// The repository.
    pub repository: String,
    /// Which round this is, from 1.
    pub round: u32,
    /// The branch that the work came from.
    pub base_branch: String,
    /// The commit that it came from.
    pub base_commit: String,
    /// The commit under review.
    pub commit: String,
    /// The commit of the round before.
    pub previous: Option<String>,
    /// The plan's orchestration.
    pub orchestration: String,
    /// The sub-plan.
    pub sub_plan: String,
    /// Touched paths.
    pub paths: Vec<String>,
    /// Those of them that the scope does not name.
    pub outside: Vec<String>,
    /// What the checks showed.
    pub checks: Vec<CheckEvidence>,
    /// The FAQ.
    pub faq: Vec<FaqEntry>,
    /// Older critiques.
    pub critiques: Vec<CritiqueData>,
}

/// For the turn of an implementer after critiques.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReimplementationData {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The commit that was judged.
    pub commit: String,
    /// The open critiques.
    pub critiques: Vec<CritiqueData>,
}

/// For the Foreman's first turn.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ForemanData {
    /// The ticket.
    pub ticket: TicketData,
    /// The approved plan, whole.
    pub plan: String,
    /// The FAQ.
    pub faq: Vec<FaqEntry>,
}

/// One part of a question.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuestionPartData {
    /// What is asked.
    pub question: String,
    /// Possible answers.
    pub options: Vec<String>,
    /// Whether several may be chosen.
    pub multi_select: bool,
}

/// For a turn of the Foreman about one question.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuestionData {
    /// Its number in prompts.
    pub number: u32,
    /// The repository whose agent asks.
    pub repository: String,
    /// What is asked.
    pub parts: Vec<QuestionPartData>,
    /// What the agent adds, possibly empty.
    pub context: String,
    /// What the Foreman proposed before.
    pub proposal: Option<String>,
    /// What a person says of that.
    pub wish: Option<String>,
    /// Entries of the FAQ that are new to it.
    pub news: Vec<FaqEntry>,
}
