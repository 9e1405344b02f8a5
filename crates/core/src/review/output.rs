//! The grammar of a review in text: either exactly `NO_CRITIQUES`, or blocks `CRITIQUE` … `END_CRITIQUE`. What is
//! neither, or both, is not a review, and never a pass.

use super::{Finding, Severity};
use serde_json::Value;
use thiserror::Error;

/// Findings that one review may have.
pub const MAX_FINDINGS: usize = 100;

/// Why a text is not a review.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Unreadable {
    /// Neither form is there.
    #[error("it is neither exactly NO_CRITIQUES nor holds a block CRITIQUE … END_CRITIQUE")]
    NoVerdict,
    /// Both forms are there.
    #[error("it says NO_CRITIQUES and has critiques too")]
    Both,
    /// A block is not closed.
    #[error("line {line}: the block CRITIQUE has no END_CRITIQUE")]
    Unterminated {
        /// Where it begins.
        line: usize,
    },
    /// A block says nothing.
    #[error("line {line}: the critique has no Description")]
    NoDescription {
        /// Where it begins.
        line: usize,
    },
    /// There are more findings than anybody can mend.
    #[error("it has more than {MAX_FINDINGS} critiques; keep the ones that matter")]
    TooMany,
}

fn plain(line: &str) -> &str {
    line.trim().trim_matches(['*', '`', '#', ' '])
}

/// The field that a line begins, and the rest of the line.
fn field(line: &str) -> Option<(&'static str, &str)> {
    const FIELDS: [&str; 7] =
        ["file", "line", "severity", "description", "suggestion", "resolves", "reverses"];
    let (name, rest) = line.trim_start_matches(['*', '-', ' ', '\t']).split_once(':')?;
    let name = name.trim_end_matches(['*', ' ']);
    let known = FIELDS.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some((known, rest.trim_start_matches('*').trim()))
}

/// A number, possibly with a letter or a sign before it, such as `c2` or `#2`.
fn number(text: &str) -> Option<u32> {
    let digits: String = text
        .trim_start_matches(|character: char| !character.is_ascii_digit())
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().filter(|number| *number > 0)
}

fn path(text: &str) -> Option<String> {
    let text = text.trim().trim_matches('`').trim();
    let general = ["", "general", "n/a", "none", "-"].iter().any(|word| word.eq_ignore_ascii_case(text));
    (!general).then(|| text.trim_start_matches("./").to_owned())
}

fn finding(fields: &[(&'static str, String)], line: usize) -> Result<Finding, Unreadable> {
    let value = |name: &str| {
        fields.iter().find(|(known, _)| *known == name).map(|(_, text)| text.trim()).unwrap_or_default()
    };
    if value("description").is_empty() {
        return Err(Unreadable::NoDescription { line });
    }
    Ok(Finding {
        file: path(value("file")),
        line: number(value("line")),
        severity: Severity::of(value("severity")),
        description: value("description").to_owned(),
        suggestion: value("suggestion").to_owned(),
        resolves: number(value("resolves")),
        reverses: number(value("reverses")),
    })
}

/// Reads a review. An empty list is a pass, and only what says so plainly is one.
pub fn parse(text: &str) -> Result<Vec<Finding>, Unreadable> {
    let mut findings = Vec::new();
    let mut open: Option<(usize, Vec<(&'static str, String)>)> = None;
    let mut says_none = false;
    for (index, line) in text.lines().enumerate() {
        let (number, word) = (index + 1, plain(line));
        match (&mut open, word) {
            (Some((begun, _)), "CRITIQUE") => return Err(Unreadable::Unterminated { line: *begun }),
            (None, "CRITIQUE") => open = Some((number, Vec::new())),
            (Some((begun, fields)), "END_CRITIQUE") => {
                findings.push(finding(fields, *begun)?);
                open = None;
            }
            (Some((_, fields)), _) => match field(line) {
                Some((name, rest)) => fields.push((name, rest.to_owned())),
                None => {
                    if let Some((_, text)) = fields.last_mut() {
                        text.push('\n');
                        text.push_str(line.trim_end());
                    }
                }
            },
            (None, "NO_CRITIQUES") => says_none = true,
            (None, _) => {}
        }
    }
    if let Some((line, _)) = open {
        return Err(Unreadable::Unterminated { line });
    }
    if findings.len() > MAX_FINDINGS {
        return Err(Unreadable::TooMany);
    }
    match (findings.is_empty(), says_none) {
        (false, true) => Err(Unreadable::Both),
        (false, false) => Ok(findings),
        (true, true) if plain(text) == "NO_CRITIQUES" => Ok(findings),
        (true, _) => Err(Unreadable::NoVerdict),
    }
}

/// Why the arguments of `submit_review` are not a review.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum BadSubmission {
    /// The verdict is neither of the two.
    #[error("`verdict` must be \"no_critiques\" or \"critiques\", not \"{0}\"")]
    Verdict(String),
    /// Verdict and critiques contradict each other.
    #[error("the verdict is \"no_critiques\", but there are {0} critiques; say which holds")]
    Both(usize),
    /// The verdict promises critiques that are not there.
    #[error("the verdict is \"critiques\", but the list `critiques` is empty; say which holds")]
    None,
    /// A critique says nothing.
    #[error("critique {0} has no `description`")]
    NoDescription(usize),
    /// There are more findings than anybody can mend.
    #[error("there are more than {MAX_FINDINGS} critiques; keep the ones that matter")]
    TooMany,
}

/// Reads the arguments of `submit_review`.
pub fn from_arguments(arguments: &Value) -> Result<Vec<Finding>, BadSubmission> {
    let verdict = arguments.get("verdict").and_then(Value::as_str).unwrap_or_default().trim().to_lowercase();
    let list = arguments.get("critiques").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let clean = match verdict.as_str() {
        "no_critiques" => true,
        "critiques" => false,
        other => return Err(BadSubmission::Verdict(other.chars().take(40).collect())),
    };
    match (clean, list.len()) {
        (true, 0) => return Ok(Vec::new()),
        (true, count) => return Err(BadSubmission::Both(count)),
        (false, 0) => return Err(BadSubmission::None),
        (false, count) if count > MAX_FINDINGS => return Err(BadSubmission::TooMany),
        (false, _) => {}
    }
    let read = |(index, value): (usize, &Value)| {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().trim();
        let count = |name: &str| match value.get(name) {
            Some(Value::String(text)) => number(text),
            Some(value) => {
                value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0)
            }
            None => None,
        };
        if text("description").is_empty() {
            return Err(BadSubmission::NoDescription(index + 1));
        }
        Ok(Finding {
            file: path(text("file")),
            line: count("line"),
            severity: Severity::of(text("severity")),
            description: text("description").to_owned(),
            suggestion: text("suggestion").to_owned(),
            resolves: count("resolves"),
            reverses: count("reverses"),
        })
    };
    list.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn show(findings: &[Finding]) -> String {
        let show = |finding: &Finding| {
            let file = finding.file.as_deref().unwrap_or("general");
            let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
            let link = finding.resolves.map(|number| format!(" resolves {number}")).unwrap_or_default();
            let word = finding.severity.word();
            format!("[{word}] {file}{line} {}|{}{link}", finding.description, finding.suggestion)
        };
        findings.iter().map(show).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_text_is_a_pass_a_list_or_unreadable() {
        let check = |text: &str, expected: &str| {
            let found = match parse(text) {
                Ok(findings) if findings.is_empty() => "pass".to_owned(),
                Ok(findings) => show(&findings),
                Err(problem) => format!("! {problem}"),
            };
            assert_eq!(found, expected, "{text}");
        };
        let none = "! it is neither exactly NO_CRITIQUES nor holds a block CRITIQUE … END_CRITIQUE";
        check("NO_CRITIQUES", "pass");
        check("\n**NO_CRITIQUES**\n", "pass");
        check("", none);
        check("Looks good to me.", none);
        check("I would have said NO_CRITIQUES, but", none);
        check("All is well.\nNO_CRITIQUES", none);
        check("no_critiques", none);
        check("CRITIQUES follow below.", none);
        check(
            "Two things.\nCRITIQUE\nFile: src/a.rs\nLine: 12\nSeverity: major\nDescription: off by one\nwhen empty\nSuggestion: use <=\nEND_CRITIQUE\nCRITIQUE\nFile: general\nSeverity: nit\nDescription: names\nEND_CRITIQUE",
            "[major] src/a.rs:12 off by one\nwhen empty|use <=\n[nit] general names|",
        );
        check("CRITIQUE\n**Severity:** catastrophic\n**Description:** x\nEND_CRITIQUE", "[major] general x|");
        check("CRITIQUE\nDescription: x\nResolves: c2\nEND_CRITIQUE", "[major] general x| resolves 2");
        check("CRITIQUE\nSeverity: nit\nEND_CRITIQUE", "! line 1: the critique has no Description");
        check("CRITIQUE\nDescription: x", "! line 1: the block CRITIQUE has no END_CRITIQUE");
        check(
            "CRITIQUE\nDescription: x\nCRITIQUE\nDescription: y\nEND_CRITIQUE",
            "! line 1: the block CRITIQUE has no END_CRITIQUE",
        );
        check(
            "CRITIQUE\nDescription: x\nEND_CRITIQUE\nNO_CRITIQUES",
            "! it says NO_CRITIQUES and has critiques too",
        );
    }

    #[test]
    fn a_submission_must_say_one_thing() {
        let check = |arguments: Value, expected: &str| {
            let found = match from_arguments(&arguments) {
                Ok(findings) if findings.is_empty() => "pass".to_owned(),
                Ok(findings) => show(&findings),
                Err(problem) => format!("! {problem}"),
            };
            assert_eq!(found, expected, "{arguments}");
        };
        let one = json!([{ "file": "./src/a.rs", "line": 3, "severity": "Minor", "description": "x", "resolves": "2" }]);
        check(json!({ "verdict": "no_critiques", "critiques": [] }), "pass");
        check(json!({ "verdict": "NO_CRITIQUES" }), "pass");
        check(json!({ "verdict": "critiques", "critiques": one }), "[minor] src/a.rs:3 x| resolves 2");
        check(
            json!({ "verdict": "no_critiques", "critiques": one }),
            "! the verdict is \"no_critiques\", but there are 1 critiques; say which holds",
        );
        check(
            json!({ "verdict": "critiques" }),
            "! the verdict is \"critiques\", but the list `critiques` is empty; say which holds",
        );
        check(
            json!({ "verdict": "lgtm" }),
            "! `verdict` must be \"no_critiques\" or \"critiques\", not \"lgtm\"",
        );
        check(json!({}), "! `verdict` must be \"no_critiques\" or \"critiques\", not \"\"");
        check(json!({ "verdict": "critiques", "critiques": [{}] }), "! critique 1 has no `description`");
    }
}
