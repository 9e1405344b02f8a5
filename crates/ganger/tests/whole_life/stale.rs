//! *Wrong wave*: an earlier wave changes after a later one has begun. Who builds on it is told, and what it did is checked
//! and reviewed again.

use crate::fixture::{Fixture, commit, put, run, say, wait_for, write};
use crate::site::{Site, on_each};
use crate::support::{
    assert_reviewed_is_pushed, commit_of, count, fixture, implementer, pushed_file, record, reviewer, submit,
};
use ganger_core::work_item::event::ItemFact;
use std::path::Path;

/// Where the later wave is when the critique comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Moment {
    InItsTurn,
    InItsReview,
}

const TOO_LOW: &str = "The limit is too low for the largest customer";

/// `shared` has a limit, and `web` copies it.
fn made(gate: &Path, moment: Moment) -> Fixture {
    let copy = run("cp ../shared/limit limit");
    let (in_turn, in_review) = match moment {
        Moment::InItsTurn => (wait_for(gate), String::new()),
        Moment::InItsReview => (String::new(), wait_for(gate)),
    };
    let rules = implementer(
        "shared",
        &format!(", prompt_contains = [{TOO_LOW:?}]"),
        &(write("limit", "200") + &commit("Raise the limit")),
    ) + &implementer("shared", "", &(write("limit", "100") + &commit("Add the limit")))
        + &implementer(
            "web",
            ", prompt_contains = [\"has changed since you read it\"]",
            &(say("I read it again.") + &copy + &commit("Take the limit that holds now")),
        )
        + &implementer("web", "", &(copy + &in_turn + &commit("Take the limit of shared")));
    let judging = reviewer("web", "", &(in_review + &submit(&[])));
    let mut fixture = fixture(vec![vec!["shared"], vec!["web"]], rules, judging);
    for repository in &mut fixture.repositories {
        repository.check = Some("[ \"$(cat limit 2>/dev/null || echo 1)\" -gt 0 ]".to_owned());
    }
    fixture
}

#[test]
fn what_builds_on_a_changed_wave_is_told_checked_and_reviewed_again() {
    on_each(&[Moment::InItsTurn, Moment::InItsReview], |moment| {
        let directory = tempfile::tempdir().unwrap();
        let gate = directory.path().join("go");
        let site = Site::of(&made(&gate, *moment));
        site.create();
        std::thread::scope(|scope| {
            let life = scope.spawn(|| site.run_to_the_end());
            site.wait_for_agent_at(&gate);
            site.text(&["comment", "g1/shared", TOO_LOW, "--send"]);
            put(&gate, "");
            life.join().unwrap();
        });
        assert_eq!(pushed_file(&site, "shared", "limit"), "200", "{moment:?}");
        assert_eq!(pushed_file(&site, "web", "limit"), "200", "{moment:?}");
        let transcript = site.transcript();
        let record = record(&site);
        assert_reviewed_is_pushed(&site, &record);
        let (shared, web) = (&record.item.sub_plans["shared"], &record.item.sub_plans["web"]);
        // It knows what it stands on, and was told so by its commit.
        assert_eq!(web.built_on["shared"], commit_of(shared), "{moment:?}");
        let told = transcript.iter().any(|row| {
            let text = row["text"].as_str().unwrap_or_default();
            row["kind"] == "prompt"
                && text.contains("has changed since you read it")
                && text.contains(&commit_of(shared))
        });
        assert!(told, "{moment:?}: {}", site.story());
        // What is pushed was checked; what was made before it knew did not pass as the last word.
        for sub_plan in [shared, web] {
            let candidate = sub_plan.candidate().unwrap();
            assert_eq!(candidate.checks.len(), 1, "{moment:?}");
        }
        let changed = |fact: &ItemFact| matches!(fact, ItemFact::CandidateTaken { .. });
        assert!(count(&record, changed) >= 3, "{moment:?}");
        site.assert_nothing_left();
    });
}
