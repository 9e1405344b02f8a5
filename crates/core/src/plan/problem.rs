//! What can be wrong with a plan document: each problem with its line, a code that stays the same over versions,
//! and one sentence.

use serde::{Deserialize, Serialize};
use std::fmt;

/// At most this many problems are kept of one document; the rest is counted.
pub const MAX_PROBLEMS: usize = 200;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// The kind of a problem. Its text is part of `--json` and never changes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl ProblemCode {
            /// Every code, in the order of its declaration.
            pub const ALL: &'static [ProblemCode] = &[$(ProblemCode::$name,)+];

            /// The code as it stands in `--json`.
            pub const fn as_str(self) -> &'static str {
                match self { $(ProblemCode::$name => $text,)+ }
            }
        }
    };
}

codes! {
    /// The document is larger than [`MAX_DOCUMENT_BYTES`](super::parser::MAX_DOCUMENT_BYTES).
    TooLarge = "too_large",
    /// There is no fenced block with the info string `ganger-plan`.
    MissingBlock = "missing_block",
    /// The block stands behind a `##` section instead of before all of them.
    MisplacedBlock = "misplaced_block",
    /// A second block; only the first one counts.
    DuplicateBlock = "duplicate_block",
    /// The block is no YAML, or YAML of another shape.
    InvalidYaml = "invalid_yaml",
    /// A key of the block that means nothing.
    UnknownKey = "unknown_key",
    /// `execution_groups` is missing, null, or names no repository.
    EmptyExecutionGroups = "empty_execution_groups",
    /// A repository stands in more than one group.
    RepositoryInTwoGroups = "repository_in_two_groups",
    /// A code fence or HTML block that is never closed, and so hides everything behind it.
    Unclosed = "unclosed",
    /// A section of level 1 or 2 that is neither orchestration nor a sub-plan.
    UnknownSection = "unknown_section",
    /// A heading that is nearly one of ours.
    HeadingSpelling = "heading_spelling",
    /// `## Orchestration` is absent or empty.
    MissingOrchestration = "missing_orchestration",
    /// A second `## Orchestration`.
    DuplicateOrchestration = "duplicate_orchestration",
    /// A named repository does not exist in the workspace.
    UnknownRepository = "unknown_repository",
    /// A name fits several repositories whose names differ only in case.
    AmbiguousRepository = "ambiguous_repository",
    /// A repository of the groups has no sub-plan.
    MissingSubPlan = "missing_sub_plan",
    /// A sub-plan of a repository that no group names.
    UndeclaredSubPlan = "undeclared_sub_plan",
    /// A second sub-plan of the same repository.
    DuplicateSubPlan = "duplicate_sub_plan",
    /// `## SubPlan:` without a name.
    SubPlanWithoutName = "sub_plan_without_name",
    /// A sub-plan lacks one of its sections, or the section is empty.
    MissingSection = "missing_section",
    /// A section of a sub-plan that must have list items has none.
    SectionWithoutItems = "section_without_items",
    /// A sub-plan that has begun is changed, moved or left out.
    BegunSubPlan = "begun_sub_plan",
}

/// One problem of a plan document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The line it stands on, counted from 1.
    pub line: u32,
    /// Its kind.
    pub code: ProblemCode,
    /// What it is about: a repository as written, a key, a heading.
    pub subject: Option<String>,
    /// The section of the sub-plan, such as `Scope`.
    pub section: Option<String>,
    /// One sentence that says what is wrong and what is possible.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(line: u32, code: ProblemCode, subject: Option<&str>, message: String) -> Self {
        Self { line, code, subject: subject.map(str::to_owned), section: None, message }
    }

    /// A sub-plan's thin section in short, as [`ParseErrors`] lists it.
    fn thin(&self) -> Option<String> {
        let (repository, section) = (self.subject.as_deref()?, self.section.as_deref()?);
        match self.code {
            ProblemCode::MissingSection => Some(format!("{repository}: missing ### {section}")),
            ProblemCode::SectionWithoutItems => {
                Some(format!("{repository}: ### {section} must include at least 1 list item(s)"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} [{}]", self.line, self.message, self.code.as_str())
    }
}

/// All problems of one document, in the order of their lines. `Display` is the summary in one line;
/// [`ParseErrors::report`] has a line for each.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ParseErrors {
    /// The problems, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub omitted: u32,
}

impl ParseErrors {
    pub(crate) fn sorted(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.code));
        let omitted = u32::try_from(problems.len().saturating_sub(MAX_PROBLEMS)).unwrap_or(u32::MAX);
        problems.truncate(MAX_PROBLEMS);
        Self { problems, omitted }
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The problems of one kind.
    pub fn of(&self, code: ProblemCode) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(move |problem| problem.code == code)
    }

    /// Whether there is a problem of this kind.
    pub fn has(&self, code: ProblemCode) -> bool {
        self.of(code).next().is_some()
    }

    /// One line per problem, for people and planners.
    pub fn report(&self) -> String {
        let mut lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        if self.omitted > 0 {
            lines.push(format!("and {} more problems, not listed", self.omitted));
        }
        lines.join("\n")
    }

    fn subjects(&self, code: ProblemCode) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.of(code).filter_map(|problem| problem.subject.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        quoted(names)
    }
}

fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Option<String> {
    let list: Vec<String> = names.into_iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

/// Problems that the summary names by a word of their own; all others follow as their sentences.
const SUMMARISED: [ProblemCode; 9] = [
    ProblemCode::MissingBlock,
    ProblemCode::InvalidYaml,
    ProblemCode::EmptyExecutionGroups,
    ProblemCode::MissingOrchestration,
    ProblemCode::UnknownRepository,
    ProblemCode::MissingSubPlan,
    ProblemCode::UndeclaredSubPlan,
    ProblemCode::MissingSection,
    ProblemCode::SectionWithoutItems,
];

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_errors() {
            return Ok(());
        }
        let mut parts = Vec::new();
        if self.has(ProblemCode::MissingBlock) {
            parts.push("missing ganger-plan YAML block".to_owned());
        }
        parts.extend(self.of(ProblemCode::InvalidYaml).map(|problem| problem.message.clone()));
        if self.has(ProblemCode::EmptyExecutionGroups) {
            parts.push("empty execution_groups".to_owned());
        }
        if self.has(ProblemCode::MissingOrchestration) {
            parts.push("missing orchestration section".to_owned());
        }
        for (code, words) in [
            (ProblemCode::UnknownRepository, "unknown repos"),
            (ProblemCode::MissingSubPlan, "missing sub-plan sections"),
            (ProblemCode::UndeclaredSubPlan, "undeclared sub-plans"),
        ] {
            parts.extend(self.subjects(code).map(|list| format!("{words}: {list}")));
        }
        let thin = quoted(self.problems.iter().filter_map(Problem::thin));
        parts.extend(thin.map(|list| format!("incomplete sub-plans: {list}")));
        let others = self.problems.iter().filter(|problem| !SUMMARISED.contains(&problem.code));
        parts.extend(others.map(|problem| problem.message.clone()));
        write!(f, "Plan parsing failed: {}", parts.join("; "))
    }
}

impl std::error::Error for ParseErrors {}
