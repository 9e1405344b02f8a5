//! Tests with real git in temporary directories.

mod common;
mod discovery;
mod hostile;
mod killed;
mod life;
mod mirrors;
mod removal;
mod turns;
