//! Stopping, retrying, telling, publishing.

use super::not_now;
use crate::aggregate::Rejection;
use crate::effect::{Action, EffectStep, OwedEffect};
use crate::ids::{EffectId, SessionId};
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{PlanningStage, Settings, SubPlan, SubPlanStage, TurnPurpose, Verdict};
use crate::work_item::{questions, replanning, reviews};

/// The repository in whose checkouts a job works.
pub(super) fn repository_of(action: &Action) -> Option<&str> {
    match action {
        Action::StartOver { base, .. } => Some(&base.name),
        Action::Setup { repository, .. }
        | Action::TakeCandidate { repository, .. }
        | Action::PrepareProof { repository, .. }
        | Action::Check { repository, .. }
        | Action::CompareBase { repository, .. }
        | Action::Publish { repository, .. } => Some(repository),
        _ => None,
    }
}

/// Withdraws every job in the repository's checkouts; sweeps go on.
pub(super) fn withdraw_jobs(draft: &mut Draft, repository: &str) {
    let jobs: Vec<EffectId> = draft
        .item
        .ledger
        .iter()
        .filter(|owed| repository_of(&owed.effect.action) == Some(repository))
        .map(|owed| owed.effect.id)
        .collect();
    for job in jobs {
        draft.withdraw(job);
    }
    // What a dead host may have left is swept, whoever still waits for it.
    let is_parked_here = |owed: &&OwedEffect| match owed.effect.action {
        Action::Sweep { session, .. } if owed.parked => draft
            .item
            .session(session)
            .is_some_and(|session| session.repository.as_deref() == Some(repository)),
        _ => false,
    };
    let sweeps: Vec<EffectId> =
        draft.item.ledger.iter().filter(is_parked_here).map(|owed| owed.effect.id).collect();
    for id in sweeps {
        draft.emit(ItemFact::Effect(EffectStep::Woken { id }));
    }
}

pub(super) fn stop_sub_plan(draft: &mut Draft, repository: &str) {
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return };
    if matches!(sub_plan.stage, SubPlanStage::Stopped | SubPlanStage::Published) {
        return;
    }
    let (session, reviewer) = (sub_plan.session, sub_plan.open_review().map(|review| review.session));
    for session in session.into_iter().chain(reviewer) {
        draft.close_session(session, "stopped by a person");
    }
    if let Some(reviewer) = reviewer {
        reviews::end(draft, reviewer, Verdict::Failed { reason: "stopped by a person".to_owned() });
    }
    questions::drop_those_of(draft, repository);
    withdraw_jobs(draft, repository);
    // Without this one not everything is proven any more, so there is nothing to push.
    draft.close_decisions_of(repository);
    draft.close_decisions(|open| open.kind == DecisionKind::Publish);
    draft.emit(ItemFact::SubPlanStopped { repository: repository.to_owned() });
    draft.open_decision(
        DecisionKind::Stopped { repository: repository.to_owned() },
        Some(repository),
        format!("{repository} was stopped; its worktree stands as it was left"),
        Vec::new(),
    );
}

pub(super) fn stop_planning(draft: &mut Draft) {
    if let Some(session) = draft.item.planning.session {
        draft.close_session(session, "stopped by a person");
    }
    let jobs: Vec<EffectId> = draft
        .item
        .ledger
        .iter()
        .filter(|owed| matches!(owed.effect.action, Action::PrepareBases { .. } | Action::ReadDraft { .. }))
        .map(|owed| owed.effect.id)
        .collect();
    for job in &jobs {
        draft.withdraw(*job);
    }
    questions::drop_planning(draft);
    draft.close_decisions(|open| match open.kind {
        DecisionKind::Publish => false,
        // A job of the Foreman's is not the planner's.
        DecisionKind::JobFailed { effect } => jobs.contains(&effect),
        _ => open.repository.is_none(),
    });
    if draft.item.has_plan_to_return_to() {
        replanning::return_from(draft, "planning was stopped by you");
        return;
    }
    draft.emit(ItemFact::PlanningFailed { reason: "planning was stopped".to_owned() });
    draft.open_decision(DecisionKind::PlanningFailed, None, "planning was stopped by you", Vec::new());
}

pub(super) fn stop(draft: &mut Draft, repository: Option<&str>) -> Result<(), Rejection> {
    let number = draft.item.number;
    match repository {
        Some(name) => {
            let Some(sub_plan) = draft.item.sub_plans.get(name) else {
                let known: Vec<&str> = draft.item.sub_plans.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "no repository yet".to_owned() } else { known.join(", ") };
                return Err(Rejection::new(
                    "item.no_such_repository",
                    format!("g{number} does not work on \"{name}\"; it has {known}"),
                ));
            };
            if draft.item.completed
                || matches!(sub_plan.stage, SubPlanStage::Stopped | SubPlanStage::Published)
            {
                return Err(Rejection::new(
                    "item.not_possible_now",
                    format!("g{number}/{name} cannot be stopped: nothing of it runs"),
                )
                .hint(format!("ganger show g{number}")));
            }
            stop_sub_plan(draft, name);
        }
        None if draft.item.approval.is_some() && draft.item.is_planning() => stop_planning(draft),
        None if draft.item.approval.is_some() && !draft.item.completed => {
            let names: Vec<String> = draft.item.sub_plans.keys().cloned().collect();
            let before = draft.events.len();
            for name in names {
                let done = draft.item.sub_plans.get(&name).map(|sub_plan| sub_plan.stage);
                if done != Some(SubPlanStage::Proven) {
                    stop_sub_plan(draft, &name);
                }
            }
            if draft.events.len() == before {
                return Err(not_now(&draft.item, "stopped"));
            }
        }
        None => match draft.item.planning.stage {
            PlanningStage::Preparing | PlanningStage::Writing | PlanningStage::ReadingDraft => {
                stop_planning(draft);
            }
            _ => return Err(not_now(&draft.item, "stopped")),
        },
    }
    Ok(())
}

/// A child of the session goes on with its work.
pub(super) fn succeed(draft: &mut Draft, id: SessionId, purpose: Option<TurnPurpose>) {
    let Some(session) = draft.item.session(id).cloned() else { return };
    let first = match session.repository {
        Some(_) => TurnPurpose::Implement,
        None => TurnPurpose::Plan,
    };
    let had_turn = session.incarnation > 0 && session.native_id.is_some();
    let purpose = purpose.unwrap_or(if had_turn {
        TurnPurpose::Resume { interrupted: Box::new(first) }
    } else {
        first
    });
    if !session.closed {
        draft.close_session(id, "followed by another session");
    }
    let agent = match &session.repository {
        Some(repository) => {
            draft.item.base(repository).map_or(session.agent.clone(), |base| base.agent.clone())
        }
        None => draft.item.settings.planner.clone(),
    };
    let unheard = draft.item.session(id).map(|session| session.words.clone()).unwrap_or_default();
    let child = draft.create_session(session.kind, session.repository.as_deref(), agent, Some(id));
    for text in unheard {
        draft.tell(child, text);
    }
    if let Some(repository) = &session.repository {
        draft.emit(ItemFact::SubPlanBegun { repository: repository.clone(), session: child });
    }
    draft.want_turn(child, purpose);
}

/// Gives the implementer another turn with these words, in its own conversation where it still has one.
pub(super) fn tell(draft: &mut Draft, repository: &str, purpose: TurnPurpose) {
    let Some(id) = draft.item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session) else { return };
    draft.emit(ItemFact::SubPlanRetried { repository: repository.to_owned() });
    match draft.item.session(id) {
        Some(session) if !session.closed => draft.want_turn(id, purpose),
        _ => succeed(draft, id, Some(purpose)),
    }
}

/// How a repository's work is taken up again.
#[derive(Clone, Copy, Default)]
pub(super) struct Again<'a> {
    /// Words for the agent, possibly empty.
    pub(super) text: &'a str,
    /// Whether it begins anew at its base.
    pub(super) fresh: bool,
    /// The agent that goes on instead.
    pub(super) agent: Option<&'a str>,
}

/// Whether it was stopped while a candidate was with the checks or the reviewer, and nobody has found anything in it
/// that the implementer must mend: then these go on, and not the implementer, who would have nothing to do.
fn was_being_judged(draft: &Draft, repository: &str) -> bool {
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return false };
    let judged = matches!(
        sub_plan.stopped_at,
        Some(SubPlanStage::Proving | SubPlanStage::Reviewing | SubPlanStage::Proven)
    );
    judged && sub_plan.candidate().is_some() && reviews::blocking(draft, repository).is_empty()
}

pub(super) fn retry_sub_plan(draft: &mut Draft, repository: &str, again: Again) {
    let to_the_judges = again.text.trim().is_empty()
        && again.agent.is_none()
        && !again.fresh
        && was_being_judged(draft, repository);
    // Its worktree may be half made: it is made anew to its end, with the words that were said for it.
    let was_starting_over = |sub_plan: &&SubPlan| {
        sub_plan.stage == SubPlanStage::StartingOver
            || sub_plan.stopped_at == Some(SubPlanStage::StartingOver)
    };
    let unfinished = draft.item.sub_plans.get(repository).filter(was_starting_over);
    let unfinished: Option<String> = unfinished
        .map(|sub_plan| sub_plan.afresh.as_ref().map_or_else(String::new, |afresh| afresh.text.clone()));
    // A job that waits for the decision that goes away here would hold the repository up for good.
    withdraw_jobs(draft, repository);
    // The agents that asked and judged are followed by others.
    let reviewer = draft.item.sub_plans.get(repository).and_then(SubPlan::open_review);
    if let Some(reviewer) = reviewer.map(|review| review.session) {
        reviews::end(draft, reviewer, Verdict::Failed { reason: "the work was taken up again".to_owned() });
    }
    questions::drop_those_of(draft, repository);
    draft.close_decisions_of(repository);
    draft.close_decisions(|open| open.kind == DecisionKind::Publish);
    draft.emit(ItemFact::SubPlanRetried { repository: repository.to_owned() });
    if let Some(agent) = again.agent {
        let (repository, agent) = (Some(repository.to_owned()), agent.to_owned());
        draft.emit(ItemFact::AgentChosen { repository, agent });
    }
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return };
    let (session, stands) = (sub_plan.session, sub_plan.stage != SubPlanStage::Waiting);
    let text = match again.text.trim() {
        "" => unfinished.clone().unwrap_or_default(),
        text => text.to_owned(),
    };
    if stands && (again.fresh || unfinished.is_some()) {
        if let Some(session) = session {
            draft.close_session(session, "a person had the work started over");
        }
        draft.emit(ItemFact::StartOverWanted { repository: repository.to_owned(), text });
    } else if to_the_judges {
        draft.emit(ItemFact::ChecksRenewed { repository: repository.to_owned() });
    } else if let Some(session) = session {
        succeed(draft, session, (!text.is_empty()).then_some(TurnPurpose::Told { text }));
    }
}

/// Beginning anew takes back what was done, so it is refused where that is with others already.
fn may_start_over(draft: &Draft, name: &str) -> Result<(), Rejection> {
    let number = draft.item.number;
    let published = draft.item.sub_plans.get(name).is_some_and(|sub_plan| sub_plan.published.is_some());
    if published {
        return Err(Rejection::new(
            "item.published",
            format!("g{number}/{name} cannot be started over: what it did was pushed already"),
        )
        .hint(format!("ganger retry g{number}/{name} \"what is to be different\"")));
    }
    Ok(())
}

pub(super) fn retry(
    draft: &mut Draft,
    repository: Option<&str>,
    again: Again,
    mut settings: Settings,
) -> Result<(), Rejection> {
    let number = draft.item.number;
    if let Some(name) = repository {
        let waits = draft.item.decisions.iter().any(|open| open.repository.as_deref() == Some(name));
        if !waits {
            return Err(Rejection::new(
                "item.not_possible_now",
                format!("g{number}/{name} cannot be retried: it did not stop or fail"),
            )
            .hint(format!("ganger show g{number}"))
            .hint(format!("ganger stop g{number}/{name} stops it, so that it can be retried")));
        }
        if again.fresh {
            may_start_over(draft, name)?;
        }
        retry_sub_plan(draft, name, again);
        return Ok(());
    }
    if again.fresh {
        return Err(Rejection::new(
            "item.repository_missing",
            format!("only one repository's work can be started over, not all of g{number}"),
        )
        .hint(format!("ganger retry g{number}/REPOSITORY --fresh")));
    }
    if let Some(agent) = again.agent {
        agent.clone_into(&mut settings.planner);
    }
    if draft.item.approval.is_none() && draft.item.planning.stage == PlanningStage::Failed {
        return super::plan::start(draft, settings);
    }
    let planner = draft.item.decisions.iter().find_map(|open| match open.kind {
        DecisionKind::SessionFailed { session } if open.repository.is_none() => Some(session),
        _ => None,
    });
    let stopped: Vec<String> = draft
        .item
        .decisions
        .iter()
        .filter(|open| matches!(open.kind, DecisionKind::Stopped { .. } | DecisionKind::SessionFailed { .. }))
        .filter_map(|open| open.repository.clone())
        .collect();
    if let Some(planner) = planner {
        if let Some(agent) = again.agent {
            draft.emit(ItemFact::AgentChosen { repository: None, agent: agent.to_owned() });
        }
        // Its questions are its child's.
        draft.close_decisions(|open| open.kind == DecisionKind::SessionFailed { session: planner });
        succeed(draft, planner, None);
    } else if stopped.is_empty() {
        return Err(not_now(&draft.item, "retried"));
    }
    for name in stopped {
        retry_sub_plan(draft, &name, again);
    }
    Ok(())
}

pub(super) fn publish(draft: &mut Draft) -> Result<(), Rejection> {
    let proven = !draft.item.sub_plans.is_empty()
        && draft
            .item
            .sub_plans
            .values()
            .all(|sub_plan| matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published));
    // What a change of the plan may still send back is not pushed.
    if !proven || draft.item.publishing || draft.item.plan_is_open() {
        return Err(not_now(&draft.item, "published"));
    }
    draft.close_decisions(|open| matches!(open.kind, DecisionKind::Publish));
    draft.emit(ItemFact::PublishingWanted {});
    Ok(())
}
