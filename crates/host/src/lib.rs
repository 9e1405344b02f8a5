//! The host: the small process that owns one agent process or one job, keeps its journal, and outlives the
//! daemon. The same crate holds the trampoline that sandboxes the agent and, under the feature `client`, the
//! daemon's side of the protocol.

#[cfg(feature = "client")]
pub mod client;
mod confine;
mod files;
pub mod journal;
pub mod machine;
mod processes;
pub mod program;
pub mod protocol;
pub mod spec;
pub mod sweep;
pub mod trampoline;
