//! Outcomes of jobs, and timers.

use super::journal::undeliverable;
use super::session::{gone, trouble};
use crate::effect::{
    Action, EffectStep, JobResult, Outcome, Preserved, PushResult, TimerPurpose, TurnResult,
};
use crate::foreman::answer;
use crate::ids::{CritiqueId, EffectId, SessionId};
use crate::plan::ParseErrors;
use crate::review::verdict::StopRule;
use crate::work_item::advance::{correct, plan_failed};
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::proposal;
use crate::work_item::silence;
use crate::work_item::state::{Critique, CritiqueState, HostState, PlanAuthor, TurnPurpose};
use crate::work_item::{questions, replanning, reviews};

/// Attempts of a job that are made by themselves.
const MAX_ATTEMPTS: u32 = 4;
/// The wait before the second attempt; four times as long before each further one.
const FIRST_RETRY_MS: u64 = 2_000;

pub(super) fn outcome(draft: &mut Draft, id: EffectId, attempt: u32, outcome: Outcome) {
    let Some(owed) = draft.item.ledger.get(id).cloned() else { return };
    if owed.attempt != attempt {
        return;
    }
    if owed.withdrawing {
        draft.settle(id);
        match (&owed.effect.action, outcome) {
            (Action::Host { session, .. }, _) => {
                if matches!(
                    draft.item.session(*session).map(|session| session.host),
                    Some(HostState::Leaving { .. })
                ) {
                    gone(draft, *session);
                }
            }
            // What reached the remote is a fact, wanted or not.
            (
                Action::Publish { repository, commit, .. },
                Outcome::Done(JobResult::Push(PushResult::Published)),
            ) => {
                if !draft.item.sub_plans.get(repository).is_some_and(|sub_plan| sub_plan.works()) {
                    draft.close_decisions_of(repository);
                }
                draft.emit(ItemFact::BranchPublished {
                    repository: repository.clone(),
                    commit: commit.clone(),
                });
            }
            _ => {}
        }
        return;
    }
    match outcome {
        Outcome::Done(result) => match misfit(&owed.effect.action, &result) {
            None => {
                draft.settle(id);
                done(draft, owed.effect.action, result);
            }
            // Nothing follows from it, so it must not count as done; and doing it again by itself would not help.
            Some(reason) => {
                failed(draft, id, attempt, &reason);
                job_needs_a_person(draft, &owed.effect.action, id, attempt, &reason);
            }
        },
        Outcome::NeverStarted => draft.settle(id),
        Outcome::Failed { reason } | Outcome::Unknown { reason } => {
            // What the codec refuses now it will not take later: the agent's state has passed it by.
            if let Action::Delivery { session, .. } = owed.effect.action {
                undeliverable(draft, session, id, &reason);
                return;
            }
            failed(draft, id, attempt, &reason);
            if attempt < MAX_ATTEMPTS {
                let wait = FIRST_RETRY_MS << (2 * (attempt - 1).min(8));
                draft.mint(Action::Timer {
                    at_awake_ms: draft.now.awake_ms + wait,
                    at_wall_ms: None,
                    purpose: TimerPurpose::Retry { effect: id },
                });
            } else {
                job_needs_a_person(draft, &owed.effect.action, id, attempt, &reason);
            }
        }
    }
}

fn failed(draft: &mut Draft, id: EffectId, attempt: u32, reason: &str) {
    let reason = reason.to_owned();
    draft.emit(ItemFact::Effect(EffectStep::Failed { id, attempt, reason, parked: true }));
}

fn job_needs_a_person(draft: &mut Draft, action: &Action, id: EffectId, attempt: u32, reason: &str) {
    let repository = repository_of(draft, action);
    let times = if attempt == 1 { "failed".to_owned() } else { format!("failed {attempt} times") };
    let text = format!("{} {times}: {reason}", sentence(action));
    draft.open_decision(DecisionKind::JobFailed { effect: id }, repository.as_deref(), text, Vec::new());
}

/// Why a result is none of this action's.
fn misfit(action: &Action, result: &JobResult) -> Option<String> {
    let fits = match action {
        Action::PrepareBases { .. } => matches!(result, JobResult::Bases { .. } | JobResult::Refused { .. }),
        Action::ReadDraft { .. } => matches!(result, JobResult::Draft { .. }),
        Action::ReadLastMessage { .. } => {
            matches!(result, JobResult::Message { .. } | JobResult::Refused { .. })
        }
        Action::Provision { .. } | Action::Setup { .. } | Action::PrepareProof { .. } => {
            matches!(result, JobResult::Nothing | JobResult::Refused { .. })
        }
        Action::StartOver { .. } => matches!(result, JobResult::StartedOver { .. }),
        Action::TakeCandidate { .. } => matches!(result, JobResult::Turn(_)),
        Action::Check { .. } => matches!(result, JobResult::Check(_)),
        Action::CompareBase { .. } => matches!(result, JobResult::Base(_)),
        Action::Publish { .. } => matches!(result, JobResult::Push(_)),
        Action::Sweep { .. } => matches!(result, JobResult::Nothing),
        _ => true,
    };
    match result {
        _ if fits => None,
        JobResult::Refused { reason } => Some(reason.clone()),
        _ => Some("its runner reported the result of something else".to_owned()),
    }
}

fn repository_of(draft: &Draft, action: &Action) -> Option<String> {
    match action {
        Action::Sweep { session, .. } | Action::ReadLastMessage { session, .. } => {
            draft.item.session(*session)?.repository.clone()
        }
        Action::StartOver { base, .. } => Some(base.name.clone()),
        Action::Setup { repository, .. }
        | Action::TakeCandidate { repository, .. }
        | Action::PrepareProof { repository, .. }
        | Action::Check { repository, .. }
        | Action::CompareBase { repository, .. }
        | Action::Publish { repository, .. } => Some(repository.clone()),
        _ => None,
    }
}

fn sentence(action: &Action) -> String {
    match action {
        Action::PrepareBases { .. } => "preparing the repositories".to_owned(),
        Action::ReadDraft { .. } => "reading the planner's draft".to_owned(),
        Action::ReadLastMessage { .. } => "reading what an agent said".to_owned(),
        Action::Provision { .. } => "making the worktrees".to_owned(),
        Action::StartOver { base, .. } => format!("making the worktree of {} anew", base.name),
        Action::Setup { repository, .. } => format!("the setup of {repository}"),
        Action::TakeCandidate { repository, .. } => format!("taking what the turn left in {repository}"),
        Action::PrepareProof { repository, .. } => format!("the checkout for the checks of {repository}"),
        Action::Check { repository, check, .. } => format!("the check \"{}\" of {repository}", check.name),
        Action::CompareBase { repository, .. } => format!("comparing {repository} with its remote"),
        Action::Publish { repository, .. } => format!("pushing {repository}"),
        Action::Sweep { .. } => "ending what a dead host left".to_owned(),
        other => other.name().to_owned(),
    }
}

fn done(draft: &mut Draft, action: Action, result: JobResult) {
    match (action, result) {
        (Action::PrepareBases { .. }, JobResult::Bases { repositories, refused, .. })
            if repositories.is_empty() =>
        {
            let reasons: Vec<String> =
                refused.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
            let reason = if reasons.is_empty() {
                "no repository was found in the workspace".to_owned()
            } else {
                format!("no repository can be worked on: {}", reasons.join("; "))
            };
            plan_failed(draft, &reason);
        }
        (Action::PrepareBases { .. }, JobResult::Bases { repositories, refused, guidance }) => {
            draft.emit(ItemFact::BasesRecorded { repositories, refused, guidance });
        }
        (Action::PrepareBases { .. }, JobResult::Refused { reason }) => plan_failed(draft, &reason),
        (Action::ReadDraft { .. }, JobResult::Draft { document }) => draft_read(draft, document),
        (Action::ReadLastMessage { question: Some(question), .. }, JobResult::Message { text }) => {
            match answer::parse(&text) {
                Some(proposal) => questions::propose(draft, question, proposal),
                None => questions::tried(draft, question, "it said nothing", false),
            }
        }
        (Action::ReadLastMessage { session, question: None, .. }, JobResult::Message { text }) => {
            reviews::message(draft, session, &text);
        }
        (action @ Action::ReadLastMessage { .. }, JobResult::Refused { reason }) => {
            unread(draft, &action, &reason);
        }
        (Action::Provision { wave, .. }, JobResult::Refused { reason }) => {
            draft.emit(ItemFact::WaveRefused { wave, reason: reason.clone() });
            draft.open_decision(DecisionKind::ProvisionFailed { wave }, None, reason, Vec::new());
        }
        (Action::Provision { wave, .. }, _) => draft.emit(ItemFact::WaveProvisioned { wave }),
        (Action::StartOver { base, .. }, JobResult::StartedOver { preserved }) => {
            started_over(draft, base.name, preserved);
        }
        (Action::Setup { repository, .. }, JobResult::Refused { reason }) => {
            draft.emit(ItemFact::SetupFailed { repository: repository.clone(), reason: reason.clone() });
            let kind = DecisionKind::SetupFailed { repository: repository.clone() };
            draft.open_decision(kind, Some(&repository), reason, Vec::new());
        }
        (Action::Setup { repository, .. }, _) => draft.emit(ItemFact::SetupDone { repository }),
        (Action::TakeCandidate { repository, number, optional, .. }, JobResult::Turn(turn)) => {
            turn_taken(draft, &repository, number, optional, turn);
        }
        (Action::PrepareProof { repository, commit, .. }, JobResult::Refused { reason }) => {
            // The checks cannot be run, and say so one by one; never a pass.
            let checks = draft.item.base(&repository).map(|base| base.checks.clone()).unwrap_or_default();
            for check in checks {
                let result = crate::effect::CheckResult::NotRun { reason: reason.clone() };
                draft.emit(ItemFact::CheckEnded {
                    repository: repository.clone(),
                    commit: commit.clone(),
                    name: check.name,
                    result,
                });
            }
        }
        (Action::PrepareProof { repository, commit, .. }, _) => {
            draft.emit(ItemFact::ProofPrepared { repository, commit });
        }
        (Action::Check { repository, commit, check }, JobResult::Check(result)) => {
            draft.emit(ItemFact::CheckEnded { repository, commit, name: check.name, result });
        }
        (Action::CompareBase { repository, .. }, JobResult::Base(comparison)) => {
            let conflict = match &comparison {
                crate::effect::BaseComparison::Conflict { paths } => Some(paths.join(", ")),
                _ => None,
            };
            draft.emit(ItemFact::BaseCompared { repository: repository.clone(), comparison });
            if let Some(paths) = conflict {
                let text = format!("{repository} no longer merges with its base: {paths}");
                let kind = DecisionKind::BaseConflict { repository: repository.clone() };
                draft.open_decision(kind, Some(&repository), text, Vec::new());
            }
        }
        (Action::Publish { repository, commit, .. }, JobResult::Push(PushResult::Published)) => {
            draft.emit(ItemFact::BranchPublished { repository, commit });
        }
        // A branch that was merged is often removed with that. Making it again takes nothing from anybody.
        (
            Action::Publish { repository, expected: Some(commit), .. },
            JobResult::Push(PushResult::RemoteMoved { found: None }),
        ) => draft.emit(ItemFact::RemoteBranchGone { repository, commit }),
        (Action::Publish { repository, branch, .. }, JobResult::Push(PushResult::RemoteMoved { found })) => {
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            let text =
                format!("the remote's {branch} in {repository} is at {found}, which ganger did not push");
            let kind = DecisionKind::RemoteMoved { repository: repository.clone() };
            draft.open_decision(kind, Some(&repository), text, Vec::new());
        }
        (Action::Sweep { session, .. }, _) => swept(draft, session),
        // A presence that ended by itself without being withdrawn: its journal said so already, or says so next.
        (Action::Host { session, .. }, _)
            if draft
                .item
                .session(session)
                .is_some_and(|session| matches!(session.host, HostState::Leaving { .. })) =>
        {
            gone(draft, session);
        }
        _ => {}
    }
}

/// The worktree stands at its base. What reviewers found in the attempt before went away with it; what a person said
/// still holds.
fn started_over(draft: &mut Draft, repository: String, preserved: Vec<Preserved>) {
    let of_reviewers =
        |critique: &&Critique| critique.reviewer.is_some() && critique.state == CritiqueState::Open;
    let gone: Vec<CritiqueId> =
        draft.item.critiques_of(&repository).filter(of_reviewers).map(|critique| critique.id).collect();
    for critique in gone {
        let because = "the work it was found in was started over".to_owned();
        draft.emit(ItemFact::CritiqueWaived { critique, because });
    }
    draft.emit(ItemFact::SubPlanStartedOver { repository, preserved });
}

/// What an agent said last cannot be read: a review that nobody can read is none, and a question has no answer.
pub(crate) fn unread(draft: &mut Draft, action: &Action, reason: &str) {
    let reason = format!("what it said last can't be read: {reason}");
    match action {
        Action::ReadLastMessage { question: Some(question), .. } => {
            questions::tried(draft, *question, &reason, false);
        }
        Action::ReadLastMessage { session, .. } => reviews::failed(draft, *session, &reason),
        _ => {}
    }
}

fn swept(draft: &mut Draft, session: SessionId) {
    if draft.item.session(session).is_some_and(|session| session.host == HostState::Lost) {
        draft.emit(ItemFact::HostGone { session });
    }
}

fn draft_read(draft: &mut Draft, document: Option<String>) {
    match document {
        Some(document) => match replanning::scoped(&draft.item, &document) {
            Ok(document) => proposal::propose(draft, document, PlanAuthor::Agent),
            Err(errors) => correct(draft, errors),
        },
        None => correct(draft, ParseErrors::default()),
    }
}

fn turn_taken(draft: &mut Draft, repository: &str, number: u32, optional: bool, turn: TurnResult) {
    let missing = match turn {
        TurnResult::Candidate { commit, findings, paths, changed, counts } => {
            draft.emit(ItemFact::CandidateTaken {
                repository: repository.to_owned(),
                number,
                commit,
                findings,
                paths,
                changed,
                counts,
            });
            return;
        }
        TurnResult::Nothing => (TurnPurpose::GoOn, "the turn left no change".to_owned()),
        TurnResult::Unusable { reason } => (TurnPurpose::Mend { reason: reason.clone() }, reason),
    };
    let (purpose, reason) = missing;
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return };
    let (nudged, session) = (sub_plan.nudged, sub_plan.session);
    // What it was told needs no change of its own: what stands is proven and reviewed anew.
    if optional && purpose == TurnPurpose::GoOn {
        draft.emit(ItemFact::ChecksRenewed { repository: repository.to_owned() });
        return;
    }
    // Without any candidate there is nothing that could be taken as it is.
    let judged = sub_plan.candidate().is_some();
    let unaddressed = nudged && judged && !reviews::blocking(draft, repository).is_empty();
    draft.emit(ItemFact::CandidateMissing { repository: repository.to_owned(), reason: reason.clone() });
    match session {
        Some(session) if !nudged => draft.want_turn(session, purpose),
        _ if unaddressed => reviews::stop(draft, repository, StopRule::NotAddressed),
        _ => {
            let kind = DecisionKind::CandidateMissing { repository: repository.to_owned() };
            draft.open_decision(kind, Some(repository), reason, Vec::new());
        }
    }
}

pub(super) fn timer(draft: &mut Draft, id: EffectId) {
    let Some(owed) = draft.item.ledger.get(id).cloned() else { return };
    let Action::Timer { purpose, .. } = owed.effect.action else { return };
    if matches!(purpose, TimerPurpose::Silence { .. }) {
        silence::timer_came(draft, id, None);
        return;
    }
    draft.settle(id);
    match purpose {
        TimerPurpose::Handshake { session, incarnation } => {
            let starting = draft.item.session(session).is_some_and(|known| {
                known.incarnation == incarnation && matches!(known.host, HostState::Starting { .. })
            });
            if starting {
                let again = draft.item.session(session).and_then(|session| session.want.clone());
                draft.leave(session);
                trouble(draft, session, "it did not answer its handshake in time", again, true);
            }
        }
        TimerPurpose::Retry { effect } => {
            if draft.item.ledger.get(effect).is_some_and(|owed| owed.parked) {
                draft.emit(ItemFact::Effect(EffectStep::Woken { id: effect }));
            }
        }
        TimerPurpose::Question { question } => {
            questions::skip(draft, question, "nobody answered it in the time that questions may take");
        }
        TimerPurpose::Review { session } => reviews::failed(draft, session, "it took longer than it may"),
        // The one is told with what was heard, the other is the site's.
        TimerPurpose::Silence { .. } | TimerPurpose::Account => {}
        TimerPurpose::RateLimit { session } => draft.emit(ItemFact::SessionUnlimited { session }),
    }
}
