//! Money: what an item may cost, and limits of accounts.

use super::*;
use crate::agent::Usage;
use crate::message::MessageBody;

fn world(limit: u64) -> World {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        push: PushPolicy::Auto,
        budget_usd_micros: Some(limit),
        ..Settings::default()
    });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world
}

fn end_for(world: &mut World, session: SessionId, cost: u64) {
    let usage = Usage { cost_usd_micros: Some(cost), ..Usage::default() };
    world.journal(session, vec![AgentEvent::Usage(usage), AgentEvent::TurnEnded(TurnEnd::Completed)]);
}

fn refused(world: &mut World, text: &str) -> String {
    let decision = world.item.decisions[0].id;
    let choices = vec!["raise".to_owned()];
    let env = world.env();
    let command = ItemCommand::Answer { decision, choices, text: text.to_owned() };
    world.item.decide(command, &env).unwrap_err().message
}

#[test]
fn the_end_of_a_budget_is_seen_coming_and_pauses_at_the_end_of_the_turn() {
    let mut world = world(10_000_000);
    let (shared, _) = world.prompt();
    end_for(&mut world, shared, 8_500_000);
    assert_eq!(world.count(|fact| matches!(fact, ItemFact::BudgetWarned { .. })), 1);
    let (api, _) = world.prompt();
    end_for(&mut world, api, 2_000_000);
    world.run();
    // What needs no further turn is finished.
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.decisions, []);
}

#[test]
fn no_turn_begins_beyond_the_budget_until_a_person_raises_it() {
    let mut world = world(5_000_000);
    let (shared, _) = world.prompt();
    end_for(&mut world, shared, 5_000_000);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Budget));
    assert_eq!(world.item.decisions[0].text, "g1 has cost $5.00 of $5.00: no further turn begins");
    assert!(world.item.sessions.iter().all(|session| session.turn.is_none()));
    for (typed, expected) in [
        ("", "\"raise\" needs an amount"),
        ("a lot", "\"a lot\" is no amount of US dollars"),
        ("4", "$4.00 is not more than the $5.00 that g1 has cost already"),
    ] {
        assert_eq!(refused(&mut world, typed), expected);
    }
    world.choose(Some("raise"), "$7.50");
    let (api, _) = world.prompt();
    end_for(&mut world, api, 1_000_000);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn what_no_agent_tells_is_unknown_and_pauses_nothing() {
    let mut world = world(1);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(crate::work_item::budget::spent(&world.item), None);
}

#[test]
fn a_rate_limit_is_told_to_the_site_for_everybody_who_uses_the_account() {
    let mut world = world(u64::MAX);
    let (shared, _) = world.prompt();
    let until_ms = Some(world.now.wall_ms + 60_000);
    let limited = AgentEvent::RateLimited { until_ms, message: "slow down".to_owned() };
    world.journal(shared, vec![limited]);
    let told = world.item.owed().iter().any(|owed| match &owed.effect.action {
        Action::Message(message) => matches!(&message.body,
            MessageBody::AccountLimited { agent, .. } if agent == "scripted"),
        _ => false,
    });
    assert!(told, "{:?}", world.item.owed());
}

#[test]
fn a_budget_that_holds_nothing_up_any_more_asks_nobody() {
    let mut world = world(5_000_000);
    let (shared, _) = world.prompt();
    end_for(&mut world, shared, 5_000_000);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Budget));
    world.command(ItemCommand::Stop { repository: Some("api".to_owned()) });
    let waiting: Vec<&DecisionKind> = world.item.decisions.iter().map(|open| &open.kind).collect();
    assert_eq!(waiting, [&DecisionKind::Stopped { repository: "api".to_owned() }]);
}

#[test]
fn a_follow_up_that_the_budget_forbids_is_a_decision() {
    let mut world = world(10_000_000);
    let (shared, _) = world.prompt();
    end_for(&mut world, shared, 5_000_000);
    let (api, _) = world.prompt();
    end_for(&mut world, api, 5_000_000);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    let settings = world.item.settings.clone();
    world.command(ItemCommand::Revise { repository: None, text: "Otherwise.".to_owned(), settings });
    assert_eq!(world.decision(), Some(&DecisionKind::Budget));
}
