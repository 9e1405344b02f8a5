//! The scripted agent: an agent program of the Agent Client Protocol that plays a scenario file instead of asking a
//! model. It really edits files, runs commands, commits, and calls the tools of the MCP servers it is given, so a life
//! played with it is a real one, only without a model's moods.
//!
//! It takes its next step from what stands in the worktree: killed anywhere and started again, it ends with the same
//! tree, and with fixed dates the same commits. `SCENARIOS.md` beside this crate describes the files.

mod agent;
mod raw;
pub mod scenario;
mod state;
mod text;
mod tools;
mod turn;
mod worktree;

use scenario::Scenario;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `ganger scripted-agent --help` says.
const USAGE: &str = "usage: ganger scripted-agent --scenario FILE\n\n\
    Speaks the Agent Client Protocol on standard input and output and plays the scenario in FILE (TOML, or JSON\n\
    when its name ends in .json). Keeps its conversations in the directory that GANGER_AGENT_STATE names, when it\n\
    is set; without it no conversation can be loaded.";

/// Runs the agent until standard input ends. `arguments` are those behind the program's name (and `scripted-agent`).
/// Exit codes: 0 done, 1 the connection failed, 2 wrong arguments or scenario, and whatever a scenario's `crash` says.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let path = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--scenario", path] => PathBuf::from(path),
        [argument] if argument.starts_with("--scenario=") => PathBuf::from(&argument["--scenario=".len()..]),
        ["--help" | "-h"] => {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("scripted-agent: these arguments are not understood: {arguments:?}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let scenario = match Scenario::read(&path) {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("scripted-agent: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("scripted-agent: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let state = std::env::var_os("GANGER_AGENT_STATE").map(PathBuf::from);
    let result = runtime.block_on(agent::serve(scenario, state));
    // Standard input is read on a thread that only its end would free.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scripted-agent: the connection failed: {error}");
            ExitCode::FAILURE
        }
    }
}
