//! Server-sent events, read as the HTML standard (section 9.2) says, as far as a feed needs it.

use super::{ClientError, causes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::collections::VecDeque;

/// The longest event, and the longest line of one, in bytes.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One event of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerEvent {
    /// The cursor: give it back to go on behind this event. `None` where the event carries none.
    pub id: Option<String>,
    /// The event's name; `None` is the standard's `message`.
    pub name: Option<String>,
    /// The event's data, its lines joined by line feeds.
    pub data: String,
}

/// A running stream of server-sent events. Dropping it ends the request.
#[derive(Debug)]
pub struct Lines {
    path: String,
    body: Option<Incoming>,
    parser: Parser,
}

impl Lines {
    pub(super) fn new(path: String, body: Incoming) -> Self {
        Self { path, body: Some(body), parser: Parser::default() }
    }

    /// The next event; `None` when the daemon ended the stream in an orderly way. After an error the stream is
    /// over.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when the connection broke, [`ClientError::Protocol`] when what came is no stream of
    /// events.
    pub async fn next(&mut self) -> Result<Option<ServerEvent>, ClientError> {
        loop {
            if let Some(event) = self.parser.ready.pop_front() {
                return Ok(Some(event));
            }
            let Some(body) = &mut self.body else { return Ok(None) };
            match body.frame().await {
                None => self.body = None,
                Some(Ok(frame)) => {
                    let Some(bytes) = frame.data_ref() else { continue };
                    if let Err(reason) = self.parser.feed(bytes) {
                        self.body = None;
                        return Err(ClientError::Protocol { path: self.path.clone(), reason });
                    }
                }
                Some(Err(error)) => {
                    self.body = None;
                    return Err(ClientError::Lost { path: self.path.clone(), reason: causes(&error) });
                }
            }
        }
    }
}

/// Cuts bytes into lines and lines into events.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    after_return: bool,
    event: ServerEvent,
    has_data: bool,
    pub(super) ready: VecDeque<ServerEvent>,
}

impl Parser {
    /// Takes the next bytes; whole events go to `ready`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        for &byte in bytes {
            match byte {
                // The second half of a line end that began with a carriage return.
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => self.end_line()?,
                _ if self.line.len() >= MAX_EVENT => {
                    return Err(format!("a line of the stream is longer than {MAX_EVENT} bytes"));
                }
                _ => self.line.push(byte),
            }
            self.after_return = byte == b'\r';
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), String> {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8(bytes).map_err(|_| "a line of the stream is not UTF-8".to_owned())?;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            // An event without data is not dispatched: so says the standard.
            if std::mem::take(&mut self.has_data) {
                self.ready.push_back(event);
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => self.event.name = Some(value.to_owned()),
            "data" => {
                if self.event.data.len() + value.len() > MAX_EVENT {
                    return Err(format!("an event of the stream is longer than {MAX_EVENT} bytes"));
                }
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment (empty field), which keeps the connection alive, or a field of a later version.
            _ => {}
        }
        Ok(())
    }
}
