//! `agents`

use crate::arguments::AgentsArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::agent::AgentView;
use ganger_api::exit;

/// Lists the agents, or shows one and what it says. Exit code 6 when that one is not here, 1 when no conversation can
/// be opened with it.
pub(super) fn agents(context: &mut Context<'_>, arguments: &AgentsArguments) -> Result<u8, Failure> {
    let (local, directory) = (context.local, context.environment.directory.clone());
    let Some(name) = &arguments.agent else {
        let list = local.agents(&directory)?;
        let text = match &context.json {
            Some(selection) => selection.list::<AgentView>(&list, "agents")?,
            None => render::agents::list(&context.look, &list),
        };
        context.print(&text)?;
        return Ok(exit::DONE);
    };
    let detail = local.agent(&directory, name)?;
    let text = match &context.json {
        Some(selection) => selection.object(&detail)?,
        None => render::agents::detail(&context.look, &detail),
    };
    context.print(&text)?;
    Ok(match &detail.handshake {
        Some(handshake) if handshake.problem.is_none() => exit::DONE,
        Some(_) => exit::FAILED,
        None => exit::ENVIRONMENT,
    })
}
