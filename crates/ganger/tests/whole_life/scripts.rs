//! A shell script as the user: ten items over six repositories, driven by `--json`, `wait` and exit codes alone.

use crate::fixture::{commit, put, rule, run, step, write};
use crate::site::Site;
use crate::support::{ask, fixture, foreman, implementer, propose};

const NAMES: [&str; 6] = ["api", "core", "docs", "jobs", "shared", "web"];
const PAIRS: [[&str; 2]; 3] = [["api", "web"], ["core", "docs"], ["jobs", "shared"]];
const ITEMS: usize = 10;

/// Each agent writes something of its own; that of `web` asks what the Foreman leaves to the person. A ticket names the
/// repositories that its plan is about.
fn world() -> Site {
    let mut rules = String::new();
    for name in NAMES {
        let asks =
            if name == "web" { ask("Which colour?", &["red", "blue"], "colour") } else { String::new() };
        let work = write("limit", "1") + &run("echo $$ > mark");
        rules += &implementer(name, "", &(asks + &work + &commit("Add the limit")));
    }
    let judging = foreman("web", "Which colour?", &propose("red", "uncertain"));
    let site = Site::of(&fixture(vec![NAMES.to_vec()], rules, judging));
    let mut planners = String::new();
    for pair in PAIRS {
        let plan = fixture(vec![vec![pair[0]], vec![pair[1]]], String::new(), String::new()).plan();
        let file = format!("plan-{}.md", pair[0]);
        put(&site.root().join(&file), &plan);
        let when = format!("tool = \"submit_plan\", prompt_contains = [\"{} and {}\"]", pair[0], pair[1]);
        planners += &rule(&when, &step("submit_plan", &format!("documents = [\"@{file}\"]")));
    }
    let scenario = site.root().join("scenario.toml");
    let others = std::fs::read_to_string(&scenario).unwrap();
    put(&scenario, &(planners + &others));
    site
}

#[test]
fn a_script_drives_ten_items_by_rule() {
    let site = world();
    let script = site.root().join("drive.sh");
    put(&script, include_str!("drive.sh"));
    let tickets: Vec<&[&str; 2]> = PAIRS.iter().cycle().take(ITEMS).collect();
    let tickets: Vec<String> =
        tickets.iter().map(|[one, other]| format!("Limit {one} and {other}")).collect();
    let file = site.root().join("tickets");
    put(&file, &(tickets.join("\n") + "\n"));
    let output = std::process::Command::new("timeout")
        .args(["300", "sh", script.to_str().unwrap()])
        .current_dir(&site.world.workspace)
        .env("GANGER", crate::site::PROGRAM)
        .env("GANGER_HOME", &site.world.home)
        .envs([("TERM", "dumb"), ("LANG", "C"), ("LC_ALL", "C"), ("COLUMNS", "60")])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}\n{}", site.story());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.is_ascii(), "{said}");
    let log = std::fs::read_to_string(site.world.home.join("daemon.log")).unwrap();
    assert!(!log.contains("an attempt failed"), "{log}");
    let done = site.json(&["ls", "--all"]);
    let items = done["items"].as_array().unwrap();
    assert_eq!(items.len(), ITEMS, "{done}");
    assert!(items.iter().all(|item| item["outcome"] == "succeeded"), "{done}");
    for name in NAMES {
        let wanted = tickets.iter().filter(|ticket| ticket.contains(name)).count();
        let refs = site.git.scratch(&site.world.remote(name), &["for-each-ref", "refs/heads"]).unwrap();
        assert_eq!(refs.lines().count(), wanted + 1, "{name}: {refs}");
    }
}
