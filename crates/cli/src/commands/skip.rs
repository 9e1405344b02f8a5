//! `skip`

use super::words::{self, Beginning};
use crate::arguments::SkipArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Leaves a question to its agent.
pub(super) async fn skip(context: &mut Context<'_>, arguments: &SkipArguments) -> Result<u8, Failure> {
    let SkipArguments { decision, text, words: from } = arguments;
    let words = match words::take(context, text.as_ref(), from, "`skip`", false)? {
        Some(words) => words,
        None => words::write(context, &format!("skip-{decision}"), &Beginning::default())?,
    };
    let command = ItemCommand::Skip { decision: decision.clone(), text: words.text.clone() };
    words.send_shown(context, decision, command).await
}
