//! Lives keep the invariants; a life is a function of its seed; planted bugs are seen.

use ganger_simulate::{Coverage, Planted, run};

/// Lives that a planted bug may take to be seen.
const PATIENCE: u64 = 400;

#[test]
fn lives_keep_every_invariant() {
    let mut coverage = Coverage::default();
    for seed in 1..=120 {
        let life = run(seed, None);
        coverage.merge(&life.coverage);
        if let Some(violation) = life.violation {
            panic!("{violation}\nrepeat with: ganger-simulate --seeds 1 --start {seed} --trace");
        }
    }
}

#[test]
fn equal_seeds_give_equal_logs_and_others_other_ones() {
    for seed in [3, 14, 159] {
        let (first, second) = (run(seed, None), run(seed, None));
        assert_eq!(
            (first.hash, first.events, first.happenings),
            (second.hash, second.events, second.happenings)
        );
        assert_ne!(first.hash, run(seed + 1, None).hash);
    }
}

#[test]
fn every_planted_bug_is_found() {
    for planted in Planted::ALL {
        let found = (1..=PATIENCE).find_map(|seed| run(seed, Some(planted)).violation);
        assert!(found.is_some(), "{} was not found in {PATIENCE} lives", planted.name());
    }
}
