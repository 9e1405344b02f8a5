//! How commands fail, and how that is said.

use crate::look::{Look, is_command};
use ganger_api::client::ClientError;
use ganger_api::error::{ErrorBody, ErrorDetail};
use ganger_api::exit;
use std::io;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is something to say.
    Said(ErrorDetail),
    /// Standard output is gone: whoever read it has enough, which is no failure.
    OutputClosed,
}

impl From<ErrorDetail> for Failure {
    fn from(detail: ErrorDetail) -> Self {
        Self::Said(detail)
    }
}

impl From<io::Error> for Failure {
    /// For errors of writing results.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Said(ErrorDetail::new(
            exit::ENVIRONMENT,
            "output.failed",
            format!("the result could not be written: {error}"),
        ))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Said(detail_of(error))
    }
}

/// A client's error as a refusal.
pub(crate) fn detail_of(error: ClientError) -> ErrorDetail {
    match error {
        ClientError::Refused { path, status, body } => {
            match serde_json::from_value::<ErrorBody>(body.clone()) {
                Ok(body) => body.error,
                Err(_) => {
                    let (exit, message) = match status {
                        400..500 => {
                            (exit::REFUSED, format!("the daemon refused {path} with status {status}: {body}"))
                        }
                        _ => (
                            exit::FAILED,
                            format!("the daemon failed at {path} with status {status}: {body}"),
                        ),
                    };
                    ErrorDetail::new(exit, "daemon.unreadable", message)
                        .hint("daemon and command line may be of different versions: ganger daemon restart")
                }
            }
        }
        ClientError::NotRunning { socket, source } => ErrorDetail::new(
            exit::ENVIRONMENT,
            "daemon.absent",
            format!("no daemon answers on {}: {source}", socket.display()),
        )
        .hint("why it does not start is shown in the foreground: ganger daemon run"),
        other => ErrorDetail::new(exit::ENVIRONMENT, "daemon.lost", other.to_string())
            .hint("whether it lives: ganger daemon status"),
    }
}

/// The lines of an error for people: one sentence, its problems, its hints.
pub(crate) fn render(look: &Look, detail: &ErrorDetail) -> String {
    let mut text = String::new();
    let message = look.moments(&detail.message);
    for (index, line) in look.lines(&message).iter().enumerate() {
        let start = if index == 0 { "error: " } else { "  " };
        text.push_str(&format!("{start}{}\n", look.wrap(line, start.len(), 2)));
    }
    for line in detail.details.iter().flat_map(|detail| look.lines(detail)) {
        text.push_str(&format!("  {}\n", look.wrap(&line, 2, 4)));
    }
    text.push_str(&crate::render::plan::problems(look, &detail.problems));
    for hint in &detail.hints {
        let hint = look.line(hint);
        // A command is for pasting: it is never broken.
        let hint = if is_command(&hint) { hint } else { look.wrap(&hint, 8, 8) };
        text.push_str(&format!("  hint: {hint}\n"));
    }
    look.finish(text)
}
