//! `revise`

use super::words::{self, Beginning};
use crate::arguments::ReviseArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Has the planner change the plan, or one part of it.
pub(super) async fn revise(context: &mut Context<'_>, arguments: &ReviseArguments) -> Result<u8, Failure> {
    let ReviseArguments { target, text, message, words: from } = arguments;
    let words = match words::take(context, text.as_ref().or(message.as_ref()), from, "`revise`", true)? {
        Some(words) => words,
        None => {
            let mark = format!("the plan of {target}: what is to be different?");
            let beginning = Beginning { marks: vec![mark], text: String::new() };
            words::write(context, &format!("revise-{target}"), &beginning)?
        }
    };
    let (words, text) = words.required("what is to be different")?;
    words.send_shown(context, target, ItemCommand::Revise { target: target.clone(), text }).await
}
