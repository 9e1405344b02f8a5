//! Moving a decision.

use super::{plan, steer};
use crate::agent::PermissionKind;
use crate::aggregate::Rejection;
use crate::effect::{Action, EffectStep};
use crate::ids::{DecisionId, EffectId};
use crate::work_item::decision::{Choice, Decision, DecisionKind};
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{GivenAnswer, RequestKind, TurnPurpose};

fn words(decision: &Decision) -> String {
    if decision.options.is_empty() {
        return decision.kind.choices().iter().map(|choice| choice.word()).collect::<Vec<_>>().join(", ");
    }
    decision
        .options
        .iter()
        .enumerate()
        .map(|(index, option)| format!("{} ({option})", index + 1))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The option that a person means: its number from 1, or its own words.
fn option(decision: &Decision, typed: &str) -> Option<String> {
    let by_number =
        typed.parse::<usize>().ok().and_then(|number| decision.options.get(number.wrapping_sub(1)));
    by_number.or_else(|| decision.options.iter().find(|option| option.eq_ignore_ascii_case(typed))).cloned()
}

fn choose(decision: &Decision, typed: Option<&str>, text: &str) -> Result<(Choice, String), Rejection> {
    let choices = decision.kind.choices();
    let unknown = |typed: &str| {
        Rejection::new(
            "decision.no_such_choice",
            format!("there is no choice \"{typed}\" here; possible: {}", words(decision)),
        )
    };
    match typed {
        Some(typed) if choices == [Choice::Answer] => {
            let mut answer = option(decision, typed).ok_or_else(|| unknown(typed))?;
            if !text.trim().is_empty() {
                answer = format!("{answer}\n\n{}", text.trim());
            }
            Ok((Choice::Answer, answer))
        }
        Some(typed) => {
            let found = choices.iter().find(|choice| choice.word() == typed);
            let choice = *found.ok_or_else(|| unknown(typed))?;
            if choice == Choice::Tell && text.trim().is_empty() {
                return Err(Rejection::new(
                    "decision.text_missing",
                    "\"tell\" needs the words for the agent",
                ));
            }
            Ok((choice, text.trim().to_owned()))
        }
        None if text.trim().is_empty() => Err(Rejection::new(
            "decision.choice_missing",
            format!("this decision needs a choice; possible: {}", words(decision)),
        )),
        None => {
            let spoken = choices.iter().find(|choice| matches!(choice, Choice::Answer | Choice::Tell));
            let choice = *spoken.ok_or_else(|| {
                Rejection::new(
                    "decision.choice_missing",
                    format!("words alone do not move this decision; possible: {}", words(decision)),
                )
            })?;
            Ok((choice, text.trim().to_owned()))
        }
    }
}

pub(super) fn answer(
    draft: &mut Draft,
    id: DecisionId,
    typed: Option<&str>,
    text: &str,
) -> Result<(), Rejection> {
    let Some(decision) = draft.item.decision(id).cloned() else {
        return Err(Rejection::new(
            "decision.settled",
            format!("this decision of g{} does not wait any more", draft.item.number),
        )
        .hint("ganger inbox"));
    };
    let (choice, text) = choose(&decision, typed, text)?;
    // What the plan's own commands do is theirs, so that there is one way only.
    match (&decision.kind, choice) {
        (DecisionKind::Plan { .. }, Choice::Approve) => return plan::approve(draft, None),
        (DecisionKind::Plan { .. }, _) => return plan::reject(draft, text),
        _ => {}
    }
    draft.emit(ItemFact::DecisionResolved { decision: id, choice: Some(choice), text: text.clone() });
    apply(draft, &decision, choice, text);
    Ok(())
}

/// A job that fails again and again is given up, and with it what needs it.
fn give_up(draft: &mut Draft, effect: EffectId) {
    let Some(action) = draft.item.owed().get(effect).map(|owed| owed.effect.action.clone()) else { return };
    match action {
        Action::Provision { wave, repositories, .. } => {
            draft.settle(effect);
            let reason = "the worktrees could not be made".to_owned();
            draft.emit(ItemFact::WaveRefused { wave, reason });
            for base in repositories {
                steer::stop_sub_plan(draft, &base.name);
            }
        }
        // What a dead host may have left is swept, whatever becomes of the work: nothing may start before.
        Action::Sweep { session, .. } => {
            draft.emit(ItemFact::Effect(EffectStep::Woken { id: effect }));
            match draft.item.session(session).map(|session| session.repository.clone()) {
                Some(Some(repository)) => steer::stop_sub_plan(draft, &repository),
                _ => steer::stop_planning(draft),
            }
        }
        action => {
            draft.settle(effect);
            match steer::repository_of(&action) {
                Some(repository) => steer::stop_sub_plan(draft, repository),
                None => steer::stop_planning(draft),
            }
        }
    }
}

fn apply(draft: &mut Draft, decision: &Decision, choice: Choice, text: String) {
    let repository = decision.repository.clone();
    match (&decision.kind, choice) {
        (DecisionKind::Question { question }, _) => {
            draft.emit(ItemFact::QuestionAnswered { question: *question, answer: text });
        }
        (DecisionKind::Permission { session }, choice) => {
            let allowed = choice == Choice::Allow;
            let request = draft.item.session(*session).and_then(|session| {
                session.requests.iter().find_map(|request| match &request.kind {
                    RequestKind::Permission { decision: id, options, .. } if *id == decision.id => {
                        Some((request.wire_id.clone(), options.clone()))
                    }
                    _ => None,
                })
            });
            if let Some((wire_id, options)) = request {
                let wanted = if allowed {
                    [PermissionKind::AllowOnce, PermissionKind::AllowAlways]
                } else {
                    [PermissionKind::RejectOnce, PermissionKind::RejectAlways]
                };
                let id = wanted
                    .iter()
                    .find_map(|kind| options.iter().find(|option| option.kind == *kind))
                    .map(|option| option.id.clone());
                draft.emit(ItemFact::RequestAnswered {
                    session: *session,
                    wire_id,
                    answer: GivenAnswer::Option { id },
                });
            }
        }
        (DecisionKind::PlanningFailed, Choice::Retry) => {
            let settings = draft.item.settings.clone();
            let feedback = draft.item.planning.feedback.clone();
            draft.emit(ItemFact::PlanningStarted { settings, feedback });
        }
        (DecisionKind::PlanningFailed, _) => draft.emit(ItemFact::PlanRejected { reason: text }),
        (DecisionKind::ProvisionFailed { wave }, Choice::Stop) => {
            let repositories = draft
                .item
                .waves
                .get(*wave as usize)
                .map(|wave| wave.repositories.clone())
                .unwrap_or_default();
            for repository in repositories {
                steer::stop_sub_plan(draft, &repository);
            }
        }
        (DecisionKind::JobFailed { effect }, Choice::Retry) => {
            draft.emit(ItemFact::Effect(EffectStep::Woken { id: *effect }));
        }
        (DecisionKind::JobFailed { effect }, _) => give_up(draft, *effect),
        (DecisionKind::SessionFailed { session }, Choice::Retry) => steer::succeed(draft, *session, None),
        (DecisionKind::SessionFailed { .. }, _) if repository.is_none() => steer::stop_planning(draft),
        (DecisionKind::Publish, _) => draft.emit(ItemFact::PublishingWanted {}),
        (DecisionKind::CandidateFindings { repository }, Choice::Accept) => {
            draft.emit(ItemFact::CandidateAccepted { repository: repository.clone() });
        }
        (
            DecisionKind::ChecksBroke { repository } | DecisionKind::ChecksNotRun { repository },
            Choice::Accept,
        ) => {
            draft.emit(ItemFact::SubPlanProven { repository: repository.clone() });
        }
        (DecisionKind::ChecksNotRun { repository }, Choice::Retry) => {
            draft.emit(ItemFact::ChecksRenewed { repository: repository.clone() });
        }
        (DecisionKind::Stopped { repository }, _) => steer::retry_sub_plan(draft, repository, &text),
        (_, Choice::Tell) => {
            if let Some(repository) = &repository {
                steer::tell(draft, repository, TurnPurpose::Told { text });
            }
        }
        (_, Choice::Stop) => {
            if let Some(repository) = &repository {
                steer::stop_sub_plan(draft, repository);
            }
        }
        // The rest goes on by itself now that nothing waits: the next step is owed again.
        _ => {}
    }
}
