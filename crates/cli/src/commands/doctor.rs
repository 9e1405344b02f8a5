//! `doctor`

mod repair;

use crate::arguments::DoctorArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::doctor::DoctorState;
use ganger_api::exit;

/// Shows what is well and what is not; with `--fix` after repairing what can be repaired. Exit code 1 when a work item
/// could not run.
pub(super) fn doctor(context: &mut Context<'_>, arguments: &DoctorArguments) -> Result<u8, Failure> {
    if arguments.fix {
        repair::repair(context, arguments)?;
    }
    let (local, mut streams) = context.streams();
    let report = local.doctor(arguments, &mut streams)?;
    let text = match &context.json {
        Some(selection) => selection.object(&report)?,
        None => render::doctor::report(&context.look, &report),
    };
    context.print(&text)?;
    Ok(if report.count(DoctorState::Problem) > 0 { exit::FAILED } else { exit::DONE })
}
