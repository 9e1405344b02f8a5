//! Moving a decision.

use super::{plan, steer};
use crate::agent::PermissionKind;
use crate::aggregate::Rejection;
use crate::effect::{Action, EffectStep};
use crate::ids::{DecisionId, EffectId, QuestionId};
use crate::work_item::absorb::unread;
use crate::work_item::decision::{Choice, Decision, DecisionKind};
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::state::{Answerer, GivenAnswer, Question, RequestKind, SubPlanStage, TurnPurpose};
use crate::work_item::{budget, questions};

/// The decision, as long as it waits. Whoever comes second is told what the first one said.
fn waiting(draft: &Draft, id: DecisionId) -> Result<Decision, Rejection> {
    draft.item.decision(id).cloned().ok_or_else(|| {
        Rejection::new(
            "decision.settled",
            format!("this decision of g{} does not wait any more", draft.item.number),
        )
        .hint("ganger inbox")
    })
}

/// The question of a decision.
fn question(draft: &Draft, id: DecisionId, what: &str) -> Result<Question, Rejection> {
    let decision = waiting(draft, id)?;
    let DecisionKind::Question { question } = decision.kind else {
        return Err(Rejection::new(
            "decision.no_question",
            format!(
                "this decision is not a question, so it cannot be {what}; possible: {}",
                words(&decision)
            ),
        ));
    };
    draft.item.question(question).cloned().ok_or_else(|| {
        Rejection::new("decision.settled", format!("this question of g{} is gone", draft.item.number))
    })
}

fn words(decision: &Decision) -> String {
    decision.kind.choices().iter().map(|choice| choice.word()).collect::<Vec<_>>().join(", ")
}

fn choose(decision: &Decision, choices: &[String], text: &str) -> Result<(Choice, String), Rejection> {
    let possible = decision.kind.choices();
    match choices {
        [typed] => {
            let found = possible.iter().find(|choice| choice.word() == typed);
            let choice = *found.ok_or_else(|| {
                Rejection::new(
                    "decision.no_such_choice",
                    format!("there is no choice \"{typed}\" here; possible: {}", words(decision)),
                )
            })?;
            if choice == Choice::Tell && text.trim().is_empty() {
                return Err(Rejection::new(
                    "decision.text_missing",
                    "\"tell\" needs the words for the agent",
                ));
            }
            Ok((choice, text.trim().to_owned()))
        }
        [] if text.trim().is_empty() => Err(Rejection::new(
            "decision.choice_missing",
            format!("this decision needs a choice; possible: {}", words(decision)),
        )),
        [] => {
            let spoken = possible.iter().find(|choice| **choice == Choice::Tell);
            let choice = *spoken.ok_or_else(|| {
                Rejection::new(
                    "decision.choice_missing",
                    format!("words alone do not move this decision; possible: {}", words(decision)),
                )
            })?;
            Ok((choice, text.trim().to_owned()))
        }
        several => Err(Rejection::new(
            "decision.one_choice",
            format!("this decision takes one choice, not {}; possible: {}", several.len(), words(decision)),
        )),
    }
}

pub(super) fn answer(
    draft: &mut Draft,
    id: DecisionId,
    choices: &[String],
    text: &str,
) -> Result<(), Rejection> {
    let decision = waiting(draft, id)?;
    if let DecisionKind::Question { .. } = decision.kind {
        let question = question(draft, id, "answered")?;
        let answer = question
            .text
            .answer(choices, text)
            .map_err(|problem| Rejection::new("question.no_such_answer", problem.to_string()))?;
        resolve_question(draft, id, Choice::Answer, &answer);
        questions::answer(draft, question.id, answer, Answerer::Person);
        return Ok(());
    }
    let (choice, text) = choose(&decision, choices, text)?;
    // What the plan's own commands do is theirs, so that there is one way only.
    match (&decision.kind, choice) {
        (DecisionKind::Plan { .. }, Choice::Approve) => return plan::approve(draft, None),
        (DecisionKind::Plan { .. }, _) => return plan::reject(draft, text),
        (DecisionKind::Budget, Choice::Raise) => {
            let limit = budget::raised(&draft.item, &text)?;
            draft.emit(ItemFact::BudgetRaised { limit });
        }
        _ => {}
    }
    draft.emit(ItemFact::DecisionResolved { decision: id, choice: Some(choice), text: text.clone() });
    apply(draft, &decision, choice, text);
    Ok(())
}

fn resolve_question(draft: &mut Draft, decision: DecisionId, choice: Choice, text: &str) {
    draft.emit(ItemFact::DecisionResolved { decision, choice: Some(choice), text: text.to_owned() });
}

pub(super) fn as_proposed(draft: &mut Draft, id: DecisionId) -> Result<(), Rejection> {
    let question = question(draft, id, "answered as proposed")?;
    let Some(proposal) = question.proposal else {
        return Err(Rejection::new(
            "question.no_proposal",
            "the Foreman proposes no answer to this question, so there is none to take",
        )
        .hint("ganger inbox"));
    };
    resolve_question(draft, id, Choice::Proposed, &proposal.answer);
    questions::answer(draft, question.id, proposal.answer, Answerer::Person);
    Ok(())
}

pub(super) fn skip(draft: &mut Draft, id: DecisionId, text: &str) -> Result<(), Rejection> {
    let question = question(draft, id, "skipped")?;
    let reason = match text.trim() {
        "" => "the person left it to you",
        text => text,
    };
    resolve_question(draft, id, Choice::Skip, reason);
    questions::skip(draft, question.id, reason);
    Ok(())
}

pub(super) fn discuss(draft: &mut Draft, id: DecisionId, text: &str) -> Result<(), Rejection> {
    let question = question(draft, id, "discussed")?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Rejection::new("decision.text_missing", "\"discuss\" needs the words for the Foreman"));
    }
    if !draft.item.foreman_takes_part(&question) {
        return Err(Rejection::new(
            "question.no_foreman",
            "no Foreman takes part in this question, so there is nobody to discuss it with; it can be answered or skipped",
        )
        .hint("ganger inbox"));
    }
    if question.discussion.is_some() {
        return Err(Rejection::new(
            "question.in_discussion",
            "the Foreman is thinking about this question already; its answer will stand in the inbox",
        ));
    }
    draft.emit(ItemFact::QuestionDiscussed { question: question.id, text: text.to_owned() });
    Ok(())
}

pub(super) fn correct(draft: &mut Draft, id: QuestionId, text: &str) -> Result<(), Rejection> {
    let number = draft.item.number;
    let text = text.trim();
    let Some(answer) = draft.item.faq().find(|question| question.id == id).and_then(Question::answer) else {
        return Err(Rejection::new(
            "faq.no_such_entry",
            format!("the FAQ of g{number} has no such entry, so nothing was corrected"),
        )
        .hint(format!("ganger faq g{number}")));
    };
    if text.is_empty() {
        return Err(Rejection::new(
            "decision.text_missing",
            "a correction needs the answer that holds from now on",
        ));
    }
    if answer.text == text {
        return Err(Rejection::new("faq.unchanged", "this is the answer already, so nothing was corrected"));
    }
    questions::correct(draft, id, text.to_owned());
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
        Action::ReadLastMessage { .. } => {
            draft.settle(effect);
            unread(draft, &action, "it was given up");
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
            let only = None;
            draft.emit(ItemFact::PlanningStarted { settings, feedback, only, again: false });
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
            let (repository, because) = (repository.clone(), text);
            draft.emit(ItemFact::CandidateTakenAsIs { repository, because });
        }
        (
            DecisionKind::ReviewStopped { repository, .. } | DecisionKind::ReviewFailed { repository },
            Choice::Accept,
        ) => {
            let (repository, because) = (repository.clone(), text);
            draft.emit(ItemFact::CandidateTakenAsIs { repository, because });
        }
        (DecisionKind::ChecksNotRun { repository }, Choice::Retry) => {
            draft.emit(ItemFact::ChecksRenewed { repository: repository.clone() });
        }
        (DecisionKind::Budget, Choice::Stop) => {
            let names: Vec<String> = draft.item.sub_plans.keys().cloned().collect();
            if draft.item.is_planning() {
                steer::stop_planning(draft);
            }
            for name in names {
                if draft.item.sub_plans.get(&name).is_some_and(|part| part.stage != SubPlanStage::Proven) {
                    steer::stop_sub_plan(draft, &name);
                }
            }
        }
        (DecisionKind::Stopped { repository }, _) => {
            steer::retry_sub_plan(draft, repository, steer::Again { text: &text, ..steer::Again::default() });
        }
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
