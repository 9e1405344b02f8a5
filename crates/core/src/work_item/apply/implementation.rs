//! How facts of waves, candidates, checks and pushes change the state.

use crate::effect::{CheckResult, Preserved};
use crate::env::Times;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{Afresh, Candidate, SubPlan, SubPlanStage, WaveStage, WorkItem};
use std::collections::BTreeMap;

impl WorkItem {
    pub(super) fn apply_implementation(&mut self, fact: &ItemFact, at: Times) {
        match fact {
            ItemFact::WaveProvisioned { wave } => {
                let Some(wave) = self.waves.get_mut(*wave as usize) else { return };
                let repositories = wave.repositories.clone();
                // Where all were stopped meanwhile nothing begins: the worktrees are looked at again then.
                let stopped = repositories.iter().all(|name| {
                    self.sub_plans.get(name).is_some_and(|sub_plan| sub_plan.stage == SubPlanStage::Stopped)
                });
                wave.stage = if stopped { WaveStage::Waiting } else { WaveStage::Provisioned };
                for repository in repositories {
                    self.with_sub_plan(&repository, |sub_plan| {
                        if sub_plan.stage == SubPlanStage::Waiting {
                            sub_plan.stage = SubPlanStage::Provisioned;
                        }
                    });
                }
            }
            ItemFact::WaveRefused { wave, .. } => {
                if let Some(wave) = self.waves.get_mut(*wave as usize) {
                    wave.stage = WaveStage::Waiting;
                }
            }
            ItemFact::SetupDone { repository } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Ready);
            }
            ItemFact::SetupFailed { repository, reason } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Provisioned;
                sub_plan.trouble = Some(reason.clone());
            }),
            ItemFact::SubPlanBegun { repository, session } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Working;
                sub_plan.session = Some(*session);
            }),
            ItemFact::CandidateTaken { repository, number, commit, findings, paths, changed, counts } => {
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.candidates.push(Candidate {
                        number: *number,
                        commit: commit.clone(),
                        findings: findings.clone(),
                        findings_accepted: false,
                        paths: paths.clone(),
                        changed: changed.clone(),
                        counts: *counts,
                        checks: BTreeMap::new(),
                        again: BTreeMap::new(),
                        accepted: None,
                    });
                    sub_plan.stage = SubPlanStage::Proving;
                    sub_plan.nudged = false;
                    sub_plan.comparison = None;
                    sub_plan.trouble = None;
                });
            }
            ItemFact::CandidateMissing { repository, reason } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Working;
                sub_plan.nudged = true;
                sub_plan.trouble = Some(reason.clone());
            }),
            ItemFact::CandidateAccepted { repository } => {
                self.with_candidate(repository, |candidate| candidate.findings_accepted = true);
            }
            ItemFact::ProofPrepared { repository, commit } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.proof = Some(commit.clone()));
            }
            ItemFact::CheckEnded { repository, commit, name, result } => {
                self.with_sub_plan(repository, |sub_plan| {
                    match sub_plan.candidates.last_mut() {
                        // A check that had failed is run once more, to tell what is broken from what is flaky.
                        Some(candidate) if candidate.commit == *commit => {
                            let results = match candidate.checks.get(name) {
                                Some(CheckResult::Failed { .. }) => &mut candidate.again,
                                _ => &mut candidate.checks,
                            };
                            results.insert(name.clone(), result.clone());
                        }
                        _ => {
                            sub_plan.base_checks.insert(name.clone(), result.clone());
                        }
                    };
                });
            }
            ItemFact::ChecksRenewed { repository } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.base_checks.clear();
                sub_plan.reviews_passed_by = sub_plan.reviews.len();
                sub_plan.proof = None;
                sub_plan.stage = SubPlanStage::Proving;
                if let Some(candidate) = sub_plan.candidates.last_mut() {
                    candidate.checks.clear();
                    candidate.again.clear();
                }
            }),
            ItemFact::RepairWanted { repository } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.repairs += 1;
                sub_plan.stage = SubPlanStage::Working;
            }),
            ItemFact::SubPlanBased { repository, on } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.built_on.clone_from(on));
            }
            ItemFact::SubPlanProven { repository } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Proven);
            }
            ItemFact::SubPlanStopped { repository } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stopped_at = Some(sub_plan.stage);
                sub_plan.stage = SubPlanStage::Stopped;
            }),
            ItemFact::SubPlanRetried { repository } => {
                let provisioned = self.waves.iter().any(|wave| {
                    wave.repositories.contains(repository) && wave.stage == WaveStage::Provisioned
                });
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.repairs = 0;
                    sub_plan.cycles = 0;
                    sub_plan.nudged = false;
                    sub_plan.stopped_at = None;
                    sub_plan.stage = match (&sub_plan.session, provisioned) {
                        (Some(_), _) => SubPlanStage::Working,
                        (None, true) => SubPlanStage::Provisioned,
                        (None, false) => SubPlanStage::Waiting,
                    };
                });
            }
            ItemFact::AgentChosen { repository: Some(repository), agent } => {
                let base = self.planning.bases.iter_mut().find(|base| base.name == *repository);
                if let Some(base) = base {
                    base.agent.clone_from(agent);
                }
            }
            ItemFact::AgentChosen { repository: None, agent } => self.settings.planner.clone_from(agent),
            ItemFact::StartOverWanted { repository, text } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::StartingOver;
                let preserved = sub_plan.afresh.take().map(|afresh| afresh.preserved).unwrap_or_default();
                sub_plan.afresh = Some(Afresh { preserved, text: text.clone() });
            }),
            ItemFact::SubPlanStartedOver { repository, preserved } => self.start_over(repository, preserved),
            ItemFact::PublishingWanted {} => {
                self.publishing = true;
                // What was complete without a push is not, now that one is wanted.
                self.completed = false;
            }
            ItemFact::BaseCompared { repository, comparison } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.comparison = Some(comparison.clone()));
            }
            ItemFact::BranchPublished { repository, commit } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.published = Some(commit.clone());
                sub_plan.published_at = at;
                // Taken back and pushed all the same, while its implementer works on another candidate.
                if !sub_plan.works() {
                    sub_plan.stage = SubPlanStage::Published;
                }
            }),
            ItemFact::RemoteBranchGone { repository, .. } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.published = None);
            }
            ItemFact::Completed {} => self.completed = true,
            _ => {}
        }
    }

    /// Nothing of the attempt before counts any more but what its numbers and refs are: they never come again.
    fn start_over(&mut self, repository: &str, preserved: &[Preserved]) {
        for critique in self.critiques.iter_mut().filter(|critique| critique.repository == repository) {
            critique.told = false;
        }
        self.with_sub_plan(repository, |sub_plan| {
            let before = std::mem::take(sub_plan);
            // All that was ever done here is told, and not only what the last one did.
            let mut afresh =
                before.afresh.unwrap_or_else(|| Afresh { preserved: Vec::new(), text: String::new() });
            let new = preserved.iter().filter(|kept| !afresh.preserved.contains(kept)).cloned();
            let new: Vec<Preserved> = new.collect();
            afresh.preserved.extend(new);
            *sub_plan = SubPlan {
                stage: SubPlanStage::Provisioned,
                numbered: before.numbered,
                reviews_passed_by: before.reviews.len(),
                reviews: before.reviews,
                proof: before.proof,
                base_checks: before.base_checks,
                afresh: Some(afresh),
                ..SubPlan::default()
            };
        });
    }
}
