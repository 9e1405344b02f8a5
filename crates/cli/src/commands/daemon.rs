//! `daemon`

use crate::arguments::{DaemonArguments, DaemonCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::look::count;
use crate::render;
use ganger_api::daemon::DaemonStatus;
use ganger_api::machine::DaemonLogLine;
use ganger_api::{exit, routes};
use std::ops::ControlFlow;

/// Runs, starts, stops or asks the daemon. Those that only ask, or stop it, start none.
pub(super) fn daemon(context: &mut Context<'_>, arguments: &DaemonArguments) -> Result<u8, Failure> {
    match arguments.command {
        Some(DaemonCommand::Run) => Ok(context.local.run_daemon()?),
        Some(DaemonCommand::Start) => start(context),
        Some(DaemonCommand::Restart) => restart(context),
        Some(DaemonCommand::Install) => install(context),
        Some(DaemonCommand::Uninstall) => uninstall(context),
        Some(DaemonCommand::Logs { follow, lines }) => logs(context, lines as usize, follow),
        Some(DaemonCommand::Stop) => {
            context.never_start();
            super::block_on(stop(context))
        }
        Some(DaemonCommand::Status) | None => {
            context.never_start();
            super::block_on(status(context))
        }
    }
}

/// Starts the daemon in the background.
fn start(context: &mut Context<'_>) -> Result<u8, Failure> {
    context.local.start_daemon()?;
    super::block_on(status(context))
}

/// Stops the daemon, if there is one, and starts it in the background.
fn restart(context: &mut Context<'_>) -> Result<u8, Failure> {
    stop_if_any(context)?;
    start(context)
}

fn stop_if_any(context: &mut Context<'_>) -> Result<(), Failure> {
    match super::block_on(context.stop_daemon()) {
        Ok(_) => Ok(()),
        // None runs, which is what was wanted of it.
        Err(Failure::Said(detail)) if detail.exit == exit::ENVIRONMENT => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Has the daemon start at log-in, and hands over to that one now.
fn install(context: &mut Context<'_>) -> Result<u8, Failure> {
    let mut result = context.local.install_daemon()?;
    if result.told && !result.active {
        stop_if_any(context)?;
        context.local.start_daemon()?;
        result.active = true;
    }
    let text = match &context.json {
        Some(selection) => selection.object(&result)?,
        None => render::machine::installed(&context.look, &result),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}

fn uninstall(context: &mut Context<'_>) -> Result<u8, Failure> {
    let result = context.local.uninstall_daemon()?;
    let text = match &context.json {
        Some(selection) => selection.object(&result)?,
        None => render::machine::uninstalled(&context.look, &result),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}

/// Prints the daemon's own log. No daemon is needed for it.
fn logs(context: &mut Context<'_>, lines: usize, follow: bool) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<DaemonLogLine>()?;
    }
    let (local, mut failed) = (context.local, None);
    local.daemon_log(lines, follow, &mut |line| match print_line(context, line) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => {
            failed = Some(failure);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(exit::DONE), Err)
}

fn print_line(context: &mut Context<'_>, line: &str) -> Result<(), Failure> {
    let text = match &context.json {
        Some(selection) => selection.object(&render::machine::log_line(line))?,
        None => context.look.finish(format!("{}\n", context.look.text(line))),
    };
    context.print(&text)
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
