//! What reviewers read, and implementers whose work comes back from them.

use super::foreman;
use crate::effect::CheckResult;
use crate::ids::CritiqueId;
use crate::plan::PlanParser;
use crate::prompts::{CheckEvidence, CritiqueData, ReimplementationData, ReviewData, ReviewTemplates};
use crate::repository::CheckDefinition;
use crate::review::scope;
use crate::work_item::proposal;
use crate::work_item::state::{Critique, CritiqueState, Session, SubPlan, WorkItem};

fn critique(critique: &Critique) -> CritiqueData {
    let finding = &critique.finding;
    CritiqueData {
        number: critique.ordinal,
        file: finding.file.clone().unwrap_or_default(),
        line: finding.line,
        severity: finding.severity.word().to_owned(),
        description: finding.description.clone(),
        suggestion: finding.suggestion.clone(),
        counts: critique.counts,
        by_person: critique.reviewer.is_none(),
        state: match &critique.state {
            CritiqueState::Open => "open".to_owned(),
            CritiqueState::Fixed { .. } => "fixed".to_owned(),
            CritiqueState::Waived { .. } => "waived".to_owned(),
        },
    }
}

pub(super) fn reimplementation(item: &WorkItem, repository: &str, critiques: &[CritiqueId]) -> String {
    let open = item
        .critiques_of(repository)
        .filter(|known| critiques.contains(&known.id) && known.state == CritiqueState::Open);
    let sub_plan = item.sub_plans.get(repository);
    ReviewTemplates::reimplementation(&ReimplementationData {
        repository: repository.to_owned(),
        branch: item.branch.clone(),
        commit: sub_plan
            .and_then(SubPlan::candidate)
            .map(|candidate| candidate.commit.clone())
            .unwrap_or_default(),
        critiques: open.map(critique).collect(),
    })
}

fn evidence(sub_plan: &SubPlan, check: &CheckDefinition) -> CheckEvidence {
    let failed = |result: Option<&CheckResult>| matches!(result, Some(CheckResult::Failed { .. }));
    let candidate = sub_plan.candidate();
    let first = candidate.and_then(|candidate| candidate.checks.get(&check.name));
    let again = candidate.and_then(|candidate| candidate.again.get(&check.name));
    let (verdict, tail) = match first {
        Some(CheckResult::Passed) => ("passed".to_owned(), String::new()),
        Some(CheckResult::Failed { how, tail }) => {
            let verdict = if matches!(again, Some(CheckResult::Passed)) {
                "flaky: it failed, and passed when it was run once more"
            } else if failed(sub_plan.base_checks.get(&check.name)) {
                "was broken: it fails without these changes too"
            } else {
                "broke"
            };
            (format!("{verdict} ({how})"), tail.clone())
        }
        Some(CheckResult::NotRun { reason }) => (format!("not run: {reason}"), String::new()),
        None => ("not run".to_owned(), String::new()),
    };
    CheckEvidence { name: check.name.clone(), command: check.run.clone(), verdict, tail }
}

pub(super) fn review(item: &WorkItem, session: &Session) -> String {
    let repository = session.repository.clone().unwrap_or_default();
    let (Some(sub_plan), Some(base)) = (item.sub_plans.get(&repository), item.base(&repository)) else {
        return String::new();
    };
    let document = item
        .standing_plan()
        .and_then(|plan| PlanParser::parse_and_validate(&plan.document, &proposal::names(item)).ok())
        .unwrap_or_default();
    let part = document.sub_plan(&repository);
    let candidate = sub_plan.candidate();
    let paths = candidate.map(|candidate| candidate.paths.clone()).unwrap_or_default();
    let scope = part.and_then(|part| part.section("Scope")).unwrap_or_default();
    let judged = sub_plan.reviews.iter().filter(|review| review.verdict.is_some());
    let previous = judged
        .filter_map(|review| sub_plan.candidates.iter().find(|known| known.number == review.candidate))
        .next_back();
    ReviewTemplates::review(&ReviewData {
        ticket: super::ticket(item),
        guidance: item.planning.guidance.text.clone(),
        docs: item.planning.guidance.docs.clone(),
        guidance_path: base.has_guidance.then(|| super::REPOSITORY_GUIDANCE.to_owned()),
        repository: repository.clone(),
        round: sub_plan.cycles + 1,
        base_branch: base.base_branch.clone(),
        base_commit: base.base_commit.clone(),
        commit: candidate.map(|candidate| candidate.commit.clone()).unwrap_or_default(),
        previous: previous.map(|candidate| candidate.commit.clone()),
        orchestration: document.orchestration.clone(),
        sub_plan: part.map(|part| part.content.clone()).unwrap_or_default(),
        outside: scope::outside(scope, &paths).unwrap_or_default(),
        paths,
        checks: base.checks.iter().map(|check| evidence(sub_plan, check)).collect(),
        faq: foreman::faq(item, |_| true),
        critiques: item.critiques_of(&repository).map(critique).collect(),
    })
}
