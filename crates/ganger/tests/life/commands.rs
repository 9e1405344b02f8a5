//! What a person says is done once, and what they stop is over before anything takes its place.

use crate::fixture::{Fixture, commit, put, run, write};
use crate::site::{Site, wait_until};
use ganger_api::client::{Client, ClientError};
use ganger_api::routes;
use serde_json::{Value, json};

/// A check that says when it begins, complains when another one lives, and waits until it may go on.
fn slow_check(shared: &str) -> String {
    format!(
        "exec 9>>{shared}/lock; flock -n 9 || echo overlap >> {shared}/log; echo begin >> {shared}/log; \
         until [ -e {shared}/go ]; do sleep 0.05; done"
    )
}

#[test]
fn a_withdrawn_job_is_over_before_anything_takes_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let shared = directory.path().canonicalize().unwrap().display().to_string();
    // Each turn leaves something new, so that there is something to check again.
    let steps = write("limit", "1") + &commit("Add it") + &run("date +%N >> times");
    let mut fixture = Fixture::one(&steps);
    fixture.repositories[0].check = Some(slow_check(&shared));
    let site = Site::of(&fixture);
    // Agents and jobs may write where the check leaves its marks.
    let config = site.world.home.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    put(&config, &text.replace("[sandbox]\n", &format!("[sandbox]\nwrite = [{shared:?}]\n")));
    let log = || std::fs::read_to_string(format!("{shared}/log")).unwrap_or_default();

    // The first withdrawal is that of the planner's host, the second belongs to the stop: committed, and carried
    // out by nobody, since the daemon dies.
    site.start_armed_daemon("daemon.before_withdraw", 2);
    site.create();
    let run = site.command(&["run", "g1", "--yes"]).stdout(std::process::Stdio::null()).spawn();
    wait_until("the check runs", || log() == "begin\n");
    site.ganger(&["stop", "g1"]);
    wait_until("the daemon is dead", || site.daemon_was_killed());
    site.text(&["retry", "g1"]);
    wait_until("the check runs again", || log() != "begin\n");
    put(&directory.path().join("go"), "");
    site.run_to_the_end();
    assert!(!log().contains("overlap"), "{}", log());
    assert_eq!(site.tips().len(), 1);
    let _ = run.unwrap().wait();
    site.assert_nothing_left();
}

#[test]
fn a_key_that_was_used_is_refused_for_another_body() {
    let site = Site::of(&Fixture::one(""));
    site.text(&["daemon", "start"]);
    let key = std::fs::read_to_string(site.world.home.join("person.key")).unwrap();
    let client = Client::new(site.world.home.join("socket")).with_key(key.trim());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let post = |path: &str, body: Value| {
        runtime.block_on(client.post_json::<_, Value>(path, &body)).map_err(|error| match error {
            ClientError::Refused { body, .. } => body["error"].clone(),
            other => panic!("{other}"),
        })
    };
    let directory = site.world.workspace.display().to_string();
    let new = |title: &str| json!({ "key": "one", "directory": directory, "title": title });
    let first = post(routes::ITEMS, new("Limit the keys")).unwrap();
    assert_eq!(post(routes::ITEMS, new("Limit the keys")).unwrap(), first, "the same again is the same item");
    let refused = post(routes::ITEMS, new("Something else")).unwrap_err();
    assert_eq!((&refused["code"], &refused["exit"]), (&json!("command.key_reused"), &json!(5)), "{refused}");

    let commands = routes::fill(routes::COMMANDS, "g1");
    let stop = json!({ "key": "two", "command": "stop", "target": "g1" });
    let start = |key: &str| json!({ "key": key, "command": "start" });
    post(&commands, start("two")).unwrap();
    assert_eq!(post(&commands, start("two")).unwrap()["repeated"], true);
    let refused = post(&commands, stop).unwrap_err();
    assert_eq!((&refused["code"], &refused["exit"]), (&json!("command.key_reused"), &json!(5)), "{refused}");
    // And after a restart.
    site.text(&["daemon", "stop"]);
    site.text(&["daemon", "start"]);
    let refused = post(routes::ITEMS, new("Something else")).unwrap_err();
    assert_eq!(refused["code"], "command.key_reused", "{refused}");
    let items = site.json(&["ls", "--all"]);
    assert_eq!(items["items"].as_array().unwrap().len(), 1, "{items}");
}

#[test]
fn commands_at_once_start_one_daemon_and_all_are_answered() {
    let site = Site::of(&Fixture::one(""));
    for _ in 0..2 {
        let children: Vec<_> = (0..6)
            .map(|_| site.command(&["ls"]).stdout(std::process::Stdio::null()).spawn().unwrap())
            .collect();
        for mut child in children {
            assert_eq!(child.wait().unwrap().code(), Some(0), "{}", site.story());
        }
        // And right behind a daemon that is going.
        site.text(&["daemon", "stop"]);
    }
}

#[test]
fn a_daemon_that_is_started_anew_is_another_one_with_the_same_items() {
    let site = Site::of(&Fixture::one(""));
    let restart = || site.json(&["daemon", "restart"])["pid"].as_u64().unwrap();
    let first = restart();
    site.create();
    let second = restart();
    assert_ne!(first, second);
    assert_eq!(site.json(&["daemon", "status"])["pid"].as_u64(), Some(second));
    assert_eq!(site.json(&["ls"])["items"].as_array().map(Vec::len), Some(1));
}
