//! Setup and checks, tried on the base commits as work items will run them: the same jobs, the same sandbox, the same
//! environment, in checkouts that are thrown away. The person's checkouts are read and never written.

use super::throw_away::Place;
use crate::config::{LoadedWorkspace, Sources};
use crate::equipment;
use crate::error::{CodedError, ErrorKind};
use crate::surroundings::{Machine, sandbox_mode, workspace_settings};
use ganger_core::process::SandboxMode;
use ganger_git::{Discoverer, Git};
use ganger_orchestrator::engine::{Engine, Limits};
use ganger_orchestrator::run::trial::{self, Tried, TriedEnd};
use ganger_orchestrator::settings::{AgentSettings, SiteSettings, Surroundings, WorkspaceSettings};
use ganger_store::MemoryStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where trials take place, below `GANGER_HOME`.
const DIRECTORY: &str = "trial";

/// What the runners of a trial are told: as later, but for where things lie, and with a configuration that need not be
/// written yet.
struct Stage {
    machine: Machine,
    home: PathBuf,
    program: PathBuf,
    hidden: PathBuf,
    mode: SandboxMode,
    settings: WorkspaceSettings,
}

impl Surroundings for Stage {
    fn discoverer(&self) -> &Discoverer {
        self.machine.discoverer()
    }

    fn site(&self) -> Result<SiteSettings, String> {
        let mut site = self.machine.site()?;
        site.hide.push(self.hidden.clone());
        Ok(SiteSettings { home: self.home.clone(), program: self.program.clone(), mode: self.mode, ..site })
    }

    fn agent(&self, name: &str) -> Result<AgentSettings, String> {
        Err(format!("a trial starts no agent, so not \"{name}\" either"))
    }

    fn workspace(&self, _: &Path) -> Result<WorkspaceSettings, String> {
        Ok(self.settings.clone())
    }
}

/// Tries what `loaded` says of these repositories, one after the other, and tells of each as soon as it is known.
/// `own` is this program's file. Blocks, as long as their time limits allow; Ctrl-C ends it, and leaves nothing.
///
/// # Errors
/// It could not begin, another trial takes place, or it was interrupted.
pub(super) fn on_bases(
    sources: &Sources,
    root: &Path,
    loaded: &LoadedWorkspace,
    repositories: &[String],
    own: &Path,
    mut tell: impl FnMut(&Tried) -> Result<(), CodedError>,
) -> Result<Vec<Tried>, CodedError> {
    let place = Place::take(sources, DIRECTORY).map_err(|error| match error.code {
        "place.taken" => CodedError::new(
            ErrorKind::Refused,
            "trial.running",
            "setup and checks are being tried by another command at this moment",
        )
        .hint("wait for it, or go without: ganger init --no-try"),
        _ => error,
    })?;
    place.run(async |home| {
        let engine = engine(sources, root, loaded, place.program(own)?, home).await?;
        let named = engine.register_workspace(root, &loaded.workspace.name).await;
        let workspace = named.map_err(|error| not_begun(&error.to_string()))?;
        let mut all = Vec::new();
        for (number, repository) in (1..).zip(repositories) {
            let tried = trial::on_base(&engine, workspace, repository, number).await;
            tell(&tried)?;
            all.push(tried);
        }
        Ok(all)
    })
}

fn not_begun(reason: &str) -> CodedError {
    CodedError::new(
        ErrorKind::Environment,
        "trial.not_begun",
        format!("setup and checks could not be tried: {reason}"),
    )
}

async fn engine(
    sources: &Sources,
    root: &Path,
    loaded: &LoadedWorkspace,
    program: PathBuf,
    home: &Path,
) -> Result<Arc<Engine>, CodedError> {
    let variables = sources.variables.clone();
    let git = Git::find(&variables).map_err(|error| not_begun(&error.to_string()))?;
    let awaited = equipment::gather(&variables, git);
    let settings = workspace_settings(loaded, root).map_err(|reason| not_begun(&reason))?;
    let stage = Stage {
        machine: Machine::new(sources.paths.clone(), variables, awaited, program.clone()),
        home: home.to_owned(),
        program,
        hidden: sources.paths.home().to_owned(),
        mode: sandbox_mode(loaded.configuration.sandbox.mode),
        settings,
    };
    let limits = Limits { sessions: 1, checks: 1 };
    Engine::start(Arc::new(MemoryStore::new()), Arc::new(stage), limits)
        .await
        .map_err(|error| not_begun(&error.to_string()))
}

/// What a trial showed of one repository, in one line for a person.
pub(super) fn line(tried: &Tried) -> String {
    if let Some(reason) = &tried.trouble {
        return format!("not tried: {reason}");
    }
    let branch = tried.branch.as_deref().unwrap_or("its base");
    let commands = tried.commands.iter().map(|command| {
        let took = took(command.took);
        match (&command.end, command.is_setup) {
            (TriedEnd::Passed, true) => format!("setup `{}` ok {took}", command.name),
            (TriedEnd::Passed, false) => format!("{} ok {took}", command.name),
            (TriedEnd::Failed { how, .. }, true) => {
                format!("setup `{}` {how} on {branch}, so nothing can be checked there", command.name)
            }
            (TriedEnd::Failed { how, .. }, false) => {
                format!("{} fails already on {branch}: it {how}; kept as \"was broken\"", command.name)
            }
            (TriedEnd::NotRun { reason }, _) => format!("{} was not run: {reason}", command.name),
        }
    });
    let commands: Vec<String> = commands.collect();
    if commands.is_empty() { "neither setup nor checks".to_owned() } else { commands.join(" · ") }
}

/// Whether everything that was tried went well.
pub(super) fn is_fine(tried: &Tried) -> bool {
    tried.trouble.is_none() && tried.commands.iter().all(|command| command.end == TriedEnd::Passed)
}

/// The comment that a command of the workspace's file gets; none where it is fine.
pub(super) fn remark(tried: &Tried, name: &str, is_setup: bool) -> Option<String> {
    let branch = tried.branch.as_deref().unwrap_or("the base");
    let command = tried.commands.iter().find(|one| one.name == name && one.is_setup == is_setup)?;
    match &command.end {
        TriedEnd::Failed { how, .. } if is_setup => Some(format!("`{name}` {how} on {branch}")),
        TriedEnd::Failed { how, .. } => Some(format!("was broken: fails already on {branch}, it {how}")),
        TriedEnd::Passed | TriedEnd::NotRun { .. } => None,
    }
}

fn took(time: Duration) -> String {
    match time.as_secs() {
        0 => "under 1 s".to_owned(),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds => format!("{} m", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganger_orchestrator::run::trial::TriedCommand;

    #[test]
    fn a_line_says_what_each_command_showed() {
        let command = |name: &str, is_setup, end| TriedCommand {
            name: name.to_owned(),
            is_setup,
            end,
            took: Duration::from_secs(41),
        };
        let failed = || TriedEnd::Failed { how: "ended with exit code 1".to_owned(), tail: String::new() };
        let check = |commands: Vec<TriedCommand>, trouble: Option<&str>, expected: &str| {
            let tried = Tried {
                repository: "api".to_owned(),
                branch: Some("main".to_owned()),
                commands,
                trouble: trouble.map(str::to_owned),
            };
            assert_eq!(line(&tried), expected);
        };
        check(
            vec![
                command("npm ci", true, TriedEnd::Passed),
                command("test", false, TriedEnd::Passed),
                command("lint", false, failed()),
            ],
            None,
            "setup `npm ci` ok 41 s · test ok 41 s · lint fails already on main: it ended with exit code 1; kept as \"was broken\"",
        );
        check(
            vec![command("npm ci", true, failed())],
            None,
            "setup `npm ci` ended with exit code 1 on main, so nothing can be checked there",
        );
        let not_run = TriedEnd::NotRun { reason: "there is no shell".to_owned() };
        check(vec![command("test", false, not_run)], None, "test was not run: there is no shell");
        check(Vec::new(), None, "neither setup nor checks");
        check(Vec::new(), Some("the remote does not answer"), "not tried: the remote does not answer");
    }
}
