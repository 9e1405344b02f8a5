//! Words of a person, from the command line, a file, standard input or an editor. A text that was typed in an editor
//! is never lost: when the command is refused it stays in a file that is named.

use crate::arguments::WordsArguments;
use crate::context::Context;
use crate::editor::{Draft, with_comments};
use crate::failure::Failure;
use ganger_api::command::{CommandResult, ItemCommand};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;

/// Words, and the draft that holds them until they are stored.
pub(super) struct Words {
    /// The words, trimmed; `None` where there are none.
    pub(super) text: Option<String>,
    draft: Option<Draft>,
}

/// What an editor begins with.
#[derive(Default)]
pub(super) struct Beginning {
    /// Lines of ours, for the person to read: they are taken out again.
    pub(super) marks: Vec<String>,
    /// Text that the person may go on with.
    pub(super) text: String,
}

impl Words {
    /// Nothing but these words.
    pub(super) fn plain(text: Option<String>) -> Self {
        let text = text.map(|text| text.trim().to_owned());
        Self { text, draft: None }
    }

    /// The words with their text, or a refusal that says what is missing.
    pub(super) fn required(self, what: &str) -> Result<(Self, String), Failure> {
        match self.drop_empty()? {
            Some(words) => {
                let text = words.text.clone().unwrap_or_default();
                Ok((words, text))
            }
            None => {
                let message = format!("{what} is empty, so nothing was done");
                Err(ErrorDetail::new(exit::REFUSED, "text.empty", message).into())
            }
        }
    }

    /// Has a command with these words done, and gives what came of it.
    pub(super) async fn send(
        self,
        context: &mut Context<'_>,
        address: &str,
        command: ItemCommand,
    ) -> Result<CommandResult, Failure> {
        match (context.command(address, command).await, self.draft) {
            (Err(Failure::Said(detail)), Some(draft)) => {
                Err(detail.hint(format!("your text is kept in {}", draft.path().display())).into())
            }
            (Ok(result), Some(draft)) => {
                draft.remove()?;
                Ok(result)
            }
            (result, _) => result,
        }
    }

    /// The same, and shows it.
    pub(super) async fn send_shown(
        self,
        context: &mut Context<'_>,
        address: &str,
        command: ItemCommand,
    ) -> Result<u8, Failure> {
        let result = self.send(context, address, command).await?;
        context.show_result(&result)
    }

    /// Lets go of words that are not wanted: an empty draft is worth nothing.
    pub(super) fn drop_empty(self) -> Result<Option<Self>, Failure> {
        match (self.text.as_deref(), self.draft) {
            (None | Some(""), Some(draft)) => draft.remove().map(|()| None).map_err(Failure::from),
            (None | Some(""), None) => Ok(None),
            (_, draft) => Ok(Some(Self { text: self.text, draft })),
        }
    }
}

/// Has words written in the editor; `name` is what the draft is called.
pub(super) fn write(context: &mut Context<'_>, name: &str, beginning: &Beginning) -> Result<Words, Failure> {
    let letters =
        name.chars().map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' });
    let name = format!("{}.md", letters.collect::<String>());
    let (draft, earlier) = Draft::open(&context.local.drafts()?, &name)?;
    let text = match earlier {
        Some(earlier) if !earlier.trim().is_empty() => {
            context.note(&format!("Going on with your draft of earlier, {}\n", draft.path().display()))?;
            earlier
        }
        _ => beginning.text.clone(),
    };
    draft.write(&with_comments(&text, &beginning.marks))?;
    let text = draft.edit(&context.environment)?.trim().to_owned();
    draft.write(&text)?;
    Ok(Words { text: Some(text), draft: Some(draft) })
}

/// Where the words come from is known: they are taken from there. Without any, a person on a terminal writes them
/// if they are `needed`.
pub(super) fn take(
    context: &mut Context<'_>,
    text: Option<&String>,
    from: &WordsArguments,
    name: &str,
    needed: bool,
) -> Result<Option<Words>, Failure> {
    if let Some(text) = text {
        return Ok(Some(Words::plain(Some(text.clone()))));
    }
    if let Some(file) = &from.file {
        return Ok(Some(Words::plain(Some(context.read_text(file)?))));
    }
    if from.editor || (needed && context.environment.is_interactive() && context.json.is_none()) {
        return Ok(None);
    }
    if needed {
        let message = format!("{name} needs words, and none were given");
        return Err(ErrorDetail::new(exit::USAGE, "text.missing", message)
            .hint("give them as an argument, with -f FILE, with -f - from standard input, or with -e in an editor")
            .into());
    }
    Ok(Some(Words::plain(None)))
}
