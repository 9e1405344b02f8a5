//! What an agent said last: the answer of one that does not use our tools. Read off its journal by its codec, as
//! everything else of it is.

use super::context::Context;
use super::{JobOutcome, Trouble, blocking};
use ganger_core::agent::AgentEvent;
use ganger_core::effect::JobResult;
use ganger_core::ids::SessionId;
use ganger_harness::codec::Codec;
use ganger_harness::framer::Framer;
use ganger_host::client::read_journal;
use ganger_host::journal::JournalItem;

/// The longest message that is read, in bytes; a longer one is cut at its beginning.
const MAX_MESSAGE: usize = 256 << 10;

/// The text since the agent last used a tool, in the last turn that it began.
#[derive(Default)]
struct LastMessage {
    text: String,
    /// The text before that: an agent may write its answer and then look at something once more.
    before: String,
}

impl LastMessage {
    fn take(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::TurnStarted { .. } => *self = Self::default(),
            AgentEvent::TextDelta { text } => {
                self.text.push_str(text);
                if self.text.len() > MAX_MESSAGE {
                    let cut = self.text.len() - MAX_MESSAGE;
                    let cut = (cut..self.text.len()).find(|at| self.text.is_char_boundary(*at));
                    self.text.drain(..cut.unwrap_or(0));
                }
            }
            AgentEvent::ToolStarted { .. } if !self.text.trim().is_empty() => {
                self.before = std::mem::take(&mut self.text);
            }
            _ => {}
        }
    }

    fn into_text(self) -> String {
        if self.text.trim().is_empty() { self.before } else { self.text }
    }
}

fn fold(items: Vec<JournalItem>, codec: &mut dyn Codec) -> String {
    let mut framer = Framer::new();
    let mut message = LastMessage::default();
    for item in items {
        if let JournalItem::Record(record) = item {
            for entry in framer.push(&record) {
                for event in codec.step(&entry) {
                    message.take(&event);
                }
            }
        }
    }
    message.into_text()
}

pub(super) async fn read(context: Context, session: SessionId, incarnation: u64) -> JobOutcome {
    let agent = context.item.session(session).map(|session| session.agent.clone()).unwrap_or_default();
    let agent = context.engine.surroundings().agent(&agent).map_err(Trouble::Refused)?;
    let mut codec = ganger_harness::codec_for(&agent.harness)
        .ok_or_else(|| Trouble::Refused(format!("there is no harness \"{}\"", agent.harness)))?;
    let directory = context.session_host(session, incarnation);
    blocking(move || {
        let items = read_journal(&directory, 1).map_err(|error| Trouble::Again(error.to_string()))?;
        Ok(JobResult::Message { text: fold(items, codec.as_mut()) })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(events: &[AgentEvent]) -> String {
        let mut message = LastMessage::default();
        events.iter().for_each(|event| message.take(event));
        message.into_text()
    }

    #[test]
    fn the_last_message_is_what_stands_after_the_last_tool() {
        let text = |text: &str| AgentEvent::TextDelta { text: text.to_owned() };
        let turn = |note| AgentEvent::TurnStarted { note };
        let tool = || AgentEvent::ToolStarted { id: "1".to_owned(), title: "ls".to_owned() };
        assert_eq!(
            said(&[turn(1), text("Let me see."), tool(), text("NO_"), text("CRITIQUES")]),
            "NO_CRITIQUES"
        );
        assert_eq!(said(&[turn(1), text("NO_CRITIQUES"), tool(), text("\n")]), "NO_CRITIQUES");
        assert_eq!(said(&[turn(1), text("old"), turn(2), text("new")]), "new");
        assert_eq!(said(&[turn(1), text("old"), turn(2)]), "");
    }
}
