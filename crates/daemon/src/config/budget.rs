//! What work may cost, in amounts as a person writes them: numbers of US dollars, such as `20` or `7.50`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// What work may cost.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Budget {
    /// What one work item may cost, in US dollars: at the end no further turn begins, and you decide; 0 limits nothing. A
    /// workspace may only set less.
    pub item_usd: Dollars,
}

impl Budget {
    /// What one work item may cost, in millionths of a US dollar; none where nothing limits it.
    pub fn item_micros(&self) -> Option<u64> {
        Some(self.item_usd.micros()).filter(|micros| *micros > 0)
    }
}

/// Millionths in a dollar.
const MICROS: f64 = 1_000_000.0;
/// The largest amount.
const LARGEST: f64 = 1_000_000.0;
/// The smallest one that is not nothing: less would be none once it is counted.
const SMALLEST: f64 = 0.01;

/// An amount of US dollars, possibly none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Dollars {
    micros: u64,
}

/// Why a number is no amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be an amount of US dollars from 0.01 to 1000000 such as 20 or 7.50, or 0 for none")]
pub struct NoAmount;

impl Dollars {
    /// In millionths.
    pub const fn micros(self) -> u64 {
        self.micros
    }

    /// The amount of a number.
    ///
    /// # Errors
    /// It is negative, too large, next to nothing, or no number at all.
    pub fn of(number: f64) -> Result<Self, NoAmount> {
        if number == 0.0 {
            return Ok(Self::default());
        }
        if !(SMALLEST..=LARGEST).contains(&number) {
            return Err(NoAmount);
        }
        // Between the smallest and the largest amount nothing is lost that a cent would show.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let micros = (number * MICROS).round() as u64;
        Ok(Self { micros })
    }

    /// As a number.
    fn number(self) -> f64 {
        // At most 10^12, which a float holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let micros = self.micros as f64;
        micros / MICROS
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ganger_core::work_item::budget::dollars(self.micros))
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.micros % 1_000_000 {
            0 => serializer.serialize_u64(self.micros / 1_000_000),
            _ => serializer.serialize_f64(self.number()),
        }
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Dollars {
    fn schema_name() -> Cow<'static, str> {
        "Dollars".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1_000_000 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_what_a_person_would_pay() {
        let check = |number: f64, expected: Option<u64>| {
            assert_eq!(Dollars::of(number).ok().map(Dollars::micros), expected, "{number}");
        };
        check(0.0, Some(0));
        check(0.01, Some(10_000));
        check(7.1, Some(7_100_000));
        check(20.0, Some(20_000_000));
        check(1_000_000.0, Some(1_000_000_000_000));
        for nonsense in [-1.0, 0.001, 1_000_000.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            check(nonsense, None);
        }
    }

    #[test]
    fn an_amount_is_written_as_it_was_typed() {
        for (number, text) in [(20.0, "20"), (7.5, "7.5"), (0.1, "0.1"), (0.0, "0")] {
            assert_eq!(serde_json::to_string(&Dollars::of(number).unwrap()).unwrap(), text);
        }
    }
}
