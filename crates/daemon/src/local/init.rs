//! `ganger init`: makes a directory of repositories a workspace. Asks little, proposes the rest, shows what it would
//! write, and can be run again at any time: it adds what is new and changes nothing that stands there.

use super::change::{to_toml, with_value};
use super::questions::{NoQuestions, Questions};
use super::replace::replace;
use super::survey::{self, InstalledAgent};
use super::{Outcome, print, trial};
use crate::config::{KeyPath, LoadedWorkspace, Origin, Source, Sources, WORKSPACE_SCHEMA, directory_name};
use crate::error::{CodedError, ErrorKind};
use crate::paths::{WORKSPACE_DIRECTORY, find_workspace, workspace_file};
use ganger_git::{DiscoveredRepository, Discovery, RemoteChoice, RepositoryLayout, Verdict};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The arguments of `ganger init`.
#[derive(Clone, Debug)]
pub struct InitArguments {
    /// The directory that is to become a workspace, or lies in one already.
    pub directory: PathBuf,
    /// Whether every question is answered with its default and everything is written.
    pub yes: bool,
    /// This program's file, with which setup and checks are tried before anything is written; none tries nothing.
    pub program: Option<PathBuf>,
}

/// What is written into `.ganger/.gitignore`: a workspace that is itself a repository must not find ganger's files
/// among its own.
const GITIGNORE: &str = "# Written by ganger. Remove this file to share workspace.toml with others.\n*\n";

/// Runs `ganger init`. `questions` is asked only without `--yes`.
///
/// # Errors
/// The directory holds no repository (exit code 5), there is no git or too old a git (6), a configuration that is
/// there is wrong (2), or a file cannot be written. Nothing was changed then.
pub fn init(
    sources: &Sources,
    arguments: &InitArguments,
    questions: &mut dyn Questions,
    out: &mut dyn Write,
) -> Result<Outcome, CodedError> {
    let directory = std::fs::canonicalize(&arguments.directory)
        .map_err(|error| CodedError::file("open", &arguments.directory, &error))?;
    let root = find_workspace(&directory)?.unwrap_or(directory);
    let mut defaults = NoQuestions;
    let mut run = Init {
        sources,
        asks: !arguments.yes,
        questions: if arguments.yes { &mut defaults } else { questions },
        out,
        root,
        program: arguments.program.as_deref(),
        notes: Vec::new(),
    };
    run.run()
}

struct Init<'a> {
    sources: &'a Sources,
    asks: bool,
    questions: &'a mut dyn Questions,
    out: &'a mut dyn Write,
    root: PathBuf,
    program: Option<&'a Path>,
    notes: Vec<String>,
}

/// A file as it is and as it is to be.
struct Change {
    path: PathBuf,
    label: String,
    before: Option<String>,
    after: String,
}

impl Init<'_> {
    fn run(&mut self) -> Result<Outcome, CodedError> {
        let file = workspace_file(&self.root);
        let config = self.sources.config_source()?;
        let before = crate::config::read_source(&file, self.sources.workspace_label())?;
        // Without a workspace's file yet, an empty one stands for it: everything is at its default.
        let standing = before.clone().unwrap_or_else(|| self.workspace_source(String::new()));
        let loaded = self.sources.load_workspace_from(&self.root, config.clone(), standing)?;
        let excluded = loaded.workspace.excluded(&self.root)?;
        let (_, discovery) = survey::repositories(&self.root, &excluded, &self.sources.variables)?;
        if discovery.repositories.is_empty() {
            return Err(self.no_repository(&discovery));
        }
        self.tell_found(&loaded, &discovery)?;
        let agents = survey::agents(&loaded.configuration, &self.sources.variables);
        self.tell_agents(&agents)?;

        let config_text = self.choose(&loaded, &agents, config.as_ref().map_or("", |source| &source.text))?;
        let workspace_text =
            self.describe(&loaded, &discovery, before.as_ref().map(|source| source.text.as_str()))?;
        let config_path = self.sources.paths.config_file().to_owned();
        let ignore_path = self.root.join(WORKSPACE_DIRECTORY).join(".gitignore");
        let ignore_label = format!("{WORKSPACE_DIRECTORY}/.gitignore");
        let ignore = crate::config::read_source(&ignore_path, ignore_label.clone())?;
        let first_time = before.is_none();
        let mut changes = vec![
            Change {
                label: self.sources.workspace_label(),
                path: file,
                before: before.map(|source| source.text),
                after: workspace_text,
            },
            Change {
                label: self.sources.paths.display(&config_path),
                path: config_path,
                before: config.map(|source| source.text),
                after: config_text,
            },
        ];
        // Somebody who removed the file later wants to share the workspace's file.
        if first_time && ignore.is_none() {
            changes.push(Change {
                label: ignore_label,
                path: ignore_path,
                before: None,
                after: GITIGNORE.to_owned(),
            });
        }
        changes.retain(|change| change.before.as_deref().unwrap_or_default() != change.after);
        let new = self.validate(&changes)?;
        let named = &loaded.workspace.repositories;
        let fresh = discovery.repositories.iter().map(|found| found.name.clone());
        let fresh: Vec<String> = fresh.filter(|name| !named.contains_key(name)).collect();
        if !self.agreed(&changes)? {
            return Ok(Outcome::Done);
        }
        // After the last question: from here on an interruption ends what runs and writes nothing.
        if let (Some(new), Some(program)) = (new, self.program) {
            self.try_out(&new, &fresh, program, &mut changes)?;
        }
        self.write(&changes, &discovery)
    }

    fn no_repository(&self, discovery: &Discovery) -> CodedError {
        let place = self.sources.paths.display(&self.root);
        let mut error = CodedError::new(
            ErrorKind::Refused,
            "workspace.no_repository",
            format!("{place} is no workspace: it holds no git repository that ganger can work on"),
        );
        for row in &discovery.preflight.rows {
            if let Verdict::Refused { sentence } | Verdict::LeftOut { sentence } = &row.verdict {
                error = error.detail(format!("{}: {sentence}", row.name));
            }
        }
        match self.root.ancestors().skip(1).find(|above| above.join(".git").exists()) {
            Some(above) => error.hint(format!(
                "it lies in a repository: ganger init in {}",
                self.sources.paths.display(above)
            )),
            None => error
                .hint("run ganger init in a repository, or in the directory that holds your repositories"),
        }
    }

    fn tell_found(&mut self, loaded: &LoadedWorkspace, discovery: &Discovery) -> Result<(), CodedError> {
        let described = |repository: &DiscoveredRepository| {
            let about: Vec<&str> = repository
                .languages
                .iter()
                .take(1)
                .chain(repository.frameworks.iter().take(1))
                .map(String::as_str)
                .collect();
            if about.is_empty() {
                repository.name.clone()
            } else {
                format!("{} ({})", repository.name, about.join(", "))
            }
        };
        let all: Vec<String> = discovery.repositories.iter().map(described).collect();
        let noun = if all.len() == 1 { "repository" } else { "repositories" };
        let mut text =
            format!("Found {} {noun} in {}: {}\n", all.len(), loaded.workspace.name, all.join(", "));
        for row in &discovery.preflight.rows {
            if let Verdict::Refused { sentence } | Verdict::LeftOut { sentence } = &row.verdict {
                text.push_str(&format!("  without {}: {sentence}\n", row.name));
            }
            for note in &row.notes {
                text.push_str(&format!("  {}: {note}\n", row.name));
            }
        }
        print(self.out, &text)
    }

    fn tell_agents(&mut self, agents: &[InstalledAgent]) -> Result<(), CodedError> {
        let shown = |agent: &InstalledAgent| match &agent.version {
            Some(version) => format!("{} {version}", agent.name),
            None => format!("{} ({})", agent.name, agent.program.display()),
        };
        let shown: Vec<String> = agents.iter().map(shown).collect();
        let shown = if shown.is_empty() { "none found in PATH".to_owned() } else { shown.join(", ") };
        print(self.out, &format!("Agents: {shown}\n"))
    }

    /// Asks what only the person can say, and gives the text of their file with the answers.
    fn choose(
        &mut self,
        loaded: &LoadedWorkspace,
        agents: &[InstalledAgent],
        before: &str,
    ) -> Result<String, CodedError> {
        let mut text = before.to_owned();
        let open = |keys: [&str; 2]| loaded.layers.origin(&KeyPath::from(keys)) == Origin::BuiltIn;
        let mut set = |key: [&str; 2], value: &str| -> Result<(), CodedError> {
            text = with_value(&text, &KeyPath::from(key), &Value::from(value))?;
            Ok(())
        };
        if open(["agents", "default"]) {
            let names: Vec<String> = agents.iter().map(|agent| agent.name.clone()).collect();
            match names.as_slice() {
                [] => self.notes.push(
                    "No agent is installed yet. After installing one: ganger config set agents.default NAME"
                        .to_owned(),
                ),
                [only] => set(["agents", "default"], only)?,
                several => {
                    let chosen = self.questions.choose("Who plans and implements?", several)?;
                    set(["agents", "default"], &several[chosen.min(several.len() - 1)])?;
                }
            }
        }
        let kernel = survey::kernel();
        if kernel.enforces() {
            if open(["agents", "permissions"]) {
                let question = "This kernel enforces the sandbox. Let agents work without asking inside it?";
                let answer = if self.questions.confirm(question, true)? { "sandboxed" } else { "ask" };
                set(["agents", "permissions"], answer)?;
            }
        } else if open(["sandbox", "mode"]) {
            let question = format!(
                "The sandbox cannot be enforced here: {}. Let agents work with less than that?",
                kernel.words()
            );
            // Less protection is never the default.
            if self.questions.confirm(&question, false)? {
                set(["sandbox", "mode"], "best-effort")?;
            } else {
                self.notes.push(format!(
                    "No agent starts here: {}. To go without: ganger config set sandbox.mode best-effort",
                    kernel.words()
                ));
            }
        }
        Ok(text)
    }

    /// The text of the workspace's file with every repository that it does not name yet.
    fn describe(
        &mut self,
        loaded: &LoadedWorkspace,
        discovery: &Discovery,
        before: Option<&str>,
    ) -> Result<String, CodedError> {
        let mut text = before.map_or_else(
            || {
                let name = to_toml(&Value::from(directory_name(&self.root)));
                format!("# The workspace, as ganger sees it. All keys: ganger config list --all\nschema = {WORKSPACE_SCHEMA}\nname = {name}\n")
            },
            str::to_owned,
        );
        for repository in &discovery.repositories {
            if !loaded.workspace.repositories.contains_key(&repository.name) {
                let section = self.section(repository)?;
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&section);
            }
        }
        Ok(text)
    }

    fn section(&mut self, repository: &DiscoveredRepository) -> Result<String, CodedError> {
        let mut text = format!("\n[{}]\n", KeyPath::from(["repositories", &repository.name]));
        if let RemoteChoice::Ambiguous { names } = &repository.remote {
            if self.asks {
                let question =
                    format!("{} has several remotes. Which one is the product's?", repository.name);
                let chosen = self.questions.choose(&question, names)?;
                text.push_str(&format!(
                    "remote = {}\n",
                    to_toml(&Value::from(names[chosen.min(names.len() - 1)].as_str()))
                ));
            } else {
                let key = KeyPath::from(["repositories", &repository.name, "remote"]);
                self.notes.push(format!(
                    "{} has the remotes {} and none is chosen: ganger config set --workspace {key} NAME",
                    repository.name,
                    names.join(", ")
                ));
            }
        }
        let proposals = &repository.proposals;
        let mut copied = Vec::new();
        for place in &proposals.copy {
            let question =
                format!("Copy {place} of {} into its worktrees? Agents can read it there", repository.name);
            if self.questions.confirm(&question, false)? {
                copied.push(place.clone());
            }
        }
        if !copied.is_empty() {
            text.push_str(&format!("copy = {}\n", to_toml(&Value::from(copied))));
        }
        if !proposals.setup.is_empty() {
            text.push_str(&setup_line(&proposals.setup));
            text.push('\n');
        }
        if !proposals.checks.is_empty() {
            text.push_str("checks = [\n");
            for check in &proposals.checks {
                text.push_str(&check_line(&check.name, &check.command));
                text.push('\n');
            }
            text.push_str("]\n");
        }
        Ok(text)
    }

    /// Tries the proposed setup and checks, and remarks in the workspace's file what fails without anybody's doing.
    fn try_out(
        &mut self,
        new: &LoadedWorkspace,
        repositories: &[String],
        program: &Path,
        changes: &mut [Change],
    ) -> Result<(), CodedError> {
        let has_any = |name: &&String| {
            let settings = new.workspace.repository(name);
            !settings.setup.is_empty() || !settings.checks.is_empty()
        };
        let repositories: Vec<String> = repositories.iter().filter(has_any).cloned().collect();
        if repositories.is_empty() {
            return Ok(());
        }
        print(self.out, "Trying setup and checks on the base commits (skip: --no-try)\n")?;
        let width = repositories.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let out = &mut *self.out;
        let tried = trial::on_bases(self.sources, &self.root, new, &repositories, program, |tried| {
            print(out, &format!("  {:width$}  {}\n", tried.repository, trial::line(tried)))
        })?;
        let file = workspace_file(&self.root);
        let Some(change) = changes.iter_mut().find(|change| change.path == file) else { return Ok(()) };
        for tried in &tried {
            let settings = new.workspace.repository(&tried.repository);
            let setup = settings.setup.iter().filter_map(|command| trial::remark(tried, command, true));
            let setup: Vec<String> = setup.collect();
            if !setup.is_empty() {
                let line = setup_line(&settings.setup);
                change.after = remarked(&change.after, &tried.repository, &line, &setup.join("; "));
                self.notes.push(format!(
                    "The setup of {} fails, and so will its worktrees: ganger config edit --workspace",
                    tried.repository
                ));
            }
            for check in &settings.checks {
                if let Some(remark) = trial::remark(tried, &check.name, false) {
                    let line = check_line(&check.name, &check.run);
                    change.after = remarked(&change.after, &tried.repository, &line, &remark);
                }
            }
        }
        Ok(())
    }

    /// What is about to be written is read as it will be read: a proposal that is refused later would be a trap. None
    /// where the workspace's file stays as it is.
    fn validate(&self, changes: &[Change]) -> Result<Option<LoadedWorkspace>, CodedError> {
        let after = |path: &Path| {
            changes.iter().find(|change| change.path == path).map(|change| change.after.clone())
        };
        let workspace = match after(&workspace_file(&self.root)) {
            Some(text) => self.workspace_source(text),
            None => return Ok(None),
        };
        let config = match after(self.sources.paths.config_file()) {
            Some(text) => {
                let path = self.sources.paths.config_file();
                Some(Source { path: path.to_owned(), label: self.sources.paths.display(path), text })
            }
            None => self.sources.config_source()?,
        };
        self.sources.load_workspace_from(&self.root, config, workspace).map(Some)
    }

    fn workspace_source(&self, text: String) -> Source {
        Source { path: workspace_file(&self.root), label: self.sources.workspace_label(), text }
    }

    /// Shows what would be written, and asks whether it shall be.
    fn agreed(&mut self, changes: &[Change]) -> Result<bool, CodedError> {
        if changes.is_empty() {
            print(self.out, "Everything is written already; nothing to change.\n")?;
            return self.tell_notes().map(|()| false);
        }
        for change in changes {
            let before = change.before.as_deref().unwrap_or_default();
            let difference = similar::TextDiff::from_lines(before, &change.after);
            let from = if change.before.is_some() { change.label.as_str() } else { "(new)" };
            let shown = difference.unified_diff().context_radius(2).header(from, &change.label).to_string();
            // A line of context that is empty is a lone blank in the format; people need not see it.
            let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
            print(self.out, &format!("\n{}\n", lines.join("\n")))?;
        }
        print(self.out, "\n")?;
        let agreed = self.questions.confirm("Write this?", true)?;
        if !agreed {
            print(self.out, "Nothing was written.\n")?;
        }
        Ok(agreed)
    }

    fn write(&mut self, changes: &[Change], discovery: &Discovery) -> Result<Outcome, CodedError> {
        // The workspace's own file comes last: it is what makes the directory a workspace.
        for change in changes.iter().rev() {
            if change.path.starts_with(self.sources.paths.home()) {
                self.sources.paths.create_home()?;
            }
            replace(&change.path, &change.after)?;
        }
        let written: Vec<String> = changes
            .iter()
            .map(|change| format!("{} ({} lines)", change.label, change.after.lines().count()))
            .collect();
        let inside =
            discovery.repositories.iter().any(|repository| repository.layout == RepositoryLayout::Workspace);
        let untouched = if inside { "" } else { " Nothing in your checkouts was touched." };
        print(self.out, &format!("Wrote {}.{untouched}\n", written.join(", ")))?;
        self.tell_notes()?;
        print(self.out, "Next: ganger doctor, then: ganger new \"what is to be done\" --run\n")?;
        Ok(Outcome::Done)
    }

    fn tell_notes(&mut self) -> Result<(), CodedError> {
        for note in std::mem::take(&mut self.notes) {
            print(self.out, &format!("! {note}\n"))?;
        }
        Ok(())
    }
}

fn setup_line(commands: &[String]) -> String {
    format!("setup = {}", to_toml(&Value::from(commands.to_vec())))
}

fn check_line(name: &str, run: &str) -> String {
    let (name, run) = (to_toml(&Value::from(name)), to_toml(&Value::from(run)));
    format!("  {{ name = {name}, run = {run} }},")
}

/// The text with a remark behind a line of a repository's section.
fn remarked(text: &str, repository: &str, line: &str, remark: &str) -> String {
    let header = format!("[{}]", KeyPath::from(["repositories", repository]));
    let mut is_inside = false;
    let mut lines = Vec::new();
    for found in text.split('\n') {
        is_inside = found == header || is_inside && !found.starts_with('[');
        if is_inside && found == line {
            // A command may hold anything, but a comment ends with its line.
            let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
            lines.push(format!("{found} # {}", remark.chars().map(plain).collect::<String>()));
        } else {
            lines.push(found.to_owned());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
