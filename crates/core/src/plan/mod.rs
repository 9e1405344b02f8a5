//! The plan of a work item: its document, versions, waves and their execution, and the digest that a person
//! approves.
//!
//! What is stored of a plan is the *text* that planner or person wrote; [`PlanDocument`] is what it means. The
//! grammar stands in [`parser`].

pub mod diff;
pub mod digest;
pub mod document;
pub mod execution;
pub mod parser;
pub mod problem;
pub mod waves;

mod groups;
mod list_items;
mod names;
mod outline;

pub use diff::{Change, PlanDiff, RepositoryDiff};
pub use digest::{ApprovedDigest, DigestInput};
pub use document::{PlanDocument, ReplaceError, SubPlan, replace_sub_plan};
pub use execution::{ExecutionState, Outcome, SubPlanExecution, WaveState, WaveStatus};
pub use parser::{PlanParser, RawPlanOutput};
pub use problem::{ParseErrors, Problem, ProblemCode};
pub use waves::{ScheduledSubPlan, SubPlanStatus, build_waves, startable};

#[cfg(test)]
mod tests;
