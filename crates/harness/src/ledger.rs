//! What every codec keeps of its commands and frames: which notes are under way, which frames are wanted, and the
//! events that say how far each note came.

use crate::codec::Frame;
use ganger_core::agent::AgentEvent;
use ganger_core::ids::EffectId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Notes and wanted frames of one incarnation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger {
    wanted: VecDeque<Wanted>,
    notes: BTreeMap<u64, Noted>,
    replies: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wanted {
    key: String,
    line: String,
    note: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Noted {
    effect: Option<EffectId>,
    /// Frames made for it and not yet seen as written.
    waiting: u32,
    /// No more frames will be made for it.
    complete: bool,
    delivered: bool,
}

impl Ledger {
    /// A command came.
    pub(crate) fn open(&mut self, note: u64, effect: Option<EffectId>) {
        self.notes.insert(note, Noted { effect, waiting: 0, complete: false, delivered: false });
    }

    /// Wants a frame for a note, as the `k`-th of that note. Returns its key.
    pub(crate) fn want(&mut self, note: u64, k: u64, line: String) -> String {
        let key = format!("n{note}.{k}");
        if let Some(noted) = self.notes.get_mut(&note) {
            noted.waiting += 1;
        }
        self.wanted.push_back(Wanted { key: key.clone(), line, note: Some(note) });
        key
    }

    /// Wants a frame that no note asked for: an answer that the codec gives by itself.
    pub(crate) fn want_reply(&mut self, line: String) {
        self.replies += 1;
        self.wanted.push_back(Wanted { key: format!("r{}", self.replies), line, note: None });
    }

    /// No more frames will be made for this note.
    pub(crate) fn complete(&mut self, note: u64, events: &mut Vec<AgentEvent>) {
        if let Some(noted) = self.notes.get_mut(&note) {
            noted.complete = true;
        }
        self.deliver(note, events);
    }

    /// A frame was written. Returns the note whose frame it was, and whether that note is now delivered.
    pub(crate) fn written(&mut self, key: &str, events: &mut Vec<AgentEvent>) -> Option<(u64, bool)> {
        let at = self.wanted.iter().position(|wanted| wanted.key == key)?;
        let note = self.wanted.remove(at)?.note?;
        if let Some(noted) = self.notes.get_mut(&note) {
            noted.waiting = noted.waiting.saturating_sub(1);
        }
        Some((note, self.deliver(note, events)))
    }

    fn deliver(&mut self, note: u64, events: &mut Vec<AgentEvent>) -> bool {
        match self.notes.get_mut(&note) {
            Some(noted) if noted.complete && noted.waiting == 0 && !noted.delivered => {
                noted.delivered = true;
                events.push(AgentEvent::Delivered { note, effect: noted.effect });
                true
            }
            _ => false,
        }
    }

    /// The agent showed that it has seen this note; says so once, and only of a delivered one.
    pub(crate) fn acknowledge(&mut self, note: u64, events: &mut Vec<AgentEvent>) {
        if self.notes.get(&note).is_some_and(|noted| noted.delivered)
            && let Some(noted) = self.notes.remove(&note)
        {
            events.push(AgentEvent::Acknowledged { note, effect: noted.effect });
        }
    }

    /// This note will not reach the agent: its frames are wanted no longer.
    pub(crate) fn drop_note(&mut self, note: u64, reason: &str, events: &mut Vec<AgentEvent>) {
        self.wanted.retain(|wanted| wanted.note != Some(note));
        if let Some(noted) = self.notes.remove(&note)
            && !noted.delivered
        {
            events.push(AgentEvent::Undeliverable { note, effect: noted.effect, reason: reason.to_owned() });
        }
    }

    /// A command that can't be carried out at all.
    pub(crate) fn refuse(
        &mut self,
        note: u64,
        effect: Option<EffectId>,
        reason: impl Into<String>,
        events: &mut Vec<AgentEvent>,
    ) {
        events.push(AgentEvent::Undeliverable { note, effect, reason: reason.into() });
    }

    /// Nothing can be written any more.
    pub(crate) fn close(&mut self, reason: &str, events: &mut Vec<AgentEvent>) {
        self.wanted.clear();
        for (note, noted) in std::mem::take(&mut self.notes) {
            if !noted.delivered {
                events.push(AgentEvent::Undeliverable {
                    note,
                    effect: noted.effect,
                    reason: reason.to_owned(),
                });
            }
        }
    }

    /// Whether this note's frames have all been written.
    pub(crate) fn is_delivered(&self, note: u64) -> bool {
        self.notes.get(&note).is_some_and(|noted| noted.delivered)
    }

    /// The frames wanted, in order.
    pub(crate) fn wanted(&self) -> Vec<Frame> {
        self.wanted
            .iter()
            .map(|wanted| Frame { key: wanted.key.clone(), bytes: wanted.line.clone().into_bytes() })
            .collect()
    }
}
