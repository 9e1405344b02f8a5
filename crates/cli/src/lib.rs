//! The command line of ganger: its commands, and how their results look.
//!
//! It sees the API and the pure core alone. What needs the rest of the program in process comes in as
//! [`local::LocalCommands`], the process itself as [`environment::Environment`].

pub mod arguments;
mod attention;
pub mod environment;
pub mod local;
pub mod look;
pub mod render;

mod commands;
mod completing;
mod context;
mod editor;
mod failure;
mod fields;
mod issue;
mod seen;
mod signs;
mod table;

pub use commands::main;
