//! `PlanningService`.

use super::world::{Script, daemon};
use super::*;
use ganger_core::session::SessionKind;
use ganger_core::work_item::state::PlanAuthor;
use ganger_store::MemoryStore;

/// The plan with another goal for `api`.
fn other_plan(goal: &str) -> String {
    PLAN.replace("Use it.\n### Scope", &format!("{goal}\n### Scope"))
}

#[test]
fn a_ticket_is_planned_and_the_plan_changed_as_a_person_wishes() {
    daemon(async {
        let world = World::new().await;
        let planner = planner(&world);
        world.script(|script| script.plans.push_back(Some("words".to_owned())));
        let first = planner.plan(world.item).await.unwrap();
        assert_eq!((first.plan.number, first.plan.author), (1, PlanAuthor::Agent));
        assert_eq!(first.corrections, 1, "words are no plan");
        assert_eq!(first.warnings, ["old is left out: it is a partial clone"]);

        world.script(|script| script.plans.push_back(Some(other_plan("Use it twice."))));
        let second = planner.plan_with_feedback(world.item, "use it twice").await.unwrap();
        assert_eq!(second.plan.number, 2);
        assert!(second.plan.document.contains("Use it twice."), "{}", second.plan.document);

        let third = planner.update_reviewed_plan(world.item, &other_plan("Use it thrice.")).await.unwrap();
        assert_eq!((third.plan.number, third.plan.author), (3, PlanAuthor::Person));

        let error = planner.update_reviewed_plan(world.item, "words").await.unwrap_err();
        assert!(error.parse_errors().is_some_and(|problems| problems.has_errors()), "{error}");
        assert_eq!(world.state().await.plans.len(), 3, "nothing was changed");
        let error = planner.follow_up_plan(world.item, "and more").await.unwrap_err();
        let expected = "g1 is not done yet, so nothing can follow up on it: it is waiting for your approval";
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn a_planner_without_a_plan_is_told_with_its_reason() {
    daemon(async {
        let world = World::new().await;
        let planner = planner(&world);
        world.script(|script| script.plans.extend([None, None, None]));
        let error = planner.plan(world.item).await.unwrap_err();
        assert!(matches!(&error, PlanningError::NotPlanned { number: 1, .. }), "{error}");
        assert!(error.to_string().contains("did not submit a valid plan in 3 turns"), "{error}");
        // Started anew it may succeed; and what cannot be started is refused.
        planner.plan(world.item).await.unwrap();
        let refused = planner.plan(world.item).await.unwrap_err();
        assert!(matches!(refused, PlanningError::Service(ServiceError::Refused(_))), "{refused}");
        // A change that fails leaves the plan that stood.
        world.script(|script| script.plans.extend([None, None, None]));
        let error = planner.plan_with_feedback(world.item, "shorter").await.unwrap_err();
        assert!(matches!(&error, PlanningError::NotPlanned { .. }), "{error}");
        assert_eq!(world.state().await.waiting_plan().map(|plan| plan.number), Some(1));
    });
}

#[test]
fn what_does_not_come_in_time_is_told_and_goes_on() {
    daemon(async {
        let world = World::new().await;
        world.script(|script| script.held.push(SessionKind::Planning));
        let error = planner(&world).plan(world.item).await.unwrap_err();
        assert_eq!(error.to_string(), "g1 was not planned within 30000 ms; it is planning, and goes on");
        let unknown = ganger_core::ids::WorkItemId::new(8.into());
        let error = implementation(&world).implement(unknown, None).await.unwrap_err();
        assert!(matches!(error, ServiceError::Unknown { item } if item == unknown), "{error}");
    });
}

#[test]
fn an_interrupted_planning_is_waited_for_after_a_restart() {
    let store = MemoryStore::new();
    daemon(async {
        let script = Script { held: vec![SessionKind::Planning], ..Script::default() };
        let world = World::over(&store, script).await;
        let error = planner(&world).resume_interrupted(world.item).await.unwrap_err();
        assert_eq!(error.to_string(), "g1 is not started, so no planning is under way in it");
        planner(&world).plan(world.item).await.unwrap_err();
        world.working(SessionKind::Planning).await;
    });
    daemon(async {
        // Positions in the journal go on where they stood.
        let world = World::over(&store, Script { line: 1000, ..Script::default() }).await;
        let session = world.working(SessionKind::Planning).await;
        let submitted =
            world.call(session, "last", "submit_plan", serde_json::json!({ "document": PLAN })).await;
        let router = QuestionRouter::new(world.engine.clone());
        assert!(!router.route(world.item, submitted).await.unwrap().is_error);
        let planner = planner(&world);
        let (result, ()) = tokio::join!(planner.resume_interrupted(world.item), world.end_turn(session));
        assert_eq!(result.unwrap().plan.number, 1);
    });
}
