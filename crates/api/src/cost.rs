//! What the turns of agents used, summed up.

use crate::session::UsageView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`CostReport`].
pub const COST_SCHEMA: &str = "ganger/cost/1";

/// What turns are put together by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostBy {
    /// The work item.
    #[default]
    Item,
    /// The repository.
    Repo,
    /// The agent.
    Agent,
    /// The day on which the turn ended.
    Day,
}

/// `GET /v1/cost`: what was used, the dearest first, days in their order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CostReport {
    /// `ganger/cost/1`.
    pub schema: String,
    /// What the rows are.
    pub by: CostBy,
    /// The sums.
    pub rows: Vec<CostRow>,
    /// The sum of all rows.
    pub total: CostSum,
    /// What the item may cost that was asked for; `null` for all items, and where nothing limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<ItemBudget>,
}

/// What an item may cost, and has cost since it began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemBudget {
    /// The item's handle.
    pub handle: String,
    /// What it may cost, in millionths of a US dollar.
    pub limit_usd_micros: u64,
    /// What it has cost, in millionths of a US dollar; `null` where no agent said.
    pub spent_usd_micros: Option<u64>,
}

/// What the turns of one item, repository, agent or day used.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CostRow {
    /// The item's handle, the repository, the agent, or the day such as `2026-11-22`; `null` for turns that were about
    /// no single repository.
    pub name: Option<String>,
    /// The item's title; `null` for the rest.
    pub title: Option<String>,
    /// What they used.
    #[serde(flatten)]
    pub sum: CostSum,
}

/// A sum over turns. `null` is unknown, never zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CostSum {
    /// How many turns.
    pub turns: u64,
    /// Of how many of them nobody knows the money.
    pub unpriced_turns: u64,
    /// Tokens read by models.
    pub input_tokens: Option<u64>,
    /// Tokens written by models.
    pub output_tokens: Option<u64>,
    /// All tokens; where an agent tells no more, it is their sum.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar.
    pub cost_usd_micros: Option<u64>,
    /// Whether the money is only a part, since some of the turns said nothing of it.
    pub estimated: bool,
}

impl CostSum {
    /// Tokens and money, as they are shown.
    pub const fn usage(&self) -> UsageView {
        UsageView { tokens: self.tokens, cost_usd_micros: self.cost_usd_micros, estimated: self.estimated }
    }
}
