//! The agent programs of a machine: what `ganger agents` and `ganger login` show. No route gives them, since no daemon
//! is needed to look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`AgentList`].
pub const AGENTS_SCHEMA: &str = "ganger/agents/1";
/// The schema name of [`AgentDetail`].
pub const AGENT_SCHEMA: &str = "ganger/agent/1";
/// The schema name of [`LoginResult`].
pub const LOGIN_SCHEMA: &str = "ganger/login/1";

/// `ganger agents`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentList {
    /// `ganger/agents/1`.
    pub schema: String,
    /// By name.
    pub agents: Vec<AgentView>,
}

/// An agent that the configuration knows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentView {
    /// Its name in the configuration.
    pub name: String,
    /// The file of its program; `null` where it is not installed.
    pub program: Option<String>,
    /// Its version; `null` where it did not tell.
    pub version: Option<String>,
    /// Whether it has an account.
    pub login: LoginView,
    /// What it is chosen for.
    pub roles: Vec<RoleView>,
    /// What to type next, such as what installs it, or logs it in.
    pub commands: Vec<String>,
}

/// Whether an agent program has an account to work with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginView {
    /// How it stands.
    pub state: LoginState,
    /// How that is known, or why it is not.
    pub reason: String,
}

/// How an account stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// It is there.
    LoggedIn,
    /// It is not.
    NotLoggedIn,
    /// The program needs none.
    NotNeeded,
    /// Nobody can tell without asking a model.
    Unknown,
}

impl LoginState {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged in",
            Self::NotLoggedIn => "not logged in",
            Self::NotNeeded => "needs no log-in",
            Self::Unknown => "log-in unknown",
        }
    }
}

/// What an agent is chosen for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleView {
    /// The part it plays.
    pub role: AgentRole,
    /// The repositories in which it plays it, where these are not all.
    pub repositories: Vec<String>,
}

/// A part that agents play.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentRole {
    /// It plans.
    Planner,
    /// It implements.
    Implementer,
    /// It reviews.
    Reviewer,
    /// It answers questions.
    Foreman,
}

impl AgentRole {
    /// What whoever plays it does.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Planner => "plans",
            Self::Implementer => "implements",
            Self::Reviewer => "reviews",
            Self::Foreman => "answers questions",
        }
    }
}

/// `ganger agents NAME`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentDetail {
    /// `ganger/agent/1`.
    pub schema: String,
    /// What the list shows of it.
    #[serde(flatten)]
    pub agent: AgentView,
    /// Its program and arguments, as sessions start it.
    pub command: Vec<String>,
    /// The variables that it is given where they are set.
    pub environment: Vec<VariableView>,
    /// The directories of its state, which it may write.
    pub state: Vec<String>,
    /// The model that is asked for; `null` for its own default.
    pub model: Option<String>,
    /// Its own log-in; empty where it has none.
    pub login_command: Vec<String>,
    /// What it said when it was started; `null` where it was not.
    pub handshake: Option<HandshakeView>,
}

/// A variable by its name: values stay where they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct VariableView {
    /// The name.
    pub name: String,
    /// Whether it is set.
    pub set: bool,
}

/// What an agent program said when it was started, and ended again before any turn.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct HandshakeView {
    /// Why no conversation was opened, a sentence; `null` where one was.
    pub problem: Option<String>,
    /// The last lines that it wrote to standard error, where there is a problem.
    pub said: Vec<String>,
    /// The name by which it introduces itself.
    pub agent: Option<String>,
    /// The version by which it introduces itself.
    pub version: Option<String>,
    /// The version of the Agent Client Protocol.
    pub protocol: Option<u64>,
    /// What it says that it can.
    pub capabilities: Vec<String>,
    /// The ways to log in that it names.
    pub login_methods: Vec<String>,
    /// The modes that it offers.
    pub modes: Option<ChoiceView>,
    /// The models that it offers.
    pub models: Option<ChoiceView>,
    /// What ganger remarks of it.
    pub warnings: Vec<String>,
    /// What of the sandbox does not hold, each a sentence; `null` where it was not started.
    pub gaps: Option<Vec<String>>,
    /// How long it took.
    pub took_ms: u64,
}

/// Something that an agent program lets its client choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChoiceView {
    /// What is chosen.
    pub current: Option<String>,
    /// What could be.
    pub offered: Vec<String>,
}

/// `ganger login NAME`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginResult {
    /// `ganger/login/1`.
    pub schema: String,
    /// The agent.
    pub name: String,
    /// What was run.
    pub command: Vec<String>,
    /// Whether that ended well.
    pub succeeded: bool,
    /// How its account stands now.
    pub login: LoginView,
}
