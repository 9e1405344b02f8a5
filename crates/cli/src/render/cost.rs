//! `cost`.

use crate::look::{Look, count, dollars, money, tokens};
use crate::table::{Column, table};
use ganger_api::cost::{CostBy, CostReport, CostRow, CostSum, ItemBudget};

/// So many rows are shown; the rest is in the sum.
const ROWS: usize = 50;

/// The sums, and the sum of them all. What matters most stands on the left, since columns drop from the right.
pub fn cost(look: &Look, report: &CostReport) -> String {
    if report.rows.is_empty() {
        let budget = report.budget.as_ref().map(|one| budget(look, one)).unwrap_or_default();
        return look.finish(format!("No agent has ended a turn.\n{budget}"));
    }
    let (heading, nobody) = match report.by {
        CostBy::Item => ("ITEM", ""),
        CostBy::Repo => ("REPOSITORY", "– planning and questions"),
        CostBy::Agent => ("AGENT", ""),
        CostBy::Day => ("DAY", ""),
    };
    let mut columns = vec![
        Column::free(heading, 12),
        Column::right("COST"),
        Column::right("TOKENS"),
        Column::right("TURNS"),
    ];
    let titled = report.by == CostBy::Item;
    if titled {
        columns.push(Column::free("TITLE", 16));
    }
    columns.extend([Column::right("READ"), Column::right("WRITTEN")]);
    // Days go on at the bottom; of everything else the dearest come first.
    let skipped = report.rows.len().saturating_sub(ROWS);
    let shown = if report.by == CostBy::Day {
        &report.rows[skipped..]
    } else {
        &report.rows[..report.rows.len() - skipped]
    };
    let rows: Vec<Vec<String>> = shown.iter().map(|one| row(look, one, nobody, titled)).collect();
    let mut text = table(look, 1, &columns, &rows);
    text.push_str(&total(look, report, skipped));
    text.push_str(&report.budget.as_ref().map(|one| budget(look, one)).unwrap_or_default());
    look.finish(text)
}

fn row(look: &Look, row: &CostRow, nobody: &str, titled: bool) -> Vec<String> {
    let sum = &row.sum;
    let mut cells = vec![
        row.name.as_deref().map_or_else(|| nobody.to_owned(), |name| look.line(name)),
        money(Some(&sum.usage())),
        amount(sum.tokens),
        sum.turns.to_string(),
    ];
    if titled {
        cells.push(row.title.as_deref().map(|title| look.line(title)).unwrap_or_default());
    }
    cells.extend([amount(sum.input_tokens), amount(sum.output_tokens)]);
    cells
}

/// Tokens without the word; `–` when unknown.
fn amount(number: Option<u64>) -> String {
    let sum = CostSum { tokens: number, ..CostSum::default() };
    tokens(Some(&sum.usage())).map_or_else(|| "–".into(), |text| text.trim_end_matches(" tokens").to_owned())
}

/// What is left of what an item may cost.
fn budget(look: &Look, budget: &ItemBudget) -> String {
    let handle = &budget.handle;
    let limit = dollars(budget.limit_usd_micros);
    let text = match budget.spent_usd_micros {
        None => format!("{handle} may cost {limit}; what it has cost is unknown"),
        Some(spent) if spent >= budget.limit_usd_micros => {
            format!("{handle} has cost {} and may cost {limit}: no further turn begins", dollars(spent))
        }
        Some(spent) => format!("{handle} has cost {} of the {limit} that it may cost", dollars(spent)),
    };
    look.wrap(&text, 0, 0) + "\n"
}

fn total(look: &Look, report: &CostReport, skipped: usize) -> String {
    let sum = &report.total;
    let mut facts = Vec::new();
    if skipped > 0 {
        let which = if report.by == CostBy::Day { "earlier" } else { "more" };
        facts.push(format!("{skipped} {which}: --json"));
    }
    facts.push(format!("{} in all", count(sum.turns, "turn")));
    facts.push(tokens(Some(&sum.usage())).unwrap_or_else(|| "tokens unknown".into()));
    facts.push(match sum.cost_usd_micros {
        Some(_) => money(Some(&sum.usage())),
        None => "cost unknown".into(),
    });
    let mut text = look.facts(&facts, 0, 0);
    if sum.estimated {
        let turns = sum.unpriced_turns;
        let said = if turns == 1 { "turn does not say its cost" } else { "turns do not say their cost" };
        text.push_str(&format!("\n≈ is a part: {turns} {said}"));
    }
    text + "\n"
}
