//! Tables that fit: one column gives way, then columns drop from the right.

use crate::look::{Look, Tone, cut, width};

/// A column.
pub(crate) struct Column {
    /// Its heading; empty for none.
    pub(crate) heading: &'static str,
    /// Whether numbers line up on the right.
    pub(crate) right: bool,
    /// How narrow it may become; `None` for a column that is never cut.
    pub(crate) shrinks_to: Option<usize>,
}

impl Column {
    /// A column of words.
    pub(crate) const fn left(heading: &'static str) -> Self {
        Self { heading, right: false, shrinks_to: None }
    }

    /// A column of numbers.
    pub(crate) const fn right(heading: &'static str) -> Self {
        Self { heading, right: true, shrinks_to: None }
    }

    /// A column of free text that may be cut to so many columns.
    pub(crate) const fn free(heading: &'static str, shrinks_to: usize) -> Self {
        Self { heading, right: false, shrinks_to: Some(shrinks_to) }
    }
}

/// What stands between two columns.
const GAP: usize = 2;

/// The rows as lines. A row with fewer cells than columns is filled up.
pub(crate) fn table(look: &Look, indent: usize, columns: &[Column], rows: &[Vec<String>]) -> String {
    let headings = columns.iter().any(|column| !column.heading.is_empty());
    let mut widths: Vec<usize> = columns.iter().map(|column| width(column.heading)).collect();
    for row in rows {
        for (place, cell) in widths.iter_mut().zip(row) {
            *place = (*place).max(width(cell));
        }
    }
    let room = look.width.saturating_sub(indent);
    let narrowest =
        |index: usize, wide: usize| columns[index].shrinks_to.map_or(wide, |least| least.min(wide));
    let least = |widths: &[usize]| -> usize {
        let sum: usize = widths.iter().enumerate().map(|(index, &wide)| narrowest(index, wide)).sum();
        sum + GAP * widths.len().saturating_sub(1)
    };
    while widths.len() > 2 && least(&widths) > room {
        widths.pop();
    }
    let mut surplus =
        (widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)).saturating_sub(room);
    // The column with the most to give gives way, one by one: so that they end up about alike.
    while surplus > 0 {
        let spare = |index: &usize| widths[*index] - narrowest(*index, widths[*index]);
        let Some(index) = (0..widths.len()).max_by_key(spare).filter(|index| spare(index) > 0) else { break };
        widths[index] -= 1;
        surplus -= 1;
    }
    let mut text = String::new();
    if headings {
        let cells: Vec<String> = columns.iter().map(|column| look.paint(Tone::Dim, column.heading)).collect();
        push_row(&mut text, indent, columns, &widths, &cells);
    }
    for row in rows {
        push_row(&mut text, indent, columns, &widths, row);
    }
    text
}

/// Rows with something at the end of each that is never cut, such as a place: beside the rows where all of them fit,
/// else each on lines of its own below its row.
pub(crate) fn table_with_ends(
    look: &Look,
    indent: usize,
    columns: &[Column],
    rows: &[Vec<String>],
    ends: &[String],
) -> String {
    let text = table(look, indent, columns, rows);
    let widest = text.lines().map(width).max().unwrap_or(0);
    let longest = ends.iter().map(|end| width(end)).max().unwrap_or(0);
    let fits = widest.saturating_add(GAP + longest) <= look.width;
    let mut whole = String::new();
    for (line, end) in text.lines().zip(ends) {
        whole.push_str(line);
        if fits && !end.is_empty() {
            whole.push_str(&" ".repeat(widest - width(line) + GAP));
            whole.push_str(&end.replace('\u{a0}', " "));
        } else if !end.is_empty() {
            let inner = indent + 2 * GAP;
            whole.push_str(&format!("\n{}{}", " ".repeat(inner), look.wrap(end, inner, inner)));
        }
        whole.push('\n');
    }
    whole
}

fn push_row(text: &mut String, indent: usize, columns: &[Column], widths: &[usize], row: &[String]) {
    let mut line = " ".repeat(indent);
    for (index, &wide) in widths.iter().enumerate() {
        let cell = cut(row.get(index).map_or("", String::as_str), wide);
        let padding = " ".repeat(wide.saturating_sub(width(&cell)));
        if index > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        if columns[index].right {
            line.push_str(&padding);
            line.push_str(&cell);
        } else {
            line.push_str(&cell);
            line.push_str(&padding);
        }
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
