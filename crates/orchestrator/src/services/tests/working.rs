//! `ImplementationService`, `ReviewPipeline` and the free functions.

use super::world::daemon;
use super::*;
use ganger_core::session::SessionKind;
use ganger_core::work_item::decision::DecisionKind;
use ganger_core::work_item::state::SubPlanStage;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

fn critique(severity: &str, description: &str) -> Value {
    let critique =
        json!({ "file": "src/limit.rs", "line": 4, "severity": severity, "description": description });
    json!({ "verdict": "critiques", "critiques": [critique] })
}

async fn planned() -> World {
    let world = World::new().await;
    planner(&world).plan(world.item).await.unwrap();
    world
}

#[test]
fn a_plan_is_carried_out_reviewed_and_published() {
    daemon(async {
        let world = planned().await;
        let pass = json!({ "verdict": "no_critiques" });
        world.script(|script| {
            script.reviews.push_back(critique("major", "off by one at the end"));
            script.reviews.extend([pass, critique("nit", "the name says little")]);
        });
        let service = implementation(&world);
        service.implement(world.item, Some("sha256:00000000")).await.unwrap_err();
        let digest = world.state().await.waiting_plan().map(|plan| plan.digest.clone()).unwrap();
        let result = service.implement(world.item, Some(&digest)).await.unwrap();
        assert!(result.is_proven(), "{result:?}");
        let order: Vec<(&str, usize)> =
            result.sessions.iter().map(|session| (session.repository.as_str(), session.cycles)).collect();
        assert_eq!(order, [("shared", 2), ("api", 1)]);
        assert_eq!(result.sessions[0].candidate.as_deref(), Some("shared-2"));
        let warnings: Vec<&str> = result.warnings.iter().map(|warning| warning.text.as_str()).collect();
        let lint = "the check lint ended with exit code 1";
        assert_eq!(warnings, [lint, lint, "left as it is: the name says little"]);

        let reviews = ReviewPipeline::new(world.engine.clone());
        let implementer = result.sessions[0].session.unwrap();
        let review = reviews.review_session(world.item, implementer, LIMIT).await.unwrap();
        assert!(review.passed() && !review.needs_reimplementation() && review.escalated().is_none());
        assert_eq!((review.cycle_number, review.critiques), (2, Vec::new()));
        let outcome = reviews.outcome(world.item, "shared", LIMIT).await.unwrap();
        assert_eq!((outcome.end, outcome.cycles), (SubPlanEnd::Passed, 2));
        let outcome = reviews.outcome(world.item, "api", LIMIT).await.unwrap();
        assert_eq!(outcome.review.map(|review| review.critiques.len()), Some(1));
        let foreign = world.state().await.planning.session.unwrap();
        reviews.review_session(world.item, foreign, LIMIT).await.unwrap_err();
        reviews.outcome(world.item, "web", LIMIT).await.unwrap_err();

        let published = service.finalize_work_item(world.item).await.unwrap();
        let shown: Vec<_> = published
            .iter()
            .map(|one| (one.repository.as_str(), one.remote.as_deref(), one.published.as_deref()))
            .collect();
        let origin = Some("origin");
        assert_eq!(shown, [("shared", origin, Some("shared-2")), ("api", origin, Some("api-1"))]);
        assert!(published.iter().all(|one| one.branch == "sub-g1-limit-the-keys" && one.reason.is_none()));
        assert_eq!(service.finalize_work_item(world.item).await.unwrap(), published, "asked again");

        // What is done is followed up: the same plan with another goal for one of them.
        let other = PLAN.replace("Use it.\n### Scope", "Use it twice.\n### Scope");
        world.script(|script| script.plans.push_back(Some(other)));
        let follow_up = planner(&world).follow_up_plan(world.item, "use it twice").await.unwrap();
        assert_eq!(follow_up.plan.number, 2);
    });
}

#[test]
fn a_review_that_finds_the_same_again_and_again_is_a_persons_to_end() {
    daemon(async {
        let world = planned().await;
        let mut again = critique("major", "off by one at the end");
        world.script(|script| script.reviews.push_back(again.clone()));
        again["critiques"][0]["resolves"] = json!(1);
        world.script(|script| script.reviews.extend([again.clone(), again.clone(), again]));
        let result = implementation(&world).implement(world.item, None).await.unwrap();
        assert!(!result.is_proven());
        assert!(
            matches!(result.decisions[0].kind, DecisionKind::ReviewStopped { .. }),
            "{:?}",
            result.decisions
        );
        assert_eq!(result.sessions[1].stage, SubPlanStage::Waiting, "the next wave waits");
        let reviews = ReviewPipeline::new(world.engine.clone());
        let outcome = reviews.outcome(world.item, "shared", LIMIT).await.unwrap();
        assert_eq!(outcome.end, SubPlanEnd::Escalated);
        assert!(outcome.review.is_some_and(|review| review.escalated().is_some()));
        let error = implementation(&world).finalize_work_item(world.item).await.unwrap_err();
        assert!(matches!(error, ServiceError::Refused(_)), "not everything is proven: {error}");
    });
}

#[test]
fn a_branch_that_cannot_be_published_says_why() {
    daemon(async {
        let world = planned().await;
        world.script(|script| script.is_closed = true);
        let service = implementation(&world);
        service.implement(world.item, None).await.unwrap();
        let results = service.finalize_work_item(world.item).await.unwrap();
        assert_eq!(results[0].published, None);
        let reason = results[0].reason.as_deref().unwrap_or_default();
        assert!(reason.contains("the remote is read-only"), "{results:?}");
    });
}

#[test]
fn a_sub_plan_that_a_person_stopped_has_failed_and_its_session_does_not_run() {
    daemon(async {
        let world = planned().await;
        world.script(|script| script.held.push(SessionKind::Implementation));
        let service = implementation(&world);
        let (service_engine, item) = (world.engine.clone(), world.item);
        let waiting = tokio::spawn(async move { service.implement(item, None).await });
        let session = world.working(SessionKind::Implementation).await;
        let registry = SessionRegistry::new(service_engine);
        // Only a host makes a session run, and hosts are played here.
        assert!(registry.running().is_empty() && !registry.is_running(session));
        let error = registry.abort_and_deregister(item, session).await.unwrap_err();
        assert!(matches!(error, RegistryError::NotRunning(SessionNotRunning { .. })), "{error}");
        let error = registry.send_answer(item, session, Vec::new(), "yes").await.unwrap_err();
        assert!(matches!(error, RegistryError::NotRunning(SessionNotRunning { .. })), "{error}");

        world.engine.hosts().pretend(session, 1);
        assert_eq!(registry.running(), [session]);
        let error = registry.send_answer(item, session, Vec::new(), "yes").await.unwrap_err();
        assert!(matches!(error, RegistryError::NothingAsked { .. }), "{error}");
        registry.abort_and_deregister(item, session).await.unwrap();
        let outcome = ReviewPipeline::new(world.engine.clone()).outcome(item, "shared", LIMIT).await.unwrap();
        assert!(matches!(outcome.end, SubPlanEnd::Failed { .. }), "{outcome:?}");
        assert!(!waiting.await.unwrap().unwrap().is_proven());
    });
}

#[test]
fn a_session_has_a_directory_that_only_this_user_enters() {
    let home = tempfile::tempdir().unwrap();
    let session = ganger_core::ids::SessionId::new(9.into());
    let directory = ensure_session_dir(home.path(), session).unwrap();
    assert_eq!(directory, home.path().join("sessions").join(session.to_string()));
    for place in [&directory, &directory.join("tmp")] {
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(ensure_session_dir(home.path(), session).unwrap(), directory, "done again");
    std::fs::write(home.path().join("AGENTS.md"), "Tests first.").unwrap();
    assert_eq!(read_workspace_agents_md(home.path()).unwrap(), "Tests first.");
}
