//! What agents used, summed up.

use super::Shared;
use super::failure::Failure;
use axum::Json;
use axum::extract::{Query, State};
use ganger_api::cost::{COST_SCHEMA, CostBy, CostReport, CostRow, CostSum, ItemBudget};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::routes::CostQuery;
use ganger_core::message::Address;
use ganger_core::work_item::budget;
use ganger_orchestrator::stored::stream_of;
use ganger_store::{UsageBy, UsageKey, UsageQuery, UsageSum};
use std::cmp::Reverse;

/// No place on earth is further from UTC, in minutes.
const MAX_OFFSET: i32 = 26 * 60;

pub(super) async fn cost(
    State(app): State<Shared>,
    Query(query): Query<CostQuery>,
) -> Result<Json<CostReport>, Failure> {
    let address = match &query.item {
        Some(item) => Some(app.address(item, query.directory.as_deref()).await?),
        None => None,
    };
    let stream = address.as_ref().map(|address| stream_of(Address::WorkItem(address.id())));
    if query.offset_minutes.abs() > MAX_OFFSET {
        let message = format!("{} minutes is no time zone", query.offset_minutes);
        return Err(Failure(ErrorDetail::new(exit::USAGE, "cost.no_offset", message)));
    }
    let by = match query.by {
        CostBy::Item => UsageBy::Stream,
        CostBy::Repo => UsageBy::Repository,
        CostBy::Agent => UsageBy::Agent,
        CostBy::Day => UsageBy::Day { offset_ms: i64::from(query.offset_minutes) * 60_000 },
    };
    let since_ms = query.since.map(|since| u64::try_from(since.ms()).unwrap_or(0));
    let sums = app.engine.store().usage(&UsageQuery { by, since_ms, stream })?;
    let budget = address.and_then(|address| {
        Some(ItemBudget {
            handle: format!("g{}", address.item.number),
            limit_usd_micros: budget::limit(&address.item)?,
            spent_usd_micros: budget::spent(&address.item),
        })
    });
    Ok(Json(CostReport { budget, ..report(query.by, sums) }))
}

fn report(by: CostBy, sums: Vec<UsageSum>) -> CostReport {
    let total = sums.iter().map(sum).fold(CostSum::default(), together);
    let mut rows: Vec<CostRow> = sums.into_iter().map(row).collect();
    if by != CostBy::Day {
        // Of what costs the same, or nobody knows what, the greatest; of those the newest item.
        rows.reverse();
        rows.sort_by_key(|row| Reverse((row.sum.cost_usd_micros, row.sum.tokens)));
    }
    CostReport { schema: COST_SCHEMA.to_owned(), by, rows, total, budget: None }
}

fn row(usage: UsageSum) -> CostRow {
    let sum = sum(&usage);
    let (name, title) = match usage.key {
        UsageKey::Stream { number, stream, title } => {
            let handle = number.map_or_else(|| stream.id.clone(), |number| format!("g{number}"));
            (Some(handle), Some(title))
        }
        UsageKey::Repository(name) => (name, None),
        UsageKey::Agent(name) => (Some(name), None),
        UsageKey::Day(day) => (Some(date(day)), None),
    };
    CostRow { name, title, sum }
}

fn sum(usage: &UsageSum) -> CostSum {
    CostSum {
        turns: usage.turns,
        unpriced_turns: usage.turns - usage.priced.min(usage.turns),
        input_tokens: usage.input,
        output_tokens: usage.output,
        tokens: usage.tokens,
        cost_usd_micros: usage.cost,
        estimated: usage.cost.is_some() && usage.priced < usage.turns,
    }
}

fn together(left: CostSum, right: CostSum) -> CostSum {
    let plus = |left: Option<u64>, right: Option<u64>| match (left, right) {
        (None, None) => None,
        (left, right) => Some(left.unwrap_or(0).saturating_add(right.unwrap_or(0))),
    };
    let cost_usd_micros = plus(left.cost_usd_micros, right.cost_usd_micros);
    let unpriced_turns = left.unpriced_turns + right.unpriced_turns;
    CostSum {
        turns: left.turns + right.turns,
        unpriced_turns,
        input_tokens: plus(left.input_tokens, right.input_tokens),
        output_tokens: plus(left.output_tokens, right.output_tokens),
        tokens: plus(left.tokens, right.tokens),
        cost_usd_micros,
        estimated: cost_usd_micros.is_some() && unpriced_turns > 0,
    }
}

/// The date of a day since 1970, such as `2026-11-22`.
fn date(day: i64) -> String {
    let moment = ganger_api::timestamp::Timestamp::from_ms(day.saturating_mul(24 * 60 * 60 * 1000));
    moment.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: &str, turns: u64, priced: u64, tokens: Option<u64>, cost: Option<u64>) -> UsageSum {
        UsageSum {
            key: UsageKey::Agent(agent.to_owned()),
            turns,
            priced,
            input: tokens,
            output: None,
            tokens,
            cost,
        }
    }

    #[test]
    fn the_dearest_comes_first_and_what_is_unknown_is_neither_nothing_nor_exact() {
        let sums = vec![
            of("cheap", 2, 2, Some(10), Some(5)),
            of("dear", 3, 1, Some(20), Some(9)),
            of("silent", 1, 0, None, None),
            of("talks of tokens", 1, 0, Some(7), None),
        ];
        let report = report(CostBy::Agent, sums);
        let row = |index: usize| {
            let row = &report.rows[index];
            (row.name.as_deref().unwrap(), row.sum.cost_usd_micros, row.sum.estimated)
        };
        assert_eq!(row(0), ("dear", Some(9), true));
        assert_eq!(row(1), ("cheap", Some(5), false));
        assert_eq!(row(2), ("talks of tokens", None, false));
        assert_eq!(row(3), ("silent", None, false));
        let total = report.total;
        assert_eq!((total.turns, total.unpriced_turns, total.tokens), (7, 4, Some(37)));
        assert_eq!((total.cost_usd_micros, total.estimated), (Some(14), true));
        let nothing = super::report(CostBy::Day, Vec::new());
        assert_eq!((nothing.total.cost_usd_micros, nothing.total.tokens), (None, None));
    }

    #[test]
    fn days_have_dates() {
        let check = |day, expected: &str| assert_eq!(date(day), expected);
        check(0, "1970-01-01");
        check(20_779, "2026-11-22");
        check(-1, "1969-12-31");
    }
}
