//! Questions that wait, and the FAQ.

use super::{Names, timestamp};
use ganger_api::question::{
    Answerer as AnswererView, Confidence as ConfidenceView, FAQ_SCHEMA, FaqEntry, FaqView, ProposalView,
    QuestionOption, QuestionPart, QuestionSums, QuestionView,
};
use ganger_core::foreman::answer::{Confidence, Proposal};
use ganger_core::ids::SessionId;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::decision::Decision;
use ganger_core::work_item::state::{Answerer, Question, QuestionEnd, RequestKind};

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn handle(item: &WorkItem, id: SessionId) -> String {
    item.session(id).map(|session| item.session_handle(session)).unwrap_or_default()
}

fn proposal(proposal: &Proposal) -> ProposalView {
    ProposalView {
        answer: proposal.answer.clone(),
        confidence: match proposal.confidence {
            Confidence::High => ConfidenceView::High,
            Confidence::Uncertain => ConfidenceView::Uncertain,
        },
    }
}

/// A question that waits for a person.
pub fn view(item: &WorkItem, question: &Question, decision: &Decision, names: &dyn Names) -> QuestionView {
    let parts = question.text.parts.iter().map(|part| {
        let numbered = part.options.iter().enumerate().map(|(index, option)| QuestionOption {
            choice: (index + 1).to_string(),
            label: option.label.clone(),
            description: Some(option.description.clone()).filter(|text| !text.is_empty()),
        });
        let options: Vec<QuestionOption> = numbered.collect();
        let recommended = part.recommended.and_then(|index| options.get(index as usize));
        QuestionPart {
            question: part.question.clone(),
            multi_select: part.multi_select,
            recommended: recommended.map(|option| option.choice.clone()),
            options,
        }
    });
    let meanwhile = item.questions.iter().filter(|other| {
        other.id != question.id
            && other.answer().is_some_and(|answer| answer.at.wall_ms > decision.since.wall_ms)
    });
    QuestionView {
        id: question.id.to_string(),
        handle: names.question(&question.id.to_string()),
        asked_by: handle(item, question.session),
        agent: item.session(question.session).map(|asker| asker.agent.clone()).unwrap_or_default(),
        asked_at: timestamp(question.asked.wall_ms),
        parts: parts.collect(),
        context: Some(question.text.context.clone()).filter(|text| !text.is_empty()),
        proposal: question.proposal.as_ref().map(proposal),
        discussion: question.discussion.clone(),
        answered_meanwhile: count(meanwhile.count()),
    }
}

/// How the answer of a question travels: over a request that is open, or with the next turn of whoever asked.
pub fn delivery(item: &WorkItem, question: &Question) -> String {
    let asks =
        |kind: &RequestKind| matches!(kind, RequestKind::Question { question: id } if *id == question.id);
    let mut sessions = question.sessions.iter().filter_map(|id| item.session(*id));
    let held = sessions.any(|session| {
        session.requests.iter().any(|request| request.answer.is_none() && asks(&request.kind))
    });
    if held { "held open, the agent waits".to_owned() } else { "by resuming the session".to_owned() }
}

/// The FAQ of an item.
pub fn faq(item: &WorkItem, names: &dyn Names) -> FaqView {
    let entry = |question: &Question| {
        let answer = question.answer()?;
        Some(FaqEntry {
            id: question.id.to_string(),
            handle: names.question(&question.id.to_string()),
            question: question.text.title(),
            answer: answer.text.clone(),
            by: match answer.by {
                Answerer::Foreman => AnswererView::Foreman,
                Answerer::Person => AnswererView::You,
            },
            answered_at: timestamp(answer.at.wall_ms),
            corrected: answer.corrected,
            used_by: question.sessions.iter().map(|id| handle(item, *id)).collect(),
            proposal: question.proposal.as_ref().map(proposal),
        })
    };
    FaqView {
        schema: FAQ_SCHEMA.to_owned(),
        handle: format!("g{}", item.number),
        title: item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
        entries: item.faq().filter_map(entry).collect(),
    }
}

/// How the questions of an item ended.
pub fn sums(item: &WorkItem) -> QuestionSums {
    let how = |which: fn(&Question) -> bool| count(item.questions.iter().filter(|one| which(one)).count());
    let by = |question: &Question, by| question.answer().is_some_and(|answer| answer.by == by);
    QuestionSums {
        // What a person corrected was the Foreman's first; it counts where it stands now.
        foreman: count(item.questions.iter().filter(|one| by(one, Answerer::Foreman)).count()),
        you: count(item.questions.iter().filter(|one| by(one, Answerer::Person)).count()),
        skipped: how(|question| matches!(question.end, Some(QuestionEnd::Skipped { .. }))),
        corrected: how(|question| question.answer().is_some_and(|answer| answer.corrected)),
        open: how(|question| question.end.is_none()),
    }
}
