//! Agent programs: the ones that ganger knows how to start, and how a program is found.

use super::configuration::empty_is_none;
use crate::error::{CodedError, ErrorKind};
use crate::paths::Variables;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How an agent program is started and spoken to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agent {
    /// The protocol that the program speaks.
    #[serde(rename = "type")]
    pub kind: AgentKind,
    /// The program and the arguments that it always needs. `ganger` as the program is ganger itself.
    pub command: Vec<String>,
    /// More arguments, after those of the command.
    pub arguments: Vec<String>,
    /// Names of variables of your environment that the program is given. Tokens of forges are never passed.
    pub environment: Vec<String>,
    /// Directories in which the program keeps its state and may write: absolute, or from `~`. Configuration does not
    /// belong there: what an agent changes in it runs outside the sandbox later.
    pub state: Vec<String>,
    /// The model; empty for the program's own default.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub model: Option<String>,
    /// The program's own log-in and its arguments, which `ganger login` runs on your terminal; empty where it has none.
    pub login: Vec<String>,
}

/// A protocol between ganger and an agent program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum AgentKind {
    /// The Agent Client Protocol on standard input and output.
    #[default]
    Acp,
}

/// A program that ganger knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    name: &'static str,
    pub(crate) command: &'static [&'static str],
    /// The variables that it takes its account and network settings from.
    environment: &'static [&'static str],
    /// Where it keeps its state. Where a program has been run with less, its configuration is not among it.
    state: &'static [&'static str],
    /// Directories beside it without which the program does not start, and which it need not write.
    there: &'static [&'static str],
    /// Variables that it is given where the person has not set them.
    set: &'static [(&'static str, &'static str)],
    /// The command that installs it.
    pub(crate) install: &'static str,
    /// Its own log-in; empty where it has none.
    login: &'static [&'static str],
    /// A command of its own that ends well where it is logged in and with exit code 1 where it is not, and asks nobody.
    pub(crate) status: &'static [&'static str],
    /// Sets of variables each of which is an account by itself.
    pub(crate) keys: &'static [&'static [&'static str]],
    /// Files in which it keeps accounts.
    pub(crate) accounts: &'static [&'static str],
    /// What it wants where it has no log-in of its own, as a sentence.
    pub(crate) wants: &'static str,
}

/// The agents that need no configuration. What they say of log-ins was seen with the versions that `docs/agents.md`
/// names.
static BUILT_IN: [Known; 8] = [
    Known {
        name: "claude-acp",
        command: &["claude-agent-acp"],
        environment: &["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL"],
        state: &["~/.claude"],
        there: &[],
        set: &[],
        install: "npm install -g @agentclientprotocol/claude-agent-acp",
        login: &["claude-agent-acp", "--cli", "auth", "login"],
        status: &["claude-agent-acp", "--cli", "auth", "status"],
        keys: &[&["ANTHROPIC_API_KEY"]],
        accounts: &["~/.claude/.credentials.json"],
        wants: "",
    },
    Known {
        name: "cline",
        command: &["cline", "--acp"],
        environment: &["CLINE_API_KEY", "CLINE_PROVIDER", "CLINE_MODEL"],
        state: &["~/.cline/data/db", "~/.cline/data/locks", "~/.cline/data/logs", "~/.cline/data/sessions"],
        there: &[],
        set: &[],
        install: "npm install -g cline",
        login: &["cline", "auth"],
        status: &[],
        keys: &[&["CLINE_API_KEY", "CLINE_PROVIDER", "CLINE_MODEL"]],
        accounts: &["~/.cline/data/settings/providers.json"],
        wants: "",
    },
    Known {
        name: "codex-acp",
        command: &["codex-acp"],
        environment: &["OPENAI_API_KEY", "OPENAI_BASE_URL"],
        state: &["~/.codex"],
        there: &[],
        set: &[],
        install: "npm install -g @agentclientprotocol/codex-acp",
        login: &["codex-acp", "cli", "login"],
        status: &["codex-acp", "cli", "login", "status"],
        keys: &[],
        accounts: &["~/.codex/auth.json"],
        wants: "",
    },
    Known {
        name: "copilot",
        command: &["copilot", "--acp"],
        environment: &[
            "COPILOT_PROVIDER_TYPE",
            "COPILOT_PROVIDER_BASE_URL",
            "COPILOT_PROVIDER_API_KEY",
            "COPILOT_MODEL",
            "COPILOT_OFFLINE",
        ],
        state: &["~/.copilot", "~/.cache/copilot"],
        there: &[],
        set: &[],
        install: "npm install -g @github/copilot",
        login: &["copilot", "login"],
        status: &[],
        keys: &[&[
            "COPILOT_PROVIDER_TYPE",
            "COPILOT_PROVIDER_BASE_URL",
            "COPILOT_PROVIDER_API_KEY",
            "COPILOT_MODEL",
        ]],
        accounts: &[],
        wants: "",
    },
    Known {
        name: "gemini",
        command: &["gemini", "--acp"],
        environment: &["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"],
        state: &["~/.gemini"],
        there: &[],
        set: &[],
        install: "npm install -g @google/gemini-cli",
        login: &[],
        status: &[],
        keys: &[&["GEMINI_API_KEY"]],
        accounts: &["~/.gemini/oauth_creds.json"],
        wants: "gemini asks at its first start how to log in: run `gemini` once, or set GEMINI_API_KEY",
    },
    Known {
        name: "opencode",
        command: &["opencode", "acp"],
        environment: &["ANTHROPIC_API_KEY", "OPENAI_API_KEY"],
        state: &["~/.local/share/opencode", "~/.local/state/opencode", "~/.cache/opencode"],
        there: &["~/.config/opencode"],
        set: &[],
        install: "npm install -g opencode-ai",
        login: &["opencode", "auth", "login"],
        status: &[],
        keys: &[&["ANTHROPIC_API_KEY"], &["OPENAI_API_KEY"]],
        accounts: &["~/.local/share/opencode/auth.json"],
        wants: "",
    },
    Known {
        name: "qwen",
        command: &["qwen", "--acp"],
        environment: &["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"],
        state: &[
            "~/.qwen/debug",
            "~/.qwen/extension-store",
            "~/.qwen/file-history",
            "~/.qwen/projects",
            "~/.qwen/sessions",
            "~/.qwen/tmp",
            "~/.qwen/usage",
        ],
        there: &["~/.qwen/extensions"],
        // Without it the first call of the model may come before the tools of the session's MCP server.
        set: &[("QWEN_CODE_LEGACY_MCP_BLOCKING", "1")],
        install: "npm install -g @qwen-code/qwen-code",
        login: &[],
        status: &[],
        keys: &[&["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"]],
        accounts: &[],
        wants: "qwen takes a provider: run `qwen` and type /auth, or set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL",
    },
    Known {
        name: SCRIPTED,
        command: &["ganger", "scripted-agent"],
        environment: &[],
        state: &[],
        there: &[],
        set: &[],
        install: "",
        login: &[],
        status: &[],
        keys: &[],
        accounts: &[],
        wants: "the scripted agent is part of ganger, and nobody logs in to it",
    },
];

/// The agent that plays a scenario instead of asking a model.
pub const SCRIPTED: &str = "scripted";

/// Variables that every agent program is given where they are set: without them it finds no network.
const NETWORK: [&str; 10] = [
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];

/// What is known of the agent of this name, however it is configured.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    BUILT_IN.iter().find(|known| known.name == name)
}

/// Directories that must be there before a known agent starts, and that it may not write.
pub fn there(name: &str) -> &'static [&'static str] {
    known(name).map(|known| known.there).unwrap_or_default()
}

/// The known agents by name.
pub fn built_in() -> BTreeMap<String, Agent> {
    let row = |known: &Known| {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let agent = Agent {
            command: owned(known.command),
            environment: owned(known.environment),
            state: owned(known.state),
            login: owned(known.login),
            ..Agent::default()
        };
        (known.name.to_owned(), agent)
    };
    BUILT_IN.iter().map(row).collect()
}

impl Agent {
    /// The program's file, looked up in the `PATH` of these variables. `ganger` is `own_program`, so that an
    /// agent of ours is of the version that runs.
    ///
    /// # Errors
    /// There is no such program, or the file cannot be executed.
    pub fn program(
        &self,
        name: &str,
        variables: &Variables,
        own_program: &Path,
    ) -> Result<PathBuf, CodedError> {
        let word = self.command.first().map(String::as_str).unwrap_or_default();
        if word == "ganger" {
            return Ok(own_program.to_owned());
        }
        find_program(word, variables).ok_or_else(|| {
            let looked = if word.contains('/') { "" } else { " in PATH" };
            CodedError::new(
                ErrorKind::Environment,
                "agent.not_installed",
                format!("the agent {name} is not installed: there is no program `{word}`{looked}"),
            )
            .hint(format!("install it, or say where it is: ganger config set agents.{name}.command '[\"/path/to/{word}\", …]'"))
        })
    }

    /// The file that a command of the agent's own beside its protocol names: a person who configured where the
    /// program lies means that one.
    pub(crate) fn file_of(&self, name: &str, command: &[String], variables: &Variables) -> Option<PathBuf> {
        let word = command.first()?;
        let configured = self.command.first();
        let is_the_program = known(name).is_some_and(|known| known.command.first() == Some(&word.as_str()))
            && configured.is_some_and(|path| Path::new(path).file_name() == Some(word.as_ref()));
        find_program(if is_the_program { configured? } else { word }, variables)
    }

    /// All arguments, without the program.
    pub fn all_arguments(&self) -> Vec<String> {
        self.command.iter().skip(1).chain(&self.arguments).cloned().collect()
    }

    /// What of these variables the program is given: what its row names, what a network needs, and what a program of
    /// this name needs anyhow.
    pub fn passed(&self, name: &str, variables: &Variables) -> Variables {
        let known = known(name).map(|known| known.set).unwrap_or_default();
        let mut passed: Variables =
            known.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let named = self.environment.iter().map(String::as_str).chain(known.iter().map(|(name, _)| *name));
        let names = NETWORK.iter().copied().chain(named);
        let set = |name: &str| variables.get(name).map(|value| (name.to_owned(), value.clone()));
        passed.extend(names.filter_map(set));
        passed
    }
}

/// The executable file that a word names: itself if it has a slash, else the first one in `PATH`.
pub fn find_program(word: &str, variables: &Variables) -> Option<PathBuf> {
    if word.is_empty() {
        return None;
    }
    if word.contains('/') {
        return Some(PathBuf::from(word)).filter(|path| path.is_absolute() && executable(path));
    }
    let path = variables.get("PATH")?;
    // An entry that is not absolute means another program in every directory.
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(word))
        .find(|path| executable(path))
}

fn executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
