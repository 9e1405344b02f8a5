//! What can be wrong with a configuration, in sentences.

use super::key::KeyPath;
use super::layers::Origin;
use crate::error::{CodedError, ErrorKind};
use std::fmt;

/// Something wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// A stable name for scripts.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What can be done.
    pub hint: Option<String>,
}

impl Problem {
    /// A key that does not exist; `written` is its last part. `known` are the keys that could stand in its place, `everywhere` all others.
    pub(super) fn unknown_key(
        key: &str,
        written: &str,
        origin: Option<&Origin>,
        known: &[String],
        everywhere: &[String],
    ) -> Self {
        let suggestion = nearest(written, known.iter().map(String::as_str)).or_else(|| {
            let last = |path: &&str| path.rsplit('.').next().is_some_and(|last| last == written);
            let paths = || everywhere.iter().map(String::as_str);
            paths().find(last).or_else(|| nearest(key, paths()))
        });
        let all = "all keys: ganger config list --all";
        Self {
            code: "configuration.unknown_key",
            message: origin.map_or_else(
                || format!("unknown key `{key}`"),
                |origin| format!("unknown key `{key}` in {origin}"),
            ),
            hint: Some(
                suggestion.map_or_else(|| all.to_owned(), |word| format!("did you mean `{word}`? {all}")),
            ),
        }
    }

    /// A key that exists, but not in the file of a workspace.
    pub(super) fn only_the_person(key: &KeyPath, origin: &Origin) -> Self {
        Self {
            code: "configuration.not_for_workspaces",
            message: format!(
                "`{key}` in {origin} belongs into config.toml: what comes with a workspace starts no programs and \
                 loosens no sandbox"
            ),
            hint: Some(format!("move it there: ganger config set {key} …")),
        }
    }

    /// A value that its key cannot have. `requirement` begins with "must".
    pub(super) fn wrong_value(key: &str, origin: &Origin, requirement: &str, found: &str) -> Self {
        Self {
            code: "configuration.wrong_value",
            message: format!("`{key}` in {origin} {requirement}, not {found}"),
            hint: None,
        }
    }

    /// A value that is well formed and still impossible. `reason` continues "`key` in file:line …".
    pub(super) fn impossible(key: &dyn fmt::Display, origin: &Origin, reason: &str) -> Self {
        Self {
            code: "configuration.impossible",
            message: format!("`{key}` in {origin} {reason}"),
            hint: None,
        }
    }

    /// The same problem with something that can be done.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One error of all problems; there is at least one, or there is none to make.
pub(super) fn to_error(problems: Vec<Problem>) -> Option<CodedError> {
    let number = problems.len();
    let mut problems = problems.into_iter();
    let first = problems.next()?;
    if number == 1 {
        let mut error = CodedError::new(ErrorKind::Usage, first.code, first.message);
        error.hints.extend(first.hint);
        return Some(error);
    }
    let message = format!("the configuration has {number} problems");
    let mut error = CodedError::new(ErrorKind::Usage, "configuration.problems", message);
    for problem in std::iter::once(first).chain(problems) {
        error.details.push(match problem.hint {
            Some(hint) => format!("{} ({hint})", problem.message),
            None => problem.message,
        });
    }
    Some(error)
}

/// The word of the list that was probably meant.
pub fn nearest<'a>(written: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let distance = |word: &'a str| (strsim::damerau_levenshtein(&written, &word.to_lowercase()), word);
    let (distance, word) = words.map(distance).min()?;
    // A third of the letters may be wrong: `max_cycle` is `max_cycles`, `model` is not `mode`'s neighbour `code`.
    (distance <= written.chars().count().max(3) / 3).then_some(word)
}
