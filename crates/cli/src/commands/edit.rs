//! `edit`: whatever happens, what the person typed stays in a file that is named.

use crate::arguments::EditArguments;
use crate::context::Context;
use crate::editor::{Draft, with_marks};
use crate::failure::Failure;
use crate::render;
use ganger_api::command::{CommandResult, ItemCommand};
use ganger_api::error::ErrorDetail;
use ganger_api::plan::PlanView;
use ganger_api::{exit, routes};

/// How often a refused text is reopened before the command gives up; the draft stays.
const ROUNDS: u32 = 100;

/// Edits a plan, or one repository's section of it.
pub(super) async fn edit(context: &mut Context<'_>, arguments: &EditArguments) -> Result<u8, Failure> {
    let result = match &arguments.file {
        None => in_editor(context, &arguments.item).await?,
        Some(file) => {
            let document = context.read_text(file)?;
            let plan: PlanView = context.about(routes::PLAN, &arguments.item).await?;
            submit(context, &arguments.item, &plan, document).await?
        }
    };
    context.show_result(&result)
}

async fn submit(
    context: &mut Context<'_>,
    address: &str,
    plan: &PlanView,
    document: String,
) -> Result<CommandResult, Failure> {
    let version = Some(plan.plan.version);
    let command = ItemCommand::Edit { document, section: plan.section.clone(), version };
    context.command(address, command).await
}

/// Lets the person edit until the text is accepted or abandoned.
pub(super) async fn in_editor(context: &mut Context<'_>, address: &str) -> Result<CommandResult, Failure> {
    let plan: PlanView = context.about(routes::PLAN, address).await?;
    let section = plan.section.as_ref().map(|section| {
        let letters = section.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' });
        format!("-{}", letters.collect::<String>())
    });
    let name = format!("{}{}-v{}.md", plan.handle, section.unwrap_or_default(), plan.plan.version + 1);
    let (draft, earlier) = Draft::open(&context.local.drafts()?, &name)?;
    if earlier.is_some() {
        context.note(&format!("Going on with your draft of earlier, {}\n", draft.path().display()))?;
    } else {
        draft.write(&plan.document)?;
    }
    for _ in 0..ROUNDS {
        let text = draft.edit(&context.environment)?;
        if text.trim().is_empty() {
            draft.remove()?;
            let message = format!("the text is empty, so the plan of {} stays as it is", plan.handle);
            return Err(ErrorDetail::new(exit::REFUSED, "edit.empty", message).into());
        }
        if text == plan.document {
            draft.remove()?;
            let message = format!("the text is unchanged, so the plan of {} stays as it is", plan.handle);
            return Err(ErrorDetail::new(exit::REFUSED, "edit.unchanged", message).into());
        }
        draft.write(&text)?;
        let detail = match submit(context, address, &plan, text.clone()).await {
            Ok(result) => {
                draft.remove()?;
                return Ok(result);
            }
            Err(Failure::Said(detail)) => detail,
            Err(failure) => return Err(failure),
        };
        let kept = format!("your text is kept in {}", draft.path().display());
        // Without problems in the text, another try of the same text would end the same.
        if detail.problems.is_empty() || !context.environment.is_interactive() || context.json.is_some() {
            return Err(detail.hint(kept).into());
        }
        if !again(context, &draft, &detail).await? {
            let message = format!("the plan of {} stays as it is", plan.handle);
            return Err(ErrorDetail::new(exit::REFUSED, "edit.abandoned", message).hint(kept).into());
        }
        draft.write(&with_marks(&text, &detail.problems))?;
    }
    let message =
        format!("the text was refused {ROUNDS} times, so the plan of {} stays as it is", plan.handle);
    let kept = format!("your text is kept in {}", draft.path().display());
    Err(ErrorDetail::new(exit::REFUSED, "edit.rounds", message).hint(kept).into())
}

/// Shows every problem and asks whether to go back to the editor.
async fn again(context: &mut Context<'_>, draft: &Draft, detail: &ErrorDetail) -> Result<bool, Failure> {
    let number = detail.problems.len();
    let mut text = render::plan::problems(&context.look, &detail.problems);
    text.push_str(&context.look.finish(format!(
        "{number} problem{}. [e] back to the editor  [a] abandon (kept in {}) › ",
        if number == 1 { "" } else { "s" },
        draft.path().display()
    )));
    loop {
        context.print(&text)?;
        match context.read_line().await.as_deref().map(str::trim) {
            Some("e" | "") => return Ok(true),
            Some("a" | "q") | None => return Ok(false),
            Some(_) => text = "Type e or a › ".into(),
        }
    }
}
