//! The operations of the field under their own names. Each is a thin function over a command, a query or a projection
//! of the one engine, and says which; nothing here decides anything. Work goes on by itself once it was commanded, and
//! survives the daemon: what an operation waits for is a condition on committed state, until its caller's limit.
//!
//! An operation of the field that has no meaning here is absent. Nobody starts or stops a Foreman: it is there from
//! the first question on, and leaves with the last sub-plan. Nobody registers a session: a live host is one.

mod foreman;
mod implementation;
mod planning;
mod questions;
mod registry;
mod review;
#[cfg(test)]
mod tests;
mod wait;

pub use crate::run::context::ensure_session_dir;
pub use crate::run::guidance::{GuidanceError, read_workspace_agents_md};
pub use crate::run::provision::{WorktreeCreatedPayload, WorktreeCreatingPayload};
pub use foreman::{Foreman, ForemanError, QuestionNotEscalated};
pub use ganger_core::branch::{generate_branch_name, validate_branch_name};
pub use implementation::{
    ImplementResult, ImplementationConfig, ImplementationService, ImplementationWarning,
    RepoFinalizationResult, SessionResult,
};
pub use planning::{PlanningConfig, PlanningError, PlanningResult, PlanningService};
pub use questions::{QuestionAnswered, QuestionRouter};
pub use registry::{RegistryError, SessionNotRunning, SessionRegistry};
pub use review::{ReviewPipeline, ReviewResult, SubPlanEnd, SubPlanOutcome};
pub use wait::ServiceError;
