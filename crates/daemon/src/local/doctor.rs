//! `ganger doctor`, as far as no daemon is needed: git, the workspace, agents, the sandbox, room. The faces draw it. A
//! row that is not well ends in the one command that repairs it, or shows what is wrong.

mod agents;

use super::push::{self, Push};
use super::{survey, trial};
use crate::config::{
    Configuration, LoadedWorkspace, SandboxMode, Sources, Tool, WorkspaceConfiguration, find_program,
};
use crate::error::CodedError;
use crate::paths::{Variables, find_workspace};
use ganger_api::doctor::{DoctorRow, DoctorSection, DoctorState};
use ganger_git::{DiscoveredRepository, Discovery, PreflightRow, RemoteChoice, Verdict};
use std::collections::BTreeMap;
use std::path::Path;

/// What can be said of this machine without a daemon, for a command given in `directory`. What is wrong is a finding,
/// never an error. Starts programs to ask for their versions, asks remotes whether they take a push, and blocks for some
/// seconds at most; with `program`, this program's file, it runs setup and checks too, and takes as long as they do.
pub fn examine(sources: &Sources, directory: &Path, program: Option<&Path>) -> Vec<DoctorSection> {
    let (workspace, configuration, of_workspace) = workspace(sources, directory, program);
    let agents = agents::section(sources, &configuration, of_workspace.as_ref());
    vec![workspace, agents, sandbox(sources, &configuration), machine(sources, &configuration)]
}

fn row(state: DoctorState, subject: impl Into<String>, facts: Vec<String>, fix: Option<&str>) -> DoctorRow {
    DoctorRow { state, subject: subject.into(), facts, fix: fix.map(str::to_owned) }
}

/// A finding that came as an error.
fn wrong(subject: &str, error: &CodedError, fix: Option<&str>) -> DoctorRow {
    let facts = std::iter::once(&error.message).chain(&error.details).cloned().collect();
    row(DoctorState::Problem, subject, facts, fix.or(error.hints.first().map(String::as_str)))
}

/// The workspace, and the configuration that holds in it: the built-in one where it can't be read, so that the rest
/// of the machine is examined all the same.
fn workspace(
    sources: &Sources,
    directory: &Path,
    program: Option<&Path>,
) -> (DoctorSection, Configuration, Option<WorkspaceConfiguration>) {
    let git_fix = install_git(&sources.variables);
    let section = |summary: String, rows| DoctorSection { name: "workspace".to_owned(), summary, rows };
    let person = || match sources.load() {
        Ok(loaded) => (None, loaded.configuration),
        Err(error) => {
            (Some(wrong("configuration", &error, Some("ganger config edit"))), Configuration::default())
        }
    };
    let root = match find_workspace(directory) {
        Ok(Some(root)) => root,
        Ok(None) => {
            let (problem, configuration) = person();
            let none = row(
                DoctorState::Warning,
                "no workspace",
                vec![format!("{} is in no workspace", sources.paths.display(directory))],
                Some("ganger init"),
            );
            let git = ganger_git::Git::find(&sources.variables);
            let git = match git {
                Ok(git) => row(DoctorState::Ok, "git", vec![git.version().to_string()], None),
                Err(error) => row(DoctorState::Problem, "git", vec![error.to_string()], Some(git_fix)),
            };
            return (
                section(
                    "none here".to_owned(),
                    [Some(none), problem, Some(git)].into_iter().flatten().collect(),
                ),
                configuration,
                None,
            );
        }
        Err(error) => {
            let (problem, configuration) = person();
            let look = format!("ls -la {}", quoted(directory));
            let rows =
                [Some(wrong("workspace", &error, Some(&look))), problem].into_iter().flatten().collect();
            return (section("unreadable".to_owned(), rows), configuration, None);
        }
    };
    let loaded = match sources.load_workspace(&root) {
        Ok(loaded) => loaded,
        Err(error) => {
            let (problem, configuration) = person();
            let row = problem
                .unwrap_or_else(|| wrong("configuration", &error, Some("ganger config edit --workspace")));
            return (section(sources.paths.display(&root), vec![row]), configuration, None);
        }
    };
    let found = loaded
        .workspace
        .excluded(&root)
        .and_then(|excluded| survey::repositories(&root, &excluded, &sources.variables));
    let (summary, rows) = match found {
        Ok((version, discovery)) => {
            let pushes = push::try_all(&loaded, &discovery, &sources.variables);
            let mut rows = repositories(&root, &loaded, &discovery, &pushes);
            if let Some(program) = program {
                let trouble = run_checks(sources, &root, &loaded, &discovery, program, &mut rows);
                rows.extend(trouble);
            }
            rows.push(row(DoctorState::Ok, "git", vec![version.to_string()], None));
            (count(discovery.repositories.len(), "repository", "repositories"), rows)
        }
        Err(error) => ("not examined".to_owned(), vec![wrong("git", &error, Some(git_fix))]),
    };
    let summary = format!("{} · {summary} · {}", loaded.workspace.name, sources.workspace_label());
    (section(summary, rows), loaded.configuration, Some(loaded.workspace))
}

/// The command that installs git, or a newer one; on an unknown system the one that shows where it was looked for.
fn install_git(variables: &Variables) -> &'static str {
    const MANAGERS: [(&str, &str); 7] = [
        ("brew", "brew install git"),
        ("apt-get", "sudo apt-get install git"),
        ("dnf", "sudo dnf install git"),
        ("pacman", "sudo pacman -S git"),
        ("zypper", "sudo zypper install git"),
        ("apk", "sudo apk add git"),
        ("xcode-select", "xcode-select --install"),
    ];
    let here = MANAGERS.iter().find(|(manager, _)| find_program(manager, variables).is_some());
    here.map_or("type -a git", |(_, command)| command)
}

/// A path as a shell reads it as one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    // Only a NUL byte cannot be quoted, and no path has one.
    shlex::try_quote(&path).map_or_else(|_| path.clone(), std::borrow::Cow::into_owned)
}

/// Runs setup and checks on the base commits, and adds to each repository's row what they showed. A row of its own says
/// why it could not be done.
fn run_checks(
    sources: &Sources,
    root: &Path,
    loaded: &LoadedWorkspace,
    discovery: &Discovery,
    program: &Path,
    rows: &mut [DoctorRow],
) -> Option<DoctorRow> {
    let works = |row: &DoctorRow| row.state != DoctorState::Problem;
    let found = discovery.repositories.iter().map(|found| found.name.clone());
    let names: Vec<String> =
        found.filter(|name| rows.iter().any(|row| row.subject == *name && works(row))).collect();
    let all = match trial::on_bases(sources, root, loaded, &names, program, |_| Ok(())) {
        Ok(all) => all,
        Err(error) => return Some(wrong("checks", &error, Some("ganger doctor --run-checks"))),
    };
    for tried in &all {
        let Some(row) = rows.iter_mut().find(|row| row.subject == tried.repository) else { continue };
        row.facts.push(trial::line(tried));
        if !trial::is_fine(tried) {
            row.state = DoctorState::Warning;
            row.fix.get_or_insert_with(|| EDIT.to_owned());
        }
    }
    None
}

fn repositories(
    root: &Path,
    loaded: &LoadedWorkspace,
    discovery: &Discovery,
    pushes: &BTreeMap<String, Push>,
) -> Vec<DoctorRow> {
    let without_refused = without_refused(root, loaded, &discovery.preflight.rows);
    let examined = |preflight: &PreflightRow| match &preflight.verdict {
        Verdict::LeftOut { .. } => None,
        Verdict::Refused { sentence } => {
            Some(row(DoctorState::Problem, &preflight.name, vec![sentence.clone()], Some(&without_refused)))
        }
        Verdict::Works => {
            let found = discovery.repositories.iter().find(|found| found.name == preflight.name)?;
            Some(repository(loaded, found, pushes.get(&preflight.name), &preflight.notes))
        }
    };
    let mut rows: Vec<DoctorRow> = discovery.preflight.rows.iter().filter_map(examined).collect();
    for name in loaded.workspace.repositories.keys() {
        if !discovery.preflight.rows.iter().any(|row| row.name == *name) {
            rows.push(row(
                DoctorState::Warning,
                name,
                vec!["named in workspace.toml, but there is no such repository".to_owned()],
                Some("ganger config edit --workspace"),
            ));
        }
    }
    if discovery.repositories.is_empty() {
        rows.push(row(
            DoctorState::Problem,
            "no repository",
            vec!["there is no repository to work on".to_owned()],
            Some("cd DIRECTORY_OF_YOUR_REPOSITORIES && ganger init"),
        ));
    }
    rows
}

/// The command that leaves out what cannot be handled: all of it at once, since a list is set as a whole.
fn without_refused(root: &Path, loaded: &LoadedWorkspace, rows: &[PreflightRow]) -> String {
    let refused = rows.iter().filter(|row| matches!(row.verdict, Verdict::Refused { .. }));
    let refused: Vec<&String> = refused.map(|row| &row.name).collect();
    // A workspace that is itself a repository cannot leave that out.
    if !refused.iter().all(|name| root.join(name.as_str()).is_dir()) {
        return EDIT.to_owned();
    }
    let excluded: Vec<&String> = loaded.workspace.exclude.iter().chain(refused).collect();
    let list = serde_json::to_string(&excluded).unwrap_or_default();
    let words = ["ganger", "config", "set", "exclude", &list, "--workspace"];
    shlex::try_join(words).unwrap_or_else(|_| EDIT.to_owned())
}

/// The command for what the workspace's file says wrong.
const EDIT: &str = "ganger config edit --workspace";

fn repository(
    loaded: &LoadedWorkspace,
    found: &DiscoveredRepository,
    push: Option<&Push>,
    notes: &[String],
) -> DoctorRow {
    let settings = loaded.workspace.repository(&found.name);
    if let Err(error) = found.source(settings.remote.as_deref(), settings.push_remote.as_deref()) {
        return row(DoctorState::Problem, &found.name, vec![error.to_string()], Some(EDIT));
    }
    let (mut state, mut fix) = (DoctorState::Ok, None);
    let mut facts = Vec::new();
    let base = settings.base.as_ref().or(found.known_default_branch.as_ref());
    facts.push(base.cloned().unwrap_or_else(|| "base as the remote says".to_owned()));
    facts.extend(found.languages.first().cloned());
    if let (None, RemoteChoice::Named { name }) = (&settings.remote, &found.remote)
        && name != "origin"
    {
        facts.push(format!("remote {name}"));
    }
    for (place, what) in settings
        .copy
        .iter()
        .map(|place| (place, "copy"))
        .chain(settings.link.iter().map(|place| (place, "link")))
    {
        if !found.path.join(place).exists() {
            (state, fix) = (DoctorState::Warning, Some(EDIT));
            facts.push(format!("there is no {place} to {what}"));
        }
    }
    if settings.checks.is_empty() {
        (state, fix) = (DoctorState::Warning, Some(EDIT));
        facts.push("no checks".to_owned());
    } else {
        facts.push(count(settings.checks.len(), "check", "checks"));
    }
    facts.extend(notes.iter().cloned());
    facts.extend(push.map(push::fact));
    // Finished work could not leave this machine.
    if let Some(Push::Refused { fix, .. }) = push {
        return row(DoctorState::Problem, &found.name, facts, Some(fix));
    }
    row(state, &found.name, facts, fix)
}

fn sandbox(sources: &Sources, configuration: &Configuration) -> DoctorSection {
    let kernel = survey::kernel();
    let settings = &configuration.sandbox;
    let (user_home, variables) = (sources.paths.user_home(), &sources.variables);
    let caches: Vec<&str> = settings
        .caches
        .iter()
        .filter(|&&tool| !Tool::existing_roots(&[tool], variables, user_home).is_empty())
        .map(|tool| tool.name())
        .collect();
    let mut rows = Vec::new();
    rows.push(match (settings.mode, kernel) {
        (SandboxMode::Off, _) => row(
            DoctorState::Warning,
            "off",
            vec!["agents can write whatever you can".to_owned()],
            Some(if kernel.enforces() {
                "ganger config set sandbox.mode enforce"
            } else {
                "ganger config set sandbox.mode best-effort"
            }),
        ),
        (SandboxMode::Enforce, kernel) if !kernel.enforces() => row(
            DoctorState::Problem,
            "enforce",
            vec![kernel.words(), "so no agent starts".to_owned()],
            Some("ganger config set sandbox.mode best-effort"),
        ),
        (mode, kernel) => {
            let state = if kernel.enforces() { DoctorState::Ok } else { DoctorState::Warning };
            let mut writes = "writes: worktree".to_owned();
            if !caches.is_empty() {
                writes.push_str(&format!(", caches ({})", caches.join(" ")));
            }
            if !settings.write.is_empty() {
                writes.push_str(&format!(", {}", settings.write.join(" ")));
            }
            let subject = if mode == SandboxMode::Enforce { "enforce" } else { "best-effort" };
            let facts = vec![kernel.words(), writes, "the network is open".to_owned()];
            row(state, subject, facts, LANDLOCK.filter(|_| state != DoctorState::Ok))
        }
    });
    if settings.mode != SandboxMode::Off
        && let survey::Kernel::Landlock(version) = kernel
        && version < survey::SCOPED_LANDLOCK
    {
        let facts = vec![format!(
            "this kernel's Landlock is older than {}, which Linux 6.12 has: agents can signal your other programs and reach abstract sockets",
            survey::SCOPED_LANDLOCK
        )];
        rows.push(row(DoctorState::Warning, "scopes", facts, Some("uname -r")));
    }
    let hidden = settings.hidden(&sources.paths).iter().filter(|place| place.exists()).count();
    let summary = format!(
        "reads are open but for {} and ganger's own data",
        count(hidden, "hidden place", "hidden places")
    );
    DoctorSection { name: "sandbox".to_owned(), summary, rows }
}

/// What shows whether the kernel has Landlock switched on. On other systems there is none, and nothing to type.
const LANDLOCK: Option<&str> =
    if cfg!(target_os = "linux") { Some("cat /sys/kernel/security/lsm") } else { None };

/// Below this, a work item has hardly room.
const LITTLE_DISK: u64 = 5_000_000_000;
/// Below this, nothing can be done.
const NO_DISK: u64 = 200_000_000;

/// What one session takes of memory, its agent program with the tools it starts, in bytes: for an estimate.
const SESSION_MEMORY: u64 = 800_000_000;

fn machine(sources: &Sources, configuration: &Configuration) -> DoctorSection {
    let home = sources.paths.home();
    let existing = home.ancestors().find(|path| path.exists()).unwrap_or(home);
    let look = if existing == home {
        format!("du -xh -d 1 {} | sort -h", quoted(home))
    } else {
        format!("df -h {}", quoted(existing))
    };
    let disk = match survey::free_bytes(home) {
        Some(free) => {
            let (state, fix) = match free {
                0..NO_DISK => (DoctorState::Problem, Some(look.as_str())),
                NO_DISK..LITTLE_DISK => (DoctorState::Warning, Some(look.as_str())),
                LITTLE_DISK.. => (DoctorState::Ok, None),
            };
            let facts = vec![format!("{} free for {}", survey::size(free), sources.paths.display(home))];
            row(state, "disk", facts, fix)
        }
        None => row(
            DoctorState::Problem,
            "disk",
            vec![format!("the volume of {} cannot be examined", sources.paths.display(home))],
            Some(&format!("df -h {}", quoted(existing))),
        ),
    };
    let memory = survey::available_memory().map(|free| memory(free, configuration.agents.max_sessions));
    DoctorSection {
        name: "machine".to_owned(),
        summary: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        rows: std::iter::once(disk).chain(memory).collect(),
    }
}

fn memory(free: u64, max_sessions: u32) -> DoctorRow {
    let wanted = SESSION_MEMORY.saturating_mul(u64::from(max_sessions));
    let sessions = count(max_sessions as usize, "session", "sessions");
    let facts = vec![
        format!("{} available", survey::size(free)),
        format!("{sessions} take some {}", survey::size(wanted)),
    ];
    if free >= wanted {
        return row(DoctorState::Ok, "memory", facts, None);
    }
    let fitting = (free / SESSION_MEMORY).max(1);
    let fix = match max_sessions {
        // Fewer than one cannot be.
        0 | 1 => "ps aux --sort=-rss | head".to_owned(),
        _ => format!("ganger config set agents.max_sessions {fitting}"),
    };
    row(DoctorState::Warning, "memory", facts, Some(&fix))
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
