//! The store: the event log, which is the only truth, and what is looked up beside it in the same transaction
//! (query columns, numbers, command results, snapshots, blobs, search).
//!
//! [`Store`] speaks of events, not of SQL, so that a second database can stand behind it; [`conformance::check`]
//! holds every implementation to the contract. [`MemoryStore`] keeps all in memory and can lose commits or answers
//! on demand, for the simulator. `SqliteStore` (feature `sqlite`, on by default) is the one on disk.
//!
//! ```
//! use ganger_store::{Append, MemoryStore, NewEvent, Store, StreamId, StreamKind};
//! let store = MemoryStore::new();
//! let item = StreamId::new(StreamKind::WorkItem, "01J00000000000000000000000");
//! let born = NewEvent::new("item.ingested/1", r#"{"title":"Add a health page"}"#, 1_700_000_000_000, 5_000);
//! let done = store.append(Append::new(item.clone(), 0, vec![born])).unwrap();
//! assert_eq!((done.version, done.last_seq), (1, 1));
//! assert_eq!(store.load(&item).unwrap().events[0].kind, "item.ingested/1");
//! ```

mod append;
mod body;
pub mod conformance;
mod digest;
mod error;
mod index;
mod ledger;
mod memory;
mod prepare;
mod reserve;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod stream;
mod texts;

pub use append::{
    Append, Appended, CommandKey, CommandResult, NewEvent, NumberKind, NumberRequest, Numbered,
};
pub use body::BODY_LIMIT;
pub use digest::{Digest, ParseDigestError};
pub use error::{AppendError, StoreError};
pub use index::{IndexRow, ListQuery};
pub use ledger::{MAX_OF_A_TURN, Turn, UsageBy, UsageKey, UsageQuery, UsageSum};
pub use memory::{Fault, Faults, MemoryStore, SeededFaults};
pub use prepare::{MAX_APPEND_BYTES, MAX_APPEND_EVENTS};
pub use reserve::{Reserve, ReserveError};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteOptions, SqliteStore};
pub use store::{COMMAND_RETENTION_MS, Done, MAX_PAGE, Store};
pub use stream::{Loaded, ParseStreamError, Snapshot, StoredEvent, StreamId, StreamKind};
pub use texts::{MAX_TEXT_BYTES, Mark, Text, TextQuery};
