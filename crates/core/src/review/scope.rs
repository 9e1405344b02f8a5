//! Drift: what a candidate touches beyond the scope that its sub-plan names. Deterministic, shown and given to the
//! reviewer; never a verdict of its own.

/// The paths that a `### Scope` section names: what stands in backticks, else the first word of a list item, as far
/// as it looks like a path.
pub fn paths(scope: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in scope.lines() {
        let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let item = line.trim_start().strip_prefix(['-', '*', '+']).map(str::trim_start);
        let words: Vec<&str> = match item {
            _ if !quoted.is_empty() => quoted,
            Some(item) => item.split_whitespace().take(1).collect(),
            None => Vec::new(),
        };
        let looks = |word: &&str| word.contains('/') || word.contains('.') || word.contains('*');
        let trim =
            |word: &str| word.trim_start_matches("./").trim_end_matches([',', ';', ':', '.']).to_owned();
        found.extend(words.into_iter().filter(looks).map(trim).filter(|path| !path.is_empty()));
    }
    found
}

/// Whether a pattern with `*` (within a name) and `**` (over names) fits the whole text.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => {
            let rest = rest.strip_prefix(b"/").unwrap_or(rest);
            (0..=text.len()).any(|skipped| fits(rest, &text[skipped..]))
        }
        [b'*', rest @ ..] => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|skipped| fits(rest, &text[skipped..]))
        }
        [byte, rest @ ..] => text.first() == Some(byte) && fits(rest, &text[1..]),
    }
}

fn covers(pattern: &str, path: &str) -> bool {
    let directory = pattern.trim_end_matches('/');
    path == directory
        || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        // A pattern is typed by a planner: a bound keeps a strange one from taking for ever.
        || (pattern.contains('*') && pattern.len() <= 200 && fits(pattern.as_bytes(), path.as_bytes()))
}

/// The touched paths that no path of the scope covers. None where the scope names no path at all, so that nothing
/// can be said.
pub fn outside(scope: &str, touched: &[String]) -> Option<Vec<String>> {
    let allowed = paths(scope);
    if allowed.is_empty() {
        return None;
    }
    let outside = touched.iter().filter(|path| !allowed.iter().any(|pattern| covers(pattern, path)));
    Some(outside.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scope_does_not_cover_is_named() {
        let check = |scope: &str, expected: Option<&[&str]>| {
            let touched = ["src/limit/window.rs", "src/config.rs", "migrations/0031.sql", "README.md"];
            let touched: Vec<String> = touched.iter().map(|path| (*path).to_owned()).collect();
            let expected =
                expected.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
            assert_eq!(outside(scope, &touched), expected, "{scope}");
        };
        check("- src/limit/\n- src/config.rs: a key\n- `README.md`", Some(&["migrations/0031.sql"]));
        check("- `src/**`, `*.md`", Some(&["migrations/0031.sql"]));
        check("- `src/*.rs`", Some(&["src/limit/window.rs", "migrations/0031.sql", "README.md"]));
        check("- src", None);
        check("- the whole service", None);
        check("", None);
        check("- ./src/config.rs\n- src/limit/window.rs\n- migrations/\n- README.md", Some(&[]));
    }
}
