//! The life of a question: asked, with the Foreman or a person, ended once. Whoever waits gets the one answer; an
//! agent that did not wait for it is told at the beginning of its next turn.

use super::decision::DecisionKind;
use super::draft::Draft;
use super::event::ItemFact;
use super::state::{Answerer, Channel, Question, QuestionEnd, RequestKind, TurnPurpose};
use super::texts;
use crate::effect::{Action, TimerPurpose};
use crate::foreman::answer::{Confidence, Proposal};
use crate::ids::{QuestionId, SessionId};
use crate::question::{QuestionSource, QuestionText};
use crate::session::SessionKind;

/// Turns of the Foreman that die on a question before a person is asked.
const MAX_TRIES: u32 = 3;
/// Turns of the Foreman that end without an answer before a person is asked.
const MAX_SILENT_TRIES: u32 = 2;

/// A request as it came: who waits, and where its answer goes.
pub(super) struct Caller<'a> {
    pub(super) session: SessionId,
    pub(super) incarnation: u64,
    pub(super) wire_id: &'a str,
    pub(super) channel: Channel,
}

/// Whether the answers of such sessions are for all: the FAQ. What a planner asks is its own.
const fn shares(kind: SessionKind) -> bool {
    matches!(kind, SessionKind::Implementation | SessionKind::Review)
}

/// The question that this is again: of the same line of sessions, or answered for, or asked by, another one.
fn same(draft: &Draft, asker: SessionId, text: &QuestionText) -> Option<Question> {
    let key = text.key();
    let shared = |id: SessionId| draft.item.session(id).is_some_and(|session| shares(session.kind));
    let fits = |known: &&Question| {
        let own = draft.item.descends(asker, known.session);
        let others = shared(asker) && shared(known.session);
        match known.end {
            Some(QuestionEnd::Dropped) => false,
            Some(QuestionEnd::Skipped { .. }) => own,
            Some(QuestionEnd::Answered(_)) | None => own || others,
        }
    };
    draft.item.questions.iter().filter(|known| known.text.key() == key).find(fits).cloned()
}

/// Whether questions can go to a Foreman.
fn has_foreman(draft: &Draft) -> bool {
    let given_up =
        draft.item.foreman.and_then(|id| draft.item.session(id)).is_some_and(|session| session.closed);
    draft.item.settings.foreman.is_some() && !given_up
}

pub(super) fn ask(draft: &mut Draft, caller: &Caller<'_>, source: QuestionSource, text: QuestionText) {
    let Some(kind) = draft.item.session(caller.session).map(|session| session.kind) else { return };
    let known = same(draft, caller.session, &text);
    let question = match &known {
        Some(known) => {
            if !known.sessions.contains(&caller.session) {
                draft.emit(ItemFact::QuestionJoined { question: known.id, session: caller.session });
            }
            known.id
        }
        None => {
            let question = QuestionId::new(draft.ids.ulid());
            draft.emit(ItemFact::QuestionAsked { question, session: caller.session, source, text });
            if let Some(limit) = draft.item.settings.question_timeout_ms.filter(|_| shares(kind)) {
                draft.mint(Action::Timer {
                    at_awake_ms: draft.now.awake_ms.saturating_add(limit),
                    at_wall_ms: None,
                    purpose: TimerPurpose::Question { question },
                });
            }
            question
        }
    };
    draft.emit(ItemFact::RequestOpened {
        session: caller.session,
        incarnation: caller.incarnation,
        wire_id: caller.wire_id.to_owned(),
        channel: caller.channel,
        request: RequestKind::Question { question },
    });
    match known.and_then(|known| known.end) {
        Some(end) => {
            let text = match end {
                QuestionEnd::Answered(answer) => answer.text,
                QuestionEnd::Skipped { reason } => texts::skipped(&reason),
                QuestionEnd::Dropped => return,
            };
            draft.emit(ItemFact::RequestAnswered {
                session: caller.session,
                wire_id: caller.wire_id.to_owned(),
                answer: super::state::GivenAnswer::Text { text, is_error: false },
            });
        }
        None if kind == SessionKind::Planning || source.is_for_person() => {
            escalate(draft, question, "it is for you");
        }
        None if !has_foreman(draft) => escalate(draft, question, "there is no Foreman to answer it"),
        None => {}
    }
}

/// A person is to answer it.
pub(super) fn escalate(draft: &mut Draft, id: QuestionId, reason: &str) {
    let Some(question) = draft.item.question(id).filter(|question| question.waits_for_foreman()).cloned()
    else {
        return;
    };
    draft.emit(ItemFact::QuestionEscalated { question: id, reason: reason.to_owned() });
    let repository = draft.item.session(question.session).and_then(|session| session.repository.clone());
    draft.open_decision(
        DecisionKind::Question { question: id },
        repository.as_deref(),
        question.text.title(),
        question.text.labels(),
    );
}

/// What ends with every question, however it ends.
fn ended(draft: &mut Draft, id: QuestionId) {
    draft.close_decisions(|open| open.kind == DecisionKind::Question { question: id });
    draft.settle_timers(TimerPurpose::Question { question: id });
}

/// Sessions of a question whose agent does not wait for it at this moment, but can still be told.
fn to_be_told(draft: &Draft, question: &Question) -> Vec<SessionId> {
    let mut told: Vec<SessionId> = Vec::new();
    for asker in &question.sessions {
        let Some(asked) = draft.item.session(*asker) else { continue };
        let live = match (asked.kind, &asked.repository) {
            (SessionKind::Implementation, Some(repository)) => {
                draft.item.sub_plans.get(repository).and_then(|sub_plan| sub_plan.session)
            }
            _ => None,
        };
        let Some(live) = live.filter(|live| draft.item.descends(*live, *asker)) else { continue };
        let Some(session) = draft.item.session(live).filter(|session| !session.closed) else { continue };
        let asks = |kind: &RequestKind| matches!(kind, RequestKind::Question { question: asked } if *asked == question.id);
        let waits = session.requests.iter().any(|request| request.answer.is_none() && asks(&request.kind));
        // A turn that takes up an interrupted one is told every answer anyway.
        let resumes = session.turn.is_none() && matches!(session.want, Some(TurnPurpose::Resume { .. }));
        if !waits && !resumes && !told.contains(&live) {
            told.push(live);
        }
    }
    told
}

fn tell(draft: &mut Draft, id: QuestionId, sessions: Vec<SessionId>) {
    let Some(question) = draft.item.question(id) else { return };
    let text = texts::late_answer(question);
    for session in sessions {
        draft.tell(session, text.clone());
    }
}

pub(super) fn answer(draft: &mut Draft, id: QuestionId, text: String, by: Answerer) {
    let Some(question) = draft.item.question(id).filter(|question| question.end.is_none()).cloned() else {
        return;
    };
    let sessions = to_be_told(draft, &question);
    draft.emit(ItemFact::QuestionAnswered { question: id, text, by });
    ended(draft, id);
    tell(draft, id, sessions);
}

pub(super) fn skip(draft: &mut Draft, id: QuestionId, reason: &str) {
    let Some(question) = draft.item.question(id).filter(|question| question.end.is_none()).cloned() else {
        return;
    };
    let sessions = to_be_told(draft, &question);
    draft.emit(ItemFact::QuestionSkipped { question: id, reason: reason.to_owned() });
    ended(draft, id);
    tell(draft, id, sessions);
}

/// A person's other answer; everybody who used the first one is told.
pub(super) fn correct(draft: &mut Draft, id: QuestionId, text: String) {
    let Some(question) = draft.item.question(id).cloned() else { return };
    let sessions = to_be_told(draft, &question);
    draft.emit(ItemFact::FaqCorrected { question: id, text });
    tell(draft, id, sessions);
}

fn drop_questions(draft: &mut Draft, which: impl Fn(&Draft, &Question) -> bool) {
    let open = draft.item.questions.iter().filter(|question| question.end.is_none());
    let dropped: Vec<QuestionId> =
        open.filter(|question| which(draft, question)).map(|question| question.id).collect();
    for question in dropped {
        draft.emit(ItemFact::QuestionDropped { question });
        ended(draft, question);
    }
}

/// The planner's questions that nobody answered: the plan, or its failure, made them idle.
pub(super) fn drop_planning(draft: &mut Draft) {
    drop_questions(draft, |draft, question| {
        draft.item.session(question.session).is_some_and(|session| session.kind == SessionKind::Planning)
    });
}

/// Questions of a repository's sessions that nobody asks any more.
pub(super) fn drop_those_of(draft: &mut Draft, repository: &str) {
    drop_questions(draft, |draft, question| {
        question.sessions.iter().all(|asker| {
            draft.item.session(*asker).and_then(|session| session.repository.as_deref()) == Some(repository)
        })
    });
}

/// Questions that only this session asked: its end made them idle.
pub(super) fn drop_of_session(draft: &mut Draft, session: SessionId) {
    drop_questions(draft, |_, question| question.sessions == [session]);
}

/// Everything is done: nobody asks any more.
pub(super) fn drop_all(draft: &mut Draft) {
    drop_questions(draft, |_, _| true);
}

/// The question that a turn of the Foreman is for.
pub(super) fn of_turn(purpose: &TurnPurpose) -> Option<QuestionId> {
    match purpose {
        TurnPurpose::AnswerQuestion { question } | TurnPurpose::Discuss { question, .. } => Some(*question),
        TurnPurpose::Resume { interrupted } => of_turn(interrupted),
        _ => None,
    }
}

/// The Foreman has an answer: sure ones are given at once, others are a person's to decide.
pub(super) fn propose(draft: &mut Draft, id: QuestionId, proposal: Proposal) {
    let Some(question) = draft.item.question(id).filter(|question| question.end.is_none()).cloned() else {
        return;
    };
    draft.emit(ItemFact::QuestionProposed { question: id, proposal: proposal.clone() });
    match (proposal.confidence, question.escalated) {
        (Confidence::High, false) => answer(draft, id, proposal.answer, Answerer::Foreman),
        (Confidence::Uncertain, false) => escalate(draft, id, "the Foreman is not sure"),
        // A person has it already, and decides.
        (_, true) => {}
    }
}

/// A turn of the Foreman brought nothing.
pub(super) fn tried(draft: &mut Draft, id: QuestionId, reason: &str, died: bool) {
    if draft.item.question(id).is_none_or(|question| question.end.is_some()) {
        return;
    }
    draft.emit(ItemFact::QuestionTried { question: id, reason: reason.to_owned() });
    let limit = if died { MAX_TRIES } else { MAX_SILENT_TRIES };
    if draft.item.question(id).is_some_and(|question| question.tries >= limit) {
        escalate(draft, id, &format!("the Foreman did not answer it: {reason}"));
    }
}

/// There is no Foreman any more: every question that waits for it is a person's.
pub(super) fn without_foreman(draft: &mut Draft, reason: &str) {
    let waiting: Vec<QuestionId> = draft
        .item
        .questions
        .iter()
        .filter(|question| question.waits_for_foreman())
        .map(|question| question.id)
        .collect();
    for question in waiting {
        escalate(draft, question, reason);
    }
}
