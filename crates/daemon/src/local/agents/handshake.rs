//! Starting an agent program to hear what it says of itself, in a place that is thrown away.

use crate::config::Sources;
use crate::equipment;
use crate::error::{CodedError, ErrorKind};
use crate::local::throw_away::Place;
use crate::surroundings::Machine;
use ganger_api::agent::{ChoiceView, HandshakeView, LoginState, LoginView};
use ganger_git::Git;
use ganger_harness::acp::introduction::Choice;
use ganger_orchestrator::run::Trouble;
use ganger_orchestrator::run::handshake::{Greeting, greet};
use ganger_orchestrator::settings::Surroundings as _;
use std::path::Path;

/// Where handshakes take place, below `GANGER_HOME`.
const DIRECTORY: &str = "handshake";
/// Lines of standard error that are shown.
const SAID: usize = 5;

/// Starts the agent's program and hears what it says. `own` is this program's file. Blocks; Ctrl-C ends it, and leaves
/// nothing.
///
/// # Errors
/// It could not be started at all, another handshake takes place, or it was interrupted.
pub(super) fn with(sources: &Sources, name: &str, own: &Path) -> Result<Greeting, CodedError> {
    let place = Place::take(sources, DIRECTORY).map_err(|error| match error.code {
        "place.taken" => CodedError::new(
            ErrorKind::Refused,
            "handshake.running",
            "another command starts an agent to hear what it says at this moment",
        )
        .hint(format!("wait for it, then: ganger agents {name}")),
        _ => error,
    })?;
    place.run(async |home| {
        let program = place.program(own)?;
        let variables = sources.variables.clone();
        let git = Git::find(&variables).map_err(|error| not_started(name, &error.to_string()))?;
        let awaited = equipment::gather(&variables, git);
        let machine = Machine::new(sources.paths.clone(), variables, awaited, program.clone());
        // Asks the login shell, and so blocks for a moment.
        let settings = tokio::task::spawn_blocking({
            let name = name.to_owned();
            move || Ok((machine.site()?, machine.agent(&name)?))
        });
        let settings: Result<_, String> =
            settings.await.map_err(|error| not_started(name, &error.to_string()))?;
        let (site, agent) = settings.map_err(|reason| not_started(name, &reason))?;
        greet(&site, &agent, home, &program).await.map_err(|trouble| match trouble {
            Trouble::Again(reason) | Trouble::Refused(reason) => not_started(name, &reason),
            Trouble::Cancelled => not_started(name, "it was cancelled"),
        })
    })
}

fn not_started(name: &str, reason: &str) -> CodedError {
    CodedError::new(
        ErrorKind::Environment,
        "agent.not_started",
        format!("the agent {name} could not be started: {reason}"),
    )
    .hint("ganger doctor")
}

/// What a greeting says of the agent's account; `None` where it says nothing.
pub(super) fn account(name: &str, greeting: &Greeting) -> Option<LoginView> {
    if name == crate::config::SCRIPTED {
        return None;
    }
    let introduction = &greeting.introduction;
    let (state, reason) = if introduction.opened {
        (LoginState::LoggedIn, "it opened a conversation")
    } else if introduction.needs_login {
        (LoginState::NotLoggedIn, "it opens no conversation before somebody has logged in")
    } else {
        return None;
    };
    Some(LoginView { state, reason: reason.to_owned() })
}

/// A greeting as people and scripts are shown it.
pub(super) fn view(greeting: Greeting) -> HandshakeView {
    let choice = |choice: Choice| ChoiceView { current: choice.current, offered: choice.offered };
    let introduction = greeting.introduction;
    let mut said = greeting.said;
    if greeting.problem.is_some() {
        said.drain(..said.len().saturating_sub(SAID));
    } else {
        said.clear();
    }
    HandshakeView {
        said,
        problem: greeting.problem,
        agent: introduction.name,
        version: introduction.version,
        protocol: introduction.protocol,
        capabilities: introduction.capabilities,
        login_methods: introduction.login_methods,
        modes: introduction.modes.map(choice),
        models: introduction.models.map(choice),
        warnings: greeting.warnings,
        gaps: greeting.enforcement.map(|enforcement| enforcement.gaps),
        took_ms: u64::try_from(greeting.took.as_millis()).unwrap_or(u64::MAX),
    }
}
