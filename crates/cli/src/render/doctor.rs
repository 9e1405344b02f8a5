//! `doctor` and `daemon status`.

use crate::look::{Look, Symbol, Tone, count, width};
use ganger_api::daemon::DaemonStatus;
use ganger_api::doctor::{DoctorReport, DoctorRow, DoctorState};

/// The widest subject that facts stand beside.
const WIDEST_SUBJECT: usize = 20;

/// The report; each row that is not well has the command that repairs it.
pub fn report(look: &Look, report: &DoctorReport) -> String {
    let subjects = report.sections.iter().flat_map(|section| &section.rows).map(|row| width(&row.subject));
    let subject_width = subjects.filter(|&width| width <= WIDEST_SUBJECT).max().unwrap_or(0);
    let mut text = String::new();
    for section in &report.sections {
        let name = look.paint(Tone::Strong, &look.line(&section.name));
        let margin = width(&name) + 2;
        text.push_str(
            format!("{name}  {}", look.wrap(&look.line(&section.summary), margin, margin)).trim_end(),
        );
        text.push('\n');
        for row in &section.rows {
            text.push_str(&finding(look, row, subject_width));
        }
    }
    let problems = report.count(DoctorState::Problem) as u64;
    let warnings = report.count(DoctorState::Warning) as u64;
    text.push_str(&match (problems, warnings) {
        (0, 0) => "Everything is well.\n".to_owned(),
        (0, warnings) => format!("Work can go on, {}.\n", count(warnings, "warning")),
        (problems, warnings) => {
            format!("{} would stop work, {}.\n", count(problems, "problem"), count(warnings, "warning"))
        }
    });
    look.finish(text)
}

/// A finding: its facts stand beside its subject, below it where that is wide, and its repair below them.
fn finding(look: &Look, row: &DoctorRow, subject_width: usize) -> String {
    let margin = 4 + subject_width + 2;
    let subject = look.line(&row.subject);
    let start = format!("  {} {subject}", look.symbol(Symbol::of_finding(row.state)));
    let facts: Vec<String> = row.facts.iter().map(|fact| look.line(fact)).collect();
    let facts = look.facts(&facts, margin, margin);
    let mut text = match width(&subject) <= subject_width {
        true => format!("{start}{}{facts}", " ".repeat(margin - width(&start))).trim_end().to_owned(),
        false if facts.is_empty() => start,
        false => format!("{start}\n{}{facts}", " ".repeat(margin)),
    };
    if let Some(fix) = &row.fix {
        text.push_str(&format!("\n{}fix: {}", " ".repeat(margin), look.line(fix)));
    }
    text + "\n"
}

/// What the daemon says about itself.
pub fn daemon(look: &Look, status: &DaemonStatus) -> String {
    look.finish(format!(
        "running  {} · process {} · up {}\nhome     {}\nlive     {} · {}\n",
        look.line(&status.version),
        status.pid,
        look.age(status.started_at),
        look.line(&status.home),
        count(status.items_live, "work item"),
        count(status.sessions_live, "agent")
    ))
}
