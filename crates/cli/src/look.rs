//! How text looks: width, letters, colour, symbols, and numbers in words.

use crate::environment::Environment;
use ganger_api::doctor::DoctorState;
use ganger_api::item::{CheckVerdict, ItemHead, ItemStatus, Outcome, PartState};
use ganger_api::session::UsageView;
use ganger_api::timestamp::Timestamp;
use time::UtcOffset;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a renderer needs to know about where its text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Columns; `usize::MAX` where nothing limits them.
    pub width: usize,
    /// Whether letters beyond ASCII can be shown.
    pub utf8: bool,
    /// Whether colour may repeat what the words say.
    pub colour: bool,
    /// The moment that "4 m" counts from.
    pub now: Timestamp,
    /// How far local time is from UTC.
    pub offset: UtcOffset,
}

/// A meaning that colour may repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// A person is asked.
    Ask,
    /// At work.
    Live,
    /// Beside the point.
    Dim,
    /// A heading.
    Strong,
}

/// A state's symbol. A word always stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symbol {
    /// `●`
    Running,
    /// `✓`
    Passed,
    /// `✗`
    Failed,
    /// `?`
    NeedsYou,
    /// `◌`
    Waits,
    /// `‖`
    Paused,
    /// `!`
    Warning,
}

impl Symbol {
    const fn tone(self) -> Tone {
        match self {
            Self::Running => Tone::Live,
            Self::Passed => Tone::Good,
            Self::Failed => Tone::Bad,
            Self::NeedsYou | Self::Warning => Tone::Ask,
            Self::Waits | Self::Paused => Tone::Dim,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Running => "●",
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::NeedsYou => "?",
            Self::Waits => "◌",
            Self::Paused => "‖",
            Self::Warning => "!",
        }
    }

    /// The symbol of a part's state.
    pub const fn of_part(state: PartState) -> Self {
        match state {
            PartState::Waiting => Self::Waits,
            PartState::Preparing | PartState::Running | PartState::Checking | PartState::InReview => {
                Self::Running
            }
            PartState::Passed | PartState::Published => Self::Passed,
            PartState::NeedsYou => Self::NeedsYou,
            PartState::Stopped => Self::Paused,
            PartState::Failed => Self::Failed,
        }
    }

    /// The symbol of an item.
    pub fn of_item(item: &ItemHead) -> Self {
        match (item.outcome, item.status) {
            (Some(Outcome::Succeeded), _) => Self::Passed,
            (Some(Outcome::Failed), _) | (None, ItemStatus::Failed) => Self::Failed,
            (Some(Outcome::Archived), _) => Self::Paused,
            _ if item.needs_person() => Self::NeedsYou,
            _ if !item.waits.is_empty() => Self::Waits,
            (None, ItemStatus::Ingested | ItemStatus::Approved) => Self::Waits,
            _ => Self::Running,
        }
    }

    /// The symbol of a check.
    pub const fn of_check(verdict: CheckVerdict) -> Self {
        match verdict {
            CheckVerdict::Passed => Self::Passed,
            CheckVerdict::Broke => Self::Failed,
            CheckVerdict::WasBroken | CheckVerdict::Flaky | CheckVerdict::NotRun => Self::Warning,
            CheckVerdict::Pending => Self::Waits,
        }
    }

    /// The symbol of a finding.
    pub const fn of_finding(state: DoctorState) -> Self {
        match state {
            DoctorState::Ok => Self::Passed,
            DoctorState::Warning => Self::Warning,
            DoctorState::Problem => Self::Failed,
        }
    }
}

impl Look {
    /// The look of standard output. Colour: only on a terminal that is not dumb, and not with `NO_COLOR`. Letters:
    /// as the locale says. Width: the terminal's, else `COLUMNS`, else without limit.
    pub fn of(environment: &Environment) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.variable(name));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let columns = environment.variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let dumb = environment.variable("TERM") == Some("dumb");
        Self {
            width: environment.columns.or(columns).unwrap_or(usize::MAX).max(20),
            utf8,
            colour: environment.output_is_terminal && !dumb && environment.variable("NO_COLOR").is_none(),
            now: (environment.now)(),
            offset: environment.offset,
        }
    }

    /// Text in a tone.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Ask => "33",
            Tone::Live => "36",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A symbol in its tone.
    pub fn symbol(&self, symbol: Symbol) -> String {
        self.paint(symbol.tone(), symbol.text())
    }

    /// Somebody else's words on one line: what could move the cursor or turn the direction of reading is gone, and
    /// white space is single spaces.
    pub fn line(&self, text: &str) -> String {
        let harmless = harmless(text);
        let words = harmless.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.chars().filter(|letter| !letter.is_control()).collect();
        if self.utf8 { words } else { ascii(&words) }
    }

    /// Somebody else's words with their lines, letter by letter: control characters but line feed and tab are gone.
    pub fn text(&self, text: &str) -> String {
        harmless(text).chars().filter(|&c| c == '\n' || c == '\t' || !c.is_control()).collect()
    }

    /// The lines of somebody else's words, as they can stand among ours: without blanks at their ends and at the end.
    pub fn lines(&self, text: &str) -> Vec<String> {
        let text = self.text(text).replace('\t', "    ");
        let text = if self.utf8 { text } else { ascii(&text) };
        text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// A whole output as the locale can show it: without UTF-8 our signs become ASCII, other letters `?`.
    pub fn finish(&self, text: String) -> String {
        if self.utf8 || text.is_ascii() { text } else { ascii(&text) }
    }

    /// The time of day, local, such as `12:41`.
    pub fn clock(&self, at: Timestamp) -> String {
        let local = at.utc().to_offset(self.offset);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// The time of day with seconds.
    pub fn clock_seconds(&self, at: Timestamp) -> String {
        format!("{}:{:02}", self.clock(at), at.utc().to_offset(self.offset).second())
    }

    /// A moment, local: the time of day, with the date where it is not today's.
    pub fn moment(&self, at: Timestamp) -> String {
        let local = at.utc().to_offset(self.offset);
        match local.date() == self.now.utc().to_offset(self.offset).date() {
            true => self.clock(at),
            false => format!("{} {}", local.date(), self.clock(at)),
        }
    }

    /// The daemon's words with their moments as local ones: it speaks in UTC, and knows no reader's clock.
    pub fn moments(&self, text: &str) -> String {
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(|letter: char| letter.is_ascii_digit()) {
            let start = before.len();
            let run = &rest[start..];
            let length = run.find(|letter: char| !matches!(letter, '0'..='9' | '-' | ':' | '.' | 'T' | 'Z'));
            let (word, behind) = run.split_at(length.unwrap_or(run.len()));
            // A moment of ours ends in its Z; what stands behind that is not of it.
            let (word, behind) = match word.rfind('Z') {
                Some(end) => run.split_at(end + 1),
                None => (word, behind),
            };
            said.push_str(before);
            match serde_json::from_value::<Timestamp>(serde_json::Value::from(word)) {
                Ok(at) if after.len() >= 19 => said.push_str(&self.moment(at)),
                _ => said.push_str(word),
            }
            rest = behind;
        }
        said + rest
    }

    /// A text in lines that fit, each but the first behind `indent` spaces; the first is begun at `column` already.
    /// Commands and places stay whole, so that they can be pasted.
    pub fn wrap(&self, text: &str, column: usize, indent: usize) -> String {
        // What parts two facts ends a line, and none begins with it.
        let text = text.replace(" · ", "\u{a0}· ");
        self.fill(&whole_commands(&text, self.width.saturating_sub(indent)), column, indent)
    }

    /// Facts beside each other, to be wrapped within a longer text: short ones stay whole.
    pub fn joined<S: AsRef<str>>(&self, facts: &[S]) -> String {
        /// The widest fact that is held together.
        const WIDEST: usize = 40;
        let held = facts.iter().map(|fact| match fact.as_ref() {
            fact if width(fact) <= WIDEST => fact.replace(' ', "\u{a0}"),
            fact => fact.to_owned(),
        });
        held.collect::<Vec<_>>().join(" · ")
    }

    /// Facts beside each other, as [`Self::wrap`] breaks lines, but only between facts where each fits into a line.
    pub fn facts<S: AsRef<str>>(&self, facts: &[S], column: usize, indent: usize) -> String {
        let room = self.width.saturating_sub(indent);
        let facts: Vec<String> = facts
            .iter()
            .map(AsRef::as_ref)
            .filter(|fact| !fact.is_empty())
            .map(|fact| match width(fact).saturating_add(2) <= room || is_command(fact) {
                true => fact.replace(' ', "\u{a0}"),
                false => whole_commands(fact, room),
            })
            .collect();
        self.fill(&facts.join("\u{a0}· "), column, indent)
    }

    /// Commands beside each other as far as they fit. A line ends with a command, so that lines can be pasted too.
    pub fn commands(&self, commands: &[String], column: usize, indent: usize) -> String {
        let commands: Vec<String> = commands.iter().map(|command| self.line(command)).collect();
        self.facts(&commands, column, indent).replace(" ·\n", "\n")
    }

    /// Breaks a text at its spaces. Those that must not break are written as no-break spaces.
    fn fill(&self, text: &str, column: usize, indent: usize) -> String {
        /// Where less is left, lines are not broken.
        const LEAST: usize = 8;
        if self.width == usize::MAX || self.width.saturating_sub(column.max(indent)) < LEAST {
            return text.replace('\u{a0}', " ");
        }
        let first = " ".repeat(column);
        let rest = " ".repeat(indent);
        let room = self.width.saturating_sub(indent);
        // Where a line has no better place, a word is broken, but nothing that is pasted.
        let keeps =
            text.split(' ').any(|word| width(word) > room && (word.contains('/') || is_command(word)));
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
            .break_words(!keeps);
        let wrapped = textwrap::fill(text, options).replace('\u{a0}', " ");
        wrapped.strip_prefix(first.as_str()).unwrap_or(&wrapped).to_owned()
    }

    /// How long ago, such as `4 m`.
    pub fn age(&self, at: Timestamp) -> String {
        duration(u64::try_from(self.now.ms() - at.ms()).unwrap_or(0))
    }
}

/// A duration in its largest unit: `38 s`, `4 m`, `3 h`, `2 d`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Money: `$3.10`, `≈ $3.10` when estimated, `–` when unknown.
pub fn money(usage: Option<&UsageView>) -> String {
    let Some((usage, micros)) = usage.and_then(|usage| Some((usage, usage.cost_usd_micros?))) else {
        return "–".into();
    };
    format!("{}{}", if usage.estimated { "≈ " } else { "" }, dollars(micros))
}

/// How many hundredths of the budget are spent, once its end is near.
fn warned(head: &ItemHead) -> Option<u64> {
    /// The hundredths at which the daemon warns.
    const WARNED_AT: u64 = 80;
    let limit = head.budget_usd_micros.filter(|limit| *limit > 0)?;
    let part = head.usage?.cost_usd_micros?.saturating_mul(100) / limit;
    (part >= WARNED_AT).then_some(part)
}

/// An amount of money: `$3.10`; less than a cent is not nothing.
pub fn dollars(micros: u64) -> String {
    if (1..5_000).contains(&micros) {
        return "< $0.01".into();
    }
    let cents = micros.saturating_add(5_000) / 10_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// Money and what it may come to: `≈ $3.31 of $20`; none where nothing is known of either.
pub fn spent(head: &ItemHead) -> Option<String> {
    let known = head.usage.is_some_and(|usage| usage.cost_usd_micros.is_some());
    let spent = money(head.usage.as_ref());
    match head.budget_usd_micros {
        None => known.then_some(spent),
        Some(limit) => {
            let cents = limit.saturating_add(5_000) / 10_000;
            let limit = match cents % 100 {
                0 => format!("${}", cents / 100),
                rest => format!("${}.{rest:02}", cents / 100),
            };
            let near = warned(head).map(|part| format!(" ({part} %)")).unwrap_or_default();
            Some(format!("{spent} of {limit}{near}"))
        }
    }
}

/// Tokens: `412k tokens`; `None` when unknown.
pub fn tokens(usage: Option<&UsageView>) -> Option<String> {
    let tokens = usage?.tokens?;
    Some(match tokens {
        0..1000 => format!("{tokens} tokens"),
        1000..1_000_000 => format!("{}k tokens", tokens / 1000),
        _ => format!("{}.{}M tokens", tokens / 1_000_000, tokens % 1_000_000 / 100_000),
    })
}

/// `1 file`, `2 files`.
pub fn count(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// A commit or digest in short: the algorithm's name and 12 digits at most.
pub fn short(id: &str) -> String {
    match id.split_once(':') {
        Some((name, digits)) if digits.len() > 12 => {
            format!("{name}:{}…", digits.chars().take(12).collect::<String>())
        }
        Some(_) => id.to_owned(),
        None => id.chars().take(10).collect(),
    }
}

/// How many columns a text takes; colour takes none.
pub fn width(text: &str) -> usize {
    if text.contains('\x1b') { strip(text).width() } else { text.width() }
}

/// A text without control sequences (ECMA-48): ESC `[` or U+009B, parameters, a final byte from `@` to `~`; ESC `]` and
/// its like, a string up to BEL or ESC `\`.
pub(crate) fn strip(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\x1b', '\u{9b}']) {
        plain.push_str(&rest[..at]);
        rest = after_sequence(&rest[at..]);
    }
    plain + rest
}

/// What follows the control sequence at the beginning of a text. Of one that never ends only the beginning is taken, so
/// that it swallows nothing.
fn after_sequence(text: &str) -> &str {
    if let Some(parameters) = text.strip_prefix("\x1b[").or_else(|| text.strip_prefix('\u{9b}')) {
        let behind = parameters.trim_start_matches(|letter| (' '..='?').contains(&letter));
        return behind.strip_prefix(|letter| ('@'..='~').contains(&letter)).unwrap_or(behind);
    }
    let behind = text.strip_prefix('\x1b').unwrap_or(text);
    let Some(string) = behind.strip_prefix([']', 'P', 'X', '^', '_']) else { return behind };
    match string.find(['\x07', '\x1b', '\n']) {
        Some(end) if string[end..].starts_with('\x07') => &string[end + 1..],
        Some(end) if string[end..].starts_with("\x1b\\") => &string[end + 2..],
        _ => string,
    }
}

/// Somebody else's words without control sequences, and with what would turn the direction of the text behind it made
/// visible.
fn harmless(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    strip(text).replace(turns, "\u{fffd}")
}

/// A text in ASCII: our signs as similar ones, other letters as `?`, as wide as they were.
fn ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for letter in text.chars() {
        match sign(letter) {
            Some(similar) => ascii.push(similar),
            None if letter.is_ascii() => ascii.push(letter),
            None => ascii.extend(std::iter::repeat_n('?', letter.width().unwrap_or(0))),
        }
    }
    ascii
}

/// What a sign of ours, or one of printed text, is in ASCII.
pub(crate) const fn sign(letter: char) -> Option<char> {
    Some(match letter {
        '●' => '*',
        '✓' => '+',
        '✗' => 'x',
        '◌' => 'o',
        '‖' => '=',
        '·' | '–' | '—' | '−' | '─' => '-',
        '…' | '≈' => '~',
        '→' | '›' => '>',
        '\u{a0}' => ' ',
        '“' | '”' | '„' => '"',
        '‘' | '’' => '\'',
        _ => return None,
    })
}

/// Whether a text is something to type.
pub(crate) fn is_command(text: &str) -> bool {
    /// Programs that our hints name.
    const PROGRAMS: [&str; 3] = ["ganger", "git", "gh"];
    text.split([' ', '\u{a0}']).next().is_some_and(|program| PROGRAMS.contains(&program))
}

/// A text with the commands of ours in it held together, as far as a line has room for them: up to what ends a part of a
/// sentence.
fn whole_commands(text: &str, room: usize) -> String {
    /// A command has at least its program and one word.
    const COMMAND: &str = "ganger ";
    let mut held = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(COMMAND) {
        let (before, command) = rest.split_at(at);
        let ends = |(index, letter): (usize, char)| match letter {
            ',' | ';' | ':' => command[index + 1..].starts_with(' '),
            '·' | '(' | ')' | '?' => true,
            _ => false,
        };
        let end = command.char_indices().find(|&one| ends(one)).map_or(command.len(), |(index, _)| index);
        let (command, behind) = command.split_at(end);
        held.push_str(before);
        match width(command) <= room {
            true => held.push_str(&command.trim_end().replace(' ', "\u{a0}")),
            false => held.push_str(command.trim_end()),
        }
        held.push_str(&command[command.trim_end().len()..]);
        rest = behind;
    }
    held + rest
}

/// A text of at most `columns`, its end replaced by `…` where it is longer. Colour of a cut text is lost.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), 0);
    for letter in strip(text).chars() {
        let letter_width = letter.width().unwrap_or(0);
        if used + letter_width + 1 > columns {
            break;
        }
        used += letter_width;
        kept.push(letter);
    }
    // Some letters are wider beside others than by themselves.
    while width(&kept) + 1 > columns && kept.pop().is_some() {}
    kept.truncate(kept.trim_end_matches(|letter: char| letter == '\u{200d}' || letter.is_whitespace()).len());
    if columns > 0 {
        kept.push('…');
    }
    kept
}
