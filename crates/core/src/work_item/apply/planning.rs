//! How facts of planning change the state.

use crate::work_item::event::{ItemEvent, ItemFact};
use crate::work_item::state::{Approval, PlanningStage, SubPlan, Wave, WaveStage, WorkItem};

impl WorkItem {
    pub(super) fn apply_planning(&mut self, fact: &ItemFact, event: &ItemEvent) {
        let planning = &mut self.planning;
        match fact {
            ItemFact::PlanningStarted { settings, feedback } => {
                self.settings = settings.clone();
                self.rejected = false;
                planning.stage = PlanningStage::Preparing;
                planning.feedback.clone_from(feedback);
                planning.accepted = None;
                planning.refusals = 0;
                planning.corrections = 0;
            }
            ItemFact::BasesRecorded { repositories, refused } => {
                planning.bases.clone_from(repositories);
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
            ItemFact::PlanApproved { version, digest, waves } => {
                self.approval = Some(Approval { version: *version, digest: digest.clone(), at: event.at });
                self.sub_plans =
                    waves.iter().flatten().map(|name| (name.clone(), SubPlan::default())).collect();
                self.waves = waves
                    .iter()
                    .map(|repositories| Wave {
                        repositories: repositories.clone(),
                        stage: WaveStage::Waiting,
                    })
                    .collect();
            }
            ItemFact::PlanRejected { .. } => {
                planning.stage = PlanningStage::Idle;
                self.rejected = true;
            }
            _ => {}
        }
    }
}
