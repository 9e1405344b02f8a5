//! One step of a rule: an action and the guards that decide whether it is due.

use super::judging::{Choice, Critique, QuestionPart};
use agent_client_protocol::v1::schema::{PermissionOptionKind, PlanEntryStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An action with its guards; in a file both stand in one table.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Step {
    /// What to do.
    #[serde(flatten)]
    pub action: Action,
    /// When not to.
    #[serde(flatten)]
    pub guard: Guard,
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        Self { action, guard: Guard::default() }
    }
}

/// The names of the guards, to tell them from an action's own fields.
const GUARDS: &[&str] = &[
    "unless_file",
    "if_file",
    "unless_commit",
    "if_commit",
    "unless_contains",
    "if_contains",
    "unless_prompt",
    "if_prompt",
    "once",
];

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    /// Takes the guards out first, so that both halves can refuse what they don't know.
    fn try_from(mut table: Map<String, Value>) -> Result<Self, String> {
        let guards =
            GUARDS.iter().filter_map(|name| Some(((*name).to_owned(), table.remove(*name)?))).collect();
        let name = table.get("do").cloned().unwrap_or(Value::Null);
        let explain = |error: serde_json::Error| format!("in a step with do = {name}: {error}");
        Ok(Self {
            guard: serde_json::from_value(Value::Object(guards)).map_err(explain)?,
            action: serde_json::from_value(Value::Object(table)).map_err(explain)?,
        })
    }
}

/// When a step is left out. Paths are relative to the working directory; everything that is given must allow the
/// step.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// Left out when this exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_file: Option<String>,
    /// Left out unless this exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_file: Option<String>,
    /// Left out when a commit with this subject is in the history of HEAD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_commit: Option<String>,
    /// Left out unless such a commit is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_commit: Option<String>,
    /// Left out when this file contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_contains: Option<Contains>,
    /// Left out unless it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_contains: Option<Contains>,
    /// Left out when the prompt contains this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_prompt: Option<String>,
    /// Left out unless it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_prompt: Option<String>,
    /// Done at most once for this name, over all incarnations that share the state directory; noted *before* the
    /// step, so that a crash happens once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
}

/// A file and a text in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// The file.
    pub path: String,
    /// The text.
    pub text: String,
}

/// What a step does. Strings may hold placeholders, see `SCENARIOS.md`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Streams text.
    Say {
        /// The text.
        text: String,
        /// Characters per piece.
        #[serde(default = "default_chunk", skip_serializing_if = "is_default_chunk")]
        chunk: usize,
        /// How often the text is said.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        repeat: u32,
        /// Milliseconds between pieces.
        #[serde(default, skip_serializing_if = "is_zero")]
        pause_ms: u64,
    },
    /// Streams reasoning.
    Think {
        /// The text.
        text: String,
    },
    /// Shows a tool of its own being used, without doing anything.
    Tool {
        /// The title for people.
        title: String,
        /// What it claims to be.
        #[serde(default)]
        kind: ToolKind,
        /// Its output.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
        /// Whether it failed.
        #[serde(default, skip_serializing_if = "is_false")]
        failed: bool,
    },
    /// Writes a file, with the directories above it.
    Write {
        /// The file.
        path: String,
        /// The whole content.
        text: String,
    },
    /// Appends to a file, unless it contains the text already.
    Append {
        /// The file.
        path: String,
        /// What to append.
        text: String,
    },
    /// Replaces a text in a file, unless the replacement stands there already.
    Edit {
        /// The file.
        path: String,
        /// The text to find; it must be there exactly once.
        find: String,
        /// What to put in its place.
        replace: String,
    },
    /// Deletes a file or a directory, if it is there.
    Delete {
        /// Its path.
        path: String,
    },
    /// Runs a command in the working directory.
    Run {
        /// A line for `sh`, or a program and its arguments.
        command: Command,
        /// What an exit code other than 0 does.
        #[serde(default)]
        on_failure: OnFailure,
        /// The placeholder that gets the output, without the last line end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        save: Option<String>,
    },
    /// Commits everything that changed, unless a commit with this subject is there or nothing changed.
    Commit {
        /// The whole message.
        message: String,
        /// What to add; everything where it is missing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
    },
    /// Calls a tool of an MCP server that the session was given.
    Call {
        /// The tool's name.
        tool: String,
        /// The arguments.
        #[serde(default)]
        arguments: Value,
        /// The placeholder that gets the answer's text, besides `result`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        save: Option<String>,
        /// What an error in the answer, or no answer, does.
        #[serde(default)]
        on_failure: OnFailure,
    },
    /// Calls `submit_plan` with one document after the other until one is accepted.
    SubmitPlan {
        /// The documents: each a text, or `@` and the path of a file beside the scenario.
        documents: Vec<String>,
        /// End the turn after a refused document, and go on with the next one in the next turn.
        #[serde(default, skip_serializing_if = "is_false")]
        one_per_turn: bool,
    },
    /// Writes the next document to the draft file, one in each turn: for a planner without tools.
    DraftPlan {
        /// The draft file.
        path: String,
        /// The documents, as for `submit_plan`; the last one is repeated.
        documents: Vec<String>,
    },
    /// Asks with `ask_foreman` or `ask_user`, whichever the session has, and waits for the answer.
    Ask {
        /// The question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// Possible answers to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<Choice>,
        /// Whether several of them may be chosen.
        #[serde(default, skip_serializing_if = "is_false")]
        multi_select: bool,
        /// Several questions, in the place of the one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        questions: Vec<QuestionPart>,
        /// What one must know to answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
        /// The placeholder that gets the answer's text, besides `result`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        save: Option<String>,
        /// What an error in the answer, or no answer, does.
        #[serde(default)]
        on_failure: OnFailure,
    },
    /// Gives the verdict of a review.
    SubmitReview {
        /// The verdict; the one that goes with the critiques where it is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<String>,
        /// What is wrong.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        critiques: Vec<Critique>,
        /// Say it as a message instead of calling the tool.
        #[serde(default, skip_serializing_if = "is_false")]
        as_text: bool,
        /// What a refusal does.
        #[serde(default)]
        on_failure: OnFailure,
    },
    /// Answers the question of the Foreman's turn.
    ProposeAnswer {
        /// The question's number; the one of the prompt where it is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question_id: Option<u32>,
        /// The answer.
        answer: String,
        /// How sure it is, in any word.
        #[serde(default = "high", skip_serializing_if = "is_high")]
        confidence: String,
        /// Say it as a message instead of calling the tool.
        #[serde(default, skip_serializing_if = "is_false")]
        as_text: bool,
        /// What a refusal does.
        #[serde(default)]
        on_failure: OnFailure,
    },
    /// Asks for permission.
    Permission {
        /// What for.
        title: String,
        /// The options; allow once, allow always, reject once where it is missing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<PermissionChoice>,
        /// What a rejection does.
        #[serde(default = "end", skip_serializing_if = "is_end")]
        on_failure: OnFailure,
    },
    /// Reports usage; the sums of a turn stand in its end.
    Usage {
        /// Tokens read since the last report.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens written since the last report.
        #[serde(default)]
        output_tokens: u64,
        /// Money so far in the whole session, in US dollars.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
    },
    /// Shows its list of steps.
    Plan {
        /// The steps.
        entries: Vec<PlanStep>,
    },
    /// Waits until a file exists.
    WaitFor {
        /// The file; not only in the working directory.
        path: String,
    },
    /// Waits.
    Pause {
        /// Milliseconds.
        ms: u64,
    },
    /// Does nothing any more, until the turn is cancelled.
    Hang {
        /// Not even then.
        #[serde(default, skip_serializing_if = "is_false")]
        ignore_cancel: bool,
    },
    /// Ends the whole program, after what was said before has been written.
    Crash {
        /// The exit code; without it the program kills itself with SIGKILL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<u8>,
    },
    /// Writes to standard output what is no message of the protocol.
    Garbage {
        /// The text, as it is: a line end belongs to it.
        text: String,
    },
    /// Writes a line to standard error.
    Complain {
        /// The line.
        text: String,
    },
    /// Ends the turn with the error of a provider that limits the account.
    RateLimit {
        /// The provider's words.
        #[serde(default = "rate_limit_message")]
        message: String,
        /// Seconds until it ends, where the provider says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u64>,
    },
    /// Ends the turn with an error.
    Fail {
        /// The error's text.
        message: String,
        /// The JSON-RPC code.
        #[serde(default = "internal_error")]
        code: i32,
    },
    /// Ends the turn.
    End {
        /// Why.
        #[serde(default)]
        reason: EndReason,
    },
}

/// A command to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Command {
    /// A line for `sh -c`.
    Line(String),
    /// A program and its arguments.
    Program(Vec<String>),
}

/// What a failure does to the turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The turn ends with an error.
    #[default]
    Fail,
    /// The next step follows.
    GoOn,
    /// The turn ends as if it were done.
    End,
}

/// Why a turn ends, as the protocol (version 1) names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Done.
    #[default]
    EndTurn,
    /// The model's limit of tokens.
    MaxTokens,
    /// The limit of requests in one turn.
    MaxTurnRequests,
    /// The model refused.
    Refusal,
}

/// The kinds of tools that the protocol knows, as far as scenarios need them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Reads.
    Read,
    /// Changes files.
    Edit,
    /// Searches.
    Search,
    /// Runs something.
    Execute,
    /// Fetches something.
    Fetch,
    /// Anything else.
    #[default]
    Other,
}

/// One option of a permission request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionChoice {
    /// Its id on the wire.
    pub id: String,
    /// Its words.
    pub name: String,
    /// What choosing it means: `allow_once`, `allow_always`, `reject_once` or `reject_always`.
    pub kind: PermissionOptionKind,
}

/// One entry of the agent's own list of steps.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// What is to do.
    pub text: String,
    /// How far it is: `pending`, `in_progress` or `completed`.
    pub status: PlanEntryStatus,
}

fn default_chunk() -> usize {
    40
}
fn is_default_chunk(chunk: &usize) -> bool {
    *chunk == default_chunk()
}
fn one() -> u32 {
    1
}
fn is_one(count: &u32) -> bool {
    *count == 1
}
fn is_zero(number: &u64) -> bool {
    *number == 0
}
fn is_false(flag: &bool) -> bool {
    !flag
}
fn high() -> String {
    "high".to_owned()
}
fn is_high(confidence: &String) -> bool {
    *confidence == high()
}
fn end() -> OnFailure {
    OnFailure::End
}
fn is_end(outcome: &OnFailure) -> bool {
    *outcome == OnFailure::End
}
fn internal_error() -> i32 {
    -32603
}
fn rate_limit_message() -> String {
    "Rate limit reached".to_owned()
}
