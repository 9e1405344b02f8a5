//! The plan of a work item: its document, versions, waves and their execution, and the digest that a person
//! approves.
//!
//! What is stored of a plan is the *text* that planner or person wrote; [`PlanDocument`] is what it means. The
//! grammar stands in [`parser`].

pub mod document;
pub mod parser;
pub mod problem;

mod groups;
mod list_items;
mod outline;

pub use document::{PlanDocument, SubPlan};
pub use parser::{PlanParser, RawPlanOutput};
pub use problem::{ParseErrors, Problem, ProblemCode};

#[cfg(test)]
mod tests;
