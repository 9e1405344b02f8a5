//! `comment`

use super::words::{self, Beginning};
use crate::arguments::{CommentArguments, Severity, WordsArguments};
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;
use ganger_api::error::ErrorDetail;
use ganger_api::{exit, review};

/// A place as it is typed: `src/x.rs:42`, or `src/x.rs`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    file: String,
    line: Option<u32>,
}

impl Place {
    fn parse(text: &str) -> Result<Self, Failure> {
        let (file, line) = match text.rsplit_once(':') {
            Some((file, digits))
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                let line = digits.parse().ok().filter(|line| *line > 0);
                let line: u32 = line.ok_or_else(|| {
                    let message = format!("`{digits}` is not the number of a line: they count from 1");
                    ErrorDetail::new(exit::USAGE, "comment.no_line", message)
                })?;
                (file, Some(line))
            }
            _ => (text, None),
        };
        if file.is_empty() {
            let message = format!("`{text}` names no file: write it as src/x.rs:42");
            return Err(ErrorDetail::new(exit::USAGE, "comment.no_file", message).into());
        }
        Ok(Self { file: file.to_owned(), line })
    }

    /// Whether a lone word is a place and not what is wrong: it ends in a line, and has no white space.
    fn is_meant(text: &str) -> bool {
        !text.contains(char::is_whitespace)
            && text.rsplit_once(':').is_some_and(|(file, digits)| {
                !file.is_empty() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
    }
}

const fn severity(severity: Severity) -> review::Severity {
    match severity {
        Severity::Critical => review::Severity::Critical,
        Severity::Major => review::Severity::Major,
        Severity::Minor => review::Severity::Minor,
        Severity::Nit => review::Severity::Nit,
    }
}

/// Raises a critique.
pub(super) async fn comment(context: &mut Context<'_>, arguments: &CommentArguments) -> Result<u8, Failure> {
    let elsewhere = arguments.file.is_some() || arguments.editor;
    let (place, text) = match arguments.text.as_slice() {
        [_, _] if elsewhere => {
            let message = "the words are given twice: as an argument, and with -f or -e";
            return Err(ErrorDetail::new(exit::USAGE, "text.twice", message).into());
        }
        [place, text] => (Some(place), Some(text)),
        [place] if elsewhere || Place::is_meant(place) => (Some(place), None),
        [text] => (None, Some(text)),
        _ => (None, None),
    };
    let place = place.map(|place| Place::parse(place)).transpose()?;
    let from = WordsArguments { file: arguments.file.clone(), editor: arguments.editor };
    let target = arguments.target.clone();
    let words = match words::take(context, text, &from, "`comment`", true)? {
        Some(words) => words,
        None => {
            let at = place.as_ref().map(|place| match place.line {
                Some(line) => format!(" {}:{line}", place.file),
                None => format!(" {}", place.file),
            });
            let mark = format!("a critique of {target}{}: what is wrong?", at.unwrap_or_default());
            words::write(
                context,
                &format!("comment-{target}"),
                &Beginning { marks: vec![mark], text: String::new() },
            )?
        }
    };
    let (words, text) = words.required("the comment")?;
    let (file, line) = place.map_or((None, None), |place| (Some(place.file), place.line));
    let command = ItemCommand::Comment {
        target: target.clone(),
        file,
        line,
        severity: severity(arguments.severity),
        text,
        send: arguments.send,
    };
    words.send_shown(context, &target, command).await
}
