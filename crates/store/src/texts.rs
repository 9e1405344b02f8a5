//! Texts that people look for, and the marks of those who follow the log.

use crate::stream::StreamId;

/// How many bytes of a text are kept and can be found.
pub const MAX_TEXT_BYTES: usize = 64 << 10;

/// A text to be found by its words. One with the same key takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it is known by: 1 to 128 bytes.
    pub key: String,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// What kind it is, in the writer's words.
    pub kind: String,
    /// Where it stands, in the writer's words.
    pub place: String,
    /// Its wall time in milliseconds.
    pub wall_ms: u64,
    /// The text; of a longer one the beginning.
    pub body: String,
}

impl Text {
    /// The same with no more than is kept.
    pub(crate) fn tidy(mut self) -> Self {
        self.body.truncate(self.body.floor_char_boundary(MAX_TEXT_BYTES));
        self
    }
}

/// How far a follower of the log is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The follower's name: 1 to 128 bytes.
    pub name: String,
    /// How far it is.
    pub value: String,
}

/// Which texts to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextQuery {
    /// Of each word some word in the text begins with it.
    pub words: String,
    /// Only texts of this stream.
    pub stream: Option<StreamId>,
    /// At most so many.
    pub limit: usize,
}
