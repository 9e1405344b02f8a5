//! Whole lives through the binary, with real git, sockets and processes.

// Helpers of a test, which the lint's exception for tests does not see.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod commands;
mod differences;
mod fixture;
mod from_issue;
mod hooks;
mod hostile;
mod kills;
mod large;
mod looking;
mod my_clone;
mod odd_names;
mod site;
mod tidy;
mod trial;

use site::{PROGRAM, Site, stderr, stdout};
use std::process::{Command, Stdio};

#[test]
fn a_ticket_ends_as_three_pushed_branches() {
    let site = Site::demonstration();
    site.live();
    assert_eq!(site.tips().len(), 3);
    site.assert_nothing_left();
}

#[test]
fn the_demonstration_asserts_its_own_result_for_drawn_worlds() {
    for seed in ["1", "8"] {
        let output = Command::new(PROGRAM)
            .args(["demo", "--yes", "--seed", seed])
            .env_remove("GANGER_HOME")
            .env_remove(ganger_kill_point::VARIABLE)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "seed {seed}: {}\n{}", stdout(&output), stderr(&output));
    }
}
