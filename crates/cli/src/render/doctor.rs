//! `doctor` and `daemon status`.

use crate::look::{Look, Symbol, Tone, count, width};
use ganger_api::daemon::DaemonStatus;
use ganger_api::doctor::{DoctorReport, DoctorState};

/// The report; each row that is not well has the command that repairs it.
pub fn report(look: &Look, report: &DoctorReport) -> String {
    let subjects = report.sections.iter().flat_map(|section| &section.rows).map(|row| width(&row.subject));
    let subject_width = subjects.max().unwrap_or(0);
    let mut text = String::new();
    for section in &report.sections {
        let name = look.paint(Tone::Strong, &look.line(&section.name));
        text.push_str(format!("{name}  {}", look.line(&section.summary)).trim_end());
        text.push('\n');
        for row in &section.rows {
            let padding = " ".repeat(subject_width - width(&row.subject));
            let symbol = look.symbol(Symbol::of_finding(row.state));
            let facts = look.line(&row.facts.join(" · "));
            text.push_str(format!("  {symbol} {}{padding}  {facts}", look.line(&row.subject)).trim_end());
            if let Some(fix) = &row.fix {
                text.push_str(&format!("\n    {}  fix: {}", " ".repeat(subject_width), look.line(fix)));
            }
            text.push('\n');
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
