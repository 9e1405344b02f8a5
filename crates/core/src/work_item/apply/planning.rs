//! How facts of planning change the state.

use crate::work_item::event::{ItemEvent, ItemFact};
use crate::work_item::replanning;
use crate::work_item::state::{Approval, PlanningStage, SubPlanStage, Wave, WaveStage, WorkItem};

impl WorkItem {
    pub(super) fn apply_planning(&mut self, fact: &ItemFact, event: &ItemEvent) {
        let planning = &mut self.planning;
        match fact {
            ItemFact::PlanningStarted { settings, feedback, only, again } => {
                self.settings = settings.clone();
                self.rejected = false;
                planning.stage = if *again { PlanningStage::Writing } else { PlanningStage::Preparing };
                planning.feedback.clone_from(feedback);
                planning.only.clone_from(only);
                planning.follow_up = self.completed;
                planning.trouble = None;
                planning.accepted = None;
                planning.refusals = 0;
                planning.corrections = 0;
            }
            ItemFact::BasesRecorded { repositories, refused, guidance } => {
                planning.bases.clone_from(repositories);
                planning.guidance.clone_from(guidance);
                planning.refused.clone_from(refused);
                planning.stage = PlanningStage::Writing;
            }
            ItemFact::PlanSubmitted { accepted, .. } => match accepted {
                Some(document) => planning.accepted = Some(document.clone()),
                None => planning.refusals += 1,
            },
            ItemFact::CorrectionWanted { .. } => {
                planning.corrections += 1;
                planning.refusals = 0;
                planning.stage = PlanningStage::Writing;
            }
            ItemFact::PlanProposed(version) => {
                planning.stage = PlanningStage::Proposed;
                planning.accepted = None;
                self.plans.push(version.clone());
            }
            ItemFact::PlanningFailed { .. } => planning.stage = PlanningStage::Failed,
            ItemFact::ReplanningFailed { reason } => {
                planning.stage = PlanningStage::Proposed;
                planning.accepted = None;
                planning.trouble = Some(reason.clone());
            }
            ItemFact::PlanApproved { version, digest, waves, changed } => {
                self.approval = Some(Approval { version: *version, digest: digest.clone(), at: event.at });
                planning.follow_up = false;
                let mut known = std::mem::take(&mut self.left_out);
                // Nobody is asked any more about what was stopped, so nothing may hold it up when it comes back.
                for sub_plan in known.values_mut().filter(|sub_plan| !replanning::has_begun(sub_plan)) {
                    sub_plan.stage = SubPlanStage::Waiting;
                }
                known.append(&mut self.sub_plans);
                self.sub_plans = replanning::carry_over(&known, waves, changed);
                known.retain(|name, _| !self.sub_plans.contains_key(name));
                self.left_out = known;
                let stands = |name: &String| self.sub_plans.get(name).is_some_and(replanning::has_begun);
                self.waves = waves
                    .iter()
                    .map(|repositories| Wave {
                        repositories: repositories.clone(),
                        stage: if repositories.iter().all(stands) {
                            WaveStage::Provisioned
                        } else {
                            WaveStage::Waiting
                        },
                    })
                    .collect();
                // Everything is asked again of what is to be pushed.
                self.completed = false;
                self.publishing = false;
            }
            ItemFact::PlanRejected { .. } => {
                planning.rejected = self.plans.last().map(|plan| plan.number);
                // Where another version stands, that one holds on.
                if self.approval.is_none() {
                    planning.stage = PlanningStage::Idle;
                    self.rejected = true;
                }
            }
            _ => {}
        }
    }
}
