//! A Foreman or a reviewer that is killed in mid-turn, the daemon with it or alone: the item ends the same.

use crate::fixture::{Fixture, commit, put, say, wait_for, write};
use crate::site::{Site, on_each, processes_of, wait_until};
use crate::support::{
    agents_in, ask, assert_reviewed_is_pushed, count, critique, fixture, foreman, implementer, kill, propose,
    record, reviewer, submit, verdicts,
};
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::Answerer;
use std::path::Path;

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Foreman,
    FirstReview,
    SecondReview,
}

/// Who is killed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Victim {
    Agent,
    /// The process that holds the agent, and the agent with it.
    Host,
    Daemon,
    AgentAndDaemon,
}

const CASES: [(Turn, Victim); 9] = [
    (Turn::Foreman, Victim::Agent),
    (Turn::Foreman, Victim::Host),
    (Turn::Foreman, Victim::Daemon),
    (Turn::Foreman, Victim::AgentAndDaemon),
    (Turn::FirstReview, Victim::Agent),
    (Turn::FirstReview, Victim::Host),
    (Turn::FirstReview, Victim::Daemon),
    (Turn::FirstReview, Victim::AgentAndDaemon),
    (Turn::SecondReview, Victim::Agent),
];

const FOUND: &str = "It does not say what it counts";

fn gate(directory: &Path, turn: Turn) -> std::path::PathBuf {
    directory.join(format!("{turn:?}"))
}

/// One agent that asks, is answered, is sent back by its review, and mends it. Every turn but the implementer's waits
/// for its file.
fn life(directory: &Path) -> Fixture {
    let wait = |turn| say(&format!("I begin, {turn:?}. ")) + &wait_for(&gate(directory, turn));
    let mended = |key: &str| format!(", {key} = [{{ path = \"limit\", text = \"counts\" }}]");
    let rules = implementer(
        "api",
        &format!(", prompt_contains = [{FOUND:?}]"),
        &(write("limit", "keys\\ncounts keys") + &commit("Say what it counts")),
    ) + &implementer(
        "api",
        "",
        &(ask("Which unit?", &[], "unit") + &write("limit", "{{unit}}") + &commit("Add it")),
    );
    let judging = foreman("api", "Which unit?", &(wait(Turn::Foreman) + &propose("keys", "high")))
        + &reviewer(
            "api",
            &mended("file_lacks"),
            &(wait(Turn::FirstReview) + &submit(&[critique("major", FOUND, "")])),
        )
        + &reviewer("api", "", &(wait(Turn::SecondReview) + &submit(&[])));
    fixture(vec![vec!["api"]], rules, judging)
}

/// Kills, and gives the processes that were.
fn strike(site: &Site, place: &str, victim: Victim) {
    let agents = || agents_in(site, place);
    wait_until("the agent works", || !agents().is_empty());
    let agent = agents()[0];
    if matches!(victim, Victim::Daemon | Victim::AgentAndDaemon) {
        for daemon in processes_of(&site.root(), &["daemon", "run"]) {
            kill(daemon);
        }
    }
    match victim {
        Victim::Agent | Victim::AgentAndDaemon => kill(agent),
        Victim::Host => kill(host_of(site, agent)),
        Victim::Daemon => {}
    }
}

/// The host of an agent: its command line names the directory that the agent's marker names.
fn host_of(site: &Site, agent: i32) -> i32 {
    let environment = std::fs::read(format!("/proc/{agent}/environ")).unwrap();
    let variables: Vec<String> =
        environment.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    let marker = variables.iter().find_map(|variable| variable.strip_prefix("GANGER_SESSION=")).unwrap();
    let is_its_host = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(marker)
    };
    processes_of(&site.root(), &["host", "--directory"]).into_iter().find(is_its_host).unwrap()
}

#[test]
fn a_foreman_or_reviewer_that_is_killed_in_its_turn_changes_nothing_of_the_result() {
    let undisturbed = tempfile::tempdir().unwrap();
    for turn in [Turn::Foreman, Turn::FirstReview, Turn::SecondReview] {
        put(&gate(undisturbed.path(), turn), "");
    }
    let site = Site::of(&life(undisturbed.path()));
    site.live();
    let expected = site.trees();
    drop(site);
    on_each(&CASES, |(turn, victim)| {
        let gates = tempfile::tempdir().unwrap();
        let site = Site::of(&life(gates.path()));
        site.create();
        std::thread::scope(|scope| {
            let life = scope.spawn(|| site.run_to_the_end());
            for before in [Turn::Foreman, Turn::FirstReview, Turn::SecondReview] {
                let gate = gate(gates.path(), before);
                site.wait_for_agent_at(&gate);
                if before == *turn {
                    let worktree = site.text(&["path", "g1/api"]);
                    let worktree = Path::new(worktree.trim());
                    let item = worktree.parent().unwrap().display().to_string();
                    let place = match turn {
                        Turn::Foreman => item,
                        Turn::FirstReview | Turn::SecondReview => format!("{item}/.proof/api"),
                    };
                    strike(&site, &place, *victim);
                }
                put(&gate, "");
            }
            life.join().unwrap();
        });
        let case = format!("{victim:?} in the turn {turn:?}");
        assert_eq!(site.trees(), expected, "{case}");
        site.assert_no_prompt_twice(&case);
        site.assert_transcript_whole(&case);
        let record = record(&site);
        assert_eq!(verdicts(&record, "api"), ["back", "passed"], "{case}");
        assert_reviewed_is_pushed(&site, &record);
        let answered = record.item.questions.iter().map(|question| question.answer().map(|answer| answer.by));
        assert_eq!(answered.collect::<Vec<_>>(), [Some(Answerer::Foreman)], "{case}");
        let answers = |fact: &ItemFact| matches!(fact, ItemFact::QuestionAnswered { .. });
        assert_eq!(count(&record, answers), 1, "{case}");
        site.assert_nothing_left();
    });
}
