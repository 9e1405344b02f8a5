//! Whether an agent program has an account, as far as that can be known without asking a model.

use super::environment;
use crate::config::{Agent, SCRIPTED, Sources, known_agent};
use crate::local::capture::ask;
use ganger_api::agent::{LoginState, LoginView};
use std::time::Duration;

/// The longest that a program may take to say whether it is logged in.
const LIMIT: Duration = Duration::from_secs(8);
/// The largest file of accounts that is looked into, in bytes.
const LARGEST: u64 = 1 << 20;

/// What can be known. Its own word comes first; then keys that a session would be given, then files.
pub(in crate::local) fn of(sources: &Sources, name: &str, agent: &Agent) -> LoginView {
    let says = |state, reason: String| LoginView { state, reason };
    if name == SCRIPTED {
        return says(LoginState::NotNeeded, "it plays a scenario and asks no model".to_owned());
    }
    let unknown = "no program tells without being started".to_owned();
    let Some(known) = known_agent(name) else { return says(LoginState::Unknown, unknown) };
    let status: Vec<String> = known.status.iter().map(|&word| word.to_owned()).collect();
    if let Some(file) = agent.file_of(name, &status, &sources.variables) {
        let arguments: Vec<&str> = status.iter().skip(1).map(String::as_str).collect();
        let reason = || format!("`{}` says so", status.join(" "));
        let ended = ask(&file, &arguments, &environment(sources, name, agent), LIMIT);
        match ended.map(|ended| ended.code) {
            Some(0) => return says(LoginState::LoggedIn, reason()),
            Some(1) => return says(LoginState::NotLoggedIn, reason()),
            Some(_) | None => {}
        }
    }
    let given = agent.passed(name, &sources.variables);
    let is_set = |key: &&str| given.get(*key).is_some_and(|value| !value.is_empty());
    if let Some(keys) = known.keys.iter().find(|keys| keys.iter().all(is_set)) {
        return says(LoginState::LoggedIn, format!("{} set", are(keys)));
    }
    if let Some(place) = known.accounts.iter().find(|place| holds_something(sources, place)) {
        return says(LoginState::LoggedIn, format!("an account lies in {place}"));
    }
    says(LoginState::Unknown, unknown)
}

fn are(keys: &[&str]) -> String {
    let verb = if keys.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", keys.join(", "))
}

/// Whether a file of accounts has any: some programs leave an empty one.
fn holds_something(sources: &Sources, place: &str) -> bool {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(sources.paths.expand(place))
        .and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.is_ok() && !matches!(text.trim(), "" | "{}" | "[]" | "null")
}
