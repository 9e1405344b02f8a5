//! What starts programs at log-in, and how it is spoken to: by its own command, within a limit.

use super::text;
use crate::config::find_program;
use crate::local::capture::ask;
use crate::paths::{Paths, Variables};
use ganger_api::machine::UnitChange;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest that the manager may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// The name of the unit of systemd.
const UNIT: &str = "ganger.service";

/// A service manager of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manager {
    /// `systemctl --user`.
    Systemd,
    /// `launchctl`, for agents of the person's graphical session.
    Launchd,
}

impl Manager {
    /// The one of the system that this program was built for.
    pub(super) const fn of_this_system() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Systemd => "systemctl",
            Self::Launchd => "launchctl",
        }
    }

    /// Where its file of the daemon lies.
    pub(super) fn file(self, paths: &Paths, variables: &Variables) -> PathBuf {
        match self {
            Self::Systemd => {
                let set = variables.get("XDG_CONFIG_HOME").map(PathBuf::from);
                let configuration = set.filter(|path| path.is_absolute());
                let configuration = configuration.unwrap_or_else(|| paths.user_home().join(".config"));
                configuration.join("systemd/user").join(UNIT)
            }
            Self::Launchd => {
                paths.user_home().join("Library/LaunchAgents").join(format!("{}.plist", text::LABEL))
            }
        }
    }

    pub(super) fn text(self, program: &str, variables: &[(String, String)]) -> String {
        match self {
            Self::Systemd => text::systemd(program, variables),
            Self::Launchd => text::launchd(program, variables),
        }
    }

    /// Whether it can be spoken to; else why not.
    pub(super) fn answers(self, variables: &Variables) -> Result<(), String> {
        match self {
            Self::Systemd => self.run(&["--user", "show-environment"], variables).map(|_| ()),
            Self::Launchd => self.run(&["print", &Self::domain()], variables).map(|_| ()),
        }
    }

    /// Runs its command; else why not, as a sentence.
    fn run(self, arguments: &[&str], variables: &Variables) -> Result<String, String> {
        let typed = format!("{} {}", self.program(), arguments.join(" "));
        let Some(program) = find_program(self.program(), variables) else {
            return Err(format!("there is no program `{}` in PATH", self.program()));
        };
        match ask(&program, arguments, variables, LIMIT) {
            Some(ended) if ended.code == 0 => Ok(ended.text),
            Some(ended) => {
                let said = ended.text.lines().map(str::trim).find(|line| !line.is_empty());
                Err(match said {
                    Some(said) => format!("`{typed}` says: {said}"),
                    None => format!("`{typed}` ended with exit code {}", ended.code),
                })
            }
            None => Err(format!("`{typed}` did not answer within {} s", LIMIT.as_secs())),
        }
    }

    /// The place of a person's agents, in the words of launchd.
    fn domain() -> String {
        format!("gui/{}", rustix::process::getuid().as_raw())
    }

    fn service() -> String {
        format!("{}/{}", Self::domain(), text::LABEL)
    }

    /// Tells it of the file, as something to start at log-in from now on.
    pub(super) fn enable(self, file: &Path, change: UnitChange, variables: &Variables) -> Result<(), String> {
        match self {
            Self::Systemd => {
                self.run(&["--user", "daemon-reload"], variables)?;
                self.run(&["--user", "enable", UNIT], variables)?;
            }
            Self::Launchd => {
                if self.is_active(variables) {
                    if change == UnitChange::Unchanged {
                        return Ok(());
                    }
                    self.run(&["bootout", &Self::service()], variables)?;
                }
                let file = file.display().to_string();
                self.run(&["bootstrap", &Self::domain(), &file], variables)?;
            }
        }
        Ok(())
    }

    /// What a person types for the same, and to have it started.
    pub(super) fn enable_command(self, file: &Path) -> String {
        match self {
            Self::Systemd => {
                format!("systemctl --user daemon-reload && systemctl --user enable --now {UNIT}")
            }
            Self::Launchd => format!("launchctl bootstrap gui/$(id -u) {}", file.display()),
        }
    }

    /// Has it start the daemon at log-in no more. One that runs goes on.
    pub(super) fn disable(self, variables: &Variables) -> Result<(), String> {
        match self {
            Self::Systemd => self.run(&["--user", "disable", UNIT], variables).map(|_| ()),
            // Without its file nothing is started at the next log-in; to tell it now would end the daemon.
            Self::Launchd => Ok(()),
        }
    }

    /// Tells it that a file is gone.
    pub(super) fn reload(self, variables: &Variables) -> Result<(), String> {
        match self {
            Self::Systemd => self.run(&["--user", "daemon-reload"], variables).map(|_| ()),
            Self::Launchd => Ok(()),
        }
    }

    /// What a person types for the same.
    pub(super) fn disable_command(self) -> Option<String> {
        match self {
            Self::Systemd => Some(format!("systemctl --user disable {UNIT}; systemctl --user daemon-reload")),
            Self::Launchd => None,
        }
    }

    /// Starts the daemon now, where it does not run; whether the manager could be told.
    pub(super) fn start(self, variables: &Variables) -> bool {
        match self {
            Self::Systemd => self.run(&["--user", "start", UNIT], variables).is_ok(),
            Self::Launchd => self.run(&["kickstart", &Self::service()], variables).is_ok(),
        }
    }

    /// Whether the manager has the daemon run now.
    pub(super) fn is_active(self, variables: &Variables) -> bool {
        match self {
            Self::Systemd => self.run(&["--user", "is-active", UNIT], variables).is_ok(),
            Self::Launchd => self.run(&["print", &Self::service()], variables).is_ok(),
        }
    }

    /// Whether it starts the daemon at log-in.
    pub(super) fn is_enabled(self, variables: &Variables) -> bool {
        match self {
            Self::Systemd => self.run(&["--user", "is-enabled", UNIT], variables).is_ok(),
            // The file is there, which is all that launchd asks for.
            Self::Launchd => true,
        }
    }

    /// Whether what the person runs goes on after the log-out; `None` where nobody says so.
    pub(super) fn lingers(self, variables: &Variables) -> Option<bool> {
        if self == Self::Launchd {
            return None;
        }
        let loginctl = find_program("loginctl", variables)?;
        let user = rustix::process::getuid().as_raw().to_string();
        let arguments = ["show-user", &user, "--property=Linger", "--value"];
        let ended = ask(&loginctl, &arguments, variables, LIMIT).filter(|ended| ended.code == 0)?;
        match ended.text.trim() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }
}
