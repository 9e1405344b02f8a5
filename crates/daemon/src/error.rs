//! Errors as every face shows them: a stable code, one sentence, what to do, and the exit code.

use serde::Serialize;
use std::fmt::Write as _;

/// What sort of failure an error is. Scripts see it as the exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// It was tried and did not succeed.
    Failed,
    /// The command line or the configuration is wrong; trying again changes nothing.
    Usage,
    /// It goes no further without a person.
    NeedsPerson,
    /// What was named does not exist.
    NotFound,
    /// Not possible in this state; nothing was changed.
    Refused,
    /// The surroundings do not allow it: no daemon, no agent, no git, no disk. May work later.
    Environment,
    /// The time given was over first.
    TimedOut,
}

impl ErrorKind {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NeedsPerson => 3,
            Self::NotFound => 4,
            Self::Refused => 5,
            Self::Environment => 6,
            Self::TimedOut => 7,
        }
    }
}

/// An error that a person or a script is shown.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CodedError {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// A stable name for scripts, such as `configuration.unknown_key`.
    pub code: &'static str,
    /// One sentence: what was asked, what is wrong.
    pub message: String,
    /// Further lines that belong to the sentence, such as the other problems of the same file.
    pub details: Vec<String>,
    /// What can be done, each ending in something that can be pasted where that is possible.
    pub hints: Vec<String>,
}

impl CodedError {
    /// An error without details and hints.
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), details: Vec::new(), hints: Vec::new() }
    }

    /// The same error with one more line below its sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// The same error with one more thing that can be done.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A file could not be read or written.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(
            ErrorKind::Environment,
            "file.inaccessible",
            format!("cannot {doing} {}: {}", path.display(), cause(error)),
        )
    }

    /// The exit code of the process.
    pub const fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }

    /// The lines for a terminal, ending in a newline.
    pub fn to_text(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for (prefix, lines) in [("  ", &self.details), ("  hint: ", &self.hints)] {
            for line in lines {
                // Writing into a string cannot fail.
                let _ = writeln!(text, "{prefix}{line}");
            }
        }
        text
    }

    /// The object that `--json` prints on standard error.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": {
                "code": self.code,
                "kind": self.kind,
                "message": self.message,
                "details": self.details,
                "hints": self.hints,
                "exit": self.exit_code(),
            }
        })
    }
}

impl From<CodedError> for ganger_api::error::ErrorDetail {
    fn from(error: CodedError) -> Self {
        let exit = error.exit_code();
        // The wire has one sentence and no lines below it.
        let sentence = match error.details.as_slice() {
            [] => error.message,
            details => format!("{}: {}", error.message, details.join("; ")),
        };
        Self { hints: error.hints, ..Self::new(exit, error.code, sentence) }
    }
}

/// An I/O error in words, without the number that the standard library appends.
pub fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_error_says_what_why_and_what_next() {
        let error =
            CodedError::new(ErrorKind::Refused, "plan.changed", "g12 was not approved: the plan changed")
                .detail("it was edited by you at 12:40")
                .hint("ganger plan g12 --diff 2..3");
        expect![[r#"
            error: g12 was not approved: the plan changed
              it was edited by you at 12:40
              hint: ganger plan g12 --diff 2..3
        "#]]
        .assert_eq(&error.to_text());
        expect![[r#"{"error":{"code":"plan.changed","kind":"refused","message":"g12 was not approved: the plan changed","details":["it was edited by you at 12:40"],"hints":["ganger plan g12 --diff 2..3"],"exit":5}}"#]]
        .assert_eq(&error.to_json().to_string());
    }
}
