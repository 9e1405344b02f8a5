//! `new`

use super::run;
use crate::arguments::{NewArguments, RunArguments};
use crate::context::{Context, key};
use crate::editor::Draft;
use crate::failure::Failure;
use crate::issue::Reference;
use ganger_api::command::{CommandResult, NewItem};
use ganger_api::error::ErrorDetail;
use ganger_api::{exit, routes};

/// What an editor shows for a new ticket. The second part is told apart from a ticket by its marks.
const TEMPLATE: &str = "\n\n<!-- ganger: the first line is the title, the rest is the ticket; an empty text creates nothing -->\n";

/// Creates a work item; with `--run` starts and follows it.
pub(super) async fn new(context: &mut Context<'_>, arguments: &NewArguments) -> Result<u8, Failure> {
    let (title, description, draft) = ticket(context, arguments)?;
    let directory = context.directory().ok_or_else(|| {
        let message =
            format!("the directory {} has no name in UTF-8", context.environment.directory.display());
        ErrorDetail::new(exit::USAGE, "directory.name", message)
    })?;
    let item = NewItem {
        key: key(),
        directory,
        title,
        description,
        repositories: arguments.repositories.clone(),
        bases: arguments.bases.iter().cloned().collect(),
        note: arguments.note.clone(),
        direct: arguments.direct,
    };
    let result: CommandResult = match (context.post(routes::ITEMS, &item).await, &draft) {
        (Ok(result), _) => result,
        (Err(Failure::Said(detail)), Some(draft)) => {
            return Err(detail.hint(format!("your text is kept in {}", draft.path().display())).into());
        }
        (Err(failure), _) => return Err(failure),
    };
    if let Some(draft) = draft {
        draft.remove()?;
    }
    if arguments.run {
        let arguments = RunArguments { item: result.handle, auto: Vec::new(), yes: false, quiet: false };
        return run::run(context, &arguments).await;
    }
    if context.json.is_some() || context.environment.output_is_terminal {
        return context.show_result(&result);
    }
    context.print(&format!("{}\n", result.handle))?;
    Ok(exit::DONE)
}

/// Title and text, and the draft that keeps them when they were typed in an editor.
fn ticket(
    context: &mut Context<'_>,
    arguments: &NewArguments,
) -> Result<(String, String, Option<Draft>), Failure> {
    if let Some(reference) = &arguments.from {
        let issue = Reference::parse(reference)?.read()?;
        let title = arguments.title.as_deref().unwrap_or(&issue.title);
        return Ok((checked(title)?, issue.description, None));
    }
    if let Some(file) = &arguments.file {
        let text = context.read_text(file)?;
        return Ok(match &arguments.title {
            Some(title) => (checked(title)?, text.trim().to_owned(), None),
            None => {
                let (title, description) = split(&text);
                (checked(title)?, description.to_owned(), None)
            }
        });
    }
    let description = arguments.description.clone().unwrap_or_default();
    if let Some(title) = &arguments.title {
        return Ok((checked(title)?, description, None));
    }
    if !context.environment.is_interactive() {
        return Err(ErrorDetail::new(
            exit::USAGE,
            "title.missing",
            "a work item needs a title, and none was given",
        )
        .hint("ganger new \"What is to be done\"")
        .hint("ganger new -f - reads a ticket from standard input: its first line is the title")
        .into());
    }
    let (draft, earlier) = Draft::open(&context.local.drafts()?, "new.md")?;
    match earlier {
        Some(text) => draft.write(&(text + TEMPLATE.trim_start_matches('\n')))?,
        None => draft.write(&format!("{TEMPLATE}\n{description}"))?,
    }
    let text = draft.edit(&context.environment)?;
    let (title, description) = split(&text);
    if title.is_empty() {
        draft.remove()?;
        let message = "the text is empty, so no work item was created";
        return Err(ErrorDetail::new(exit::REFUSED, "title.missing", message).into());
    }
    Ok((title.to_owned(), description.to_owned(), Some(draft)))
}

/// The first line that is not empty, without the mark of a heading, and the rest.
fn split(text: &str) -> (&str, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    (first.trim_start_matches('#').trim(), rest.trim())
}

fn checked(title: &str) -> Result<String, ErrorDetail> {
    match title.trim() {
        "" => Err(ErrorDetail::new(exit::USAGE, "title.missing", "the title of a work item can't be empty")
            .hint("ganger new \"What is to be done\"")),
        title if title.contains('\n') => {
            Err(ErrorDetail::new(exit::USAGE, "title.lines", "the title of a work item is one line")
                .hint("give the rest with --description, or all of it with -f"))
        }
        title => Ok(title.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_a_title_and_the_rest() {
        assert_eq!(split("\n# Rate limit\r\n\nPer key.\n- a\n"), ("Rate limit", "Per key.\n- a"));
        assert_eq!(split("one"), ("one", ""));
        assert_eq!(split(" \n"), ("", ""));
    }
}
