//! The Foreman of one item. It is started by the first question that is for it, and needs no other start; its
//! conversation ends with the last sub-plan.

use super::questions::QuestionRouter;
use super::wait::{self, ServiceError};
use crate::engine::{Engine, EngineError};
use crate::kernel::item::ToolCall;
use ganger_core::agent::ToolAnswer;
use ganger_core::foreman::answer::Proposal;
use ganger_core::ids::{DecisionId, QuestionId, SessionId, WorkItemId};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::DecisionKind;
use std::sync::Arc;
use std::time::Duration;

/// A question that no person is asked: it is unknown, with the Foreman still, or has its answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the question {question} of g{number} waits for no person: {reason}")]
pub struct QuestionNotEscalated {
    /// The question.
    pub question: QuestionId,
    /// The item's number.
    pub number: u64,
    /// Which of them it is.
    pub reason: &'static str,
}

/// Why the Foreman's part could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ForemanError {
    /// No person is asked.
    #[error(transparent)]
    NotEscalated(#[from] QuestionNotEscalated),
    /// The operation was not possible, or its end was not seen.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The Foreman of one item.
#[derive(Clone)]
pub struct Foreman {
    engine: Arc<Engine>,
    item: WorkItemId,
}

impl Foreman {
    /// The Foreman of this item.
    pub const fn new(engine: Arc<Engine>, item: WorkItemId) -> Self {
        Self { engine, item }
    }

    /// Asks: the tool `ask_foreman`, called by the session in `call`. Waits for the answer, whoever gives it.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn ask(&self, call: ToolCall) -> Result<ToolAnswer, EngineError> {
        let call = ToolCall { name: "ask_foreman".to_owned(), ..call };
        QuestionRouter::new(Arc::clone(&self.engine)).route(self.item, call).await
    }

    /// Answers a question that waits for a person: `answer` of its decision, with one option per part, or words.
    ///
    /// # Errors
    /// It waits for no person, or has no such option; nothing changed then.
    pub async fn resolve_escalated(
        &self,
        question: QuestionId,
        choices: Vec<String>,
        text: &str,
    ) -> Result<(), ForemanError> {
        let decision = self.decision(question).await?;
        let command = ItemCommand::Answer { decision, choices, text: text.to_owned() };
        Ok(wait::command(&self.engine, self.item, command).await?)
    }

    /// Has the Foreman think again about a question that waits for a person: `discuss` of its decision, then what it
    /// proposes. The question goes on waiting for the person.
    ///
    /// # Errors
    /// It waits for no person, there is no Foreman, or no proposal comes within `limit`.
    pub async fn send_user_message(
        &self,
        question: QuestionId,
        text: &str,
        limit: Duration,
    ) -> Result<Proposal, ForemanError> {
        let decision = self.decision(question).await?;
        let before = self.known().await?.question(question).map_or(0, |question| question.tries);
        let command = ItemCommand::Discuss { decision, text: text.to_owned() };
        wait::command(&self.engine, self.item, command).await?;
        let seen = move |item: &WorkItem| {
            let known = item.question(question)?;
            let thinks = known.discussion.is_some() && known.end.is_none() && known.tries == before;
            // Where it brought nothing, the proposal of before is what there is.
            (!thinks).then(|| known.proposal.clone()).flatten()
        };
        Ok(wait::until(&self.engine, self.item, limit, "given a proposal", seen).await?)
    }

    /// Whether its agent runs: a live host of its session.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn is_running(&self) -> Result<bool, ServiceError> {
        Ok(self.session_id().await?.is_some())
    }

    /// Its session, while its agent runs.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn session_id(&self) -> Result<Option<SessionId>, ServiceError> {
        let session = self.known().await?.foreman;
        let running = self.engine.hosts().running();
        Ok(session.filter(|session| running.iter().any(|(live, _)| live == session)))
    }

    /// Its newest session, whether its agent runs or not; none before its first question.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn last_session_id(&self) -> Result<Option<SessionId>, ServiceError> {
        Ok(self.known().await?.foreman)
    }

    /// The digest of the plan that it answers from; none before a plan stands.
    ///
    /// # Errors
    /// The item cannot be loaded.
    pub async fn last_plan_id(&self) -> Result<Option<String>, ServiceError> {
        Ok(self.known().await?.standing_plan().map(|plan| plan.digest.clone()))
    }

    async fn known(&self) -> Result<WorkItem, ServiceError> {
        wait::item(&self.engine, self.item).await
    }

    async fn decision(&self, question: QuestionId) -> Result<DecisionId, ForemanError> {
        let item = self.known().await?;
        let asks = |kind: &DecisionKind| *kind == DecisionKind::Question { question };
        if let Some(open) = item.decisions.iter().find(|open| asks(&open.kind)) {
            return Ok(open.id);
        }
        let reason = match item.question(question) {
            None => "nobody asked it",
            Some(known) if known.end.is_some() => "it has its end",
            Some(_) => "the Foreman has it",
        };
        Err(QuestionNotEscalated { question, number: item.number, reason }.into())
    }
}
