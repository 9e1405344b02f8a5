//! Calls of our tools. A call is answered only after its fact is committed; `reply` reads the answer off the state.

use crate::ids::{QuestionId, SessionId};
use crate::plan::{ParseErrors, PlanParser};
use crate::prompts::PlanningTemplates;
use crate::session::SessionKind;
use crate::work_item::decision::DecisionKind;
use crate::work_item::draft::Draft;
use crate::work_item::event::ItemFact;
use crate::work_item::proposal;
use crate::work_item::state::{Channel, GivenAnswer, Question, RequestKind};
use serde_json::Value;

/// Documents that may be refused within one turn.
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
    match (session.kind, name) {
        (SessionKind::Planning, "submit_plan") => {
            let (text, is_error) = submit(draft, arguments);
            answer_at_once(draft, id, incarnation, call_id, channel, text, is_error);
        }
        (SessionKind::Planning, "ask_user") => {
            let text =
                arguments.get("question").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
            let options = arguments.get("options").and_then(Value::as_array).map(|options| {
                options.iter().filter_map(Value::as_str).take(20).map(str::to_owned).collect()
            });
            if text.is_empty() {
                let text = "ask_user needs a `question`: a text of at least one character".to_owned();
                answer_at_once(draft, id, incarnation, call_id, channel, text, true);
            } else {
                question(draft, id, incarnation, call_id, channel, text, options.unwrap_or_default());
            }
        }
        (kind, name) => {
            let tools = match kind {
                SessionKind::Planning => "submit_plan and ask_user",
                SessionKind::Implementation => "none",
            };
            let text = format!("there is no tool \"{name}\" in this session; there is: {tools}");
            answer_at_once(draft, id, incarnation, call_id, channel, text, true);
        }
    }
}

fn answer_at_once(
    draft: &mut Draft,
    id: SessionId,
    incarnation: u64,
    call_id: &str,
    channel: Channel,
    text: String,
    is_error: bool,
) {
    draft.emit(ItemFact::RequestOpened {
        session: id,
        incarnation,
        wire_id: call_id.to_owned(),
        channel,
        request: RequestKind::Tool,
    });
    let answer = GivenAnswer::Text { text, is_error };
    draft.emit(ItemFact::RequestAnswered { session: id, wire_id: call_id.to_owned(), answer });
}

fn submit(draft: &mut Draft, arguments: &Value) -> (String, bool) {
    let Some(document) = arguments.get("document").and_then(Value::as_str) else {
        return ("submit_plan needs a `document`: the whole plan as Markdown text".to_owned(), true);
    };
    if draft.item.planning.refusals >= MAX_REFUSALS {
        let text = format!(
            "{MAX_REFUSALS} documents were refused in this turn, so no further one is read; end the turn and say what is unclear"
        );
        return (text, true);
    }
    match PlanParser::parse_and_validate(document, &proposal::names(&draft.item)) {
        Ok(_) => {
            let accepted = Some(document.to_owned());
            draft.emit(ItemFact::PlanSubmitted { accepted, errors: ParseErrors::default() });
            ("The plan is accepted. End your turn now; a person will read it.".to_owned(), false)
        }
        Err(errors) => {
            let text = PlanningTemplates::refused_submission(&errors);
            draft.emit(ItemFact::PlanSubmitted { accepted: None, errors });
            (text, true)
        }
    }
}

/// What makes two questions of one line of sessions the same.
fn normalised(text: &str, options: &[String]) -> String {
    let mut key: String = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for option in options {
        key.push('\n');
        key.push_str(&option.trim().to_lowercase());
    }
    key
}

pub(super) fn question(
    draft: &mut Draft,
    id: SessionId,
    incarnation: u64,
    call_id: &str,
    channel: Channel,
    text: String,
    options: Vec<String>,
) {
    let key = normalised(&text, &options);
    let same = draft
        .item
        .questions
        .iter()
        .find(|known| {
            normalised(&known.text, &known.options) == key && draft.item.descends(id, known.session)
        })
        .cloned();
    let repository = draft.item.session(id).and_then(|session| session.repository.clone());
    let question = same.as_ref().map_or_else(|| QuestionId::new(draft.ids.ulid()), |known| known.id);
    let waits =
        draft.item.decisions.iter().any(
            |open| matches!(open.kind, DecisionKind::Question { question: waiting } if waiting == question),
        );
    let answered = same.as_ref().is_some_and(|known| known.answer.is_some());
    // A question that was taken back unanswered and is asked again waits again.
    if !waits && !answered {
        let decision = draft.open_decision(
            DecisionKind::Question { question },
            repository.as_deref(),
            text.clone(),
            options.clone(),
        );
        if same.is_none() {
            draft.emit(ItemFact::QuestionAsked(Question {
                id: question,
                session: id,
                text,
                options,
                decision,
                answer: None,
            }));
        }
    }
    draft.emit(ItemFact::RequestOpened {
        session: id,
        incarnation,
        wire_id: call_id.to_owned(),
        channel,
        request: RequestKind::Question { question },
    });
    if let Some(answer) = same.and_then(|known| known.answer) {
        let answer = GivenAnswer::Text { text: answer, is_error: false };
        draft.emit(ItemFact::RequestAnswered { session: id, wire_id: call_id.to_owned(), answer });
    }
}
