//! The domain of ganger and all its decisions: pure. No input or output, no clock, no randomness, no async; what
//! a decision needs comes in as arguments.

pub mod agent;
pub mod branch;
pub mod ids;
pub mod journal;
pub mod plan;
pub mod process;
