//! An item as its stored log alone tells it.

use crate::error::{CodedError, ErrorKind};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::event::ItemEvent;
use ganger_orchestrator::stored;
use ganger_store::{SqliteOptions, SqliteStore, Store};
use std::path::Path;

/// An item and how it came to be what it is.
pub struct Record {
    /// What its events add up to.
    pub item: WorkItem,
    /// Its events, in order.
    pub events: Vec<ItemEvent>,
}

/// Reads item `g<number>` from the log below this `GANGER_HOME`, whose daemon does not run.
///
/// # Errors
/// The log cannot be read, or holds no such item.
pub fn read(home: &Path, number: u64) -> Result<Record, CodedError> {
    let unreadable = |reason: String| {
        let message = format!("the log below {} cannot be read: {reason}", home.display());
        CodedError::new(ErrorKind::Failed, "log.unreadable", message)
    };
    let store = SqliteStore::open(home.join("ganger.db"), &SqliteOptions::default())
        .map_err(|error| unreadable(error.to_string()))?;
    let stream = store.by_number(number).map_err(|error| unreadable(error.to_string()))?;
    let stream = stream.ok_or_else(|| unreadable(format!("there is no g{number} in it")))?;
    let mut record = Record { item: WorkItem::default(), events: Vec::new() };
    let mut version = 0;
    loop {
        let page =
            store.read_stream(&stream, version, 1000).map_err(|error| unreadable(error.to_string()))?;
        let Some(last) = page.last() else { return Ok(record) };
        version = last.version;
        for event in &page {
            let read: ItemEvent = stored::from_stored(&event.kind, &event.data).map_err(unreadable)?;
            ganger_core::aggregate::Aggregate::apply(&mut record.item, &read);
            record.events.push(read);
        }
    }
}
