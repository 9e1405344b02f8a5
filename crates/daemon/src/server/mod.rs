//! The HTTP server over the Unix socket: who may call, and the routes of the API. A route only translates; what is
//! true stands in the engine.

pub mod address;
pub mod caller;
mod commands;
mod diff;
mod events;
mod failure;
mod items;
mod judging;
mod log;
mod refused;
mod settled;
#[cfg(test)]
mod tests;
mod tools;

pub use failure::Failure;

use crate::paths::Paths;
use crate::surroundings::Machine;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::IncomingStream;
use axum::{Json, Router};
use caller::Peer;
use ganger_api::daemon::{DAEMON_SCHEMA, DaemonStatus, StopResult};
use ganger_api::error::ErrorDetail;
use ganger_api::timestamp::Timestamp;
use ganger_api::{exit, routes, version};
use ganger_core::ids::{SessionId, WorkItemId};
use ganger_core::work_item::status::Status;
use ganger_orchestrator::engine::Engine;
use ganger_store::{ListQuery, StreamKind};
use refused::RefusedCall;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::UnixListener;
use tokio::sync::watch;

/// What every route needs.
pub struct App {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Configuration and machine.
    pub machine: Arc<Machine>,
    /// Where everything lies.
    pub paths: Paths,
    /// The person's key.
    pub key: String,
    /// When this daemon started.
    pub started_at: Timestamp,
    /// Told when the daemon is to stop.
    pub stop: watch::Sender<bool>,
    /// Which item a session belongs to, as far as somebody asked.
    pub sessions: Mutex<BTreeMap<SessionId, WorkItemId>>,
}

type Shared = Arc<App>;

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { pid: stream.io().peer_cred().ok().and_then(|credentials| credentials.pid()) }
    }
}

/// The routes.
pub fn router(app: Shared) -> Router {
    let of_people = Router::new()
        .route(routes::ITEMS, get(items::list).post(commands::create))
        .route(routes::ITEM, get(items::show))
        .route(routes::PLAN, get(items::plan))
        .route(routes::LOG, get(log::log))
        .route(routes::DIFF, get(diff::diff))
        .route(routes::PATH, get(items::path))
        .route(routes::FAQ, get(items::faq))
        .route(routes::COMMANDS, post(commands::command))
        .route(routes::DECISIONS, get(items::inbox))
        .route(routes::DECISION, get(items::decision))
        .route(routes::EVENTS, get(events::events))
        .route(routes::WORKSPACES, get(items::workspaces).post(commands::register))
        .route(routes::DOCTOR, get(items::doctor))
        .route(routes::DAEMON, get(status))
        .route(routes::DAEMON_STOP, post(stop))
        .layer(axum::middleware::from_fn(only_my_version))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), only_people));
    Router::new()
        .route(routes::TOOL_CALLS, post(tools::call))
        .route(routes::OPENAPI, get(document))
        .merge(of_people)
        .fallback(unknown)
        .with_state(app)
}

async fn unknown(request: Request) -> Failure {
    let message = format!("there is no {} {}", request.method(), request.uri().path());
    Failure(ErrorDetail::new(exit::NOT_FOUND, "route.unknown", message).hint(routes::OPENAPI))
}

/// Everything but the tool route is a person's.
async fn only_people(
    State(app): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if let Err(reason) = caller::is_person(peer, request.headers(), &app.key, &app.paths) {
        tracing::warn!(pid = ?peer.pid, path = %request.uri().path(), %reason, "a call was refused");
        let call = format!("{} {}", request.method(), request.uri().path());
        let at_ms = app.engine.now().wall_ms;
        refused::note(&app.paths, peer.pid, &RefusedCall { at_ms, call, reason: reason.clone() });
        let message = format!("only a person may do this, and {reason}");
        return Err(Failure(ErrorDetail::new(exit::REFUSED, "caller.not_a_person", message)));
    }
    Ok(next.run(request).await)
}

/// A command line of another version may mean something else by the same words: it is refused before anything is
/// done. A newer one starts this daemon again from itself.
async fn only_my_version(request: Request, next: Next) -> Result<Response, Failure> {
    let told = request.headers().get(version::VERSION_HEADER).and_then(|value| value.to_str().ok());
    match told.and_then(|told| other_version(told, version::VERSION)) {
        Some(refusal) => Err(Failure(refusal)),
        None => Ok(next.run(request).await),
    }
}

/// The refusal of a command line of another version.
fn other_version(theirs: &str, ours: &str) -> Option<ErrorDetail> {
    match version::compare(theirs, ours)? {
        Ordering::Equal => None,
        Ordering::Greater => {
            let message = format!("the daemon is ganger {ours}, older than this ganger {theirs}");
            let detail = ErrorDetail::new(exit::ENVIRONMENT, version::DAEMON_OLDER, message);
            Some(
                detail.hint(
                    "ganger daemon stop; the next command starts a new one, and agents go on meanwhile",
                ),
            )
        }
        Ordering::Less => {
            let message = format!("the daemon is ganger {ours}, newer than this ganger {theirs}");
            let detail = ErrorDetail::new(exit::ENVIRONMENT, version::DAEMON_NEWER, message);
            Some(detail.hint(format!("install ganger {ours}, or find out with `type -a ganger` where it is")))
        }
    }
}

async fn document() -> Json<serde_json::Value> {
    Json(serde_json::to_value(ganger_api::document::document()).unwrap_or_default())
}

/// The items that are not finished.
fn unfinished() -> ListQuery {
    ListQuery {
        without_status: Some(Status::Completed.name()),
        ..ListQuery::all(StreamKind::WorkItem, ganger_store::MAX_PAGE)
    }
}

async fn status(State(app): State<Shared>) -> Result<Json<DaemonStatus>, Failure> {
    let live = app.engine.store().count(&unfinished())?;
    Ok(Json(DaemonStatus {
        schema: DAEMON_SCHEMA.to_owned(),
        version: version::VERSION.to_owned(),
        pid: std::process::id(),
        started_at: app.started_at,
        home: app.paths.home().display().to_string(),
        items_live: live,
        sessions_live: app.engine.hosts().running().len() as u64,
    }))
}

async fn stop(State(app): State<Shared>) -> Json<StopResult> {
    let sessions_live = app.engine.hosts().running().len() as u64;
    app.stop.send_replace(true);
    Json(StopResult { pid: std::process::id(), sessions_live })
}
