//! The paths of the API, once, for server, client and document.
//!
//! `{item}` is any address that people type (`g12`, `@`, `g12/api`, `g12/api@3`, `g12@plan`, `d41`, `c7`, `q3`,
//! a ULID), percent-encoded as one path segment; the daemon resolves it.

use crate::cost::CostBy;
use crate::timestamp::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

/// `GET`: [`ItemList`](crate::item::ItemList); `POST` [`NewItem`](crate::command::NewItem):
/// [`CommandResult`](crate::command::CommandResult).
pub const ITEMS: &str = "/v1/items";
/// `GET`: [`ItemDetail`](crate::item::ItemDetail).
pub const ITEM: &str = "/v1/items/{item}";
/// `GET`: [`PlanView`](crate::plan::PlanView).
pub const PLAN: &str = "/v1/items/{item}/plan";
/// `GET`: [`LogList`](crate::log::LogList), or a stream of [`LogLine`](crate::log::LogLine).
pub const LOG: &str = "/v1/items/{item}/log";
/// `GET`: [`DiffView`](crate::diff::DiffView).
pub const DIFF: &str = "/v1/items/{item}/diff";
/// `GET`: [`PathView`](crate::diff::PathView).
pub const PATH: &str = "/v1/items/{item}/path";
/// `GET`: [`FaqView`](crate::question::FaqView).
pub const FAQ: &str = "/v1/items/{item}/faq";
/// `POST` [`CommandRequest`](crate::command::CommandRequest): [`CommandResult`](crate::command::CommandResult).
pub const COMMANDS: &str = "/v1/items/{item}/commands";
/// `GET`: [`Inbox`](crate::decision::Inbox).
pub const DECISIONS: &str = "/v1/decisions";
/// `GET`: [`Decision`](crate::decision::Decision).
pub const DECISION: &str = "/v1/decisions/{decision}";
/// `GET`: [`EventList`](crate::event::EventList), or a stream of [`FeedEvent`](crate::event::FeedEvent).
pub const EVENTS: &str = "/v1/events";
/// `GET`: [`CostReport`](crate::cost::CostReport).
pub const COST: &str = "/v1/cost";
/// `GET`: [`SearchResult`](crate::search::SearchResult).
pub const SEARCH: &str = "/v1/search";
/// `GET`: [`WorkspaceList`](crate::workspace::WorkspaceList); `POST`
/// [`NewWorkspace`](crate::workspace::NewWorkspace): [`WorkspaceView`](crate::workspace::WorkspaceView).
pub const WORKSPACES: &str = "/v1/workspaces";
/// `GET`: [`DoctorReport`](crate::doctor::DoctorReport), the daemon's part.
pub const DOCTOR: &str = "/v1/doctor";
/// `GET`: [`DaemonStatus`](crate::daemon::DaemonStatus).
pub const DAEMON: &str = "/v1/daemon";
/// `POST`, without a body: [`StopResult`](crate::daemon::StopResult).
pub const DAEMON_STOP: &str = "/v1/daemon/stop";
/// `POST` [`ToolCallRequest`](crate::daemon::ToolCallRequest): [`ToolCallAnswer`](crate::daemon::ToolCallAnswer).
pub const TOOL_CALLS: &str = "/v1/tool-calls";
/// `GET`: the OpenAPI document.
pub const OPENAPI: &str = "/v1/openapi.json";

/// Everything but the characters that RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A route's path with its one placeholder filled by `value`, percent-encoded.
pub fn fill(route: &str, value: &str) -> String {
    let encoded = utf8_percent_encode(value, SEGMENT).to_string();
    match (route.find('{'), route.find('}')) {
        (Some(start), Some(end)) => format!("{}{encoded}{}", &route[..start], &route[end + 1..]),
        _ => route.to_owned(),
    }
}

/// A path with a query; fields that are `None` are left out.
///
/// # Errors
/// When `query` has no form as a query string: none of the types of this module.
pub fn with_query<Q: Serialize>(path: &str, query: &Q) -> Result<String, serde_urlencoded::ser::Error> {
    let text = serde_urlencoded::to_string(query)?;
    Ok(if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") })
}

/// The query of [`ITEMS`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ItemsQuery {
    /// A directory in the workspace whose items are listed; without it those of all workspaces.
    pub directory: Option<String>,
    /// Finished ones too.
    pub all: bool,
    /// Only those that wait for a person.
    pub waiting: bool,
    /// Only those that touch this repository.
    pub repository: Option<String>,
}

/// The query of the routes that take nothing but an address.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct AddressQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
}

/// The query of [`PLAN`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct PlanQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// This version; without it the one that waits for approval, else the one that work follows.
    pub version: Option<u32>,
    /// Only this repository's section.
    pub section: Option<String>,
    /// The difference from this version …
    pub from: Option<u32>,
    /// … to this one; without it to the version shown.
    pub to: Option<u32>,
}

/// The query of [`LOG`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// At most so many of the last lines; without it the daemon's limit.
    pub lines: Option<u32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// From the line of this cursor on, or from the first one at this time (RFC 3339) or later, with a few lines before
    /// it; then `lines` are the first of them.
    pub at: Option<String>,
    /// The journal's lines as they are.
    pub raw: bool,
    /// Go on as server-sent events, until the session has ended and all is said.
    pub follow: bool,
}

/// The query of [`DIFF`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// Only counts, no patch.
    pub stat: bool,
    /// Trees that earlier answers named, as `NAME=TREE` between commas, possibly none: what changed since then.
    pub since: Option<String>,
    /// Only what lies outside the scopes of the sub-plans.
    pub drift: bool,
}

/// The query of [`EVENTS`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// Only this item's events.
    pub item: Option<String>,
    /// Only what comes after this cursor (`seq.n`); `now` means after the newest stored event.
    pub after: Option<String>,
    /// Go on as server-sent events.
    pub follow: bool,
}

/// The query of [`DECISIONS`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DecisionsQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// Only this item's decisions.
    pub item: Option<String>,
}

/// The query of [`COST`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct CostQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// Only this item's turns.
    pub item: Option<String>,
    /// What the turns are put together by.
    pub by: CostBy,
    /// Only turns that ended at this time or later.
    pub since: Option<Timestamp>,
    /// How far the person's midnight is from that of UTC, in minutes to the east.
    pub offset_minutes: i32,
}

/// The query of [`SEARCH`].
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Where the person stands, absolute: what `@` is resolved by.
    pub directory: Option<String>,
    /// The words; each must begin some word of a text that is found.
    pub words: String,
    /// Only texts of this item.
    pub item: Option<String>,
    /// At most so many; without it the daemon's limit.
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_segment_and_a_query_holds_what_is_set() {
        assert_eq!(fill(LOG, "g12/api@3"), "/v1/items/g12%2Fapi%403/log");
        assert_eq!(fill(ITEM, "acme/api#412"), "/v1/items/acme%2Fapi%23412");
        assert_eq!(fill(ITEMS, "x"), ITEMS);
        let query = LogQuery { after: Some("7:2 ü".into()), follow: true, ..LogQuery::default() };
        assert_eq!(with_query("/x", &query).unwrap(), "/x?after=7%3A2+%C3%BC&raw=false&follow=true");
        assert_eq!(with_query("/x", &AddressQuery::default()).unwrap(), "/x");
    }
}
