//! What agents ask, on its way to whoever answers.

use super::wait::{self, ServiceError};
use crate::engine::{Engine, EngineError};
use crate::kernel::item::ToolCall;
use ganger_core::agent::ToolAnswer;
use ganger_core::ids::{QuestionId, SessionId, WorkItemId};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::{Answerer, QuestionEnd};
use std::sync::Arc;
use std::time::Duration;

/// What is told of a question that has its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuestionAnswered {
    /// The question.
    pub id: QuestionId,
    /// Every session that asked it.
    pub sessions: Vec<SessionId>,
    /// The answer; none where it was skipped, or nobody waits for it any more.
    pub answer: Option<String>,
    /// Whose it is.
    pub by: Option<Answerer>,
}

/// Brings questions of agents to whoever answers.
#[derive(Clone)]
pub struct QuestionRouter {
    engine: Arc<Engine>,
}

impl QuestionRouter {
    /// The service over this engine.
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Presents a tool call of a session, and holds it until it is answered: the report `ToolCall`. Where it goes is
    /// decided by the kind of the session and the tool's name: a planner's questions and `ask_user` to the person,
    /// others to the Foreman where there is one; every other call is answered at once. The same call may be presented
    /// again, and has one answer.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn route(&self, item: WorkItemId, call: ToolCall) -> Result<ToolAnswer, EngineError> {
        self.engine.tool_call(item, call).await
    }

    /// Waits for the end of a question, and gives what is told of it: the fact `question.answered`, `question.skipped`
    /// or `question.dropped`, whose commit is its publication.
    ///
    /// # Errors
    /// It has no end within `limit`.
    pub async fn publish_question_answered(
        &self,
        item: WorkItemId,
        question: QuestionId,
        limit: Duration,
    ) -> Result<QuestionAnswered, ServiceError> {
        wait::until(&self.engine, item, limit, "answered", move |item| answered(item, question)).await
    }
}

fn answered(item: &WorkItem, id: QuestionId) -> Option<QuestionAnswered> {
    let question = item.question(id)?;
    let answer = match question.end.as_ref()? {
        QuestionEnd::Answered(answer) => Some(answer),
        QuestionEnd::Skipped { .. } | QuestionEnd::Dropped => None,
    };
    Some(QuestionAnswered {
        id,
        sessions: question.sessions.clone(),
        answer: answer.map(|answer| answer.text.clone()),
        by: answer.map(|answer| answer.by),
    })
}
