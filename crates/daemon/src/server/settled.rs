//! What became of a decision that does not wait any more: whoever comes second is told what the first one said.

use super::App;
use super::failure::Failure;
use crate::views::decision::first_line;
use crate::views::{Names, timestamp};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_core::ids::DecisionId;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::{Choice, DecisionKind};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{Answerer, Question, QuestionEnd};
use ganger_orchestrator::stored;
use ganger_store::StreamId;

/// Stored events read at once.
const PAGE: usize = 1000;

/// How a decision ended.
struct End {
    wall_ms: u64,
    choice: Option<Choice>,
    text: String,
}

/// The kind of a decision, and how it ended, from the item's log.
fn look_up(
    app: &App,
    stream: &StreamId,
    id: DecisionId,
) -> Result<(Option<DecisionKind>, Option<End>), Failure> {
    let (mut kind, mut version) = (None, 0);
    loop {
        let page = app.engine.store().read_stream(stream, version, PAGE)?;
        let Some(last) = page.last() else { return Ok((kind, None)) };
        version = last.version;
        for event in &page {
            // What this build cannot read says nothing of this decision that it could tell.
            let Ok(read) = stored::from_stored::<ItemEvent>(&event.kind, &event.data) else { continue };
            match read.fact {
                ItemFact::DecisionOpened(decision) if decision.id == id => kind = Some(decision.kind),
                ItemFact::DecisionResolved { decision, choice, text } if decision == id => {
                    return Ok((kind, Some(End { wall_ms: read.at.wall_ms, choice, text })));
                }
                _ => {}
            }
        }
    }
}

/// Why a question waits no more although nobody decided it.
fn ended(question: &Question) -> String {
    match &question.end {
        Some(QuestionEnd::Answered(answer)) => match answer.by {
            Answerer::Foreman => format!("the Foreman answered it: \"{}\"", answer.text),
            Answerer::Person => format!("it was answered by you: \"{}\"", answer.text),
        },
        Some(QuestionEnd::Skipped { reason }) => format!("it was left to the agent: {reason}"),
        Some(QuestionEnd::Dropped) | None => "its agent does not ask any more".to_owned(),
    }
}

/// The refusal for a decision that does not wait any more.
pub(super) fn sentence(app: &App, item: &WorkItem, id: DecisionId) -> Result<ErrorDetail, Failure> {
    let handle = app.decision(&id.to_string());
    let address = ganger_core::message::Address::WorkItem(
        item.id.unwrap_or_else(|| ganger_core::ids::WorkItemId::new(0.into())),
    );
    let (kind, end) = look_up(app, &stored::stream_of(address), id)?;
    let question = match kind {
        Some(DecisionKind::Question { question }) => item.question(question),
        _ => None,
    };
    let at = end.as_ref().map(|end| format!(" at {}", timestamp(end.wall_ms))).unwrap_or_default();
    let since = at.replacen(" at ", " since ", 1);
    let choice = end.as_ref().and_then(|end| end.choice);
    // A sentence stays one line, whatever was said.
    let words = end.as_ref().map(|end| end.text.split_whitespace().collect::<Vec<_>>().join(" "));
    let words = words.filter(|text| !text.is_empty()).map(|text| first_line(&text));
    let said = words.map(|text| format!(": \"{text}\"")).unwrap_or_default();
    let how = match (choice, question) {
        (Some(Choice::Answer | Choice::Proposed), _) => format!("was already answered by you{at}{said}"),
        (Some(Choice::Skip), _) => format!("was already skipped by you{at}"),
        (Some(choice), _) => format!("was already decided by you{at}: {}{said}", choice.word()),
        (None, Some(question)) => format!("does not wait any more{since}: {}", ended(question)),
        (None, None) => format!("does not wait any more{since}: something else settled it"),
    };
    let detail = ErrorDetail::new(exit::REFUSED, "decision.settled", format!("{handle} {how}"));
    let entry = question.filter(|question| item.faq().any(|entry| entry.id == question.id));
    Ok(match entry {
        Some(question) => {
            let entry = app.question(&question.id.to_string());
            detail.hint(format!("ganger correct {entry} \"…\" puts another answer in its place"))
        }
        None => detail.hint("ganger inbox"),
    })
}
