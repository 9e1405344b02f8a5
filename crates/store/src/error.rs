//! Why the store could not do what it was asked to.

use crate::append::NumberKind;
use crate::stream::StreamId;

/// Why an append was not, or may not have been, committed.
///
/// After every variant but [`Unavailable`](Self::Unavailable) nothing of the append is in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has written the stream. Load, decide again, append again.
    #[error("{stream} is at version {actual}, not at {expected}: load it again and decide anew")]
    VersionConflict {
        /// The stream.
        stream: StreamId,
        /// The version the append expected.
        expected: u64,
        /// The version it has.
        actual: u64,
    },
    /// This very command was accepted before; its caller gets the result of then.
    #[error("the command `{key}` was already accepted: its result then is the result now")]
    AlreadyAccepted {
        /// The command's key.
        key: String,
        /// The result that was stored.
        result: String,
    },
    /// The key was used for another command.
    #[error("the key `{key}` was already used for a command with another body: choose a new key")]
    KeyReused {
        /// The command's key.
        key: String,
    },
    /// The number in the query columns belongs to another stream.
    #[error("g{number} already names {owner}: a number belongs to one stream")]
    NumberTaken {
        /// The number.
        number: u64,
        /// Who has it.
        owner: StreamId,
    },
    /// The thing to be numbered belongs to another stream.
    #[error("{kind}{number} already names `{id}` in {owner}: an id is numbered for one stream")]
    IdTaken {
        /// In which sequence.
        kind: NumberKind,
        /// The number it has.
        number: u64,
        /// The thing's id.
        id: String,
        /// The stream that asked for the number.
        owner: StreamId,
    },
    /// The append itself can't be stored.
    #[error("the append to {stream} can't be stored: {reason}")]
    Invalid {
        /// The stream.
        stream: StreamId,
        /// What is wrong and what is possible.
        reason: String,
    },
    /// There is no room. Nothing was written; it can be tried again when there is.
    #[error(
        "nothing was written to {place}, because there is no room left ({reason}): free some and try again"
    )]
    Full {
        /// Which database.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// It is not known whether the append was committed. Load the stream and look at its version.
    #[error(
        "it is unknown whether {place} holds the last append ({reason}): load the stream again before deciding"
    )]
    Unavailable {
        /// Which database.
        place: String,
        /// What happened.
        reason: String,
    },
}

/// Why something could not be read, or kept beside the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached or refused; the same may succeed later.
    #[error("{place} can't be used at the moment: {reason}")]
    Unavailable {
        /// Which database.
        place: String,
        /// What happened.
        reason: String,
    },
    /// What was read can't be what was written.
    #[error("{place} is damaged: {reason}")]
    Damaged {
        /// Which database.
        place: String,
        /// What does not fit.
        reason: String,
    },
    /// A snapshot of a state that the stream has not reached.
    #[error("{stream} is at version {actual}, so a snapshot at version {snapshot} can't be kept")]
    SnapshotAhead {
        /// The stream.
        stream: StreamId,
        /// The version it has.
        actual: u64,
        /// The version the snapshot claims.
        snapshot: u64,
    },
}
