//! How commands fail, and how that is said.

use crate::look::Look;
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
                    .hint("daemon and command line may be of different versions: ganger daemon stop, then again")
                }
            }
        }
        ClientError::NotRunning { socket, source } => ErrorDetail::new(
            exit::ENVIRONMENT,
            "daemon.absent",
            format!("no daemon answers on {}: {source}", socket.display()),
        )
        .hint("ganger daemon run shows in the foreground why it does not start"),
        other => ErrorDetail::new(exit::ENVIRONMENT, "daemon.lost", other.to_string())
            .hint("ganger daemon status says whether it lives"),
    }
}

/// The lines of an error for people: one sentence, its problems, its hints.
pub(crate) fn render(look: &Look, detail: &ErrorDetail) -> String {
    let mut text = format!("error: {}\n", look.moments(&look.text(&detail.message)));
    for line in &detail.details {
        text.push_str(&format!("  {}\n", look.text(line)));
    }
    text.push_str(&crate::render::plan::problems(look, &detail.problems));
    for hint in &detail.hints {
        text.push_str(&format!("  hint: {}\n", look.text(hint)));
    }
    look.finish(text)
}
