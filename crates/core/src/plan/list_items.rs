//! Counts the list items of a section. Planners number with more than Markdown knows (`a)`, `(1)`), so lines are
//! judged one by one; what is code, or a rule, or an item without words does not count.

use super::outline::Outline;
use std::ops::Range;

/// The number of lines in `range` that are list items with words.
pub(super) fn count(text: &str, outline: &Outline, range: Range<usize>) -> usize {
    let mut start = range.start;
    let mut items = 0;
    for line in text[range].split_inclusive('\n') {
        let span = start..start + line.len();
        start = span.end;
        if item_text(line).is_some_and(has_words) && !outline.is_code_or_rule(&span) {
            items += 1;
        }
    }
    items
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// What stands behind the marker of a list item, and behind its checkbox.
fn item_text(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix(['-', '*', '+']) {
        let text = after_blank(rest)?;
        let unchecked = ["[ ]", "[x]", "[X]"].iter().find_map(|mark| text.strip_prefix(mark));
        return Some(unchecked.map_or(text, |rest| if rest.is_empty() { rest } else { rest.trim_start() }));
    }
    let (marker, rest) = if let Some(inner) = line.strip_prefix('(') {
        let (marker, rest) = inner.split_once(')')?;
        if !is_digits(marker) {
            return None;
        }
        (marker, rest)
    } else {
        let end = line.find(['.', ')'])?;
        (&line[..end], &line[end + 1..])
    };
    let one_letter = marker.len() == 1 && marker.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_digits(marker) || one_letter { after_blank(rest) } else { None }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn after_blank(rest: &str) -> Option<&str> {
    let text = rest.trim_start();
    (text.len() < rest.len()).then_some(text)
}
