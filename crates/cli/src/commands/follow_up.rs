//! `follow-up`

use super::words::{self, Beginning};
use crate::arguments::FollowUpArguments;
use crate::context::Context;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;

/// Has more planned of an item that is done.
pub(super) async fn follow_up(
    context: &mut Context<'_>,
    arguments: &FollowUpArguments,
) -> Result<u8, Failure> {
    let FollowUpArguments { target, text, message, words: from } = arguments;
    let words = match words::take(context, text.as_ref().or(message.as_ref()), from, "`follow-up`", true)? {
        Some(words) => words,
        None => {
            let mark = format!("{target} is done: what is still to be done?");
            let beginning = Beginning { marks: vec![mark], text: String::new() };
            words::write(context, &format!("follow-up-{target}"), &beginning)?
        }
    };
    let (words, text) = words.required("what is still to be done")?;
    words.send_shown(context, target, ItemCommand::FollowUp { target: target.clone(), text }).await
}
