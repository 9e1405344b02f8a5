//! How a person is told that something waits for them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// How you are told that something waits for you.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Notify {
    /// What you are told of.
    pub when: Vec<Occasion>,
    /// How.
    pub how: Vec<Channel>,
    /// A shell command that is run for each, with what happened as JSON on its standard input; empty for none.
    pub command: String,
    /// The hours in which nothing is announced until they are over, such as "22:00-08:00"; empty for none.
    pub quiet: QuietHours,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            when: Occasion::ALL.into(),
            how: vec![Channel::Bell, Channel::Desktop],
            command: String::new(),
            quiet: QuietHours::default(),
        }
    }
}

/// What you can be told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Occasion {
    /// An agent asks you something, or for a permission.
    Question,
    /// A plan waits for your approval.
    Plan,
    /// A result needs your judgement.
    Review,
    /// A work item has cost what it may cost.
    Budget,
    /// Something does not work and needs you.
    Failed,
    /// A work item is proven or done.
    Finished,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Question, Self::Plan, Self::Review, Self::Budget, Self::Failed, Self::Finished];
}

impl From<ganger_api::wait::Occasion> for Occasion {
    fn from(occasion: ganger_api::wait::Occasion) -> Self {
        use ganger_api::wait::Occasion as Of;
        match occasion {
            Of::Question => Self::Question,
            Of::Plan => Self::Plan,
            Of::Review => Self::Review,
            Of::Budget => Self::Budget,
            Of::Failed => Self::Failed,
            Of::Finished => Self::Finished,
        }
    }
}

/// How you can be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Channel {
    /// The bell of the terminal in which `ganger run` is attached.
    Bell,
    /// A message on the desktop, by notify-send or by the terminal.
    Desktop,
}

impl Notify {
    /// Whether a terminal rings at this minute of the local day, and shows a message on the desktop, for this.
    pub fn by_terminal(&self, occasion: ganger_api::wait::Occasion, minute: u16) -> (bool, bool) {
        let wanted = self.when.contains(&occasion.into()) && !self.quiet.contain(minute);
        (wanted && self.how.contains(&Channel::Bell), wanted && self.how.contains(&Channel::Desktop))
    }
}

/// The length of a day in minutes.
const DAY: u16 = 24 * 60;

/// Hours of the day in which nothing is announced; possibly none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QuietHours(Option<(u16, u16)>);

impl QuietHours {
    /// No quiet hours.
    pub const NONE: Self = Self(None);

    /// Whether this minute of the local day is quiet. The last minute is the one before the end.
    pub fn contain(self, minute: u16) -> bool {
        match self.0 {
            None => false,
            Some((from, to)) if from <= to => (from..to).contains(&minute),
            Some((from, to)) => minute >= from || minute < to,
        }
    }
}

/// Why a text does not name hours of the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be empty or two different times of the day such as \"22:00-08:00\"")]
pub struct NoHours;

impl FromStr for QuietHours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let digits =
                |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            if !digits(hours) || minutes.len() != 2 || !digits(minutes) {
                return None;
            }
            let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
            (hours <= 24 && minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
        };
        let (from, to) = text.split_once('-').ok_or(NoHours)?;
        match (minute(from), minute(to)) {
            (Some(from), Some(to)) if from % DAY != to % DAY => Ok(Self(Some((from % DAY, to)))),
            _ => Err(NoHours),
        }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((from, to)) => {
                write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
            }
        }
    }
}

impl Serialize for QuietHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for QuietHours {
    fn schema_name() -> Cow<'static, str> {
        "QuietHours".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "hours", "examples": ["22:00-08:00"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_pass_midnight() {
        let check = |text: &str, quiet: &[&str], loud: &[&str]| {
            let hours: QuietHours = text.parse().unwrap();
            let minute = |text: &str| {
                let (hours, minutes) = text.split_once(':').unwrap();
                hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
            };
            for time in quiet {
                assert!(hours.contain(minute(time)), "{time} in {text}");
            }
            for time in loud {
                assert!(!hours.contain(minute(time)), "{time} in {text}");
            }
        };
        check("22:00-08:00", &["22:00", "23:59", "0:00", "7:59"], &["8:00", "21:59", "12:00"]);
        check("12:30-13:00", &["12:30", "12:59"], &["12:29", "13:00", "0:00"]);
        check("18:00-24:00", &["18:00", "23:59"], &["0:00", "17:59"]);
        check("", &[], &["0:00", "12:00", "23:59"]);
    }

    #[test]
    fn what_names_no_hours_is_refused() {
        for text in
            ["22", "22:00", "22-8", "22:00-22:00", "00:00-24:00", "25:00-8:00", "22:60-8:00", "a:b-c:d"]
        {
            assert_eq!(text.parse::<QuietHours>(), Err(NoHours), "{text}");
        }
        assert_eq!(" 9:05 - 17:00 ".parse::<QuietHours>().unwrap().to_string(), "09:05-17:00");
    }
}
