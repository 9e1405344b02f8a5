//! Reads the recordings: one JSON line each, `t` in seconds, `d` is `in`, `out` or `err`, `m` the message. Long
//! lines were cut by the recorder and are mended here.

use serde_json::Value;

/// One recorded line.
#[derive(Clone, Debug)]
pub struct Line {
    pub direction: String,
    pub message: Value,
}

/// The lines of a recording in `tests/data`.
pub fn read(name: &str) -> Vec<Line> {
    let path = format!("{}/tests/data/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let value: Value = match line.strip_suffix("...CUT") {
            Some(cut) => serde_json::from_str(&mend(cut)),
            None => serde_json::from_str(line),
        }
        .unwrap_or_else(|error| panic!("{name}: {error}: {line}"));
        Line { direction: value["d"].as_str().unwrap_or_default().to_owned(), message: value["m"].clone() }
    });
    lines.filter(|line| !line.direction.is_empty()).collect()
}

/// Cuts the text back to its last whole member or element and closes what is open.
fn mend(cut: &str) -> String {
    let (mut open, mut in_string, mut escaped) = (Vec::new(), false, false);
    let mut whole = (0, Vec::new());
    for (at, character) in cut.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                open.pop();
            }
            ',' => whole = (at, open.clone()),
            _ => {}
        }
    }
    let mut text = cut[..whole.0].to_owned();
    text.extend(whole.1.iter().rev());
    text
}
