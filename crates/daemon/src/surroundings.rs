//! What the runners are told of configuration and machine.

use crate::config::{AgentKind, Foreman, LoadedWorkspace, Notify, Source, Sources};
use crate::equipment::Awaited;
use crate::error::CodedError;
use crate::paths::{Paths, Variables};
use ganger_core::process::SandboxMode;
use ganger_core::work_item::state::{PermissionPolicy, PushPolicy, ReviewSettings, Settings};
use ganger_git::Discoverer;
use ganger_orchestrator::engine::Limits;
use ganger_orchestrator::settings::{
    AgentSettings, RepositorySettings, SiteSettings, Surroundings, WorkspaceSettings,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Variables of the login environment that jobs and agents get: what a build needs to find its tools and its
/// language, and no secret.
const PASSED: [&str; 22] = [
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "NVM_DIR",
    "PNPM_HOME",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "MISE_DATA_DIR",
    "ASDF_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
];

/// The way to the person's desktop.
const DESKTOP: [&str; 5] =
    ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

/// The configuration and the login environment of this machine.
pub struct Machine {
    paths: Paths,
    variables: Variables,
    equipment: Awaited,
    discoverer: OnceLock<Discoverer>,
    program: PathBuf,
    /// Held while the copy of a workspace's configuration is written.
    keeping: Mutex<()>,
}

impl Machine {
    /// A machine with these paths. `variables` are of this process and say what ganger itself was told; what others
    /// are given is in `equipment`. `program` is the copy that hosts run from.
    pub fn new(paths: Paths, variables: Variables, equipment: Awaited, program: PathBuf) -> Self {
        let discoverer = OnceLock::new();
        Self { paths, variables, equipment, discoverer, program, keeping: Mutex::new(()) }
    }

    /// The environment of the login shell. Blocks until it has answered.
    fn login(&self) -> &Variables {
        &self.equipment.get().variables
    }

    fn sources(&self) -> Sources {
        Sources { paths: self.paths.clone(), variables: self.variables.clone(), flags: Vec::new() }
    }

    /// What an item keeps of the configuration when it is started.
    ///
    /// # Errors
    /// The configuration is wrong, or nobody has chosen who plans, reviews or answers questions.
    pub fn item_settings(&self, workspace: &Path) -> Result<Settings, CodedError> {
        let loaded = self.sources().load_workspace(workspace)?;
        let configuration = loaded.configuration;
        let agents = &configuration.agents;
        let planner = agents.for_planning().ok_or_else(|| none_chosen("nothing can be planned"))?;
        // Without a default one every phase needs its own: what nobody reviews is not done.
        let reviewer = agents.for_review().ok_or_else(|| none_chosen("nothing can be reviewed"))?;
        let foreman = agents.for_foreman().ok_or_else(|| none_chosen("no question can be answered"))?;
        Ok(Settings {
            planner: planner.to_owned(),
            permissions: match configuration.agents.permissions {
                crate::config::Permissions::Sandboxed => PermissionPolicy::Sandboxed,
                crate::config::Permissions::Ask => PermissionPolicy::Ask,
                crate::config::Permissions::Deny => PermissionPolicy::Deny,
            },
            max_corrections: configuration.plan.max_corrections,
            max_repositories: configuration.plan.max_repositories,
            baseline: configuration.checks.baseline,
            push: match configuration.publish.push {
                crate::config::Push::Ask => PushPolicy::Ask,
                crate::config::Push::Auto => PushPolicy::Auto,
                crate::config::Push::Never => PushPolicy::Never,
            },
            review: Some(ReviewSettings {
                agent: reviewer.to_owned(),
                pass_threshold: configuration.review.pass_threshold.into(),
                max_cycles: configuration.review.max_cycles,
                timeout_ms: configuration.review.timeout.milliseconds(),
                new_findings: configuration.review.new_findings.into(),
            }),
            foreman: Some(foreman.to_owned()),
            budget_usd_micros: configuration.budget.item_micros(),
            question_timeout_ms: configuration.foreman.question_timeout.milliseconds(),
        })
    }

    /// The configuration of a workspace in which something is under way. Its file may lie in a repository, where
    /// `git clean` takes it away: then what was read last counts, so that what was begun ends as it was begun.
    fn load_kept(&self, root: &Path) -> Result<LoadedWorkspace, CodedError> {
        let sources = self.sources();
        let kept = self.paths.kept_workspace(root);
        if let Some(source) = sources.workspace_source(root)? {
            let text = source.text.clone();
            let loaded = sources.load_workspace_from(root, sources.config_source()?, source)?;
            if std::fs::read(&kept).ok().as_deref() != Some(text.as_bytes()) {
                let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
                crate::local::replace(&kept, &text)?;
            }
            return Ok(loaded);
        }
        match std::fs::read_to_string(&kept) {
            Ok(text) => {
                let source = Source { path: kept, label: sources.workspace_label(), text };
                sources.load_workspace_from(root, sources.config_source()?, source)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(crate::paths::no_workspace(root))
            }
            Err(error) => Err(CodedError::file("read", &kept, &error)),
        }
    }

    /// How the person is told of things.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub(crate) fn notify(&self) -> Result<(Notify, Foreman), CodedError> {
        let configuration = self.sources().load()?.configuration;
        Ok((configuration.notify, configuration.foreman))
    }

    /// What a program gets that tells the person something: the way to their desktop and nothing that opens a door.
    /// Blocks until the login shell has answered.
    pub(crate) fn notifying_environment(&self) -> Variables {
        let login = self.login();
        let passed = PASSED.iter().chain(&DESKTOP);
        let mut environment: Variables = passed
            .filter_map(|name| {
                let value = login.get(*name).or_else(|| self.variables.get(*name))?;
                Some(((*name).to_owned(), value.clone()))
            })
            .collect();
        environment.insert("PATH".to_owned(), self.path());
        environment.insert("HOME".to_owned(), self.paths.user_home().display().to_string());
        environment
    }

    /// Refuses a name that no agent has.
    ///
    /// # Errors
    /// There is no such agent, or the configuration is wrong.
    pub fn check_agent(&self, workspace: &Path, name: &str) -> Result<(), CodedError> {
        let agents = self.load_kept(workspace)?.configuration.agents;
        if agents.named.contains_key(name) { Ok(()) } else { Err(no_such_agent(&agents, name)) }
    }

    /// How much may run at once.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub fn limits(&self) -> Result<Limits, CodedError> {
        let configuration = self.sources().load()?.configuration;
        Ok(Limits {
            sessions: configuration.agents.max_sessions,
            checks: configuration.checks.parallel as usize,
        })
    }

    /// The name of the workspace in this directory.
    ///
    /// # Errors
    /// Its configuration is wrong.
    pub fn workspace_name(&self, root: &Path) -> Result<String, CodedError> {
        let named = self.sources().load_workspace(root)?.workspace.name;
        let of_directory =
            || root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(if named.trim().is_empty() { of_directory() } else { named })
    }

    fn path(&self) -> String {
        self.login().get("PATH").cloned().unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned())
    }
}

fn no_such_agent(agents: &crate::config::Agents, name: &str) -> CodedError {
    let known: Vec<&str> = agents.named.keys().map(String::as_str).collect();
    let message = format!("there is no agent \"{name}\"; there is: {}", known.join(", "));
    CodedError::new(crate::error::ErrorKind::Usage, "agents.unknown", message)
        .hint("ganger config set agents.NAME.command '[\"PROGRAM\", \"--acp\"]' makes another one known")
}

fn none_chosen(so: &str) -> CodedError {
    let message = format!("no agent is chosen, so {so}");
    CodedError::new(crate::error::ErrorKind::Usage, "agents.none_chosen", message)
        .hint("ganger config set agents.default NAME; ganger doctor lists the agents on this machine")
}

fn sentence(error: &CodedError) -> String {
    let mut text = error.message.clone();
    for line in &error.details {
        text.push_str("; ");
        text.push_str(line);
    }
    text
}

impl Surroundings for Machine {
    fn discoverer(&self) -> &Discoverer {
        self.discoverer.get_or_init(|| Discoverer::new(self.equipment.get().git.clone()))
    }

    fn site(&self) -> Result<SiteSettings, String> {
        let configuration = self.sources().load().map_err(|error| sentence(&error))?.configuration;
        let user_home = self.paths.user_home().to_owned();
        let mut write =
            crate::config::Tool::existing_roots(&configuration.sandbox.caches, self.login(), &user_home);
        write.extend(configuration.sandbox.writable(&self.paths));
        let environment = PASSED
            .iter()
            .filter_map(|name| self.login().get(*name).map(|value| ((*name).to_owned(), value.clone())))
            .collect();
        Ok(SiteSettings {
            home: self.paths.home().to_owned(),
            socket: self.paths.socket(),
            program: self.program.clone(),
            path: self.path(),
            user_home,
            environment,
            mode: sandbox_mode(configuration.sandbox.mode),
            write,
            hide: configuration.sandbox.hidden(&self.paths),
            refresh_after_ms: configuration.git.refresh_after.milliseconds(),
            parallel_fetches: configuration.git.parallel as usize,
        })
    }

    fn agent(&self, name: &str) -> Result<AgentSettings, String> {
        let configuration = self.sources().load().map_err(|error| sentence(&error))?.configuration;
        let agent = configuration
            .agents
            .named
            .get(name)
            .ok_or_else(|| no_such_agent(&configuration.agents, name).message)?;
        let program = agent.program(name, self.login(), &self.program).map_err(|error| sentence(&error))?;
        let mut command = vec![program.display().to_string()];
        command.extend(agent.all_arguments());
        let scripted = name == crate::config::SCRIPTED;
        let own_state = self.paths.agent_state(name, "default");
        let mut environment: BTreeMap<String, String> = agent.passed(name, self.login());
        if scripted {
            environment.insert("GANGER_AGENT_STATE".to_owned(), own_state.display().to_string());
        }
        let mut state: Vec<PathBuf> = agent.state.iter().map(|place| self.paths.expand(place)).collect();
        state.push(own_state);
        let there = crate::config::agents_there(name).iter().map(|place| self.paths.expand(place)).collect();
        let AgentKind::Acp = agent.kind;
        Ok(AgentSettings {
            harness: "acp".to_owned(),
            command,
            environment,
            state,
            there,
            model: agent.model.clone(),
            // Our own deterministic program runs at best effort, so that a demonstration needs no special kernel.
            mode: scripted.then_some(SandboxMode::BestEffort),
        })
    }

    fn workspace(&self, directory: &Path) -> Result<WorkspaceSettings, String> {
        let loaded = self.load_kept(directory).map_err(|error| sentence(&error))?;
        workspace_settings(&loaded, directory)
    }
}

pub(crate) const fn sandbox_mode(written: crate::config::SandboxMode) -> SandboxMode {
    match written {
        crate::config::SandboxMode::Enforce => SandboxMode::Enforce,
        crate::config::SandboxMode::BestEffort => SandboxMode::BestEffort,
        crate::config::SandboxMode::Off => SandboxMode::Off,
    }
}

/// What runners are told of a workspace in this directory with this configuration.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn workspace_settings(
    loaded: &LoadedWorkspace,
    directory: &Path,
) -> Result<WorkspaceSettings, String> {
    let (configuration, workspace) = (&loaded.configuration, &loaded.workspace);
    let settings = |repository: &crate::config::Repository| RepositorySettings {
        base: repository.base.clone(),
        hints: repository.hints.clone(),
        remote: repository.remote.clone(),
        push_remote: repository.push_remote.clone(),
        copy: repository.copy.clone(),
        link: repository.link.clone(),
        setup: repository.setup.clone(),
        setup_timeout_ms: repository.setup_timeout.milliseconds(),
        checks: repository.check_definitions(configuration.checks.timeout),
        agent: configuration.agents.for_implementation(Some(repository)).unwrap_or_default().to_owned(),
    };
    Ok(WorkspaceSettings {
        exclude: workspace.excluded(directory).map_err(|error| sentence(&error))?,
        instructions: workspace.instructions.clone(),
        repositories: workspace
            .repositories
            .iter()
            .map(|(name, repository)| (name.clone(), settings(repository)))
            .collect(),
        other: settings(&workspace.repository("")),
        before_worktree: workspace.hooks.worktree_creating.clone(),
        after_worktree: workspace.hooks.worktree_created.clone(),
    })
}

#[cfg(test)]
mod tests;
