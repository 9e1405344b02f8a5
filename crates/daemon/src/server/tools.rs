//! The one route of agents: a tool call of a session, shown by its token, held until it is answered.

use super::Shared;
use super::failure::Failure;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use ganger_api::client::TOKEN_HEADER;
use ganger_api::daemon::{ToolCallAnswer, ToolCallRequest};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_core::ids::SessionId;
use ganger_orchestrator::kernel::item::ToolCall;
use ganger_orchestrator::run::sessions::token_file;
use ganger_orchestrator::services::QuestionRouter;
use ganger_store::{ListQuery, StreamKind};
use std::sync::Arc;

pub(super) async fn call(
    State(app): State<Shared>,
    headers: HeaderMap,
    Json(request): Json<ToolCallRequest>,
) -> Result<Json<ToolCallAnswer>, Failure> {
    let refused = |reason: &str| {
        let message = format!("the call of session {} is refused: {reason}", request.session);
        Failure(ErrorDetail::new(exit::REFUSED, "caller.not_the_session", message))
    };
    let session: SessionId = request.session.parse().map_err(|_| refused("this is no session id"))?;
    let incarnation = u64::from(request.incarnation);
    let token = std::fs::read_to_string(token_file(&app.paths.session(session), incarnation))
        .map_err(|_| refused("it has no token"))?;
    let shown = headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if shown != token.trim() {
        return Err(refused("its token is not the one of that session"));
    }
    let item = app.item_of(session).await?.ok_or_else(|| refused("no work item has that session"))?;
    let call = ToolCall {
        session,
        incarnation,
        call_id: request.call_id,
        name: request.name,
        arguments: request.arguments,
    };
    let answer = QuestionRouter::new(Arc::clone(&app.engine)).route(item, call).await?;
    Ok(Json(ToolCallAnswer { text: answer.text, is_error: answer.is_error }))
}

impl super::App {
    /// The item that a session belongs to.
    pub(super) async fn item_of(
        &self,
        session: SessionId,
    ) -> Result<Option<ganger_core::ids::WorkItemId>, Failure> {
        if let Some(item) =
            self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&session)
        {
            return Ok(Some(*item));
        }
        let live = self.engine.store().list(&ListQuery {
            live_only: true,
            ..ListQuery::all(StreamKind::WorkItem, ganger_store::MAX_PAGE)
        })?;
        for (stream, _) in live {
            let Ok(id) = stream.id.parse() else { continue };
            if self.engine.item(id).await?.session(session).is_some() {
                let mut sessions = self.sessions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                sessions.insert(session, id);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
