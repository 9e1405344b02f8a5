//! `discuss`

use super::answer::asked;
use super::words;
use crate::arguments::DiscussArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;
use ganger_api::decision::Decision;
use ganger_api::routes;

/// Says something to the Foreman about a question that waits for the person.
pub(super) async fn discuss(context: &mut Context<'_>, arguments: &DiscussArguments) -> Result<u8, Failure> {
    let DiscussArguments { decision, text, words: from } = arguments;
    let words = match words::take(context, text.as_ref(), from, "`discuss`", true)? {
        Some(words) => words,
        None => {
            let shown: Decision = context.get(&routes::fill(routes::DECISION, decision)).await?;
            words::write(context, &format!("discuss-{}", shown.handle), &asked(&shown))?
        }
    };
    let (words, text) = words.required("the text for the Foreman")?;
    let command = ItemCommand::Discuss { decision: decision.clone(), text };
    words.send_shown(context, decision, command).await
}
