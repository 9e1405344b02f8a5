//! What a person can set, in `config.toml` and in the layers above it. The documentation of each field is the
//! description in the generated schema; its default is the built-in layer.

use super::agents::{self, Agent};
use super::budget::Budget;
use super::caches::Tool;
use super::interval::{Interval, Patience};
use super::notify::Notify;
use super::workspace::Repository;
use crate::paths::Paths;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// ganger's configuration.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Configuration {
    /// Which programs do the work.
    pub agents: Agents,
    /// What sessions may touch.
    pub sandbox: Sandbox,
    /// Planning.
    pub plan: Plan,
    /// Reviews of what was implemented.
    pub review: Review,
    /// Questions of agents.
    pub foreman: Foreman,
    /// The commands that prove a candidate.
    pub checks: Checks,
    /// Fetching.
    pub git: Git,
    /// What leaves this machine.
    pub publish: Publish,
    /// What work may cost.
    pub budget: Budget,
    /// How you are told that something waits for you.
    pub notify: Notify,
    /// The daemon.
    pub daemon: Daemon,
}

/// Which programs do the work.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agents {
    /// The agent of every phase that names none; empty until one is chosen.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub default: Option<String>,
    /// The agent that plans; empty for the default one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub planning: Option<String>,
    /// The agent that implements; empty for the default one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub implementation: Option<String>,
    /// The agent that reviews; empty for the default one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub review: Option<String>,
    /// The agent that answers the questions of the others; empty for the default one.
    #[serde(with = "empty_is_none")]
    #[schemars(with = "String")]
    pub foreman: Option<String>,
    /// How many sessions work at once, over all work items.
    #[schemars(range(min = 1, max = 64))]
    pub max_sessions: u32,
    /// What is answered when an agent asks for permission.
    pub permissions: Permissions,
    /// The agents by name: the known ones, and any other that speaks a known protocol.
    #[serde(flatten)]
    pub named: BTreeMap<String, Agent>,
}

/// What is answered when an agent asks for permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Permissions {
    /// Yes to everything that the sandbox confines.
    #[default]
    Sandboxed,
    /// A person is asked.
    Ask,
    /// No.
    Deny,
}

/// What sessions may touch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sandbox {
    /// What happens where the kernel cannot confine a session.
    pub mode: SandboxMode,
    /// More places that sessions may write: absolute, or from `~`.
    pub write: Vec<String>,
    /// Places that sessions cannot read, where the kernel can hide them: absolute, or from `~`.
    pub hide: Vec<String>,
    /// The tools whose caches sessions may write.
    pub caches: Vec<Tool>,
}

/// What happens where the kernel cannot confine a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum SandboxMode {
    /// No agent starts without the sandbox.
    #[default]
    Enforce,
    /// As much of it as the kernel can.
    BestEffort,
    /// None.
    Off,
}

impl From<SandboxMode> for ganger_core::process::SandboxMode {
    fn from(mode: SandboxMode) -> Self {
        match mode {
            SandboxMode::Enforce => Self::Enforce,
            SandboxMode::BestEffort => Self::BestEffort,
            SandboxMode::Off => Self::Off,
        }
    }
}

/// Planning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plan {
    /// How often a planner that ended without an accepted plan is sent back.
    #[schemars(range(max = 10))]
    pub max_corrections: u32,
    /// With more repositories than this a person is asked before planning.
    #[schemars(range(min = 1, max = 1000))]
    pub max_repositories: u32,
}

/// Reviews of what was implemented.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Review {
    /// What a reviewer may still find in a candidate that passes.
    pub pass_threshold: PassThreshold,
    /// The last round whose findings go back to the agent by themselves; then a person decides.
    #[schemars(range(min = 1, max = 10))]
    pub max_cycles: u32,
    /// The longest that one review may take.
    pub timeout: Interval,
    /// Which new findings count from the second round on.
    pub new_findings: NewFindings,
}

/// What a reviewer may still find in a candidate that passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PassThreshold {
    /// Nothing.
    NoCritiques,
    /// Nits.
    NitOnly,
    /// Nits and minor findings.
    #[default]
    MinorOk,
}

impl From<PassThreshold> for ganger_core::review::PassThreshold {
    fn from(threshold: PassThreshold) -> Self {
        match threshold {
            PassThreshold::NoCritiques => Self::NoCritiques,
            PassThreshold::NitOnly => Self::NitOnly,
            PassThreshold::MinorOk => Self::MinorOk,
        }
    }
}

/// Which new findings count from the second round on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum NewFindings {
    /// Those on lines changed since the round before, and any that is major or critical.
    #[default]
    Changed,
    /// All.
    All,
}

impl From<NewFindings> for ganger_core::review::NewFindings {
    fn from(findings: NewFindings) -> Self {
        match findings {
            NewFindings::Changed => Self::Changed,
            NewFindings::All => Self::All,
        }
    }
}

/// Questions of agents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Foreman {
    /// How long an agent waits for an answer before it is told to decide by itself.
    pub question_timeout: Patience,
    /// After this time a question that waits for you is announced again, and then every hour.
    pub remind_after: Patience,
}

/// The commands that prove a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Checks {
    /// The longest that a check without a time of its own may take.
    pub timeout: Interval,
    /// How many checks run at once, over the whole machine.
    #[schemars(range(min = 1, max = 64))]
    pub parallel: u32,
    /// Whether a check that fails is run on the base commit too, to tell "broke" from "was broken".
    pub baseline: bool,
}

/// Fetching.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Git {
    /// A base that was fetched more recently is not fetched again before planning.
    pub refresh_after: Interval,
    /// How many repositories are fetched at once.
    #[schemars(range(min = 1, max = 32))]
    pub parallel: u32,
}

/// What leaves this machine.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Publish {
    /// Whether the branches of a finished item are pushed.
    pub push: Push,
}

/// Whether the branches of a finished item are pushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Push {
    /// A person is asked.
    #[default]
    Ask,
    /// As soon as the item is done.
    Auto,
    /// Not by ganger.
    Never,
}

/// The daemon.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Daemon {
    /// How much the daemon writes into its log.
    pub log_level: LogLevel,
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may matter, too.
    Warn,
    /// What happens, too.
    #[default]
    Info,
    /// How, too.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level's name, as log filters take it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for Agents {
    fn default() -> Self {
        Self {
            default: None,
            planning: None,
            implementation: None,
            review: None,
            foreman: None,
            max_sessions: 6,
            permissions: Permissions::default(),
            named: agents::built_in(),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        let hide = [
            "~/.ssh",
            "~/.gnupg",
            "~/.aws",
            "~/.azure",
            "~/.kube",
            "~/.config/gh",
            "~/.config/gcloud",
            "~/.netrc",
            "~/.git-credentials",
        ];
        Self {
            mode: SandboxMode::default(),
            write: Vec::new(),
            hide: hide.map(str::to_owned).into(),
            caches: Tool::ALL.into(),
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self { max_corrections: 2, max_repositories: 8 }
    }
}

impl Default for Review {
    fn default() -> Self {
        Self {
            pass_threshold: PassThreshold::default(),
            max_cycles: 3,
            timeout: Interval::minutes(60),
            new_findings: NewFindings::default(),
        }
    }
}

impl Default for Foreman {
    fn default() -> Self {
        Self { question_timeout: Patience::Never, remind_after: Patience::For(Interval::minutes(15)) }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self { timeout: Interval::minutes(20), parallel: 2, baseline: true }
    }
}

impl Default for Git {
    fn default() -> Self {
        Self { refresh_after: Interval::minutes(5), parallel: 4 }
    }
}

impl Agents {
    /// The name of the agent that plans; `None` while nobody has chosen one.
    pub fn for_planning(&self) -> Option<&str> {
        self.planning.as_deref().or(self.default.as_deref())
    }

    /// The name of the agent that implements in this repository; `None` while nobody has chosen one.
    pub fn for_implementation<'a>(&'a self, repository: Option<&'a Repository>) -> Option<&'a str> {
        let own = repository.and_then(|repository| repository.agent.implementation.as_deref());
        own.or(self.implementation.as_deref()).or(self.default.as_deref())
    }

    /// The name of the agent that reviews; `None` while nobody has chosen one.
    pub fn for_review(&self) -> Option<&str> {
        self.review.as_deref().or(self.default.as_deref())
    }

    /// The name of the agent that answers questions; `None` while nobody has chosen one.
    pub fn for_foreman(&self) -> Option<&str> {
        self.foreman.as_deref().or(self.default.as_deref())
    }

    /// The agents that are chosen for anything but a single repository, each with the key that chooses it.
    pub fn chosen(&self) -> impl Iterator<Item = (&'static str, &String)> {
        [
            ("default", &self.default),
            ("planning", &self.planning),
            ("implementation", &self.implementation),
            ("review", &self.review),
            ("foreman", &self.foreman),
        ]
        .into_iter()
        .filter_map(|(key, name)| Some((key, name.as_ref()?)))
    }
}

impl Sandbox {
    /// The further places that sessions may write.
    pub fn writable(&self, paths: &Paths) -> Vec<PathBuf> {
        self.write.iter().map(|written| paths.expand(written)).collect()
    }

    /// The places that sessions cannot read.
    pub fn hidden(&self, paths: &Paths) -> Vec<PathBuf> {
        self.hide.iter().map(|written| paths.expand(written)).collect()
    }
}

/// A text of which the empty one means "nothing chosen". TOML has no null, and a key with an empty value shows
/// a reader that it exists.
pub(super) mod empty_is_none {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.as_deref().unwrap_or_default())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
    }
}
