//! Each phase has the agent that the configuration chooses for it.

use crate::fixture::{Fixture, commit, put, write};
use crate::site::Site;
use crate::support::{ask, fixture, foreman, implementer, propose, record};
use ganger_core::session::SessionKind;

#[test]
fn each_phase_is_done_by_the_agent_that_was_chosen_for_it() {
    let rules = implementer(
        "api",
        "",
        &(ask("Which unit?", &[], "unit") + &write("limit", "{{unit}}") + &commit("Add it")),
    );
    let judging = foreman("api", "Which unit?", &propose("keys", "high"));
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let scenario = root.join("scenario.toml").display().to_string();
    let agent = |name: &str| {
        format!("[agents.{name}]\ncommand = [\"ganger\", \"scripted-agent\", \"--scenario\", {scenario:?}]\n")
    };
    let configuration = ["planner", "coder", "judge", "oracle"].map(agent).concat();
    let site = Site::below(&root, &Fixture { configuration, ..fixture(vec![vec!["api"]], rules, judging) });
    let file = site.world.workspace.join(".ganger/workspace.toml");
    let chosen = "[agents]\nplanning = \"planner\"\nreview = \"judge\"\nforeman = \"oracle\"\n\n[repositories.api]\nagent = { implementation = \"coder\" }\n";
    put(&file, &(std::fs::read_to_string(&file).unwrap() + chosen));
    site.live();
    let record = record(&site);
    let mut found: Vec<(SessionKind, &str)> =
        record.item.sessions.iter().map(|session| (session.kind, session.agent.as_str())).collect();
    found.sort();
    let expected = [
        (SessionKind::Planning, "planner"),
        (SessionKind::Implementation, "coder"),
        (SessionKind::Review, "judge"),
        (SessionKind::Foreman, "oracle"),
    ];
    for pair in expected {
        assert!(found.contains(&pair), "{pair:?} is not among {found:?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    site.assert_nothing_left();
}
