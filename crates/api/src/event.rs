//! The public feed: what happened, for those who follow.

use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`EventList`].
pub const EVENTS_SCHEMA: &str = "ganger/events/1";

/// One event of the feed. As a server-sent event, `id` is the cursor and `event` the name.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FeedEvent {
    /// The feed id, `seq.n`: the stored event's number in the log and the position among what the feed makes of it.
    pub cursor: String,
    /// The name, such as `subplan.completed` or `work_item.implementing`.
    pub name: String,
    /// When it was stored.
    pub at: Timestamp,
    /// The item's handle; `null` for what belongs to none.
    pub item: Option<String>,
    /// The repository's name, where one is concerned.
    pub repository: Option<String>,
    /// One line for people, in the daemon's words.
    pub text: String,
    /// The event's own fields.
    pub data: serde_json::Value,
}

/// `GET /v1/events` without `follow`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventList {
    /// `ganger/events/1`.
    pub schema: String,
    /// The events, oldest first.
    pub events: Vec<FeedEvent>,
    /// Where to go on: the last cursor seen, or the one given.
    pub cursor: Option<String>,
    /// Whether more were stored already than one answer holds; ask again with `cursor`.
    pub more: bool,
}
