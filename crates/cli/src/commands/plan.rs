//! `plan`

use crate::arguments::PlanArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::plan::PlanView;
use ganger_api::routes::{self, PlanQuery};

/// Shows a plan: its document, or the difference between versions. Starts nothing.
pub(super) async fn plan(context: &mut Context<'_>, arguments: &PlanArguments) -> Result<u8, Failure> {
    let query = PlanQuery {
        directory: context.directory(),
        version: arguments.version,
        section: arguments.repo.clone(),
        from: arguments.diff.and_then(|diff| diff.from),
        to: arguments.diff.and_then(|diff| diff.to),
    };
    let path = context.path(routes::PLAN, arguments.item.as_deref().unwrap_or("@"), &query)?;
    let plan: PlanView = context.get(&path).await?;
    let text = match (&context.json, &arguments.diff, &plan.diff) {
        (Some(selection), ..) => selection.object(&plan)?,
        (None, None, _) => render::plan::document(&context.look, &plan),
        (None, Some(_), Some(diff)) => render::plan::difference(&context.look, diff),
        (None, Some(_), None) => {
            let message =
                format!("{} has only one version of its plan, so there is no difference", plan.handle);
            let hint = format!("ganger plan {}", plan.handle);
            return Err(ErrorDetail::new(exit::NOT_FOUND, "plan.one_version", message).hint(hint).into());
        }
    };
    context.print(&text)?;
    Ok(exit::DONE)
}
