//! Agents that show no life in an open turn are seen, then ended and followed by their next incarnation.

use super::*;
use crate::ids::EffectId;
use crate::work_item::report::Heard;
use crate::work_item::state::{HostState, Silence};

const MINUTE: u64 = 60_000;

/// The timer that watches the session: its effect and its time.
fn watched(world: &World) -> Option<(EffectId, u64)> {
    world.item.owed().iter().find_map(|owed| match owed.effect.action {
        Action::Timer { at_awake_ms, purpose: TimerPurpose::Silence { .. }, .. } => {
            Some((owed.effect.id, at_awake_ms))
        }
        _ => None,
    })
}

fn silence(world: &World, session: SessionId) -> Option<Silence> {
    world.item.session(session).unwrap().silence
}

/// So many minutes pass in which the agent says nothing after `last`, in awake milliseconds.
fn pass(world: &mut World, minutes: u64, last: u64, tool: bool) {
    let end = world.now.awake_ms + minutes * MINUTE;
    while let Some((timer, at)) = watched(world).filter(|(_, at)| *at <= end) {
        world.now.awake_ms = at;
        world.report(ItemReport::Heard { timer, heard: Heard { at_awake_ms: last, tool } });
    }
    world.now.awake_ms = world.now.awake_ms.max(end);
}

#[test]
fn a_silent_agent_is_seen_then_ended_and_its_next_incarnation_goes_on() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let mut last = world.now.awake_ms;
    pass(&mut world, 4, last, false);
    assert_eq!(silence(&world, session), None);
    last = world.now.awake_ms;
    pass(&mut world, 4, last, false);
    assert_eq!(silence(&world, session), None);
    pass(&mut world, 2, last, false);
    assert_eq!(silence(&world, session), Some(Silence { since_awake_ms: last, tool: false }));
    last = world.now.awake_ms;
    pass(&mut world, 3, last, false);
    assert_eq!(silence(&world, session), None, "it was heard again");
    pass(&mut world, 26, last, false);
    assert!(silence(&world, session).is_some());
    assert!(world.item.session(session).unwrap().turn.is_some());
    pass(&mut world, 2, last, false);
    let now = world.item.session(session).unwrap();
    assert!(matches!(now.host, HostState::Leaving { .. }) && now.turn.is_none() && now.silence.is_none());
    let (same, text) = world.prompt();
    assert_eq!((same, world.item.session(session).unwrap().incarnation), (session, 2));
    assert!(text.starts_with("You take over work"), "{text}");
}

#[test]
fn a_tool_may_run_silently_for_longer() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let last = world.now.awake_ms;
    pass(&mut world, 29, last, true);
    assert_eq!(silence(&world, session), None);
    pass(&mut world, 200, last, true);
    assert_eq!(silence(&world, session), Some(Silence { since_awake_ms: last, tool: true }));
    pass(&mut world, 15, last, true);
    assert!(world.item.session(session).unwrap().turn.is_none());
}

#[test]
fn an_agent_that_is_silent_again_and_again_is_a_decision() {
    let mut world = World::approved(PushPolicy::Ask);
    for _ in 0..4 {
        world.prompt();
        let last = world.now.awake_ms;
        pass(&mut world, 40, last, false);
    }
    world.run();
    assert!(matches!(world.decision(), Some(DecisionKind::SessionFailed { .. })), "{:?}", world.decision());
    assert!(world.item.decisions[0].text.contains("no sign of life for 30 minutes"));
}

#[test]
fn what_waits_for_a_person_is_not_silent_and_has_its_whole_time_again_afterwards() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    world.call(session, "ask_user", serde_json::json!({ "question": "Which store?" }));
    assert_eq!(watched(&world), None);
    world.now.awake_ms += 3 * 24 * 60 * MINUTE;
    world.choose(None, "Redis");
    while watched(&world).is_none() {
        assert!(world.step(), "nothing is owed, and the agent does not go on");
    }
    let (timer, at) = watched(&world).expect("it goes on");
    world.now.awake_ms = at;
    // The agent said its last word three days ago.
    let heard = Heard { at_awake_ms: at - 3 * 24 * 60 * MINUTE, tool: false };
    world.report(ItemReport::Heard { timer, heard });
    let now = world.item.session(session).unwrap();
    assert!(now.turn.is_some() && now.silence.is_some(), "{now:?}");
}

#[test]
fn nobody_judges_an_agent_that_nobody_listens_to() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    for _ in 0..100 {
        let (timer, at) = watched(&world).unwrap();
        world.now.awake_ms = at;
        world.report(CommonReport::TimerFired { effect: timer }.into());
    }
    assert_eq!(world.item.session(session).unwrap().silence, None);
}

#[test]
fn a_turn_that_ends_is_not_watched_any_more() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let (timer, _) = watched(&world).unwrap();
    world.end_turn(session);
    assert_eq!(watched(&world), None);
    let before = world.item.clone();
    world.report(ItemReport::Heard { timer, heard: Heard { at_awake_ms: 0, tool: false } });
    assert_eq!(world.item, before);
}
