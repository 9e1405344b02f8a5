//! `ganger mcp`: the stdio MCP server that an agent starts to reach ganger's tools.
//!
//! It decides nothing. Every `tools/call` becomes one request to the daemon, which holds it until it is answered;
//! meanwhile the agent is told now and then that the call is alive. When the daemon goes away, the same call is
//! presented again under the same id until a daemon answers it or the agent closes standard input.

mod bridge;
mod configuration;

pub use bridge::{Bridge, BridgeError, Timing};
pub use configuration::{Configuration, ConfigurationError};

use std::process::ExitCode;

/// Runs the bridge between standard input and output and the daemon, configured by the environment (see
/// [`Configuration::from_environment`]), until the agent closes standard input. Exit codes: 0 done, 1 the agent
/// broke the protocol, 2 the environment is wrong; each failure is one line on standard error.
pub fn main() -> ExitCode {
    let configuration = match Configuration::from_environment(|name| std::env::var(name).ok()) {
        Ok(configuration) => configuration,
        Err(error) => {
            eprintln!("ganger mcp: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ganger mcp: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let bridge = Bridge::new(configuration, Timing::default());
    let result = runtime.block_on(bridge.run(tokio::io::stdin(), tokio::io::stdout()));
    // Standard input is read on a thread that only its end would free.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ganger mcp: {error}");
            ExitCode::FAILURE
        }
    }
}
