//! How results look on a screen: pure functions from what the API says and a [`Look`](crate::look::Look) to text.

pub mod agents;
pub mod cost;
pub mod decision;
pub mod diff;
pub mod doctor;
pub mod faq;
pub mod feed;
pub mod item;
pub mod items;
pub mod machine;
pub mod plan;
pub mod region;
pub mod result;
pub mod review;
pub mod search;
#[cfg(test)]
pub(crate) mod tests;
