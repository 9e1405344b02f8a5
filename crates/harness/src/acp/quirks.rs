//! How known agents differ from the protocol's letter, by the name they give in `initialize`. Measured; see the
//! recordings in `tests/data`.

/// Where an agent hides an error in a turn that it calls ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HiddenError {
    /// Nowhere known: its errors are errors of JSON-RPC.
    Nowhere,
    /// A thread status `systemError` during the turn; the last text says which.
    CodexStatus,
    /// A last text `Error: …`, as a rule in a turn without usage.
    CopilotText,
    /// A last text that begins with an HTTP status, as a rule in a turn without usage.
    OhMyPiText,
}

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Quirks {
    /// Part of `agentInfo.name`, in lower case.
    name: &'static str,
    /// The mode to set after opening, where it is offered: the initial mode of these agents asks a second model
    /// before each tool.
    pub(super) mode: Option<&'static str>,
    /// `session/load` finds what a killed process left.
    pub(super) loads: bool,
    /// Takes stdio MCP servers from the client.
    pub(super) mcp: bool,
    /// Where errors hide.
    pub(super) hidden_error: HiddenError,
    /// The agent's own requests that are answered with an empty object.
    pub(super) harmless: &'static [&'static str],
    /// Reports usage per model call on its text, and none at the end.
    pub(super) usage_per_call: bool,
    /// A turn without a word or a deed is a real end, and no hidden error.
    pub(super) may_be_silent: bool,
}

const PLAIN: Quirks = Quirks {
    name: "",
    mode: None,
    loads: true,
    mcp: true,
    hidden_error: HiddenError::Nowhere,
    harmless: &[],
    usage_per_call: false,
    may_be_silent: false,
};

const TABLE: &[Quirks] = &[
    // `auto` makes classifier calls and refuses MCP tools when they fail.
    Quirks { name: "claude-agent-acp", mode: Some("default"), ..PLAIN },
    // Takes servers from its client, and starts none.
    Quirks { name: "cline", mcp: false, ..PLAIN },
    // `agent` sends MCP approvals to a guardian model; our sandbox replaces its own.
    Quirks {
        name: "codex-acp",
        mode: Some("agent-full-access"),
        hidden_error: HiddenError::CodexStatus,
        ..PLAIN
    },
    // Says that it takes stdio servers, and starts none.
    Quirks { name: "copilot", mcp: false, hidden_error: HiddenError::CopilotText, ..PLAIN },
    // After a kill: "No previous sessions found".
    Quirks { name: "gemini-cli", loads: false, ..PLAIN },
    Quirks { name: "oh-my-pi", hidden_error: HiddenError::OhMyPiText, ..PLAIN },
    Quirks { name: "opencode", ..PLAIN },
    // Asks after every tool for messages to put into the turn.
    Quirks {
        name: "qwen-code",
        mode: Some("default"),
        harmless: &["craft/drainMidTurnQueue"],
        usage_per_call: true,
        ..PLAIN
    },
    // Our own deterministic agent: does what its script says, and nothing is a script too.
    Quirks { name: "scripted", may_be_silent: true, ..PLAIN },
];

/// The row for an agent's name; unknown agents are taken at the protocol's word.
pub(super) fn of(name: &str) -> Quirks {
    let name = name.to_lowercase();
    TABLE.iter().copied().find(|row| name.contains(row.name)).unwrap_or(PLAIN)
}

/// The error that a turn which claims a good end hides, if it does.
pub(super) fn hidden_error(quirks: Quirks, turn: &Claim<'_>) -> Option<String> {
    let last = turn.last_text.trim();
    let hidden = match quirks.hidden_error {
        HiddenError::Nowhere => false,
        HiddenError::CodexStatus => turn.system_error,
        HiddenError::CopilotText => last
            .strip_prefix("Error: ")
            .is_some_and(|rest| !turn.has_usage || begins_with_status(rest) || rest.contains("(HTTP ")),
        HiddenError::OhMyPiText => begins_with_status(last) && (!turn.has_usage || last.contains("(type=")),
    };
    if hidden {
        return Some(if last.is_empty() {
            "the model's provider failed".to_owned()
        } else {
            last.to_owned()
        });
    }
    if turn.silent && !quirks.may_be_silent {
        return Some("the agent ended the turn without a word or a deed".to_owned());
    }
    None
}

/// What the end of a turn is judged by.
pub(super) struct Claim<'a> {
    /// The last piece of text.
    pub(super) last_text: &'a str,
    /// The agent spoke of a system error.
    pub(super) system_error: bool,
    /// It reported usage.
    pub(super) has_usage: bool,
    /// It said and did nothing.
    pub(super) silent: bool,
}

/// Whether a text begins with a status such as `429 ` of HTTP's errors.
fn begins_with_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [b'4' | b'5', second, third, b' ', ..] if second.is_ascii_digit() && third.is_ascii_digit())
}
