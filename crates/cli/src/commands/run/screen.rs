//! A history that stays, and below it a region that is painted again.

use crate::context::Context;
use crate::failure::Failure;
use crate::look::{Look, Symbol, Tone, cut, spent, tokens};
use crate::table::{Column, table};
use ganger_api::item::ItemDetail;

/// What a painting begins and ends with, so that a terminal never shows half of one: synchronized output, DEC private
/// mode 2026. A terminal that does not know it ignores it.
const PAINTING: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

/// The screen of `run`. Without a terminal it writes history alone.
pub(super) struct Screen {
    /// Whether there is a region.
    live: bool,
    /// History that waits for the next painting.
    kept: String,
    /// How many lines the region has on the screen; the cursor stands in the last.
    lines: usize,
    /// What stands there.
    shown: String,
}

impl Screen {
    pub(super) fn new(live: bool) -> Self {
        Self { live, kept: String::new(), lines: 0, shown: String::new() }
    }

    /// Adds to the history now.
    pub(super) fn history(&mut self, context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
        let text = std::mem::take(&mut self.kept) + text;
        let erase = self.erase();
        if text.is_empty() && erase.is_empty() {
            return Ok(());
        }
        context.print(&self.painting(&(erase + &text)))
    }

    /// A painting as it is written.
    fn painting(&self, text: &str) -> String {
        if self.live { format!("{}{text}{}", PAINTING.0, PAINTING.1) } else { text.to_owned() }
    }

    /// Adds to the history at the next painting; at once where nothing is painted.
    pub(super) fn keep(&mut self, context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
        if self.live {
            self.kept.push_str(text);
            return Ok(());
        }
        context.print(text)
    }

    /// The person has ended a line: the cursor is one line further down.
    pub(super) fn entered(&mut self) {
        if self.lines > 0 {
            self.lines += 1;
        }
    }

    fn erase(&mut self) -> String {
        self.shown.clear();
        match std::mem::take(&mut self.lines) {
            0 => String::new(),
            1 => "\r\x1b[J".into(),
            lines => format!("\r\x1b[{}A\x1b[J", lines - 1),
        }
    }

    /// Paints the region, if it has changed.
    pub(super) fn paint(
        &mut self,
        context: &mut Context<'_>,
        item: &ItemDetail,
        prompt: Option<String>,
    ) -> Result<(), Failure> {
        if !self.live {
            // A prompt is shown once, on a line of its own.
            let text = prompt.map(|prompt| prompt + " ").unwrap_or_default();
            if text != self.shown {
                self.shown.clone_from(&text);
                return context.print(&context.look.finish(text));
            }
            return Ok(());
        }
        let region = region(&context.look, item, prompt.as_deref());
        if region == self.shown && self.kept.is_empty() {
            return Ok(());
        }
        let kept = std::mem::take(&mut self.kept);
        let text = self.erase() + &kept + &region;
        self.lines = region.lines().count().max(1);
        self.shown = region;
        context.print(&self.painting(&text))
    }
}

/// The region: a rule, where the item stands, its parts, the prompt. No line is wider than the screen.
pub(super) fn region(look: &Look, item: &ItemDetail, prompt: Option<&str>) -> String {
    let width = look.width.min(100);
    let head = &item.head;
    let mut facts = vec![match head.wave {
        Some(wave) => format!("wave {} of {}", wave.index, wave.of),
        None => look.moments(&look.line(&head.status_text)),
    }];
    facts.push(look.age(head.created_at));
    facts.extend(tokens(head.usage.as_ref()));
    facts.extend(spent(head));
    let (left, right) = (facts.join(" · "), "Ctrl-C detaches, agents go on");
    let gap = width.saturating_sub(crate::look::width(&left) + right.len() + 2);
    let line = if gap > 1 { format!(" {left}{}{right}", " ".repeat(gap)) } else { format!(" {left}") };
    let mut text = format!("{}\n{}\n", look.paint(Tone::Dim, &"─".repeat(width)), cut(&line, width));
    let columns = [Column::left(""), Column::left(""), Column::free("", 16), Column::left("")];
    let rows: Vec<_> = item
        .repositories
        .iter()
        .map(|part| {
            let activity = part.activity.as_deref().unwrap_or(part.state.words());
            let changes =
                part.changes.map(|changes| format!("+{} −{}", changes.insertions, changes.deletions));
            vec![
                look.symbol(Symbol::of_part(part.state)),
                look.line(&part.name),
                look.line(activity),
                changes.unwrap_or_default(),
            ]
        })
        .collect();
    text.push_str(&table(&Look { width, ..*look }, 1, &columns, &rows));
    if let Some(prompt) = prompt {
        // Room for what is typed.
        text.push_str(&cut(prompt, width.saturating_sub(8).max(16)));
        text.push(' ');
    } else {
        text.truncate(text.trim_end_matches('\n').len());
    }
    look.finish(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::{detail, look};
    use expect_test::expect;

    #[test]
    fn the_region_fits_and_says_what_goes_on() {
        let prompt = "[y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later ›";
        expect![[r#"
            ────────────────────────────────────────────────────────────────────────────────
             wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10       Ctrl-C detaches, agents go on
             ✓  shared  published            +212 −18
             ●  api     turn 6 · cargo test  +212 −18
             ?  web     needs you            +212 −18
            [y] approve [v] read [e] edit [d] drop [r] revise [n] reject [l] later › "#]]
        .assert_eq(&region(&look(80), &detail(), Some(prompt)));
        expect![[r#"
            ────────────────────────────────────────
             wave 2 of 2 · 52 m · 412k tokens · ≈ $…
             ✓  shared  published           +212 −18
             ●  api     turn 6 · cargo te…  +212 −18
             ?  web     needs you           +212 −18"#]]
        .assert_eq(&region(&look(40), &detail(), None));
        for width in 40..120 {
            for line in region(&look(width), &detail(), Some(prompt)).lines() {
                assert!(crate::look::width(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn what_is_erased_is_what_was_painted() {
        let mut screen = Screen::new(true);
        assert_eq!(screen.erase(), "");
        screen.lines = 3;
        screen.entered();
        assert_eq!(screen.erase(), "\r\x1b[3A\x1b[J");
        assert_eq!(screen.erase(), "");
    }
}
