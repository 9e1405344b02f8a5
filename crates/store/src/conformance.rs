//! What every store must do, as one suite that runs against each of them.

mod appending;
mod beside;
mod looking_up;
mod reading;

use crate::append::{Append, NewEvent};
use crate::store::Store;
use crate::stream::{StreamId, StreamKind};

/// Runs the whole suite; `make` gives a new, empty store for each property.
///
/// # Panics
/// At the first property that the store does not have, naming it.
pub fn check(make: impl Fn() -> Box<dyn Store>) {
    for (name, property) in
        appending::ALL.iter().chain(reading::ALL).chain(looking_up::ALL).chain(beside::ALL)
    {
        let store = make();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| property(store.as_ref())));
        assert!(outcome.is_ok(), "the store does not keep the contract: {name}");
    }
}

/// One property of a store, and the sentence that says it.
type Property = (&'static str, fn(&dyn Store));

fn item(id: &str) -> StreamId {
    StreamId::new(StreamKind::WorkItem, id)
}

/// An event with `number` in its data and times.
fn event(number: u64) -> NewEvent {
    NewEvent::new("item.noted/1", format!("{{\"number\": {number}}}"), 1_000 + number, 10 + number)
}

/// An append of `count` events to the work item `id`.
fn append(id: &str, expected: u64, count: u64) -> Append {
    Append::new(item(id), expected, (0..count).map(|n| event(expected + n + 1)).collect())
}

/// The value, or a panic that names what should have worked.
#[track_caller]
fn ok<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("this should have worked: {error}"),
    }
}

/// The error, or a panic that names what should not have worked.
#[track_caller]
fn refused<T: std::fmt::Debug, E>(result: Result<T, E>) -> E {
    match result {
        Ok(value) => panic!("this should have been refused: {value:?}"),
        Err(error) => error,
    }
}
