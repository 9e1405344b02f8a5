//! The words between ganger's daemon and its faces: wire types, routes, client, OpenAPI document.
//!
//! Rules of the types: what is unknown is `null` and never zero; moments are [`timestamp::Timestamp`], durations end
//! in `_ms`, money is in millionths of a US dollar; whatever has a ULID carries its handle too.

pub mod agent;
pub mod client;
pub mod command;
pub mod cost;
pub mod daemon;
pub mod decision;
pub mod diff;
pub mod doctor;
pub mod document;
pub mod error;
pub mod event;
pub mod exit;
pub mod item;
pub mod log;
pub mod machine;
pub mod plan;
pub mod question;
pub mod review;
pub mod routes;
pub mod search;
pub mod session;
pub mod timestamp;
pub mod version;
pub mod wait;
pub mod workspace;
