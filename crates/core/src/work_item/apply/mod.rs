//! The fold: how each fact changes the state. Total, and free of decisions.

mod implementation;
mod planning;
mod question;
mod review;
mod session;

use super::event::{ItemEvent, ItemFact};
use super::state::{Candidate, PlanningStage, Request, Session, SubPlan, SubPlanStage, WaveStage, WorkItem};
use crate::effect::{Action, Effect, EffectStep};
use crate::ids::SessionId;

impl WorkItem {
    fn with_session(&mut self, id: SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.session_mut(id) {
            change(session);
        }
    }

    fn with_sub_plan(&mut self, repository: &str, change: impl FnOnce(&mut SubPlan)) {
        if let Some(sub_plan) = self.sub_plans.get_mut(repository) {
            change(sub_plan);
        }
    }

    fn with_candidate(&mut self, repository: &str, change: impl FnOnce(&mut Candidate)) {
        self.with_sub_plan(repository, |sub_plan| {
            if let Some(candidate) = sub_plan.candidates.last_mut() {
                change(candidate);
            }
        });
    }

    fn with_request(&mut self, session: SessionId, wire_id: &str, change: impl FnOnce(&mut Request)) {
        self.with_session(session, |session| {
            let incarnation = session.incarnation;
            let same =
                |request: &&mut Request| request.incarnation == incarnation && request.wire_id == wire_id;
            if let Some(request) = session.requests.iter_mut().find(same) {
                change(request);
            }
        });
    }

    /// What the minting of an intent alone says of the state.
    fn note_effect(&mut self, step: &EffectStep) {
        self.mailbox.note(step);
        let EffectStep::Minted(Effect { action, .. }) = step else { return };
        match action {
            Action::ReadDraft { .. } => self.planning.stage = PlanningStage::ReadingDraft,
            Action::Provision { wave, .. } => {
                if let Some(wave) = self.waves.get_mut(*wave as usize) {
                    wave.stage = WaveStage::Provisioning;
                }
            }
            Action::Setup { repository, .. } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::SettingUp);
            }
            Action::TakeCandidate { repository, number, .. } => {
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.stage = SubPlanStage::Taking;
                    sub_plan.numbered = *number;
                });
            }
            _ => {}
        }
    }

    pub(in crate::work_item) fn apply_event(&mut self, event: &ItemEvent) {
        self.changed = event.at;
        match &event.fact {
            ItemFact::Born { id, workspace, number, branch, ticket } => {
                self.id = Some(*id);
                self.workspace = Some(*workspace);
                self.number = *number;
                self.branch.clone_from(branch);
                self.ticket = Some(ticket.clone());
                self.born = event.at;
            }
            ItemFact::MessageReceived { from, number } => self.mailbox.received(*from, *number),
            ItemFact::Effect(step) => {
                self.note_effect(step);
                self.ledger.apply(step);
            }
            fact @ (ItemFact::PlanningStarted { .. }
            | ItemFact::BasesRecorded { .. }
            | ItemFact::PlanSubmitted { .. }
            | ItemFact::CorrectionWanted { .. }
            | ItemFact::PlanProposed(_)
            | ItemFact::PlanningFailed { .. }
            | ItemFact::ReplanningFailed { .. }
            | ItemFact::PlanApproved { .. }
            | ItemFact::PlanRejected { .. }) => self.apply_planning(fact, event),
            fact @ (ItemFact::WaveProvisioned { .. }
            | ItemFact::WaveRefused { .. }
            | ItemFact::SetupDone { .. }
            | ItemFact::SetupFailed { .. }
            | ItemFact::SubPlanBegun { .. }
            | ItemFact::CandidateTaken { .. }
            | ItemFact::CandidateMissing { .. }
            | ItemFact::CandidateAccepted { .. }
            | ItemFact::ProofPrepared { .. }
            | ItemFact::CheckEnded { .. }
            | ItemFact::ChecksRenewed { .. }
            | ItemFact::RepairWanted { .. }
            | ItemFact::SubPlanBased { .. }
            | ItemFact::SubPlanProven { .. }
            | ItemFact::SubPlanStopped { .. }
            | ItemFact::SubPlanRetried { .. }
            | ItemFact::AgentChosen { .. }
            | ItemFact::StartOverWanted { .. }
            | ItemFact::SubPlanStartedOver { .. }
            | ItemFact::PublishingWanted {}
            | ItemFact::BaseCompared { .. }
            | ItemFact::BranchPublished { .. }
            | ItemFact::RemoteBranchGone { .. }
            | ItemFact::Completed {}) => self.apply_implementation(fact, event.at),
            fact @ (ItemFact::QuestionAsked { .. }
            | ItemFact::QuestionJoined { .. }
            | ItemFact::QuestionProposed { .. }
            | ItemFact::QuestionTried { .. }
            | ItemFact::QuestionEscalated { .. }
            | ItemFact::QuestionAnswered { .. }
            | ItemFact::QuestionSkipped { .. }
            | ItemFact::QuestionDropped { .. }
            | ItemFact::QuestionDiscussed { .. }
            | ItemFact::FaqCorrected { .. }) => self.apply_question(fact, event.at),
            fact @ (ItemFact::ReviewStarted { .. }
            | ItemFact::ReviewSubmitted { .. }
            | ItemFact::ReviewAskedAgain { .. }
            | ItemFact::CritiqueRaised(_)
            | ItemFact::CritiqueWaived { .. }
            | ItemFact::ReviewEnded { .. }
            | ItemFact::ReimplementationWanted { .. }
            | ItemFact::CandidateTakenAsIs { .. }
            | ItemFact::SubPlanReopened { .. }) => self.apply_review(fact),
            ItemFact::BudgetWarned { limit, .. } => self.warned_budget = Some(*limit),
            ItemFact::BudgetRaised { limit } => self.raised_budget = Some(*limit),
            ItemFact::DecisionOpened(decision) => self.decisions.push(decision.clone()),
            ItemFact::DecisionResolved { decision, .. } => self.decisions.retain(|open| open.id != *decision),
            fact => self.apply_session(fact, event),
        }
    }
}
