//! `ganger daemon install`: has what starts programs at log-in on this machine start the daemon, too. On Linux that is
//! the person's systemd, on macOS launchd. The file is ours alone, and nobody needs to be root.

mod manager;
mod text;

use super::replace;
use crate::config::{Sources, find_program};
use crate::error::{CodedError, ErrorKind};
use crate::paths::{Paths, Variables};
use ganger_api::doctor::{DoctorRow, DoctorState};
use ganger_api::machine::{UNIT_SCHEMA, UnitChange, UnitResult};
use manager::Manager;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a daemon that was started by its unit may take to answer before its manager is asked how it is.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The daemon as a file of its manager.
struct Unit {
    manager: Manager,
    file: PathBuf,
    text: String,
}

impl Unit {
    /// What there is to be for this site, and this program's file.
    fn of(sources: &Sources, own: &Path) -> Result<Self, CodedError> {
        let manager = Manager::of_this_system();
        let (paths, variables) = (&sources.paths, &sources.variables);
        let program = stable(own, variables);
        let kept = kept(variables);
        let words = kept.iter().map(|(_, value)| value.as_str()).chain(program.to_str());
        if program.to_str().is_none() || words.into_iter().any(|word| word.contains(char::is_control)) {
            let message = format!(
                "{} cannot name this program and its GANGER_HOME: they must be text without control characters",
                manager.name()
            );
            return Err(CodedError::new(ErrorKind::Environment, "unit.unwritable", message));
        }
        let text = manager.text(&program.display().to_string(), &kept);
        Ok(Self { manager, file: manager.file(paths, variables), text })
    }

    fn there(&self) -> Result<Option<String>, CodedError> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(CodedError::file("read", &self.file, &error)),
        }
    }

    /// Somebody else's file under our name is left alone.
    fn refuse_another(&self, there: &str, paths: &Paths) -> Result<(), CodedError> {
        if there.contains(text::OURS) {
            return Ok(());
        }
        let file = paths.display(&self.file);
        let message = format!("{file} is not of ganger's making, so it was not touched");
        Err(CodedError::new(ErrorKind::Refused, "unit.not_ours", message)
            .hint(format!("put it aside first: mv {file} {file}.mine")))
    }

    fn result(self, change: UnitChange, paths: &Paths) -> UnitResult {
        UnitResult {
            schema: UNIT_SCHEMA.to_owned(),
            manager: self.manager.name().to_owned(),
            file: paths.display(&self.file),
            text: (change != UnitChange::Removed).then_some(self.text),
            change,
            told: false,
            active: false,
            trouble: None,
            commands: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// The name by which this program is found in `PATH`, where that is this file: it stays when the program is upgraded.
fn stable(own: &Path, variables: &Variables) -> PathBuf {
    let same = |found: &PathBuf| {
        let (found, own) = (std::fs::canonicalize(found), std::fs::canonicalize(own));
        found.is_ok() && found.ok() == own.ok()
    };
    find_program("ganger", variables).filter(same).unwrap_or_else(|| own.to_owned())
}

/// The variables that say where everything lies; a daemon without them would serve another site.
fn kept(variables: &Variables) -> Vec<(String, String)> {
    ["GANGER_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), variables.get(name)?.clone())))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// Writes the file and tells the manager of it. `own` is this program's file. Safe to repeat.
///
/// # Errors
/// The file cannot be written, or it is somebody else's.
pub fn install(sources: &Sources, own: &Path) -> Result<UnitResult, CodedError> {
    let unit = Unit::of(sources, own)?;
    let change = match unit.there()? {
        None => UnitChange::Written,
        Some(there) if there == unit.text => UnitChange::Unchanged,
        Some(there) => {
            unit.refuse_another(&there, &sources.paths)?;
            UnitChange::Replaced
        }
    };
    if change != UnitChange::Unchanged {
        replace(&unit.file, &unit.text)?;
    }
    let (manager, file) = (unit.manager, unit.file.clone());
    let mut result = unit.result(change, &sources.paths);
    match manager.enable(&file, change, &sources.variables) {
        Ok(()) => {
            result.told = true;
            result.active = change == UnitChange::Unchanged && manager.is_active(&sources.variables);
        }
        Err(trouble) => {
            result.trouble = Some(trouble);
            result.commands.push(manager.enable_command(&file));
        }
    }
    if manager.lingers(&sources.variables) == Some(false) {
        result
            .notes
            .push("When you log out, the daemon and its agents end, until you let them linger.".to_owned());
        result.commands.push(LINGER.to_owned());
    }
    Ok(result)
}

/// What lets a person's programs go on after the log-out.
const LINGER: &str = "loginctl enable-linger";

/// Has nobody start the daemon at log-in any more; one that runs goes on. `own` is this program's file. Safe to repeat.
///
/// # Errors
/// The file cannot be removed, or it is somebody else's.
pub fn uninstall(sources: &Sources, own: &Path) -> Result<UnitResult, CodedError> {
    let unit = Unit::of(sources, own)?;
    let Some(there) = unit.there()? else {
        let mut result = unit.result(UnitChange::Unchanged, &sources.paths);
        result.text = None;
        return Ok(result);
    };
    unit.refuse_another(&there, &sources.paths)?;
    let (manager, file) = (unit.manager, unit.file.clone());
    let mut result = unit.result(UnitChange::Removed, &sources.paths);
    let disabled = manager.disable(&sources.variables);
    std::fs::remove_file(&file).map_err(|error| CodedError::file("remove", &file, &error))?;
    match disabled.and_then(|()| manager.reload(&sources.variables)) {
        Ok(()) => result.told = true,
        Err(trouble) => {
            result.trouble = Some(trouble);
            result.commands.extend(manager.disable_command());
        }
    }
    Ok(result)
}

/// Whether the daemon starts at log-in: a row of `doctor`. `own` is this program's file.
pub fn row(sources: &Sources, own: &Path) -> DoctorRow {
    let row = |state, fact: &str, fix: Option<&str>| DoctorRow {
        state,
        subject: "log-in".to_owned(),
        facts: vec![fact.to_owned()],
        fix: fix.map(str::to_owned),
    };
    const INSTALL: Option<&str> = Some("ganger daemon install");
    let unit = match Unit::of(sources, own) {
        Ok(unit) => unit,
        Err(error) => return row(DoctorState::Ok, &error.message, None),
    };
    let variables = &sources.variables;
    if let Err(reason) = unit.manager.answers(variables) {
        // A container, or a log-in without one: there is nothing to mend.
        return row(DoctorState::Ok, &format!("nothing starts it at log-in: {reason}"), None);
    }
    match unit.there() {
        Ok(Some(there)) if there != unit.text => {
            row(DoctorState::Warning, "another ganger, or one with other data, starts at log-in", INSTALL)
        }
        Ok(Some(_)) if unit.manager.is_enabled(variables) => {
            if unit.manager.lingers(variables) == Some(false) {
                row(DoctorState::Warning, "starts at log-in, ends with its agents at log-out", Some(LINGER))
            } else {
                row(DoctorState::Ok, &format!("starts at log-in, by {}", unit.manager.name()), None)
            }
        }
        Ok(_) => row(DoctorState::Warning, "not started at log-in", INSTALL),
        Err(error) => row(DoctorState::Warning, &error.message, INSTALL),
    }
}

/// Has the manager start the daemon, where it knows this one, and waits until `answers` or the deadline. Whether the
/// daemon is there now; where not, it has to be started without it.
pub(crate) fn start(sources: &Sources, own: &Path, deadline: Instant, answers: impl Fn() -> bool) -> bool {
    let Ok(unit) = Unit::of(sources, own) else { return false };
    // Another program's unit would start another daemon than the one that is wanted.
    if unit.there().ok().flatten().as_ref() != Some(&unit.text) || !unit.manager.start(&sources.variables) {
        return false;
    }
    let mut look = Instant::now() + LOOK_AGAIN;
    while Instant::now() < deadline {
        if answers() {
            return true;
        }
        if Instant::now() >= look {
            if !unit.manager.is_active(&sources.variables) {
                return false;
            }
            look = Instant::now() + LOOK_AGAIN;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[cfg(test)]
mod tests;
