//! Tests with real git in temporary directories.
// A helper that fails is a test that fails.
#![allow(clippy::unwrap_used)]

mod common;
mod discovery;
mod hostile;
mod killed;
mod life;
mod mirrors;
mod removal;
mod turns;
