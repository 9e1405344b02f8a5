//! What ganger is put together from: its configuration, where things lie, and the commands that work without a
//! running daemon.

pub mod config;
pub mod error;
pub mod local;
pub mod login_environment;
pub mod paths;

#[cfg(test)]
mod testing;
