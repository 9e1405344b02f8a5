//! `daemon`

use crate::arguments::{DaemonArguments, DaemonCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::look::count;
use crate::render;
use ganger_api::client::Client;
use ganger_api::daemon::{DaemonStatus, StopResult};
use ganger_api::error::ErrorDetail;
use ganger_api::{exit, routes};
use std::time::Duration;

/// How long a daemon may take to end, in steps of [`STEP`].
const STEPS: u32 = 100;
const STEP: Duration = Duration::from_millis(100);

/// Runs the daemon in the foreground.
pub(super) fn run(context: &mut Context<'_>) -> Result<u8, Failure> {
    Ok(context.local.run_daemon()?)
}

/// Starts the daemon in the background.
pub(super) fn start(context: &mut Context<'_>) -> Result<u8, Failure> {
    context.local.start_daemon()?;
    super::block_on(status(context))
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
    let stopped: StopResult = context.post(routes::DAEMON_STOP, &serde_json::json!({})).await?;
    let client = Client::new(context.local.socket()?);
    for _ in 0..STEPS {
        if client.get_json::<serde_json::Value>(routes::DAEMON).await.is_err() {
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
            return Ok(exit::DONE);
        }
        tokio::time::sleep(STEP).await;
    }
    let message =
        format!("the daemon (process {}) was told to stop and still answers after 10 s", stopped.pid);
    Err(ErrorDetail::new(exit::TIMED_OUT, "daemon.lives", message).hint("ganger daemon status").into())
}
