//! `correct`

use super::words::{self, Beginning};
use crate::arguments::CorrectArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;
use ganger_api::question::FaqView;
use ganger_api::routes;

/// Puts another answer in the place of one in the FAQ. In an editor the present one is there to go on with.
pub(super) async fn correct(context: &mut Context<'_>, arguments: &CorrectArguments) -> Result<u8, Failure> {
    let CorrectArguments { question, text, words: from } = arguments;
    let words = match words::take(context, text.as_ref(), from, "`correct`", true)? {
        Some(words) => words,
        None => {
            let faq: FaqView = context.about(routes::FAQ, question).await?;
            let entry = faq.entries.into_iter().find(|entry| entry.handle == *question);
            let beginning = entry.map_or_else(Beginning::default, |entry| Beginning {
                marks: vec![format!("{} {}", entry.handle, entry.question)],
                text: entry.answer,
            });
            words::write(context, &format!("correct-{question}"), &beginning)?
        }
    };
    let (words, text) = words.required("the answer that is to hold")?;
    let command = ItemCommand::Correct { question: question.clone(), text };
    words.send_shown(context, question, command).await
}
