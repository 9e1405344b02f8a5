use super::waves::scheduled;
use crate::plan::execution::{ExecutionError, ExecutionState, Outcome, WaveStatus};
use crate::plan::waves::SubPlanStatus::{Completed, Escalated, Failed, InProgress, Pending};
use expect_test::expect;
use proptest::prelude::*;

fn statuses(state: &ExecutionState) -> Vec<WaveStatus> {
    state.waves().iter().map(|wave| wave.status).collect()
}

#[test]
fn waves_complete_one_after_the_other() {
    let mut state =
        ExecutionState::new(&scheduled(&[("a", 0, Pending), ("b", 0, Pending), ("c", 1, Pending)]));
    assert_eq!(statuses(&state), [WaveStatus::Pending, WaveStatus::Pending]);
    assert_eq!(state.startable(), ["a", "b"]);
    state.start_sub_plan("a", 10).unwrap();
    state.start_sub_plan("b", 11).unwrap();
    assert_eq!(statuses(&state), [WaveStatus::Running, WaveStatus::Pending]);
    state.complete_sub_plan("a", 20).unwrap();
    assert_eq!(state.current_wave(), 0);
    state.complete_sub_plan("b", 25).unwrap();
    assert_eq!(state.current_wave(), 1);
    assert_eq!(state.startable(), ["c"]);
    let first = state.wave(0).unwrap();
    assert_eq!((first.status, first.started_at, first.ended_at), (WaveStatus::Completed, Some(10), Some(25)));
    assert!(!state.all_waves_completed());
    state.start_sub_plan("c", 30).unwrap();
    assert_eq!(state.outcome(), Outcome::Unfinished);
    state.complete_sub_plan("c", 40).unwrap();
    assert!(state.all_waves_completed());
    assert_eq!((state.current_wave(), state.outcome()), (2, Outcome::Completed));
}

#[test]
fn one_failure_cancels_no_neighbour_and_starts_no_later_wave() {
    let mut state =
        ExecutionState::new(&scheduled(&[("a", 0, Pending), ("b", 0, Pending), ("c", 1, Pending)]));
    state.start_sub_plan("a", 1).unwrap();
    state.fail_sub_plan("a", "no way", 2).unwrap();
    assert!(state.has_failed());
    assert_eq!(statuses(&state)[0], WaveStatus::Running);
    assert_eq!((state.startable(), state.outcome()), (vec!["b"], Outcome::Unfinished));
    state.start_sub_plan("b", 3).unwrap();
    state.complete_sub_plan("b", 4).unwrap();
    assert_eq!(statuses(&state), [WaveStatus::Failed, WaveStatus::Pending]);
    assert_eq!((state.startable().len(), state.outcome()), (0, Outcome::Failed));
    assert_eq!(state.sub_plan("a").unwrap().error.as_deref(), Some("no way"));
    // Done again, it clears what was said of it.
    state.reset_sub_plan("a").unwrap();
    assert_eq!(state.startable(), ["a"]);
    state.start_sub_plan("a", 5).unwrap();
    assert_eq!(state.sub_plan("a").unwrap().error, None);
}

#[test]
fn what_waits_for_a_person_is_no_failure_and_blocks_later_waves() {
    let mut state = ExecutionState::new(&scheduled(&[("a", 0, Pending), ("c", 1, Pending)]));
    state.start_sub_plan("a", 1).unwrap();
    state.escalate_sub_plan("a", "three rounds", 2).unwrap();
    assert!(!state.has_failed());
    assert_eq!(statuses(&state), [WaveStatus::Escalated, WaveStatus::Pending]);
    assert_eq!(state.outcome(), Outcome::NeedsPerson);
    let blocked = state.start_sub_plan("c", 3).unwrap_err();
    assert_eq!(blocked, ExecutionError::Blocked { sub_plan: "c".to_owned(), wave: 1 });
    // The same when it waited already before this run.
    let mut state =
        ExecutionState::new(&scheduled(&[("a", 0, Escalated), ("b", 0, Pending), ("c", 1, Pending)]));
    assert_eq!(state.startable(), ["b"]);
    state.start_sub_plan("b", 1).unwrap();
    state.complete_sub_plan("b", 2).unwrap();
    assert_eq!((state.startable().len(), state.outcome()), (0, Outcome::NeedsPerson));
}

#[test]
fn without_waves_nothing_ran_but_a_finished_plan_is_finished() {
    let empty = ExecutionState::new(&[]);
    assert!(!empty.all_waves_completed());
    assert_eq!((empty.current_wave(), empty.outcome()), (0, Outcome::Unfinished));
    let done = ExecutionState::new(&scheduled(&[("a", 0, Completed), ("b", 1, Completed)]));
    assert!(!done.all_waves_completed());
    assert_eq!(done.outcome(), Outcome::Completed);
    let waiting = ExecutionState::new(&scheduled(&[("a", 0, Escalated)]));
    assert_eq!(waiting.outcome(), Outcome::NeedsPerson);
}

#[test]
fn waves_out_of_range_are_none() {
    let state = ExecutionState::new(&scheduled(&[("a", 0, Pending), ("b", 0, InProgress), ("c", 3, Failed)]));
    assert_eq!(state.wave_sub_plans(0).unwrap(), ["a", "b"]);
    assert_eq!(state.wave_sub_plans(1).unwrap(), ["c"]);
    assert!(state.wave_sub_plans(2).is_none() && state.wave(2).is_none());
    assert_eq!(state.sub_plan("c").unwrap().order, 3);
}

#[test]
fn facts_that_do_not_fit_change_nothing_and_say_why() {
    let mut state = ExecutionState::new(&scheduled(&[("a", 0, Pending), ("done", 0, Completed)]));
    let before = state.clone();
    let refusals = [
        state.complete_sub_plan("a", 1).unwrap_err(),
        state.fail_sub_plan("x", "e", 1).unwrap_err(),
        state.start_sub_plan("done", 1).unwrap_err(),
        state.reset_sub_plan("a").unwrap_err(),
    ];
    assert_eq!(state, before);
    let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    expect![[r#"
        sub-plan `a` is pending and can't become completed
        no sub-plan `x` runs here; it was finished before, waits for a person, or is not in the plan
        no sub-plan `done` runs here; it was finished before, waits for a person, or is not in the plan
        sub-plan `a` is pending and can't become pending
    "#]]
    .assert_eq(&(refusals.join("\n") + "\n"));
}

#[test]
fn a_state_reads_the_same_after_storing() {
    let mut state = ExecutionState::new(&scheduled(&[("a", 0, Pending)]));
    state.start_sub_plan("a", 1).unwrap();
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<ExecutionState>(&text).unwrap(), state);
}

proptest! {
    /// Whatever happens: a wave runs only over completed ones, and a run that can't go on says so.
    #[test]
    fn no_wave_runs_before_its_turn(
        orders in prop::collection::vec(0_u32..4, 1..6),
        steps in prop::collection::vec((0_usize..6, 0_u8..5), 0..60),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let parts: Vec<_> = names.iter().zip(&orders).map(|(name, order)| (*name, *order, Pending)).collect();
        let mut state = ExecutionState::new(&scheduled(&parts));
        for (at, (part, step)) in steps.into_iter().enumerate() {
            let (part, at) = (names[part], at as u64);
            let _ = match step {
                0 => state.start_sub_plan(part, at),
                1 => state.complete_sub_plan(part, at),
                2 => state.fail_sub_plan(part, "x", at),
                3 => state.escalate_sub_plan(part, "x", at),
                _ => state.reset_sub_plan(part),
            };
            let idle = !state.sub_plans().any(|part| part.status == InProgress);
            let stuck = idle && state.startable().is_empty();
            prop_assert_eq!(stuck, state.outcome() != Outcome::Unfinished);
            for name in state.startable() {
                let wave = state.sub_plan(name).unwrap().wave_index;
                prop_assert!((0..wave).all(|earlier| state.wave(earlier).unwrap().status == WaveStatus::Completed));
            }
        }
    }
}
