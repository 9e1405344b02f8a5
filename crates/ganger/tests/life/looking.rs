//! What agents used and said is found again, and a person is told what waits for them.

use crate::fixture::{Fixture, commit, rule, say, step, write};
use crate::site::{Site, wait_until};
use serde_json::Value;

/// An agent that says what it used in two turns, and what it cost in the second of two sessions.
fn talkative() -> Fixture {
    let usage = |input: u64, output: u64, cost: &str| {
        step("usage", &format!("input_tokens = {input}\noutput_tokens = {output}\n{cost}"))
    };
    let steps = usage(1000, 50, "cost_usd = 0.25")
        + &say("The zymurgy counter must be monotonic, so I take the clock of the kernel.")
        + &write("limit", "1")
        + &commit("Count");
    let judging = usage(10, 1, "") + &step("submit_review", "");
    Fixture { judging: rule("kind = \"review\"", &judging), ..Fixture::one(&steps) }
}

fn hits(site: &Site, words: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = std::iter::once("search").chain(words.iter().copied()).collect();
    site.json(&arguments)["hits"].as_array().unwrap().clone()
}

#[test]
fn what_was_used_is_counted_and_what_was_said_is_found() {
    let site = Site::of(&talkative());
    site.live();
    let report = site.json(&["cost"]);
    let row = &report["rows"][0];
    assert_eq!((&row["name"], &row["cost_usd_micros"]), (&"g1".into(), &250_000.into()), "{report}");
    assert_eq!(row["estimated"], true, "the reviewer said nothing of money: {report}");
    assert_eq!((&row["input_tokens"], &row["output_tokens"]), (&1010.into(), &51.into()), "{report}");
    let by = |what: &str| site.json(&["cost", "g1", "--by", what])["rows"].as_array().unwrap().len();
    assert_eq!((by("repo"), by("agent"), by("day")), (2, 1, 1));
    let later = site.json(&["cost", "--since", "2999-01-01"]);
    assert!(later["rows"].as_array().unwrap().is_empty() && later["total"]["cost_usd_micros"].is_null());
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("≈ $0.25"), "{shown}");

    wait_until("the agent's words are found", || !hits(&site, &["zymurgy", "mono"]).is_empty());
    let found = hits(&site, &["zymurgy", "mono"]);
    let hit = &found[0];
    assert_eq!((&hit["kind"], &hit["handle"]), (&"transcript".into(), &"g1/api@1".into()), "{found:?}");
    let command: Vec<&str> = hit["command"].as_str().unwrap().split(' ').skip(1).collect();
    let opened = site.text(&command);
    assert!(opened.contains("The zymurgy counter must be monotonic"), "{command:?}: {opened}");
    let plan = hits(&site, &["each part stands"]);
    assert_eq!(plan[0]["command"], "ganger plan g1 --version 1", "{plan:?}");
    // What was found once is found once after a restart, and what happens then is found too.
    site.text(&["daemon", "stop"]);
    assert_eq!(site.text(&["new", "Zymurgy for everybody"]), "g2\n");
    wait_until("the new title is found", || hits(&site, &["zymurgy"]).len() == 2);
    assert_eq!(hits(&site, &["zymurgy", "counter"]).len(), 1);
    let nothing = site.ganger(&["search", "..."]);
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
}

#[test]
fn a_person_is_told_once_of_everything_that_waits_also_over_a_restart() {
    let mut fixture = Fixture::small();
    let told = tempfile::tempdir().unwrap();
    let file = told.path().join("told");
    fixture.configuration = format!("[notify]\nhow = []\ncommand = \"cat >> {}\"\n", file.display());
    let site = Site::of(&fixture);
    let announced = || -> Vec<(String, String)> {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        lines.map(|line| (word(&line["occasion"]), word(&line["decision"]["handle"]))).collect()
    };
    site.create();
    site.text(&["start", "g1"]);
    wait_until("the plan is announced", || !announced().is_empty());
    let first = announced();
    assert_eq!(first, [("plan".to_owned(), "d1".to_owned())]);
    site.text(&["daemon", "stop"]);
    site.text(&["ls"]);
    site.run_to_the_end();
    wait_until("the end is announced", || announced().iter().any(|(occasion, _)| occasion == "finished"));
    let all = announced();
    assert_eq!(all, [("plan".to_owned(), "d1".to_owned()), ("finished".to_owned(), String::new())]);
}

#[test]
fn an_item_pauses_at_its_budget_and_goes_on_when_it_may_cost_more() {
    let costs =
        |dollars: &str| step("usage", &format!("input_tokens = 5\noutput_tokens = 5\ncost_usd = {dollars}"));
    let mut fixture = Fixture::small();
    fixture.configuration = "[budget]\nitem_usd = 2.25\n".to_owned();
    fixture.rules = fixture
        .rules
        .replace("[[rules.steps]]\ndo = \"say\"", &format!("{}[[rules.steps]]\ndo = \"say\"", costs("2.50")));
    let site = Site::of(&fixture);
    site.create();
    site.run_to_a_decision();
    let inbox = site.json(&["inbox"]);
    let open = &inbox["decisions"][0];
    assert_eq!(open["kind"], "budget", "{inbox}");
    let handle = open["handle"].as_str().unwrap();
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("$2.50 of $2.25 (111 %)"), "{shown}");
    let costs = site.text(&["cost", "g1"]);
    assert!(costs.contains("g1 has cost $2.50 and may cost $2.25: no further turn begins"), "{costs}");
    let waits = site.text(&["inbox"]);
    // Half as much again as it has cost, in whole dollars: it can be typed as it stands.
    assert!(waits.contains(&format!("ganger answer {handle} --choice raise 4")), "{waits}");
    // The turn that ran has ended; none has begun since.
    let begun = || {
        let events = site.text(&["events", "g1"]);
        events.lines().filter(|line| line.contains("has a turn") && line.contains("g1/api")).count()
    };
    assert_eq!(begun(), 1, "{}", site.story());
    for nonsense in ["ten", "-3", "1", ""] {
        let refused = site.ganger(&["answer", handle, "--choice", "raise", "--message", nonsense]);
        assert_eq!(refused.status.code(), Some(5), "{nonsense}: {refused:?}");
    }
    site.text(&["answer", handle, "--choice", "raise", "30"]);
    site.run_to_the_end();
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains(" of $30"), "{shown}");
    let events = site.text(&["events", "g1"]);
    for part in ["$2.50 of $2.25 are spent: the budget ends soon", "it may cost $30.00 now"] {
        assert!(events.contains(part), "{part:?} is missing in:\n{events}");
    }
}
