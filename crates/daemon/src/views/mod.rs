//! What faces are shown, made of committed states. Everything here is derived; nothing is stored.

pub mod decision;
pub mod event;
pub mod item;
pub mod log;
pub mod plan;
pub mod question;
pub mod review;

use ganger_api::timestamp::Timestamp;
use ganger_store::NumberKind;

/// How things are called: the store's numbers.
pub trait Names {
    /// The number of a decision, critique or question; none where it has none yet.
    fn number(&self, kind: NumberKind, id: &str) -> Option<u64>;

    /// The handle of a decision, such as `d41`; its id where it has no number.
    fn decision(&self, id: &str) -> String {
        self.number(NumberKind::Decision, id).map_or_else(|| id.to_owned(), |number| format!("d{number}"))
    }

    /// The handle of a critique, such as `c7`.
    fn critique(&self, id: &str) -> String {
        self.number(NumberKind::Critique, id).map_or_else(|| id.to_owned(), |number| format!("c{number}"))
    }

    /// The handle of a question, such as `q3`.
    fn question(&self, id: &str) -> String {
        self.number(NumberKind::Question, id).map_or_else(|| id.to_owned(), |number| format!("q{number}"))
    }
}

/// A wall time of the log on the wire.
pub fn timestamp(wall_ms: u64) -> Timestamp {
    Timestamp::from_ms(i64::try_from(wall_ms).unwrap_or(i64::MAX))
}
