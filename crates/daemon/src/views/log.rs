//! Transcripts, derived from journals: what an agent does, not what it streams.

use super::timestamp;
use ganger_api::log::{LogKind, LogLine};
use ganger_core::agent::{AgentEvent, RequestAnswer, RequestBody, SessionCommand, TurnEnd};
use ganger_core::journal::{Position, Record, RecordKind};
use ganger_harness::codec::{Codec, EntryBody};
use ganger_harness::framer::Framer;
use std::collections::BTreeMap;

/// Folds the records of one incarnation into lines.
pub struct Transcript {
    source: String,
    scope: String,
    framer: Framer,
    codec: Box<dyn Codec>,
    text: String,
    thinking: bool,
    tools: BTreeMap<String, String>,
    raw: bool,
    /// Position and time of the last record.
    last: (u64, u64),
}

impl Transcript {
    /// A transcript of a session's incarnation; `scope` begins its cursors.
    pub fn new(source: String, scope: String, codec: Box<dyn Codec>, raw: bool) -> Self {
        Self {
            source,
            scope,
            framer: Framer::new(),
            codec,
            text: String::new(),
            thinking: false,
            tools: BTreeMap::new(),
            raw,
            last: (0, 0),
        }
    }

    fn line(&self, position: Position, at_ms: u64, kind: LogKind, text: String, failed: bool) -> LogLine {
        LogLine {
            cursor: format!("{}:{}.{}", self.scope, position.record, position.ordinal),
            at: timestamp(at_ms),
            source: self.source.clone(),
            kind,
            text,
            failed,
        }
    }

    /// A line about something that does not stand in the journal; `name` ends its cursor.
    pub fn beside(&self, name: &str, at_ms: u64, kind: LogKind, text: String) -> LogLine {
        LogLine {
            cursor: format!("{}:{name}", self.scope),
            at: timestamp(at_ms),
            source: self.source.clone(),
            kind,
            text,
            failed: true,
        }
    }

    /// What was said since the last line, as one.
    fn flush(&mut self, position: Position, at_ms: u64, lines: &mut Vec<LogLine>) {
        if self.text.trim().is_empty() {
            self.text.clear();
            return;
        }
        let kind = if self.thinking { LogKind::Think } else { LogKind::Agent };
        let text = std::mem::take(&mut self.text).trim_end().to_owned();
        lines.push(self.line(position, at_ms, kind, text, false));
    }

    /// Takes a record and gives the lines that are complete by it.
    pub fn push(&mut self, record: &Record) -> Vec<LogLine> {
        let mut lines = Vec::new();
        self.last = (record.position, record.at_ms);
        for entry in self.framer.push(record) {
            let (position, at) = (entry.position, entry.at_ms);
            if self.raw {
                if let EntryBody::Out(text) | EntryBody::Err(text) = &entry.body {
                    lines.push(self.line(position, at, LogKind::Raw, text.clone(), false));
                } else if let EntryBody::In { bytes, .. } = &entry.body {
                    let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
                    lines.push(self.line(position, at, LogKind::Raw, format!("→ {text}"), false));
                }
                self.codec.step(&entry);
                continue;
            }
            if let EntryBody::Note { note, .. } = &entry.body {
                self.flush(position, at, &mut lines);
                if let Some((kind, text)) = command(&note.command) {
                    lines.push(self.line(position, at, kind, text, false));
                }
            }
            for event in self.codec.step(&entry) {
                self.event(event, position, at, &mut lines);
            }
        }
        if record.kind == RecordKind::Exit {
            lines.extend(self.rest());
        }
        lines
    }

    /// What was said since the last line, when nothing will follow it: the end of a program, or of a journal whose
    /// host died before it could write that end.
    pub fn rest(&mut self) -> Option<LogLine> {
        let mut lines = Vec::new();
        let (record, at_ms) = self.last;
        self.flush(Position { record, ordinal: u32::MAX }, at_ms, &mut lines);
        lines.pop()
    }

    /// What is being said at this moment, as a line that is not complete.
    pub fn unfinished(&self) -> Option<LogLine> {
        let (record, at_ms) = self.last;
        let kind = if self.thinking { LogKind::Think } else { LogKind::Agent };
        let text = self.text.trim_end().to_owned();
        let position = Position { record, ordinal: u32::MAX };
        (!text.trim().is_empty()).then(|| self.line(position, at_ms, kind, text, false))
    }

    fn event(&mut self, event: AgentEvent, position: Position, at: u64, lines: &mut Vec<LogLine>) {
        let (kind, text, failed) = match event {
            AgentEvent::TextDelta { text } | AgentEvent::Thinking { text } if text.is_empty() => return,
            AgentEvent::TextDelta { text } => {
                if self.thinking {
                    self.flush(position, at, lines);
                    self.thinking = false;
                }
                self.text.push_str(&text);
                return;
            }
            AgentEvent::Thinking { text } => {
                if !self.thinking {
                    self.flush(position, at, lines);
                    self.thinking = true;
                }
                self.text.push_str(&text);
                return;
            }
            AgentEvent::ToolStarted { id, title } => {
                if self.tools.insert(id, title.clone()).is_some_and(|known| known == title) {
                    return;
                }
                (LogKind::Tool, title, false)
            }
            AgentEvent::ToolEnded { id, failed } => {
                let title = self.tools.remove(&id).unwrap_or(id);
                if !failed {
                    return;
                }
                (LogKind::Tool, format!("{title} failed"), true)
            }
            AgentEvent::Asked(request) => match request.body {
                RequestBody::Permission { title, .. } => (LogKind::Call, format!("asks to: {title}"), false),
                RequestBody::Question { text, .. } => (LogKind::Call, text, false),
                RequestBody::Tool { name, .. } => (LogKind::Call, name, false),
            },
            AgentEvent::TurnEnded(TurnEnd::Failed { message }) => {
                (LogKind::Turn, format!("failed: {message}"), true)
            }
            AgentEvent::TurnEnded(end) => {
                let how = match end {
                    TurnEnd::Completed => "ended".to_owned(),
                    TurnEnd::Interrupted => "interrupted".to_owned(),
                    TurnEnd::Limit { detail } => format!("met a limit: {detail}"),
                    _ => "refused by the model".to_owned(),
                };
                (LogKind::Turn, how, false)
            }
            AgentEvent::RateLimited { message, .. } => (LogKind::Warning, message, true),
            AgentEvent::StartFailed { message } => (LogKind::Process, message, true),
            AgentEvent::Warning { message } => (LogKind::Warning, message, false),
            AgentEvent::Ready { loaded, .. } => {
                let what = if loaded { "ready, earlier conversation loaded" } else { "ready" };
                (LogKind::Process, what.to_owned(), false)
            }
            AgentEvent::Ended(ended) => {
                let ok = ended.status.success();
                let words = ended.last_words.trim();
                let said = if words.is_empty() || ok { String::new() } else { format!(": {words}") };
                let code = ended
                    .status
                    .code
                    .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                (LogKind::Process, format!("ended by {code}{said}"), !ok)
            }
            _ => return,
        };
        self.flush(position, at, lines);
        lines.push(self.line(position, at, kind, text, failed));
    }
}

fn command(command: &SessionCommand) -> Option<(LogKind, String)> {
    Some(match command {
        SessionCommand::Prompt { text } => (LogKind::Prompt, text.clone()),
        SessionCommand::Answer { answer, .. } => match answer {
            RequestAnswer::Permission { option } => {
                (LogKind::You, format!("permission: {}", option.as_deref().unwrap_or("cancelled")))
            }
            RequestAnswer::Tool(answer) => (LogKind::You, answer.text.clone()),
            RequestAnswer::Text { text } => (LogKind::You, text.clone()),
        },
        SessionCommand::Interrupt => (LogKind::You, "interrupted".to_owned()),
        SessionCommand::Start(_) => return None,
    })
}
