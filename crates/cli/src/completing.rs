//! Completions of a shell, handles among them: what the daemon lists, if one runs. None is started for them, and a
//! daemon that does not answer at once completes nothing.

use crate::arguments::Cli;
use crate::environment::Environment;
use crate::local::LocalCommands;
use clap::{Command, CommandFactory};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::env::{EnvCompleter, Shells};
use ganger_api::client::Client;
use ganger_api::item::{ItemDetail, ItemList};
use ganger_api::question::FaqView;
use ganger_api::review::CritiqueState;
use ganger_api::routes::{self, ItemsQuery};
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

/// The variable by which a shell's script asks for completions; its value names the shell.
const ASKS: &str = "COMPLETE";
/// How long the daemon may take for all that one key press asks of it.
const LIMIT: Duration = Duration::from_millis(500);
/// Items that are looked into for their critiques and answers.
const MAX_ITEMS: usize = 20;

/// Which handles an argument takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    /// `g12`
    Items,
    /// `g12` and `g12/api`
    Targets,
    /// `d41`
    Decisions,
    /// `c7`
    Critiques,
    /// `q3`
    Entries,
    /// `opencode`
    Agents,
}

/// What an argument takes, by its name; `plan check` and the like take no handles.
fn wanted(command: &str, argument: &str) -> Option<Wanted> {
    match (command, argument) {
        ("edit" | "plan", "item") => Some(Wanted::Targets),
        (_, "item" | "items") => Some(Wanted::Items),
        (_, "target") => Some(Wanted::Targets),
        (_, "decision") => Some(Wanted::Decisions),
        (_, "critique") => Some(Wanted::Critiques),
        (_, "question") => Some(Wanted::Entries),
        (_, "agent") => Some(Wanted::Agents),
        _ => None,
    }
}

/// The script that makes a shell ask.
pub(crate) fn script(shell: &str) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        completer.write_registration(ASKS, "ganger", "ganger", "ganger", &mut script)?;
    }
    Ok(script)
}

/// Answers a shell that asks; `None` for a command of a person.
pub(crate) fn answer(environment: &mut Environment, local: &dyn LocalCommands) -> Option<io::Result<()>> {
    let shell = environment.variable(ASKS)?.to_owned();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell)?;
    // What stands before `--` is the program itself.
    let typed = environment.arguments.iter().skip_while(|word| *word != "--").skip(1);
    let typed: Vec<OsString> = typed.cloned().collect();
    Some(complete(environment, local, completer, typed))
}

fn complete(
    environment: &mut Environment,
    local: &dyn LocalCommands,
    completer: &dyn EnvCompleter,
    typed: Vec<OsString>,
) -> io::Result<()> {
    let mut answer = Vec::new();
    let directory = environment.directory.clone();
    // Only they are read off files, and only where they are wanted.
    let names_agents = typed.iter().any(|word| word == "agents" || word == "login");
    let agents = if names_agents { local.agent_names(&directory) } else { Vec::new() };
    let client = local.socket().ok().map(|socket| {
        let client = Client::new(socket);
        match local.person_key() {
            Some(key) => client.with_key(key),
            None => client,
        }
    });
    let mut command = command(client, &agents);
    command.build();
    completer.write_complete(&mut command, typed, Some(&directory), &mut answer).map_err(io::Error::other)?;
    environment.output.write_all(&answer)?;
    environment.output.flush()
}

/// The command line with the handles and names that its arguments take.
fn command(client: Option<Client>, agents: &[String]) -> Command {
    Cli::command().mut_subcommands(|subcommand| {
        let name = subcommand.get_name().to_owned();
        subcommand.mut_args(|argument| match (wanted(&name, argument.get_id().as_str()), &client) {
            (Some(Wanted::Agents), _) => {
                let names = agents.to_vec();
                let candidates = move || names.iter().map(CompletionCandidate::new).collect();
                argument.add(ArgValueCandidates::new(candidates))
            }
            (Some(wanted), Some(client)) => {
                let client = client.clone();
                argument.add(ArgValueCandidates::new(move || handles(&client, wanted)))
            }
            _ => argument,
        })
    })
}

/// What the daemon lists now.
fn handles(client: &Client, wanted: Wanted) -> Vec<CompletionCandidate> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let found = runtime.block_on(async { tokio::time::timeout(LIMIT, list(client, wanted)).await });
    let found = found.ok().flatten().unwrap_or_default();
    found
        .into_iter()
        .map(|(handle, words)| {
            let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
            CompletionCandidate::new(handle).help(Some(crate::look::cut(&words, 60).into()))
        })
        .collect()
}

async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> Option<T> {
    client.get_json(path).await.ok()
}

async fn list(client: &Client, wanted: Wanted) -> Option<Vec<(String, String)>> {
    let path = routes::with_query(routes::ITEMS, &ItemsQuery::default()).ok()?;
    let items: ItemList = get(client, &path).await?;
    let mut found = Vec::new();
    for item in items.items {
        let (head, parts) = (item.head, item.repositories);
        match wanted {
            Wanted::Items => found.push((head.handle, head.title)),
            Wanted::Targets => {
                let parts = parts
                    .iter()
                    .map(|part| (format!("{}/{}", head.handle, part.name), part.state.words().to_owned()));
                let parts: Vec<_> = parts.collect();
                found.push((head.handle, head.title));
                found.extend(parts);
            }
            Wanted::Decisions => {
                found.extend(head.waits.into_iter().filter_map(|wait| Some((wait.decision?, wait.reason))));
            }
            Wanted::Critiques if found.len() < MAX_ITEMS => {
                let item: ItemDetail = get(client, &routes::fill(routes::ITEM, &head.handle)).await?;
                let critiques = item.repositories.into_iter().flat_map(|part| part.critiques);
                let open = critiques.filter(|critique| critique.state == CritiqueState::Open);
                found.extend(open.map(|critique| (critique.handle, critique.description)));
            }
            Wanted::Entries if found.len() < MAX_ITEMS => {
                let faq: FaqView = get(client, &routes::fill(routes::FAQ, &head.handle)).await?;
                found.extend(faq.entries.into_iter().map(|entry| (entry.handle, entry.question)));
            }
            Wanted::Critiques | Wanted::Entries | Wanted::Agents => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_that_takes_a_handle_completes_it() {
        let mut missing = Vec::new();
        for subcommand in Cli::command().get_subcommands() {
            for argument in subcommand.get_arguments() {
                // The help of these names an example of what they take.
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let takes = argument.is_positional()
                    && ["work item", "such as d41", "such as c7", "such as q3", "in the configuration"]
                        .iter()
                        .any(|words| help.contains(words));
                if takes && wanted(subcommand.get_name(), argument.get_id().as_str()).is_none() {
                    missing.push(format!("{} {}", subcommand.get_name(), argument.get_id()));
                }
            }
        }
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn a_script_is_there_for_every_shell_that_can_be_named() {
        for shell in <clap_complete::Shell as clap::ValueEnum>::value_variants() {
            let script = String::from_utf8(script(&shell.to_string()).unwrap()).unwrap();
            assert!(script.contains(ASKS) && script.contains("ganger"), "{shell}: {script}");
        }
    }
}
