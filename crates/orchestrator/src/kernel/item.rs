//! A work item's kernel: the common one, and the conversations of its sessions.

use super::conversation::Conversation;
use super::{CommitFailure, Input, Kernel, KernelOutput, Output, SyncNeed, Token};
use ganger_core::agent::{SessionStart, ToolAnswer};
use ganger_core::aggregate::CommonReport;
use ganger_core::effect::{Action, Outcome, TimerPurpose};
use ganger_core::env::Times;
use ganger_core::ids::{EffectId, SessionId};
use ganger_core::journal::Record;
use ganger_core::message::Address;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::reply::reply;
use ganger_core::work_item::report::ItemReport;
use ganger_core::work_item::state::Channel;
use ganger_harness::codec::Codec;

/// Tool calls that may be held at once for one item; more are answered with a refusal.
const MAX_HELD: usize = 256;

/// A tool call over the bridge, held until it is answered.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The session.
    pub session: SessionId,
    /// The incarnation.
    pub incarnation: u64,
    /// The call's id, unique within the incarnation.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: serde_json::Value,
}

/// What attaching to a session's host told, with what its conversation starts from.
pub struct Attachment {
    /// The session.
    pub session: SessionId,
    /// The incarnation.
    pub incarnation: u64,
    /// The codec, at the beginning of the journal.
    pub codec: Box<dyn Codec>,
    /// The first command.
    pub start: SessionStart,
    /// The journal's last record.
    pub head: u64,
    /// The last accepted counter of notes and writes.
    pub last_write: u64,
}

/// A work item's kernel.
pub struct ItemKernel {
    kernel: Kernel<WorkItem>,
    conversations: Vec<Conversation>,
    held: Vec<(Token, ToolCall)>,
}

impl ItemKernel {
    /// A kernel for an item as it was loaded.
    pub fn new(address: Address, state: WorkItem, version: u64) -> Self {
        Self { kernel: Kernel::new(address, state, version), conversations: Vec::new(), held: Vec::new() }
    }

    /// The committed state.
    pub const fn state(&self) -> &WorkItem {
        self.kernel.state()
    }

    /// The committed version.
    pub const fn version(&self) -> u64 {
        self.kernel.version()
    }

    /// The common part, to ask it things.
    pub const fn common(&self) -> &Kernel<WorkItem> {
        &self.kernel
    }

    /// Whether nothing is under way and nobody waits.
    pub fn is_idle(&self) -> bool {
        self.kernel.is_idle() && self.held.is_empty() && self.conversations.is_empty()
    }

    /// The farewell of a session's agent, where its conversation is attached.
    pub fn farewell(&self, session: SessionId) -> Vec<u8> {
        self.conversation(session).map(Conversation::farewell).unwrap_or_default()
    }

    fn conversation(&self, session: SessionId) -> Option<&Conversation> {
        self.conversations.iter().find(|conversation| conversation.session() == session)
    }

    /// The first outputs.
    pub fn started(&mut self, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.started(now);
        self.after(outputs, now)
    }

    /// A person's command.
    pub fn command(
        &mut self,
        command: ItemCommand,
        key: Option<String>,
        token: Token,
        now: Times,
    ) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.input(Input::Command { command, key, token }, now);
        self.after(outputs, now)
    }

    /// A report of a runner, or a message.
    pub fn report(&mut self, report: ItemReport, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let report = match report {
            ItemReport::Common(CommonReport::TimerFired { effect }) => self.timer_fired(effect),
            other => other,
        };
        let outputs = self.kernel.input(Input::Report { report, sync: None }, now);
        self.after(outputs, now)
    }

    /// The timer of a silence comes with what the item cannot know: when its agent was last heard.
    fn timer_fired(&self, effect: EffectId) -> ItemReport {
        let heard = self.state().owed().get(effect).and_then(|owed| match &owed.effect.action {
            Action::Timer { purpose: TimerPurpose::Silence { session, incarnation }, .. } => {
                let conversation = self.conversation(*session);
                conversation.filter(|found| found.incarnation() == *incarnation).map(Conversation::heard)
            }
            _ => None,
        });
        match heard {
            Some(heard) => ItemReport::Heard { timer: effect, heard },
            None => CommonReport::TimerFired { effect }.into(),
        }
    }

    /// A message of this item's was committed by its addressee.
    pub fn receipted(&mut self, to: Address, number: u64, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.receipted(to, number, now);
        self.after(outputs, now)
    }

    /// The append is durable.
    pub fn committed(&mut self, version: u64, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.committed(version, now);
        self.after(outputs, now)
    }

    /// The append failed, or nobody knows.
    pub fn commit_failed(&mut self, failure: CommitFailure, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.commit_failed(failure, now);
        self.after(outputs, now)
    }

    /// The stream as it really is.
    pub fn reloaded(
        &mut self,
        state: WorkItem,
        version: u64,
        accepted: bool,
        now: Times,
    ) -> Vec<KernelOutput<WorkItem>> {
        let outputs = self.kernel.reloaded(state, version, accepted, now);
        self.after(outputs, now)
    }

    /// A host was attached: its journal follows from the first record. One of an earlier incarnation than the one
    /// that is attached is too late, and ignored.
    pub fn attached(&mut self, attachment: Attachment, now: Times) -> Vec<KernelOutput<WorkItem>> {
        let Attachment { session, incarnation, codec, start, head, last_write } = attachment;
        let same = |conversation: &&mut Conversation| {
            conversation.session() == session && conversation.incarnation() == incarnation
        };
        let later = self.conversations.iter().any(|conversation| {
            conversation.session() == session && conversation.incarnation() > incarnation
        });
        if later {
            return Vec::new();
        }
        if let Some(conversation) = self.conversations.iter_mut().find(same) {
            conversation.reattached(head, last_write, now);
        } else {
            self.conversations.retain(|conversation| conversation.session() != session);
            let conversation = Conversation::new((session, incarnation), codec, start, head, last_write, now);
            self.conversations.push(conversation);
        }
        self.after(Vec::new(), now)
    }

    /// Records of a host's journal, in order; repeated ones are ignored.
    pub fn wire(
        &mut self,
        session: SessionId,
        incarnation: u64,
        records: &[Record],
        now: Times,
    ) -> Vec<KernelOutput<WorkItem>> {
        let mut outputs = Vec::new();
        let mut common = Vec::new();
        let found = self.conversations.iter_mut().find(|conversation| {
            conversation.session() == session && conversation.incarnation() == incarnation
        });
        let Some(conversation) = found else { return outputs };
        for record in records {
            for read in conversation.record(record, now) {
                let absorbed = self
                    .kernel
                    .state()
                    .session(session)
                    .is_some_and(|session| session.watermark >= (incarnation, read.position));
                if !read.significant.is_empty() && !absorbed {
                    let record = read.position.record;
                    let report = ItemReport::Journal {
                        session,
                        incarnation,
                        position: read.position,
                        inputs: read.significant,
                    };
                    let sync = Some(SyncNeed { session, incarnation, record });
                    common.extend(self.kernel.input(Input::Report { report, sync }, now));
                }
                if !read.events.is_empty() {
                    outputs.push(Output::Watch {
                        session,
                        incarnation,
                        position: read.position,
                        at_ms: read.at_ms,
                        events: read.events,
                    });
                }
            }
        }
        outputs.extend(self.after(common, now));
        outputs
    }

    /// The connection to a host is gone; the journal decides what happens next.
    pub fn detached(&mut self, session: SessionId, incarnation: u64) {
        self.conversations.retain(|conversation| {
            conversation.session() != session || conversation.incarnation() != incarnation
        });
    }

    /// A tool call was presented over the bridge, for the first time or again.
    pub fn tool_call(&mut self, call: ToolCall, token: Token, now: Times) -> Vec<KernelOutput<WorkItem>> {
        if self.held.len() >= MAX_HELD {
            let text = format!("{MAX_HELD} calls already wait for an answer, so this one is refused");
            return vec![Output::Reply { token, answer: ToolAnswer { text, is_error: true } }];
        }
        let report = ItemReport::ToolCall {
            session: call.session,
            incarnation: call.incarnation,
            call_id: call.call_id.clone(),
            channel: Channel::Bridge,
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        };
        self.held.push((token, call));
        self.report(report, now)
    }

    /// Whoever held a call open is gone.
    pub fn call_dropped(&mut self, token: Token) {
        self.held.retain(|(held, _)| *held != token);
    }

    /// After every input: answers that can be given, and the next write of each conversation.
    fn after(&mut self, mut outputs: Vec<KernelOutput<WorkItem>>, now: Times) -> Vec<KernelOutput<WorkItem>> {
        if self.kernel.is_idle() {
            let state = self.kernel.state();
            self.held.retain(|(token, call)| {
                let answer = reply(state, call.session, call.incarnation, &call.call_id);
                if let Some(answer) = &answer {
                    outputs.push(Output::Reply { token: *token, answer: answer.clone() });
                }
                answer.is_none()
            });
        }
        let mut refused = Vec::new();
        for conversation in &mut self.conversations {
            let (write, refusals) = conversation.next(self.kernel.state().owed());
            if let Some(write) = write {
                outputs.push(Output::HostWrite {
                    session: conversation.session(),
                    incarnation: conversation.incarnation(),
                    write,
                });
            }
            refused.extend(refusals);
        }
        for (effect, attempt, reason) in refused {
            let outcome = Outcome::Failed { reason };
            let report = ItemReport::Common(CommonReport::Outcome { effect, attempt, outcome });
            outputs.extend(self.report(report, now));
        }
        outputs
    }
}
