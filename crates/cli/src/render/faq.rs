//! `faq`.

use crate::look::{Look, Tone, count};
use ganger_api::question::{Answerer, FaqEntry, FaqView};

/// The answers that all agents of an item rely on, oldest first.
pub fn faq(look: &Look, faq: &FaqView) -> String {
    if faq.entries.is_empty() {
        return look.finish(format!("No question of {} has been answered yet.\n", faq.handle));
    }
    let mut text: String = faq.entries.iter().map(|one| entry(look, one)).collect();
    let foreman = faq.entries.iter().filter(|entry| entry.by == Answerer::Foreman).count();
    let corrected = faq.entries.iter().filter(|entry| entry.corrected).count();
    let you = faq.entries.len() - foreman;
    let mut sums =
        vec![count(faq.entries.len() as u64, "answer"), format!("Foreman {foreman}"), format!("you {you}")];
    if corrected > 0 {
        sums.push(format!("{corrected} corrected"));
    }
    let first = faq.entries.first().map(|entry| entry.handle.as_str()).unwrap_or_default();
    sums.push(format!("ganger correct {first} \"…\""));
    text.push_str(&format!("{}\n", look.facts(&sums, 0, 0)));
    look.finish(text)
}

fn entry(look: &Look, entry: &FaqEntry) -> String {
    let margin = 5;
    let question = format!("\"{}\"", look.line(&entry.question));
    let gap = margin - crate::look::width(&entry.handle).min(margin - 1);
    let mut text = format!(
        "{}{}{}\n",
        look.paint(Tone::Strong, &entry.handle),
        " ".repeat(gap),
        look.wrap(&question, crate::look::width(&entry.handle) + gap, margin)
    );
    for line in look.lines(&entry.answer) {
        text.push_str(format!("     {}", look.wrap(&line, margin, margin)).trim_end());
        text.push('\n');
    }
    let by = match (entry.by, entry.corrected) {
        (Answerer::Foreman, _) => "Foreman, sure".to_owned(),
        (Answerer::You, false) => "you".to_owned(),
        (Answerer::You, true) => "corrected by you".to_owned(),
    };
    let used: Vec<String> = entry.used_by.iter().map(|session| look.line(session)).collect();
    let facts = [format!("{by} {}", look.moment(entry.answered_at)), format!("used by {}", used.join(" "))];
    let facts = look.facts(&facts, margin, margin);
    text.push_str(&format!("     {}\n", look.paint(Tone::Dim, &facts)));
    text
}
