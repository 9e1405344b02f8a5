//! A repository of 40,000 files: what a life on it costs. Run in `.ci/run`, or by hand:
//! `cargo test --release -p ganger --test life -- --ignored --nocapture forty_thousand`.

use crate::fixture::{Fixture, commit, put, wait_for, write};
use crate::site::{Site, processes_of};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const DIRECTORIES: usize = 200;
const FILES_IN_EACH: usize = 200;

/// A value of a process in KB, such as `Pss` in `smaps_rollup` or `VmHWM` in `status`.
fn memory(pid: i32, file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The highest memory of each kind of process in KB, resident and proportional, until `over`.
fn watch(site: &Site, over: &AtomicBool) -> BTreeMap<&'static str, (u64, u64)> {
    let kinds: [(&str, &[&str]); 2] = [("daemon", &["daemon", "run"]), ("host", &["host", "--directory"])];
    let mut highest: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    while !over.load(Ordering::Relaxed) {
        for (kind, words) in kinds {
            for pid in processes_of(&site.root(), words) {
                let resident = memory(pid, "status", "VmHWM").unwrap_or(0);
                let share = memory(pid, "smaps_rollup", "Pss").unwrap_or(0);
                let known = highest.entry(kind).or_default();
                *known = (known.0.max(resident), known.1.max(share));
            }
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    highest
}

#[test]
#[ignore = "measures, and takes its time: `.ci/run` runs it by itself"]
fn a_life_over_forty_thousand_files_says_what_it_costs() {
    let gate = tempfile::tempdir().unwrap();
    let go = gate.path().join("go");
    let mut fixture = Fixture::one(&(wait_for(&go) + &write("limit", "1") + &commit("Add it")));
    fixture.repositories[0].check = Some("test \"$(cat limit)\" = 1".to_owned());
    for directory in 0..DIRECTORIES {
        for file in 0..FILES_IN_EACH {
            let path = format!("src/d{directory}/f{file}.txt");
            fixture.repositories[0].files.push((path, format!("{directory} {file}\n").repeat(20)));
        }
    }
    let said = |what: &str, since: Instant| println!("{what:44} {:6.1} s", since.elapsed().as_secs_f64());
    let begun = Instant::now();
    let site = Site::of(&fixture);
    said("git alone: add, commit, push", begun);
    let begun = Instant::now();
    let clone = site.world.clone_of("api").display().to_string();
    site.git.scratch(&site.root(), &["clone", "-q", "--shared", &clone, "alone"]).unwrap();
    said("git alone: one checkout", begun);

    site.create();
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    let highest = std::thread::scope(|scope| {
        let watched = scope.spawn(|| watch(&site, &over));
        let life = scope.spawn(|| site.run_to_the_end());
        site.wait_for_agent_at(&go);
        said("planned, approved, an agent in its worktree", begun);
        put(&go, "");
        life.join().unwrap();
        said("the whole life, to the pushed branch", begun);
        over.store(true, Ordering::Relaxed);
        watched.join().unwrap()
    });
    for (kind, (resident, share)) in highest {
        println!("{kind:6} at most {resident:7} KB resident, {share:7} KB proportional");
    }
    assert_eq!(site.tips().len(), 1);
    site.assert_nothing_left();
}
