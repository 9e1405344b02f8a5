//! What a configuration can't mean although every value is well formed.

use super::agents;
use super::budget::Dollars;
use super::configuration::Configuration;
use super::key::KeyPath;
use super::layers::{Layers, Origin};
use super::problem::{Problem, nearest};
use super::workspace::{Repository, WORKSPACE_SCHEMA, WorkspaceConfiguration};
use crate::paths::Paths;
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// Variables with which an agent could act as the person towards a forge, a server or ganger.
const NEVER_PASSED: [&str; 9] = [
    "CI_JOB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GIT_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GPG_AGENT_INFO",
];

/// Problems of the configuration proper.
pub(super) fn configuration(configuration: &Configuration, layers: &Layers, paths: &Paths) -> Vec<Problem> {
    let mut problems = Vec::new();
    let chosen = &configuration.agents;
    for (key, name) in chosen.chosen() {
        let path = KeyPath::from(["agents", key]);
        problems.extend(unknown_agent(name, &path, &layers.origin(&path), configuration));
    }
    for (name, agent) in &chosen.named {
        let path = KeyPath::from(["agents", name]);
        if agent.command.first().is_none_or(|program| program.is_empty()) {
            let origin = layers.origin(&path.child("command"));
            let problem = Problem::impossible(&path, &origin, "has no `command`");
            problems.push(match nearest(name, agents::built_in().keys().map(String::as_str)) {
                Some(known) if known != name => problem.hint(format!("did you mean the known agent `{known}`?")),
                _ => problem.hint("an agent that ganger does not know needs the program and its arguments: command = [\"program\", \"--acp\"]"),
            });
        }
        let state = path.child("state");
        problems.extend(bad_places(&agent.state, &state, true, configuration, layers, paths));
        let path = path.child("environment");
        for variable in &agent.environment {
            problems.extend(passed_variable(variable, &path, &layers.origin(&path)));
        }
    }
    for (key, places) in [("write", &configuration.sandbox.write), ("hide", &configuration.sandbox.hide)] {
        let path = KeyPath::from(["sandbox", key]);
        problems.extend(bad_places(places, &path, key == "write", configuration, layers, paths));
    }
    problems
}

/// Places that cannot be named so, or that nobody may write.
fn bad_places(
    places: &[String],
    path: &KeyPath,
    written_to: bool,
    configuration: &Configuration,
    layers: &Layers,
    paths: &Paths,
) -> Vec<Problem> {
    let origin = layers.origin(path);
    if origin == Origin::BuiltIn {
        // Nobody wrote it, so nobody could mend it: whoever hides the state of an agent does not use that one.
        return Vec::new();
    }
    let problem = |place: &String| match bad_place(place) {
        Some(reason) => Some(Problem::impossible(path, &origin, &reason)),
        None if written_to => too_wide(place, path, &origin, configuration, paths),
        None => None,
    };
    places.iter().filter_map(problem).collect()
}

/// A budget of a workspace that is more than the person's own: its file may have come with somebody's repository.
pub(super) fn more_than_own(own: &Layers, with_workspace: &Layers) -> Option<Problem> {
    let path = KeyPath::from(["budget", "item_usd"]);
    let amount = |layers: &Layers| {
        let number = layers.get(&path)?.value.as_f64()?;
        Dollars::of(number).ok().filter(|amount| amount.micros() > 0)
    };
    let (own, origin) = (amount(own)?, with_workspace.origin(&path));
    let reason = match amount(with_workspace) {
        Some(set) if set <= own => return None,
        Some(set) => format!("is {set}, and you allow {own}: a workspace may only set less"),
        None => format!("limits nothing, and you allow {own}: a workspace may only set less"),
    };
    Some(
        Problem::impossible(&path, &origin, &reason)
            .hint("lower it there, or allow more: ganger config set budget.item_usd USD"),
    )
}

/// Problems of a workspace.
pub(super) fn workspace(
    workspace: &WorkspaceConfiguration,
    configuration: &Configuration,
    layers: &Layers,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let schema = KeyPath::from(["schema"]);
    if workspace.schema > WORKSPACE_SCHEMA {
        let reason =
            format!("is {}, which a newer ganger wrote; this one reads {WORKSPACE_SCHEMA}", workspace.schema);
        problems.push(Problem::impossible(&schema, &layers.origin(&schema), &reason).hint("update ganger"));
    }
    if workspace.name.contains(|character: char| character == '/' || character.is_control()) {
        let path = KeyPath::from(["name"]);
        problems.push(Problem::impossible(
            &path,
            &layers.origin(&path),
            "must hold no slash and no control character",
        ));
    }
    for (name, repository) in &workspace.repositories {
        let path = KeyPath::from(["repositories", name]);
        repository_problems(repository, &path, configuration, layers, &mut problems);
    }
    for (event, commands) in [
        ("worktree.creating", &workspace.hooks.worktree_creating),
        ("worktree.created", &workspace.hooks.worktree_created),
    ] {
        let path = KeyPath::from(["hooks", event]);
        if commands.iter().any(|command| command.trim().is_empty()) {
            problems.push(Problem::impossible(&path, &layers.origin(&path), "holds an empty command"));
        }
    }
    problems
}

fn repository_problems(
    repository: &Repository,
    path: &KeyPath,
    configuration: &Configuration,
    layers: &Layers,
    problems: &mut Vec<Problem>,
) {
    let impossible = |path: &KeyPath, reason: &str| Problem::impossible(path, &layers.origin(path), reason);
    for (key, places) in [("copy", &repository.copy), ("link", &repository.link)] {
        let path = path.child(key);
        for place in places.iter().filter(|place| !stays_inside(place)) {
            let reason = format!("names {place:?}, which does not lie below the repository");
            problems.push(
                impossible(&path, &reason).hint("give a path from the repository's root, without `..`"),
            );
        }
    }
    let both: Vec<&String> = repository.copy.iter().filter(|place| repository.link.contains(place)).collect();
    for place in both {
        let reason = format!("names {place:?}, which is also among those to be copied");
        problems.push(impossible(&path.child("link"), &reason));
    }
    if repository.setup.iter().any(|command| command.trim().is_empty()) {
        problems.push(impossible(&path.child("setup"), "holds an empty command"));
    }
    if repository.hints.contains('\n') {
        problems.push(impossible(&path.child("hints"), "must be one line"));
    }
    for (key, value) in
        [("base", &repository.base), ("remote", &repository.remote), ("push_remote", &repository.push_remote)]
    {
        let path = path.child(key);
        // Git would take it for an option, or not at all.
        let odd = |text: &&String| {
            text.starts_with('-') || text.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if let Some(value) = value.as_ref().filter(odd) {
            problems.push(impossible(&path, &format!("is {value:?}, which is no name that git allows")));
        }
    }
    let mut seen = BTreeSet::new();
    let checks = path.child("checks");
    for check in repository.checks.iter().filter(|check| !seen.insert(check.name.as_str())) {
        problems.push(impossible(&checks, &format!("has two checks named {:?}", check.name)));
    }
    if let Some(name) = &repository.agent.implementation {
        let path = path.child("agent").child("implementation");
        problems.extend(unknown_agent(name, &path, &layers.origin(&path), configuration));
    }
}

fn unknown_agent(
    name: &str,
    path: &KeyPath,
    origin: &Origin,
    configuration: &Configuration,
) -> Option<Problem> {
    let known = &configuration.agents.named;
    if known.contains_key(name) {
        return None;
    }
    let problem =
        Problem::impossible(path, origin, &format!("names {name:?}, which is no agent that ganger knows"));
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    Some(match nearest(name, names.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
        None => problem
            .hint(format!("known are {}; others need [agents.<name>] with a `command`", names.join(", "))),
    })
}

fn passed_variable(variable: &str, path: &KeyPath, origin: &Origin) -> Option<Problem> {
    let reason = if NEVER_PASSED.contains(&variable) || variable.starts_with("GANGER_") {
        format!("names {variable}, which no agent is ever given: with it an agent could act as you")
    } else if variable.is_empty() || variable.contains(['=', '\0']) {
        format!("names {variable:?}, which is no name of a variable: values stay in your environment")
    } else {
        return None;
    };
    Some(Problem::impossible(path, origin, &reason))
}

fn bad_place(written: &str) -> Option<String> {
    let rooted = written == "~" || written.starts_with("~/") || written.starts_with('/');
    let climbs = Path::new(written).components().any(|part| part == Component::ParentDir);
    (!rooted || climbs || written.contains('\0')).then(|| {
        format!("names {written:?}, which must be a path that begins with / or ~/ and holds no `..`")
    })
}

/// A place that agents may write must not contain what protects the person.
fn too_wide(
    written: &str,
    path: &KeyPath,
    origin: &Origin,
    configuration: &Configuration,
    paths: &Paths,
) -> Option<Problem> {
    let place = paths.expand(written);
    let hidden = configuration.sandbox.hidden(paths);
    let protected = [(paths.user_home(), "your home directory"), (paths.home(), "ganger's own data")];
    let reason = match protected.into_iter().find(|(whole, _)| whole.starts_with(&place)) {
        Some((_, what)) => format!("names {written:?}, with which agents could write {what}"),
        None if place.starts_with(paths.home()) => {
            format!("names {written:?}, which lies in ganger's own data")
        }
        None => match hidden.iter().find(|hidden| place.starts_with(hidden)) {
            Some(hidden) => {
                format!(
                    "names {written:?}, which lies in {}, which `sandbox.hide` keeps from agents",
                    paths.display(hidden)
                )
            }
            None => return None,
        },
    };
    Some(Problem::impossible(path, origin, &reason))
}

fn stays_inside(place: &str) -> bool {
    let mut parts = Path::new(place).components().peekable();
    parts.peek().is_some()
        && !place.contains('\0')
        && parts.all(|part| matches!(part, Component::Normal(name) if name != ".git"))
}
