//! A history that stays, and below it a region that is painted again.

use crate::context::Context;
use crate::environment::{Environment, Size};
use crate::failure::Failure;
use crate::look::width;
use crate::render::region;
use ganger_api::item::ItemDetail;

/// What a painting begins and ends with, so that a terminal never shows half of one: synchronized output, DEC private
/// mode 2026. A terminal that does not know it ignores it.
const PAINTING: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
/// Lines of a terminal whose height is not known.
const USUAL_HEIGHT: usize = 24;

/// The screen of `run`. Without a terminal it writes history alone.
pub(super) struct Screen {
    /// Whether there is a region.
    live: bool,
    /// Whether the terminal breaks long lines anew when it becomes narrower.
    breaks_anew: bool,
    /// History that waits for the next painting.
    kept: String,
    /// What stands below the history.
    shown: Shown,
    /// Columns and lines as they were at the last painting.
    size: Size,
}

/// What stands below the history. The cursor stands behind it, where the person types.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Shown {
    /// The region, each line with its end.
    region: String,
    /// The prompt, without one.
    prompt: String,
    /// Lines that the person has ended below it.
    entered: usize,
}

impl Shown {
    const fn is_empty(&self) -> bool {
        self.region.is_empty() && self.prompt.is_empty() && self.entered == 0
    }

    /// In how many lines of a terminal of this width the cursor stands below the first.
    fn lines_above_cursor(&self, columns: usize) -> usize {
        let lines = |line: &str| width(line).max(1).div_ceil(columns.max(1));
        let text = format!("{}{}", self.region, self.prompt);
        let last = text.rsplit('\n').next().unwrap_or_default();
        let whole: usize = text.lines().map(lines).sum();
        // Behind a line's end the cursor stands below all lines, else in the last of them.
        whole - usize::from(!last.is_empty()) + self.entered
    }
}

impl Screen {
    pub(super) fn new(live: bool, environment: &Environment) -> Self {
        /// Variables of terminals that are known to break lines anew.
        const KNOWN: [&str; 9] = [
            "TMUX",
            "VTE_VERSION",
            "KITTY_WINDOW_ID",
            "ALACRITTY_WINDOW_ID",
            "WEZTERM_PANE",
            "KONSOLE_VERSION",
            "WT_SESSION",
            "TERM_PROGRAM",
            "GHOSTTY_RESOURCES_DIR",
        ];
        Self {
            live,
            breaks_anew: KNOWN.iter().any(|name| environment.variable(name).is_some()),
            kept: String::new(),
            shown: Shown::default(),
            size: (environment.size)().unwrap_or((usize::MAX, USUAL_HEIGHT)),
        }
    }

    /// Adds to the history now.
    pub(super) fn history(&mut self, context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
        self.look_around(context);
        let text = std::mem::take(&mut self.kept) + text;
        let text = self.erase() + &text;
        if text.is_empty() {
            return Ok(());
        }
        context.print(&self.painting(&text))
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
        self.history(context, text)
    }

    /// The person has ended a line: the cursor is that much further down.
    pub(super) fn entered(&mut self, line: &str) {
        let last = self.shown.prompt.rsplit('\n').next().unwrap_or_default();
        let columns = self.size.0;
        // What is typed may go on below the prompt.
        let before = width(last).max(1).div_ceil(columns.max(1));
        let after = width(last).saturating_add(width(line)).max(1).div_ceil(columns.max(1));
        self.shown.entered += 1 + after.saturating_sub(before);
    }

    /// The window may have another size now.
    fn look_around(&mut self, context: &mut Context<'_>) {
        let Some(size) = (context.environment.size)() else { return };
        if self.live && size.0 != self.size.0 {
            context.look.width = size.0.max(20);
        }
        self.size = size;
    }

    /// What takes the region away. Where nothing is painted, a prompt's line is ended.
    fn erase(&mut self) -> String {
        let shown = std::mem::take(&mut self.shown);
        if shown.is_empty() {
            return String::new();
        }
        if !self.live {
            return if shown.entered > 0 || shown.prompt.is_empty() { String::new() } else { "\n".into() };
        }
        // Nothing above the region may be erased: in doubt some of the region stays.
        let columns = if self.breaks_anew { self.size.0 } else { usize::MAX };
        match shown.lines_above_cursor(columns) {
            0 => "\r\x1b[J".into(),
            lines => format!("\r\x1b[{lines}A\x1b[J"),
        }
    }

    /// Paints the region, if it has changed.
    pub(super) fn paint(
        &mut self,
        context: &mut Context<'_>,
        item: &ItemDetail,
        prompt: Option<String>,
    ) -> Result<(), Failure> {
        let columns = self.size.0;
        self.look_around(context);
        let prompt = prompt.map(|prompt| region::prompt(&context.look, &prompt)).unwrap_or_default();
        if !self.live {
            // A prompt is shown once, on a line of its own, and again when something else was said.
            if prompt != self.shown.prompt || self.shown.entered > 0 {
                let text = self.erase() + &prompt;
                self.shown = Shown { prompt, ..Shown::default() };
                return context.print(&text);
            }
            return Ok(());
        }
        let room = self.size.1.saturating_sub(prompt.lines().count() + 2);
        let mut region = region::region(&context.look, item, room);
        if prompt.is_empty() {
            region.truncate(region.trim_end_matches('\n').len());
        }
        let shown = Shown { region, prompt, entered: 0 };
        let is_resized = columns != self.size.0;
        if shown == self.shown && self.kept.is_empty() && !is_resized {
            return Ok(());
        }
        let kept = std::mem::take(&mut self.kept);
        let text = match self.above_prompt(&shown, &kept).filter(|_| !is_resized) {
            Some(text) => text,
            None => self.erase() + &kept + &shown.region + &shown.prompt,
        };
        self.shown = shown;
        context.print(&self.painting(&text))
    }

    /// A painting that leaves the prompt's lines alone, since the person may be typing there; `None` where they change.
    fn above_prompt(&self, shown: &Shown, kept: &str) -> Option<String> {
        let (before, after) = (self.shown.region.lines().count(), shown.region.lines().count());
        let stays = !shown.prompt.is_empty() && shown.prompt == self.shown.prompt && self.shown.entered == 0;
        let lines = kept.lines().count() + after;
        // The region's first line must not be pushed off the screen.
        let prompt = shown.prompt.lines().count();
        if !stays || before == 0 || lines.max(before) + prompt >= self.size.1 {
            return None;
        }
        let mut text = String::new();
        let above = self.shown.lines_above_cursor(usize::MAX);
        if lines > before {
            // Room below the prompt, so that nothing falls off at the bottom: down without a return, and up again.
            let more = lines - before;
            text.push_str(&format!("{}\x1b[{more}A\x1b7", "\x0b".repeat(more)));
            text.push_str(&format!("\r\x1b[{above}A\x1b[{more}L"));
        } else {
            text.push_str(&format!("\x1b7\r\x1b[{above}A"));
            if before > lines {
                text.push_str(&format!("\x1b[{}M", before - lines));
            }
        }
        for line in kept.lines().chain(shown.region.lines()) {
            text.push_str(&format!("{line}\x1b[K\r\n"));
        }
        text.push_str("\x1b8");
        match lines.cmp(&before) {
            std::cmp::Ordering::Greater => text.push_str(&format!("\x1b[{}B", lines - before)),
            std::cmp::Ordering::Less => text.push_str(&format!("\x1b[{}A", before - lines)),
            std::cmp::Ordering::Equal => {}
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests;
