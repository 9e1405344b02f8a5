//! What the Foreman reads.

use crate::ids::QuestionId;
use crate::prompts::{FaqEntry, ForemanData, ForemanTemplates, QuestionData, QuestionPartData};
use crate::work_item::state::{Answerer, Question, Session, WorkItem};

/// Entries of the FAQ that a prompt holds: the newest.
const MAX_FAQ: usize = 60;

pub(super) fn faq_entry(item: &WorkItem, question: &Question) -> Option<FaqEntry> {
    let answer = question.answer()?;
    let repository = item.session(question.session).and_then(|session| session.repository.clone());
    Some(FaqEntry {
        repository: repository.unwrap_or_default(),
        question: question.text.title(),
        answer: answer.text.clone(),
        by: match answer.by {
            Answerer::Foreman => "the Foreman".to_owned(),
            Answerer::Person => "a person".to_owned(),
        },
    })
}

/// The newest entries that fit, oldest first.
pub(super) fn faq(item: &WorkItem, which: impl Fn(&Question) -> bool) -> Vec<FaqEntry> {
    let entries: Vec<FaqEntry> = item
        .faq()
        .filter(|question| which(question))
        .filter_map(|question| faq_entry(item, question))
        .collect();
    entries.into_iter().rev().take(MAX_FAQ).rev().collect()
}

/// A question, or a person's wish for another answer to it.
pub(super) fn question(item: &WorkItem, session: &Session, id: QuestionId, wish: Option<&String>) -> String {
    let Some(question) = item.question(id) else { return String::new() };
    let repository = item.session(question.session).and_then(|asker| asker.repository.clone());
    let parts = question.text.parts.iter().map(|part| QuestionPartData {
        question: part.question.clone(),
        options: part
            .options
            .iter()
            .map(|option| match option.description.as_str() {
                "" => option.label.clone(),
                description => format!("{}: {description}", option.label),
            })
            .collect(),
        multi_select: part.multi_select,
    });
    let data = QuestionData {
        number: question.ordinal,
        repository: repository.unwrap_or_default(),
        parts: parts.collect(),
        context: question.text.context.clone(),
        proposal: question.proposal.as_ref().map(|proposal| proposal.answer.clone()),
        wish: wish.cloned(),
        // What others answered since it was last asked; what it answered itself it knows.
        news: match (session.knows_task, session.last_opened) {
            (true, Some(since)) => faq(item, |known| {
                known.answer().is_some_and(|answer| answer.by == Answerer::Person && answer.at >= since)
            }),
            _ => Vec::new(),
        },
    };
    let text = ForemanTemplates::question(&data);
    if session.knows_task {
        return text;
    }
    let briefing = ForemanTemplates::briefing(&ForemanData {
        ticket: super::ticket(item),
        plan: item.standing_plan().map(|plan| plan.document.clone()).unwrap_or_default(),
        faq: faq(item, |_| true),
    });
    format!("{briefing}\n{text}")
}
