//! Every screen in every look: at 110, 80 and 60 columns, with and without colour and UTF-8. What a screen shows stands
//! in `looks/<screen>.txt`, one look after the other; what holds of every one of them is checked here.
//!
//! A new screen is one test that calls [`check`] with its cases.

mod asking;
mod failing;
mod helping;
mod looking;
mod views;

use super::look;
use crate::arguments::Cli;
use crate::look::{Look, strip, width};
use clap::Parser;
use expect_test::expect_file;
use serde::Serialize;

const WIDTHS: [usize; 3] = [110, 80, 60];
/// UTF-8 or ASCII, colour or none.
const KINDS: [(bool, bool); 4] = [(true, false), (false, false), (true, true), (false, true)];

/// One state of one screen.
pub(super) struct Case {
    name: &'static str,
    shown: Box<dyn Fn(&Look) -> String>,
    /// The commands that it was given to show.
    commands: Vec<String>,
    quotes: bool,
    ends_in_command: bool,
}

/// What `view` looks like.
pub(super) fn case<V: Serialize + 'static>(
    name: &'static str,
    view: V,
    render: impl Fn(&Look, &V) -> String + 'static,
) -> Case {
    let mut commands = Vec::new();
    collect_commands(&serde_json::to_value(&view).unwrap(), false, &mut commands);
    let shown = Box::new(move |look: &Look| render(look, &view));
    Case { name, shown, commands, quotes: false, ends_in_command: false }
}

impl Case {
    /// It shows a document, a patch or a journal letter by letter: those keep their blanks, letters and long lines.
    pub(super) fn quotes(self) -> Self {
        Self { quotes: true, ..self }
    }

    /// It refuses something, or something waits for the person: the last line can be pasted.
    pub(super) fn ends_in_command(self) -> Self {
        Self { ends_in_command: true, ..self }
    }
}

/// The texts that the view calls commands.
fn collect_commands(value: &serde_json::Value, is_command: bool, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if is_command => into.push(text.clone()),
        serde_json::Value::Array(values) => {
            values.iter().for_each(|one| collect_commands(one, is_command, into));
        }
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let holds = matches!(name.as_str(), "command" | "commands" | "fix" | "hints");
                collect_commands(value, holds, into);
            }
        }
        _ => {}
    }
}

/// Shows a screen's cases in every look, beside its file.
pub(super) fn check(screen: &str, cases: &[Case]) {
    let mut text = String::new();
    for columns in WIDTHS {
        let mut earlier: Vec<(String, String)> = Vec::new();
        for (utf8, colour) in KINDS {
            let look = Look { utf8, colour, ..look(columns) };
            let letters = if utf8 { "UTF-8" } else { "ASCII" };
            let name = format!("{letters}, {}", if colour { "colour" } else { "no colour" });
            let shown: String = cases.iter().map(|case| section(case, &look)).collect();
            text.push_str(&format!("######## {columns} columns, {name}\n"));
            match earlier.iter().find(|(_, other)| *other == shown) {
                Some((other, _)) => text.push_str(&format!("as {other}\n")),
                None => text.push_str(&shown),
            }
            earlier.push((name, shown));
        }
    }
    expect_file![format!("looks/{screen}.txt")].assert_eq(&text);
    cases.iter().for_each(check_everywhere);
}

/// A case under its heading, escape sequences visible.
fn section(case: &Case, look: &Look) -> String {
    let shown = (case.shown)(look).replace('\x1b', "␛");
    let end = if shown.ends_with('\n') { "" } else { "▏\n" };
    format!("---- {}\n{shown}{end}", case.name)
}

/// Checks what holds of every screen, for one whose text stands nowhere.
pub(super) fn check_everywhere(case: &Case) {
    for width in WIDTHS {
        for (utf8, colour) in KINDS {
            let look = Look { utf8, colour, ..look(width) };
            check_properties(case, &look, &(case.shown)(&look));
        }
    }
}

/// What holds of every screen in every look.
fn check_properties(case: &Case, look: &Look, shown: &str) {
    let context = || format!("{} at {} columns:\n{shown}", case.name, look.width);
    let plain = strip(shown);
    // Colour repeats what the words say.
    let uncoloured = (case.shown)(&Look { colour: false, ..*look });
    assert_eq!(plain, uncoloured, "colour says more: {}", context());
    assert!(look.colour || !shown.contains('\x1b'), "colour: {}", context());
    // Of somebody else's words nothing moves the cursor, and nothing turns the direction of reading.
    let moves = |letter: char| {
        letter.is_control() && letter != '\n' && !(letter == '\t' && case.quotes) || is_turning(letter)
    };
    assert!(!plain.contains(moves), "control characters: {:?}", context());
    if case.quotes {
        return;
    }
    assert!(look.utf8 || plain.is_ascii(), "no ASCII: {}", context());
    for line in plain.lines() {
        assert_eq!(line, line.trim_end(), "blanks at the end: {:?}", context());
        let fits = width(line) <= look.width;
        assert!(fits || is_unbreakable(line, look), "too wide: {line:?} in {}", context());
        check_command(case, look, line, &context());
    }
    // What is typed behind a prompt stands in its line.
    let last = plain.lines().last().unwrap_or_default();
    assert!(!case.ends_in_command || pasteable(last).is_some(), "no command at the end: {}", context());
}

/// Letters that turn the direction of the text behind them.
fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a line holds one thing to paste and nothing else that a line's end could stand in: a command, a place.
fn is_unbreakable(line: &str, look: &Look) -> bool {
    let thing = line.trim_start();
    if pasteable(thing).is_some_and(|command| thing.len() - command.len() <= "error: ".len()) {
        return true;
    }
    // A word that is wider than any line could be.
    let words = thing.split(' ').map(width);
    words.max().is_some_and(|widest| widest + 12 > look.width) && thing.contains('/')
}

/// The command with which a line ends.
fn pasteable(line: &str) -> Option<&str> {
    let start = ["ganger ", "git ", "gh "].iter().filter_map(|name| {
        let at = line.rfind(name)?;
        let begins = at == 0 || line[..at].ends_with([' ', '(', '"', '=']);
        begins.then_some(at)
    });
    start.min().map(|at| &line[at..])
}

/// No command is broken or cut, and what is proposed can be typed.
fn check_command(case: &Case, look: &Look, line: &str, context: &str) {
    for command in &case.commands {
        let command = look.finish(command.clone());
        let Some(tail) = pasteable(line).filter(|tail| !command.is_empty() && *tail != command) else {
            continue;
        };
        let tail = tail.trim_end_matches(['…', '~', ' ']);
        let is_whole = case.commands.iter().any(|other| look.finish(other.clone()) == tail);
        let broken = command.starts_with(tail) && !is_whole && tail.contains(' ');
        assert!(!broken, "a broken command: {line:?} of {command:?} in {context}");
    }
    let proposed = ["hint: ", "fix: ", "Next: ", ""]
        .iter()
        .find_map(|before| line.trim_start().strip_prefix(before).filter(|rest| rest.starts_with("ganger ")));
    for command in proposed.into_iter().flat_map(|line| line.split(if look.utf8 { " · " } else { " - " })) {
        let words = shlex::split(command).unwrap_or_else(|| panic!("no words: {command:?} in {context}"));
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{command:?} can't be typed: {error}\nin {context}");
        }
    }
}
