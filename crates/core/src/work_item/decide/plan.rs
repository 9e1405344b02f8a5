//! Starting, approving, editing and rejecting.

use super::not_now;
use crate::aggregate::Rejection;
use crate::effect::Action;
use crate::ids::EffectId;
use crate::plan::{PlanDocument, PlanParser, replace_sub_plan};
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{PlanAuthor, PlanningStage, Settings};
use crate::work_item::{proposal, questions, replanning, status};

pub(super) fn start(draft: &mut Draft, settings: Settings) -> Result<(), Rejection> {
    if draft.item.approval.is_some() {
        return Err(not_now(&draft.item, "planned"));
    }
    match draft.item.planning.stage {
        PlanningStage::Idle | PlanningStage::Failed => {}
        _ => return Err(not_now(&draft.item, "started again")),
    }
    draft.close_decisions(|open| {
        matches!(open.kind, DecisionKind::PlanningFailed | DecisionKind::SessionFailed { .. })
    });
    let feedback = draft.item.planning.feedback.clone();
    draft.emit(ItemFact::PlanningStarted { settings, feedback, only: None, again: false });
    Ok(())
}

pub(super) fn approve(draft: &mut Draft, digest: Option<&str>) -> Result<(), Rejection> {
    let number = draft.item.number;
    let Some(plan) = draft.item.waiting_plan().cloned() else {
        return Err(not_now(&draft.item, "approved"));
    };
    if let Some(digest) = digest
        && (digest.trim_start_matches("sha256:").len() < 8
            || !plan.digest.trim_start_matches("sha256:").starts_with(digest.trim_start_matches("sha256:")))
    {
        return Err(Rejection::new(
            "plan.changed",
            format!(
                "g{number} was not approved: the digest {digest} is not the one of plan v{} ({})",
                plan.number, plan.digest
            ),
        )
        .hint(format!("ganger plan g{number}, then ganger approve g{number}")));
    }
    let names = proposal::names(&draft.item);
    let document = PlanParser::parse_and_validate(&plan.document, &names)
        .map_err(|problems| proposal::invalid(number, &problems))?;
    let waves: Vec<Vec<String>> =
        document.groups().iter().map(|group| group.iter().map(|name| (*name).to_owned()).collect()).collect();
    // What began while the version waited is not changed by it any more.
    let begun = replanning::problems(&draft.item, &document);
    if begun.has_errors() {
        return Err(proposal::invalid(number, &begun));
    }
    let changed = match draft.item.approval {
        Some(_) => replanning::changed(&draft.item, &document),
        None => Vec::new(),
    };
    for name in &changed {
        // A part that runs again is carried out by a child of its session.
        if let Some(session) = draft.item.sub_plans.get(name).and_then(|sub_plan| sub_plan.session) {
            draft.close_session(session, "its plan changed");
        }
    }
    // What is left out needs nobody any more.
    let left_out: Vec<String> = draft
        .item
        .sub_plans
        .keys()
        .filter(|name| !waves.iter().flatten().any(|kept| kept == *name))
        .cloned()
        .collect();
    for name in &left_out {
        if let Some(session) = draft.item.sub_plans.get(name).and_then(|sub_plan| sub_plan.session) {
            draft.close_session(session, "its part was left out of the plan");
        }
        questions::drop_those_of(draft, name);
        draft.close_decisions_of(name);
    }
    // The worktrees that are being made are those of the waves as they were.
    let provisions: Vec<EffectId> = draft
        .item
        .ledger
        .iter()
        .filter(|owed| matches!(owed.effect.action, Action::Provision { .. }))
        .map(|owed| owed.effect.id)
        .collect();
    for provision in &provisions {
        draft.withdraw(*provision);
    }
    draft.close_decisions(|open| match open.kind {
        DecisionKind::Plan { .. } | DecisionKind::Publish | DecisionKind::ProvisionFailed { .. } => true,
        DecisionKind::JobFailed { effect } => provisions.contains(&effect),
        _ => false,
    });
    draft.emit(ItemFact::PlanApproved { version: plan.number, digest: plan.digest, waves, changed });
    Ok(())
}

/// The document with another text in one section; it may begin with the section's heading, as it is shown.
fn with_section(draft: &Draft, name: &str, text: &str) -> Result<String, Rejection> {
    let current = draft.item.plan_to_change().map(|plan| plan.document.as_str()).unwrap_or_default();
    let body = text
        .trim_start()
        .strip_prefix("## SubPlan:")
        .map_or(text, |rest| rest.split_once('\n').map_or("", |(_, body)| body));
    match replace_sub_plan(current, &proposal::names(&draft.item), name, body) {
        Ok((document, _)) => Ok(document),
        Err(error) => Err(Rejection::new(
            "plan.invalid",
            format!("the section of g{}/{name} was not changed: {error}", draft.item.number),
        )),
    }
}

pub(super) fn edit(
    draft: &mut Draft,
    text: String,
    section: Option<&str>,
    version: Option<u32>,
) -> Result<(), Rejection> {
    let number = draft.item.number;
    let possible = !draft.item.planning.bases.is_empty()
        && matches!(draft.item.planning.stage, PlanningStage::Proposed | PlanningStage::Failed);
    if !possible {
        return Err(not_now(&draft.item, "edited"));
    }
    let current = draft.item.plan_to_change().map(|plan| plan.number);
    if let (Some(read), Some(current)) = (version, current)
        && read != current
    {
        return Err(Rejection::new(
            "plan.changed",
            format!("the plan of g{number} changed while you edited: v{read} is v{current} now"),
        )
        .hint(format!("ganger plan g{number} --diff {read}..{current}")));
    }
    let document = match section {
        Some(name) => with_section(draft, name, &text)?,
        None => text,
    };
    let names = proposal::names(&draft.item);
    let parsed = PlanParser::parse_and_validate(&document, &names)
        .map_err(|problems| proposal::invalid(number, &problems))?;
    let begun = replanning::problems(&draft.item, &parsed);
    if begun.has_errors() {
        return Err(proposal::invalid(number, &begun));
    }
    if draft.item.plan_to_change().is_some_and(|plan| plan.document == document) {
        return Err(Rejection::new(
            "plan.unchanged",
            format!("the plan of g{number} is already exactly this"),
        ));
    }
    draft.close_decisions(|open| {
        matches!(open.kind, DecisionKind::PlanningFailed | DecisionKind::SessionFailed { .. })
    });
    proposal::propose(draft, document, PlanAuthor::Person);
    Ok(())
}

pub(super) fn reject(draft: &mut Draft, text: String) -> Result<(), Rejection> {
    if draft.item.waiting_plan().is_none() {
        return Err(not_now(&draft.item, "rejected"));
    }
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Plan { .. }));
    draft.emit(ItemFact::PlanRejected { reason: text });
    Ok(())
}

fn no_such_part(draft: &Draft, document: &PlanDocument, name: &str) -> Rejection {
    let number = draft.item.number;
    let names = document.repositories().join(", ");
    Rejection::new(
        "plan.no_such_part",
        format!("the plan of g{number} has no part for \"{name}\"; it has {names}"),
    )
    .hint(format!("ganger plan g{number}"))
}

pub(super) fn follow_up(
    draft: &mut Draft,
    repository: Option<String>,
    text: &str,
    settings: Settings,
) -> Result<(), Rejection> {
    if draft.item.completed {
        return revise(draft, repository, text, settings);
    }
    let (number, status) = (draft.item.number, status::status(&draft.item).word());
    let rejection = Rejection::new(
        "item.not_completed",
        format!("g{number} is not done yet, so nothing can follow up on it: it is {status}"),
    );
    Err(match draft.item.plan_to_change() {
        Some(_) => rejection.hint(format!("ganger revise g{number} \"…\" changes its plan")),
        None => rejection.hint(format!("ganger show g{number}")),
    })
}

pub(super) fn revise(
    draft: &mut Draft,
    repository: Option<String>,
    text: &str,
    settings: Settings,
) -> Result<(), Rejection> {
    let number = draft.item.number;
    let text = text.trim();
    if text.is_empty() {
        return Err(Rejection::new("plan.no_wish", "say what is to be different about the plan"));
    }
    let at_rest = draft.item.planning.stage == PlanningStage::Proposed;
    let Some(plan) = draft.item.plan_to_change().filter(|_| at_rest).cloned() else {
        return Err(not_now(&draft.item, "planned again"));
    };
    let document = PlanParser::parse_and_validate(&plan.document, &proposal::names(&draft.item))
        .map_err(|problems| proposal::invalid(number, &problems))?;
    if let Some(name) = &repository
        && document.sub_plan(name).is_none()
    {
        return Err(no_such_part(draft, &document, name));
    }
    if draft.item.approval.is_some() && !draft.item.completed {
        let begun = |name: &String| draft.item.sub_plans.get(name).is_some_and(replanning::has_begun);
        let mut names = document.repositories();
        names.retain(|name| repository.as_ref().is_none_or(|only| only == name));
        if names.iter().all(begun) {
            let what = repository.as_deref().map_or_else(
                || format!("every part of g{number} has begun"),
                |name| format!("g{number}/{name} has begun"),
            );
            return Err(Rejection::new(
                "plan.begun",
                format!("{what}, so its plan can't be changed any more until the item is done"),
            )
            .hint(format!("ganger comment g{number}/REPOSITORY \"…\" --send")));
        }
    }
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Plan { .. }));
    let feedback = Some(text.to_owned());
    draft.emit(ItemFact::PlanningStarted { settings, feedback, only: repository, again: true });
    Ok(())
}

pub(super) fn drop(draft: &mut Draft, repository: &str) -> Result<(), Rejection> {
    let number = draft.item.number;
    let at_rest = draft.item.planning.stage == PlanningStage::Proposed && !draft.item.completed;
    let Some(plan) = draft.item.plan_to_change().filter(|_| at_rest).cloned() else {
        return Err(not_now(&draft.item, "changed"));
    };
    let document = PlanParser::parse_and_validate(&plan.document, &proposal::names(&draft.item))
        .map_err(|problems| proposal::invalid(number, &problems))?;
    if document.sub_plan(repository).is_none() {
        return Err(no_such_part(draft, &document, repository));
    }
    let after = document.after(repository);
    let built_on = |rejection: Rejection| match after.is_empty() {
        true => rejection,
        false => {
            rejection.hint(format!("what comes after {repository} and may build on it: {}", after.join(", ")))
        }
    };
    let Some(rest) = document.without(repository) else {
        return Err(Rejection::new(
            "plan.last_part",
            format!("{repository} is the only part of the plan of g{number}, so it can't be dropped"),
        )
        .hint(format!("ganger reject g{number}")));
    };
    let begun = replanning::problems(&draft.item, &rest);
    if begun.has_errors() {
        let rejection = Rejection::new(
            "plan.begun",
            format!("{repository} can't be dropped from the plan of g{number}, so nothing was changed"),
        );
        let rejection = begun.problems.iter().fold(rejection, |said, problem| said.hint(&problem.message));
        return Err(built_on(rejection));
    }
    proposal::propose(draft, rest.compose(), PlanAuthor::Person);
    Ok(())
}
