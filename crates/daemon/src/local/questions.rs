//! Questions to the person at the terminal.

use crate::error::{CodedError, ErrorKind, cause};
use std::io::{BufRead, Write};

/// Whoever can be asked.
pub trait Questions {
    /// Yes or no; `default` is what Return means.
    ///
    /// # Errors
    /// The person is gone, or answered nothing usable several times.
    fn confirm(&mut self, question: &str, default: bool) -> Result<bool, CodedError>;

    /// One of the options; the first is what Return means. Gives its position.
    ///
    /// # Errors
    /// As [`Self::confirm`].
    fn choose(&mut self, question: &str, options: &[String]) -> Result<usize, CodedError>;
}

/// Takes every default: `--yes`.
#[derive(Clone, Copy, Debug)]
pub struct NoQuestions;

impl Questions for NoQuestions {
    fn confirm(&mut self, _: &str, default: bool) -> Result<bool, CodedError> {
        Ok(default)
    }

    fn choose(&mut self, _: &str, _: &[String]) -> Result<usize, CodedError> {
        Ok(0)
    }
}

/// Asks line by line.
pub struct TerminalQuestions<R, W> {
    input: R,
    output: W,
}

/// How often a question is put before it is given up.
const TRIES: usize = 5;

impl<R: BufRead, W: Write> TerminalQuestions<R, W> {
    /// Reads answers from `input` and writes questions to `output`.
    pub fn new(input: R, output: W) -> Self {
        Self { input, output }
    }

    fn ask<T>(
        &mut self,
        question: &str,
        read: impl Fn(&str) -> Option<T>,
        help: &str,
    ) -> Result<T, CodedError> {
        let gone = |error: &std::io::Error| {
            CodedError::new(
                ErrorKind::Environment,
                "terminal.closed",
                format!("cannot ask at the terminal: {}", cause(error)),
            )
            .hint("take the defaults: --yes")
        };
        for _ in 0..TRIES {
            write!(self.output, "? {question} › ")
                .and_then(|()| self.output.flush())
                .map_err(|error| gone(&error))?;
            let mut line = String::new();
            // An end of input answers nothing, and must not be taken for Return.
            if self.input.read_line(&mut line).map_err(|error| gone(&error))? == 0 {
                return Err(gone(&std::io::ErrorKind::UnexpectedEof.into()));
            }
            match read(line.trim()) {
                Some(answer) => return Ok(answer),
                None => writeln!(self.output, "  {help}").map_err(|error| gone(&error))?,
            }
        }
        Err(CodedError::new(
            ErrorKind::NeedsPerson,
            "question.unanswered",
            format!("no usable answer to \"{question}\""),
        )
        .hint("take the defaults: --yes"))
    }
}

impl<R: BufRead, W: Write> Questions for TerminalQuestions<R, W> {
    fn confirm(&mut self, question: &str, default: bool) -> Result<bool, CodedError> {
        let choices = if default { "(Y/n)" } else { "(y/N)" };
        let read = |line: &str| match line.to_lowercase().as_str() {
            "" => Some(default),
            "y" | "yes" => Some(true),
            "n" | "no" => Some(false),
            _ => None,
        };
        self.ask(&format!("{question} {choices}"), read, "answer y or n")
    }

    fn choose(&mut self, question: &str, options: &[String]) -> Result<usize, CodedError> {
        let listed: Vec<String> = options
            .iter()
            .enumerate()
            .map(|(position, option)| format!("{} {option}", position + 1))
            .collect();
        let read = |line: &str| match line.parse::<usize>() {
            Ok(number) => number.checked_sub(1).filter(|&position| position < options.len()),
            Err(_) if line.is_empty() => Some(0),
            Err(_) => options.iter().position(|option| option == line),
        };
        let help = format!("answer with a number from 1 to {}", options.len());
        self.ask(&format!("{question}  {}", listed.join("   ")), read, &help)
    }
}
