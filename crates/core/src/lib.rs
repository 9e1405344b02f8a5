//! The domain of ganger and all its decisions: pure. No input or output, no clock, no randomness, no async; what
//! a decision needs comes in as arguments.

pub mod agent;
pub mod aggregate;
pub mod branch;
pub mod effect;
pub mod env;
pub mod foreman;
pub mod handle;
pub mod ids;
pub mod journal;
pub mod mailbox;
pub mod message;
pub mod plan;
pub mod process;
pub mod prompts;
pub mod question;
pub mod repository;
pub mod review;
pub mod session;
pub mod session_graph;
pub mod site;
pub mod work_item;
pub mod workspace;
