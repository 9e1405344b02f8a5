//! The Foreman and reviews in whole lives through the binary.

// Helpers of a test, which the lint's exception for tests does not see.
#![allow(clippy::unwrap_used)]

mod afresh;
mod edit_war;
#[allow(dead_code, reason = "shared with the other lives, which need more of it")]
#[path = "../life/fixture.rs"]
mod fixture;
mod killed;
mod lunch;
mod machine;

mod phases;
mod places;
mod plans;
mod red_base;
mod reviewer;
mod screen;
mod scripts;
#[allow(dead_code, reason = "shared with the other lives, which need more of it")]
#[path = "../life/site.rs"]
mod site;
mod stale;
mod support;
mod terminal;
mod tmux;
