//! The commands that need no running daemon: `init`, `config`, `agents`, `login`, `daemon install`, and this machine's
//! half of `doctor`. Each is a plain function over its arguments.

pub mod agents;
mod capture;
mod change;
pub mod config;
pub mod doctor;
mod editor;
pub mod init;
mod push;
mod questions;
mod replace;
mod survey;
mod throw_away;
mod trial;
pub mod unit;

pub use questions::{NoQuestions, Questions, TerminalQuestions};
pub(crate) use replace::replace;

/// How a command ended that reported its result itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Everything asked for is done, or fine.
    Done,
    /// It ran and its finding is bad: exit code 1.
    Failed,
}

impl Outcome {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
        }
    }
}

/// Writes a word beside a command's result.
///
/// # Errors
/// Nobody reads it any more.
pub fn say(out: &mut dyn std::io::Write, text: &str) -> Result<(), crate::error::CodedError> {
    print(out, text)
}

/// Writes to where a command's results go.
pub(crate) fn print(out: &mut dyn std::io::Write, text: &str) -> Result<(), crate::error::CodedError> {
    out.write_all(text.as_bytes()).map_err(|error| {
        use crate::error::{CodedError, ErrorKind, cause};
        CodedError::new(
            ErrorKind::Environment,
            "output.closed",
            format!("the result cannot be written: {}", cause(&error)),
        )
    })
}
