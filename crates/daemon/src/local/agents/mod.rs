//! `ganger agents` and `ganger login`: the agent programs that the configuration knows, whether they are here, whether
//! they have an account, and what they say when they are started.

mod account;
mod handshake;
mod login;

pub use login::login;

use super::survey;
use crate::config::{Agent, Configuration, SCRIPTED, Sources, WorkspaceConfiguration, known_agent};
use crate::error::{CodedError, ErrorKind};
use crate::paths::{Variables, find_workspace};
use ganger_api::agent::{
    AGENT_SCHEMA, AGENTS_SCHEMA, AgentDetail, AgentList, AgentRole, AgentView, LoginState, LoginView,
    RoleView, VariableView,
};
use std::path::Path;

/// The names of all agents that can be named in `directory`. A configuration that cannot be read is said elsewhere.
pub fn names(sources: &Sources, directory: &Path) -> Vec<String> {
    let loaded = load(sources, directory).map(|(configuration, _)| configuration).unwrap_or_default();
    loaded.agents.named.into_keys().collect()
}

/// All agents, by name. Starts their programs to ask for versions and accounts, at once and for some seconds at most;
/// no model is asked.
///
/// # Errors
/// The configuration is wrong.
pub fn list(sources: &Sources, directory: &Path) -> Result<AgentList, CodedError> {
    let (configuration, workspace) = load(sources, directory)?;
    let agents = views(sources, &configuration, workspace.as_ref());
    Ok(AgentList { schema: AGENTS_SCHEMA.to_owned(), agents })
}

/// All agents of this configuration, asked at once.
pub(super) fn views(
    sources: &Sources,
    configuration: &Configuration,
    workspace: Option<&WorkspaceConfiguration>,
) -> Vec<AgentView> {
    std::thread::scope(|scope| {
        let named = configuration.agents.named.iter();
        let asked: Vec<_> = named
            .map(|(name, agent)| scope.spawn(move || view(sources, configuration, workspace, name, agent)))
            .collect();
        asked.into_iter().filter_map(|asked| asked.join().ok()).collect()
    })
}

/// One agent, and what it says when it is started: in a throw-away directory, inside the limits of a real session,
/// and ended before any turn. `own` is this program's file. Blocks; Ctrl-C ends it, and leaves nothing.
///
/// # Errors
/// The configuration is wrong, or there is no such agent.
pub fn detail(
    sources: &Sources,
    directory: &Path,
    name: &str,
    own: &Path,
) -> Result<AgentDetail, CodedError> {
    let (configuration, workspace) = load(sources, directory)?;
    let agent = find(&configuration, name)?;
    let mut view = view(sources, &configuration, workspace.as_ref(), name, agent);
    let mut handshake = None;
    if view.program.is_some() {
        let greeting = handshake::with(sources, name, own)?;
        // That it wants an account counts for more than what lies in its directories; that it opened a conversation does
        // not count for more than its own word: some do without, and fail in the first turn.
        if let Some(login) = handshake::account(name, &greeting)
            && (view.login.state == LoginState::Unknown || login.state == LoginState::NotLoggedIn)
        {
            view.login = login;
            view.commands = commands(name, agent, &view);
        }
        handshake = Some(handshake::view(greeting));
    }
    let passed =
        |name: &String| VariableView { name: name.clone(), set: sources.variables.contains_key(name) };
    Ok(AgentDetail {
        schema: AGENT_SCHEMA.to_owned(),
        command: agent.command.iter().chain(&agent.arguments).cloned().collect(),
        environment: agent.environment.iter().map(passed).collect(),
        state: agent.state.clone(),
        model: agent.model.clone(),
        login_command: agent.login.clone(),
        handshake,
        agent: view,
    })
}

/// The configuration that holds in `directory`, and the workspace that it lies in.
fn load(
    sources: &Sources,
    directory: &Path,
) -> Result<(Configuration, Option<WorkspaceConfiguration>), CodedError> {
    match find_workspace(directory)? {
        Some(root) => {
            let loaded = sources.load_workspace(&root)?;
            Ok((loaded.configuration, Some(loaded.workspace)))
        }
        None => Ok((sources.load()?.configuration, None)),
    }
}

fn find<'a>(configuration: &'a Configuration, name: &str) -> Result<&'a Agent, CodedError> {
    configuration.agents.named.get(name).ok_or_else(|| {
        let known: Vec<&str> = configuration.agents.named.keys().map(String::as_str).collect();
        let error = CodedError::new(
            ErrorKind::NotFound,
            "agent.unknown",
            format!("there is no agent \"{name}\"; there is: {}", known.join(", ")),
        );
        match crate::config::nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}? ganger agents {near}")),
            None => error.hint(format!(
                "another program is known once it is configured: ganger config set agents.{name}.command '[\"/path/to/it\", \"--acp\"]'"
            )),
        }
    })
}

fn view(
    sources: &Sources,
    configuration: &Configuration,
    workspace: Option<&WorkspaceConfiguration>,
    name: &str,
    agent: &Agent,
) -> AgentView {
    let variables = &sources.variables;
    let (program, version, login) = if name == SCRIPTED {
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        (Some("ganger".to_owned()), version, account::of(sources, name, agent))
    } else {
        let word = agent.command.first().map(String::as_str).unwrap_or_default();
        match crate::config::find_program(word, variables) {
            None => {
                let login =
                    LoginView { state: LoginState::Unknown, reason: "it is not installed".to_owned() };
                (None, None, login)
            }
            Some(file) => {
                let asked = std::thread::scope(|scope| {
                    let version = scope.spawn(|| survey::version(&file, variables));
                    let login = account::of(sources, name, agent);
                    (version.join().ok().flatten(), login)
                });
                (Some(file.display().to_string()), asked.0, asked.1)
            }
        }
    };
    let roles = roles(configuration, workspace, name);
    let view = AgentView { name: name.to_owned(), program, version, login, roles, commands: Vec::new() };
    AgentView { commands: commands(name, agent, &view), ..view }
}

/// What an agent is chosen for: in all repositories, or in those that say so themselves.
fn roles(
    configuration: &Configuration,
    workspace: Option<&WorkspaceConfiguration>,
    name: &str,
) -> Vec<RoleView> {
    let agents = &configuration.agents;
    let everywhere = |role, chosen: Option<&str>| {
        (chosen == Some(name)).then(|| RoleView { role, repositories: Vec::new() })
    };
    let implements = everywhere(AgentRole::Implementer, agents.for_implementation(None)).or_else(|| {
        let repositories: Vec<String> = workspace
            .into_iter()
            .flat_map(|workspace| &workspace.repositories)
            .filter(|(_, repository)| agents.for_implementation(Some(repository)) == Some(name))
            .map(|(name, _)| name.clone())
            .collect();
        (!repositories.is_empty()).then_some(RoleView { role: AgentRole::Implementer, repositories })
    });
    [
        everywhere(AgentRole::Planner, agents.for_planning()),
        implements,
        everywhere(AgentRole::Reviewer, agents.for_review()),
        everywhere(AgentRole::Foreman, agents.for_foreman()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What to type next.
fn commands(name: &str, agent: &Agent, view: &AgentView) -> Vec<String> {
    if view.program.is_none() {
        return vec![install(name)];
    }
    if view.login.state != LoginState::NotLoggedIn {
        return Vec::new();
    }
    if agent.login.is_empty() {
        vec![format!("ganger agents {name}")]
    } else {
        vec![format!("ganger login {name}")]
    }
}

/// The command that brings the program here, or says where it is.
pub(super) fn install(name: &str) -> String {
    match known_agent(name).map(|known| known.install).filter(|install| !install.is_empty()) {
        Some(install) => install.to_owned(),
        None => "ganger config edit".to_owned(),
    }
}

/// The environment of a program of the agent's own: as a session gives it, so that it says of an account what a
/// session would find.
fn environment(sources: &Sources, name: &str, agent: &Agent) -> Variables {
    let mut environment = agent.passed(name, &sources.variables);
    let plain = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "XDG_RUNTIME_DIR"];
    environment.extend(
        plain
            .iter()
            .filter_map(|name| sources.variables.get(*name).map(|value| ((*name).to_owned(), value.clone()))),
    );
    environment
}

#[cfg(test)]
mod tests;
