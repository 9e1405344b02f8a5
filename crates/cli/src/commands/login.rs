//! `login`

use crate::arguments::LoginArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::agent::LoginState;
use ganger_api::exit;

/// Runs the agent's own log-in and says how its account stands then. Exit code 1 when it is not logged in.
pub(super) fn login(context: &mut Context<'_>, arguments: &LoginArguments) -> Result<u8, Failure> {
    let (local, mut streams) = context.streams();
    let result = local.login(&arguments.agent, &mut streams)?;
    let text = match &context.json {
        Some(selection) => selection.object(&result)?,
        None => render::agents::login(&context.look, &result),
    };
    context.print(&text)?;
    Ok(match result.login.state {
        LoginState::LoggedIn | LoginState::NotNeeded => exit::DONE,
        LoginState::NotLoggedIn => exit::FAILED,
        // Then the program's own word has to do.
        LoginState::Unknown if result.succeeded => exit::DONE,
        LoginState::Unknown => exit::FAILED,
    })
}
