//! Calls of our tools. A call is answered only after its fact is committed; `reply` reads the answer off the state.

use crate::foreman::answer::{Confidence, Proposal};
use crate::ids::SessionId;
use crate::plan::ParseErrors;
use crate::prompts::PlanningTemplates;
use crate::question::{QuestionSource, QuestionText};
use crate::review::output;
use crate::session::SessionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::questions::Caller;
use crate::work_item::state::{Channel, CritiqueState, GivenAnswer, RequestKind};
use crate::work_item::{questions, replanning, reviews};
use serde_json::Value;

/// Documents and reviews that may be refused within one turn.
const MAX_REFUSALS: u32 = 10;

pub(super) fn call(
    draft: &mut Draft,
    id: SessionId,
    incarnation: u64,
    call_id: &str,
    channel: Channel,
    name: &str,
    arguments: &Value,
) {
    let Some(session) = draft.item.session(id) else { return };
    let known =
        session.requests.iter().any(|known| known.incarnation == incarnation && known.wire_id == call_id);
    if known || session.incarnation != incarnation || session.turn.is_none() {
        return;
    }
    let kind = session.kind;
    let caller = Caller { session: id, incarnation, wire_id: call_id, channel };
    match (kind, name) {
        (SessionKind::Planning, "submit_plan") => {
            let (text, is_error) = submit_plan(draft, arguments);
            answer_at_once(draft, &caller, text, is_error);
        }
        (SessionKind::Review, "submit_review") => {
            let (text, is_error) = submit_review(draft, id, arguments);
            answer_at_once(draft, &caller, text, is_error);
        }
        (SessionKind::Foreman, "propose_answer") => {
            let (text, is_error) = propose_answer(draft, id, arguments);
            answer_at_once(draft, &caller, text, is_error);
        }
        (SessionKind::Planning, "ask_user") => ask(draft, &caller, QuestionSource::AskUser, arguments),
        (SessionKind::Implementation | SessionKind::Review, "ask_foreman") => {
            ask(draft, &caller, QuestionSource::AskForeman, arguments);
        }
        (kind, name) => {
            let tools = match kind {
                SessionKind::Planning => "submit_plan and ask_user",
                SessionKind::Implementation => "ask_foreman",
                SessionKind::Review => "submit_review and ask_foreman",
                SessionKind::Foreman => "propose_answer",
            };
            let text = format!("there is no tool \"{name}\" in this session; there is: {tools}");
            answer_at_once(draft, &caller, text, true);
        }
    }
}

fn ask(draft: &mut Draft, caller: &Caller<'_>, source: QuestionSource, arguments: &Value) {
    match QuestionText::from_arguments(arguments) {
        Ok(text) => questions::ask(draft, caller, source, text),
        Err(problem) => answer_at_once(draft, caller, problem.to_string(), true),
    }
}

fn answer_at_once(draft: &mut Draft, caller: &Caller<'_>, text: String, is_error: bool) {
    draft.emit(ItemFact::RequestOpened {
        session: caller.session,
        incarnation: caller.incarnation,
        wire_id: caller.wire_id.to_owned(),
        channel: caller.channel,
        request: RequestKind::Tool,
    });
    let answer = GivenAnswer::Text { text, is_error };
    draft.emit(ItemFact::RequestAnswered {
        session: caller.session,
        wire_id: caller.wire_id.to_owned(),
        answer,
    });
}

fn submit_plan(draft: &mut Draft, arguments: &Value) -> (String, bool) {
    let Some(document) = arguments.get("document").and_then(Value::as_str) else {
        return ("submit_plan needs a `document`: the whole plan as Markdown text".to_owned(), true);
    };
    if draft.item.planning.refusals >= MAX_REFUSALS {
        let text = format!(
            "{MAX_REFUSALS} documents were refused in this turn, so no further one is read; end the turn and say what is unclear"
        );
        return (text, true);
    }
    match replanning::scoped(&draft.item, document) {
        Ok(document) => {
            let only = match &draft.item.planning.only {
                Some(only) => format!(
                    " Only the sub-plan of `{only}` was taken from it; everything else stays as it was."
                ),
                None => String::new(),
            };
            let accepted = Some(document);
            draft.emit(ItemFact::PlanSubmitted { accepted, errors: ParseErrors::default() });
            (format!("The plan is accepted.{only} End your turn now; a person will read it."), false)
        }
        Err(errors) => {
            let text = PlanningTemplates::refused_submission(&errors);
            draft.emit(ItemFact::PlanSubmitted { accepted: None, errors });
            (text, true)
        }
    }
}

fn submit_review(draft: &mut Draft, id: SessionId, arguments: &Value) -> (String, bool) {
    let Some((repository, review)) = reviews::of(draft, id).filter(|(_, review)| review.verdict.is_none())
    else {
        return ("this review is over".to_owned(), true);
    };
    if review.refusals >= MAX_REFUSALS {
        let text = format!("{MAX_REFUSALS} submissions were refused in this turn, so no further one is read");
        return (text, true);
    }
    match output::from_arguments(arguments) {
        Ok(findings) => {
            let repeated: Vec<u32> = findings.iter().filter_map(|finding| finding.resolves).collect();
            let fixed: Vec<String> = draft
                .item
                .critiques_of(&repository)
                .filter(|critique| critique.state == CritiqueState::Open)
                .filter(|critique| !repeated.contains(&critique.ordinal))
                .map(|critique| critique.ordinal.to_string())
                .collect();
            let fixed = match fixed.len() {
                0 => String::new(),
                _ => format!(" Counted as fixed, because you did not repeat them: {}.", fixed.join(", ")),
            };
            draft.emit(ItemFact::ReviewSubmitted {
                session: id,
                accepted: Some(findings),
                problem: String::new(),
            });
            (format!("The review is taken.{fixed} End your turn now."), false)
        }
        Err(problem) => {
            let problem = problem.to_string();
            let refused = ItemFact::ReviewSubmitted { session: id, accepted: None, problem: problem.clone() };
            draft.emit(refused);
            (format!("The review was not taken: {problem}"), true)
        }
    }
}

fn propose_answer(draft: &mut Draft, id: SessionId, arguments: &Value) -> (String, bool) {
    let turn = draft.item.session(id).and_then(|session| session.turn.as_ref());
    let asked = turn.and_then(|turn| questions::of_turn(&turn.purpose));
    let Some(question) = asked.and_then(|question| draft.item.question(question)).cloned() else {
        return ("no question is open in this turn".to_owned(), true);
    };
    let number = match arguments.get("question_id") {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    if number != Some(u64::from(question.ordinal)) {
        let text = format!("this turn is about question {}; answer that one", question.ordinal);
        return (text, true);
    }
    let answer = arguments.get("answer").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if answer.is_empty() {
        return ("propose_answer needs an `answer`: a text of at least one character".to_owned(), true);
    }
    if question.end.is_some() {
        return (format!("question {} has its answer already", question.ordinal), true);
    }
    let word = arguments.get("confidence").and_then(Value::as_str).unwrap_or_default();
    let confidence = Confidence::of(word);
    questions::propose(draft, question.id, Proposal { answer, confidence });
    let text = match (confidence, question.escalated) {
        (Confidence::High, false) => "The answer is given. End your turn now.",
        _ => "A person will decide. End your turn now.",
    };
    (text.to_owned(), false)
}
