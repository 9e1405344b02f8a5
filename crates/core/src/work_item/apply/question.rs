//! How facts of questions change the state.

use crate::env::Times;
use crate::ids::{QuestionId, SessionId};
use crate::work_item::event::ItemFact;
use crate::work_item::state::{Answer, Answerer, GivenAnswer, Question, QuestionEnd, RequestKind, WorkItem};
use crate::work_item::texts;

impl WorkItem {
    fn with_question(&mut self, id: QuestionId, change: impl FnOnce(&mut Question)) {
        if let Some(question) = self.questions.iter_mut().find(|question| question.id == id) {
            change(question);
        }
    }

    /// Ends a question that has not ended yet, and gives the answer to everybody who waits for it.
    fn end_question(&mut self, id: QuestionId, end: QuestionEnd) {
        let given = match &end {
            QuestionEnd::Answered(answer) => answer.text.clone(),
            QuestionEnd::Skipped { reason } => texts::skipped(reason),
            QuestionEnd::Dropped => texts::skipped("nobody answers it any more"),
        };
        self.with_question(id, |question| {
            question.end.get_or_insert(end);
        });
        let waiting: Vec<(SessionId, String)> = self
            .sessions
            .iter()
            .flat_map(|session| session.requests.iter().map(|request| (session.id, request)))
            .filter(
                |(_, request)| matches!(request.kind, RequestKind::Question { question } if question == id),
            )
            .map(|(session, request)| (session, request.wire_id.clone()))
            .collect();
        for (session, wire_id) in waiting {
            self.with_request(session, &wire_id, |request| {
                request
                    .answer
                    .get_or_insert_with(|| GivenAnswer::Text { text: given.clone(), is_error: false });
            });
        }
    }

    pub(super) fn apply_question(&mut self, fact: &ItemFact, at: Times) {
        match fact {
            ItemFact::QuestionAsked { question, session, source, text } => {
                let ordinal = u32::try_from(self.questions.len() + 1).unwrap_or(u32::MAX);
                self.questions.push(Question {
                    id: *question,
                    ordinal,
                    session: *session,
                    sessions: vec![*session],
                    source: *source,
                    text: text.clone(),
                    asked: at,
                    proposal: None,
                    discussion: None,
                    tries: 0,
                    escalated: false,
                    end: None,
                });
            }
            ItemFact::QuestionJoined { question, session } => self.with_question(*question, |question| {
                if !question.sessions.contains(session) {
                    question.sessions.push(*session);
                }
            }),
            ItemFact::QuestionProposed { question, proposal } => {
                self.with_question(*question, |question| {
                    question.proposal = Some(proposal.clone());
                    question.discussion = None;
                });
            }
            ItemFact::QuestionTried { question, .. } => self.with_question(*question, |question| {
                question.tries += 1;
                question.discussion = None;
            }),
            ItemFact::QuestionDiscussed { question, text } => {
                self.with_question(*question, |question| question.discussion = Some(text.clone()));
            }
            ItemFact::QuestionDropped { question } => self.end_question(*question, QuestionEnd::Dropped),
            ItemFact::QuestionEscalated { question, .. } => {
                self.with_question(*question, |question| question.escalated = true);
            }
            ItemFact::QuestionAnswered { question, text, by } => {
                let answer = Answer { text: text.clone(), by: *by, at, corrected: false };
                self.end_question(*question, QuestionEnd::Answered(answer));
            }
            ItemFact::QuestionSkipped { question, reason } => {
                self.end_question(*question, QuestionEnd::Skipped { reason: reason.clone() });
            }
            ItemFact::FaqCorrected { question, text } => self.with_question(*question, |question| {
                let answer = Answer { text: text.clone(), by: Answerer::Person, at, corrected: true };
                question.end = Some(QuestionEnd::Answered(answer));
            }),
            _ => {}
        }
    }
}
