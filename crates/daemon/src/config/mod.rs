//! The configuration: layers of TOML files, environment and arguments, each value with its origin.
//!
//! Built-in values < `config.toml` (the person) < `.ganger/workspace.toml` (the workspace) < the environment
//! (`GANGER_PLAN_MAX_CORRECTIONS`) < arguments. A later layer replaces single values; lists as a whole. An
//! unknown key is an error in every layer. All problems are told at once.

mod agents;
mod budget;
mod caches;
mod configuration;
mod document;
mod interval;
mod key;
mod layers;
mod notify;
mod problem;
mod schema;
mod validate;
mod workspace;

pub(crate) use agents::known as known_agent;
pub use agents::{
    Agent, AgentKind, SCRIPTED, built_in as built_in_agents, find_program, there as agents_there,
};
pub use budget::{Budget, Dollars, NoAmount};
pub use caches::Tool;
pub use configuration::{
    Agents, Checks, Configuration, Daemon, Foreman, Git, LogLevel, NewFindings, PassThreshold, Permissions,
    Plan, Publish, Push, Review, Sandbox, SandboxMode,
};
pub use document::Source;
pub(crate) use document::{item_of, requirement, unknown_key};
pub use interval::{Interval, NoInterval, NoPatience, Patience};
pub use key::KeyPath;
pub use layers::{Layers, Origin, Sourced};
pub use notify::{Channel, NoHours, Notify, Occasion, QuietHours};
pub use problem::{Problem, nearest};
pub(crate) use schema::{Kind, Shape};
pub use schema::{configuration_schema, to_text as schema_text, workspace_schema};
pub use workspace::{Check, Hooks, Repository, RepositoryAgent, WORKSPACE_SCHEMA, WorkspaceConfiguration};

use crate::error::{CodedError, ErrorKind};
use crate::paths::{Paths, Variables, workspace_file};
use std::path::Path;

/// What configurations are read from, but for the workspace.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Where things lie.
    pub paths: Paths,
    /// The environment.
    pub variables: Variables,
    /// Values given as arguments: the key, the value, the argument as it was written.
    pub flags: Vec<(KeyPath, String, String)>,
}

/// A configuration without a workspace.
#[derive(Clone, PartialEq, Debug)]
pub struct Loaded {
    /// What it says.
    pub configuration: Configuration,
    /// Each of its values with its origin.
    pub layers: Layers,
}

/// A workspace and the configuration that holds in it.
#[derive(Clone, PartialEq, Debug)]
pub struct LoadedWorkspace {
    /// The configuration, with what the workspace sets.
    pub configuration: Configuration,
    /// The workspace. Its name is never empty.
    pub workspace: WorkspaceConfiguration,
    /// Each value of both with its origin.
    pub layers: Layers,
}

impl Sources {
    /// The sources that an environment names.
    ///
    /// # Errors
    /// As [`Paths::from_environment`].
    pub fn from_environment(variables: Variables) -> Result<Self, CodedError> {
        Ok(Self { paths: Paths::from_environment(&variables)?, variables, flags: Vec::new() })
    }

    /// The configuration outside of every workspace.
    ///
    /// # Errors
    /// A file cannot be read, or something in it is wrong: all problems in one error.
    pub fn load(&self) -> Result<Loaded, CodedError> {
        self.load_from(self.config_source()?)
    }

    /// The configuration as it would be with this text as the person's file.
    ///
    /// # Errors
    /// Something in it is wrong.
    pub fn load_from(&self, config: Option<Source>) -> Result<Loaded, CodedError> {
        let mut problems = Vec::new();
        let (configuration, layers, _) = self.resolve(config.as_ref(), None, &mut problems)?;
        match problem::to_error(problems) {
            Some(error) => Err(error),
            None => Ok(Loaded { configuration, layers }),
        }
    }

    /// The workspace with this root, and the configuration that holds in it.
    ///
    /// # Errors
    /// A file cannot be read, or something in it is wrong: all problems in one error.
    pub fn load_workspace(&self, root: &Path) -> Result<LoadedWorkspace, CodedError> {
        let source = self.workspace_source(root)?.ok_or_else(|| crate::paths::no_workspace(root))?;
        self.load_workspace_from(root, self.config_source()?, source)
    }

    /// The workspace as it would be with these texts as the files.
    ///
    /// # Errors
    /// Something in them is wrong.
    pub fn load_workspace_from(
        &self,
        root: &Path,
        config: Option<Source>,
        workspace: Source,
    ) -> Result<LoadedWorkspace, CodedError> {
        let mut problems = Vec::new();
        let (configuration, layers, loaded) =
            self.resolve(config.as_ref(), Some(&workspace), &mut problems)?;
        if let Some(error) = problem::to_error(problems) {
            return Err(error);
        }
        let mut workspace = loaded.unwrap_or_default();
        if workspace.name.is_empty() {
            workspace.name = directory_name(root);
        }
        Ok(LoadedWorkspace { configuration, workspace, layers })
    }

    /// The workspace's file as a source; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn workspace_source(&self, root: &Path) -> Result<Option<Source>, CodedError> {
        read_source(&workspace_file(root), self.workspace_label())
    }

    /// The person's file as a source; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn config_source(&self) -> Result<Option<Source>, CodedError> {
        let path = self.paths.config_file();
        read_source(path, self.paths.display(path))
    }

    /// How a workspace's file is called in messages.
    pub fn workspace_label(&self) -> String {
        format!("{}/{}", crate::paths::WORKSPACE_DIRECTORY, crate::paths::WORKSPACE_FILE)
    }

    fn resolve(
        &self,
        config: Option<&Source>,
        workspace: Option<&Source>,
        problems: &mut Vec<Problem>,
    ) -> Result<(Configuration, Layers, Option<WorkspaceConfiguration>), CodedError> {
        let schema = configuration_schema();
        let mut layers = Layers::built_in(&to_json(&Configuration::default())?, schema::Shape::root(schema));
        if let Some(config) = config {
            document::read(config, schema, None, &mut layers, problems);
        }
        let own = layers.clone();
        if let Some(workspace) = workspace {
            document::read(workspace, workspace_schema(), Some(schema), &mut layers, problems);
            problems.extend(validate::more_than_own(&own, &layers));
        }
        self.read_environment(&mut layers, problems);
        for (key, value, flag) in &self.flags {
            let origin = Origin::Flag { flag: flag.clone() };
            document::read_value(key, value, &origin, schema, &mut layers, problems);
        }
        let document = layers.to_document();
        let configuration: Configuration = from_json(&document)?;
        problems.extend(validate::configuration(&configuration, &layers, &self.paths));
        let workspace = match workspace {
            None => None,
            Some(_) => {
                let loaded: WorkspaceConfiguration = from_json(&document)?;
                problems.extend(validate::workspace(&loaded, &configuration, &layers));
                Some(loaded)
            }
        };
        Ok((configuration, layers, workspace))
    }

    /// Variables that begin with `GANGER_` and the name of a section set a value. Others with `GANGER_` are not
    /// configuration.
    fn read_environment(&self, layers: &mut Layers, problems: &mut Vec<Problem>) {
        let schema = configuration_schema();
        let root = schema::Shape::root(schema);
        let keys: Vec<KeyPath> = layers
            .values()
            .map(|(key, _)| key.clone())
            .filter(|key| key.0.first().is_some_and(|section| root.has(section)))
            .collect();
        let sections: Vec<String> = root
            .keys()
            .into_iter()
            .map(|section| format!("{}_", KeyPath::from([section]).variable()))
            .collect();
        for (variable, value) in &self.variables {
            if !sections.iter().any(|section| variable.starts_with(section)) {
                continue;
            }
            let origin = Origin::Environment { variable: variable.clone() };
            match keys.iter().find(|key| key.variable() == *variable) {
                Some(key) => document::read_value(key, value, &origin, schema, layers, problems),
                None => {
                    let known: Vec<String> = keys.iter().map(KeyPath::variable).collect();
                    let near = nearest(variable, known.iter().map(String::as_str));
                    let hint = near.map(|near| format!("did you mean {near}?"));
                    problems.push(Problem {
                        code: "configuration.unknown_variable",
                        message: format!(
                            "the environment variable {variable} sets no key of the configuration"
                        ),
                        hint: Some(hint.unwrap_or_else(|| {
                            format!("unset {variable}; all keys: ganger config list --all")
                        })),
                    });
                }
            }
        }
    }
}

/// A file as a source; `None` where there is no file.
pub(crate) fn read_source(path: &Path, label: String) -> Result<Option<Source>, CodedError> {
    /// A configuration of more bytes is none that a person wrote.
    const LARGEST: u64 = 1 << 20;
    let read = || -> std::io::Result<String> {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is larger than 1 MB"));
        }
        String::from_utf8(bytes)
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"))
    };
    match read() {
        Ok(text) => Ok(Some(Source { path: path.to_owned(), label, text })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CodedError::file("read", path, &error)),
    }
}

/// The name of a workspace that has none of its own.
pub(crate) fn directory_name(root: &Path) -> String {
    root.file_name().map_or_else(|| "workspace".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, CodedError> {
    serde_json::to_value(value).map_err(|error| disagreement(&error))
}

fn from_json<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Result<T, CodedError> {
    T::deserialize(value).map_err(|error| disagreement(&error))
}

/// The reader lets nothing through that its types refuse; if it ever does, this is said and not hidden.
fn disagreement(error: &serde_json::Error) -> CodedError {
    CodedError::new(
        ErrorKind::Usage,
        "configuration.unreadable",
        format!("the configuration cannot be read: {error}"),
    )
}

#[cfg(test)]
mod tests;
