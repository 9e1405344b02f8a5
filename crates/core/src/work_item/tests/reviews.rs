//! Reviews: verdicts, rounds, stops, and the person's part in them.

use super::*;
use crate::review::verdict::StopRule;
use crate::review::{Finding, Severity};
use crate::work_item::state::{CritiqueState, ReviewSettings, SubPlanStage};
use serde_json::{Value, json};

fn world() -> World {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        review: Some(ReviewSettings { agent: "critic".to_owned(), ..ReviewSettings::default() }),
        push: PushPolicy::Auto,
        ..Settings::default()
    });
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world
}

/// Lets the implementer do its turn, and begins the review of what it left.
fn implement_and_review(world: &mut World) -> (SessionId, String) {
    let (session, _) = world.prompt();
    assert_eq!(world.item.session(session).unwrap().kind, SessionKind::Implementation);
    world.end_turn(session);
    reviewer(world)
}

fn reviewer(world: &mut World) -> (SessionId, String) {
    let (session, text) = world.prompt();
    let known = world.item.session(session).unwrap();
    assert_eq!((known.kind, known.agent.as_str()), (SessionKind::Review, "critic"), "{text}");
    (session, text)
}

fn submit(world: &mut World, session: SessionId, arguments: Value) -> String {
    let call = world.call(session, "submit_review", arguments);
    world.reply(session, &call).unwrap()
}

fn find(world: &mut World, session: SessionId, critiques: Value) {
    let reply = submit(world, session, json!({ "verdict": "critiques", "critiques": critiques }));
    assert!(reply.starts_with("The review is taken."), "{reply}");
    world.end_turn(session);
}

fn pass(world: &mut World, session: SessionId) {
    submit(world, session, json!({ "verdict": "no_critiques" }));
    world.end_turn(session);
}

fn major(line: u32, description: &str) -> Value {
    json!({ "file": "src/x.rs", "line": line, "severity": "major", "description": description })
}

fn stopped(world: &World) -> Option<StopRule> {
    match world.decision() {
        Some(DecisionKind::ReviewStopped { rule, .. }) => Some(*rule),
        _ => None,
    }
}

fn stage(world: &World, repository: &str) -> SubPlanStage {
    world.item.sub_plans[repository].stage
}

#[test]
fn everybody_is_told_the_rules_of_the_workspace_and_of_the_repository() {
    let mut world = World::with(Settings {
        planner: "scripted".to_owned(),
        review: Some(ReviewSettings { agent: "critic".to_owned(), ..ReviewSettings::default() }),
        ..Settings::default()
    });
    world.bases[1].has_guidance = true;
    let docs = vec!["/base/shared/docs/agents.md".to_owned()];
    world.guidance = Guidance { text: "Migrations go both ways.".to_owned(), docs };
    let check = |text: &str, parts: &[&str]| {
        for part in parts {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
    };
    let (planner, text) = world.prompt();
    check(&text, &["Migrations go both ways.", "- /base/shared/docs/agents.md"]);
    check(&text, &["read its rules: ./shared/AGENTS.md"]);
    assert!(!text.contains("./api/AGENTS.md"), "api has none:\n{text}");
    world.call(planner, "submit_plan", json!({ "document": PLAN }));
    world.end_turn(planner);
    world.command(ItemCommand::Approve { digest: None });
    let (implementer, text) = world.prompt();
    check(&text, &["Read AGENTS.md first"]);
    world.end_turn(implementer);
    let (_, text) = reviewer(&mut world);
    check(
        &text,
        &[
            "Migrations go both ways.",
            "Read /base/shared/docs/agents.md first",
            "The rules in AGENTS.md hold",
        ],
    );
}

#[test]
fn a_critique_is_mended_by_the_implementer_and_checked_in_the_next_round() {
    let mut world = world();
    let (implementer, _) = world.prompt();
    world.end_turn(implementer);
    let (first, text) = reviewer(&mut world);
    for part in [
        "You review the part of `shared`",
        "git diff base-of-shared shared-1",
        "- test (`make test`): passed",
        "- src/x.rs (the sub-plan's scope does not name it",
        "### Goal\nA limit.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    assert!(!text.contains("Critiques of earlier rounds"), "{text}");
    let nit = json!({ "file": "README.md", "severity": "nit", "description": "spelling of retry" });
    find(&mut world, first, json!([major(4, "off by one at the end"), nit]));
    assert!(world.item.session(first).unwrap().closed, "a reviewer judges once");
    let (same, text) = world.prompt();
    assert_eq!(same, implementer, "in its own conversation");
    for part in [
        "reviewed at shared-1",
        "1. [major] must be mended (src/x.rs, line 4):\n   off by one",
        "2. [nit] may stay",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    world.end_turn(implementer);
    let (second, text) = reviewer(&mut world);
    assert_ne!(second, first);
    for part in ["This is round 2.", "git diff shared-1 shared-2", "1. open [major] (src/x.rs, line 4):"] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let reply = submit(&mut world, second, json!({ "verdict": "no_critiques" }));
    assert_eq!(
        reply,
        "The review is taken. Counted as fixed, because you did not repeat them: 1, 2. End your turn now."
    );
    world.end_turn(second);
    assert_eq!(world.item.critiques[0].state, CritiqueState::Fixed { candidate: 2 });
    assert_eq!(world.item.decisions, []);
    let (third, text) = implement_and_review(&mut world);
    assert!(text.contains("You review the part of `api`"), "{text}");
    pass(&mut world, third);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.sub_plans["shared"].published.as_deref(), Some("shared-2"));
}

#[test]
fn rounds_end_with_the_person_after_the_last_one() {
    let mut world = world();
    for round in 1..=3 {
        assert_eq!(stopped(&world), None);
        let (session, _) = implement_and_review(&mut world);
        let words = ["first thing", "second matter entirely", "third unrelated complaint"][round - 1];
        find(&mut world, session, json!([major(10 * round as u32, words)]));
    }
    world.run();
    assert_eq!(stopped(&world), Some(StopRule::CyclesUsedUp));
    let text = world.item.decisions[0].text.clone();
    assert!(text.contains("its rounds are used up\n[major] src/x.rs:30 third unrelated complaint"), "{text}");
    assert_eq!(world.count(|fact| matches!(fact, ItemFact::ReviewStarted { .. })), 3);
    // The person's word begins the count anew.
    world.choose(Some("tell"), "Only the third one matters.");
    let (_, text) = world.prompt();
    assert_eq!(text, "Only the third one matters.");
    assert_eq!(world.item.sub_plans["shared"].cycles, 0);
}

#[test]
fn the_same_finding_in_new_words_and_a_reversal_stop_for_the_person() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(4, "the window is never reset")]));
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(5, "nothing resets this window")]));
    assert_eq!(world.item.critiques.len(), 1, "it is the same one");
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(4, "window not reset, ever")]));
    world.run();
    assert_eq!(stopped(&world), Some(StopRule::UnfixedTwice));

    let mut world = self::world();
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(4, "the timeout must be in seconds, not milliseconds")]));
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(90, "an unrelated matter of locking")]));
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(4, "the timeout must be in milliseconds, not seconds")]));
    world.run();
    assert_eq!(stopped(&world), Some(StopRule::Reversal));
}

#[test]
fn garbage_is_asked_for_once_more_and_is_never_a_pass() {
    let mut world = world();
    let reads = |action: &Action| matches!(action, Action::ReadLastMessage { .. });
    let (session, _) = implement_and_review(&mut world);
    world.end_turn(session);
    let owed = world.run_until(reads);
    world.done(&owed, JobResult::Message { text: "Looks good to me!".to_owned() });
    let (same, text) = reviewer(&mut world);
    assert_eq!(same, session);
    assert!(
        text.starts_with("Your review could not be read: it is neither exactly NO_CRITIQUES nor"),
        "{text}"
    );
    world.end_turn(session);
    let owed = world.run_until(reads);
    let both = "CRITIQUE\nDescription: x\nEND_CRITIQUE\nNO_CRITIQUES";
    world.done(&owed, JobResult::Message { text: both.to_owned() });
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::ReviewFailed { repository: "shared".to_owned() }));
    assert_eq!(world.item.sub_plans["shared"].cycles, 0, "it used no round");
    assert_eq!(world.item.sub_plans["shared"].published, None);
    world.choose(Some("retry"), "");
    let (again, _) = reviewer(&mut world);
    assert_ne!(again, session, "a fresh session");
    world.end_turn(again);
    let owed = world.run_until(reads);
    world.done(&owed, JobResult::Message { text: "NO_CRITIQUES\n".to_owned() });
    world.run_until(|action| matches!(action, Action::Provision { wave: 1, .. }));
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
}

#[test]
fn a_submission_that_contradicts_itself_is_refused() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    let reply =
        submit(&mut world, session, json!({ "verdict": "no_critiques", "critiques": [major(1, "x")] }));
    assert!(reply.starts_with("The review was not taken: the verdict is \"no_critiques\", but"), "{reply}");
    for _ in 0..9 {
        submit(&mut world, session, json!({ "verdict": "lgtm" }));
    }
    let reply = submit(&mut world, session, json!({ "verdict": "no_critiques" }));
    assert!(reply.contains("no further one is read"), "{reply}");
    assert_eq!(world.item.sub_plans["shared"].reviews[0].submitted, None);
}

#[test]
fn a_reviewer_that_cannot_work_or_takes_too_long_passes_nothing() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    world.fire(|purpose| matches!(purpose, TimerPurpose::Review { .. }));
    assert!(world.item.session(session).unwrap().closed);
    assert_eq!(world.decision(), Some(&DecisionKind::ReviewFailed { repository: "shared".to_owned() }));
    world.choose(Some("retry"), "");
    for _ in 0..4 {
        let (session, _) = reviewer(&mut world);
        world.die(session);
    }
    assert_eq!(world.decision(), Some(&DecisionKind::ReviewFailed { repository: "shared".to_owned() }));
    assert_eq!(world.item.sub_plans["shared"].cycles, 0);
    world.choose(Some("accept"), "I read it myself");
    world.run_until(|action| matches!(action, Action::Provision { wave: 1, .. }));
    let candidate = world.item.sub_plans["shared"].candidate().unwrap();
    assert_eq!(candidate.accepted.as_deref(), Some("I read it myself"));
}

fn comment(world: &mut World, repository: &str, severity: Severity, send: bool) {
    let finding = Finding {
        file: Some("src/x.rs".to_owned()),
        line: Some(1),
        severity,
        description: "no table for this".to_owned(),
        suggestion: String::new(),
        resolves: None,
        reverses: None,
    };
    world.command(ItemCommand::Comment { repository: repository.to_owned(), finding, send });
}

#[test]
fn a_persons_critique_is_one_like_any_other() {
    let mut world = world();
    let (session, _) = world.prompt();
    comment(&mut world, "shared", Severity::Major, false);
    world.end_turn(session);
    let (same, text) = world.prompt();
    assert_eq!(same, session, "what the person found is mended before a review is paid for");
    assert!(text.contains("1. [major, from a person] must be mended (src/x.rs, line 1):"), "{text}");
    world.end_turn(session);
    let (reviewer, text) = reviewer(&mut world);
    assert!(text.contains("1. open [major, from a person] (src/x.rs, line 1):"), "{text}");
    find(
        &mut world,
        reviewer,
        json!([{ "severity": "major", "description": "still a table", "resolves": 1 }]),
    );
    assert_eq!(world.item.critiques[0].unfixed, 1);
    let (_, text) = world.prompt();
    assert!(text.contains("1. [major, from a person]"), "{text}");
}

#[test]
fn a_sent_critique_reopens_what_was_done() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    pass(&mut world, session);
    let (api, _) = world.prompt();
    comment(&mut world, "shared", Severity::Nit, true);
    assert_eq!(stage(&world, "shared"), SubPlanStage::Working);
    let (shared, text) = world.prompt();
    assert!(text.contains("1. [nit, from a person] must be mended"), "{text}");
    assert_eq!(world.item.session(shared).unwrap().repository.as_deref(), Some("shared"));
    world.end_turn(shared);
    let (session, _) = reviewer(&mut world);
    pass(&mut world, session);
    // What was built on it hears of the new commit at the end of its turn, and is judged on top of it.
    world.end_turn(api);
    let (same, text) = world.prompt();
    assert_eq!(same, api);
    assert!(text.contains("`shared` in ../shared stands at shared-2 now"), "{text}");
    let owed = {
        world.end_turn(api);
        world.run_until(|action| matches!(action, Action::TakeCandidate { .. }))
    };
    world.done(&owed, JobResult::Turn(TurnResult::Nothing));
    world.run();
}

#[test]
fn waivers_move_what_they_stopped_and_nothing_else() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    find(&mut world, session, json!([major(4, "the window is never reset")]));
    for _ in 0..2 {
        let (session, _) = implement_and_review(&mut world);
        find(&mut world, session, json!([major(4, "the window is never reset")]));
    }
    assert_eq!(stopped(&world), Some(StopRule::UnfixedTwice));
    let critique = world.item.critiques[0].id;
    world.command(ItemCommand::Waive { critique, because: "by design".to_owned() });
    assert_eq!(world.item.decisions, []);
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
    let env = world.env();
    let again = ItemCommand::Waive { critique, because: String::new() };
    let refused = world.item.decide(again, &env).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("critique.not_open", "nothing was waived: it is waived already")
    );
    let unknown = crate::ids::CritiqueId::new(99.into());
    let refused = world.item.decide(ItemCommand::Waive { critique: unknown, because: String::new() }, &env);
    assert_eq!(refused.unwrap_err().code, "critique.unknown");
}

#[test]
fn a_flaky_check_is_told_from_one_that_broke() {
    let mut world = world();
    let (session, _) = world.prompt();
    world.end_turn(session);
    let is_check = |action: &Action| matches!(action, Action::Check { .. });
    let failed = || CheckResult::Failed { how: "exit code 1".to_owned(), tail: "boom".to_owned() };
    let owed = world.run_until(is_check);
    world.done(&owed, JobResult::Check(failed()));
    let owed = world.run_until(is_check);
    world.done(&owed, JobResult::Check(CheckResult::Passed));
    let (_, text) = reviewer(&mut world);
    assert!(
        text.contains("- test (`make test`): flaky: it failed, and passed when it was run once more"),
        "{text}"
    );
    assert_eq!(world.item.sub_plans["shared"].base_checks.len(), 0, "the base was not needed");
}

#[test]
fn accepting_needs_a_candidate_at_rest() {
    let mut world = world();
    let accept =
        |repository: &str| ItemCommand::Accept { repository: repository.to_owned(), because: String::new() };
    let (session, _) = world.prompt();
    let env = world.env();
    let refused = world.item.decide(accept("shared"), &env).unwrap_err();
    assert!(refused.message.ends_with("there is no candidate yet"), "{}", refused.message);
    assert_eq!(world.item.decide(accept("docs"), &env).unwrap_err().code, "item.no_such_repository");
    world.end_turn(session);
    let (reviewer, _) = reviewer(&mut world);
    world.command(accept("shared"));
    assert!(world.item.session(reviewer).unwrap().closed);
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
}

#[test]
fn a_critique_that_is_sent_and_waived_gives_no_further_turn() {
    let mut world = world();
    let (session, _) = world.prompt();
    comment(&mut world, "shared", Severity::Major, true);
    let critique = world.item.critiques[0].id;
    world.command(ItemCommand::Waive { critique, because: String::new() });
    world.end_turn(session);
    assert_eq!(stage(&world, "shared"), SubPlanStage::Taking);
    let (reviewer, _) = reviewer(&mut world);
    pass(&mut world, reviewer);
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
}

#[test]
fn work_that_is_taken_up_again_ends_the_review_of_what_it_leaves() {
    let mut world = world();
    let (reviewer, _) = implement_and_review(&mut world);
    world.call(reviewer, "ask_foreman", json!({ "question": "Which clock?" }));
    let settings = world.item.settings.clone();
    let repository = Some("shared".to_owned());
    world.command(ItemCommand::Retry {
        repository,
        text: String::new(),
        fresh: false,
        agent: None,
        settings,
    });
    assert!(world.item.session(reviewer).unwrap().closed);
    assert_eq!(world.item.sub_plans["shared"].open_review(), None);
    assert_eq!(world.item.decisions, []);
    let (implementer, _) = world.prompt();
    assert_eq!(world.item.session(implementer).unwrap().kind, SessionKind::Implementation);
}

#[test]
fn the_last_message_of_a_review_that_was_stopped_is_not_read_any_more() {
    let mut world = world();
    let (reviewer, _) = implement_and_review(&mut world);
    world.end_turn(reviewer);
    let is_read = |action: &Action| matches!(action, Action::ReadLastMessage { .. });
    let owed = world.run_until(is_read);
    for _ in 0..4 {
        let owed = world.owed(is_read).unwrap_or_else(|| owed.clone());
        world.outcome(&owed, Outcome::Failed { reason: "no journal".to_owned() });
        if world.item.decisions.is_empty() {
            world.fire(|purpose| matches!(purpose, TimerPurpose::Retry { .. }));
        }
    }
    assert!(matches!(world.decision(), Some(DecisionKind::JobFailed { .. })), "{:?}", world.decision());
    world.command(ItemCommand::Stop { repository: Some("shared".to_owned()) });
    let read = world.item.owed().iter().find(|owed| is_read(&owed.effect.action));
    assert!(read.is_none_or(|owed| owed.withdrawing), "{read:?}");
}

#[test]
fn the_time_of_a_review_runs_while_the_reviewer_judges_and_not_while_it_waits() {
    let mut world = world();
    let (implementer, _) = world.prompt();
    world.end_turn(implementer);
    let times = |world: &World| {
        let is_review =
            |action: &Action| matches!(action, Action::Timer { purpose: TimerPurpose::Review { .. }, .. });
        world.item.owed().iter().filter(|owed| is_review(&owed.effect.action)).count()
    };
    world.run_until(|action| matches!(action, Action::Host { kind: SessionKind::Review, .. }));
    assert_eq!(times(&world), 0, "nobody judges yet");
    let (session, _) = reviewer(&mut world);
    assert_eq!(times(&world), 1);
    let call = world.call(session, "ask_foreman", json!({ "question": "Which clock?" }));
    assert_eq!(times(&world), 0, "a person may take the weekend");
    world.choose(None, "Monotonic.");
    while world.reply(session, &call).is_none() {
        assert!(world.step());
    }
    assert_eq!(times(&world), 1);
}

#[test]
fn without_a_candidate_there_is_nothing_to_accept() {
    let mut world = world();
    for _ in 0..2 {
        let (session, _) = world.prompt();
        world.end_turn(session);
        comment(&mut world, "shared", Severity::Major, false);
        let owed = world.run_until(|action| matches!(action, Action::TakeCandidate { .. }));
        world.done(&owed, JobResult::Turn(TurnResult::Unusable { reason: "HEAD is elsewhere".to_owned() }));
    }
    assert_eq!(world.decision(), Some(&DecisionKind::CandidateMissing { repository: "shared".to_owned() }));
}

#[test]
fn a_review_whose_words_cannot_be_read_is_none() {
    let mut world = world();
    let (session, _) = implement_and_review(&mut world);
    world.end_turn(session);
    let owed = world.run_until(|action| matches!(action, Action::ReadLastMessage { .. }));
    world.done(&owed, JobResult::Refused { reason: "its journal is gone".to_owned() });
    assert_eq!(world.decision(), Some(&DecisionKind::ReviewFailed { repository: "shared".to_owned() }));
}

#[test]
fn findings_that_nobody_accepted_are_asked_about_again() {
    let mut world = world();
    let (session, _) = world.prompt();
    world.end_turn(session);
    let take = |world: &mut World| world.run_until(|action| matches!(action, Action::TakeCandidate { .. }));
    let owed = take(&mut world);
    let turn = TurnResult::Candidate {
        commit: "shared-1".to_owned(),
        findings: vec![crate::effect::CandidateFinding {
            path: ".env".to_owned(),
            reason: "it looks like a secret".to_owned(),
        }],
        paths: Vec::new(),
        changed: Vec::new(),
        counts: None,
    };
    world.done(&owed, JobResult::Turn(turn));
    let asks = Some(DecisionKind::CandidateFindings { repository: "shared".to_owned() });
    assert_eq!(world.decision().cloned(), asks);
    comment(&mut world, "shared", Severity::Major, false);
    world.choose(Some("tell"), "take it out");
    for _ in 0..2 {
        let (session, _) = world.prompt();
        world.end_turn(session);
        let owed = take(&mut world);
        world.done(&owed, JobResult::Turn(TurnResult::Nothing));
    }
    assert_eq!(stopped(&world), Some(StopRule::NotAddressed));
    world.choose(Some("accept"), "");
    assert_eq!(world.decision().cloned(), asks);
}
