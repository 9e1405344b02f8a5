//! The words between a work item and an agent program: commands to it, requests of it, and what it reports.
//! Every codec translates its protocol from and to these; nothing here knows a protocol.

use crate::ids::EffectId;
use crate::journal::ExitStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A command to the agent of one session. Travels as the body of a journal note, so that a codec meets it
/// like everything else: as an entry of the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum SessionCommand {
    /// The first command of every incarnation: shake hands, then open or load the conversation.
    Start(SessionStart),
    /// Begin a turn with this text. Refused by a codec while a turn is open.
    Prompt {
        /// The whole text of the turn.
        text: String,
    },
    /// Answer a permission or a tool call that came over the journal.
    Answer {
        /// The request's wire id, as the codec reported it.
        request: String,
        /// The answer.
        answer: RequestAnswer,
    },
    /// End the open turn; pending requests of it are withdrawn.
    Interrupt,
}

/// How a conversation starts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SessionStart {
    /// The agent's working directory, absolute.
    pub directory: String,
    /// The agent's own id of an earlier conversation to load; `None` opens a new one.
    pub native_id: Option<String>,
    /// The model to choose, where the protocol can; `None` keeps the program's default.
    pub model: Option<String>,
    /// The tools of this kind of session, for protocols that carry host tools.
    pub tools: Vec<ToolDefinition>,
    /// The MCP server to hand to agents that have no channel for host tools.
    pub bridge: Option<BridgeProgram>,
}

/// The stdio MCP server (`ganger mcp`) that an agent starts to reach ganger's tools.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BridgeProgram {
    /// The server's name as the agent shows it.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment of the server; holds nothing that outlives the session.
    pub environment: BTreeMap<String, String>,
}

/// One of our tools, as an agent sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// The tool's name, such as `submit_plan`.
    pub name: String,
    /// What it is for, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: serde_json::Value,
}

/// What a tool call is answered with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolAnswer {
    /// The text for the model.
    pub text: String,
    /// Whether the call failed in the model's eyes.
    pub is_error: bool,
}

/// The answer to a request that came over the journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RequestAnswer {
    /// A permission: one of the offered options' ids, or `None` for cancelled.
    Permission {
        /// The chosen option's id.
        option: Option<String>,
    },
    /// A tool call's result.
    Tool(ToolAnswer),
    /// The text of a person's or the Foreman's answer to a question of the agent's own kind.
    Text {
        /// The answer.
        text: String,
    },
}

/// The kind of a permission option, as the Agent Client Protocol (version 1) names them. Chosen by kind, never
/// by position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionKind {
    /// This once.
    AllowOnce,
    /// From now on.
    AllowAlways,
    /// Not this once.
    RejectOnce,
    /// Never.
    RejectAlways,
}

/// One option of a permission request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PermissionOption {
    /// The option's id on the wire.
    pub id: String,
    /// Its words.
    pub name: String,
    /// What choosing it means.
    pub kind: PermissionKind,
}

/// Something the agent waits for that came over its journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AgentRequest {
    /// The request's id on the wire, unique within the incarnation, as text.
    pub wire_id: String,
    /// What is asked.
    pub body: RequestBody,
}

/// What an agent asks over its journal.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RequestBody {
    /// May it do this?
    Permission {
        /// What it wants to do, in its words.
        title: String,
        /// The options offered.
        options: Vec<PermissionOption>,
    },
    /// A question in the agent's own form.
    Question {
        /// The question.
        text: String,
        /// Options offered, possibly none.
        options: Vec<String>,
    },
    /// A call of one of our tools.
    Tool {
        /// The tool's name.
        name: String,
        /// Its arguments.
        arguments: serde_json::Value,
    },
}

/// Tokens and money of one turn. `None` is unknown, never zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens the model read.
    pub input_tokens: Option<u64>,
    /// Tokens the model wrote.
    pub output_tokens: Option<u64>,
    /// All tokens, where the agent reports only the sum.
    pub total_tokens: Option<u64>,
    /// Money in millionths of a US dollar, as the agent computed it.
    pub cost_usd_micros: Option<u64>,
}

/// Why a turn ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum TurnEnd {
    /// The agent says it is done.
    Completed,
    /// It was interrupted by us.
    Interrupted,
    /// A limit of tokens or requests was reached.
    Limit {
        /// Which one, in the agent's words.
        detail: String,
    },
    /// The model refused.
    Refused,
    /// An error that the agent reported or hid in a success.
    Failed {
        /// The error's text.
        message: String,
    },
}

/// How an incarnation ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// The process's end.
    pub status: ExitStatus,
    /// The last words on standard error, at most 2,000 characters.
    pub last_words: String,
}

/// What a codec reads in its journal. Entries that change the work item become reports; the rest is for those
/// who watch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The handshake is over and the conversation stands; prompts may follow.
    Ready {
        /// The agent's own id of the conversation.
        native_id: String,
        /// Whether an earlier conversation was loaded (and not a new one opened).
        loaded: bool,
    },
    /// The handshake or the start failed for good.
    StartFailed {
        /// Why, in the agent's words.
        message: String,
    },
    /// More of the agent's text.
    TextDelta {
        /// The piece.
        text: String,
    },
    /// More of its reasoning.
    Thinking {
        /// The piece.
        text: String,
    },
    /// It began to use a tool of its own. Comes again with the same id when the title gets better, so open tools
    /// are a set and no count.
    ToolStarted {
        /// The call's id.
        id: String,
        /// A title for people.
        title: String,
    },
    /// Output of a tool of its own.
    ToolOutput {
        /// The call's id.
        id: String,
        /// The piece.
        text: String,
    },
    /// A tool of its own ended.
    ToolEnded {
        /// The call's id.
        id: String,
        /// Whether it failed.
        failed: bool,
    },
    /// Its own list of steps changed.
    PlanUpdated {
        /// The steps, each with its state.
        entries: Vec<(String, String)>,
    },
    /// It waits for something: permission, question or tool call.
    Asked(AgentRequest),
    /// It no longer waits for this.
    RequestWithdrawn {
        /// The request's wire id.
        request: String,
    },
    /// A turn began for the prompt of this note.
    TurnStarted {
        /// The note's counter.
        note: u64,
    },
    /// All frames of this note have been written.
    Delivered {
        /// The note's counter.
        note: u64,
        /// The effect that the note carried out.
        effect: Option<EffectId>,
    },
    /// The agent showed that it has seen this note.
    Acknowledged {
        /// The note's counter.
        note: u64,
        /// The effect that the note carried out.
        effect: Option<EffectId>,
    },
    /// This note can no longer reach the agent.
    Undeliverable {
        /// The note's counter.
        note: u64,
        /// The effect that the note was to carry out.
        effect: Option<EffectId>,
        /// Why.
        reason: String,
    },
    /// Usage of the turn so far or whole; the last one before the turn's end counts.
    Usage(Usage),
    /// The provider limits the account.
    RateLimited {
        /// When it ends, wall time in milliseconds since 1970, where the provider said so.
        until_ms: Option<u64>,
        /// The provider's words.
        message: String,
    },
    /// The open turn ended.
    TurnEnded(TurnEnd),
    /// Something a person should be able to see, such as a line that is no message of the protocol.
    Warning {
        /// What.
        message: String,
    },
    /// The process ended: every permission and tool call of this incarnation is withdrawn.
    Ended(Ended),
}
