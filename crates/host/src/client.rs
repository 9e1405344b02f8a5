//! The daemon's side: launching hosts, talking to them, and reading the journals of those that ended.

mod connection;
mod launch;
mod records;

pub use connection::{AttachError, Connection, RequestError};
pub use launch::{LaunchError, launch, tombstone};
pub use records::{ReadError, Records, exit_of, read_journal};
