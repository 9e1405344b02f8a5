//! Proving a candidate: its checks, then its review.

use super::implementation::{give_turn, hear};
use crate::effect::{Action, CheckResult};
use crate::repository::{CheckDefinition, RepositoryBase};
use crate::review::verdict::StopRule;
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{HostState, SubPlan, TurnPurpose, Verdict};
use crate::work_item::{reviews, texts};

/// Repair turns after which a person decides.
const MAX_REPAIRS: u32 = 3;

fn missing(
    checks: &[CheckDefinition],
    has: impl Fn(&str) -> bool,
    wanted: impl Fn(&CheckDefinition) -> bool,
) -> Option<&CheckDefinition> {
    checks.iter().find(|check| wanted(check) && !has(&check.name))
}

/// Brings the proof checkout to a commit. No while a reviewer may still be in it.
fn prepare(draft: &mut Draft, base: &RepositoryBase, commit: &str) {
    let reviewed = draft.item.sessions.iter().any(|session| {
        session.kind == SessionKind::Review
            && session.repository.as_deref() == Some(base.name.as_str())
            && session.host != HostState::None
    });
    if !reviewed {
        draft.mint(Action::PrepareProof {
            repository: base.name.clone(),
            commit: commit.to_owned(),
            setup: base.setup.clone(),
            setup_timeout_ms: base.setup_timeout_ms,
        });
    }
}

fn run_on(
    draft: &mut Draft,
    sub_plan: &SubPlan,
    base: &RepositoryBase,
    commit: &str,
    check: &CheckDefinition,
) {
    if sub_plan.proof.as_deref() == Some(commit) {
        draft.mint(Action::Check {
            repository: base.name.clone(),
            commit: commit.to_owned(),
            check: check.clone(),
        });
    } else {
        prepare(draft, base, commit);
    }
}

pub(super) fn prove(draft: &mut Draft, repository: &str, sub_plan: &SubPlan, base: &RepositoryBase) {
    let Some(candidate) = sub_plan.candidate() else { return };
    // Whatever became of it in between: nobody has said that these may be published.
    if !candidate.findings.is_empty() && !candidate.findings_accepted {
        let findings = candidate.findings.iter();
        let text: Vec<String> =
            findings.map(|finding| format!("{}: {}", finding.path, finding.reason)).collect();
        let kind = DecisionKind::CandidateFindings { repository: repository.to_owned() };
        draft.open_decision(kind, Some(repository), text.join("\n"), Vec::new());
        return;
    }
    if candidate.accepted.is_some() {
        proven(draft, repository);
        return;
    }
    if let Some(check) = missing(&base.checks, |name| candidate.checks.contains_key(name), |_| true) {
        run_on(draft, sub_plan, base, &candidate.commit, check);
        return;
    }
    let was_broken = |name: &str| matches!(sub_plan.base_checks.get(name), Some(CheckResult::Failed { .. }));
    let failed = |check: &CheckDefinition| {
        matches!(candidate.checks.get(&check.name), Some(CheckResult::Failed { .. }))
            && !matches!(candidate.again.get(&check.name), Some(CheckResult::Passed))
    };
    // Once more where it stands: what passes then is flaky. Only then the base, which costs another checkout.
    let once_more = |check: &CheckDefinition| check.required && failed(check) && !was_broken(&check.name);
    if let Some(check) = missing(&base.checks, |name| candidate.again.contains_key(name), once_more) {
        run_on(draft, sub_plan, base, &candidate.commit, check);
        return;
    }
    let required = |check: &CheckDefinition| check.required && failed(check);
    if draft.item.settings.baseline
        && let Some(check) = missing(&base.checks, |name| sub_plan.base_checks.contains_key(name), required)
    {
        run_on(draft, sub_plan, base, &base.base_commit, check);
        return;
    }
    let broke: Vec<&CheckDefinition> =
        base.checks.iter().filter(|check| required(check) && !was_broken(&check.name)).collect();
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
        if sub_plan.session.is_some() && sub_plan.repairs < MAX_REPAIRS {
            draft.emit(ItemFact::RepairWanted { repository: repository.to_owned() });
            give_turn(draft, repository, TurnPurpose::Repair { findings });
        } else {
            let kind = DecisionKind::ChecksBroke { repository: repository.to_owned() };
            let names: Vec<&str> = broke.iter().map(|check| check.name.as_str()).collect();
            let text =
                format!("{} broke and {MAX_REPAIRS} repairs did not help\n{findings}", names.join(", "));
            draft.open_decision(kind, Some(repository), text, Vec::new());
        }
    } else if !not_run.is_empty() {
        let kind = DecisionKind::ChecksNotRun { repository: repository.to_owned() };
        draft.open_decision(kind, Some(repository), not_run.join("\n"), Vec::new());
    } else {
        review(draft, repository, sub_plan, base);
    }
}

/// The checks hold: critiques that the implementer does not know yet, then the review.
fn review(draft: &mut Draft, repository: &str, sub_plan: &SubPlan, base: &RepositoryBase) {
    let blocking = reviews::blocking(draft, repository);
    let untold = draft.item.critiques_of(repository).any(|critique| critique.blocks() && !critique.told);
    let heard =
        sub_plan.session.and_then(|id| draft.item.session(id)).is_none_or(|session| session.words.is_empty());
    let verdict = sub_plan.review().map(|review| review.verdict.clone());
    match verdict.flatten() {
        // A stopped review waits for a person, who may have waived what stopped it meanwhile.
        Some(Verdict::Stopped { .. } | Verdict::Back) if blocking.is_empty() => proven(draft, repository),
        Some(Verdict::Stopped { rule }) => reviews::stop(draft, repository, rule),
        Some(Verdict::Back) => reimplement(draft, repository),
        _ if !heard => hear(draft, repository, sub_plan),
        _ if untold && sub_plan.session.is_some() => reimplement(draft, repository),
        Some(Verdict::Passed) => proven(draft, repository),
        Some(Verdict::Failed { .. }) | None if draft.item.settings.review.is_some() => {
            let Some(candidate) = sub_plan.candidate() else { return };
            if sub_plan.proof.as_ref() == Some(&candidate.commit) {
                reviews::start(draft, repository);
            } else {
                prepare(draft, base, &candidate.commit);
            }
        }
        _ if !blocking.is_empty() => reviews::stop(draft, repository, StopRule::NotAddressed),
        _ => proven(draft, repository),
    }
}

/// Every open critique goes to the implementer; those that count must be mended.
pub(crate) fn reimplement(draft: &mut Draft, repository: &str) {
    let critiques = reviews::open(draft, repository);
    draft.emit(ItemFact::ReimplementationWanted {
        repository: repository.to_owned(),
        critiques: critiques.clone(),
    });
    give_turn(draft, repository, TurnPurpose::Reimplement { critiques });
}

fn proven(draft: &mut Draft, repository: &str) {
    draft.emit(ItemFact::SubPlanProven { repository: repository.to_owned() });
    if let Some(session) = draft.item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session) {
        draft.leave(session);
    }
}
