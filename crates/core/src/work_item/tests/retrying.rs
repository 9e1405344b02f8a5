//! Taking work up again: where it was left, with another agent, or from the base.

use super::*;
use crate::review::{Finding, Severity};
use crate::work_item::state::{CritiqueState, HostState, Place, ReviewSettings, Session, SubPlanStage};

fn retry(repository: Option<&str>, text: &str, fresh: bool, agent: Option<&str>) -> ItemCommand {
    ItemCommand::Retry {
        repository: repository.map(str::to_owned),
        text: text.to_owned(),
        fresh,
        agent: agent.map(str::to_owned),
        settings: Settings { planner: "scripted".to_owned(), ..Settings::default() },
    }
}

fn stop(world: &mut World, repository: &str) {
    world.command(ItemCommand::Stop { repository: Some(repository.to_owned()) });
    world.run();
}

fn stage(world: &World, repository: &str) -> SubPlanStage {
    world.item.sub_plans[repository].stage
}

fn is_start_over(action: &Action) -> bool {
    matches!(action, Action::StartOver { .. })
}

fn refusal(world: &mut World, command: ItemCommand) -> String {
    let env = world.env();
    world.item.decide(command, &env).unwrap_err().message
}

#[test]
fn work_that_is_started_over_begins_at_the_base_with_an_agent_that_knows_where_the_rest_is() {
    let mut world = World::approved(PushPolicy::Ask);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Publish));
    let before = world.item.sub_plans["shared"].session.unwrap();
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "Use the cache.", true, Some("codex")));
    let owed = world.run_until(is_start_over);
    let Action::StartOver { attempt, base, .. } = &owed.effect.action else { unreachable!("chosen") };
    assert_eq!((attempt, base.base_commit.as_str()), (&before.to_string(), "base-of-shared"));
    let is_in_it =
        |session: &&Session| session.place() == Place::Worktree("shared") && session.host != HostState::None;
    assert_eq!(world.item.sessions.iter().find(is_in_it), None, "nobody is in it while it goes away");
    let host = world.run_until(|action| matches!(action, Action::Host { .. }));
    let Action::Host { agent, native_id, .. } = &host.effect.action else { unreachable!("chosen") };
    assert_eq!(
        (agent.as_str(), native_id.as_deref()),
        ("codex", None),
        "another conversation of another agent"
    );
    let (session, text) = world.prompt();
    assert!(text.contains(&format!("`git log -p base-of-shared..kept-of-{before}`")), "{text}");
    assert!(text.contains("Use the cache.") && text.contains("### Goal\nA limit."), "{text}");
    world.end_turn(session);
    let taken = world.run_until(|action| matches!(action, Action::TakeCandidate { .. }));
    assert!(
        matches!(&taken.effect.action, Action::TakeCandidate { number: 2, previous, .. }
        if previous == "base-of-shared"),
        "numbers never come again: {taken:?}"
    );
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Publish));
}

/// A world in which the worktree of `shared` is being made anew, with these words for who begins.
fn starting_over(text: &str) -> (World, OwedEffect) {
    let mut world = World::approved(PushPolicy::Ask);
    world.prompt();
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), text, true, None));
    let owed = world.run_until(is_start_over);
    (world, owed)
}

#[test]
fn starting_over_goes_on_where_it_was_stopped_itself() {
    let (mut world, owed) = starting_over("Use the cache.");
    world.command(ItemCommand::Stop { repository: Some("shared".to_owned()) });
    world.outcome(&owed, Outcome::Unknown { reason: "it was withdrawn while it ran".to_owned() });
    world.command(retry(Some("shared"), "", false, None));
    world.run_until(is_start_over);
    let (_, text) = world.prompt();
    assert!(text.contains("Use the cache."), "the words were said for it: {text}");
}

#[test]
fn no_agent_starts_in_a_worktree_that_is_half_made() {
    let (mut world, _) = starting_over("");
    for attempt in 1..=4 {
        let owed = world.run_until(is_start_over);
        assert_eq!(owed.attempt, attempt);
        world.outcome(&owed, Outcome::Failed { reason: "no room".to_owned() });
        if attempt < 4 {
            world.fire(|purpose| matches!(purpose, TimerPurpose::Retry { .. }));
        }
    }
    assert!(matches!(world.decision(), Some(DecisionKind::JobFailed { .. })), "{:?}", world.decision());
    world.command(retry(Some("shared"), "", false, None));
    assert_eq!(stage(&world, "shared"), SubPlanStage::StartingOver);
}

#[test]
fn who_begins_anew_for_the_second_time_is_told_of_both_attempts() {
    let (mut world, _) = starting_over("");
    world.prompt();
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "", true, None));
    let (_, text) = world.prompt();
    let kept = text.matches("`git log -p base-of-shared..kept-of-").count();
    assert_eq!(kept, 2, "{text}");
}

#[test]
fn what_reviewers_found_goes_with_the_attempt_and_what_a_person_said_stays() {
    let review = Some(ReviewSettings { agent: "reviewer".to_owned(), ..ReviewSettings::default() });
    let mut world = World::with(Settings { planner: "scripted".to_owned(), review, ..Settings::default() });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    let (implementer, _) = world.prompt();
    world.end_turn(implementer);
    let (reviewer, _) = world.prompt();
    let critiques =
        serde_json::json!([{ "severity": "major", "description": "it never resets", "file": "src/x.rs" }]);
    world.call(
        reviewer,
        "submit_review",
        serde_json::json!({ "verdict": "critiques", "critiques": critiques }),
    );
    world.end_turn(reviewer);
    let finding = Finding {
        file: None,
        line: None,
        severity: Severity::Major,
        description: "no table for this".to_owned(),
        suggestion: String::new(),
        resolves: None,
        reverses: None,
    };
    world.command(ItemCommand::Comment { repository: "shared".to_owned(), finding, send: false });
    world.prompt();
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "", true, None));
    let (_, text) = world.prompt();
    let states: Vec<bool> =
        world.item.critiques.iter().map(|critique| critique.state == CritiqueState::Open).collect();
    assert_eq!(states, [false, true]);
    assert!(text.contains("no table for this") && !text.contains("it never resets"), "{text}");
}

#[test]
fn starting_over_is_refused_where_it_would_take_back_what_others_have() {
    let mut world = World::approved(PushPolicy::Ask);
    world.prompt();
    assert_eq!(
        refusal(&mut world, retry(Some("shared"), "", true, None)),
        "g1/shared cannot be retried: it did not stop or fail"
    );
    stop(&mut world, "shared");
    assert_eq!(
        refusal(&mut world, retry(None, "", true, None)),
        "only one repository's work can be started over, not all of g1"
    );
    world.command(retry(Some("shared"), "", false, None));
    world.run();
    world.choose(Some("publish"), "");
    world.run();
    let settings = world.item.settings.clone();
    let text = "Per user, too.".to_owned();
    world.command(ItemCommand::FollowUp { repository: None, text, settings });
    world.run();
    let document = PLAN.replace("A limit.", "Another limit.");
    world.command(ItemCommand::Edit { document, section: None, version: None });
    world.command(ItemCommand::Approve { digest: None });
    world.prompt();
    stop(&mut world, "shared");
    assert_eq!(
        refusal(&mut world, retry(Some("shared"), "", true, None)),
        "g1/shared cannot be started over: what it did was pushed already"
    );
}

#[test]
fn another_agent_goes_on_where_the_one_before_left_it() {
    let mut world = World::approved(PushPolicy::Ask);
    world.prompt();
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "", false, Some("codex")));
    let host = world.run_until(|action| matches!(action, Action::Host { .. }));
    let Action::Host { agent, native_id, .. } = &host.effect.action else { unreachable!("chosen") };
    assert_eq!((agent.as_str(), native_id.as_deref()), ("codex", None));
    let (_, text) = world.prompt();
    assert!(text.contains("### Goal\nA limit."), "it is told the whole task: {text}");
    assert_eq!(world.item.base("api").unwrap().agent, "scripted", "the others keep theirs");
}

#[test]
fn another_planner_plans_where_the_one_before_failed() {
    let mut world = World::new(PushPolicy::Ask);
    world.command(ItemCommand::Stop { repository: None });
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::PlanningFailed));
    world.command(retry(None, "", false, Some("codex")));
    let host = world.run_until(|action| matches!(action, Action::Host { .. }));
    assert!(matches!(&host.effect.action, Action::Host { agent, .. } if agent == "codex"));
}

#[test]
fn what_was_stopped_in_its_checks_goes_back_to_them_and_to_no_agent() {
    let mut world = World::approved(PushPolicy::Ask);
    world.run_until(|action| matches!(action, Action::Check { .. }));
    let turns = world.count(|fact| matches!(fact, ItemFact::TurnOpened { .. }));
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "", false, None));
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proving);
    world.run_until(|action| matches!(action, Action::Check { .. }));
    assert_eq!(world.count(|fact| matches!(fact, ItemFact::TurnOpened { .. })), turns);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Publish));
    // With words it is the agent's turn.
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "Shorter names.", false, None));
    let (_, text) = world.prompt();
    assert!(text.contains("Shorter names."), "{text}");
}

#[test]
fn what_goes_on_is_not_asked_to_be_pushed_as_it_was() {
    let mut world = World::approved(PushPolicy::Ask);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Publish));
    let publish = world.item.decisions[0].id;
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "Shorter names.", false, None));
    assert_eq!(world.item.decision(publish), None);
    world.prompt();
    assert_eq!(world.item.decisions, []);
}

#[test]
fn what_an_agent_was_told_and_did_not_hear_its_successor_hears() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let question = world.call(session, "ask_foreman", serde_json::json!({ "question": "Which clock?" }));
    let asked = world.item.decisions[0].id;
    let answer =
        ItemCommand::Answer { decision: asked, choices: Vec::new(), text: "The monotonic one.".to_owned() };
    world.command(answer);
    while world.reply(session, &question).is_none() {
        assert!(world.step(), "it has its turn again, and then its answer");
    }
    let asked = world.item.questions[0].id;
    world.command(ItemCommand::Correct { question: asked, text: "The wall clock.".to_owned() });
    stop(&mut world, "shared");
    world.command(retry(Some("shared"), "", false, None));
    let (child, text) = world.prompt();
    assert_ne!(child, session);
    assert!(text.contains("The wall clock."), "{text}");
}
