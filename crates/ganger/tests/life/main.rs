//! The whole life of a ticket through the binary, with real git, sockets and processes: undisturbed, and with the
//! daemon killed at every named point.

// Helpers of a test, which the lint's exception for tests does not see.
#![allow(clippy::unwrap_used)]

mod site;

use site::Site;

/// The points at which a daemon is killed, with how often each is passed first.
const KILLS: [(&str, u32); 16] = [
    ("daemon.before_append", 3),
    ("daemon.before_append", 40),
    ("daemon.after_append", 2),
    ("daemon.after_append", 60),
    ("daemon.before_run", 1),
    ("daemon.before_run", 9),
    ("daemon.before_report", 4),
    ("daemon.before_host_write", 2),
    ("daemon.before_host_write", 8),
    ("git.before_fetch", 1),
    ("git.after_fetch", 1),
    ("git.before_import", 1),
    ("git.in_import", 1),
    ("git.after_import", 1),
    ("git.before_push", 1),
    ("git.after_push", 1),
];

#[test]
fn a_ticket_ends_as_three_pushed_branches() {
    let site = Site::new();
    site.create();
    site.run_to_the_end();
    site.assert_pushed();
    site.assert_nothing_left();
}

#[test]
fn a_daemon_killed_anywhere_changes_nothing_of_the_result() {
    let undisturbed = Site::new();
    undisturbed.create();
    undisturbed.run_to_the_end();
    let expected = undisturbed.tips();
    for (point, count) in KILLS {
        let site = Site::new();
        site.start_daemon_that_dies(point, count);
        site.create();
        site.run_to_the_end();
        assert!(site.killed(), "{point}:{count} was never reached");
        assert_eq!(site.tips(), expected, "after {point}:{count}");
        site.assert_no_prompt_twice(point);
        site.assert_nothing_left();
    }
}

#[test]
fn the_demonstration_asserts_its_own_result_for_drawn_worlds() {
    for seed in ["1", "8"] {
        site::demonstration(seed);
    }
}

#[test]
fn an_agent_that_is_missing_is_one_sentence_and_a_decision() {
    let site = Site::new();
    site.configure_agent("[agents]\ndefault = \"absent\"\n\n[agents.absent]\ntype = \"acp\"\ncommand = [\"no-such-agent-program\"]\n");
    site.create();
    let output = site.ganger(&["run", "g1", "--yes"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let inbox = site.text(&["inbox"]);
    assert!(inbox.contains("no program `no-such-agent-program`"), "{inbox}");
}
