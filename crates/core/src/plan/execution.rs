//! How far the waves of an approved plan are: a value made from facts about sub-plans. What a wave is (running,
//! completed, …) is always computed from its sub-plans and stored nowhere.

use super::waves::{ScheduledSubPlan, SubPlanStatus, build_waves};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// How far a wave is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveStatus {
    /// Nothing of it has started.
    Pending,
    /// Something of it runs or still has to.
    Running,
    /// All of it is accepted.
    Completed,
    /// Nothing runs any more, and something failed.
    Failed,
    /// Nothing runs any more, nothing failed, and something waits for a person.
    Escalated,
}

/// One sub-plan's way through its wave. Times are wall time in milliseconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SubPlanExecution {
    /// The repository.
    pub sub_plan: String,
    /// Its group's place in the plan.
    pub order: u32,
    /// Its wave, counted from 0 among those that were left when the run began.
    pub wave_index: usize,
    /// How far it is.
    pub status: SubPlanStatus,
    /// When it last began.
    pub started_at: Option<u64>,
    /// When it last ended, well or not.
    pub completed_at: Option<u64>,
    /// Why it failed or waits for a person.
    pub error: Option<String>,
}

/// One wave, computed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WaveState {
    /// Counted from 0.
    pub index: usize,
    /// How far it is.
    pub status: WaveStatus,
    /// Its repositories.
    pub sub_plans: Vec<String>,
    /// When its first sub-plan began.
    pub started_at: Option<u64>,
    /// When its last sub-plan ended; none before all have.
    pub ended_at: Option<u64>,
}

/// Where a run of a plan leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something still can or does run.
    Unfinished,
    /// Every sub-plan is accepted, be it now or before.
    Completed,
    /// Something failed and nothing more can run.
    Failed,
    /// Nothing failed, but nothing more can run before a person has decided.
    NeedsPerson,
}

/// Why a fact does not fit; the state is as it was.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ExecutionError {
    /// This run has no such sub-plan.
    #[error(
        "no sub-plan `{sub_plan}` runs here; it was finished before, waits for a person, or is not in the plan"
    )]
    UnknownSubPlan {
        /// The name.
        sub_plan: String,
    },
    /// The sub-plan can't go there.
    #[error("sub-plan `{sub_plan}` is {from} and can't become {to}")]
    IllegalMove {
        /// The sub-plan.
        sub_plan: String,
        /// Where it is.
        from: SubPlanStatus,
        /// Where it should go.
        to: SubPlanStatus,
    },
    /// An earlier wave is not completed.
    #[error("sub-plan `{sub_plan}` is in wave {wave}, which waits for an earlier sub-plan")]
    Blocked {
        /// The sub-plan.
        sub_plan: String,
        /// Its wave, counted from 0.
        wave: usize,
    },
}

/// A run of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExecutionState {
    executions: BTreeMap<String, SubPlanExecution>,
    waves: Vec<Vec<String>>,
    /// The lowest order of a sub-plan that was waiting for a person when the run began.
    held_from: Option<u32>,
    total: usize,
}

impl ExecutionState {
    /// A run of what is left of these sub-plans; all of it starts pending.
    pub fn new(sub_plans: &[ScheduledSubPlan]) -> Self {
        let mut executions = BTreeMap::new();
        let mut waves = Vec::new();
        for (wave_index, wave) in build_waves(sub_plans).into_iter().enumerate() {
            waves.push(wave.iter().map(|part| part.repository.clone()).collect());
            for part in wave {
                let execution = SubPlanExecution {
                    sub_plan: part.repository.clone(),
                    order: part.order,
                    wave_index,
                    status: SubPlanStatus::Pending,
                    started_at: None,
                    completed_at: None,
                    error: None,
                };
                executions.insert(part.repository.clone(), execution);
            }
        }
        let escalated = sub_plans.iter().filter(|part| part.status == SubPlanStatus::Escalated);
        Self { executions, waves, held_from: escalated.map(|part| part.order).min(), total: sub_plans.len() }
    }

    fn change(&mut self, sub_plan: &str, to: SubPlanStatus) -> Result<&mut SubPlanExecution, ExecutionError> {
        let Some(execution) = self.executions.get_mut(sub_plan) else {
            return Err(ExecutionError::UnknownSubPlan { sub_plan: sub_plan.to_owned() });
        };
        let from = execution.status;
        if !from.may_become(to) {
            return Err(ExecutionError::IllegalMove { sub_plan: sub_plan.to_owned(), from, to });
        }
        execution.status = to;
        Ok(execution)
    }

    /// Work on a sub-plan began.
    ///
    /// # Errors
    /// When it is unknown, runs already, or stands behind an unfinished wave.
    pub fn start_sub_plan(&mut self, sub_plan: &str, at: u64) -> Result<(), ExecutionError> {
        if let Some(execution) = self.executions.get(sub_plan)
            && !self.may_start(execution)
        {
            let wave = execution.wave_index;
            return Err(ExecutionError::Blocked { sub_plan: sub_plan.to_owned(), wave });
        }
        let execution = self.change(sub_plan, SubPlanStatus::InProgress)?;
        (execution.started_at, execution.completed_at, execution.error) = (Some(at), None, None);
        Ok(())
    }

    /// A sub-plan was accepted.
    ///
    /// # Errors
    /// When it is unknown or does not run.
    pub fn complete_sub_plan(&mut self, sub_plan: &str, at: u64) -> Result<(), ExecutionError> {
        self.change(sub_plan, SubPlanStatus::Completed)?.completed_at = Some(at);
        Ok(())
    }

    /// A sub-plan failed. Its neighbours go on.
    ///
    /// # Errors
    /// When it is unknown or does not run.
    pub fn fail_sub_plan(&mut self, sub_plan: &str, error: &str, at: u64) -> Result<(), ExecutionError> {
        self.end_badly(sub_plan, SubPlanStatus::Failed, error, at)
    }

    /// A sub-plan waits for a person. Its neighbours go on; later waves do not start.
    ///
    /// # Errors
    /// When it is unknown or does not run.
    pub fn escalate_sub_plan(&mut self, sub_plan: &str, reason: &str, at: u64) -> Result<(), ExecutionError> {
        self.end_badly(sub_plan, SubPlanStatus::Escalated, reason, at)
    }

    fn end_badly(
        &mut self,
        sub_plan: &str,
        status: SubPlanStatus,
        reason: &str,
        at: u64,
    ) -> Result<(), ExecutionError> {
        let execution = self.change(sub_plan, status)?;
        (execution.completed_at, execution.error) = (Some(at), Some(reason.to_owned()));
        Ok(())
    }

    /// A sub-plan is to be done again.
    ///
    /// # Errors
    /// When it is unknown, pending or completed.
    pub fn reset_sub_plan(&mut self, sub_plan: &str) -> Result<(), ExecutionError> {
        let execution = self.change(sub_plan, SubPlanStatus::Pending)?;
        (execution.started_at, execution.completed_at, execution.error) = (None, None, None);
        Ok(())
    }

    /// A sub-plan's way, where it runs here.
    pub fn sub_plan(&self, sub_plan: &str) -> Option<&SubPlanExecution> {
        self.executions.get(sub_plan)
    }

    /// All sub-plans of this run, by name.
    pub fn sub_plans(&self) -> impl Iterator<Item = &SubPlanExecution> {
        self.executions.values()
    }

    fn of_wave(&self, index: usize) -> impl Iterator<Item = &SubPlanExecution> {
        self.waves.get(index).into_iter().flatten().filter_map(|name| self.executions.get(name))
    }

    /// The repositories of a wave; `None` when there is no such wave.
    pub fn wave_sub_plans(&self, index: usize) -> Option<&[String]> {
        self.waves.get(index).map(Vec::as_slice)
    }

    /// A wave as it stands; `None` when there is no such wave.
    pub fn wave(&self, index: usize) -> Option<WaveState> {
        let sub_plans = self.waves.get(index)?.clone();
        let any = |wanted: SubPlanStatus| self.of_wave(index).any(|part| part.status == wanted);
        let status = if self.of_wave(index).all(|part| part.status == SubPlanStatus::Pending) {
            WaveStatus::Pending
        } else if any(SubPlanStatus::InProgress) || any(SubPlanStatus::Pending) {
            WaveStatus::Running
        } else if any(SubPlanStatus::Failed) {
            WaveStatus::Failed
        } else if any(SubPlanStatus::Escalated) {
            WaveStatus::Escalated
        } else {
            WaveStatus::Completed
        };
        let ended: Option<Vec<u64>> = self.of_wave(index).map(|part| part.completed_at).collect();
        Some(WaveState {
            index,
            status,
            sub_plans,
            started_at: self.of_wave(index).filter_map(|part| part.started_at).min(),
            ended_at: ended.and_then(|times| times.into_iter().max()),
        })
    }

    /// All waves as they stand.
    pub fn waves(&self) -> Vec<WaveState> {
        (0..self.waves.len()).filter_map(|index| self.wave(index)).collect()
    }

    fn is_completed(&self, index: usize) -> bool {
        self.of_wave(index).all(|part| part.status == SubPlanStatus::Completed)
    }

    /// The first wave that is not completed; the number of waves when all are.
    pub fn current_wave(&self) -> usize {
        (0..self.waves.len()).find(|index| !self.is_completed(*index)).unwrap_or(self.waves.len())
    }

    /// Whether every wave is completed. Not so without waves: then nothing ran here, see [`Self::outcome`].
    pub fn all_waves_completed(&self) -> bool {
        !self.waves.is_empty() && self.current_wave() == self.waves.len()
    }

    /// Whether a sub-plan failed. One that waits for a person has not.
    pub fn has_failed(&self) -> bool {
        self.sub_plans().any(|part| part.status == SubPlanStatus::Failed)
    }

    fn may_start(&self, execution: &SubPlanExecution) -> bool {
        execution.wave_index <= self.current_wave()
            && self.held_from.is_none_or(|held| execution.order <= held)
    }

    /// The pending sub-plans that nothing holds up.
    pub fn startable(&self) -> Vec<&str> {
        let pending = self.sub_plans().filter(|part| part.status == SubPlanStatus::Pending);
        pending.filter(|part| self.may_start(part)).map(|part| part.sub_plan.as_str()).collect()
    }

    /// Where the run leads. A plan whose sub-plans were all completed before is completed; an empty one never is.
    pub fn outcome(&self) -> Outcome {
        let runs = self.sub_plans().any(|part| part.status == SubPlanStatus::InProgress);
        let escalated =
            self.held_from.is_some() || self.sub_plans().any(|part| part.status == SubPlanStatus::Escalated);
        if runs || !self.startable().is_empty() {
            Outcome::Unfinished
        } else if self.has_failed() {
            Outcome::Failed
        } else if escalated {
            Outcome::NeedsPerson
        } else if self.total > 0 {
            Outcome::Completed
        } else {
            Outcome::Unfinished
        }
    }
}
