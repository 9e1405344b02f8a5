//! What reaches the remote, and when.

use super::*;
use crate::work_item::state::SubPlanStage;

fn is_publish(action: &Action) -> bool {
    matches!(action, Action::Publish { .. })
}

fn published(world: &World) -> Vec<&str> {
    world
        .facts
        .iter()
        .filter_map(|fact| match fact {
            ItemFact::BranchPublished { commit, .. } => Some(commit.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn by_default_a_person_is_asked_before_anything_is_pushed() {
    let mut world = World::approved(PushPolicy::Ask);
    world.run();
    assert_eq!((world.decision(), status(&world.item)), (Some(&DecisionKind::Publish), Status::Reviewing));
    assert!(published(&world).is_empty());
    world.choose(Some("publish"), "");
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn an_item_that_is_never_pushed_is_complete_and_can_be_published_later() {
    let mut world = World::approved(PushPolicy::Never);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert!(published(&world).is_empty());
    world.command(ItemCommand::Publish {});
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_conflict_with_the_base_is_a_decision() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(|action| matches!(action, Action::CompareBase { .. }));
    let comparison = BaseComparison::Conflict { paths: vec!["src/limit.rs".to_owned()] };
    world.done(&owed, JobResult::Base(comparison));
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::BaseConflict { repository: "shared".to_owned() }));
    assert!(world.item.decisions[0].text.contains("src/limit.rs"));
    assert!(published(&world).is_empty());
    world.choose(Some("publish"), "");
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
}

#[test]
fn a_base_that_moved_and_merges_holds_nothing_up() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(|action| matches!(action, Action::CompareBase { .. }));
    world.done(&owed, JobResult::Base(BaseComparison::Behind { commits: 3 }));
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
}

#[test]
fn a_remote_that_somebody_else_moved_is_a_decision() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(is_publish);
    world.done(&owed, JobResult::Push(PushResult::RemoteMoved { found: Some("abc".to_owned()) }));
    world.run();
    assert_eq!(world.decision(), Some(&DecisionKind::RemoteMoved { repository: "shared".to_owned() }));
    assert!(published(&world).is_empty());
    world.choose(Some("retry"), "");
    let again = world.run_until(is_publish);
    assert!(
        matches!(again.effect.action, Action::Publish { commit, expected: None, .. } if commit == "shared-1")
    );
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_push_in_doubt_is_tried_again_and_at_last_a_decision() {
    let mut world = World::approved(PushPolicy::Auto);
    for attempt in 1..=4 {
        let owed = world.run_until(is_publish);
        assert_eq!(owed.attempt, attempt);
        world.outcome(&owed, Outcome::Unknown { reason: "the connection broke".to_owned() });
        world.run();
        if attempt < 4 {
            assert_eq!(world.decision(), None);
            world.fire(|purpose| matches!(purpose, TimerPurpose::Retry { .. }));
        }
    }
    assert!(matches!(world.decision(), Some(DecisionKind::JobFailed { .. })), "{:?}", world.decision());
    assert_eq!(world.item.decisions[0].text, "pushing shared failed 4 times: the connection broke");
    world.choose(Some("retry"), "");
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
}

/// What a person says about a repository while something of it is on its way to the remote.
fn send_critique(world: &mut World) {
    let finding = crate::review::Finding {
        file: None,
        line: None,
        severity: crate::review::Severity::Major,
        description: "no table for this".to_owned(),
        suggestion: String::new(),
        resolves: None,
        reverses: None,
    };
    world.command(ItemCommand::Comment { repository: "shared".to_owned(), finding, send: true });
    // No reviewer judges here whether it was mended.
    let critique = world.item.critiques[0].id;
    world.command(ItemCommand::Waive { critique, because: String::new() });
    assert_eq!(world.item.sub_plans["shared"].stage, SubPlanStage::Working);
}

#[test]
fn a_critique_that_is_sent_takes_back_what_is_on_its_way_to_the_remote() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(|action| matches!(action, Action::CompareBase { .. }));
    send_critique(&mut world);
    world.done(&owed, JobResult::Base(BaseComparison::Conflict { paths: vec!["src/limit.rs".to_owned()] }));
    world.run();
    assert_eq!(world.item.decisions, [], "how an older candidate merges is nobody's decision");
    assert_eq!(published(&world), ["shared-2", "api-2"]);
}

#[test]
fn a_push_that_was_taken_back_too_late_ends_no_work() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(is_publish);
    send_critique(&mut world);
    world.done(&owed, JobResult::Push(PushResult::Published));
    let sub_plan = &world.item.sub_plans["shared"];
    assert_eq!((sub_plan.stage, sub_plan.published.as_deref()), (SubPlanStage::Working, Some("shared-1")));
    let again = world.run_until(is_publish);
    assert!(matches!(again.effect.action, Action::Publish { commit, expected, .. }
        if commit == "shared-2" && expected.as_deref() == Some("shared-1")));
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn a_critique_that_is_sent_settles_what_waits_about_the_push() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(is_publish);
    world.done(&owed, JobResult::Push(PushResult::RemoteMoved { found: Some("abc".to_owned()) }));
    world.run();
    send_critique(&mut world);
    assert_eq!(world.item.decisions, []);
}

#[test]
fn nothing_is_pushed_while_a_follow_up_is_planned() {
    let mut world = World::approved(PushPolicy::Never);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    let settings = world.item.settings.clone();
    world.command(ItemCommand::Revise { repository: None, text: "Otherwise.".to_owned(), settings });
    let env = world.env();
    let rejection = world.item.decide(ItemCommand::Publish {}, &env).unwrap_err();
    assert_eq!(rejection.message, "g1 cannot be published: it is planning");
}

#[test]
fn a_branch_that_was_removed_from_the_remote_is_made_again() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(is_publish);
    send_critique(&mut world);
    world.done(&owed, JobResult::Push(PushResult::Published));
    let again = world.run_until(is_publish);
    world.done(&again, JobResult::Push(PushResult::RemoteMoved { found: None }));
    let anew = world.run_until(is_publish);
    assert!(
        matches!(anew.effect.action, Action::Publish { commit, expected: None, .. } if commit == "shared-2")
    );
    world.run();
    assert_eq!(published(&world), ["shared-1", "shared-2", "api-2"]);
    assert_eq!(world.item.decisions, []);
}

#[test]
fn what_a_person_has_against_it_is_not_pushed_over_without_a_word() {
    let mut world = World::approved(PushPolicy::Auto);
    world.run_until(|action| matches!(action, Action::Provision { wave: 1, .. }));
    let finding = crate::review::Finding {
        file: Some("src/x.rs".to_owned()),
        line: Some(3),
        severity: crate::review::Severity::Critical,
        description: "the key is logged".to_owned(),
        suggestion: String::new(),
        resolves: None,
        reverses: None,
    };
    world.command(ItemCommand::Comment { repository: "shared".to_owned(), finding, send: false });
    world.run();
    assert_eq!((world.decision(), published(&world).len()), (Some(&DecisionKind::Publish), 0));
    let text = &world.item.decisions[0].text;
    assert!(text.ends_with("\nshared: [critical] src/x.rs:3 the key is logged"), "{text}");
    // Without it there is nothing to ask any more.
    let critique = world.item.critiques[0].id;
    world.command(ItemCommand::Waive { critique, because: String::new() });
    assert_eq!(world.item.decisions, []);
    world.run();
    assert_eq!(published(&world), ["shared-1", "api-1"]);
}
