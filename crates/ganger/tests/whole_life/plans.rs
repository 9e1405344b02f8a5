//! *Plans that live*: revised in one part, dropped from, edited while others work, followed up, made without a planner.

use crate::fixture::{Fixture, commit, put, rule, say, step, wait_for, write};
use crate::site::{Site, stderr, wait_until};
use crate::support::{count, fixture, implementer, inbox, only_decision, pushed_file, record};
use ganger_core::session::SessionKind;
use ganger_core::work_item::event::ItemFact;

/// A document with another goal for a repository.
fn with_goal(document: &str, repository: &str, goal: &str) -> String {
    let heading = format!("## SubPlan: {repository}\n\n### Goal\n\n");
    let (before, after) = document.split_once(&heading).unwrap();
    let (_, rest) = after.split_once("\n\n### Scope").unwrap();
    format!("{before}{heading}{goal}\n\n### Scope{rest}")
}

/// A planner that submits this document when it hears these words.
fn replans(words: &str, document: &str) -> String {
    let submit = step("submit_plan", &format!("documents = [{document:?}]"));
    rule(&format!("kind = \"planning\", conversation_contains = [{words:?}]"), &submit)
}

/// An implementer that writes its limit, and another one once its plan names it.
fn limits(repository: &str, first: &str, goal: &str, second: &str) -> String {
    implementer(
        repository,
        &format!(", prompt_contains = [{goal:?}]"),
        &(write("limit", second) + &commit(&format!("Limit {repository} to {second}"))),
    ) + &implementer(
        repository,
        "",
        &(write("limit", first) + &commit(&format!("Limit {repository} to {first}"))),
    )
}

fn document(site: &Site, version: &str) -> String {
    site.json(&["plan", "g1", "--version", version])["document"].as_str().unwrap().to_owned()
}

/// The document around the part of a repository.
fn around(document: &str, repository: &str) -> String {
    let (before, part) = document.split_once(&format!("## SubPlan: {repository}\n")).unwrap();
    let after = part.split_once("\n## ").map_or("", |(_, after)| after);
    format!("{before}|{after}")
}

fn state(site: &Site, repository: &str) -> String {
    let item = site.json(&["show", "g1"]);
    let parts = item["repositories"].as_array().unwrap().iter();
    parts.filter(|part| part["name"] == repository).map(|part| part["state"].as_str().unwrap()).collect()
}

fn refused(site: &Site, arguments: &[&str], code: i32) -> String {
    let output = site.ganger(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    stderr(&output)
}

/// Starts the item and waits for its plan.
fn plan(site: &Site) {
    let output = site.ganger(&["run", "g1"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}\n{}", site.story());
    assert_eq!(inbox(site)[0]["kind"], "plan");
}

/// Waits for a version of the plan.
fn proposed(site: &Site, version: u64) {
    wait_until("the version waits", || {
        inbox(site).iter().any(|open| open["kind"] == "plan" && open["plan"]["version"] == version)
    });
}

const WISH: &str = "Limit the web by tenant.";
const GOAL: &str = "A limit for each tenant.";

#[test]
fn one_part_is_revised_and_every_other_byte_stays() {
    let mut made = fixture(
        vec![vec!["api"], vec!["web"]],
        limits("web", "1", GOAL, "2") + &limits("api", "1", "Wrong", "9"),
        String::new(),
    );
    // The planner touches what it was not asked to: that is not taken.
    let overreaching = with_goal(&with_goal(&made.plan(), "web", GOAL), "api", "Wrong");
    made.replanning = replans(WISH, &overreaching);
    let site = Site::of(&made);
    site.create();
    plan(&site);
    let said = site.text(&["revise", "g1/web", WISH]);
    assert!(said.contains("The part of web in the plan of g1 is being changed"), "{said}");
    proposed(&site, 2);
    let (first, second) = (document(&site, "1"), document(&site, "2"));
    assert_eq!(around(&first, "web"), around(&second, "web"));
    assert!(second.contains(GOAL) && !second.contains("Wrong"), "{second}");
    let diff = site.text(&["plan", "g1", "--diff", "1..2"]);
    assert!(diff.contains("From v1 to v2   changed: web · unchanged: api"), "{diff}");
    assert!(diff.contains(&format!("+{GOAL}")), "{diff}");
    assert!(
        refused(&site, &["plan", "g1", "--diff", "1..7"], 4)
            .contains("g1 has no version 7 of its plan; there are v1 to v2")
    );
    assert!(refused(&site, &["revise", "g1", "  "], 5).contains("what is to be different is empty"));
    assert!(refused(&site, &["revise", "g1/docs", "x"], 4).contains("docs"));
    site.run_to_the_end();
    assert_eq!(
        (pushed_file(&site, "api", "limit"), pushed_file(&site, "web", "limit")),
        ("1".into(), "2".into())
    );
    let events = site.text(&["events", "g1"]);
    assert!(events.lines().any(|line| line.ends_with("plan v2 approved by you")), "{events}");
    site.assert_nothing_left();
}

#[test]
fn what_has_not_begun_is_changed_while_others_work_and_only_the_change_is_approved() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let api = implementer("api", "", &(wait_for(&gate) + &write("limit", "1") + &commit("Limit the keys")));
    let mut made =
        fixture(vec![vec!["api"], vec!["web"]], api + &limits("web", "1", GOAL, "2"), String::new());
    made.replanning = replans(WISH, &with_goal(&made.plan(), "web", GOAL));
    let site = Site::of(&made);
    site.create();
    plan(&site);
    site.text(&["approve", "g1"]);
    site.wait_for_agent_at(&gate);
    // What has begun can't be changed, and who comes after it is named.
    let begun = refused(&site, &["drop", "g1/api"], 5);
    for part in ["api can't be dropped from the plan of g1", "`api` has begun", "may build on it: web"] {
        assert!(begun.contains(part), "{part:?} is missing in:\n{begun}");
    }
    assert!(refused(&site, &["revise", "g1/api", "Other."], 5).contains("g1/api has begun"));
    let said = site.text(&["revise", "g1/web", WISH]);
    assert!(said.contains("What has begun goes on; nothing new begins before you approve."), "{said}");
    proposed(&site, 2);
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("plan: v2 waits for your approval; v1 stays in force until then"), "{shown}");
    assert!(shown.contains("Next: ganger plan g1 --diff · ganger approve g1"), "{shown}");
    let difference = site.text(&["plan", "g1", "--diff"]);
    assert!(difference.contains("From v1 to v2   changed: web · unchanged: api"), "{difference}");
    let read = site.text(&["plan", "g1"]);
    assert!(read.contains("v1 is approved and stays in force; only what v2 changes is new"), "{read}");
    // A person writes the section themselves: another version, against the approved one.
    let section = site.root().join("section.md");
    let web = document(&site, "2")
        .split_once("## SubPlan: web")
        .unwrap()
        .1
        .replace(GOAL, "A limit for each tenant, of 2.");
    put(&section, &format!("## SubPlan: web{web}"));
    let said = site.text(&["edit", "g1/web", "-f", section.to_str().unwrap()]);
    assert!(
        said.contains("v3 waits for your approval; only what it changes is new: web. v1 stays in force"),
        "{said}"
    );
    put(&gate, "");
    wait_until("the other part is done", || state(&site, "api") == "passed");
    assert_eq!(state(&site, "web"), "waiting", "nothing new begins before the approval");
    site.text(&["reject", "g1", "not yet"]);
    site.run_to_the_end();
    assert_eq!(pushed_file(&site, "web", "limit"), "1", "the approved version was in force");
    site.assert_nothing_left();
}

#[test]
fn a_repository_is_dropped_and_who_comes_after_it_is_named() {
    let made = fixture(
        vec![vec!["shared"], vec!["api"]],
        limits("api", "1", "never said", "2") + &limits("shared", "1", "never said", "2"),
        String::new(),
    );
    let site = Site::of(&made);
    site.create();
    plan(&site);
    let whole = refused(&site, &["drop", "g1"], 2);
    assert!(whole.contains("ganger drop g1/shared") && whole.contains("ganger drop g1/api"), "{whole}");
    let said = site.text(&["drop", "g1/shared"]);
    assert!(said.contains("Dropped shared from the plan of g1. v2 waits for your approval."), "{said}");
    assert!(said.contains("may have built on it: api."), "{said}");
    let part = |version: &str| {
        let plan = site.json(&["plan", "g1", "--version", version, "--repo", "api"]);
        plan["document"].as_str().unwrap().to_owned()
    };
    assert_eq!(part("1"), part("2"), "what stays is not touched");
    let last = refused(&site, &["drop", "g1/api"], 5);
    assert!(
        last.contains("api is the only part of the plan of g1") && last.contains("ganger reject g1"),
        "{last}"
    );
    site.run_to_the_end();
    assert_eq!(pushed_file(&site, "api", "limit"), "1");
    let record = record(&site);
    assert_eq!(record.item.sub_plans.keys().collect::<Vec<_>>(), ["api"]);
    site.assert_nothing_left();
}

#[test]
fn a_follow_up_runs_only_what_it_changes_and_one_that_fails_leaves_what_is_done() {
    const NOTHING: &str = "Nothing comes of this.";
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let mut made = fixture(
        vec![vec!["shared"], vec!["web"]],
        limits("shared", "1", "More of it.", "9") + &limits("web", "1", GOAL, "2"),
        String::new(),
    );
    let gives_up = format!("kind = \"planning\", conversation_contains = [{NOTHING:?}]");
    let more = with_goal(&made.plan(), "web", GOAL);
    let thinks = format!("kind = \"planning\", conversation_contains = [{WISH:?}]");
    let submit = step("submit_plan", &format!("documents = [{more:?}]"));
    made.replanning = replans("And more of the first.", &with_goal(&more, "shared", "More of it."))
        + &rule(&thinks, &(wait_for(&gate) + &submit))
        + &rule(&gives_up, &say("I cannot."));
    let site = Site::of(&made);
    site.create();
    plan(&site);
    assert!(refused(&site, &["follow-up", "g1", WISH], 5).contains("g1 is not done yet"));
    site.run_to_the_end();
    let before = site.tips();
    site.text(&["follow-up", "g1", NOTHING]);
    wait_until("the planner has given up", || site.json(&["show", "g1"])["status"] == "completed");
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("the plan could not be changed; v1 stays in force"), "{shown}");
    assert_eq!(inbox(&site), Vec::<serde_json::Value>::new());
    let events = site.text(&["events", "g1"]);
    let lines = [
        &*format!("a follow-up on the plan begins with scripted: \"{NOTHING}\""),
        "the plan could not be changed, v1 stays",
    ];
    assert!(lines.iter().all(|line| events.contains(line)), "{events}");

    let said = site.text(&["follow-up", "g1", WISH]);
    assert!(said.contains("A follow-up of g1 is being planned from the results of its last run."), "{said}");
    site.wait_for_agent_at(&gate);
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("planning a follow-up"), "{shown}");
    assert!(shown.contains(&format!("plan: a follow-up is being planned: \"{WISH}\"; v1 stays")), "{shown}");
    put(&gate, "");
    proposed(&site, 2);
    assert_eq!(only_decision(&site), inbox(&site)[0]["handle"].as_str().unwrap());
    let said = site.text(&["approve", "g1"]);
    assert!(said.contains("Approved v2 of the plan of g1; only what it changes runs: web."), "{said}");
    site.run_to_the_end();
    let after = site.tips();
    assert_eq!(before["shared"], after["shared"], "what did not change did not run");
    assert_eq!(
        (pushed_file(&site, "shared", "limit"), pushed_file(&site, "web", "limit")),
        ("1".into(), "2".into())
    );
    // What is new stands on top of what was pushed.
    let parent =
        site.git.scratch(&site.world.remote("web"), &["rev-parse", &format!("{}^", after["web"])]).unwrap();
    assert_eq!(parent.trim(), before["web"]);

    // What an earlier part becomes leaves the later one, which is pushed, as it is: that is shown.
    site.text(&["follow-up", "g1/shared", "And more of the first."]);
    proposed(&site, 3);
    site.run_to_the_end();
    assert_eq!(pushed_file(&site, "shared", "limit"), "9");
    let shown = site.text(&["show", "g1"]);
    assert!(shown.contains("built on an older shared"), "{shown}");
    assert_eq!(site.tips()["web"], after["web"]);
    let record = record(&site);
    let begun = |name: &str| {
        count(&record, |fact| matches!(fact, ItemFact::SubPlanBegun { repository, .. } if repository == name))
    };
    assert_eq!((begun("shared"), begun("web")), (2, 2));
    site.assert_nothing_left();
}

#[test]
fn a_ticket_for_one_repository_needs_no_planner() {
    let made: Fixture = fixture(
        vec![vec!["api", "web"]],
        limits("api", "1", "never said", "2") + &limits("web", "1", "never said", "2"),
        String::new(),
    );
    let site = Site::of(&made);
    for arguments in
        [&["new", "Limit", "--direct"][..], &["new", "Limit", "--direct", "--repo", "api", "--repo", "web"]]
    {
        let said = refused(&site, arguments, 2);
        assert!(said.contains("a plan without a planner is for one repository, and"), "{said}");
    }
    let handle = site.text(&[
        "new",
        "Limit the keys",
        "-d",
        "One per key.\n\n## SubPlan: web",
        "--direct",
        "--repo",
        "api",
    ]);
    assert_eq!(handle, "g1\n");
    plan(&site);
    assert!(document(&site, "1").contains("> One per key."));
    site.run_to_the_end();
    assert_eq!(pushed_file(&site, "api", "limit"), "1");
    let record = record(&site);
    assert!(record.item.sessions.iter().all(|session| session.kind != SessionKind::Planning));
    assert_eq!(record.item.sub_plans.keys().collect::<Vec<_>>(), ["api"]);
    site.assert_nothing_left();
}
