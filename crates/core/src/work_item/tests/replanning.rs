//! Plans that live: revised, dropped from, edited and followed up.

use super::*;
use crate::work_item::state::SubPlanStage;
use serde_json::json;

/// The plan with another goal for a repository.
fn with_goal(document: &str, repository: &str, goal: &str) -> String {
    let (before, part) = document.split_once(&format!("## SubPlan: {repository}\n")).unwrap();
    let (_, after) = part.split_once("### Scope").unwrap();
    format!("{before}## SubPlan: {repository}\n\n### Goal\n{goal}\n### Scope{after}")
}

fn revise(world: &mut World, repository: Option<&str>, text: &str) {
    let settings = world.item.settings.clone();
    let (repository, text) = (repository.map(str::to_owned), text.to_owned());
    world.command(ItemCommand::Revise { repository, text, settings });
}

/// The planner's next turn, and what it submits.
fn plan(world: &mut World, document: &str) -> (String, String) {
    let (session, prompt) = world.prompt();
    assert_eq!(world.item.session(session).unwrap().kind, SessionKind::Planning, "{prompt}");
    let call = world.call(session, "submit_plan", json!({ "document": document }));
    let reply = world.reply(session, &call).unwrap();
    world.end_turn(session);
    (prompt, reply)
}

fn refused(world: &mut World, command: ItemCommand) -> (String, String) {
    let env = world.env();
    let refused = world.item.decide(command, &env).unwrap_err();
    (refused.code, refused.message)
}

fn versions(world: &World) -> Vec<u32> {
    world.item.plans.iter().map(|plan| plan.number).collect()
}

#[test]
fn a_scoped_revision_leaves_every_other_byte_as_it_is() {
    let mut world = World::new(PushPolicy::Ask);
    world.run();
    revise(&mut world, Some("api"), "Use it in the middleware.");
    assert_eq!(world.item.decisions, [], "the old version does not wait while it is changed");
    let elsewhere =
        with_goal(&with_goal(PLAN, "shared", "Something else."), "api", "Use it in the middleware.");
    let (prompt, reply) = plan(&mut world, &elsewhere);
    for part in
        ["Use it in the middleware.", "Change only the sub-plan of `api`.", "## The plan as it stands"]
    {
        assert!(prompt.contains(part), "{part:?} is missing in:\n{prompt}");
    }
    assert!(reply.contains("Only the sub-plan of `api` was taken from it"), "{reply}");
    world.run();
    assert_eq!(versions(&world), [1, 2]);
    let expected = with_goal(PLAN, "api", "Use it in the middleware.");
    let part = |text: &str| text.split("## SubPlan: api").next().unwrap().to_owned();
    assert_eq!(part(&world.item.plans[1].document), part(PLAN));
    assert!(world.item.plans[1].document.contains("Use it in the middleware."));
    assert!(expected.contains("Use it in the middleware."));
    assert!(matches!(world.decision(), Some(DecisionKind::Plan { version: 2 })));
    assert_eq!(status(&world.item), Status::PlanReview);
}

#[test]
fn a_revision_that_fails_returns_to_the_plan_that_was_there() {
    let mut world = World::new(PushPolicy::Ask);
    world.run();
    revise(&mut world, None, "Three repositories.");
    for _ in 0..3 {
        let (session, _) = world.prompt();
        world.end_turn(session);
        let owed = world.run_until(|action| matches!(action, Action::ReadDraft { .. }));
        world.done(&owed, JobResult::Draft { document: None });
    }
    world.run();
    assert!(matches!(world.decision(), Some(DecisionKind::Plan { version: 1 })));
    let text = world.item.decisions[0].text.clone();
    assert!(
        text.starts_with("plan v1 waits for your approval; it could not be changed: the planner"),
        "{text}"
    );
    world.command(ItemCommand::Approve { digest: None });
    world.prompt();
}

#[test]
fn a_repository_is_dropped_from_the_plan() {
    let mut world = World::new(PushPolicy::Auto);
    world.run();
    let drop = |name: &str| ItemCommand::Drop { repository: name.to_owned() };
    let (code, message) = refused(&mut world, drop("web"));
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("plan.no_such_part", "the plan of g1 has no part for \"web\"; it has shared, api",)
    );
    world.command(drop("api"));
    assert_eq!(versions(&world), [1, 2]);
    assert_eq!(refused(&mut world, drop("shared")).0, "plan.last_part");
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.sub_plans.keys().collect::<Vec<_>>(), ["shared"]);
}

#[test]
fn what_has_not_begun_is_changed_while_the_rest_works() {
    let mut world = World::approved(PushPolicy::Auto);
    let (shared, _) = world.prompt();
    let settings = world.item.settings.clone();
    let of_begun =
        ItemCommand::Revise { repository: Some("shared".to_owned()), text: "x".to_owned(), settings };
    assert_eq!(refused(&mut world, of_begun).0, "plan.begun");
    let begun = edit(with_goal(PLAN, "shared", "Another."));
    let env = world.env();
    let rejection = world.item.decide(begun, &env).unwrap_err();
    assert_eq!(rejection.code, "plan.invalid");
    assert!(
        rejection.hints[0].contains("`shared` has begun, so its sub-plan can't be changed"),
        "{rejection:?}"
    );
    world.command(edit(with_goal(PLAN, "api", "Use it twice.")));
    assert_eq!(status(&world.item), Status::Implementing, "what has begun goes on");
    world.end_turn(shared);
    world.run();
    assert_eq!(world.item.sub_plans["shared"].stage, SubPlanStage::Proven);
    assert_eq!(
        world.count(|fact| matches!(fact, ItemFact::WaveProvisioned { .. })),
        1,
        "the next wave waits"
    );
    world.command(ItemCommand::Approve { digest: None });
    let (_, text) = world.prompt();
    assert!(text.contains("# Your task: the part of `api`") && text.contains("Use it twice."), "{text}");
}

#[test]
fn what_has_begun_is_not_dropped_and_who_comes_after_it_is_named() {
    let mut world = World::approved(PushPolicy::Auto);
    world.prompt();
    let env = world.env();
    let drop = |name: &str| ItemCommand::Drop { repository: name.to_owned() };
    let rejection = world.item.decide(drop("shared"), &env).unwrap_err();
    assert_eq!(rejection.code, "plan.begun");
    assert_eq!(rejection.message, "shared can't be dropped from the plan of g1, so nothing was changed");
    assert_eq!(
        rejection.hints,
        [
            "`shared` has begun, so it can't be left out of the plan any more",
            "what comes after shared and may build on it: api",
        ]
    );
    assert!(world.item.decide(drop("api"), &env).is_ok(), "nothing has begun there");
}

#[test]
fn what_was_built_on_an_older_result_is_known_to_be() {
    let mut world = World::approved(PushPolicy::Auto);
    world.run();
    assert_eq!(world.item.stale_on("api"), Vec::<String>::new());
    revise(&mut world, Some("shared"), "More of it.");
    plan(&mut world, &with_goal(PLAN, "shared", "More of it."));
    world.run();
    world.command(ItemCommand::Approve { digest: None });
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.stale_on("shared"), Vec::<String>::new());
    assert_eq!(world.item.stale_on("api"), ["shared"]);
}

#[test]
fn a_refused_change_leaves_the_approved_plan_in_force() {
    let mut world = World::approved(PushPolicy::Auto);
    let (shared, _) = world.prompt();
    world.command(edit(with_goal(PLAN, "api", "Use it twice.")));
    world.command(ItemCommand::Reject { text: String::new() });
    world.end_turn(shared);
    let (_, text) = world.prompt();
    assert!(text.contains("Use the limit.") && !text.contains("twice"), "{text}");
}

#[test]
fn a_follow_up_runs_only_what_changed_on_top_of_what_stands() {
    let mut world = World::approved(PushPolicy::Auto);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    revise(&mut world, None, "Limit by tenant too.");
    assert_eq!(status(&world.item), Status::Planning);
    let (prompt, _) = plan(&mut world, &with_goal(PLAN, "api", "Use it for tenants."));
    for part in
        ["The plan was carried out", "- `api`: api-1, after 0 reviews, published", "Limit by tenant too."]
    {
        assert!(prompt.contains(part), "{part:?} is missing in:\n{prompt}");
    }
    world.run();
    assert_eq!(status(&world.item), Status::PlanReview);
    world.command(ItemCommand::Approve { digest: None });
    let before = world.item.sub_plans["shared"].clone();
    let (session, text) = world.prompt();
    let known = world.item.session(session).unwrap();
    assert_eq!((known.repository.as_deref(), known.parent.is_some(), known.ordinal), (Some("api"), true, 2));
    for part in ["Use it for tenants.", "Its plan has changed since, to v2"] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    world.end_turn(session);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.sub_plans["api"].published.as_deref(), Some("api-2"));
    assert_eq!(
        world.item.sub_plans["shared"].candidates, before.candidates,
        "what did not change did not run"
    );
}

#[test]
fn a_follow_up_that_fails_or_is_refused_leaves_the_item_completed() {
    let mut world = World::approved(PushPolicy::Auto);
    world.run();
    revise(&mut world, None, "More.");
    world.run_until(|action| matches!(action, Action::Host { .. } | Action::Delivery { .. }));
    world.command(ItemCommand::Stop { repository: None });
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.planning.trouble.as_deref(), Some("planning was stopped by you"));
    world.run();
    revise(&mut world, None, "More.");
    plan(&mut world, &with_goal(PLAN, "api", "More."));
    world.run();
    world.command(ItemCommand::Reject { text: String::new() });
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.decisions, []);
}

#[test]
fn a_ticket_for_one_repository_can_be_its_own_plan() {
    let mut world = World::new(PushPolicy::Auto);
    let mut ticket = world.item.ticket.clone().unwrap();
    ticket.direct = true;
    world.item.ticket = Some(ticket.clone());
    let both = world.run_until(|action| matches!(action, Action::PrepareBases { .. }));
    let outcome = JobResult::Bases {
        repositories: world.bases.clone(),
        refused: Vec::new(),
        guidance: Guidance::default(),
    };
    let mut one = World::new(PushPolicy::Auto);
    one.item.ticket = Some(ticket);
    one.bases.truncate(1);
    world.done(&both, outcome);
    let text = world.item.decisions[0].text.clone();
    assert_eq!(
        text,
        "a plan without a planner is for one repository, and there are api, shared: name it with --repo"
    );
    one.run();
    assert!(matches!(one.decision(), Some(DecisionKind::Plan { version: 1 })));
    assert_eq!(one.item.sessions, [], "no planner was asked");
    one.command(ItemCommand::Approve { digest: None });
    let (_, text) = one.prompt();
    assert!(
        text.contains("> Rate limit\n>\n> Per key.") || text.contains("> Rate limit\n> Per key."),
        "{text}"
    );
    one.run();
}

#[test]
fn a_wave_that_a_change_made_larger_still_counts_as_begun() {
    let mut world = World::approved(PushPolicy::Auto);
    world.prompt();
    let document = PLAN.replace("  - [shared]\n  - [api]\n", "  - [shared, api]\n");
    world.command(edit(document));
    world.command(ItemCommand::Approve { digest: None });
    assert_eq!(status(&world.item), Status::Implementing, "a worktree stands");
}

#[test]
fn a_planner_that_asks_while_others_work_holds_nobody_up() {
    let mut world = World::approved(PushPolicy::Auto);
    let (shared, _) = world.prompt();
    revise(&mut world, Some("api"), "Use it twice.");
    let (planner, _) = world.prompt();
    world.call(planner, "ask_user", serde_json::json!({ "question": "How often?" }));
    assert!(matches!(world.decision(), Some(DecisionKind::Question { .. })));
    assert_eq!(status(&world.item), Status::Implementing);
    world.end_turn(shared);
    world.run();
    assert_eq!(status(&world.item), Status::Reviewing, "now it does");
}

#[test]
fn what_was_stopped_before_it_had_a_worktree_gets_one_under_a_changed_plan() {
    let mut world = World::approved(PushPolicy::Auto);
    world.prompt();
    world.command(ItemCommand::Stop { repository: None });
    world.command(edit(with_goal(PLAN, "api", "Use it twice.")));
    world.command(ItemCommand::Approve { digest: None });
    let settings = world.item.settings.clone();
    world.command(ItemCommand::Retry {
        repository: None,
        text: String::new(),
        fresh: false,
        agent: None,
        settings,
    });
    world.run_until(|action| matches!(action, Action::Provision { wave: 1, .. }));
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn worktrees_of_waves_that_have_changed_are_made_anew() {
    let mut world = World::approved(PushPolicy::Auto);
    let owed = world.run_until(|action| matches!(action, Action::Provision { .. }));
    let document = PLAN.replace("  - [shared]\n  - [api]\n", "  - [api]\n  - [shared]\n");
    world.command(edit(document));
    world.command(ItemCommand::Approve { digest: None });
    world.done(&owed, JobResult::Nothing);
    let made = world.run_until(|action| matches!(action, Action::Provision { .. }));
    let Action::Provision { repositories, .. } = made.effect.action else { unreachable!() };
    assert_eq!(repositories[0].name, "api");
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn what_is_left_out_of_a_plan_waits_for_nobody() {
    let mut world = World::approved(PushPolicy::Auto);
    let (shared, _) = world.prompt();
    world.command(ItemCommand::Stop { repository: Some("api".to_owned()) });
    world.command(ItemCommand::Drop { repository: "api".to_owned() });
    world.command(ItemCommand::Approve { digest: None });
    assert_eq!(world.item.decisions, []);
    world.end_turn(shared);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
}

#[test]
fn what_comes_back_into_a_plan_goes_on_from_what_stands() {
    let mut world = World::approved(PushPolicy::Auto);
    world.run();
    let only_shared = {
        let without_api = PLAN.replace("  - [api]\n", "");
        without_api[..without_api.find("## SubPlan: api").unwrap()].to_owned()
    };
    for document in [only_shared.as_str(), PLAN] {
        world.command(edit(document.to_owned()));
        world.command(ItemCommand::Approve { digest: None });
        world.run();
        assert_eq!(status(&world.item), Status::Completed);
    }
    let api = &world.item.sub_plans["api"];
    let numbers: Vec<u32> = api.candidates.iter().map(|candidate| candidate.number).collect();
    assert_eq!((numbers, api.published.as_deref()), (vec![1, 2], Some("api-2")), "refs never move");
}

#[test]
fn what_was_stopped_and_left_out_begins_when_it_comes_back() {
    let mut world = World::approved(PushPolicy::Auto);
    world.prompt();
    world.command(ItemCommand::Stop { repository: Some("api".to_owned()) });
    world.command(ItemCommand::Drop { repository: "api".to_owned() });
    world.command(ItemCommand::Approve { digest: None });
    world.command(edit(PLAN.to_owned()));
    world.command(ItemCommand::Approve { digest: None });
    let shared = world.item.sub_plans["shared"].session.unwrap();
    world.end_turn(shared);
    world.run();
    assert_eq!(status(&world.item), Status::Completed);
    assert_eq!(world.item.sub_plans["api"].published.as_deref(), Some("api-1"));
}

#[test]
fn a_section_is_edited_in_the_version_that_was_read_and_no_other_byte_changes() {
    let mut world = World::new(PushPolicy::Ask);
    world.run();
    let section = |text: &str, version| ItemCommand::Edit {
        document: text.to_owned(),
        section: Some("api".to_owned()),
        version,
    };
    let text = with_goal(PLAN, "api", "Use it twice.");
    let api = &text[text.find("## SubPlan: api").unwrap()..];
    world.command(section(api, Some(1)));
    let edited = world.item.plan().unwrap().clone();
    assert_eq!(edited.number, 2);
    let before = |text: &str| text.split("## SubPlan: api").next().unwrap().to_owned();
    assert_eq!(before(&edited.document), before(PLAN));
    assert!(edited.document.contains("Use it twice."), "{}", edited.document);
    let (code, message) = refused(&mut world, section(api, Some(1)));
    assert_eq!(code, "plan.changed");
    assert_eq!(message, "the plan of g1 changed while you edited: v1 is v2 now");
    let (code, message) = refused(&mut world, section("## Orchestration\n\nMine.\n", Some(2)));
    assert_eq!(code, "plan.invalid");
    assert!(message.starts_with("the section of g1/api was not changed: "), "{message}");
}

#[test]
fn only_what_is_done_is_followed_up() {
    let mut world = World::approved(PushPolicy::Auto);
    let settings = world.item.settings.clone();
    let more =
        ItemCommand::FollowUp { repository: None, text: "And more.".to_owned(), settings: settings.clone() };
    let (code, message) = refused(&mut world, more.clone());
    assert_eq!(code, "item.not_completed");
    assert!(message.contains("is not done yet, so nothing can follow up on it"), "{message}");
    world.run();
    world.command(more);
    let (prompt, _) = plan(&mut world, &with_goal(PLAN, "api", "And more."));
    assert!(prompt.contains("And more."), "{prompt}");
}
