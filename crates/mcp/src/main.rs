//! The bridge as a program of its own; `ganger mcp` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    ganger_mcp::main()
}
