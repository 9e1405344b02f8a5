//! *Red base*: checks that fail without the agent's work cause no repairs, and what breaks among them is named.

use crate::fixture::{Fixture, Repository, commit, write};
use crate::site::{Site, on_each};
use crate::support::{assert_reviewed_is_pushed, count, fixture, implementer, record};
use ganger_core::work_item::event::ItemFact;

/// Fails on the base, whatever an agent does to its own file.
const OLD: &str = "[ -e fixed ] || { echo 'alpha is red'; exit 1; }";
/// Holds on the base.
const NEW: &str = "limit=$(cat limit 2>/dev/null || echo 1); [ \"$limit\" -gt 0 ] || { echo 'the limit must be positive'; exit 1; }";

#[derive(Debug)]
struct Case {
    /// What the agent writes at first.
    first: &'static str,
    /// What its repairs are told, possibly nothing.
    repairs: &'static [&'static str],
    /// What the reviewer is told of the checks.
    evidence: &'static [&'static str],
    /// What each check showed in the end, as `show` says it.
    verdicts: [&'static str; 2],
}

const CASES: &[Case] = &[
    Case {
        first: "1",
        repairs: &[],
        evidence: &["was broken: it fails without these changes too", "alpha is red"],
        verdicts: ["was_broken", "passed"],
    },
    Case {
        first: "0",
        repairs: &[
            "### limits: ended with exit code 1",
            "the limit must be positive",
            "These fail without your changes too: suite",
        ],
        evidence: &["was broken: it fails without these changes too"],
        verdicts: ["was_broken", "passed"],
    },
];

fn made(case: &Case) -> Fixture {
    let rules = implementer(
        "api",
        ", prompt_contains = [\"## What broke\"]",
        &(write("limit", "1") + &commit("Repair it")),
    ) + &implementer("api", "", &(write("limit", case.first) + &commit("Add it")));
    let mut api = Repository::new("api");
    api.check = Some(NEW.to_owned());
    api.other_checks = vec![("suite", OLD.to_owned())];
    Fixture { repositories: vec![api], ..fixture(vec![vec!["api"]], rules, String::new()) }
}

#[test]
fn what_was_broken_is_not_repaired_and_what_broke_is_named() {
    on_each(CASES, |case| {
        let site = Site::of(&made(case));
        site.live();
        let transcript = site.transcript();
        let prompts = |begin: &str| -> Vec<&str> {
            let prompts = transcript.iter().filter(|row| row["kind"] == "prompt");
            prompts.map(|row| row["text"].as_str().unwrap()).filter(|text| text.contains(begin)).collect()
        };
        let repairs = prompts("## What broke");
        assert_eq!(repairs.len(), usize::from(!case.repairs.is_empty()), "{case:?}: {repairs:?}");
        for words in case.repairs {
            assert!(repairs[0].contains(words), "{case:?}: {repairs:?}");
        }
        assert!(!repairs.iter().any(|text| text.contains("### suite")), "{case:?}: {repairs:?}");
        let reviews = prompts("# Your task: judge one result");
        assert_eq!(reviews.len(), 1, "{case:?}: {reviews:?}");
        for words in case.evidence {
            assert!(reviews[0].contains(words), "{case:?}: {}", reviews[0]);
        }
        let item = site.json(&["show", "g1"]);
        let checks = item["repositories"][0]["checks"].as_array().unwrap().clone();
        let verdict = |name: &str| {
            let check = checks.iter().find(|check| check["name"] == name).unwrap();
            check["verdict"].as_str().unwrap().to_owned()
        };
        assert_eq!(["suite", "limits"].map(verdict), case.verdicts, "{case:?}: {checks:?}");
        let record = record(&site);
        assert_reviewed_is_pushed(&site, &record);
        let wanted = |fact: &ItemFact| matches!(fact, ItemFact::RepairWanted { .. });
        assert_eq!(count(&record, wanted), repairs.len(), "{case:?}");
        site.assert_nothing_left();
    });
}
