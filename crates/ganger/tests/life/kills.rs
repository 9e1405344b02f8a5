//! Whatever is killed, and when: the item ends as if nothing had happened.

use crate::fixture::{Fixture, commit, rule, step, write};
use crate::site::{Site, on_each, processes_of};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Where somebody dies, and at which visit over all processes: the first where nothing is said here.
const VISITS: &[(&str, &[u32])] = &[
    ("daemon.before_append", &[3, 25]),
    ("daemon.after_append", &[2, 36]),
    ("daemon.before_run", &[1, 6]),
    ("daemon.before_report", &[4]),
    ("daemon.before_host_write", &[2, 8]),
    ("daemon.before_withdraw", &[1, 2]),
    // The first is a job, the second the planner, the fourth the implementer.
    ("host.after_lock", &[1, 2, 4]),
    ("host.before_spawn", &[1, 2]),
    ("host.after_spawn", &[1, 4]),
    ("host.after_go", &[1, 4]),
    ("host.before_journal_write", &[1, 20]),
    ("host.after_journal_write", &[1, 40]),
    ("host.before_agent_write", &[1, 5]),
    ("host.after_agent_write", &[2, 6]),
    ("host.before_exit_record", &[1, 2]),
    ("host.after_exit_record", &[1, 2]),
];

/// The places that these lives do not pass: a worktree is removed only where a person has work started over. The whole
/// life `afresh` dies there.
const NOT_IN_THESE_LIVES: &[&str] = &["git.before_remove", "git.in_remove", "git.after_remove"];

fn undisturbed(fixture: &Fixture) -> BTreeMap<String, String> {
    let site = Site::of(fixture);
    site.live();
    site.assert_nothing_left();
    site.trees()
}

/// What must hold of an item that has ended, whatever happened on the way.
fn check_end(site: &Site, expected: &BTreeMap<String, String>, after: &str) {
    assert_eq!(site.trees(), *expected, "after {after}");
    site.assert_no_prompt_twice(after);
    site.assert_transcript_whole(after);
    site.assert_nothing_left();
}

#[test]
fn whoever_dies_at_any_kill_point_changes_nothing_of_the_result() {
    let expected = undisturbed(&Fixture::small());
    let named =
        |point| VISITS.iter().find(|(name, _)| *name == point).map_or(&[1][..], |(_, counts)| *counts);
    let cases: Vec<(&str, u32)> = ganger_kill_point::all()
        .filter(|point| !NOT_IN_THESE_LIVES.contains(point))
        .flat_map(|point| named(point).iter().map(move |count| (point, *count)))
        .collect();
    on_each(&cases, |(point, count)| {
        let site = Site::of(&Fixture::small());
        site.start_armed_daemon(point, *count);
        site.live();
        let case = format!("{point}:{count}");
        assert!(site.visits() >= u64::from(*count), "{case} was not reached: {} visits", site.visits());
        assert_eq!(site.daemon_was_killed(), !point.starts_with("host."), "{case}");
        check_end(&site, &expected, &case);
    });
}

/// Who is killed at a random moment: the daemon, a host, the process between host and agent, an agent.
const VICTIMS: [&[&str]; 4] =
    [&["daemon", "run"], &["host", "--directory"], &["exec-sandboxed"], &["scripted-agent", "--scenario"]];

/// A life whose agent takes its time, so that most moments lie within a turn.
fn talkative() -> Fixture {
    let talk =
        |about: &str| step("say", &format!("text = \"{about} \"\nchunk = 5\nrepeat = 30\npause_ms = 5"));
    let told = "repository = \"api\", prompt_contains = [\"## What broke\"]";
    let turn =
        |limit: &str, message: &str| talk(message) + &write("limit", limit) + &talk(limit) + &commit(message);
    Fixture {
        planning: talk("thinking"),
        rules: rule(told, &turn("100", "Repair the limit"))
            + &rule("repository = \"api\"", &turn("0", "Add it")),
        ..Fixture::small()
    }
}

/// SplitMix64.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[test]
fn whoever_dies_at_any_moment_changes_nothing_of_the_result() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let given = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let seed = given("GANGER_TEST_SEED").unwrap_or(u64::from(clock.subsec_nanos()));
    let moments = given("GANGER_TEST_MOMENTS").and_then(|count| count.try_into().ok()).unwrap_or(20);
    println!("GANGER_TEST_SEED={seed}");
    let begun = Instant::now();
    let expected = undisturbed(&talkative());
    let length = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let mut state = seed;
    let cases: Vec<(usize, Duration)> = (0..moments)
        .map(|case| (case % VICTIMS.len(), Duration::from_micros(draw(&mut state) % length)))
        .collect();
    on_each(&cases, |(victim, moment)| {
        let mut moment = *moment;
        loop {
            let site = Site::of(&talkative());
            site.create();
            let killed = std::thread::scope(|scope| {
                let life = scope.spawn(|| site.run_to_the_end());
                let now = Instant::now();
                while now.elapsed() < moment && !life.is_finished() {
                    std::thread::park_timeout(moment.saturating_sub(now.elapsed()));
                }
                // At this moment there may be no such process: then the next that comes.
                while !life.is_finished() {
                    let found = processes_of(&site.root(), VICTIMS[*victim]);
                    if let Some(pid) = found.first().and_then(|pid| rustix::process::Pid::from_raw(*pid))
                        && rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
                    {
                        return true;
                    }
                    std::thread::yield_now();
                }
                false
            });
            if killed {
                let case = format!("{} killed after {moment:?}, seed {seed}", VICTIMS[*victim][0]);
                return check_end(&site, &expected, &case);
            }
            moment /= 2;
        }
    });
}
