//! Lines of the feed and of transcripts.

use crate::look::{Look, Tone, cut};
use ganger_api::event::FeedEvent;
use ganger_api::log::{LogKind, LogLine};

/// One event for `events`.
pub fn event(look: &Look, event: &FeedEvent) -> String {
    let item = event.item.as_deref().unwrap_or("–");
    let target = match &event.repository {
        Some(repository) => format!("{item}/{}", look.line(repository)),
        None => item.to_owned(),
    };
    let line = format!(
        "{}  {target:<12}  {:<28}  {}",
        look.clock_seconds(event.at),
        look.line(&event.name),
        look.line(&event.text)
    );
    look.finish(cut(line.trim_end(), look.width) + "\n")
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

/// One event as a line of `run`'s history, without line end. `widest` is the width of the longest repository name.
pub fn history(look: &Look, event: &FeedEvent, widest: usize) -> String {
    let repository = look.line(event.repository.as_deref().unwrap_or_default());
    let padding = " ".repeat(widest.saturating_sub(crate::look::width(&repository)));
    let text = if event.text.is_empty() { &event.name } else { &event.text };
    let line = format!("{}  {repository}{padding}  {}", look.clock(event.at), look.line(text));
    look.finish(cut(&line, look.width))
}

/// One line of a transcript; further lines of its text stand under the first.
pub fn log(look: &Look, line: &LogLine) -> String {
    if line.kind == LogKind::Raw {
        return look.text(&line.text) + "\n";
    }
    let word = line.kind.words();
    let margin = "                 ";
    let clean = look.text(&line.text);
    let mut text = String::new();
    for (index, piece) in clean.trim_end().lines().enumerate() {
        if index == 0 {
            text.push_str(&format!("{} {word:<7} {piece}", look.clock_seconds(line.at)));
        } else {
            text.push_str(&format!("{margin}{piece}"));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if line.failed {
        text = text.replacen('\n', " ✗\n", 1);
    }
    let tone = match line.kind {
        _ if line.failed => Some(Tone::Bad),
        LogKind::Denied | LogKind::Warning => Some(Tone::Ask),
        LogKind::Think | LogKind::Prompt | LogKind::Process | LogKind::Turn => Some(Tone::Dim),
        _ => None,
    };
    let text = look.finish(text);
    match tone {
        Some(tone) => look.paint(tone, text.trim_end_matches('\n')) + "\n",
        None => text,
    }
}
