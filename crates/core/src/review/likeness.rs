//! Whether two findings mean the same thing. A reviewer of a later round is another conversation and finds other
//! words; without this the same finding could go round for ever under new ones.

use super::Finding;
use std::collections::BTreeSet;

/// Lines by which a finding may have moved between two candidates.
const NEAR: u32 = 3;
/// Words in common, in hundredths of all their words, from which two findings about one file are one.
const ALIKE: usize = 50;
/// The same for two findings about nearly the same lines.
const ALIKE_NEARBY: usize = 20;

/// Words without content, which any two findings share.
const FILLERS: [&str; 28] = [
    "the", "and", "not", "this", "that", "with", "for", "are", "was", "but", "should", "would", "could",
    "must", "from", "has", "have", "does", "than", "then", "there", "here", "its", "into", "use", "uses",
    "used", "still",
];

/// Letters that make a word: `reset`, `resets` and `resetting` are one.
const STEM: usize = 5;

fn words(text: &str) -> BTreeSet<String> {
    let pieces = text.split(|character: char| !character.is_alphanumeric());
    let pieces = pieces.map(str::to_lowercase);
    let telling = pieces.filter(|piece| piece.chars().count() > 2 && !FILLERS.contains(&piece.as_str()));
    telling.map(|piece| piece.chars().take(STEM).collect()).collect()
}

/// Words in common, in hundredths of all words of both.
fn overlap(left: &str, right: &str) -> usize {
    let (left, right) = (words(left), words(right));
    let all = left.union(&right).count();
    (left.intersection(&right).count() * 100).checked_div(all).unwrap_or(0)
}

/// Whether two places are in one file.
fn same_file(left: &Finding, right: &Finding) -> bool {
    left.file == right.file
}

/// Whether two places are nearly the same lines of one file.
fn nearby(left: &Finding, right: &Finding) -> bool {
    let (Some(here), Some(there)) = (left.line, right.line) else { return false };
    left.file.is_some() && same_file(left, right) && here.abs_diff(there) <= NEAR
}

/// Whether two findings mean the same thing: by their place and their words.
pub fn alike(left: &Finding, right: &Finding) -> bool {
    let overlap = overlap(&left.description, &right.description);
    same_file(left, right) && overlap >= ALIKE || nearby(left, right) && overlap >= ALIKE_NEARBY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Severity;

    fn finding(file: &str, line: u32, description: &str) -> Finding {
        Finding {
            file: (!file.is_empty()).then(|| file.to_owned()),
            line: (line > 0).then_some(line),
            severity: Severity::Major,
            description: description.to_owned(),
            suggestion: String::new(),
            resolves: None,
            reverses: None,
        }
    }

    #[test]
    fn the_same_finding_in_new_words_is_the_same() {
        let first = finding("src/limit.rs", 40, "The window is not reset when the key changes");
        let check = |file: &str, line: u32, description: &str, expected: bool| {
            assert_eq!(
                alike(&first, &finding(file, line, description)),
                expected,
                "{file}:{line} {description}"
            );
        };
        check("src/limit.rs", 40, "The window is not reset when the key changes", true);
        check("src/limit.rs", 90, "when the key changes, the window still is not reset", true);
        check("src/limit.rs", 42, "A change of key leaves the old window in place", true);
        check("src/limit.rs", 41, "Public function lacks a docstring", false);
        check("src/limit.rs", 90, "A change of key leaves the old window in place", false);
        check("src/other.rs", 40, "The window is not reset when the key changes", false);
        check("", 0, "The window is not reset when the key changes", false);
    }
}
