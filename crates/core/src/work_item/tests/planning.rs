//! Plans that are refused, corrected or never come, and the questions of a planner.

use super::*;
use crate::prompts::PlanningTemplates;
use serde_json::json;

fn is_read_draft(action: &Action) -> bool {
    matches!(action, Action::ReadDraft { .. })
}

/// The planner's turn ends without an accepted document, and its draft file holds this.
fn leave_draft(world: &mut World, session: SessionId, document: Option<&str>) {
    world.end_turn(session);
    let owed = world.run_until(is_read_draft);
    world.done(&owed, JobResult::Draft { document: document.map(str::to_owned) });
}

#[test]
fn a_planner_is_shown_ticket_repositories_and_where_its_draft_goes() {
    let mut world = World::new(PushPolicy::Ask);
    let (_, text) = world.prompt();
    for part in ["g1: Rate limit", "Per key.", "- `api` in ./api", "- `shared` in ./shared", "$GANGER_DRAFT"]
    {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn a_bad_plan_is_corrected_in_the_next_turn() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, first) = world.prompt();
    leave_draft(&mut world, session, Some("```ganger-plan\nexecution_groups: [[api, ghost]]\n```\n"));
    let (same, text) = world.prompt();
    assert_eq!(same, session);
    assert_ne!(first, text);
    for part in ["can't be accepted yet", "unknown repos: \"ghost\"", "## How to mend it", "## SubPlan: api"]
    {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    world.call(session, "submit_plan", json!({ "document": PLAN }));
    world.end_turn(session);
    assert_eq!(status(&world.item), Status::PlanReview);
    assert_eq!(world.item.planning.corrections, 1);
}

#[test]
fn a_refused_submission_is_told_with_every_problem_and_is_no_correction() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let call = world.call(session, "submit_plan", json!({ "document": "words" }));
    let ItemFact::PlanSubmitted { accepted: None, errors } = world
        .facts
        .iter()
        .rfind(|fact| matches!(fact, ItemFact::PlanSubmitted { .. }))
        .expect("the refusal is a fact")
    else {
        panic!("words are no plan");
    };
    assert_eq!(world.reply(session, &call), Some(PlanningTemplates::refused_submission(errors)));
    let call = world.call(session, "submit_plan", json!({}));
    assert!(world.reply(session, &call).unwrap().contains("needs a `document`"));
    world.call(session, "submit_plan", json!({ "document": PLAN }));
    world.end_turn(session);
    assert_eq!(status(&world.item), Status::PlanReview);
    assert_eq!(world.item.planning.corrections, 0);
}

#[test]
fn of_one_turn_only_so_many_documents_are_read() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    for _ in 0..10 {
        world.call(session, "submit_plan", json!({ "document": "words" }));
    }
    let call = world.call(session, "submit_plan", json!({ "document": PLAN }));
    assert!(world.reply(session, &call).unwrap().contains("10 documents were refused"));
}

#[test]
fn when_corrections_are_used_up_a_person_decides_and_may_begin_again() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    leave_draft(&mut world, session, None);
    let (_, text) = world.prompt();
    assert!(text.contains("there is no plan"), "{text}");
    leave_draft(&mut world, session, Some("words"));
    world.prompt();
    leave_draft(&mut world, session, Some("words"));
    assert_eq!(world.decision(), Some(&DecisionKind::PlanningFailed));
    assert_eq!(status(&world.item), Status::Failed);
    let text = &world.item.decisions[0].text;
    assert!(text.contains("in 3 turns") && text.contains("missing ganger-plan YAML block"), "{text}");
    world.run();
    world.choose(Some("retry"), "");
    world.run();
    assert_eq!(status(&world.item), Status::PlanReview);
}

fn ask(world: &mut World, session: SessionId, question: &str) -> String {
    world.call(session, "ask_user", json!({ "question": question, "options": ["Redis", "Memory"] }))
}

/// The site's grant of the slot that the session asked for.
fn grant(world: &mut World) {
    let wanted = world.run_until(
        |action| matches!(action, Action::Message(message) if matches!(message.body, MessageBody::SlotWanted { .. })),
    );
    assert!(!wanted.withdrawing);
    world.step();
}

#[test]
fn a_question_gives_its_slot_back_and_is_answered_once() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which store?");
    let question = world.item.questions[0].id;
    assert_eq!(world.decision(), Some(&DecisionKind::Question { question }));
    assert_eq!(world.item.session(session).unwrap().slot, state::Slot::None);
    world.run();
    assert_eq!(world.reply(session, &call), None);

    let decision = world.item.decisions[0].id;
    world.choose(Some("1"), "");
    let again = ItemCommand::Answer { decision, choices: vec!["2".to_owned()], text: String::new() };
    let env = world.env();
    assert_eq!(world.item.decide(again, &env).unwrap_err().code, "decision.settled");
    assert_eq!(world.item.questions[0].answer().map(|answer| answer.text.as_str()), Some("Redis"));
    // The turn goes on only with a slot.
    assert_eq!(world.reply(session, &call), None);
    grant(&mut world);
    assert_eq!(world.reply(session, &call).as_deref(), Some("Redis"));
    assert_eq!(world.count(|fact| matches!(fact, ItemFact::QuestionAnswered { .. })), 1);
}

#[test]
fn words_and_unknown_options_of_an_answer() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which store?");
    let decision = world.item.decisions[0].id;
    for (choice, text, code) in
        [(Some("3"), "", "question.no_such_answer"), (None, " ", "question.no_such_answer")]
    {
        let (choices, text) = (choice.map(str::to_owned).into_iter().collect(), text.to_owned());
        let env = world.env();
        let refused = world.item.decide(ItemCommand::Answer { decision, choices, text }, &env).unwrap_err();
        assert_eq!(refused.code, code);
    }
    world.choose(None, "Both, behind a trait.");
    assert_eq!(
        world.item.questions[0].answer().map(|answer| answer.text.as_str()),
        Some("Both, behind a trait.")
    );
}

#[test]
fn the_question_of_a_resumed_agent_is_the_same_question() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which store?");
    world.die(session);
    let (same, text) = world.prompt();
    assert_eq!((same, world.item.session(session).unwrap().incarnation), (session, 2));
    assert!(text.starts_with("You take over work"), "{text}");
    let call = ask(&mut world, session, " which  STORE? ");
    assert_eq!((world.item.questions.len(), world.item.decisions.len()), (1, 1));
    world.choose(Some("Memory"), "");
    world.run();
    assert_eq!(world.reply(session, &call).as_deref(), Some("Memory"));
}

#[test]
fn an_answered_question_that_is_asked_again_is_answered_at_once() {
    let mut world = World::new(PushPolicy::Ask);
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which store?");
    world.choose(Some("1"), "");
    world.die(session);
    let (_, text) = world.prompt();
    assert!(text.contains("- Question: Which store?\n  Answer: Redis"), "{text}");
    let call = ask(&mut world, session, "Which store?");
    assert_eq!(world.item.decisions, []);
    assert_eq!(world.reply(session, &call).as_deref(), Some("Redis"));
    // Another text is another question.
    ask(&mut world, session, "Which clock?");
    assert_eq!((world.item.questions.len(), world.item.decisions.len()), (2, 1));
}

#[test]
fn a_tool_that_the_session_does_not_have_is_refused_in_words() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let call = world.call(session, "submit_plan", json!({ "document": PLAN }));
    assert!(world.reply(session, &call).unwrap().contains("there is no tool \"submit_plan\""));
}
