//! How facts of reviews and critiques change the state.

use crate::ids::{CritiqueId, SessionId};
use crate::work_item::event::ItemFact;
use crate::work_item::state::{Critique, CritiqueState, Review, SubPlanStage, Verdict, WorkItem};

impl WorkItem {
    pub(super) fn with_review(&mut self, reviewer: SessionId, change: impl FnOnce(&mut Review)) {
        let mut reviews = self.sub_plans.values_mut().flat_map(|sub_plan| &mut sub_plan.reviews);
        if let Some(review) = reviews.find(|review| review.session == reviewer) {
            change(review);
        }
    }

    fn with_critique(&mut self, id: CritiqueId, change: impl FnOnce(&mut Critique)) {
        if let Some(critique) = self.critiques.iter_mut().find(|critique| critique.id == id) {
            change(critique);
        }
    }

    pub(super) fn apply_review(&mut self, fact: &ItemFact) {
        match fact {
            ItemFact::ReviewStarted { repository, number, candidate, session } => {
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.stage = SubPlanStage::Reviewing;
                    sub_plan.reviews.push(Review {
                        number: *number,
                        candidate: *candidate,
                        session: *session,
                        submitted: None,
                        refusals: 0,
                        asked_again: false,
                        verdict: None,
                    });
                });
            }
            ItemFact::ReviewSubmitted { session, accepted, .. } => {
                self.with_review(*session, |review| match accepted {
                    Some(findings) => review.submitted = Some(findings.clone()),
                    None => review.refusals += 1,
                });
            }
            ItemFact::ReviewAskedAgain { session, .. } => {
                self.with_review(*session, |review| review.asked_again = true);
            }
            ItemFact::CritiqueRaised(critique) => self.critiques.push(critique.clone()),
            ItemFact::CritiqueWaived { critique, because } => self.with_critique(*critique, |critique| {
                critique.state = CritiqueState::Waived { because: because.clone() };
            }),
            ItemFact::ReviewEnded { session, verdict, fixed, unfixed } => {
                self.end_review(*session, verdict, fixed, unfixed);
            }
            ItemFact::ReimplementationWanted { repository, critiques } => {
                for critique in critiques {
                    self.with_critique(*critique, |critique| critique.told = true);
                }
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.stage = SubPlanStage::Working;
                    sub_plan.nudged = false;
                    sub_plan.trouble = None;
                });
            }
            ItemFact::CandidateTakenAsIs { repository, because } => {
                self.with_candidate(repository, |candidate| candidate.accepted = Some(because.clone()));
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Proving);
            }
            ItemFact::SubPlanReopened { repository, .. } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Working;
                sub_plan.nudged = false;
                sub_plan.comparison = None;
                sub_plan.trouble = None;
            }),
            _ => {}
        }
    }

    fn end_review(
        &mut self,
        session: SessionId,
        verdict: &Verdict,
        fixed: &[CritiqueId],
        unfixed: &[CritiqueId],
    ) {
        let mut candidate = 0;
        self.with_review(session, |review| {
            review.verdict = Some(verdict.clone());
            candidate = review.candidate;
        });
        for critique in fixed {
            self.with_critique(*critique, |critique| critique.state = CritiqueState::Fixed { candidate });
        }
        for critique in unfixed {
            self.with_critique(*critique, |critique| critique.unfixed += 1);
        }
        let is_round = !matches!(verdict, Verdict::Failed { .. });
        let reviewed = self
            .sub_plans
            .values_mut()
            .find(|sub_plan| sub_plan.reviews.iter().any(|review| review.session == session));
        if let Some(sub_plan) = reviewed {
            // What comes next is judged where checks are: the candidate is the same.
            sub_plan.stage = SubPlanStage::Proving;
            sub_plan.cycles += u32::from(is_round);
        }
    }
}
