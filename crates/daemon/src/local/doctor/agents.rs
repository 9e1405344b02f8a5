//! The agents' part of the report.

use super::{count, row};
use crate::config::{Configuration, SCRIPTED, Sources, WorkspaceConfiguration};
use crate::local::agents;
use ganger_api::agent::{AgentView, LoginState};
use ganger_api::doctor::{DoctorRow, DoctorSection, DoctorState};

/// Which agents are here, and whether those that are chosen can work.
pub(super) fn section(
    sources: &Sources,
    configuration: &Configuration,
    workspace: Option<&WorkspaceConfiguration>,
) -> DoctorSection {
    let views = agents::views(sources, configuration, workspace);
    let is_installed = |view: &&AgentView| view.program.is_some() && view.name != SCRIPTED;
    let installed: Vec<&AgentView> = views.iter().filter(is_installed).collect();
    let is_shown = |view: &&AgentView| is_installed(view) || !view.roles.is_empty();
    let mut rows: Vec<DoctorRow> =
        views.iter().filter(is_shown).map(|view| agent(configuration, view)).collect();
    let chosen = &configuration.agents;
    let phases =
        [chosen.for_planning(), chosen.for_implementation(None), chosen.for_review(), chosen.for_foreman()];
    if phases.contains(&None) {
        // The one that most likely can work is the best choice.
        let states = [LoginState::LoggedIn, LoginState::Unknown, LoginState::NotLoggedIn];
        let first = states.iter().find_map(|state| installed.iter().find(|view| view.login.state == *state));
        let (fact, fix) = match first {
            Some(agent) => ("none is chosen", format!("ganger config set agents.default {}", agent.name)),
            None => ("none of the known programs is in PATH", agents::install("opencode")),
        };
        rows.push(row(DoctorState::Problem, "no agent", vec![fact.to_owned()], Some(&fix)));
    }
    let summary = format!(
        "{} installed · at most {} at once",
        installed.len(),
        count(chosen.max_sessions as usize, "session", "sessions")
    );
    DoctorSection { name: "agents".to_owned(), summary, rows }
}

fn agent(configuration: &Configuration, view: &AgentView) -> DoctorRow {
    let fix = view.commands.first().map(String::as_str);
    if view.program.is_none() {
        let command =
            configuration.agents.named.get(&view.name).and_then(|agent| agent.command.first()).cloned();
        let fact = format!(
            "chosen, but not installed: there is no program `{}` in PATH",
            command.unwrap_or_default()
        );
        return row(DoctorState::Problem, &view.name, vec![fact], fix);
    }
    let version = match &view.version {
        _ if view.name == SCRIPTED => "part of ganger".to_owned(),
        Some(version) => version.clone(),
        None => "version unknown".to_owned(),
    };
    let mut facts = vec![version, view.login.state.words().to_owned()];
    facts.extend(view.roles.iter().map(|role| {
        let places = if role.repositories.is_empty() {
            String::new()
        } else {
            format!(" {}", role.repositories.join(" "))
        };
        format!("{}{places}", role.role.words())
    }));
    let state = match view.login.state {
        LoginState::LoggedIn | LoginState::NotNeeded | LoginState::Unknown => DoctorState::Ok,
        // Nothing goes on with it, and nothing depends on it.
        LoginState::NotLoggedIn if view.roles.is_empty() => DoctorState::Warning,
        LoginState::NotLoggedIn => DoctorState::Problem,
    };
    row(state, &view.name, facts, fix.filter(|_| state != DoctorState::Ok))
}
