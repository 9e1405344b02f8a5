//! What is typed to look at what was used and said.

use clap::{Args, ValueEnum};
use std::time::Duration;
use time::Date;
use time::macros::format_description;

/// What costs are put together by.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CostBy {
    /// By work item
    Item,
    /// By repository
    Repo,
    /// By agent
    Agent,
    /// By day
    Day,
}

/// From when on something counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// So long ago.
    Ago(Duration),
    /// The beginning of a day, in local time.
    Day(Date),
}

/// `cost`
#[derive(Args, Debug, Clone)]
pub struct CostArguments {
    /// Only this work item's
    pub item: Option<String>,
    /// What is put together
    #[arg(long, value_name = "WHAT", default_value = "item")]
    pub by: CostBy,
    /// Only what ended since then: a time such as 7d or 12h, or a day such as 2026-11-22
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Since>,
}

/// `search`
#[derive(Args, Debug, Clone)]
pub struct SearchArguments {
    /// The words; each is found by its beginning
    #[arg(required = true)]
    pub words: Vec<String>,
    /// Only in this work item
    #[arg(long, value_name = "ITEM")]
    pub item: Option<String>,
    /// At most so many
    #[arg(short = 'n', long = "lines", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub lines: Option<u32>,
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Ok(Since::Day(day));
    }
    super::duration(text)
        .map(Since::Ago)
        .map_err(|_| format!("`{text}` is neither a time such as 7d or 12h nor a day such as 2026-11-22"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_time_ago_or_a_day() {
        let check = |text: &str, expected: Option<Since>| assert_eq!(since(text).ok(), expected, "{text}");
        check("7d", Some(Since::Ago(Duration::from_secs(7 * 86_400))));
        check("12h", Some(Since::Ago(Duration::from_secs(12 * 3600))));
        check("2026-11-22", Date::from_calendar_date(2026, time::Month::November, 22).ok().map(Since::Day));
        for wrong in ["", "yesterday", "2026-13-01", "2026-02-30", "7 d", "-1d", "7w"] {
            check(wrong, None);
        }
    }
}
