//! The one binary: dispatch only. The entry points that run beside or above an agent come before any runtime.

mod local;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    match first.as_deref().and_then(|word| word.to_str()) {
        Some("host") => ganger_host::program::main(arguments),
        Some("exec-sandboxed") => ganger_host::trampoline::main(arguments),
        Some(ganger_git::TREE_COMMAND) => ganger_git::tree_program::main(arguments),
        Some("mcp") => ganger_mcp::main(),
        Some("scripted-agent") => {
            ganger_scripted_agent::main(arguments.map(|word| word.to_string_lossy().into_owned()))
        }
        _ => match ganger_cli::environment::Environment::of_process() {
            Ok(environment) => {
                let local = local::Local::new(environment.variables.clone());
                ExitCode::from(ganger_cli::main(environment, &local))
            }
            Err(error) => {
                eprintln!("error: the working directory cannot be read: {error}");
                ExitCode::from(6)
            }
        },
    }
}
