//! `daemon install`, `daemon uninstall`, `daemon logs`.

use crate::look::Look;
use ganger_api::machine::{DaemonLogLine, UnitChange, UnitResult};

/// What was installed: the file whole, so that nobody has to look for it.
pub fn installed(look: &Look, result: &UnitResult) -> String {
    let file = look.line(&result.file);
    let mut text = match result.change {
        UnitChange::Written => format!("Wrote {file}\n"),
        UnitChange::Replaced => format!("Wrote {file} anew\n"),
        UnitChange::Unchanged | UnitChange::Removed => format!("{file} is as it should be\n"),
    };
    if matches!(result.change, UnitChange::Written | UnitChange::Replaced) {
        let lines = result.text.iter().flat_map(|text| text.lines());
        text.extend(lines.map(|line| format!("  {}", look.text(line)).trim_end().to_owned() + "\n"));
    }
    let manager = look.line(&result.manager);
    if result.told {
        text.push_str(&format!("{manager} starts the daemon at log-in"));
        text.push_str(match (result.active, result.change) {
            (true, UnitChange::Unchanged) => ", and has it run.\n",
            (true, _) => ", and has it run now. Agents go on.\n",
            (false, _) => ".\n",
        });
    }
    text.push_str(&rest(look, result));
    look.finish(text)
}

/// What was removed.
pub fn uninstalled(look: &Look, result: &UnitResult) -> String {
    let file = look.line(&result.file);
    let mut text = match result.change {
        UnitChange::Removed => {
            format!("Removed {file}: the daemon starts at log-in no more. One that runs goes on.\n")
        }
        _ => format!("There is no {file}, so the daemon does not start at log-in.\n"),
    };
    text.push_str(&rest(look, result));
    look.finish(text)
}

/// What is left to know and to type.
fn rest(look: &Look, result: &UnitResult) -> String {
    let mut text = String::new();
    if let Some(trouble) = &result.trouble {
        text.push_str(&format!("{} was not told: {}\n", look.line(&result.manager), look.line(trouble)));
    }
    text.extend(result.notes.iter().map(|note| format!("{}\n", look.line(note))));
    text.extend(result.commands.iter().map(|command| format!("Next: {}\n", look.line(command))));
    text
}

/// A line of the daemon's log in its parts. What does not begin with a moment goes on from the line before.
pub fn log_line(line: &str) -> DaemonLogLine {
    const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];
    let parts = line.split_once(' ').and_then(|(at, rest)| {
        let (level, text) = rest.trim_start().split_once(' ')?;
        (LEVELS.contains(&level) && at.ends_with('Z')).then(|| (at.to_owned(), level.to_owned(), text))
    });
    match parts {
        Some((at, level, text)) => DaemonLogLine { at: Some(at), level: Some(level), text: text.to_owned() },
        None => DaemonLogLine { at: None, level: None, text: line.to_owned() },
    }
}

#[cfg(test)]
mod tests;
