//! The Foreman: the session that answers other sessions' questions from the plan and the FAQ. Its queue is derived
//! from the questions of the item (`work_item::advance::foreman`); here is the grammar of its answers.

pub mod answer;
