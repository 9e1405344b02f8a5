//! The texts of facts.

use super::{Kind, Place, text};
use ganger_core::ids::{QuestionId, SessionId};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_orchestrator::stored;
use ganger_store::{StoredEvent, StreamId, Text};

/// The names of the facts that have texts, or that end a turn: the rest need not be read.
const OF_INTEREST: [&str; 8] = [
    "item.born/1",
    "plan.proposed/1",
    "question.asked/2",
    "question.answered/2",
    "faq.corrected/1",
    "critique.raised/1",
    "turn.ended/1",
    "turn.lost/1",
];

/// An event of interest; none for the rest, and for what this build cannot read.
pub(super) fn read(event: &StoredEvent) -> Option<ItemEvent> {
    OF_INTEREST.contains(&event.kind.as_str()).then(|| stored::from_stored(&event.kind, &event.data).ok())?
}

/// The session whose turn ended with it, well or not.
pub(super) const fn ended(event: &ItemEvent) -> Option<SessionId> {
    match &event.fact {
        ItemFact::TurnEnded { session, .. } | ItemFact::TurnLost { session, .. } => Some(*session),
        _ => None,
    }
}

/// The question of which must be known who asked it.
pub(super) const fn needs_asker(event: &ItemEvent) -> Option<QuestionId> {
    match &event.fact {
        ItemFact::QuestionAnswered { question, .. } | ItemFact::FaqCorrected { question, .. } => {
            Some(*question)
        }
        _ => None,
    }
}

/// The texts that a fact brings; `asker` is who asked the question that it answers.
pub(super) fn texts(stream: &StreamId, event: &ItemEvent, asker: Option<SessionId>) -> Vec<Text> {
    let at = event.at.wall_ms;
    let one = |key: String, kind, place: &Place, body: String| vec![text(stream, key, kind, place, at, body)];
    match &event.fact {
        ItemFact::Born { id, ticket, .. } => {
            let mut texts = one(format!("title:{id}"), Kind::Title, &Place::Item, ticket.title.clone());
            if !ticket.description.trim().is_empty() {
                let body = ticket.description.clone();
                texts.extend(one(format!("ticket:{id}"), Kind::Ticket, &Place::Item, body));
            }
            texts
        }
        ItemFact::PlanProposed(plan) => {
            let (key, version) = (format!("plan:{}:{}", stream.id, plan.number), plan.number);
            one(key, Kind::Plan, &Place::Plan { version }, plan.document.clone())
        }
        ItemFact::QuestionAsked { question, session, text, .. } => {
            let mut lines: Vec<String> = Vec::new();
            for part in &text.parts {
                lines.push(part.question.clone());
                for option in &part.options {
                    lines.push(format!("{} {}", option.label, option.description).trim_end().to_owned());
                }
            }
            lines.push(text.context.clone());
            let place = Place::Question { question: *question, session: *session };
            one(format!("question:{question}"), Kind::Question, &place, lines.join("\n"))
        }
        ItemFact::QuestionAnswered { question, text, .. } | ItemFact::FaqCorrected { question, text } => {
            let Some(session) = asker else { return Vec::new() };
            let place = Place::Question { question: *question, session };
            one(format!("answer:{question}"), Kind::Answer, &place, text.clone())
        }
        ItemFact::CritiqueRaised(critique) => {
            let finding = &critique.finding;
            let file = finding.file.as_deref().unwrap_or_default();
            let body = format!("{file}\n{}\n{}", finding.description, finding.suggestion);
            let place = Place::Critique { critique: critique.id, session: critique.reviewer };
            one(format!("critique:{}", critique.id), Kind::Critique, &place, body)
        }
        _ => Vec::new(),
    }
}
