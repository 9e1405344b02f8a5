//! Waves, worktrees, implementers, candidates, publishing.

use super::{complete, has_job, proving};
use crate::effect::Action;
use crate::ids::SessionId;
use crate::repository::RepositoryBase;
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{
    CritiqueState, HostState, Place, PushPolicy, SubPlan, SubPlanStage, TurnPurpose, WaveStage,
};
use crate::work_item::{reviews, texts};

/// Whether a decision, or a question of one of its agents, holds a repository up.
fn blocked(draft: &Draft, repository: &str) -> bool {
    let asked_here = |id: &SessionId| {
        draft.item.session(*id).is_some_and(|session| session.repository.as_deref() == Some(repository))
    };
    draft.item.decisions.iter().any(|open| open.repository.as_deref() == Some(repository))
        || draft
            .item
            .questions
            .iter()
            .any(|question| question.end.is_none() && question.sessions.iter().any(asked_here))
}

/// Whether something still works, or is being withdrawn, in the repository's checkouts.
fn busy(draft: &Draft, name: &str) -> bool {
    has_job(draft, |action| match action {
        Action::StartOver { base: RepositoryBase { name: repository, .. }, .. }
        | Action::Setup { repository, .. }
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
            rebase(draft, repository);
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
    // A plan that is being changed may still change what has not begun.
    if waits || stopped || running || draft.item.plan_is_open() {
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
        SubPlanStage::StartingOver => start_over(draft, &sub_plan, base),
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
            let on = draft.item.earlier_commits(repository);
            draft.emit(ItemFact::SubPlanBased { repository: repository.to_owned(), on });
            match (sub_plan.session, &sub_plan.afresh) {
                (Some(_), _) => draft.tell(session, texts::plan_changed(&draft.item)),
                (None, Some(afresh)) => draft.tell(session, texts::afresh(&draft.item, repository, afresh)),
                (None, None) => {}
            }
            draft.want_turn(session, TurnPurpose::Implement);
        }
        SubPlanStage::Working => wake(draft, repository, &sub_plan),
        SubPlanStage::Taking => {
            if let Some(session) = sub_plan.session {
                take_candidate(draft, session, repository, false);
            }
        }
        SubPlanStage::Proving => proving::prove(draft, repository, &sub_plan, &base),
        SubPlanStage::Proven => hear(draft, repository, &sub_plan),
        SubPlanStage::Waiting | SubPlanStage::Reviewing | SubPlanStage::Published | SubPlanStage::Stopped => {
        }
    }
}

/// The worktree is made anew, once nobody is in it any more.
fn start_over(draft: &mut Draft, sub_plan: &SubPlan, base: RepositoryBase) {
    let place = Place::Worktree(&base.name);
    let taken =
        draft.item.sessions.iter().any(|other| other.place() == place && other.host != HostState::None);
    if taken {
        return;
    }
    let attempt = sub_plan.session.map_or_else(|| draft.ids.ulid().to_string(), |id| id.to_string());
    let (branch, date) = (draft.item.branch.clone(), draft.now.wall_ms / 1000);
    draft.mint(Action::StartOver { attempt, branch, base, date });
}

/// What an implementer stood on has changed: it is told, and what it did is looked at again.
fn rebase(draft: &mut Draft, repository: &str) {
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return };
    let Some(session) = sub_plan.session.filter(|_| sub_plan.stage != SubPlanStage::Published) else {
        return;
    };
    let on = draft.item.earlier_commits(repository);
    if sub_plan.built_on == on {
        return;
    }
    let text = texts::stale(&draft.item, &sub_plan.built_on, &on);
    draft.emit(ItemFact::SubPlanBased { repository: repository.to_owned(), on });
    draft.tell(session, text);
}

/// Something was said to an implementer that was done: it goes on.
pub(super) fn hear(draft: &mut Draft, repository: &str, sub_plan: &SubPlan) {
    let Some(session) = sub_plan.session.and_then(|id| draft.item.session(id)) else { return };
    if session.words.is_empty() || session.turn.is_some() || session.want.is_some() {
        return;
    }
    draft.close_decisions(|open| open.kind == DecisionKind::Publish);
    let reason = "its implementer was told something".to_owned();
    draft.emit(ItemFact::SubPlanReopened { repository: repository.to_owned(), reason });
    give_turn(draft, repository, TurnPurpose::Hear);
}

/// Gives a repository's implementer a turn: in its own conversation, or in a child's where it was closed.
pub(super) fn give_turn(draft: &mut Draft, repository: &str, purpose: TurnPurpose) {
    let Some(session) = draft.item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session) else {
        return;
    };
    let Some(session) = draft.item.session(session).cloned() else { return };
    let id = if session.closed {
        let child = draft.create_session(session.kind, Some(repository), session.agent, Some(session.id));
        draft.emit(ItemFact::SubPlanBegun { repository: repository.to_owned(), session: child });
        for text in session.words {
            draft.tell(child, text);
        }
        child
    } else {
        session.id
    };
    draft.want_turn(id, purpose);
}

/// An implementer's turn ended: what it was told meanwhile comes first, then what it left becomes a candidate.
pub(super) fn turn_ended(draft: &mut Draft, id: SessionId, repository: &str, purpose: &TurnPurpose) {
    let Some(session) = draft.item.session(id) else { return };
    let works = draft
        .item
        .sub_plans
        .get(repository)
        .is_some_and(|sub_plan| sub_plan.session == Some(id) && sub_plan.stage == SubPlanStage::Working);
    let urgent = draft
        .item
        .critiques_of(repository)
        .any(|critique| critique.urgent && !critique.told && critique.state == CritiqueState::Open);
    if works && !session.words.is_empty() {
        draft.want_turn(id, TurnPurpose::Hear);
    } else if works && urgent {
        proving::reimplement(draft, repository);
    } else {
        take_candidate(draft, id, repository, hears(purpose));
    }
}

/// Whether a turn was for hearing something only, so that it may leave nothing.
fn hears(purpose: &TurnPurpose) -> bool {
    match purpose {
        TurnPurpose::Hear => true,
        TurnPurpose::Resume { interrupted } => hears(interrupted),
        _ => false,
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
    give_turn(draft, repository, purpose);
}

/// What a turn left becomes a candidate.
fn take_candidate(draft: &mut Draft, session: SessionId, repository: &str, may_be_nothing: bool) {
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
        optional: may_be_nothing && last.is_some(),
    });
}

/// Everything is proven: one repository after the other, in landing order. Not while the plan may still change.
fn publish(draft: &mut Draft) {
    if draft.item.plan_is_open() {
        return;
    }
    if !draft.item.publishing {
        match draft.item.settings.push {
            // What a person has against it, and nobody was sent to mend, is not passed over without a word.
            PushPolicy::Auto if reviews::passed_over(&draft.item).next().is_none() => {
                draft.close_decisions(|open| open.kind == DecisionKind::Publish);
                draft.emit(ItemFact::PublishingWanted {});
            }
            PushPolicy::Never => complete(draft),
            PushPolicy::Auto | PushPolicy::Ask => {
                let asked =
                    draft.item.decisions.iter().any(|open| matches!(open.kind, DecisionKind::Publish));
                if !asked {
                    let text = texts::publish_question(&draft.item);
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
