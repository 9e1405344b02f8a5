//! What ganger is put together from: its configuration, where things lie, and the commands that work without a
//! running daemon.

pub mod compose;
pub mod config;
pub mod demo;
pub mod equipment;
pub mod error;
mod finder;
pub mod local;
pub mod log_file;
pub mod login_environment;
pub mod notify;
pub mod paths;
mod program_copy;
pub mod server;
pub mod surroundings;
pub mod views;

#[cfg(test)]
mod testing;
