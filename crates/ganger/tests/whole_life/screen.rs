//! What `run` shows on a terminal of 80 columns and 24 lines, and on worse ones.

use crate::fixture::Fixture;
use crate::site::Site;
use crate::terminal::{PAINTING, Shape, Terminal, emulator, lines};

const SMALL: Shape = Shape(24, 80);
/// What stands in the region at the bottom, and nowhere else.
const REGION: &str = "Ctrl-C detaches, agents go on";

/// What happened to the item, as its log says it.
fn happened(site: &Site) -> Vec<String> {
    let events = site.text(&["events", "g1", "--json"]);
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let texts = events.map(|event| event["text"].as_str().unwrap().to_owned());
    // The item was new before `run` followed it.
    texts.skip_while(|text| !text.starts_with("planning begins")).collect()
}

/// Every event stands in the lines, in its order and once.
fn assert_nothing_is_lost(shown: &[String], site: &Site) {
    let mut rest = shown.iter();
    for text in happened(site) {
        let start: String = text.chars().take(40).collect();
        // As it is said where only ASCII can be.
        let plain = start.replace('·', "-");
        assert!(
            rest.any(|line| line.contains(&start) || line.contains(&plain)),
            "{text:?} is missing in:\n{}",
            shown.join("\n")
        );
    }
    assert!(!shown.iter().any(|line| line.contains(REGION)), "the region stays:\n{}", shown.join("\n"));
}

/// Nothing is erased but within a painting, and no painting leaves the screen as it was.
fn assert_calm(terminal: &Terminal) {
    let text = String::from_utf8(terminal.bytes()).unwrap();
    for sequence in ["\x1b[2J", "\x1b[3J", "\x1b[H", "\x1b[?1049h"] {
        assert!(!text.contains(sequence), "{sequence:?} in {text:?}");
    }
    let mut parser = emulator(SMALL);
    let mut before = Vec::new();
    for (index, piece) in text.split(PAINTING.0).enumerate() {
        let (painting, beside) = match index {
            0 => ("", piece),
            _ => piece.split_once(PAINTING.1).expect("every painting ends"),
        };
        assert!(!beside.contains("\x1b[J"), "erased beside a painting: {beside:?}");
        parser.process(painting.as_bytes());
        let after = lines(&mut parser);
        assert!(index == 0 || after != before, "painted again: {painting:?}");
        parser.process(beside.as_bytes());
        before = lines(&mut parser);
    }
}

#[test]
fn a_life_on_a_small_terminal_is_calm_and_loses_no_line() {
    let site = Site::of(&Fixture::small());
    site.create();
    let mut terminal = Terminal::run(&site, SMALL, &["run", "g1"], &[]);
    terminal.wait_for_prompt("[y] approve");
    // A word that is no choice is said to be none, and the prompt stays.
    terminal.types("maybe\n");
    terminal.wait_for("`maybe` is none of y, v, e, d, r, n, l");
    terminal.wait_for_prompt("[y] approve");
    terminal.types("y\n");
    assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
    assert_calm(&terminal);
    assert_nothing_is_lost(&terminal.lines(), &site);
}

#[test]
fn leaving_a_terminal_leaves_the_work() {
    let site = Site::of(&Fixture::small());
    site.create();
    let mut terminal = Terminal::run(&site, SMALL, &["run", "g1"], &[]);
    terminal.wait_for_prompt("[y] approve");
    terminal.types("\x03");
    assert_eq!(terminal.end(), 130, "{}", terminal.lines().join("\n"));
    terminal.wait_for_prompt("ganger run g1 attaches again");
    site.run_to_the_end();
}

#[test]
fn poor_terminals_get_every_line_and_nothing_that_moves() {
    let check = |shape: Shape, variables: &[(&str, &str)]| {
        let site = Site::of(&Fixture::small());
        site.create();
        let mut terminal = Terminal::run(&site, shape, &["run", "g1"], variables);
        terminal.wait_for_prompt("[y] approve");
        terminal.types("y\n");
        assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
        let text = String::from_utf8(terminal.bytes()).unwrap();
        let is_dumb = variables.contains(&("TERM", "dumb"));
        assert_eq!(is_dumb, !text.contains('\x1b'), "{variables:?}: {text:?}");
        if variables.iter().any(|(name, _)| *name == "LC_ALL") {
            assert!(text.is_ascii(), "{text:?}");
        }
        assert_nothing_is_lost(&terminal.lines(), &site);
    };
    check(SMALL, &[("TERM", "dumb")]);
    check(Shape(24, 60), &[("LC_ALL", "C"), ("LANG", "C")]);
}
