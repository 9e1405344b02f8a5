//! `search`.

use crate::look::{Look, Tone, cut};
use ganger_api::search::{SearchHit, SearchResult};

/// How far the lines below a hit's first are set in.
const INDENT: usize = 5;

/// What was found, each with its place, its words and the command that opens it.
pub fn search(look: &Look, result: &SearchResult) -> String {
    if result.hits.is_empty() {
        return look.finish(format!("Nothing has the words: {}\n", look.line(&result.words)));
    }
    let mut text: String = result.hits.iter().map(|one| hit(look, one)).collect();
    if result.more {
        text.push_str(&format!("There is more: -n {}\n", result.hits.len() * 5));
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
