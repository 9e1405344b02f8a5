//! What every codec keeps for those who watch: the last words on standard error, the tools that run, and how many
//! lines it could not read.

use crate::framer::NOTICE;
use ganger_core::agent::AgentEvent;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Characters kept of standard error.
const LAST_WORDS: usize = 2000;
/// Tools that may be open at once; an agent that opens more loses the record of the first ones.
const OPEN_TOOLS: usize = 512;
/// Ended tools that are remembered.
const ENDED_TOOLS: usize = 64;
/// Warnings of one kind before they are only counted.
const WARNINGS: u32 = 20;

/// The first `limit` characters of a text.
pub(crate) fn head(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
}

/// The last lines of standard error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LastWords(String);

impl LastWords {
    /// Takes a line. The framer's own notices become warnings.
    pub(crate) fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        if let Some(notice) = line.strip_prefix(NOTICE) {
            events.push(AgentEvent::Warning { message: notice.to_owned() });
            return;
        }
        self.0.push_str(line);
        self.0.push('\n');
        let extra = self.0.chars().count().saturating_sub(LAST_WORDS);
        if let Some((start, _)) = self.0.char_indices().nth(extra) {
            self.0.drain(..start);
        }
    }

    /// The words, without the end of the last line.
    pub(crate) fn text(&self) -> &str {
        self.0.trim_end()
    }
}

/// Warnings about lines that are no messages: the first ones are reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Strange(u32);

impl Strange {
    /// Reports a line that can't be read.
    pub(crate) fn report(&mut self, what: &str, line: &str, events: &mut Vec<AgentEvent>) {
        self.0 = self.0.saturating_add(1);
        if self.0 <= WARNINGS {
            let shown = head(line, 200);
            let more = if shown.len() < line.len() { "…" } else { "" };
            events.push(AgentEvent::Warning { message: format!("{what}: {shown}{more}") });
        } else if self.0 == WARNINGS + 1 {
            let message = format!("{what}: more of them are not reported; they stand in the journal");
            events.push(AgentEvent::Warning { message });
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Tool {
    title: String,
    /// Length and digest of the output reported so far.
    length: usize,
    digest: u64,
}

/// The agent's own tools that have begun and not ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tools {
    open: BTreeMap<String, Tool>,
    /// Those that ended last: some agents go on to speak of them.
    ended: VecDeque<String>,
}

impl Tools {
    /// A call began, or got a better title.
    pub(crate) fn started(&mut self, id: &str, title: Option<&str>, events: &mut Vec<AgentEvent>) {
        if self.ended.iter().any(|ended| ended == id) {
            return;
        }
        let known = self.open.get(id);
        let title = title.filter(|title| !title.is_empty());
        if known.is_some_and(|tool| title.is_none_or(|title| title == tool.title)) {
            return;
        }
        if known.is_none() && self.open.len() >= OPEN_TOOLS {
            self.open.pop_first();
        }
        let tool = self.open.entry(id.to_owned()).or_default();
        tool.title = head(title.unwrap_or("tool"), 300).to_owned();
        events.push(AgentEvent::ToolStarted { id: id.to_owned(), title: tool.title.clone() });
    }

    /// The whole output of a call so far: what is new in it is reported.
    pub(crate) fn output(&mut self, id: &str, whole: &str, events: &mut Vec<AgentEvent>) {
        let Some(tool) = self.open.get_mut(id) else { return };
        let before = whole.get(..tool.length).filter(|before| digest(before) == tool.digest);
        let new = if tool.length > 0 { before.map_or(whole, |before| &whole[before.len()..]) } else { whole };
        if new.is_empty() {
            return;
        }
        events.push(AgentEvent::ToolOutput { id: id.to_owned(), text: new.to_owned() });
        tool.length = whole.len();
        tool.digest = digest(whole);
    }

    /// A call ended. Nothing is said of one that is not open.
    pub(crate) fn ended(&mut self, id: &str, failed: bool, events: &mut Vec<AgentEvent>) {
        if self.open.remove(id).is_some() {
            self.ended.push_back(id.to_owned());
            if self.ended.len() > ENDED_TOOLS {
                self.ended.pop_front();
            }
            events.push(AgentEvent::ToolEnded { id: id.to_owned(), failed });
        }
    }

    /// The turn ended: what is still open came to nothing.
    pub(crate) fn abandon(&mut self, events: &mut Vec<AgentEvent>) {
        for (id, _) in std::mem::take(&mut self.open) {
            events.push(AgentEvent::ToolEnded { id, failed: true });
        }
    }
}

/// FNV-1a: tells whether output was repeated without keeping it.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
