//! Identities: ULIDs in typed wrappers, and the deterministic source that makes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// Wraps a ULID.
            pub const fn new(ulid: Ulid) -> Self { Self(ulid) }
            /// The ULID inside.
            pub const fn ulid(self) -> Ulid { self.0 }
            /// The last six characters in lower case: enough to tell apart what stands side by side.
            pub fn short(self) -> String { self.0.to_string()[20..].to_lowercase() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> { serializer.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl FromStr for $name {
            type Err = ulid::DecodeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Ulid::from_string(text).map(Self) }
        }
    )+};
}

id_type! {
    /// The one user's site: everything under one `GANGER_HOME`.
    SiteId,
    /// A workspace: the directory that holds the repositories of one product.
    WorkspaceId,
    /// A work item: one ticket on its way through ganger.
    WorkItemId,
    /// One run of one agent program, over all its incarnations.
    SessionId,
    /// An effect: a committed intent to act outside the core.
    EffectId,
    /// Something an agent asked and waits for.
    QuestionId,
    /// A finding of a reviewer or a person.
    CritiqueId,
    /// A decision that waits for a person.
    DecisionId,
}

/// Where new ids come from. Equal seeds give equal ids, so a decision that is taken again after a lost
/// commit mints the same ids.
#[derive(Clone, Debug)]
pub struct IdSource {
    time_ms: u64,
    state: u64,
}

impl IdSource {
    /// A source for the append at `version` of `stream`, at wall time `time_ms`.
    pub fn seeded(stream: &str, version: u64, time_ms: u64) -> Self {
        // FNV-1a over the stream's name: stable over builds, which std's hashers do not promise.
        let seed =
            stream.bytes().chain(version.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self { time_ms, state: seed }
    }

    fn next_u64(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A new ULID: the source's time, then 80 bits of its sequence.
    pub fn ulid(&mut self) -> Ulid {
        let random = (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64());
        Ulid::from_parts(self.time_ms, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_ids_and_other_versions_others() {
        let ids = |version| {
            let mut source = IdSource::seeded("work_item/x", version, 7);
            [source.ulid(), source.ulid()]
        };
        assert_eq!(ids(3), ids(3));
        assert_ne!(ids(3)[0], ids(4)[0]);
        assert_ne!(ids(3)[0], ids(3)[1]);
    }
}
