//! Lengths of time as a person writes them: `"20m"`, `"1h 30m"`, and `"never"` for an end that never comes.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time of at least one millisecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Interval(Duration);

impl Interval {
    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// As the standard library counts it.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// In milliseconds, as events carry it.
    pub fn milliseconds(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Why a text is no length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be a length of time such as \"20m\", \"90s\" or \"1h 30m\"")]
pub struct NoInterval;

impl FromStr for Interval {
    type Err = NoInterval;
    fn from_str(text: &str) -> Result<Self, NoInterval> {
        match humantime::parse_duration(text) {
            Ok(duration) if duration >= Duration::from_millis(1) => Ok(Self(duration)),
            _ => Err(NoInterval),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How long something is waited for: a length of time, or as long as it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Patience {
    /// As long as it takes.
    #[default]
    Never,
    /// So long.
    For(Interval),
}

/// How unlimited patience is written: its end is never.
const NEVER: &str = "never";

impl Patience {
    /// In milliseconds; none where it has no end.
    pub fn milliseconds(self) -> Option<u64> {
        match self {
            Self::Never => None,
            Self::For(interval) => Some(interval.milliseconds()),
        }
    }
}

/// Why a text is neither a length of time nor `never`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be \"never\" or a length of time such as \"20m\", \"90s\" or \"1h 30m\"")]
pub struct NoPatience;

impl FromStr for Patience {
    type Err = NoPatience;
    fn from_str(text: &str) -> Result<Self, NoPatience> {
        if text == NEVER {
            return Ok(Self::Never);
        }
        text.parse().map(Self::For).map_err(|_| NoPatience)
    }
}

impl fmt::Display for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str(NEVER),
            Self::For(interval) => interval.fmt(f),
        }
    }
}

impl Serialize for Patience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Patience {
    fn schema_name() -> Cow<'static, str> {
        "Patience".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "interval or never", "examples": ["never", "1h 30m"] })
    }
}

impl JsonSchema for Interval {
    fn schema_name() -> Cow<'static, str> {
        "Interval".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "interval", "examples": ["20m", "1h 30m"] })
    }
}
