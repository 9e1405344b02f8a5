//! What `run` shows on a terminal of 80 columns and 24 lines.

use crate::fixture::Fixture;
use crate::site::Site;
use crate::terminal::{Shape, Terminal};

#[test]
fn a_life_on_a_small_terminal_is_calm_and_loses_no_line() {
    let site = Site::of(&Fixture::small());
    site.create();
    let mut terminal = Terminal::run(&site, Shape(24, 80), &["run", "g1"], &[]);
    terminal.wait_for_prompt("[y] approve");
    terminal.types("y\n");
    let code = terminal.end();
    println!("{}", terminal.lines().join("\n"));
    println!("{:?}", String::from_utf8_lossy(&terminal.bytes()));
    println!("{}", site.text(&["events", "g1"]));
    assert_eq!(code, 1);
}
