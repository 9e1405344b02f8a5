//! `QuestionRouter` and `Foreman`.

use super::world::daemon;
use super::*;
use ganger_core::foreman::answer::{Confidence, Proposal};
use ganger_core::ids::QuestionId;
use ganger_core::session::SessionKind;
use ganger_core::work_item::state::Answerer;
use serde_json::json;

/// An item whose first implementer has its turn, which the test ends.
async fn at_work() -> World {
    let world = World::new().await;
    planner(&world).plan(world.item).await.unwrap();
    world.script(|script| script.held.push(SessionKind::Implementation));
    let (service, item) = (implementation(&world), world.item);
    tokio::spawn(async move { service.implement(item, None).await });
    world.working(SessionKind::Implementation).await;
    world
}

async fn escalated(world: &World) -> QuestionId {
    let open = |item: &ganger_core::work_item::WorkItem| {
        item.questions.iter().find(|question| question.escalated).map(|question| question.id)
    };
    world.until(open).await
}

#[test]
fn what_the_foreman_knows_reaches_the_agent_at_once() {
    daemon(async {
        let world = at_work().await;
        world.script(|script| script.answers.push_back(("Monotonic.", "high")));
        let foreman = Foreman::new(world.engine.clone(), world.item);
        assert_eq!(foreman.last_session_id().await.unwrap(), None, "nobody asked anything yet");
        let session = world.working(SessionKind::Implementation).await;
        let call = world.call(session, "1", "ask_foreman", json!({ "question": "Which clock?" })).await;
        let answer = foreman.ask(call.clone()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.is_error), ("Monotonic.", false));
        let router = QuestionRouter::new(world.engine.clone());
        assert_eq!(router.route(world.item, call).await.unwrap(), answer, "the same call has one answer");

        let id = world.state().await.questions[0].id;
        let told = router.publish_question_answered(world.item, id, LIMIT).await.unwrap();
        assert_eq!((told.answer.as_deref(), told.by), (Some("Monotonic."), Some(Answerer::Foreman)));
        assert_eq!(told.sessions, [session]);

        let known = foreman.last_session_id().await.unwrap().unwrap();
        assert_eq!((foreman.is_running().await.unwrap(), foreman.session_id().await.unwrap()), (false, None));
        world.engine.hosts().pretend(known, 1);
        assert_eq!(foreman.session_id().await.unwrap(), Some(known));
        let plan = world.state().await.standing_plan().map(|plan| plan.digest.clone());
        assert_eq!(foreman.last_plan_id().await.unwrap(), plan);
    });
}

#[test]
fn what_it_does_not_know_is_discussed_and_then_a_persons_answer() {
    daemon(async {
        let world = at_work().await;
        world.script(|script| script.answers.extend([("Toast?", "uncertain"), ("Inline.", "high")]));
        let session = world.working(SessionKind::Implementation).await;
        let call = world.call(session, "1", "ask_foreman", json!({ "question": "Toast or inline?" })).await;
        let (foreman, asking) =
            (Foreman::new(world.engine.clone(), world.item), QuestionRouter::new(world.engine.clone()));
        let item = world.item;
        let answer = tokio::spawn(async move { asking.route(item, call).await });
        let question = escalated(&world).await;
        let proposal = foreman.send_user_message(question, "think of small screens", LIMIT).await.unwrap();
        let inline = Proposal { answer: "Inline.".to_owned(), confidence: Confidence::High };
        assert_eq!(proposal, inline);
        assert!(!answer.is_finished(), "the person decides");
        foreman.resolve_escalated(question, Vec::new(), "Inline, below the field.").await.unwrap();
        assert_eq!(answer.await.unwrap().unwrap().text, "Inline, below the field.");

        for (id, reason) in [(question, "it has its end"), (QuestionId::new(3.into()), "nobody asked it")] {
            let error = foreman.resolve_escalated(id, Vec::new(), "x").await.unwrap_err();
            assert!(matches!(&error, ForemanError::NotEscalated(found) if found.reason == reason), "{error}");
            let error = foreman.send_user_message(id, "x", LIMIT).await.unwrap_err();
            assert!(matches!(error, ForemanError::NotEscalated(_)), "{error}");
        }
    });
}

#[test]
fn a_running_session_is_answered_and_what_is_with_the_foreman_is_no_persons() {
    daemon(async {
        let world = at_work().await;
        world.script(|script| script.held.push(SessionKind::Foreman));
        let session = world.working(SessionKind::Implementation).await;
        let call = world.call(session, "1", "ask_foreman", json!({ "question": "Which unit?" })).await;
        let (foreman, item) = (Foreman::new(world.engine.clone(), world.item), world.item);
        let asking = foreman.clone();
        let answer = tokio::spawn(async move { asking.ask(call).await });
        let known = world.working(SessionKind::Foreman).await;
        let question = world.state().await.questions[0].id;
        let error = foreman.resolve_escalated(question, Vec::new(), "x").await.unwrap_err();
        assert!(error.to_string().ends_with("waits for no person: the Foreman has it"), "{error}");

        // Two turns without an answer, and it is the person's.
        world.end_turn(known).await;
        world
            .until(move |item| item.question(question).filter(|question| question.tries == 1).map(|_| ()))
            .await;
        world.working(SessionKind::Foreman).await;
        world.end_turn(known).await;
        assert_eq!(escalated(&world).await, question);
        world.engine.hosts().pretend(session, 1);
        let registry = SessionRegistry::new(world.engine.clone());
        registry.send_answer(item, session, Vec::new(), "Seconds.").await.unwrap();
        assert_eq!(answer.await.unwrap().unwrap().text, "Seconds.");
        world.engine.hosts().pretend(known, 1);
        let error = registry.abort_and_deregister(item, known).await.unwrap_err();
        assert!(error.to_string().contains("leaves by itself"), "{error}");
    });
}
