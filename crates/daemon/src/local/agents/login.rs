//! `ganger login`: the program's own log-in, on the person's terminal and outside every sandbox, as if they had typed
//! it themselves.

use super::{account, find, handshake, install};
use crate::config::{Sources, known_agent};
use crate::error::{CodedError, ErrorKind, cause};
use ganger_api::agent::{LOGIN_SCHEMA, LoginResult, LoginState};
use std::path::Path;
use std::process::Command;

/// Runs the log-in of an agent program, and says how its account stands then. `own` is this program's file; `begin` is
/// told what is about to run. Blocks as long as the person needs.
///
/// # Errors
/// There is no such agent, it has no log-in, nobody sits at the terminal, or the program does not start.
pub fn login(
    sources: &Sources,
    directory: &Path,
    name: &str,
    own: &Path,
    interactive: bool,
    begin: impl FnOnce(&str) -> Result<(), CodedError>,
) -> Result<LoginResult, CodedError> {
    // Only the person's own file says what runs outside of every sandbox; a workspace's cannot name programs.
    let configuration = sources.load()?.configuration;
    let agent = find(&configuration, name)?;
    let typed = shlex::try_join(agent.login.iter().map(String::as_str)).unwrap_or_default();
    if agent.login.is_empty() {
        let wants = known_agent(name).map(|known| known.wants).filter(|wants| !wants.is_empty());
        let message = match wants {
            Some(wants) => format!("{name} has no log-in that ganger could run: {wants}"),
            None => format!(
                "no log-in is configured for {name}: it takes its account from its own settings, or from a variable that `agents.{name}.environment` names"
            ),
        };
        return Err(CodedError::new(ErrorKind::Refused, "login.none", message)
            .hint(format!("then: ganger agents {name}")));
    }
    let Some(program) = agent.file_of(name, &agent.login, &sources.variables) else {
        let word = agent.login.first().cloned().unwrap_or_default();
        let message = format!("{name} cannot log in: there is no program `{word}` in PATH");
        return Err(
            CodedError::new(ErrorKind::Environment, "agent.not_installed", message).hint(install(name))
        );
    };
    if !interactive {
        let message = format!("{name} logs in with a person at the terminal, and nobody sits at this one");
        return Err(CodedError::new(ErrorKind::Usage, "login.not_interactive", message).hint(typed));
    }
    begin(&typed)?;
    let status =
        Command::new(&program).args(agent.login.iter().skip(1)).current_dir(directory).status().map_err(
            |error| {
                let message = format!("`{typed}` does not start: {}", cause(&error));
                CodedError::new(ErrorKind::Environment, "login.not_started", message)
            },
        )?;
    let mut login = account::of(sources, name, agent);
    if login.state == LoginState::Unknown {
        let greeting = handshake::with(sources, name, own)?;
        login = handshake::account(name, &greeting).unwrap_or(login);
    }
    Ok(LoginResult {
        schema: LOGIN_SCHEMA.to_owned(),
        name: name.to_owned(),
        command: agent.login.clone(),
        succeeded: status.success(),
        login,
    })
}
