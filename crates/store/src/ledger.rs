//! What turns used, and sums of it.

use crate::stream::StreamId;

/// More than this of anything in one turn is an agent's mistake, and counts as this much: sums stay sums.
pub const MAX_OF_A_TURN: u64 = 1_000_000_000_000;

/// What one turn of an agent used. None is unknown, never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which event of its append ended it, from 0.
    pub event: usize,
    /// The agent that had it.
    pub agent: String,
    /// The repository it was about; none for the whole item.
    pub repository: Option<String>,
    /// What kind of work it was.
    pub phase: String,
    /// Tokens the model read.
    pub input: Option<u64>,
    /// Tokens the model wrote.
    pub output: Option<u64>,
    /// All tokens, where that is known; else it is the sum of what is known.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar.
    pub cost: Option<u64>,
}

impl Turn {
    /// The same with nothing greater than [`MAX_OF_A_TURN`], and its tokens summed.
    pub(crate) fn tidy(mut self) -> Self {
        for value in [&mut self.input, &mut self.output, &mut self.tokens, &mut self.cost] {
            *value = value.map(|value| value.min(MAX_OF_A_TURN));
        }
        self.tokens = self.tokens.or_else(|| plus(self.input, self.output));
        self
    }
}

/// The sum of what is known; none where nothing is.
pub(crate) fn plus(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (None, None) => None,
        (left, right) => Some(left.unwrap_or(0).saturating_add(right.unwrap_or(0))),
    }
}

/// What turns are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// The stream.
    Stream,
    /// The repository.
    Repository,
    /// The agent.
    Agent,
    /// The day, where midnight is so many milliseconds before it is in UTC.
    Day {
        /// How far local time is ahead of UTC.
        offset_ms: i64,
    },
}

/// Which turns to sum up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// What they are put together by.
    pub by: UsageBy,
    /// Only those that ended at this wall time in milliseconds, or later.
    pub since_ms: Option<u64>,
    /// Only those of this stream.
    pub stream: Option<StreamId>,
}

impl UsageQuery {
    /// All turns.
    pub const fn all(by: UsageBy) -> Self {
        Self { by, since_ms: None, stream: None }
    }
}

/// What the turns of one sum have in common. In this order they are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageKey {
    /// A stream, with its columns.
    Stream {
        /// Its `g` number.
        number: Option<u64>,
        /// Its name.
        stream: StreamId,
        /// Its title.
        title: String,
    },
    /// A repository; none for what concerned a whole item.
    Repository(Option<String>),
    /// An agent.
    Agent(String),
    /// A day, as days since 1970 in the asked-for offset.
    Day(i64),
}

/// The sum of some turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSum {
    /// What they have in common.
    pub key: UsageKey,
    /// How many they are.
    pub turns: u64,
    /// How many of them have a known cost.
    pub priced: u64,
    /// Tokens read, as far as known.
    pub input: Option<u64>,
    /// Tokens written, as far as known.
    pub output: Option<u64>,
    /// All tokens, as far as known.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar, as far as known.
    pub cost: Option<u64>,
}

/// The day that a wall time lies in.
pub(crate) fn day(wall_ms: u64, offset_ms: i64) -> i64 {
    wall_ms.cast_signed().saturating_add(offset_ms).div_euclid(MS_OF_A_DAY)
}

/// The length of a day.
pub(crate) const MS_OF_A_DAY: i64 = 24 * 60 * 60 * 1000;
