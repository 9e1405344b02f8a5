//! Scripts: what the model answers, as plain data.
//!
//! For a request the user messages are looked at from the last to the first; the first rule that fits one of them
//! is taken, and the number of the model's own messages behind that user message says which of its replies is due.
//! So a message that an agent adds on its own in the middle of a turn does not disturb the script, and a new prompt
//! begins its rule anew.
//!
//! A rule whose replies say `until` is not counted: due is the first reply whose text nobody has said since that
//! message. So an agent that was killed, or that repeats what failed, goes on where the work really is.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A whole script.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The only model's name.
    #[serde(default = "default_model")]
    pub model: String,
    /// The answer to requests without tools: agents ask for titles and summaries on the side.
    #[serde(default = "default_aside")]
    pub aside: String,
    /// What to answer; the first rule that fits counts.
    pub rules: Vec<Rule>,
}

/// The replies to the prompts that it fits.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A name for the log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which prompts it fits; empty fits all.
    #[serde(default)]
    pub when: When,
    /// Words that replies may use as `{name}`: what stands in the conversation between these two texts, as late as
    /// possible and not in the model's own messages. A place or a number that nobody knows when the script is written
    /// gets into it so. An argument that is such a word and nothing else is a number where the word is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub take: BTreeMap<String, [String; 2]>,
    /// One reply for each call of the model, in order. Behind the last one the model says that it is done.
    pub replies: Vec<Reply>,
}

impl Rule {
    /// Whether its replies are chosen by what was said, instead of by counting.
    pub(crate) fn looks(&self) -> bool {
        self.replies.iter().any(|reply| reply.until.is_some())
    }

    /// The words that what was heard has for the replies.
    pub(crate) fn words(&self, heard: &[String]) -> Vec<(String, String)> {
        let between = |text: &String, [before, after]: &[String; 2]| {
            let (_, rest) = text.rsplit_once(before)?;
            let (word, _) = rest.split_once(after)?;
            Some(word.to_owned())
        };
        let word = |(name, texts): (&String, &[String; 2])| {
            let word = heard.iter().rev().find_map(|text| between(text, texts))?;
            Some((format!("{{{name}}}"), word))
        };
        self.take.iter().filter_map(word).collect()
    }
}

impl Call {
    /// The call with its words filled in.
    pub(crate) fn filled(&self, words: &[(String, String)]) -> Self {
        match self {
            Self::Tool { name, arguments } => {
                Self::Tool { name: name.clone(), arguments: filled_value(arguments, words) }
            }
            Self::Write { path, text } => {
                Self::Write { path: filled(path, words), text: filled(text, words) }
            }
            Self::Run { command } => Self::Run { command: filled(command, words) },
        }
    }
}

/// A text with its words filled in; what nobody said stays as it stands, so that a reader of the log sees it.
pub(crate) fn filled(text: &str, words: &[(String, String)]) -> String {
    words.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word))
}

fn filled_value(value: &Value, words: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => {
            let word = words.iter().find(|(name, _)| name == text).map(|(_, word)| word);
            let number = word.and_then(|word| word.parse::<i64>().ok());
            number.map_or_else(|| Value::String(filled(text, words)), Value::from)
        }
        Value::Array(items) => items.iter().map(|item| filled_value(item, words)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), filled_value(field, words))).collect()
        }
        other => other.clone(),
    }
}

/// Which prompts a rule fits. Everything that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Texts that all stand in the user's message.
    pub prompt_contains: Vec<String>,
    /// Texts of which none stands in it.
    pub prompt_lacks: Vec<String>,
    /// Texts that all stand in the request's system messages.
    pub system_contains: Vec<String>,
    /// A tool whose name contains this is offered.
    pub tool: Option<String>,
}

/// One answer of the model.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// The reply is due until a message behind the prompt, the model's own aside, contains this: as a rule the result
    /// of a tool. In a rule where a reply has one, a reply without is always due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Reasoning, before the text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub think: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Calls of tools, behind the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// An HTTP status of 400 or above instead of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<u16>,
    /// How often that error comes before the answer does; always where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_times: Option<u32>,
    /// Milliseconds before the first byte.
    pub wait_ms: u64,
    /// Milliseconds between pieces of a stream.
    pub piece_wait_ms: u64,
    /// Never answer.
    pub hang: bool,
    /// Break the connection in the middle of the stream.
    pub cut: bool,
}

/// A call of a tool.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Call {
    /// A tool by its name, or by a part of its name that only one has: agents put a server's name before it.
    Tool {
        /// The name.
        name: String,
        /// The arguments, as they are.
        #[serde(default)]
        arguments: Value,
    },
    /// The agent's own tool for writing files, or its shell.
    Write {
        /// The file.
        path: String,
        /// The content.
        text: String,
    },
    /// The agent's own shell.
    Run {
        /// The command.
        command: String,
    },
}

/// Why a script cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("the script {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no script.
    #[error("the script {origin} is not understood: {reason}")]
    Invalid {
        /// The file, or what else the text came from.
        origin: String,
        /// What is wrong.
        reason: String,
    },
}

impl Script {
    /// Reads a file: JSON when its name ends in `.json`, else TOML.
    ///
    /// # Errors
    /// A [`ScriptError`] that names the file.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScriptError::Unreadable { path: path.to_owned(), source })?;
        let origin = path.display().to_string();
        if path.extension().is_some_and(|extension| extension == "json") {
            let script: Result<Self, _> = serde_json::from_str(&text);
            script
                .map_err(|error| ScriptError::Invalid { origin: origin.clone(), reason: error.to_string() })?
                .checked(&origin)
        } else {
            Self::from_toml(&text, &origin)
        }
    }

    /// Reads a script written in TOML; `origin` names it in errors.
    ///
    /// # Errors
    /// [`ScriptError::Invalid`].
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ScriptError> {
        let script: Result<Self, _> = toml::from_str(text);
        script
            .map_err(|error| ScriptError::Invalid {
                origin: origin.to_owned(),
                reason: error.to_string().trim_end().to_owned(),
            })?
            .checked(origin)
    }

    fn checked(self, origin: &str) -> Result<Self, ScriptError> {
        let mut replies = self.rules.iter().flat_map(|rule| &rule.replies);
        match replies.find_map(|reply| reply.error.filter(|status| !(400..=599).contains(status))) {
            None => Ok(self),
            Some(status) => Err(ScriptError::Invalid {
                origin: origin.to_owned(),
                reason: format!("error = {status} is no status of an error; possible are 400 to 599"),
            }),
        }
    }
}

fn default_model() -> String {
    "scripted-1".to_owned()
}
fn default_aside() -> String {
    "Scripted title".to_owned()
}
