use super::*;
use crate::render::tests::detail;

fn screen(live: bool, size: Size) -> Screen {
    Screen { live, breaks_anew: true, kept: String::new(), shown: Shown::default(), size }
}

fn shown(region: &str, prompt: &str) -> Shown {
    Shown { region: region.into(), prompt: prompt.into(), entered: 0 }
}

#[test]
fn what_is_erased_is_what_was_painted() {
    let check = |shown: Shown, columns: usize, entered: &[&str], expected: &str| {
        let mut screen = screen(true, (columns, 24));
        screen.shown = shown;
        entered.iter().for_each(|line| screen.entered(line));
        assert_eq!(screen.erase(), expected);
        assert_eq!(screen.erase(), "", "it is gone");
    };
    check(Shown::default(), 80, &[], "");
    check(shown("", "d1 › "), 80, &[], "\r\x1b[J");
    check(shown("rule\nwave 1", ""), 80, &[], "\r\x1b[1A\x1b[J");
    check(shown("rule\nwave 1\n", "d1 › "), 80, &[], "\r\x1b[2A\x1b[J");
    check(shown("rule\nwave 1\n", "d1 › "), 80, &["y"], "\r\x1b[3A\x1b[J");
    // What was typed went on in the next line, and so did the lines of a window that became narrower.
    check(shown("rule\nwave 1\n", "d1 › "), 80, &[&"y".repeat(80)], "\r\x1b[4A\x1b[J");
    check(shown("0123456789ab\nwave 1\n", "d1 › "), 10, &[], "\r\x1b[3A\x1b[J");
}

#[test]
fn a_window_that_may_not_break_lines_anew_loses_no_history() {
    let mut screen = Screen { breaks_anew: false, ..screen(true, (10, 24)) };
    screen.shown = shown("0123456789ab\nwave 1\n", "d1 › ");
    assert_eq!(screen.erase(), "\r\x1b[2A\x1b[J");
}

#[test]
fn where_nothing_is_painted_a_prompt_is_no_place_for_history() {
    let mut screen = screen(false, (80, 24));
    screen.shown = shown("", "d1 › ");
    assert_eq!(screen.erase(), "\n");
    screen.shown = shown("", "d1 › ");
    screen.entered("y");
    assert_eq!(screen.erase(), "");
}

#[test]
fn what_is_being_typed_stays() {
    let mut screen = screen(true, (80, 10));
    screen.shown = shown("rule\nwave 1\n", "d1 › ");
    let same = screen.above_prompt(&shown("rule\nwave 2\n", "d1 › "), "").unwrap();
    assert_eq!(same, "\x1b7\r\x1b[2Arule\x1b[K\r\nwave 2\x1b[K\r\n\x1b8");
    let more = screen.above_prompt(&shown("rule\nwave 1\n", "d1 › "), "12:00 a\n").unwrap();
    let room = "\x0b\x1b[1A\x1b7\r\x1b[2A\x1b[1L";
    assert_eq!(more, format!("{room}12:00 a\x1b[K\r\nrule\x1b[K\r\nwave 1\x1b[K\r\n\x1b8\x1b[1B"));
    let less = screen.above_prompt(&shown("rule\n", "d1 › "), "").unwrap();
    assert_eq!(less, "\x1b7\r\x1b[2A\x1b[1Mrule\x1b[K\r\n\x1b8\x1b[1A");
    // Another prompt, or more than there is room for, is painted anew.
    assert_eq!(screen.above_prompt(&shown("rule\nwave 1\n", "d2 › "), ""), None);
    assert_eq!(screen.above_prompt(&shown("rule\nwave 1\n", "d1 › "), &"x\n".repeat(7)), None);
    screen.entered("y");
    assert_eq!(screen.above_prompt(&shown("rule\nwave 1\n", "d1 › "), ""), None);
}

#[test]
fn a_region_is_lower_than_the_terminal() {
    let look = crate::render::tests::look(80);
    assert!(region::region(&look, &detail(), 4).lines().count() <= 4);
}
