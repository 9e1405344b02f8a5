//! The scripted agent as a program of its own; `ganger scripted-agent` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    ganger_scripted_agent::main(std::env::args().skip(1))
}
