//! `daemon`

use crate::arguments::{DaemonArguments, DaemonCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::look::count;
use crate::render;
use ganger_api::daemon::DaemonStatus;
use ganger_api::{exit, routes};

/// Runs the daemon in the foreground.
pub(super) fn run(context: &mut Context<'_>) -> Result<u8, Failure> {
    Ok(context.local.run_daemon()?)
}

/// Starts the daemon in the background.
pub(super) fn start(context: &mut Context<'_>) -> Result<u8, Failure> {
    context.local.start_daemon()?;
    super::block_on(status(context))
}

/// Stops the daemon, if there is one, and starts it in the background.
pub(super) fn restart(context: &mut Context<'_>) -> Result<u8, Failure> {
    match super::block_on(context.stop_daemon()) {
        Ok(_) => {}
        // None runs, which is what was wanted of it.
        Err(Failure::Said(detail)) if detail.exit == exit::ENVIRONMENT => {}
        Err(failure) => return Err(failure),
    }
    start(context)
}

/// Asks the daemon, or stops it. Neither starts one.
pub(super) async fn ask(context: &mut Context<'_>, arguments: &DaemonArguments) -> Result<u8, Failure> {
    context.never_start();
    match arguments.command {
        Some(DaemonCommand::Stop) => stop(context).await,
        _ => status(context).await,
    }
}

async fn status(context: &mut Context<'_>) -> Result<u8, Failure> {
    let status: DaemonStatus = context.get(routes::DAEMON).await?;
    let text = match &context.json {
        Some(selection) => selection.object(&status)?,
        None => render::doctor::daemon(&context.look, &status),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}

async fn stop(context: &mut Context<'_>) -> Result<u8, Failure> {
    let stopped = context.stop_daemon().await?;
    let text = match &context.json {
        Some(selection) => selection.object(&stopped)?,
        None => format!(
            "Stopped the daemon (process {}). {} without it.\n",
            stopped.pid,
            match stopped.sessions_live {
                1 => "1 agent goes on".into(),
                live => count(live, "agent") + " go on",
            }
        ),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
