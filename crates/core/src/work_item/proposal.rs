//! Putting a plan up for approval: the one place that makes a version and its digest.

use super::decision::DecisionKind;
use super::draft::Draft;
use super::event::ItemFact;
use super::questions;
use super::state::{PlanAuthor, PlanVersion, WorkItem};
use crate::aggregate::Rejection;
use crate::plan::ParseErrors;
use crate::plan::digest::{ApprovedDigest, DigestCheck, DigestInput, DigestRepository};

/// The names that a plan may use.
pub(super) fn names(item: &WorkItem) -> Vec<String> {
    item.planning.bases.iter().map(|base| base.name.clone()).collect()
}

/// What an approval approves: the document, and everything recorded of each repository.
pub(super) fn digest(item: &WorkItem, document: &str) -> String {
    let repositories = item.planning.bases.iter().map(|base| {
        let checks = base.checks.iter().map(|check| DigestCheck {
            name: check.name.clone(),
            command: check.run.clone(),
            timeout_ms: check.timeout_ms,
            required: check.required,
        });
        let repository = DigestRepository {
            remote: base.remote.clone(),
            push_remote: base.push_remote.clone(),
            base_branch: base.base_branch.clone(),
            base_commit: base.base_commit.clone(),
            copy: base.copy.clone(),
            link: base.link.clone(),
            setup: base.setup.clone(),
            setup_timeout_ms: base.setup_timeout_ms,
            checks: checks.collect(),
            agent: Some(base.agent.clone()),
        };
        (base.name.clone(), repository)
    });
    let phases = [
        ("planning", Some(&item.settings.planner)),
        ("review", item.settings.review.as_ref().map(|review| &review.agent)),
        ("foreman", item.settings.foreman.as_ref()),
    ];
    let chosen = phases.into_iter().filter_map(|(phase, agent)| Some((phase.to_owned(), agent?.clone())));
    let agents = chosen.collect();
    let input = DigestInput { document: document.to_owned(), repositories: repositories.collect(), agents };
    ApprovedDigest::of(&input).to_string()
}

pub(super) fn propose(draft: &mut Draft, document: String, author: PlanAuthor) {
    let number = draft.item.plans.last().map_or(1, |plan| plan.number + 1);
    let digest = digest(&draft.item, &document);
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Plan { .. }));
    questions::drop_planning(draft);
    let delta = draft.item.approval.is_some();
    draft.emit(ItemFact::PlanProposed(PlanVersion { number, document, author, digest, at: draft.now }));
    draft.open_decision(
        DecisionKind::Plan { version: number },
        None,
        if delta {
            format!("plan v{number} waits for your approval; only what it changes is new")
        } else {
            format!("plan v{number} waits for your approval")
        },
        Vec::new(),
    );
    if let Some(session) = draft.item.planning.session {
        draft.leave(session);
    }
}

/// The rejection of a document that is not a plan, with every problem and its line.
pub(super) fn invalid(number: u64, problems: &ParseErrors) -> Rejection {
    let mut rejection = Rejection::new(
        "plan.invalid",
        format!("the document is not a valid plan for g{number}, so nothing was changed"),
    );
    for line in problems.report().lines() {
        rejection = rejection.hint(line);
    }
    rejection
}
