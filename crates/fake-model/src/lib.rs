//! A scripted model on loopback: an OpenAI chat completions server whose answers stand in a file, so that agent
//! programs that are not ours can be driven in tests without network, keys or a model.
//!
//! The server keeps no conversation: which reply is due follows from the request alone (see [`script`]), so agents
//! that are killed, resumed or retried get what they would have got. Only errors that are to happen a number of times
//! are counted. Every request is written to a log as one line of JSON.

mod log;
mod reply;
pub mod script;
mod server;
mod stream;
mod tools;

pub use server::{FakeModel, StartError};

use script::Script;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: ganger-fake-model --script FILE [--port N] [--log FILE]\n\n\
    Serves the chat completions API of the script in FILE (TOML, or JSON when its name ends in .json) on\n\
    127.0.0.1, prints `LISTENING <port>` when it is ready, and runs until it is killed. Port 0, the default, takes\n\
    a free one. The log gets one JSON object per request.";

/// Runs the server until the process is killed. Exit codes: 1 it could not be started, 2 wrong arguments or script.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let (mut script, mut port, mut log) = (None, 0, None);
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        if name == "--help" || name == "-h" {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        let value = arguments.next();
        match (name.as_str(), value.as_deref(), value.as_deref().map(str::parse)) {
            ("--script", Some(path), _) => script = Some(PathBuf::from(path)),
            ("--log", Some(path), _) => log = Some(PathBuf::from(path)),
            ("--port", _, Some(Ok(number))) => port = number,
            _ => {
                eprintln!(
                    "ganger-fake-model: {name} {} is not understood\n{USAGE}",
                    value.unwrap_or_default()
                );
                return ExitCode::from(2);
            }
        }
    }
    let Some(script) = script else {
        eprintln!("ganger-fake-model: --script is missing\n{USAGE}");
        return ExitCode::from(2);
    };
    let script = match Script::read(&script) {
        Ok(script) => script,
        Err(error) => {
            eprintln!("ganger-fake-model: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ganger-fake-model: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        match FakeModel::start(script, port, log.as_deref()).await {
            Ok(model) => {
                announce(model.port());
                model.wait().await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("ganger-fake-model: {error}");
                ExitCode::FAILURE
            }
        }
    })
}

/// The line that a test waits for.
#[expect(clippy::print_stdout, reason = "the port is this program's only output")]
fn announce(port: u16) {
    println!("LISTENING {port}");
}
