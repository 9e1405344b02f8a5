//! Questions: the Foreman, the person, and whoever waits.

use super::*;
use crate::work_item::state::{Answerer, QuestionEnd, Slot, SubPlanStage};
use serde_json::json;

fn world() -> World {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        foreman: Some("scripted".to_owned()),
        push: PushPolicy::Auto,
        ..Settings::default()
    });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world
}

fn ask(world: &mut World, session: SessionId, question: &str) -> String {
    world.call(session, "ask_foreman", json!({ "question": question }))
}

/// The Foreman's next turn, with the number of its question and its prompt.
fn foreman(world: &mut World) -> (SessionId, String) {
    let (session, text) = world.prompt();
    assert_eq!(world.item.session(session).unwrap().kind, SessionKind::Foreman, "{text}");
    (session, text)
}

fn propose(world: &mut World, foreman: SessionId, number: u32, answer: &str, confidence: &str) {
    let call = world.call(
        foreman,
        "propose_answer",
        json!({ "question_id": number, "answer": answer, "confidence": confidence }),
    );
    let reply = world.reply(foreman, &call).unwrap();
    assert!(reply.contains("End your turn now"), "{reply}");
    world.end_turn(foreman);
}

fn escalated(world: &World) -> Vec<u32> {
    let open = world.item.decisions.iter().filter_map(|open| match open.kind {
        DecisionKind::Question { question } => Some(world.item.question(question).unwrap().ordinal),
        _ => None,
    });
    open.collect()
}

#[test]
fn what_the_plan_says_is_answered_by_the_foreman_and_kept() {
    let mut world = world();
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which clock?");
    assert_eq!(world.item.session(session).unwrap().slot, Slot::None, "it waits for us");
    let (foreman, text) = foreman(&mut world);
    for part in
        ["# Your task: the Foreman", "First shared, then api.", "# Question 1, from `shared`", "Which clock?"]
    {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    propose(&mut world, foreman, 1, "Monotonic.", "high");
    assert_eq!(world.item.decisions, []);
    let answer = world.item.questions[0].answer().unwrap();
    assert_eq!((answer.text.as_str(), answer.by), ("Monotonic.", Answerer::Foreman));
    assert_eq!(world.item.faq().count(), 1);
    world.run_until(|action| matches!(action, Action::Message(_)));
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    assert_eq!(world.reply(session, &call).as_deref(), Some("Monotonic."));
    // The same question of another repository is answered from the FAQ, at once and without the Foreman.
    world.end_turn(session);
    let (api, _) = world.prompt();
    let call = ask(&mut world, api, "which  CLOCK?");
    assert!(world.item.session(api).unwrap().requests.last().unwrap().answer.is_some());
    assert_eq!(world.item.questions.len(), 1);
    assert_eq!(world.reply(api, &call).as_deref(), Some("Monotonic."));
}

#[test]
fn a_question_for_a_person_holds_up_none_behind_it() {
    let mut world = world();
    let (session, _) = world.prompt();
    let calls: Vec<String> =
        ["Toast or inline?", "Which clock?", "Which unit?"].map(|text| ask(&mut world, session, text)).into();
    let (id, _) = foreman(&mut world);
    propose(&mut world, id, 1, "Inline.", "uncertain");
    assert_eq!(escalated(&world), [1]);
    for (number, answer) in [(2, "Monotonic."), (3, "Seconds.")] {
        let (same, text) = foreman(&mut world);
        assert_eq!(same, id, "one conversation");
        assert!(text.starts_with(&format!("# Question {number}")), "what it knows is not said again: {text}");
        propose(&mut world, same, number, answer, "high");
    }
    assert_eq!(escalated(&world), [1]);
    // A third answer is still awaited, so the turn does not go on and takes no slot.
    assert_eq!(world.item.session(session).unwrap().slot, Slot::None);
    assert_eq!(world.reply(session, &calls[1]), None);
    let decision = world.item.decisions[0].id;
    world.command(ItemCommand::AnswerAsProposed { decision });
    world.run_until(|action| matches!(action, Action::Message(_)));
    while world.reply(session, &calls[0]).is_none() {
        assert!(world.step());
    }
    let replies: Vec<Option<String>> = calls.iter().map(|call| world.reply(session, call)).collect();
    assert_eq!(replies, ["Inline.", "Monotonic.", "Seconds."].map(|text| Some(text.to_owned())));
    // The Foreman is told what the person said before its next question.
    ask(&mut world, session, "Which colour?");
    let (_, text) = foreman(&mut world);
    assert!(text.contains("Answered by a person meanwhile") && text.contains("Answer: Inline."), "{text}");
}

#[test]
fn an_answer_of_another_question_is_refused() {
    let mut world = world();
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    let (foreman, _) = foreman(&mut world);
    for (arguments, expected) in [
        (json!({ "question_id": 2, "answer": "x", "confidence": "high" }), "this turn is about question 1"),
        (json!({ "question_id": "1", "answer": " ", "confidence": "high" }), "needs an `answer`"),
        (json!({ "answer": "x" }), "this turn is about question 1"),
    ] {
        let call = world.call(foreman, "propose_answer", arguments);
        let reply = world.reply(foreman, &call).unwrap();
        assert!(reply.contains(expected), "{reply}");
    }
    assert_eq!(world.item.questions[0].end, None);
    let call = world.call(
        foreman,
        "propose_answer",
        json!({ "question_id": "1", "answer": "x", "confidence": "sure" }),
    );
    assert_eq!(world.reply(foreman, &call).as_deref(), Some("A person will decide. End your turn now."));
    assert_eq!(escalated(&world), [1]);
}

#[test]
fn a_foreman_without_tools_answers_in_its_last_message() {
    let mut world = world();
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    let reads = |action: &Action| matches!(action, Action::ReadLastMessage { .. });
    let (id, _) = foreman(&mut world);
    world.end_turn(id);
    let owed = world.run_until(reads);
    world.done(&owed, JobResult::Message { text: String::new() });
    let (_, text) = foreman(&mut world);
    assert!(text.contains("Answer question 1"), "silence is asked once more: {text}");
    world.end_turn(id);
    let owed = world.run_until(reads);
    world.done(&owed, JobResult::Message { text: "Monotonic.\nCONFIDENCE: high\n".to_owned() });
    assert_eq!(world.item.questions[0].answer().unwrap().text, "Monotonic.");
    ask(&mut world, session, "Which unit?");
    for _ in 0..2 {
        let (id, _) = foreman(&mut world);
        world.end_turn(id);
        let owed = world.run_until(reads);
        world.done(&owed, JobResult::Message { text: " ".to_owned() });
    }
    assert_eq!(escalated(&world), [2], "twice silent goes to the person");
}

#[test]
fn a_foreman_that_dies_three_times_on_a_question_leaves_it_to_the_person() {
    let mut world = world();
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    ask(&mut world, session, "Which unit?");
    for _ in 0..3 {
        assert!(escalated(&world).is_empty());
        let (id, text) = foreman(&mut world);
        assert!(text.contains("# Your task: the Foreman") && text.contains("# Question 1"), "{text}");
        world.die(id);
    }
    assert_eq!(escalated(&world), [1]);
    let (id, text) = foreman(&mut world);
    assert!(text.contains("# Question 2"), "{text}");
    propose(&mut world, id, 2, "Seconds.", "high");
    assert_eq!(escalated(&world), [1]);
}

#[test]
fn without_a_foreman_every_question_is_the_persons() {
    let mut world = World::approved(PushPolicy::Auto);
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which clock?");
    assert_eq!(escalated(&world), [1]);
    world.choose(None, "Monotonic.");
    world.run_until(|action| matches!(action, Action::Message(_)));
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    // A program that cannot even start is no Foreman either.
    let mut world = self::world();
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    world.run_until(|action| matches!(action, Action::Host { kind: SessionKind::Foreman, .. }));
    let foreman = world.item.foreman.unwrap();
    world.report(ItemReport::HostFailed {
        session: foreman,
        incarnation: 1,
        reason: "no such program".to_owned(),
    });
    ask(&mut world, session, "Which unit?");
    assert_eq!(escalated(&world), [1, 2]);
}

#[test]
fn a_skipped_question_is_answered_as_such_and_not_kept() {
    let mut world = World::approved(PushPolicy::Auto);
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which clock?");
    let decision = world.item.decisions[0].id;
    world.command(ItemCommand::Skip { decision, text: String::new() });
    assert!(matches!(world.item.questions[0].end, Some(QuestionEnd::Skipped { .. })));
    assert_eq!(world.item.faq().count(), 0);
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    let reply = world.reply(session, &call).unwrap();
    assert!(reply.starts_with("Nobody will answer this question: the person left it to you."), "{reply}");
    for command in [
        ItemCommand::Skip { decision, text: String::new() },
        ItemCommand::AnswerAsProposed { decision },
        ItemCommand::Answer { decision, choices: Vec::new(), text: "x".to_owned() },
        ItemCommand::Discuss { decision, text: "x".to_owned() },
    ] {
        let env = world.env();
        assert_eq!(world.item.decide(command, &env).unwrap_err().code, "decision.settled");
    }
}

#[test]
fn a_person_discusses_a_question_with_the_foreman() {
    let mut world = world();
    let (session, _) = world.prompt();
    ask(&mut world, session, "Toast or inline?");
    let (id, _) = foreman(&mut world);
    propose(&mut world, id, 1, "Toast.", "uncertain");
    ask(&mut world, session, "Which clock?");
    let decision = world.item.decisions[0].id;
    world.command(ItemCommand::Discuss { decision, text: "What does the form do?".to_owned() });
    // Whoever was asked first is answered first, but a person never waits behind an agent.
    let (_, text) = foreman(&mut world);
    if text.contains("Which clock?") {
        propose(&mut world, id, 2, "Monotonic.", "high");
    }
    let text = if text.contains("Which clock?") { foreman(&mut world).1 } else { text };
    for part in
        ["# Question 1", "You proposed:\n\nToast.", "The person says of it:\n\nWhat does the form do?"]
    {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    propose(&mut world, id, 1, "Inline, as the form does.", "high");
    assert_eq!(escalated(&world), [1], "it stays with the person");
    assert_eq!(world.item.questions[0].proposal.as_ref().unwrap().answer, "Inline, as the form does.");
}

#[test]
fn a_correction_reaches_those_who_used_the_answer() {
    let mut world = world();
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which clock?");
    let (id, _) = foreman(&mut world);
    propose(&mut world, id, 1, "Local time.", "high");
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    let question = world.item.questions[0].id;
    let env = world.env();
    let same = ItemCommand::Correct { question, text: "Local time.".to_owned() };
    assert_eq!(world.item.decide(same, &env).unwrap_err().code, "faq.unchanged");
    world.command(ItemCommand::Correct { question, text: "UTC.".to_owned() });
    world.end_turn(session);
    let (same, text) = world.prompt();
    assert_eq!(same, session);
    assert!(text.contains("An answer was corrected.") && text.contains("What holds now: UTC."), "{text}");
    world.end_turn(session);
    // A turn for hearing may leave nothing new; here it left a candidate as always.
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_question_left_behind_is_answered_in_a_turn_of_its_own() {
    let mut world = World::approved(PushPolicy::Auto);
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    // The program gave up waiting, and its agent ended the turn.
    world.end_turn(session);
    world.run();
    assert_eq!(world.item.sub_plans["shared"].stage, SubPlanStage::Proving);
    assert_eq!(escalated(&world), [1]);
    world.choose(None, "Monotonic.");
    let (same, text) = world.prompt();
    assert_eq!(same, session);
    assert!(text.contains("The answer to your question \"Which clock?\": Monotonic."), "{text}");
    world.end_turn(session);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_question_waits_no_longer_than_the_configuration_allows() {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        question_timeout_ms: Some(60_000),
        ..Settings::default()
    });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    let (session, _) = world.prompt();
    let call = ask(&mut world, session, "Which clock?");
    world.fire(|purpose| matches!(purpose, TimerPurpose::Question { .. }));
    assert!(escalated(&world).is_empty());
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    assert!(world.reply(session, &call).unwrap().contains("nobody answered it in the time"));
}

/// Both repositories in one wave, each with a turn.
fn side_by_side() -> (World, SessionId, SessionId) {
    let mut world = World::new(PushPolicy::Auto);
    world.run();
    world.command(edit(PLAN.replace("  - [shared]\n  - [api]\n", "  - [shared, api]\n")));
    world.command(ItemCommand::Approve { digest: None });
    let (one, _) = world.prompt();
    let (other, _) = world.prompt();
    (world, one, other)
}

#[test]
fn a_question_that_two_ask_waits_on_when_one_of_them_is_stopped() {
    let (mut world, one, other) = side_by_side();
    ask(&mut world, one, "Which clock?");
    let call = ask(&mut world, other, "which  CLOCK?");
    assert_eq!(escalated(&world), [1]);
    let repository = world.item.session(one).unwrap().repository.clone();
    world.command(ItemCommand::Stop { repository });
    assert_eq!(escalated(&world), [1], "the other one still waits");
    let decision = world
        .item
        .decisions
        .iter()
        .find(|open| matches!(open.kind, DecisionKind::Question { .. }))
        .unwrap()
        .id;
    world.command(ItemCommand::Answer { decision, choices: Vec::new(), text: "Monotonic.".to_owned() });
    while world.reply(other, &call).is_none() {
        assert!(world.step());
    }
}

#[test]
fn a_repository_that_is_taken_up_again_leaves_no_question_behind() {
    let mut world = World::approved(PushPolicy::Auto);
    let (session, _) = world.prompt();
    ask(&mut world, session, "Which clock?");
    assert_eq!(escalated(&world), [1]);
    let settings = world.item.settings.clone();
    let repository = Some("shared".to_owned());
    world.command(ItemCommand::Retry {
        repository,
        text: String::new(),
        fresh: false,
        agent: None,
        settings,
    });
    assert_eq!(world.item.questions[0].end, Some(QuestionEnd::Dropped));
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_planner_that_is_followed_by_another_leaves_its_question_to_it() {
    let mut world = World::new(PushPolicy::Auto);
    let (planner, _) = world.prompt();
    world.call(planner, "ask_user", json!({ "question": "Which clock?" }));
    for _ in 0..4 {
        let planner = world.item.planning.session.unwrap();
        world.die(planner);
        if !world.item.session(planner).unwrap().closed {
            world.prompt();
        }
    }
    assert_eq!(escalated(&world), [1]);
    let settings = world.item.settings.clone();
    world.command(ItemCommand::Retry {
        repository: None,
        text: String::new(),
        fresh: false,
        agent: None,
        settings,
    });
    assert_eq!(escalated(&world), [1], "it still waits for an answer");
    assert!(!world.item.decisions.iter().any(|open| matches!(open.kind, DecisionKind::SessionFailed { .. })));
}

#[test]
fn a_foreman_that_waits_for_money_need_not_think_about_what_was_skipped() {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        foreman: Some("scripted".to_owned()),
        question_timeout_ms: Some(60_000),
        budget_usd_micros: Some(1),
        ..Settings::default()
    });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    let (session, _) = world.prompt();
    let usage = crate::agent::Usage { cost_usd_micros: Some(5), ..crate::agent::Usage::default() };
    ask(&mut world, session, "Which clock?");
    world.journal(session, vec![AgentEvent::Usage(usage), AgentEvent::TurnEnded(TurnEnd::Completed)]);
    world.run();
    world.fire(|purpose| matches!(purpose, TimerPurpose::Question { .. }));
    let foreman = world.item.foreman.and_then(|id| world.item.session(id));
    assert!(foreman.is_none_or(|foreman| foreman.want.is_none()), "{foreman:?}");
}
