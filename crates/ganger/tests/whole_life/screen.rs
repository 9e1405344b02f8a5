//! What `run` shows on a terminal of 80 columns and 24 lines, on worse ones, and under a real tmux.

use crate::fixture::{Fixture, commit, put, say, wait_for, write};
use crate::site::{Site, wait_until};
use crate::support::{agents_in, ask, fixture, foreman, implementer, propose};
use crate::terminal::{PAINTING, Shape, Terminal, emulator, lines};
use crate::tmux::Tmux;
use std::path::Path;

const SMALL: Shape = Shape(24, 80);
/// What stands in the region at the bottom, and nowhere else.
const REGION: &str = "Ctrl-C detaches";

/// What happened to the item until it was done, as its log says it, as far as `run` tells it.
fn happened(site: &Site) -> Vec<String> {
    let events = site.text(&["events", "g1", "--json"]);
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    // These stand in another event's words.
    let told = events.filter(|event| {
        !["agent_question.escalated", "reimplementation.started", "agent_session.told"]
            .contains(&event["name"].as_str().unwrap())
    });
    let mut texts: Vec<String> = told.map(|event| event["text"].as_str().unwrap().to_owned()).collect();
    let done = texts.iter().rposition(|text| text == "completed");
    texts.truncate(done.map_or(texts.len(), |last| last + 1));
    // The item was new before `run` followed it.
    texts.into_iter().skip_while(|text| !text.starts_with("planning begins")).collect()
}

/// A text's words with single blanks between them, as they are said where only ASCII can be.
fn words(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .chars()
        .map(|letter| match letter {
            '·' | '–' | '−' => '-',
            '→' => '>',
            '≈' | '…' => '~',
            '✓' => '+',
            '✗' => 'x',
            letter => letter,
        })
        .collect()
}

/// Every event stands in the lines, in its order and whole, wherever its lines end.
fn assert_nothing_is_lost(shown: &[String], site: &Site) {
    let all = words(&shown.join(" "));
    let mut rest = all.as_str();
    for text in happened(site) {
        // Of a long one the beginning is told.
        let text: String = words(&text).chars().take(100).collect();
        let Some(at) = rest.find(&text) else {
            panic!("{text:?} is missing, or not in its place, in:\n{}", shown.join("\n"));
        };
        rest = &rest[at + text.len()..];
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
    terminal.wait_for_prompt("Attach again: ganger run g1");
    site.run_to_the_end();
}

#[test]
fn poor_terminals_get_every_line_and_nothing_that_moves() {
    let check = |shape: Shape, variables: &[(&str, &str)]| {
        let site = Site::of(&Fixture::small());
        site.create();
        let mut terminal = Terminal::run(&site, shape, &["run", "g1"], variables);
        // On a narrow one the choices take several lines.
        terminal.wait_for_prompt("[l] later");
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

/// An agent that asks the person, and one that goes on beside it once the gate is open.
fn busy(gate: &Path) -> Fixture {
    let asks =
        ask("Which region?", &["north", "south"], "told") + &write("limit", "{{told}}") + &commit("Add it");
    let works = wait_for(gate) + &say("I go on.") + &write("limit", "1") + &commit("Add it");
    let rules = implementer("api", "", &asks) + &implementer("web", "", &works);
    let judging = foreman("api", "Which region?", &propose("north", "uncertain"));
    fixture(vec![vec!["api", "web"]], rules, judging)
}

#[test]
fn what_is_typed_stands_while_others_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let site = Site::of(&busy(&gate));
    site.create();
    let mut terminal = Terminal::run(&site, SMALL, &["run", "g1", "--yes"], &[]);
    terminal.wait_for_prompt("l later ›");
    site.wait_for_agent_at(&gate);
    terminal.types("nor");
    terminal.wait_for_prompt("› nor");
    let before = terminal.lines().len();
    put(&gate, "");
    // The other one is done and reviewed meanwhile, and every line of it came in above.
    terminal.wait_for("the turn of g1/web@1 ended");
    wait_until("more history", || terminal.lines().len() > before);
    terminal.wait_for_prompt("› nor");
    terminal.types("th\n");
    assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
    let shown = terminal.lines();
    assert!(
        shown.iter().any(|line| line.contains("you answered") && line.contains("\"north\"")),
        "{shown:?}"
    );
    assert_calm(&terminal);
    assert_nothing_is_lost(&shown, &site);
}

#[test]
fn under_tmux_the_history_is_whole_also_when_the_window_changes() {
    if !Tmux::is_there() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let site = Site::of(&busy(&gate));
    site.create();
    let tmux = Tmux::run(&site, "run g1");
    tmux.wait_for_end("[l] later ›");
    tmux.types("y");
    tmux.presses("Enter");
    tmux.wait_for_end("l later ›");
    site.wait_for_agent_at(&gate);
    let rule = |columns: usize| "─".repeat(columns);
    assert!(tmux.screen().contains(&rule(80)), "{:?}", tmux.screen());
    tmux.resize(60);
    wait_until("the region is narrow", || tmux.screen().contains(&rule(60)));
    put(&gate, "");
    tmux.wait_for("the turn of g1/web@1 ended");
    tmux.resize(80);
    wait_until("the region is wide", || tmux.screen().contains(&rule(80)));
    tmux.types("2");
    tmux.presses("Enter");
    tmux.wait_for_end("ended with 0");
    let shown = tmux.all();
    assert!(shown.iter().any(|line| line.contains("g1 done in")), "{}", shown.join("\n"));
    assert_nothing_is_lost(&shown, &site);
}

#[test]
fn leaving_tmux_leaves_the_agents() {
    if !Tmux::is_there() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let site = Site::of(&busy(&gate));
    site.create();
    let tmux = Tmux::run(&site, "run g1 --yes");
    tmux.wait_for_end("l later ›");
    site.wait_for_agent_at(&gate);
    tmux.presses("C-c");
    tmux.wait_for_end("ended with 130");
    tmux.wait_for("Attach again: ganger run g1");
    assert_eq!(agents_in(&site, "/web").len(), 1, "{}", site.story());
    put(&gate, "");
    site.run_to_the_end();
}
