//! What an item costs, and what it may cost. What no agent reports is unknown and counts as nothing: a budget holds
//! only as far as the agents say what they cost.

use super::decision::DecisionKind;
use super::draft::Draft;
use super::event::ItemFact;
use super::state::WorkItem;
use crate::aggregate::Rejection;

/// Hundredths of the budget at which its end is seen coming.
const WARN_AT: u64 = 80;

/// What the item has cost so far, in millionths of a US dollar; none where no agent said.
pub fn spent(item: &WorkItem) -> Option<u64> {
    let mut costs = item.sessions.iter().filter_map(|session| session.usage.cost_usd_micros).peekable();
    costs.peek()?;
    Some(costs.fold(0, u64::saturating_add))
}

/// What the item may cost, in millionths of a US dollar; none where nothing limits it.
pub fn limit(item: &WorkItem) -> Option<u64> {
    item.raised_budget.or(item.settings.budget_usd_micros)
}

/// Whether no further turn may begin.
pub(super) fn is_used_up(item: &WorkItem) -> bool {
    limit(item).is_some_and(|limit| spent(item).is_some_and(|spent| spent >= limit))
}

/// An amount as people write it, such as `$3.10`.
pub fn dollars(micros: u64) -> String {
    format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}

pub(super) fn advance(draft: &mut Draft) {
    // Who stopped everything, or has nothing left to do, is not asked for money.
    let wanted = is_used_up(&draft.item)
        && draft.item.sessions.iter().any(|session| session.want.is_some() && !session.closed);
    if !wanted {
        draft.close_decisions(|open| open.kind == DecisionKind::Budget);
    }
    let (Some(limit), Some(spent)) = (limit(&draft.item), spent(&draft.item)) else { return };
    // A plan that is changed when all is done costs money again.
    if spent < limit.saturating_mul(WARN_AT) / 100 || (draft.item.completed && !wanted) {
        return;
    }
    if draft.item.warned_budget != Some(limit) {
        draft.emit(ItemFact::BudgetWarned { limit, spent });
    }
    let waits = draft.item.decisions.iter().any(|open| open.kind == DecisionKind::Budget);
    if wanted && !waits {
        let text = format!(
            "g{} has cost {} of {}: no further turn begins",
            draft.item.number,
            dollars(spent),
            dollars(limit)
        );
        draft.open_decision(DecisionKind::Budget, None, text, Vec::new());
    }
}

/// Reads an amount in US dollars, such as `30`, `$30` or `12.50`.
fn amount(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('$').trim_end_matches("USD").trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 6 || !digits(whole) || !digits(part) {
        return None;
    }
    let part = format!("{part:0<6}");
    Some(whole.parse::<u64>().ok()?.saturating_mul(1_000_000).saturating_add(part.parse().ok()?))
}

/// The new limit that a person typed.
pub(super) fn raised(item: &WorkItem, typed: &str) -> Result<u64, Rejection> {
    let spent = spent(item).unwrap_or(0);
    let wrong = |why: String| {
        let hint = dollars(spent.saturating_mul(2).max(1_000_000));
        Rejection::new("budget.no_amount", why)
            .hint(format!("name what the item may cost in all, in US dollars, such as {hint}"))
    };
    if typed.trim().is_empty() {
        return Err(wrong("\"raise\" needs an amount".to_owned()));
    }
    let Some(limit) = amount(typed) else {
        return Err(wrong(format!("\"{}\" is no amount of US dollars", typed.trim())));
    };
    if limit <= spent {
        return Err(wrong(format!(
            "{} is not more than the {} that g{} has cost already",
            dollars(limit),
            dollars(spent),
            item.number
        )));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let check = |typed: &str, expected: Option<u64>| assert_eq!(amount(typed), expected, "{typed:?}");
        check("30", Some(30_000_000));
        check(" $12.50 ", Some(12_500_000));
        check("0.000001", Some(1));
        check("7 USD", Some(7_000_000));
        for nonsense in ["", "$", "ten", "-3", "1e9", "1,5", "1.2.3", ".5", "12345678901", "1.1234567"] {
            check(nonsense, None);
        }
    }
}
