//! From a ticket to a plan that a person can approve.

use super::wait::{self, ServiceError};
use crate::engine::Engine;
use ganger_core::ids::WorkItemId;
use ganger_core::plan::{ParseErrors, PlanParser};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::state::{PlanVersion, PlanningStage, Settings};
use ganger_core::work_item::status::status;
use std::sync::Arc;
use std::time::Duration;

/// What the operations of planning are given.
#[derive(Clone, Debug)]
pub struct PlanningConfig {
    /// What the configuration says now; an item keeps what it was started with.
    pub settings: Settings,
    /// How long one operation waits for its plan. Planning itself has no such limit.
    pub limit: Duration,
}

/// A plan that waits for a person.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanningResult {
    /// The version.
    pub plan: PlanVersion,
    /// What a person should know beside it, each a sentence: repositories that cannot be worked on.
    pub warnings: Vec<String>,
    /// Turns in which the planner had to correct it.
    pub corrections: u32,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The operation was not possible, or its end was not seen.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Planning came to an end without a plan.
    #[error("g{number} was not planned: {reason}")]
    NotPlanned {
        /// The item's number.
        number: u64,
        /// Why, a sentence.
        reason: String,
    },
    /// The document is no plan; the one that stood stands.
    #[error("the document is not a valid plan for g{number}: {problems}")]
    Invalid {
        /// The item's number.
        number: u64,
        /// Every problem with its line.
        problems: ParseErrors,
    },
    /// Nothing was interrupted.
    #[error("g{number} is {status}, so no planning is under way in it")]
    NotUnderWay {
        /// The item's number.
        number: u64,
        /// Where it stands.
        status: &'static str,
    },
}

impl PlanningError {
    /// Every problem of a document that was refused; none where something else went wrong.
    pub fn parse_errors(&self) -> Option<&ParseErrors> {
        match self {
            Self::Invalid { problems, .. } => Some(problems),
            _ => None,
        }
    }
}

/// Plans items.
#[derive(Clone)]
pub struct PlanningService {
    engine: Arc<Engine>,
    config: PlanningConfig,
}

impl PlanningService {
    /// The service over this engine.
    pub const fn new(engine: Arc<Engine>, config: PlanningConfig) -> Self {
        Self { engine, config }
    }

    /// Plans an item: `start`, then the first version that waits for approval.
    ///
    /// # Errors
    /// It cannot be started, could not be planned, or is not planned in time.
    pub async fn plan(&self, item: WorkItemId) -> Result<PlanningResult, PlanningError> {
        let settings = self.config.settings.clone();
        self.command(item, ItemCommand::Start { settings }).await?;
        self.planned(item, 0).await
    }

    /// Has the planner change the plan as a person wishes: `revise`, then the next version that waits for approval.
    ///
    /// # Errors
    /// There is nothing to change, the plan could not be changed (the one that stood stands), or not in time.
    pub async fn plan_with_feedback(
        &self,
        item: WorkItemId,
        feedback: &str,
    ) -> Result<PlanningResult, PlanningError> {
        let before = wait::item(&self.engine, item).await?.plans.len();
        let command = ItemCommand::Revise {
            repository: None,
            text: feedback.to_owned(),
            settings: self.config.settings.clone(),
        };
        self.command(item, command).await?;
        self.planned(item, before).await
    }

    /// Plans more of an item whose work is done, from the results of its last run: `follow-up`.
    ///
    /// # Errors
    /// The item is not completed; otherwise as [`Self::plan_with_feedback`].
    pub async fn follow_up_plan(
        &self,
        item: WorkItemId,
        feedback: &str,
    ) -> Result<PlanningResult, PlanningError> {
        let before = wait::item(&self.engine, item).await?.plans.len();
        let command = ItemCommand::FollowUp {
            repository: None,
            text: feedback.to_owned(),
            settings: self.config.settings.clone(),
        };
        self.command(item, command).await?;
        self.planned(item, before).await
    }

    /// Puts a person's document in the plan's place: `edit`. No agent is asked.
    ///
    /// # Errors
    /// The document is no plan, or the plan cannot be changed now; nothing changed then.
    pub async fn update_reviewed_plan(
        &self,
        item: WorkItemId,
        document: &str,
    ) -> Result<PlanningResult, PlanningError> {
        let known = wait::item(&self.engine, item).await?;
        let command = ItemCommand::Edit { document: document.to_owned(), section: None, version: None };
        let names: Vec<String> = known.planning.bases.iter().map(|base| base.name.clone()).collect();
        match (self.command(item, command).await, PlanParser::parse_and_validate(document, &names)) {
            (Ok(()), _) => self.planned(item, known.plans.len()).await,
            (Err(ServiceError::Refused(refused)), Err(problems)) if refused.code == "plan.invalid" => {
                Err(PlanningError::Invalid { number: known.number, problems })
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Waits for the plan of an item whose planner was interrupted by the end of a daemon, a host or an agent. There
    /// is no command for it: what is owed is taken up when the engine starts, in the planner's own conversation.
    ///
    /// # Errors
    /// No planning is under way; otherwise as [`Self::plan`].
    pub async fn resume_interrupted(&self, item: WorkItemId) -> Result<PlanningResult, PlanningError> {
        let known = wait::item(&self.engine, item).await?;
        if !known.is_planning() {
            let (number, status) = (known.number, status(&known).word());
            return Err(PlanningError::NotUnderWay { number, status });
        }
        self.planned(item, known.plans.len()).await
    }

    async fn command(&self, item: WorkItemId, command: ItemCommand) -> Result<(), ServiceError> {
        wait::command(&self.engine, item, command).await
    }

    async fn planned(&self, item: WorkItemId, before: usize) -> Result<PlanningResult, PlanningError> {
        let seen = move |item: &WorkItem| ended(item, before);
        let ended = wait::until(&self.engine, item, self.config.limit, "planned", seen).await?;
        ended.map_err(|(number, reason)| PlanningError::NotPlanned { number, reason })
    }
}

/// The end of a planning that began when there were so many versions; none while it runs or waits for an answer.
fn ended(item: &WorkItem, before: usize) -> Option<Result<PlanningResult, (u64, String)>> {
    if let Some(plan) = item.waiting_plan().filter(|_| item.plans.len() > before) {
        let refused = item.planning.refused.iter();
        return Some(Ok(PlanningResult {
            plan: plan.clone(),
            warnings: refused.map(|(name, reason)| format!("{name} is left out: {reason}")).collect(),
            corrections: item.planning.corrections,
        }));
    }
    let failed = |kind: &DecisionKind| match kind {
        DecisionKind::PlanningFailed | DecisionKind::JobFailed { .. } => true,
        DecisionKind::SessionFailed { session } => item.planning.session == Some(*session),
        _ => false,
    };
    let stuck = item.decisions.iter().find(|open| open.repository.is_none() && failed(&open.kind));
    let reason = match (stuck, &item.planning.trouble) {
        (Some(decision), _) => decision.text.clone(),
        (None, Some(trouble)) if !item.is_planning() => trouble.clone(),
        (None, _) if matches!(item.planning.stage, PlanningStage::Idle | PlanningStage::Failed) => {
            "a person gave it up".to_owned()
        }
        _ => return None,
    };
    Some(Err((item.number, reason)))
}
