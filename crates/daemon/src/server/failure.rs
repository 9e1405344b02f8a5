//! Failures as the API answers them: mapped once, here.

use crate::error::CodedError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_core::aggregate::Rejection;
use ganger_orchestrator::engine::EngineError;
use ganger_orchestrator::kernel::CommandOutcome;
use ganger_store::StoreError;

/// A failure of one request.
#[derive(Debug)]
pub struct Failure(pub ErrorDetail);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0.body())).into_response()
    }
}

impl From<ErrorDetail> for Failure {
    fn from(detail: ErrorDetail) -> Self {
        Self(detail)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        let mut detail = ErrorDetail::new(exit::REFUSED, rejection.code, rejection.message);
        if detail.code == "plan.invalid" {
            detail.problems = rejection.hints.iter().map(|line| problem(line)).collect();
        } else {
            detail.hints = rejection.hints;
        }
        Self(detail)
    }
}

/// A problem from its line `line 3: words`.
fn problem(text: &str) -> ganger_api::plan::PlanProblem {
    let parted = text.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    match parted.and_then(|(line, words)| Some((line.parse().ok()?, words))) {
        Some((line, words)) => ganger_api::plan::PlanProblem { line: Some(line), message: words.to_owned() },
        None => ganger_api::plan::PlanProblem { line: None, message: text.to_owned() },
    }
}

impl From<CodedError> for Failure {
    fn from(error: CodedError) -> Self {
        let mut detail = ErrorDetail::new(error.kind.exit_code(), error.code, error.message);
        detail.details = error.details;
        detail.hints = error.hints;
        Self(detail)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(ErrorDetail::new(exit::ENVIRONMENT, "store.unavailable", error.to_string()))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Command(CommandOutcome::Rejected(rejection)) => rejection.into(),
            EngineError::Command(CommandOutcome::NotStored(reason)) => Self(
                ErrorDetail::new(
                    exit::ENVIRONMENT,
                    "store.full",
                    format!("the event could not be stored, so nothing was done: {reason}"),
                )
                .hint("free some space on the volume of GANGER_HOME, then try again; how much is free: ganger doctor"),
            ),
            EngineError::Store(error) => error.into(),
            EngineError::Read(error) => {
                Self(ErrorDetail::new(exit::REFUSED, "item.unreadable", error.to_string()))
            }
            error => Self(ErrorDetail::new(exit::ENVIRONMENT, "daemon.silent", error.to_string())),
        }
    }
}
