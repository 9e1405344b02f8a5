//! Lines of the feed and of transcripts.

use crate::look::{Look, Symbol, Tone, cut};
use ganger_api::event::FeedEvent;
use ganger_api::log::{LogKind, LogLine};

/// The widest repository name or target that texts stand beside; wider ones push theirs to the right.
const WIDEST_NAME: usize = 16;
/// From so many columns on, the events' names have a column of their own.
const NAMED: usize = 100;
/// The most lines that one event takes in the history of `run`.
const HISTORY_LINES: usize = 4;

/// One event for `events`. The words matter more than the event's name, which gives way first.
pub fn event(look: &Look, event: &FeedEvent) -> String {
    let item = event.item.as_deref().unwrap_or("–");
    let target = match &event.repository {
        Some(repository) => format!("{item}/{}", look.line(repository)),
        None => item.to_owned(),
    };
    let mut start = format!("{}  {}  ", look.clock_seconds(event.at), padded(&target, WIDEST_NAME));
    if look.width >= NAMED {
        start.push_str(&format!("{:<28}  ", look.line(&event.name)));
    }
    let text = if event.text.is_empty() { &event.name } else { &event.text };
    look.finish(beside(look, &start, &look.line(text)) + "\n")
}

/// A name that fills its column, or is wider.
fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(crate::look::width(name))))
}

/// A text behind what it begins with: below itself where it takes several lines, and where the beginning leaves little
/// room, on lines of its own.
fn beside(look: &Look, start: &str, text: &str) -> String {
    /// Columns that a text needs to be read.
    const ROOM: usize = 28;
    /// How far a text is set in that stands below its beginning.
    const BELOW: usize = 7;
    let column = crate::look::width(start);
    if column.saturating_add(ROOM) <= look.width {
        return format!("{start}{}", look.wrap(text, column, column)).trim_end().to_owned();
    }
    format!("{}\n{}{}", start.trim_end(), " ".repeat(BELOW), look.wrap(text, BELOW, BELOW))
}

/// Whether `run` has something to show of an event that no other one says better: an answer of the Foreman stands in
/// its proposal, a question for the person in its decision, a reviewer's findings in what the review came to.
pub fn is_history(event: &FeedEvent) -> bool {
    match event.name.as_str() {
        "agent_question.answered" => event.data["by"] != "foreman",
        "critique.raised" => event.data["reviewer"].is_null(),
        "agent_question.escalated" | "reimplementation.started" | "agent_session.told" => false,
        _ => true,
    }
}

/// One event in `run`'s history, without the last line end. `widest` is the width of the longest repository name.
pub fn history(look: &Look, event: &FeedEvent, widest: usize) -> String {
    let repository = look.line(event.repository.as_deref().unwrap_or_default());
    let start = format!("{}  {}  ", look.clock(event.at), padded(&repository, widest.min(WIDEST_NAME)));
    let text = if event.text.is_empty() { &event.name } else { &event.text };
    let whole = beside(look, &start, &look.line(text));
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    if lines.len() > HISTORY_LINES {
        lines.truncate(HISTORY_LINES);
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
            *last = cut(last, look.width);
        }
    }
    look.finish(lines.join("\n"))
}

/// How far the words of a transcript are set in.
const LOG_MARGIN: usize = 17;

/// One line of a transcript; further lines of its text stand under the first.
pub fn log(look: &Look, line: &LogLine) -> String {
    if line.kind == LogKind::Raw {
        return look.text(&line.text) + "\n";
    }
    let mut text = String::new();
    let mut start = format!("{} {:<7} ", look.clock_seconds(line.at), line.kind.words());
    // Letter by letter, blanks at the beginning of lines too: much of it is code.
    for piece in look.lines(&line.text).iter().filter(|piece| !piece.is_empty()) {
        text.push_str(&format!("{start}{}\n", look.wrap(piece, LOG_MARGIN, LOG_MARGIN)));
        start = " ".repeat(LOG_MARGIN);
    }
    if text.is_empty() {
        text = format!("{}\n", start.trim_end());
    }
    if line.failed {
        text.truncate(text.len() - 1);
        let last = text.lines().last().map_or(0, crate::look::width);
        let word = format!("{} failed", look.symbol(Symbol::Failed));
        let fits = last + 2 + crate::look::width(&word) <= look.width;
        text.push_str(&if fits { format!("  {word}\n") } else { format!("\n{start}{word}\n") });
    }
    let tone = match line.kind {
        _ if line.failed => Some(Tone::Bad),
        LogKind::Denied | LogKind::Warning => Some(Tone::Ask),
        LogKind::Think | LogKind::Prompt | LogKind::Process | LogKind::Turn => Some(Tone::Dim),
        _ => None,
    };
    let text = look.finish(text);
    // A tone within a tone would end it.
    let text = if tone.is_some() { crate::look::strip(&text) } else { text };
    match tone {
        Some(tone) => look.paint(tone, text.trim_end_matches('\n')) + "\n",
        None => text,
    }
}
