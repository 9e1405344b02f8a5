//! From an approved plan to branches that belong together.

use super::wait::{self, ServiceError};
use crate::engine::Engine;
use ganger_core::effect::{Action, CheckResult};
use ganger_core::ids::{SessionId, WorkItemId};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::decision::Decision;
use ganger_core::work_item::state::{CritiqueState, SubPlan, SubPlanStage};
use ganger_core::work_item::status::{Status, status};
use std::sync::Arc;
use std::time::Duration;

/// What the operations of implementing are given.
#[derive(Clone, Debug)]
pub struct ImplementationConfig {
    /// How long one operation waits for its end. The work itself has no such limit.
    pub limit: Duration,
}

/// What a person should know of a result, although it holds nothing up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImplementationWarning {
    /// The repository.
    pub repository: String,
    /// What, a sentence.
    pub text: String,
}

/// What the session of one repository left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionResult {
    /// The repository.
    pub repository: String,
    /// The implementer; none before it began.
    pub session: Option<SessionId>,
    /// How far its sub-plan is.
    pub stage: SubPlanStage,
    /// The last candidate.
    pub candidate: Option<String>,
    /// Rounds of review that it took.
    pub cycles: usize,
}

/// Where an implementation stands that does not go on by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct ImplementResult {
    /// One per repository, in landing order.
    pub sessions: Vec<SessionResult>,
    /// What waits for a person, oldest first; none where everything is proven.
    pub decisions: Vec<Decision>,
    /// What holds nothing up.
    pub warnings: Vec<ImplementationWarning>,
}

impl ImplementResult {
    /// Whether every sub-plan has a candidate that is good enough to be published.
    pub fn is_proven(&self) -> bool {
        self.sessions.iter().all(|session| is_proven(session.stage))
    }
}

/// What became of one repository's branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepoFinalizationResult {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The remote; none where the branch is made in the person's clone.
    pub remote: Option<String>,
    /// The commit that was published.
    pub published: Option<String>,
    /// Why it was not, a sentence.
    pub reason: Option<String>,
}

/// Carries out approved plans.
#[derive(Clone)]
pub struct ImplementationService {
    engine: Arc<Engine>,
    config: ImplementationConfig,
}

impl ImplementationService {
    /// The service over this engine.
    pub const fn new(engine: Arc<Engine>, config: ImplementationConfig) -> Self {
        Self { engine, config }
    }

    /// Carries out the plan: `approve` of the version with this digest where one waits, then the moment at which
    /// everything is proven or nothing goes on before a person has decided.
    ///
    /// # Errors
    /// The digest is not the waiting plan's, there is no plan, or the end is not there in time.
    pub async fn implement(
        &self,
        item: WorkItemId,
        digest: Option<&str>,
    ) -> Result<ImplementResult, ServiceError> {
        let known = wait::item(&self.engine, item).await?;
        if known.waiting_plan().is_some() || known.approval.is_none() {
            let digest = digest.map(str::to_owned);
            wait::command(&self.engine, item, ItemCommand::Approve { digest }).await?;
        }
        wait::until(&self.engine, item, self.config.limit, "carried out", |item| {
            let proven = item.sub_plans.values().all(|sub_plan| is_proven(sub_plan.stage));
            (proven || rests(item)).then(|| implemented(item))
        })
        .await
    }

    /// Publishes the proven commits: `publish` where nobody has wanted it yet, then what became of each branch.
    ///
    /// # Errors
    /// Not everything is proven, or the end is not there in time.
    pub async fn finalize_work_item(
        &self,
        item: WorkItemId,
    ) -> Result<Vec<RepoFinalizationResult>, ServiceError> {
        let known = wait::item(&self.engine, item).await?;
        if !known.publishing && !is_published(&known) {
            wait::command(&self.engine, item, ItemCommand::Publish {}).await?;
        }
        wait::until(&self.engine, item, self.config.limit, "published", |item| {
            let waits = !item.decisions.is_empty() && !is_pushing(item);
            (is_published(item) || waits).then(|| finalized(item))
        })
        .await
    }
}

const fn is_proven(stage: SubPlanStage) -> bool {
    matches!(stage, SubPlanStage::Proven | SubPlanStage::Published)
}

/// Whether nothing goes on before a person has decided.
fn rests(item: &WorkItem) -> bool {
    matches!(status(item), Status::Reviewing | Status::Completed | Status::Failed)
        || item.decisions.iter().any(|open| open.repository.is_none()) && !works(item)
}

fn is_published(item: &WorkItem) -> bool {
    item.sub_plans.values().all(|sub_plan| sub_plan.stage == SubPlanStage::Published)
}

/// Whether something is on its way to a remote, and is held up by nothing.
fn is_pushing(item: &WorkItem) -> bool {
    item.owed().iter().any(|owed| {
        let pushes = matches!(owed.effect.action, Action::CompareBase { .. } | Action::Publish { .. });
        pushes && !owed.parked
    })
}

fn works(item: &WorkItem) -> bool {
    item.sub_plans.values().any(|sub_plan| {
        !matches!(sub_plan.stage, SubPlanStage::Waiting | SubPlanStage::Stopped) && !is_proven(sub_plan.stage)
    })
}

fn landing_order(item: &WorkItem) -> impl Iterator<Item = (&String, &SubPlan)> {
    let names = item.waves.iter().flat_map(|wave| &wave.repositories);
    names.filter_map(|name| Some((name, item.sub_plans.get(name)?)))
}

fn implemented(item: &WorkItem) -> ImplementResult {
    let session = |(name, sub_plan): (&String, &SubPlan)| SessionResult {
        repository: name.clone(),
        session: sub_plan.session,
        stage: sub_plan.stage,
        candidate: sub_plan.candidate().map(|candidate| candidate.commit.clone()),
        cycles: sub_plan.reviews.len(),
    };
    ImplementResult {
        sessions: landing_order(item).map(session).collect(),
        decisions: item.decisions.clone(),
        warnings: landing_order(item).flat_map(|(name, sub_plan)| warnings(item, name, sub_plan)).collect(),
    }
}

fn warnings(item: &WorkItem, name: &str, sub_plan: &SubPlan) -> Vec<ImplementationWarning> {
    let checks = sub_plan.candidate().into_iter().flat_map(|candidate| &candidate.checks);
    let failed = checks.filter_map(|(check, result)| match result {
        CheckResult::Passed => None,
        CheckResult::Failed { how, .. } => Some(format!("the check {check} {how}")),
        CheckResult::NotRun { reason } => Some(format!("the check {check} was not run: {reason}")),
    });
    let left = item.critiques_of(name).filter(|critique| critique.state == CritiqueState::Open);
    let left = left.map(|critique| format!("left as it is: {}", critique.finding.description));
    let told = failed.chain(left).chain(sub_plan.trouble.clone());
    told.map(|text| ImplementationWarning { repository: name.to_owned(), text }).collect()
}

fn finalized(item: &WorkItem) -> Vec<RepoFinalizationResult> {
    let result = |(name, sub_plan): (&String, &SubPlan)| {
        let waits = item
            .decisions
            .iter()
            .find(|open| open.repository.as_ref().is_none_or(|repository| repository == name));
        let reason = waits.map(|open| open.text.clone()).or_else(|| sub_plan.trouble.clone());
        RepoFinalizationResult {
            repository: name.clone(),
            branch: item.branch.clone(),
            remote: item.base(name).and_then(|base| base.push_remote.clone().or_else(|| base.remote.clone())),
            published: sub_plan.published.clone(),
            reason: reason.filter(|_| sub_plan.published.is_none()),
        }
    };
    landing_order(item).map(result).collect()
}
