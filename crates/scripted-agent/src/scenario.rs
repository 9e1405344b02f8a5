//! Scenario files: what the agent does, as plain data. The meaning of each field for people stands in
//! `SCENARIOS.md`.

mod judging;
mod step;
#[cfg(test)]
mod tests;

pub use judging::{Choice, Critique, QuestionPart};
pub(crate) use judging::{review_as_text, verdict_of};
pub use step::{
    Action, Command, Contains, EndReason, Guard, OnFailure, PermissionChoice, PlanStep, Step, ToolKind,
};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A whole scenario.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// How the agent presents itself.
    #[serde(default)]
    pub agent: AgentSettings,
    /// Whose commits these are.
    #[serde(default)]
    pub commits: CommitSettings,
    /// What to do for which prompt; the first rule that fits is played.
    pub rules: Vec<Rule>,
}

/// How the agent presents itself in the handshake.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentSettings {
    /// The name in `initialize`.
    pub name: String,
    /// Whether conversations can be loaded; needs the state directory too.
    pub load: bool,
    /// What happens when the client says `initialize`.
    pub handshake: Handshake,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { name: "ganger-scripted-agent".to_owned(), load: true, handshake: Handshake::Normal }
    }
}

/// How the handshake goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handshake {
    /// As the protocol says.
    #[default]
    Normal,
    /// `initialize` is never answered.
    Hang,
    /// `initialize` is answered with an error.
    Refuse,
    /// The program ends with exit code 1 instead of answering.
    Exit,
}

/// Author, committer and date of every commit: fixed, so that the same tree gives the same commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommitSettings {
    /// Name of author and committer.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The date, as git reads it.
    pub date: String,
}

impl Default for CommitSettings {
    fn default() -> Self {
        Self {
            name: "Scripted Agent".to_owned(),
            email: "scripted-agent@example.invalid".to_owned(),
            date: "2026-01-01T00:00:00Z".to_owned(),
        }
    }
}

/// What to do for the prompts that it fits.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A name for error messages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which prompts it fits; empty fits all.
    #[serde(default)]
    pub when: When,
    /// Pieces of the prompt to remember, by the name of their placeholder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, Capture>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Which prompts a rule fits. Everything that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Texts that all stand in the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompt_contains: Vec<String>,
    /// Texts of which none stands in the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompt_lacks: Vec<String>,
    /// Texts that all stand in the prompts of this conversation, the loaded ones included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conversation_contains: Vec<String>,
    /// The last component of the working directory: for an implementer the repository's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// A text in the path of the working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory_contains: Option<String>,
    /// What the session is for, as its tools show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SessionKind>,
    /// Files of the working directory with texts that all stand in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_contains: Vec<Contains>,
    /// Files of the working directory with texts of which none stands in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_lacks: Vec<Contains>,
    /// A tool that the session offers, such as `submit_plan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// A tool that the session does not offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_tool: Option<String>,
}

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// It plans.
    Planning,
    /// It implements one repository's part.
    Implementation,
    /// It reviews that.
    Review,
    /// It answers questions.
    Foreman,
}

impl SessionKind {
    /// The tool by which such a session is known, and one that it has not.
    pub(crate) const fn tools(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Planning => ("submit_plan", None),
            Self::Implementation => ("ask_foreman", Some("submit_review")),
            Self::Review => ("submit_review", None),
            Self::Foreman => ("propose_answer", None),
        }
    }
}

/// A piece of the prompt: what stands between two texts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// The text before it; its first occurrence counts.
    pub after: String,
    /// The text behind it; the end of the line where it is missing or not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("the scenario {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no scenario.
    #[error(
        "the scenario {origin} is not understood: {reason}; SCENARIOS.md of ganger-scripted-agent describes the format"
    )]
    Invalid {
        /// The file, or what else the text came from.
        origin: String,
        /// What is wrong, with its place.
        reason: String,
    },
}

impl Scenario {
    /// Reads a file: JSON when its name ends in `.json`, else TOML.
    ///
    /// # Errors
    /// A [`ScenarioError`] that names the file.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Unreadable { path: path.to_owned(), source })?;
        let origin = path.display().to_string();
        let mut scenario = if path.extension().is_some_and(|extension| extension == "json") {
            Self::from_json(&text, &origin)?
        } else {
            Self::from_toml(&text, &origin)?
        };
        scenario.read_documents(path.parent().unwrap_or(Path::new(".")))?;
        Ok(scenario)
    }

    /// Puts the texts of files in the place of `@file`.
    fn read_documents(&mut self, directory: &Path) -> Result<(), ScenarioError> {
        for step in self.rules.iter_mut().flat_map(|rule| &mut rule.steps) {
            let (Action::SubmitPlan { documents, .. } | Action::DraftPlan { documents, .. }) =
                &mut step.action
            else {
                continue;
            };
            for document in documents {
                if let Some(file) = document.strip_prefix('@') {
                    let path = directory.join(file);
                    *document = std::fs::read_to_string(&path)
                        .map_err(|source| ScenarioError::Unreadable { path, source })?;
                }
            }
        }
        Ok(())
    }

    /// Reads a scenario written in TOML; `origin` names it in errors.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`].
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text)
            .map_err(|error| Self::invalid(origin, &error))
            .and_then(|it: Self| it.checked(origin))
    }

    /// Reads a scenario written in JSON; `origin` names it in errors.
    ///
    /// # Errors
    /// [`ScenarioError::Invalid`].
    pub fn from_json(text: &str, origin: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(text)
            .map_err(|error| Self::invalid(origin, &error))
            .and_then(|it: Self| it.checked(origin))
    }

    fn invalid(origin: &str, error: &dyn std::fmt::Display) -> ScenarioError {
        ScenarioError::Invalid { origin: origin.to_owned(), reason: error.to_string().trim_end().to_owned() }
    }

    fn checked(self, origin: &str) -> Result<Self, ScenarioError> {
        let documents_missing = |step: &&Step| match &step.action {
            Action::SubmitPlan { documents, .. } | Action::DraftPlan { documents, .. } => {
                documents.is_empty()
            }
            _ => false,
        };
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.steps.iter().any(|step| documents_missing(&step)) {
                let reason = format!("a step of {} has no documents", rule.label(index));
                return Err(Self::invalid(origin, &reason));
            }
        }
        Ok(self)
    }
}

impl Rule {
    /// The rule's name, or its number counted from 1.
    pub(crate) fn label(&self, index: usize) -> String {
        if self.name.is_empty() { format!("rule {}", index + 1) } else { format!("rule {:?}", self.name) }
    }
}
