//! Questions and reviews as scenarios write them, and the text by which an agent without tools says the same.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// One thing that is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionPart {
    /// The question.
    pub question: String,
    /// Possible answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Whether several of them may be chosen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multi_select: bool,
    /// The option that the agent would take, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended: Option<u32>,
}

/// A possible answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Choice {
    /// The answer alone.
    Label(String),
    /// With what it means.
    Described {
        /// The answer.
        label: String,
        /// What it means.
        description: String,
    },
}

/// A finding of a reviewer. Nothing is checked here: a reviewer that says nonsense is a scenario too.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Critique {
    /// The path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How bad it is, in any word.
    pub severity: String,
    /// What is wrong.
    pub description: String,
    /// What to do instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// The number of the older critique that this repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolves: Option<u32>,
    /// The number of the older critique whose fix this would undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<u32>,
}

/// The verdict that goes with these critiques.
pub(crate) fn verdict_of(critiques: &[Critique]) -> &'static str {
    if critiques.is_empty() { "no_critiques" } else { "critiques" }
}

/// A review as a last message. A verdict that says there is nothing comes first, whatever follows.
pub(crate) fn review_as_text(verdict: &str, critiques: &[Critique]) -> String {
    let mut text = String::new();
    if verdict == verdict_of(&[]) {
        text.push_str("NO_CRITIQUES\n");
    }
    for critique in critiques {
        text.push_str("CRITIQUE\n");
        let numbers = [("Resolves", critique.resolves), ("Reverses", critique.reverses)];
        // Writing to a string cannot fail.
        if let Some(file) = &critique.file {
            let _ = writeln!(text, "File: {file}");
        }
        if let Some(line) = critique.line {
            let _ = writeln!(text, "Line: {line}");
        }
        let _ = writeln!(text, "Severity: {}\nDescription: {}", critique.severity, critique.description);
        if let Some(suggestion) = &critique.suggestion {
            let _ = writeln!(text, "Suggestion: {suggestion}");
        }
        for (name, number) in numbers {
            if let Some(number) = number {
                let _ = writeln!(text, "{name}: {number}");
            }
        }
        text.push_str("END_CRITIQUE\n");
    }
    text
}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn a_review_is_written_by_the_grammar() {
        let check = |critiques: &[Critique], verdict: &str, expected: Expect| {
            expected.assert_eq(&review_as_text(verdict, critiques));
        };
        let bare = Critique { severity: "nit".into(), description: "Odd name".into(), ..Critique::default() };
        let full = Critique {
            file: Some("src/limit".into()),
            line: Some(3),
            severity: "major".into(),
            description: "Too low".into(),
            suggestion: Some("Raise it".into()),
            resolves: Some(2),
            reverses: Some(1),
        };
        check(&[], "no_critiques", expect![["NO_CRITIQUES\n"]]);
        check(
            &[bare.clone(), full],
            "critiques",
            expect![[r#"
                CRITIQUE
                Severity: nit
                Description: Odd name
                END_CRITIQUE
                CRITIQUE
                File: src/limit
                Line: 3
                Severity: major
                Description: Too low
                Suggestion: Raise it
                Resolves: 2
                Reverses: 1
                END_CRITIQUE
            "#]],
        );
        check(
            &[bare],
            "no_critiques",
            expect![[r#"
                NO_CRITIQUES
                CRITIQUE
                Severity: nit
                Description: Odd name
                END_CRITIQUE
            "#]],
        );
    }
}
