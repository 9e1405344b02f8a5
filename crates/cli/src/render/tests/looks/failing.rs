//! What is said where nothing could be done.

use super::views::*;
use super::{case, check};
use crate::failure::{Failure, detail_of, render};
use ganger_api::client::ClientError;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::plan::PlanProblem;
use std::io;

fn said(failure: Failure) -> ErrorDetail {
    match failure {
        Failure::Said(detail) => detail,
        Failure::OutputClosed => panic!("nothing is said"),
    }
}

#[test]
fn failures() {
    let path = || "/v1/items/g12/commands".to_owned();
    let refused =
        |status, body: serde_json::Value| detail_of(ClientError::Refused { path: path(), status, body });
    let gone = || io::Error::new(io::ErrorKind::NotFound, "No such file or directory (os error 2)");
    let socket = "/home/somebody-with-a-long-name/.local/share/ganger/run/daemon.sock".into();
    let changed = ErrorDetail::new(
        exit::REFUSED,
        "plan.changed",
        "g12 was not approved: the plan changed after you read it (v2 → v3, edited by you at 2026-11-22T12:40:00.000Z)",
    )
    .hint("ganger plan g12 --diff 2..3")
    .hint("ganger approve g12");
    let unknown = ErrorDetail::new(exit::NOT_FOUND, "item.unknown", "no item \"12a\" in acme (6 live)")
        .hint("did you mean g12 \"Rate limit per API key\"? ganger show g12");
    let mut full = ErrorDetail::new(
        exit::ENVIRONMENT,
        "store.full",
        "the event could not be stored, so nothing was done: database or disk is full",
    )
    .hint("free some space on the volume of GANGER_HOME, then try again; how much is free: ganger doctor");
    full.details =
        vec!["37 MB free on the volume of /home/somebody-with-a-long-name/.local/share/ganger".into()];
    let problem = |line, message: &str| PlanProblem { line, message: message.into() };
    let invalid = ErrorDetail::new(exit::REFUSED, "plan.invalid", "the plan of g12 was not changed: it has 2 problems")
        .with_problems(vec![
            problem(Some(3), "execution_groups names `web`, but there is no \"## SubPlan: web\" in the document, and none is planned"),
            problem(None, WIDE),
        ])
        .hint("ganger edit g12");
    let long =
        format!("ganger config set agents.claude.command '[\"/opt/{REPOSITORY}/bin/claude\", \"--acp\"]'");
    let command = ErrorDetail::new(exit::ENVIRONMENT, "agent.absent", "there is no program `claude` in PATH")
        .hint(long);
    let cases = [
        case("a refusal of the daemon", changed.body().error, render),
        case("an address that is unknown", unknown, render),
        case("no room", full, render),
        case("a plan with problems", invalid, render),
        case("a command that is wider than the screen", command, render),
        case("somebody else's words", ErrorDetail::new(exit::FAILED, "x", HOSTILE).hint("ganger ls"), render),
        case("a refusal of another version", refused(418, serde_json::json!({"no": "words"})), render),
        case("a failure of another version", refused(500, serde_json::json!("an internal error")), render),
        case("no daemon", detail_of(ClientError::NotRunning { socket, source: gone() }), render),
        case(
            "a lost daemon",
            detail_of(ClientError::Lost { path: path(), reason: "connection reset by peer".into() }),
            render,
        ),
        case("a slow daemon", detail_of(ClientError::TimedOut { path: path(), seconds: 30 }), render),
        case(
            "a strange daemon",
            detail_of(ClientError::Protocol { path: path(), reason: "the answer is no HTTP".into() }),
            render,
        ),
    ];
    // Nothing was refused, and ganger knows no way out.
    let unwritten = io::Error::new(io::ErrorKind::StorageFull, "No space left on device (os error 28)");
    let unwritten = case("no room for the result", said(unwritten.into()), render);
    let cases = cases.map(super::Case::ends_in_command).into_iter().chain([unwritten]);
    check("failure", &cases.collect::<Vec<_>>());
}
