//! A view of live hosts. Nothing registers: a session whose agent program has a host of this daemon's runs.

use super::wait::{self, ServiceError};
use crate::engine::Engine;
use ganger_core::aggregate::Rejection;
use ganger_core::ids::{SessionId, WorkItemId};
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::DecisionKind;
use std::sync::Arc;

/// A session without a live agent program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the session {session} is not running, so nothing was done to it")]
pub struct SessionNotRunning {
    /// The session.
    pub session: SessionId,
}

/// Why nothing was done to a session.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It does not run.
    #[error(transparent)]
    NotRunning(#[from] SessionNotRunning),
    /// It does not wait for an answer of a person.
    #[error("the session {session} asks no person anything")]
    NothingAsked {
        /// The session.
        session: SessionId,
    },
    /// The command was refused, or the item cannot be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// The live sessions of this daemon.
#[derive(Clone)]
pub struct SessionRegistry {
    engine: Arc<Engine>,
}

impl SessionRegistry {
    /// The view of this engine's hosts.
    pub const fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Every session whose agent program runs.
    pub fn running(&self) -> Vec<SessionId> {
        self.engine.hosts().running().into_iter().map(|(session, _)| session).collect()
    }

    /// Whether a session's agent program runs.
    pub fn is_running(&self, session: SessionId) -> bool {
        self.running().contains(&session)
    }

    /// Answers the oldest question for a person that a running session asked: `answer` of its decision.
    ///
    /// # Errors
    /// The session does not run, asks no person anything, or the answer is refused.
    pub async fn send_answer(
        &self,
        item: WorkItemId,
        session: SessionId,
        choices: Vec<String>,
        text: &str,
    ) -> Result<(), RegistryError> {
        self.live(session)?;
        let known = wait::item(&self.engine, item).await?;
        let asked = known.decisions.iter().find(|open| match open.kind {
            DecisionKind::Question { question } => {
                known.question(question).is_some_and(|question| question.sessions.contains(&session))
            }
            _ => false,
        });
        let decision = asked.ok_or(RegistryError::NothingAsked { session })?.id;
        let command = ItemCommand::Answer { decision, choices, text: text.to_owned() };
        Ok(wait::command(&self.engine, item, command).await?)
    }

    /// Ends the work of a running session: `stop` of its repository, or of the planning.
    ///
    /// # Errors
    /// The session does not run, is the Foreman's, or nothing of its work can be stopped.
    pub async fn abort_and_deregister(
        &self,
        item: WorkItemId,
        session: SessionId,
    ) -> Result<(), RegistryError> {
        self.live(session)?;
        let known = wait::item(&self.engine, item).await?;
        if known.foreman == Some(session) {
            let message =
                format!("the Foreman of g{} leaves by itself, with the last sub-plan", known.number);
            return Err(ServiceError::Refused(Rejection::new("session.foreman", message)).into());
        }
        let repository = known.session(session).and_then(|session| session.repository.clone());
        Ok(wait::command(&self.engine, item, ItemCommand::Stop { repository }).await?)
    }

    fn live(&self, session: SessionId) -> Result<(), SessionNotRunning> {
        if self.is_running(session) { Ok(()) } else { Err(SessionNotRunning { session }) }
    }
}
