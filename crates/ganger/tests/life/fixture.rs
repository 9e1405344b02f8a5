//! The world of a test: repositories with bare remotes, a workspace, a configuration, and the scenario that its
//! agent plays.

use ganger_daemon::demo::world::World;
use ganger_git::Git;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One repository.
#[derive(Clone)]
pub(crate) struct Repository {
    pub name: String,
    /// Its default branch.
    pub branch: &'static str,
    pub files: Vec<(String, String)>,
    /// The command that proves it; none without.
    pub check: Option<String>,
    /// More of them, each with its name.
    pub other_checks: Vec<(&'static str, String)>,
}

impl Repository {
    pub(crate) fn new(name: &str) -> Self {
        let readme = ("README.md".to_owned(), format!("# {name}\n"));
        Self {
            name: name.to_owned(),
            branch: "main",
            files: vec![readme],
            check: None,
            other_checks: Vec::new(),
        }
    }
}

/// What the world is made from.
#[derive(Clone)]
pub(crate) struct Fixture {
    /// The name of the workspace's directory.
    pub workspace: &'static str,
    /// Whether the workspace is itself its one repository.
    pub alone: bool,
    pub repositories: Vec<Repository>,
    /// The repositories of the plan, in the order of their waves.
    pub waves: Vec<Vec<&'static str>>,
    /// Rules of the scenario beside that of the planner.
    pub rules: String,
    /// Rules of reviewers and of the Foreman, which come before those of implementers.
    pub judging: String,
    /// More steps of the planner, before it submits.
    pub planning: String,
    /// More lines of `config.toml`.
    pub configuration: String,
}

impl Fixture {
    /// One repository in one wave, in which the agent does what `steps` say.
    pub(crate) fn one(steps: &str) -> Self {
        Self {
            workspace: "acme",
            alone: false,
            repositories: vec![Repository::new("api")],
            waves: vec![vec!["api"]],
            rules: rule("repository = \"api\"", steps),
            judging: String::new(),
            planning: String::new(),
            configuration: String::new(),
        }
    }

    /// One repository whose agent breaks its check first and repairs it then: every kind of step, in little time.
    pub(crate) fn small() -> Self {
        let check = "limit=$(cat limit 2>/dev/null || echo 1); [ \"$limit\" -gt 0 ] || { echo 'the limit must be positive'; exit 1; }";
        let mut api = Repository::new("api");
        api.check = Some(check.to_owned());
        let told = "repository = \"api\", prompt_contains = [\"## What broke\"]";
        let steps = |limit: &str, message: &str| {
            say(&format!("I set the limit to {limit}.")) + &write("limit", limit) + &commit(message)
        };
        Self {
            repositories: vec![api],
            rules: rule(told, &steps("100", "Repair the limit"))
                + &rule("repository = \"api\"", &steps("0", "Add the limit")),
            ..Self::one("")
        }
    }

    fn plan(&self) -> String {
        let mut text = String::from("```ganger-plan\nexecution_groups:\n");
        for wave in &self.waves {
            let names: Vec<String> = wave.iter().map(|name| format!("{name:?}")).collect();
            let _ = writeln!(text, "  - [{}]", names.join(", "));
        }
        text.push_str("```\n\n## Orchestration\n\nEach part stands for itself.\n");
        for name in self.waves.iter().flatten() {
            let _ = write!(
                text,
                "\n## SubPlan: {name}\n\n### Goal\n\nA limit.\n\n### Scope\n\n- `limit`\n\n### Changes\n\n- add it\n\n\
                 ### Validation\n\n- it is there\n\n### Risks\n\n- none known\n"
            );
        }
        text
    }

    /// Makes it below `root`.
    pub(crate) fn make(&self, root: &Path, git: &Git) -> Made {
        let made = Made {
            root: root.to_owned(),
            home: root.join("home"),
            workspace: root.join(self.workspace),
            alone: self.alone,
            repositories: self.repositories.iter().map(|one| one.name.clone()).collect(),
        };
        let mut workspace = format!("schema = 1\nname = {:?}\n", self.workspace);
        for repository in &self.repositories {
            made.repository(repository, git);
            let limits = repository.check.iter().map(|check| ("limits", check));
            let others = repository.other_checks.iter().map(|(name, check)| (*name, check));
            let checks: Vec<String> = limits
                .chain(others)
                .map(|(name, check)| format!("{{ name = {name:?}, run = {check:?}, timeout = \"1m\" }}"))
                .collect();
            if !checks.is_empty() {
                let _ = write!(
                    workspace,
                    "\n[repositories.{:?}]\nchecks = [{}]\n",
                    repository.name,
                    checks.join(", ")
                );
            }
        }
        put(&made.workspace.join(".ganger/workspace.toml"), &workspace);
        put(&root.join("plan.md"), &self.plan());
        let submit = format!("{}{}", self.planning, step("submit_plan", "documents = [\"@plan.md\"]"));
        // Reviewers are content, unless a test says otherwise.
        let scenario = rule("tool = \"submit_plan\"", &submit)
            + &self.judging
            + &rule("kind = \"review\"", &step("submit_review", ""))
            + &self.rules;
        put(&root.join("scenario.toml"), &scenario);
        made.configure(&self.configuration);
        made
    }
}

/// A world that stands.
pub(crate) struct Made {
    pub root: PathBuf,
    pub home: PathBuf,
    pub workspace: PathBuf,
    alone: bool,
    pub repositories: Vec<String>,
}

impl Made {
    /// The demonstration's.
    pub(crate) fn demonstration(root: &Path, git: &Git) -> Self {
        let world = World::make(root, None, git).unwrap();
        let repositories = world.repositories.iter().map(|one| one.name.clone()).collect();
        Self { root: world.root, home: world.home, workspace: world.workspace, alone: false, repositories }
    }

    pub(crate) fn remote(&self, repository: &str) -> PathBuf {
        self.root.join("remotes").join(format!("{repository}.git"))
    }

    pub(crate) fn clone_of(&self, repository: &str) -> PathBuf {
        if self.alone { self.workspace.clone() } else { self.workspace.join(repository) }
    }

    /// Writes `config.toml` with further lines.
    pub(crate) fn configure(&self, more: &str) {
        let scenario = self.root.join("scenario.toml");
        let text = format!(
            "[publish]\npush = \"auto\"\n\n[sandbox]\nmode = \"best-effort\"\n\n[agents]\ndefault = \"scripted\"\n\n\
             [agents.scripted]\narguments = [\"--scenario\", {:?}]\n\n{more}",
            scenario.display().to_string()
        );
        put(&self.home.join("config.toml"), &text);
    }

    fn repository(&self, repository: &Repository, git: &Git) {
        let (clone, remote) = (self.clone_of(&repository.name), self.remote(&repository.name));
        std::fs::create_dir_all(&remote).unwrap();
        for (path, text) in &repository.files {
            put(&clone.join(path), text);
        }
        let run = |directory: &Path, arguments: &[&str]| git.scratch(directory, arguments).unwrap();
        let head = format!("--initial-branch={}", repository.branch);
        run(&remote, &["init", "--quiet", "--bare", &head, "."]);
        run(&clone, &["init", "--quiet", &head, "."]);
        run(&clone, &["add", "--all"]);
        run(&clone, &["commit", "--quiet", "-m", "Begin"]);
        run(&clone, &["remote", "add", "origin", remote.to_str().unwrap()]);
        run(&clone, &["push", "--quiet", "-u", "origin", repository.branch]);
    }
}

pub(crate) fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A rule of a scenario.
pub(crate) fn rule(when: &str, steps: &str) -> String {
    format!("\n[[rules]]\nwhen = {{ {when} }}\n{steps}")
}

/// A step of a scenario, with its fields as lines of TOML.
pub(crate) fn step(kind: &str, fields: &str) -> String {
    format!("[[rules.steps]]\ndo = \"{kind}\"\n{fields}\n")
}

pub(crate) fn say(text: &str) -> String {
    step("say", &format!("text = {text:?}"))
}

pub(crate) fn write(path: &str, text: &str) -> String {
    step("write", &format!("path = {path:?}\ntext = \"{text}\\n\""))
}

pub(crate) fn commit(message: &str) -> String {
    step("commit", &format!("message = {message:?}"))
}

/// A command of the agent's, whose failure is its own affair. Its words go to `said` in the worktree's own git
/// directory's neighbour, the session's temporary directory.
pub(crate) fn run(command: &str) -> String {
    step("run", &format!("command = '''\n{command}'''\non_failure = \"go_on\""))
}

/// Says that it waits, and waits until a test makes this file.
pub(crate) fn wait_for(path: &Path) -> String {
    let path = path.display().to_string();
    step("tool", &format!("title = \"wait for {path}\"")) + &step("wait_for", &format!("path = {path:?}"))
}
