//! Starting over: the agent that begins anew finds its base, and what was done before is kept where it is told.

use crate::fixture::{commit, step, wait_for, write};
use crate::site::{PROGRAM, Site, on_each, stderr, wait_until};
use crate::support::{fixture, implementer, pushed_file};

/// What a path held in the refs of the mirror that keep what was there before.
fn preserved(site: &Site, path: &str) -> Vec<String> {
    let repositories = std::fs::read_dir(site.world.home.join("repos")).unwrap();
    let workspace = repositories.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let mirrors = std::fs::read_dir(workspace).unwrap().map(|entry| entry.unwrap().path());
    let mirror = mirrors.into_iter().find(|path| path.join("HEAD").exists()).unwrap();
    let names = ["for-each-ref", "--format=%(refname)", "refs/ganger/preserved/"];
    let names = site.git.scratch(&mirror, &names).unwrap();
    let held = |name: &str| site.git.scratch(&mirror, &["show", &format!("{name}:{path}")]).ok();
    names.lines().filter_map(held).map(|text| text.trim().to_owned()).collect()
}

#[test]
fn work_is_started_over_with_another_agent_that_finds_what_was_done() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let before = write("limit", "1") + &commit("Limit the keys") + &write("notes", "half a thought");
    // What the one before had done is looked up as the prompt says.
    let look = step("run", "command = \"git log -p {{kept}} >seen && ls >stands\"");
    let anew = look + &write("limit", "7") + &commit("Limit the keys otherwise");
    let capture = "capture = { kept = { after = \"It is kept, and `git log -p \", until = \"`\" } }\n";
    let told = ", prompt_contains = [\"had it started over\"]";
    let rules = implementer("api", told, &format!("{capture}{anew}"))
        + &implementer("api", "", &(before + &wait_for(&gate)));
    let site = Site::of(&fixture(vec![vec!["api"]], rules, String::new()));
    let scenario = site.root().join("scenario.toml");
    site.world.configure(&format!(
        "[agents.other]\ncommand = [{PROGRAM:?}, \"scripted-agent\", \"--scenario\", {:?}]\n",
        scenario.display().to_string()
    ));
    site.create();
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3), "{}", site.story());
    site.text(&["approve", "g1"]);
    site.wait_for_agent_at(&gate);
    let running = site.ganger(&["retry", "g1/api", "--fresh"]);
    assert_eq!(running.status.code(), Some(5));
    assert!(stderr(&running).contains("ganger stop g1/api"), "{}", stderr(&running));
    site.text(&["stop", "g1/api"]);
    let unknown = site.ganger(&["retry", "g1/api", "--agent", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", stderr(&unknown));
    assert!(stderr(&unknown).contains("there is no agent \"nobody\"; there is: "), "{}", stderr(&unknown));
    let said = site.text(&["retry", "g1/api", "Use 7.", "--fresh", "--agent", "other"]);
    assert!(said.contains("g1/api begins anew with other; what was done is kept."), "{said}");
    site.run_to_the_end();
    assert_eq!(pushed_file(&site, "api", "limit"), "7");
    assert_eq!(pushed_file(&site, "api", "stands"), "README.md\nseen\nstands", "it begins at the base");
    let seen = pushed_file(&site, "api", "seen");
    assert!(seen.contains("Limit the keys\n") && seen.contains("+1"), "{seen}");
    assert_eq!(preserved(&site, "notes"), ["half a thought"], "{}", site.story());
    let events = site.text(&["events", "g1"]);
    assert!(events.contains("what it had done is kept in refs/ganger/preserved/"), "{events}");
    let sessions = site.text(&["show", "g1/api"]);
    assert!(sessions.contains("other"), "{sessions}");
    site.assert_nothing_left();
}

/// Where the daemon dies while it keeps what stood in a worktree, removes that, and makes it anew.
const POINTS: &[&str] = &[
    "git.before_import",
    "git.in_import",
    "git.after_import",
    "git.before_remove",
    "git.in_remove",
    "git.after_remove",
    "git.before_provision",
    "git.after_provision",
];

#[test]
fn a_daemon_that_dies_while_work_is_started_over_loses_nothing_of_it() {
    on_each(POINTS, |point| {
        let directory = tempfile::tempdir().unwrap();
        let gate = directory.path().join("go");
        let before = write("limit", "1") + &commit("Limit the keys") + &write("notes", "half a thought");
        let anew = write("limit", "7") + &commit("Limit the keys otherwise");
        let rules = implementer("api", ", prompt_contains = [\"had it started over\"]", &anew)
            + &implementer("api", "", &(before + &wait_for(&gate)));
        let site = Site::of(&fixture(vec![vec!["api"]], rules, String::new()));
        site.create();
        assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3), "{}", site.story());
        site.text(&["approve", "g1"]);
        site.wait_for_agent_at(&gate);
        site.text(&["stop", "g1/api"]);
        site.text(&["daemon", "stop"]);
        site.start_armed_daemon(point, 1);
        site.text(&["retry", "g1/api", "--fresh"]);
        wait_until("the daemon is killed", || site.daemon_was_killed());
        site.run_to_the_end();
        assert_eq!(pushed_file(&site, "api", "limit"), "7", "after {point}");
        assert_eq!(preserved(&site, "notes"), ["half a thought"], "after {point}: {}", site.story());
        site.assert_no_prompt_twice(point);
        site.assert_nothing_left();
    });
}
