//! Waves, candidates, checks, publishing.

use super::{complete, has_job};
use crate::effect::{Action, CheckResult};
use crate::ids::SessionId;
use crate::repository::{CheckDefinition, RepositoryBase};
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{PushPolicy, SubPlan, SubPlanStage, TurnPurpose, WaveStage};
use crate::work_item::texts;

/// Repair turns after which a person decides.
const MAX_REPAIRS: u32 = 3;

fn blocked(draft: &Draft, repository: &str) -> bool {
    draft.item.decisions.iter().any(|open| open.repository.as_deref() == Some(repository))
}

/// Whether something still works, or is being withdrawn, in the repository's checkouts.
fn busy(draft: &Draft, name: &str) -> bool {
    has_job(draft, |action| match action {
        Action::Setup { repository, .. }
        | Action::TakeCandidate { repository, .. }
        | Action::PrepareProof { repository, .. }
        | Action::Check { repository, .. }
        | Action::CompareBase { repository, .. }
        | Action::Publish { repository, .. } => repository == name,
        _ => false,
    })
}

pub(super) fn advance(draft: &mut Draft) {
    if draft.item.approval.is_none() || draft.item.completed && !draft.item.publishing {
        return;
    }
    for index in 0..draft.item.waves.len() {
        let wave = draft.item.waves[index].clone();
        if wave.stage == WaveStage::Waiting {
            provision(draft, index, &wave.repositories);
        }
        for repository in &wave.repositories {
            step(draft, repository);
        }
        let passed = wave.repositories.iter().all(|name| {
            draft.item.sub_plans.get(name).is_some_and(|sub_plan| {
                matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published)
            })
        });
        if !passed {
            return;
        }
    }
    publish(draft);
}

fn provision(draft: &mut Draft, index: usize, repositories: &[String]) {
    let wave = u32::try_from(index).unwrap_or(u32::MAX);
    let waits =
        draft.item.decisions.iter().any(
            |open| matches!(open.kind, DecisionKind::ProvisionFailed { wave: waiting } if waiting == wave),
        );
    let stopped = repositories.iter().all(|name| {
        draft.item.sub_plans.get(name).is_some_and(|sub_plan| sub_plan.stage == SubPlanStage::Stopped)
    });
    let running = has_job(draft, |action| matches!(action, Action::Provision { .. }));
    if waits || stopped || running {
        return;
    }
    let bases: Vec<RepositoryBase> =
        repositories.iter().filter_map(|name| draft.item.base(name).cloned()).collect();
    let branch = draft.item.branch.clone();
    draft.mint(Action::Provision { wave, branch, repositories: bases });
}

fn step(draft: &mut Draft, repository: &str) {
    let Some(sub_plan) = draft.item.sub_plans.get(repository).cloned() else { return };
    if blocked(draft, repository) || busy(draft, repository) {
        return;
    }
    let Some(base) = draft.item.base(repository).cloned() else { return };
    match sub_plan.stage {
        SubPlanStage::Provisioned if base.setup.is_empty() => {
            draft.emit(ItemFact::SetupDone { repository: repository.to_owned() });
        }
        SubPlanStage::Provisioned | SubPlanStage::SettingUp => {
            draft.mint(Action::Setup {
                repository: repository.to_owned(),
                commands: base.setup,
                timeout_ms: base.setup_timeout_ms,
            });
        }
        SubPlanStage::Ready => {
            let kind = SessionKind::Implementation;
            let session = draft.create_session(kind, Some(repository), base.agent, sub_plan.session);
            draft.emit(ItemFact::SubPlanBegun { repository: repository.to_owned(), session });
            draft.want_turn(session, TurnPurpose::Implement);
        }
        SubPlanStage::Working => wake(draft, repository, &sub_plan),
        SubPlanStage::Taking => {
            if let Some(session) = sub_plan.session {
                take_candidate(draft, session, repository);
            }
        }
        SubPlanStage::Proving => prove(draft, repository, &sub_plan, &base),
        SubPlanStage::Waiting | SubPlanStage::Proven | SubPlanStage::Published | SubPlanStage::Stopped => {}
    }
}

/// A sub-plan that works must have somebody who works: after a person's decision it may not.
fn wake(draft: &mut Draft, repository: &str, sub_plan: &SubPlan) {
    let Some(session) = sub_plan.session.and_then(|id| draft.item.session(id)).cloned() else { return };
    if session.turn.is_some() || session.want.is_some() {
        return;
    }
    let purpose = match &sub_plan.trouble {
        Some(reason) => TurnPurpose::Mend { reason: reason.clone() },
        None => TurnPurpose::Resume { interrupted: Box::new(TurnPurpose::Implement) },
    };
    if session.closed {
        let child =
            draft.create_session(session.kind, Some(repository), session.agent.clone(), Some(session.id));
        draft.emit(ItemFact::SubPlanBegun { repository: repository.to_owned(), session: child });
        draft.want_turn(child, purpose);
    } else {
        draft.want_turn(session.id, purpose);
    }
}

/// What a turn left becomes a candidate.
pub(super) fn take_candidate(draft: &mut Draft, session: SessionId, repository: &str) {
    let Some(sub_plan) = draft.item.sub_plans.get(repository).cloned() else { return };
    let current = sub_plan.session == Some(session)
        && matches!(sub_plan.stage, SubPlanStage::Working | SubPlanStage::Taking);
    let Some(base) = draft.item.base(repository).filter(|_| current).cloned() else { return };
    let last = sub_plan.candidate();
    let number = sub_plan.numbered + 1;
    let previous = last.map_or_else(|| base.base_commit.clone(), |candidate| candidate.commit.clone());
    let title = draft.item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default();
    draft.mint(Action::TakeCandidate {
        repository: repository.to_owned(),
        number,
        branch: draft.item.branch.clone(),
        base: base.base_commit,
        previous,
        copied: base.copy,
        date: draft.now.wall_ms / 1000,
        message: texts::leftover_message(&title),
    });
}

fn missing(
    checks: &[CheckDefinition],
    has: impl Fn(&str) -> bool,
    wanted: impl Fn(&CheckDefinition) -> bool,
) -> Option<&CheckDefinition> {
    checks.iter().find(|check| wanted(check) && !has(&check.name))
}

fn run_on(
    draft: &mut Draft,
    sub_plan: &SubPlan,
    base: &RepositoryBase,
    commit: &str,
    check: &CheckDefinition,
) {
    let repository = base.name.clone();
    let commit = commit.to_owned();
    if sub_plan.proof.as_ref() == Some(&commit) {
        draft.mint(Action::Check { repository, commit, check: check.clone() });
    } else {
        let (setup, setup_timeout_ms) = (base.setup.clone(), base.setup_timeout_ms);
        draft.mint(Action::PrepareProof { repository, commit, setup, setup_timeout_ms });
    }
}

fn prove(draft: &mut Draft, repository: &str, sub_plan: &SubPlan, base: &RepositoryBase) {
    let Some(candidate) = sub_plan.candidate() else { return };
    if !candidate.findings.is_empty() && !candidate.findings_accepted {
        return;
    }
    if let Some(check) = missing(&base.checks, |name| candidate.checks.contains_key(name), |_| true) {
        run_on(draft, sub_plan, base, &candidate.commit, check);
        return;
    }
    let failed = |check: &CheckDefinition| {
        check.required && matches!(candidate.checks.get(&check.name), Some(CheckResult::Failed { .. }))
    };
    if draft.item.settings.baseline
        && let Some(check) = missing(&base.checks, |name| sub_plan.base_checks.contains_key(name), failed)
    {
        run_on(draft, sub_plan, base, &base.base_commit, check);
        return;
    }
    let was_broken = |name: &str| matches!(sub_plan.base_checks.get(name), Some(CheckResult::Failed { .. }));
    let broke: Vec<&CheckDefinition> =
        base.checks.iter().filter(|check| failed(check) && !was_broken(&check.name)).collect();
    let not_run: Vec<String> = base
        .checks
        .iter()
        .filter(|check| check.required)
        .filter_map(|check| match candidate.checks.get(&check.name) {
            Some(CheckResult::NotRun { reason }) => Some(format!("{}: {reason}", check.name)),
            _ => None,
        })
        .collect();
    if !broke.is_empty() {
        let findings = texts::evidence(candidate, &broke);
        match sub_plan.session {
            Some(session) if sub_plan.repairs < MAX_REPAIRS => {
                draft.emit(ItemFact::RepairWanted { repository: repository.to_owned() });
                let live = draft.item.session(session).is_some_and(|session| !session.closed);
                if live {
                    draft.want_turn(session, TurnPurpose::Repair { findings });
                }
            }
            _ => {
                let kind = DecisionKind::ChecksBroke { repository: repository.to_owned() };
                let names: Vec<&str> = broke.iter().map(|check| check.name.as_str()).collect();
                let text =
                    format!("{} broke and {MAX_REPAIRS} repairs did not help\n{findings}", names.join(", "));
                draft.open_decision(kind, Some(repository), text, Vec::new());
            }
        }
    } else if !not_run.is_empty() {
        let kind = DecisionKind::ChecksNotRun { repository: repository.to_owned() };
        draft.open_decision(kind, Some(repository), not_run.join("\n"), Vec::new());
    } else {
        draft.emit(ItemFact::SubPlanProven { repository: repository.to_owned() });
        if let Some(session) = draft.item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session) {
            draft.leave(session);
        }
    }
}

/// Everything is proven: one repository after the other, in landing order.
fn publish(draft: &mut Draft) {
    if !draft.item.publishing {
        match draft.item.settings.push {
            PushPolicy::Auto => draft.emit(ItemFact::PublishingWanted {}),
            PushPolicy::Never => complete(draft),
            PushPolicy::Ask => {
                let asked =
                    draft.item.decisions.iter().any(|open| matches!(open.kind, DecisionKind::Publish));
                if !asked {
                    let text = format!("every repository is proven: push {}?", draft.item.branch);
                    draft.open_decision(DecisionKind::Publish, None, text, Vec::new());
                }
            }
        }
        return;
    }
    let order: Vec<String> = draft.item.waves.iter().flat_map(|wave| wave.repositories.clone()).collect();
    for repository in order {
        let Some(sub_plan) = draft.item.sub_plans.get(&repository).cloned() else { continue };
        if sub_plan.stage == SubPlanStage::Published {
            continue;
        }
        if blocked(draft, &repository) || busy(draft, &repository) {
            return;
        }
        let (Some(base), Some(candidate)) = (draft.item.base(&repository).cloned(), sub_plan.candidate())
        else {
            return;
        };
        let commit = candidate.commit.clone();
        if sub_plan.comparison.is_none() {
            let (base_branch, base) = (base.base_branch, base.base_commit);
            draft.mint(Action::CompareBase { repository, base_branch, base, commit });
        } else {
            let branch = draft.item.branch.clone();
            draft.mint(Action::Publish { repository, branch, commit, expected: sub_plan.published });
        }
        return;
    }
    complete(draft);
}
