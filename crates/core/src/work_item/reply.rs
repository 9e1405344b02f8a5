//! All that ever answers a held tool call: a function of the state.

use super::state::{Channel, GivenAnswer, RequestKind, WorkItem};
use crate::agent::ToolAnswer;
use crate::ids::SessionId;

/// The answer to a call that is held over the bridge; none while it must wait.
pub fn reply(item: &WorkItem, session: SessionId, incarnation: u64, call_id: &str) -> Option<ToolAnswer> {
    let over = || {
        Some(ToolAnswer {
            text: "the turn that made this call is over, so it can't be answered any more".to_owned(),
            is_error: true,
        })
    };
    let Some(session) = item.session(session) else { return over() };
    if session.incarnation != incarnation || session.turn.is_none() {
        return over();
    }
    let request = session.requests.iter().find(|request| {
        request.channel == Channel::Bridge && request.incarnation == incarnation && request.wire_id == call_id
    })?;
    // A turn that waited goes on only with a slot of its own.
    let may_go_on = matches!(request.kind, RequestKind::Tool) || session.may_run();
    match &request.answer {
        Some(GivenAnswer::Text { text, is_error }) if may_go_on => {
            Some(ToolAnswer { text: text.clone(), is_error: *is_error })
        }
        _ => None,
    }
}
