//! Plans: the screen on which one is judged, the document, the difference.

use crate::look::{Look, Symbol, Tone, cut, short};
use crate::table::{Column, table};
use ganger_api::plan::{PlanDiff, PlanProblem, PlanState, PlanVersion, PlanView, SubPlanChangeKind};

/// The whole decision on one screen; the document is one key away.
pub fn summary(look: &Look, plan: &PlanView) -> String {
    let mut text = format!("{}\n", cut(&headline(look, plan), look.width));
    let columns = [Column::left(""), Column::left(""), Column::free("", 24), Column::free("", 14)];
    let mut rows = Vec::new();
    for (index, wave) in plan.waves.iter().enumerate() {
        for (place, part) in wave.iter().enumerate() {
            let checks =
                if part.checks.is_empty() { "none !".into() } else { look.line(&part.checks.join(" ")) };
            rows.push(vec![
                if place == 0 { format!("wave {}", index + 1) } else { String::new() },
                look.paint(Tone::Strong, &look.line(&part.repository)),
                look.line(&part.goal),
                format!("checks: {checks}"),
            ]);
        }
    }
    text.push_str(&table(look, 1, &columns, &rows));
    let judges = [("Review", &plan.reviewer, "nobody"), ("Questions", &plan.foreman, "you")];
    let judges = judges.map(|(what, who, nobody)| {
        format!("{what} {}", who.as_deref().map_or_else(|| nobody.to_owned(), |who| look.line(who)))
    });
    text.push_str(&format!(" {}\n", judges.join(" · ")));
    text.push_str(&problems(look, &plan.problems));
    if let Some(line) = in_force(plan) {
        text.push_str(&format!(" {}\n", cut(&line, look.width.saturating_sub(1))));
    }
    if let Some(diff) = &plan.diff {
        let heading = format!("Changed since v{}", diff.from);
        text.push_str(&format!(" {}\n", cut(&changed(look, &heading, diff), look.width.saturating_sub(1))));
    }
    look.finish(text)
}

/// Which version is in force while the shown one waits.
fn in_force(plan: &PlanView) -> Option<String> {
    let state = |state| plan.versions.iter().find(move |version| version.state == state);
    let waits = state(PlanState::Submitted)?.version;
    let approved = state(PlanState::Approved)?.version;
    (waits == plan.plan.version)
        .then(|| format!("v{approved} is approved and stays in force; only what v{waits} changes is new"))
}

/// Every version with its author and state, where there are several.
fn versions(look: &Look, plan: &PlanView) -> String {
    if plan.versions.len() < 2 {
        return String::new();
    }
    let one = |version: &PlanVersion| {
        format!("v{} by {}, {}", version.version, look.line(&version.author), version.state.words())
    };
    let all: Vec<String> = plan.versions.iter().rev().map(one).collect();
    format!(" {}\n", look.wrap(&format!("Versions  {}", all.join(" · ")), 1, 11))
}

fn headline(look: &Look, plan: &PlanView) -> String {
    let author = plan.versions.iter().find(|version| version.version == plan.plan.version);
    let mut facts = vec![format!("plan v{}", plan.plan.version), short(&plan.plan.digest)];
    if let Some(version) = author {
        facts.push(format!("by {}, {}", look.line(&version.author), version.state.words()));
    }
    format!("{} {}    {}", look.paint(Tone::Strong, &plan.handle), look.line(&plan.title), facts.join(" · "))
}

fn changed(look: &Look, heading: &str, diff: &PlanDiff) -> String {
    let kinds = [
        SubPlanChangeKind::Added,
        SubPlanChangeKind::Removed,
        SubPlanChangeKind::Changed,
        SubPlanChangeKind::Unchanged,
    ];
    let groups = kinds.iter().filter_map(|&kind| {
        let names = diff.repositories.iter().filter(|change| change.change == kind);
        let names: Vec<_> = names.map(|change| look.line(&change.repository)).collect();
        (!names.is_empty()).then(|| format!("{}: {}", kind.words(), names.join(" ")))
    });
    format!("{heading}   {}", groups.collect::<Vec<_>>().join(" · "))
}

/// Each problem with its line.
pub fn problems(look: &Look, problems: &[PlanProblem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let line = problem.line.map_or_else(|| "document".into(), |line| format!("line {line}"));
        text.push_str(&format!(
            "  {} {line:<9} {}\n",
            look.symbol(Symbol::Failed),
            look.line(&problem.message)
        ));
    }
    look.finish(text)
}

/// The document as it stands, under a line that says which it is.
pub fn document(look: &Look, plan: &PlanView) -> String {
    let mut text = look.finish(format!("{}\n{}", headline(look, plan), versions(look, plan)));
    if let Some(line) = in_force(plan) {
        text.push_str(&look.finish(format!(" {line}\n")));
    }
    text.push_str(&look.finish(problems(look, &plan.problems)));
    text.push('\n');
    text.push_str(&look.text(&plan.document));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The difference between two versions.
pub fn difference(look: &Look, diff: &PlanDiff) -> String {
    let heading = format!("From v{} to v{}", diff.from, diff.to);
    look.finish(format!("{}\n", changed(look, &heading, diff))) + &unified(look, &diff.text)
}

/// A unified diff, its signs repeated by colour.
pub fn unified(look: &Look, patch: &str) -> String {
    let mut text = String::with_capacity(patch.len());
    for line in look.text(patch).lines() {
        let tone = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => {
                Some(Tone::Strong)
            }
            [b'+', ..] => Some(Tone::Good),
            [b'-', ..] => Some(Tone::Bad),
            [b'@', b'@', ..] => Some(Tone::Live),
            _ => None,
        };
        match tone {
            Some(tone) => text.push_str(&look.paint(tone, line)),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}
