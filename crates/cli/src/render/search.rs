//! `search`.

use crate::look::{Look, Tone, cut};
use ganger_api::search::{SearchHit, SearchResult};

/// How far the lines below a hit's first are set in.
const INDENT: usize = 5;

/// As many as can be asked for.
const MOST: usize = 500;

/// What was found, each with its place, its words and the command that opens it.
pub fn search(look: &Look, result: &SearchResult) -> String {
    if result.hits.is_empty() {
        let text = format!("Nothing has the words: {}", look.line(&result.words));
        return look.finish(look.wrap(&text, 0, 2) + "\n");
    }
    let mut text: String = result.hits.iter().map(|one| hit(look, one)).collect();
    if result.more {
        let words = result.words.split_whitespace().map(|word| look.line(word)).collect::<Vec<_>>();
        let quoted = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default();
        let end = if words.iter().any(|word| word.starts_with('-')) { "-- " } else { "" };
        let number = (result.hits.len() * 5).min(MOST);
        text.push_str(&format!("There is more: ganger search -n {number} {end}{quoted}\n"));
    }
    look.finish(text)
}

fn hit(look: &Look, hit: &SearchHit) -> String {
    let mut facts = vec![hit.kind.words().to_owned(), look.moment(hit.at)];
    if hit.handle != hit.item {
        facts.push(hit.item.clone());
    }
    facts.push(look.line(&hit.title));
    let first = format!("{}  {}", look.line(&hit.handle), facts.join(" · "));
    let first = cut(&first, look.width).replacen(&hit.handle, &look.paint(Tone::Strong, &hit.handle), 1);
    let margin = " ".repeat(INDENT);
    // The command is for pasting: it is never cut.
    format!(
        "{first}\n{margin}{}\n{margin}{}\n",
        look.wrap(&look.line(&hit.excerpt), INDENT, INDENT),
        look.paint(Tone::Dim, &look.line(&hit.command))
    )
}
