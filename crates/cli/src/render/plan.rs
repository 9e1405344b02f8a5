//! Plans: the screen on which one is judged, the document, the difference.

use crate::look::{Look, Symbol, Tone, short, width};
use crate::table::{Column, table};
use ganger_api::plan::{PlanDiff, PlanProblem, PlanState, PlanVersion, PlanView, SubPlanChangeKind};

/// The whole decision on one screen; the document is one key away.
pub fn summary(look: &Look, plan: &PlanView) -> String {
    let mut text = headline(look, plan);
    let columns = [Column::left(""), Column::free("", 14), Column::left(""), Column::left("")];
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
    text.push_str(&parts(look, &columns, rows));
    let judges = [("Review", &plan.reviewer, "nobody"), ("Questions", &plan.foreman, "you")];
    let judges = judges.map(|(what, who, nobody)| {
        format!("{what} {}", who.as_deref().map_or_else(|| nobody.to_owned(), |who| look.line(who)))
    });
    text.push_str(&format!(" {}\n", look.facts(&judges, 1, 1)));
    text.push_str(&problems(look, &plan.problems));
    if let Some(line) = in_force(plan) {
        text.push_str(&format!(" {}\n", look.wrap(&line, 1, 1)));
    }
    if let Some(diff) = &plan.diff {
        let heading = format!("Changed since v{}", diff.from);
        text.push_str(&format!(" {}\n", changed(look, &heading, diff, 1)));
    }
    look.finish(text)
}

/// What each repository is to do, and what proves it: in columns where all of it fits, else below each other.
fn parts(look: &Look, columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let widest = |index: usize| rows.iter().map(|row| width(&row[index])).max().unwrap_or(0);
    let gaps = 1 + 3 * 2;
    if (0..4).map(widest).sum::<usize>().saturating_add(gaps) <= look.width {
        return table(look, 1, columns, &rows);
    }
    /// The widest name that a goal stands beside.
    const WIDEST: usize = 20;
    let names = rows.iter().map(|row| width(&row[1]));
    let name_width = names.filter(|&width| width <= WIDEST).max().unwrap_or(0);
    let margin = 1 + widest(0) + 2 + name_width + 2;
    let mut text = String::new();
    for row in &rows {
        let start = format!(" {}{}  {}", row[0], " ".repeat(widest(0) - width(&row[0])), row[1]);
        let gap = match width(&start) + 2 <= margin {
            true => " ".repeat(margin - width(&start)),
            false => format!("\n{}", " ".repeat(margin)),
        };
        text.push_str(&format!("{start}{gap}{}\n", look.wrap(&row[2], margin, margin)));
        text.push_str(&format!("{}{}\n", " ".repeat(margin), look.wrap(&row[3], margin, margin)));
    }
    text
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
    format!(" Versions  {}\n", look.facts(&all, 11, 11))
}

fn headline(look: &Look, plan: &PlanView) -> String {
    let author = plan.versions.iter().find(|version| version.version == plan.plan.version);
    let mut facts = vec![format!("plan v{}", plan.plan.version), short(&plan.plan.digest)];
    if let Some(version) = author {
        facts.push(format!("by {}, {}", look.line(&version.author), version.state.words()));
    }
    let title = look.line(&plan.title);
    let (start, beside) = (width(&plan.handle) + 1, facts.join(" · "));
    let handle = look.paint(Tone::Strong, &plan.handle);
    if start.saturating_add(width(&title)).saturating_add(width(&beside) + 4) <= look.width {
        return format!("{handle} {title}    {beside}\n");
    }
    // Which plan it is is what an approval names: it is never cut.
    format!("{handle} {}\n {}\n", look.wrap(&title, start, 1), look.facts(&facts, 1, 1))
}

/// What became of each repository's part; the first line begins behind `column` blanks.
fn changed(look: &Look, heading: &str, diff: &PlanDiff, column: usize) -> String {
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
    let groups: Vec<String> = groups.collect();
    let margin = column + width(heading) + 3;
    format!("{heading}   {}", look.facts(&groups, margin, margin))
}

/// Each problem with its line.
pub fn problems(look: &Look, problems: &[PlanProblem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let line = problem.line.map_or_else(|| "document".into(), |line| format!("line {line}"));
        let message = look.wrap(&look.line(&problem.message), 14, 14);
        text.push_str(&format!("  {} {line:<9} {message}\n", look.symbol(Symbol::Failed)));
    }
    look.finish(text)
}

/// The document as it stands, under a line that says which it is.
pub fn document(look: &Look, plan: &PlanView) -> String {
    let mut text = look.finish(headline(look, plan) + &versions(look, plan));
    if let Some(line) = in_force(plan) {
        text.push_str(&look.finish(format!(" {}\n", look.wrap(&line, 1, 1))));
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
    look.finish(format!("{}\n", changed(look, &heading, diff, 0))) + &unified(look, &diff.text)
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
