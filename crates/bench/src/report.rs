//! What was measured, against what is promised.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

/// In what a figure is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    Milliseconds,
    Megabytes,
    PerSecond,
    Times,
    Count,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::PerSecond => "/s",
            Self::Times => "×",
            Self::Count => "",
        }
    }

    /// Speed is better when it is more; everything else when it is less.
    const fn more_is_better(self) -> bool {
        matches!(self, Self::PerSecond)
    }
}

/// One row: several runs of one measurement.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    unit: Unit,
    runs: Vec<f64>,
    budget: Option<f64>,
}

impl Figure {
    /// A figure without runs yet.
    pub(crate) fn new(what: impl Into<String>, unit: Unit) -> Self {
        Self { what: what.into(), unit, runs: Vec::new(), budget: None }
    }

    /// What the median must keep to.
    pub(crate) const fn budget(mut self, budget: f64) -> Self {
        self.budget = Some(budget);
        self
    }

    /// One more run.
    pub(crate) fn run(&mut self, value: f64) {
        self.runs.push(value);
    }

    /// One more run, in milliseconds.
    pub(crate) fn took(&mut self, time: Duration) {
        self.run(time.as_secs_f64() * 1e3);
    }

    /// The figure with these runs.
    pub(crate) fn of(mut self, runs: impl IntoIterator<Item = f64>) -> Self {
        self.runs.extend(runs);
        self
    }

    /// The best run.
    fn best(&self) -> f64 {
        let pick = if self.unit.more_is_better() { f64::max } else { f64::min };
        self.runs.iter().copied().reduce(pick).unwrap_or(f64::NAN)
    }

    /// The run in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.runs.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Whether it keeps its budget; nothing to keep is kept.
    fn is_within(&self) -> bool {
        self.budget.is_none_or(|budget| {
            if self.unit.more_is_better() { self.median() >= budget } else { self.median() <= budget }
        })
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Keeps a figure, and tells whoever watches.
    pub(crate) fn add(&mut self, figure: Figure) {
        eprintln!("  {}: {}", figure.what, number(figure.median(), figure.unit));
        self.figures.push(figure);
    }

    /// Whether all figures keep their budgets.
    pub(crate) fn is_within(&self) -> bool {
        self.figures.iter().all(Figure::is_within)
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:width$}  {:>12} {:>12} {:>12}  runs\n", "", "best", "median", "budget");
        for figure in &self.figures {
            let mark = match (figure.budget, figure.is_within()) {
                (None, _) => "",
                (Some(_), true) => "ok",
                (Some(_), false) => "OVER",
            };
            let sign = if figure.unit.more_is_better() { "≥" } else { "≤" };
            let budget =
                figure.budget.map_or_else(String::new, |it| format!("{sign} {}", number(it, figure.unit)));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{:width$}  {:>12} {:>12} {budget:>12}  {:>4}  {mark}",
                figure.what,
                number(figure.best(), figure.unit),
                number(figure.median(), figure.unit),
                figure.runs.len()
            );
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "figure": figure.what,
                    "unit": figure.unit.name(),
                    "best": figure.best(),
                    "median": figure.median(),
                    "runs": figure.runs,
                    "budget": figure.budget,
                    "within": figure.budget.map(|_| figure.is_within()),
                })
            })
            .collect();
        json!({ "schema": "ganger/bench/1", "figures": rows, "within": self.is_within() })
    }
}

fn number(value: f64, unit: Unit) -> String {
    let digits = match (unit, value.abs()) {
        (Unit::Count, _) | (_, 1000.0..) => 0,
        (_, 100.0..) => 1,
        _ => 2,
    };
    format!("{value:.digits$} {}", unit.name()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_held_against_the_budget_in_the_right_direction() {
        let check = |unit, runs: &[f64], budget: f64, within: bool| {
            let figure = Figure::new("it", unit).budget(budget).of(runs.iter().copied());
            assert_eq!(figure.is_within(), within, "{figure:?}");
        };
        check(Unit::Milliseconds, &[1.0, 2.0, 90.0], 2.0, true);
        check(Unit::Milliseconds, &[1.0, 2.5, 2.5], 2.0, false);
        check(Unit::PerSecond, &[10.0, 30.0, 30.0], 20.0, true);
        check(Unit::PerSecond, &[10.0, 10.0, 30.0], 20.0, false);
        // What was never measured keeps no budget.
        check(Unit::Times, &[], 1.0, false);
    }
}
