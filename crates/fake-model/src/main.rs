//! The fake model as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    ganger_fake_model::main(std::env::args().skip(1))
}
