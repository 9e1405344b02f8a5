//! The host and its trampoline as a program of their own, for this crate's tests: what `ganger host` and
//! `ganger exec-sandboxed` are in the whole.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next().as_ref().and_then(|name| name.to_str()) {
        Some("host") => ganger_host::program::main(args),
        Some("exec-sandboxed") => ganger_host::trampoline::main(args),
        _ => ExitCode::from(2),
    }
}
