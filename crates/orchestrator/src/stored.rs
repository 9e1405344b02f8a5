//! Events as the store keeps them, and states as it gives them back.

use ganger_core::aggregate::Aggregate;
use ganger_core::env::Times;
use ganger_core::message::Address;
use ganger_store::{Loaded, NewEvent, Snapshot, StreamId, StreamKind};
use serde_json::Value;

/// Why a stream could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// An event that this build does not know.
    #[error("{stream} holds \"{kind}\", which this ganger does not know: it was written by a newer one")]
    Newer {
        /// The stream.
        stream: String,
        /// The event's name.
        kind: String,
    },
    /// Something that is no event.
    #[error("{stream} cannot be read at version {version}: {reason}")]
    Damaged {
        /// The stream.
        stream: String,
        /// Where.
        version: u64,
        /// Why.
        reason: String,
    },
}

/// The stream of an aggregate.
pub fn stream_of(address: Address) -> StreamId {
    match address {
        Address::Site => StreamId::new(StreamKind::Site, "site"),
        Address::Workspace(id) => StreamId::new(StreamKind::Workspace, id.to_string()),
        Address::WorkItem(id) => StreamId::new(StreamKind::WorkItem, id.to_string()),
    }
}

/// An event as the store keeps it: its name apart, the rest as JSON.
pub fn to_stored<E: serde::Serialize>(event: &E, at: Times) -> NewEvent {
    // Our events are plain data with text keys, which always have a JSON form.
    let mut value = serde_json::to_value(event).unwrap_or(Value::Null);
    let kind = match value.as_object_mut().and_then(|object| object.remove("event")) {
        Some(Value::String(kind)) => kind,
        _ => "unnamed".to_owned(),
    };
    NewEvent::new(kind, value.to_string(), at.wall_ms, at.awake_ms)
}

/// The event that was stored.
///
/// # Errors
/// The reason, in the words of the JSON reader.
pub fn from_stored<E: serde::de::DeserializeOwned>(kind: &str, data: &str) -> Result<E, String> {
    let mut value: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
    let object = value.as_object_mut().ok_or("it is no object")?;
    object.insert("event".to_owned(), Value::String(kind.to_owned()));
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// The state that a stream folds to, and its version.
///
/// # Errors
/// An event that this build does not know, or cannot read.
pub fn fold<A: Aggregate>(stream: &StreamId, loaded: &Loaded) -> Result<(A, u64), ReadError> {
    let usable = loaded.snapshot.as_ref().filter(|snapshot| snapshot.schema == A::SCHEMA);
    let mut state = match usable {
        Some(snapshot) => serde_json::from_slice(&snapshot.bytes).map_err(|error| ReadError::Damaged {
            stream: stream.to_string(),
            version: snapshot.version,
            reason: error.to_string(),
        })?,
        None => A::default(),
    };
    for event in &loaded.events {
        let event_read: A::Event = from_stored(&event.kind, &event.data).map_err(|reason| {
            if reason.contains("unknown variant") {
                ReadError::Newer { stream: stream.to_string(), kind: event.kind.clone() }
            } else {
                ReadError::Damaged { stream: stream.to_string(), version: event.version, reason }
            }
        })?;
        state.apply(&event_read);
    }
    Ok((state, loaded.version))
}

/// The state as a snapshot.
pub fn snapshot<A: Aggregate>(state: &A, version: u64) -> Snapshot {
    // As in `to_stored`: plain data.
    Snapshot { schema: A::SCHEMA, version, bytes: serde_json::to_vec(state).unwrap_or_default() }
}
