//! Worktrees, candidates and their proof.

use super::*;
use crate::effect::CandidateFinding;
use crate::work_item::state::SubPlanStage;

fn is_taking(action: &Action) -> bool {
    matches!(action, Action::TakeCandidate { .. })
}

/// The open turn ends and leaves this.
fn leave(world: &mut World, session: SessionId, left: TurnResult) {
    world.end_turn(session);
    let owed = world.run_until(is_taking);
    world.done(&owed, JobResult::Turn(left));
}

fn stage(world: &World, repository: &str) -> SubPlanStage {
    world.item.sub_plans[repository].stage
}

#[test]
fn a_later_wave_is_told_where_earlier_work_stands() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, text) = world.prompt();
    assert!(text.contains("Comes after you and builds on your result: api"), "{text}");
    world.end_turn(session);
    let (_, text) = world.prompt();
    for part in [
        "# Your task: the part of `api`",
        "on the branch `sub-g1-rate-limit`, which starts at base-of-api of `main`",
        "- `shared` in ../shared, at shared-1\n  - its goal: A limit.\n  - changed: src/x.rs",
        "### Goal\nUse the limit.",
        "- test: `make test`",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn an_empty_turn_is_asked_once_more_and_then_a_person_decides() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    leave(&mut world, session, TurnResult::Nothing);
    let (same, text) = world.prompt();
    assert_eq!(same, session);
    assert!(text.contains("there is nothing new on the branch `sub-g1-rate-limit` of `shared`"), "{text}");
    leave(&mut world, session, TurnResult::Nothing);
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::CandidateMissing { repository: "shared".to_owned() }));
    world.choose(None, "It is in src/limit.rs.");
    assert_eq!(world.prompt(), (session, "It is in src/limit.rs.".to_owned()));
    world.end_turn(session);
    world.run();
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
}

#[test]
fn a_worktree_that_cannot_be_taken_is_mended_by_its_agent() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    leave(&mut world, session, TurnResult::Unusable { reason: "a rebase is under way.".to_owned() });
    let (_, text) = world.prompt();
    assert!(text.contains("can't be taken: a rebase is under way.\n"), "{text}");
    assert!(text.contains("it contains base-of-shared"), "{text}");
}

#[test]
fn findings_hold_a_candidate_up_until_a_person_accepts_them() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    let finding = CandidateFinding { path: ".env".to_owned(), reason: "it looks like a secret".to_owned() };
    leave(
        &mut world,
        session,
        TurnResult::Candidate {
            commit: "shared-1".to_owned(),
            findings: vec![finding],
            paths: vec![".env".to_owned()],
            changed: Vec::new(),
            counts: None,
        },
    );
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::CandidateFindings { repository: "shared".to_owned() }));
    assert_eq!(world.item.decisions[0].text, ".env: it looks like a secret");
    assert_eq!(world.count(|fact| matches!(fact, ItemFact::CheckEnded { .. })), 0);
    world.choose(Some("accept"), "");
    let check = world.run_until(|action| matches!(action, Action::Check { .. }));
    assert!(matches!(check.effect.action, Action::Check { commit, .. } if commit == "shared-1"));
}

#[test]
fn a_setup_that_fails_is_a_decision_and_is_run_again_on_retry() {
    let mut world = World::new(PushPolicy::Ask);
    world.bases[1].setup = vec!["make deps".to_owned()];
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    let is_setup = |action: &Action| matches!(action, Action::Setup { .. });
    let owed = world.run_until(is_setup);
    world.done(&owed, JobResult::Refused { reason: "`make deps` ended with exit code 2".to_owned() });
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::SetupFailed { repository: "shared".to_owned() }));
    assert!(world.item.sessions.iter().all(|session| session.repository.is_none()), "no agent without setup");
    world.choose(Some("retry"), "");
    let owed = world.run_until(is_setup);
    world.done(&owed, JobResult::Nothing);
    let (_, text) = world.prompt();
    assert!(text.starts_with("# Your task: the part of `shared`"), "{text}");
}

#[test]
fn checks_that_did_not_run_are_never_a_pass() {
    let not_run = || CheckResult::NotRun { reason: "no space left".to_owned() };
    let check = |which: fn(&Action) -> bool, result: JobResult| {
        let mut world = World::approved(PushPolicy::Ask);
        let owed = world.run_until(which);
        world.done(&owed, result);
        world.run();
        let kind = DecisionKind::ChecksNotRun { repository: "shared".to_owned() };
        assert_eq!(world.decision(), Some(&kind));
        assert_eq!(stage(&world, "shared"), SubPlanStage::Proving);
        assert_eq!(world.item.sub_plans["shared"].candidates[0].checks["test"], not_run());
        world.choose(Some("retry"), "");
        world.run();
        assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
    };
    check(|action| matches!(action, Action::Check { .. }), JobResult::Check(not_run()));
    let refused = JobResult::Refused { reason: "no space left".to_owned() };
    check(|action| matches!(action, Action::PrepareProof { .. }), refused);
}

#[test]
fn repairs_are_told_the_evidence_and_end_with_a_decision() {
    let mut world = World::approved(PushPolicy::Ask);
    world.failing = (1..=4).map(|number| format!("shared-{number}")).collect();
    let (session, _) = world.prompt();
    world.end_turn(session);
    for number in 1..=3 {
        let (_, text) = world.prompt();
        for part in [
            format!("was checked at shared-{number},"),
            "### test: ended with exit code 1".to_owned(),
            "Command: `make test`".to_owned(),
            "```\nboom\n```".to_owned(),
        ] {
            assert!(text.contains(&part), "{part:?} is missing in:\n{text}");
        }
        world.end_turn(session);
    }
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::ChecksBroke { repository: "shared".to_owned() }));
    world.choose(Some("accept"), "");
    assert_eq!(stage(&world, "shared"), SubPlanStage::Proven);
}

#[test]
fn what_was_stopped_goes_on_in_a_child_session() {
    let mut world = World::approved(PushPolicy::Ask);
    let (session, _) = world.prompt();
    world.command(ItemCommand::Stop { repository: Some("shared".to_owned()) });
    world.run();
    assert_eq!(stage(&world, "shared"), SubPlanStage::Stopped);
    assert_eq!(world.decision(), Some(&DecisionKind::Stopped { repository: "shared".to_owned() }));
    assert!(world.item.owed().is_empty(), "nothing runs on");
    world.command(ItemCommand::Retry {
        repository: None,
        text: String::new(),
        fresh: false,
        agent: None,
        settings: Settings::default(),
    });
    let host = world.run_until(|action| matches!(action, Action::Host { .. }));
    let Action::Host { session: child, native_id, .. } = host.effect.action else { unreachable!("chosen") };
    assert_eq!(native_id.as_deref(), Some("native"), "it goes on in the same conversation");
    assert_eq!(world.item.session(child).unwrap().parent, Some(session));
    assert_eq!(world.item.sub_plans["shared"].session, Some(child));
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::Publish));
}

#[test]
fn a_job_whose_result_is_none_of_its_own_waits_for_a_person_and_can_be_retried() {
    type Which = fn(&Action) -> bool;
    let jobs: [(&str, Which); 7] = [
        ("provision", |action| matches!(action, Action::Provision { .. })),
        ("take_candidate", |action| matches!(action, Action::TakeCandidate { .. })),
        ("prepare_proof", |action| matches!(action, Action::PrepareProof { .. })),
        ("check", |action| matches!(action, Action::Check { .. })),
        ("compare_base", |action| matches!(action, Action::CompareBase { .. })),
        ("publish", |action| matches!(action, Action::Publish { .. })),
        ("prepare_bases", |action| matches!(action, Action::PrepareBases { .. })),
    ];
    for (name, which) in jobs {
        let mut world = World::new(PushPolicy::Auto);
        if name != "prepare_bases" {
            world.run();
            world.command(ItemCommand::Approve { digest: None });
        }
        let owed = world.run_until(which);
        world.done(&owed, JobResult::Draft { document: None });
        world.run();
        assert!(
            matches!(world.decision(), Some(DecisionKind::JobFailed { .. })),
            "{name}: {:?}",
            world.decision()
        );
        world.choose(Some("retry"), "");
        world.run();
        if name == "prepare_bases" {
            world.command(ItemCommand::Approve { digest: None });
            world.run();
        }
        assert_eq!(status(&world.item), Status::Completed, "{name}");
    }
}

#[test]
fn a_job_that_cannot_go_on_says_why_and_is_not_taken_for_done() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(|action| matches!(action, Action::TakeCandidate { .. }));
    world.done(&owed, JobResult::Refused { reason: "the configuration cannot be read".to_owned() });
    world.run();
    let text = world.item.decisions[0].text.clone();
    assert_eq!(text, "taking what the turn left in shared failed: the configuration cannot be read");
    world.choose(Some("retry"), "");
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}
