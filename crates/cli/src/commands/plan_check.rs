//! `plan check`

use crate::arguments::PlanCheckArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::render;
use ganger_api::exit;
use ganger_api::plan::PlanProblem;
use ganger_core::plan::PlanParser;

/// Checks a plan document: exit code 1 and every problem with its line when it can't be approved.
pub(super) fn plan_check(context: &mut Context<'_>, arguments: &PlanCheckArguments) -> Result<u8, Failure> {
    let text = context.read_text(&arguments.file)?;
    let (problems, omitted, facts) = match PlanParser::parse_and_validate(&text, &arguments.repositories) {
        Ok(_) => (Vec::new(), 0, "The plan has no problem.\n".to_owned()),
        Err(errors) => {
            let problems = errors.problems.iter();
            let problems = problems
                .map(|problem| PlanProblem { line: Some(problem.line), message: problem.message.clone() })
                .collect();
            (problems, errors.omitted, String::new())
        }
    };
    let result = if context.json.is_some() {
        let schema = "ganger/plan-check/1";
        format!("{}\n", serde_json::json!({"schema": schema, "problems": problems, "omitted": omitted}))
    } else {
        let mut lines = render::plan::problems(&context.look, &problems);
        match problems.len() as u64 + u64::from(omitted) {
            0 => {}
            1 => lines.push_str("1 problem\n"),
            number if omitted > 0 => {
                lines.push_str(&format!("{number} problems, the first {} shown\n", problems.len()))
            }
            number => lines.push_str(&format!("{number} problems\n")),
        }
        lines + &facts
    };
    context.print(&result)?;
    Ok(if problems.is_empty() { exit::DONE } else { exit::FAILED })
}
