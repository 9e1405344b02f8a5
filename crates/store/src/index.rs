//! Query columns: what is listed, counted and searched without loading a stream.

use crate::stream::StreamKind;

/// The query columns of one stream, written in the transaction of the events they follow from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IndexRow {
    /// The number people type, `g12`; unique over the site.
    pub number: Option<u64>,
    /// One line that names it.
    pub title: String,
    /// Its derived status.
    pub status: String,
    /// Whether something is owed or running, so that the daemon loads it when it starts.
    pub live: bool,
    /// Whether a decision waits for a person.
    pub needs_person: bool,
    /// When its next timer is due, as wall time in milliseconds.
    pub due_at_ms: Option<u64>,
    /// What faces list, as JSON. Its string values can be searched for, like the title.
    pub summary: String,
}

/// Which streams to list. Newest number first, those without a number last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Of which kind.
    pub kind: StreamKind,
    /// Only those that are live.
    pub live_only: bool,
    /// Only those that wait for a person.
    pub needs_person: bool,
    /// Only those whose status is not this one.
    pub without_status: Option<&'static str>,
    /// Only those with a timer due at this wall time in milliseconds, or before.
    pub due_by_ms: Option<u64>,
    /// Only those with a smaller number: the next page.
    pub below: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl ListQuery {
    /// All streams of a kind, up to `limit`.
    pub const fn all(kind: StreamKind, limit: usize) -> Self {
        Self {
            kind,
            live_only: false,
            needs_person: false,
            without_status: None,
            due_by_ms: None,
            below: None,
            limit,
        }
    }

    /// Whether `row` belongs to the list; the kind and the limit are the caller's to see to.
    pub(crate) fn admits(&self, row: &IndexRow) -> bool {
        (!self.live_only || row.live)
            && (!self.needs_person || row.needs_person)
            && self.without_status.is_none_or(|status| row.status != status)
            && self.due_by_ms.is_none_or(|by| row.due_at_ms.is_some_and(|due| due <= by))
            && self.below.is_none_or(|below| row.number.is_some_and(|number| number < below))
    }
}

/// The words of a text, as search sees them: runs of letters and digits in lower case.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// At most so many words of a search are looked at.
pub(crate) const MAX_SEARCH_WORDS: usize = 16;
