//! `cost`

use crate::arguments::{CostArguments, CostBy, Since};
use crate::context::Context;
use crate::failure::Failure;
use crate::look::Look;
use crate::render;
use ganger_api::cost::{CostBy as By, CostReport, CostRow};
use ganger_api::exit;
use ganger_api::routes::{self, CostQuery};
use ganger_api::timestamp::Timestamp;

/// Says what agents used.
pub(super) async fn cost(context: &mut Context<'_>, arguments: &CostArguments) -> Result<u8, Failure> {
    if let Some(selection) = &context.json {
        selection.check::<CostRow>()?;
    }
    let query = CostQuery {
        directory: arguments.item.as_ref().and_then(|_| context.directory()),
        item: arguments.item.clone(),
        by: match arguments.by {
            CostBy::Item => By::Item,
            CostBy::Repo => By::Repo,
            CostBy::Agent => By::Agent,
            CostBy::Day => By::Day,
        },
        since: arguments.since.map(|since| beginning(&context.look, since)),
        offset_minutes: context.look.offset.whole_minutes().into(),
    };
    let path = context.path(routes::COST, "", &query)?;
    let report: CostReport = context.get(&path).await?;
    let text = match &context.json {
        Some(selection) => selection.list::<CostRow>(&report, "rows")?,
        None => render::cost::cost(&context.look, &report),
    };
    context.print(&text)?;
    Ok(exit::DONE)
}

/// The moment from which on turns count.
fn beginning(look: &Look, since: Since) -> Timestamp {
    match since {
        Since::Ago(ago) => Timestamp::from_ms(
            look.now.ms().saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)),
        ),
        Since::Day(day) => {
            let midnight = day.midnight().assume_offset(look.offset);
            Timestamp::from_ms(midnight.unix_timestamp().saturating_mul(1000))
        }
    }
}
