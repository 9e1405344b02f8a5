//! `answer`

use super::words::{self, Beginning, Words};
use crate::arguments::AnswerArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;
use ganger_api::decision::Decision;
use ganger_api::error::ErrorDetail;
use ganger_api::{exit, routes};

/// Answers a decision. The first committed answer wins; the daemon tells the second caller.
pub(super) async fn answer(context: &mut Context<'_>, arguments: &AnswerArguments) -> Result<u8, Failure> {
    let address = arguments.decision.clone();
    if arguments.proposed {
        let command = ItemCommand::AnswerAsProposed { decision: address.clone() };
        return context.command_shown(&address, command).await;
    }
    let typed = arguments.text.as_ref().or(arguments.message.as_ref());
    let words = match words::take(context, typed, &arguments.words, "an answer", false)? {
        Some(words) => words,
        None => write(context, &address).await?,
    };
    if words.text.as_deref() == Some("") {
        let message = format!("the answer to {address} is empty, so nothing was answered");
        words.drop_empty()?;
        return Err(ErrorDetail::new(exit::REFUSED, "answer.empty", message).into());
    }
    let command = ItemCommand::Answer {
        decision: address.clone(),
        text: words.text.clone(),
        choices: arguments.choices.clone(),
    };
    words.send_shown(context, &address, command).await
}

/// Has an answer written in the editor, under what is asked.
pub(super) async fn write(context: &mut Context<'_>, address: &str) -> Result<Words, Failure> {
    let decision: Decision = context.get(&routes::fill(routes::DECISION, address)).await?;
    words::write(context, &format!("answer-{}", decision.handle), &asked(&decision))
}

/// What is asked, for the person who writes.
pub(super) fn asked(decision: &Decision) -> Beginning {
    let mut marks = vec![format!("{} {}", decision.handle, decision.target)];
    match &decision.question {
        Some(question) => {
            marks.extend(question.context.clone());
            for part in &question.parts {
                marks.push(part.question.clone());
                marks.extend(part.options.iter().map(|option| format!("{} {}", option.choice, option.label)));
            }
            marks.extend(
                question
                    .proposal
                    .as_ref()
                    .map(|proposal| format!("Foreman, {}: {}", proposal.confidence.words(), proposal.answer)),
            );
        }
        None => marks.push(decision.subject.clone()),
    }
    Beginning { marks, text: String::new() }
}
