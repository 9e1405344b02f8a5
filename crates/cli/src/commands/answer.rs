//! `answer`

use crate::arguments::AnswerArguments;
use crate::context::Context;
use crate::editor::Draft;
use crate::failure::Failure;
use ganger_api::command::ItemCommand;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;

/// Answers a decision. The first committed answer wins; the daemon tells the second caller.
pub(super) async fn answer(context: &mut Context<'_>, arguments: &AnswerArguments) -> Result<u8, Failure> {
    let mut draft = None;
    let text = if let Some(file) = &arguments.file {
        Some(context.read_text(file)?)
    } else if arguments.editor {
        let opened = write(context, &arguments.decision)?;
        draft = Some(opened.0);
        Some(opened.1)
    } else {
        arguments.text.clone().or_else(|| arguments.message.clone())
    };
    let text = text.map(|text| text.trim().to_owned());
    if text.as_deref() == Some("") {
        let message = format!("the answer to {} is empty, so nothing was answered", arguments.decision);
        return Err(ErrorDetail::new(exit::REFUSED, "answer.empty", message).into());
    }
    let command =
        ItemCommand::Answer { decision: arguments.decision.clone(), text, choice: arguments.choice.clone() };
    match (context.command_shown(&arguments.decision, command).await, draft) {
        (Err(Failure::Said(detail)), Some(draft)) => {
            Err(detail.hint(format!("your text is kept in {}", draft.path().display())).into())
        }
        (Ok(code), Some(draft)) => {
            draft.remove()?;
            Ok(code)
        }
        (result, _) => result,
    }
}

/// Has an answer written in the editor.
pub(super) fn write(context: &mut Context<'_>, decision: &str) -> Result<(Draft, String), Failure> {
    let name: String = decision.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let (draft, earlier) = Draft::open(&context.local.drafts()?, &format!("answer-{name}.md"))?;
    if earlier.is_none() {
        draft.write("")?;
    }
    let text = draft.edit(&context.environment)?;
    Ok((draft, text))
}
