//! Agents that die, hang or are limited: the next incarnation goes on, and nothing is prompted twice.

use super::*;
use crate::work_item::state::{HostState, Slot, TurnPurpose};

fn is_host(action: &Action) -> bool {
    matches!(action, Action::Host { .. })
}

fn ready(world: &mut World, loaded: bool) {
    let owed = world.run_until(is_host);
    let Action::Host { session, .. } = owed.effect.action else { unreachable!("chosen by this") };
    world.journal(session, vec![AgentEvent::Ready { native_id: "native".to_owned(), loaded }]);
}

#[test]
fn an_agent_that_dies_in_its_turn_is_resumed_and_not_prompted_again() {
    let check = |loaded: bool, start: &str| {
        let mut world = World::approved(PushPolicy::Ask);
        let (session, first) = world.prompt();
        world.die(session);
        ready(&mut world, loaded);
        let (same, text) = world.prompt();
        let now = world.item.session(session).unwrap();
        assert_eq!((same, now.incarnation, now.failures), (session, 2, 1));
        assert_ne!(text, first);
        assert!(text.starts_with(start), "{text}");
        // A lost conversation is told the task; one that was loaded has it.
        assert_eq!(text.contains(first.trim()), !loaded, "{text}");
        world.end_turn(session);
        world.run();
        assert!(matches!(world.decision(), Some(DecisionKind::Publish)), "{:?}", world.decision());
    };
    check(true, "Your last turn was interrupted");
    check(false, "You take over work");
}

#[test]
fn a_prompt_that_was_not_delivered_is_no_interrupted_turn() {
    let mut world = World::approved(PushPolicy::Ask);
    let owed = world.run_until(|action| matches!(action, Action::Delivery { .. }));
    let Action::Delivery { session, .. } = owed.effect.action else { unreachable!("chosen by this") };
    world.die(session);
    assert_eq!(world.item.session(session).unwrap().want, Some(TurnPurpose::Implement));
    let (_, text) = world.prompt();
    assert!(text.starts_with("# Your task: the part of `shared`"), "{text}");
}

#[test]
fn a_dead_host_is_swept_before_the_next_one_starts() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    world.report(ItemReport::HostLost { session, incarnation: 1 });
    assert_eq!(world.item.session(session).unwrap().host, HostState::Lost);
    let sweep = world.run_until(|action| is_host(action) || matches!(action, Action::Sweep { .. }));
    assert!(matches!(sweep.effect.action, Action::Sweep { incarnation: 1, .. }));
    assert!(world.owed(is_host).is_none());
    world.done(&sweep, JobResult::Nothing);
    let (_, text) = world.prompt();
    assert!(text.starts_with("You take over work"), "{text}");
}

#[test]
fn an_agent_that_never_shakes_hands_is_a_decision_and_a_retry_is_a_child() {
    let mut world = World::approved(PushPolicy::Ask);
    let owed = world.run_until(is_host);
    let Action::Host { session, .. } = owed.effect.action else { unreachable!("chosen by this") };
    world.fire(|purpose| matches!(purpose, TimerPurpose::Handshake { .. }));
    assert_eq!(world.decision(), Some(&DecisionKind::SessionFailed { session }));
    assert_eq!(world.item.session(session).unwrap().slot, Slot::None);
    world.run();
    assert_eq!(status(&world.item), Status::Reviewing);
    world.choose(Some("retry"), "");
    let (child, text) = world.prompt();
    assert_eq!(world.item.session(child).unwrap().parent, Some(session));
    assert!(text.starts_with("# Your task"), "{text}");
}

#[test]
fn an_agent_that_dies_again_and_again_is_a_decision() {
    let mut world = World::approved(PushPolicy::Ask);
    for _ in 0..4 {
        let (session, _) = world.prompt();
        world.die(session);
    }
    world.run();
    assert!(matches!(world.decision(), Some(DecisionKind::SessionFailed { .. })), "{:?}", world.decision());
    assert!(world.item.decisions[0].text.contains("out of luck"));
}

#[test]
fn a_rate_limit_parks_the_session_and_lets_it_go_on_afterwards() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let limited = AgentEvent::RateLimited { until_ms: Some(2_000_000), message: "too many".to_owned() };
    let failed = AgentEvent::TurnEnded(TurnEnd::Failed { message: "limit".to_owned() });
    world.journal(session, vec![limited, failed]);
    assert_eq!(world.item.session(session).unwrap().slot, Slot::None);
    world.run();
    assert_eq!(world.decision(), None);
    assert_eq!(world.item.session(session).unwrap().failures, 0);
    world.fire(|purpose| matches!(purpose, TimerPurpose::RateLimit { .. }));
    let (same, text) = world.prompt();
    assert_eq!(same, session);
    assert!(text.starts_with("Your last turn was interrupted"), "{text}");
}

#[test]
fn what_is_said_to_an_agent_without_its_conversation_comes_with_the_task() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, first) = world.prompt();
    world.command(ItemCommand::Stop { repository: Some("shared".to_owned()) });
    world.run();
    world.command(ItemCommand::Retry {
        repository: Some("shared".to_owned()),
        text: "Leave the clock alone.".to_owned(),
        fresh: false,
        agent: None,
        settings: Settings::default(),
    });
    let (child, text) = world.prompt();
    assert_eq!(world.item.session(child).unwrap().parent, Some(session));
    assert!(text.contains(first.trim()) && text.contains("- Leave the clock alone."), "{text}");
}

#[test]
fn a_sweep_that_was_given_up_goes_on_when_its_repository_is_taken_up_again() {
    let mut world = World::approved(PushPolicy::Auto);
    let (session, _) = world.prompt();
    world.report(ItemReport::HostLost { session, incarnation: 1 });
    let is_sweep = |action: &Action| matches!(action, Action::Sweep { .. });
    while world.item.decisions.is_empty() {
        let owed = world.run_until(is_sweep);
        world.outcome(&owed, Outcome::Failed { reason: "no such system call".to_owned() });
        if world.item.decisions.is_empty() {
            world.fire(|purpose| matches!(purpose, TimerPurpose::Retry { .. }));
        }
    }
    let settings = world.item.settings.clone();
    let repository = Some("shared".to_owned());
    world.command(ItemCommand::Retry {
        repository,
        text: String::new(),
        fresh: false,
        agent: None,
        settings,
    });
    assert_eq!(world.item.decisions, []);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}
