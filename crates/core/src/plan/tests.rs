//! What planners write, and what ganger makes of it.

mod compose;
mod diff;
mod digest;
mod execution;
mod grammar;
mod names;
mod waves;

use super::parser::PlanParser;
use super::problem::ParseErrors;
use expect_test::Expect;

/// A complete sub-plan's text.
const BODY: &str = "### Goal
Do it.

### Scope
- src

### Changes
- change

### Validation
- cargo test

### Risks
- none known
";

/// A document with these groups (as YAML) and a complete sub-plan for each name.
fn document(groups: &str, names: &[&str]) -> String {
    let mut text = format!(
        "# Plan\n\n```ganger-plan\nexecution_groups: {groups}\n```\n\n## Orchestration\n\nTogether.\n"
    );
    for name in names {
        text.push_str(&format!("\n## SubPlan: {name}\n{BODY}"));
    }
    text
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn problems(text: &str, repositories: &[&str]) -> ParseErrors {
    PlanParser::parse_and_validate(text, &strings(repositories)).err().unwrap_or_default()
}

/// Compares every problem of a document, and for a valid one its sub-plans.
fn check(text: &str, repositories: &[&str], expected: &Expect) {
    match PlanParser::parse_and_validate(text, &strings(repositories)) {
        Ok(document) => {
            let parts = document.sub_plans.iter().map(|part| format!("{}@{}", part.repository, part.order));
            expected.assert_eq(&format!("valid: {}\n", parts.collect::<Vec<_>>().join(" ")));
        }
        Err(errors) => expected.assert_eq(&(errors.report() + "\n")),
    }
}
