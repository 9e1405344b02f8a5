//! Several hands on one plan, through terminals: no typed byte is lost, and nobody approves what they have not read.

use crate::fixture::{Fixture, put};
use crate::site::{Site, wait_until};
use crate::terminal::{Shape, Terminal};
use std::path::Path;

const SHAPE: Shape = Shape(40, 100);
/// Broken documents in one sitting.
const ROUNDS: usize = 50;

/// An item whose plan waits.
fn waiting() -> (Site, String) {
    let site = Site::of(&Fixture::small());
    site.create();
    assert_eq!(site.ganger(&["run", "g1"]).status.code(), Some(3), "{}", site.story());
    let plan = std::fs::read_to_string(site.root().join("plan.md")).unwrap();
    (site, plan)
}

/// An editor, as a command.
fn editor(site: &Site, script: &str) -> String {
    let path = site.root().join("editor.sh");
    put(&path, script);
    format!("sh {}", path.display())
}

fn digest(site: &Site) -> String {
    site.json(&["plan", "g1"])["plan"]["digest"].as_str().unwrap().to_owned()
}

/// A document of this round, each broken in another place and holding what only it holds.
fn broken(plan: &str, round: usize) -> String {
    let headings = ["### Goal", "### Scope", "### Changes", "### Validation", "### Risks"];
    let heading = headings[round % headings.len()];
    let words = format!("{plan}\nRound {round}: Übergrößen, \ttabs,   blanks and \u{1f9ea}.\n");
    words.replacen(heading, &format!("{heading}s of round {round}"), 1)
}

#[test]
fn fifty_broken_documents_cost_no_byte() {
    let (site, plan) = waiting();
    let texts = site.root().join("texts");
    for round in 0..ROUNDS {
        put(&texts.join(round.to_string()), &broken(&plan, round));
    }
    let last = plan.replace("A limit.", "A limit that lasts.");
    put(&texts.join(ROUNDS.to_string()), &last);
    // It keeps what it is given, and types the next text.
    let editor = editor(
        &site,
        &format!(
            "cd {}\nround=$(cat round 2>/dev/null || echo 0)\ncp \"$1\" given.$round\ncp $round \"$1\"\n\
             echo $((round + 1)) > round\n",
            texts.display()
        ),
    );
    let mut terminal = Terminal::run(&site, SHAPE, &["edit", "g1"], &[("EDITOR", &editor)]);
    let round = |text: &str| std::fs::read_to_string(texts.join(text)).unwrap_or_default();
    for number in 1..=ROUNDS {
        wait_until("the text is refused", || round("round").trim() == number.to_string());
        terminal.wait_for_prompt("[e] back to the editor");
        terminal.types("e\n");
    }
    assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
    assert_eq!(round("given.0"), plan);
    for number in 1..=ROUNDS {
        let given = round(&format!("given.{number}"));
        let (marks, lines): (Vec<&str>, Vec<&str>) =
            given.lines().partition(|line| line.starts_with("<!-- ganger: "));
        assert!(!marks.is_empty(), "round {number} marks no problem");
        assert_eq!(lines.join("\n") + "\n", round(&(number - 1).to_string()), "round {number}");
    }
    let shown = site.json(&["plan", "g1"]);
    assert_eq!(shown["plan"]["version"], 2);
    assert_eq!(shown["document"], last.as_str());
}

#[test]
fn what_is_typed_while_another_approves_is_kept_or_taken() {
    let (site, plan) = waiting();
    let read = digest(&site);
    let (typed, gate) = (site.root().join("typed.md"), site.root().join("gate"));
    put(&typed, &plan.replace("A limit.", "Another limit."));
    let editor = editor(
        &site,
        &format!(
            "touch {gate}.open\nuntil [ -e {gate} ]; do sleep 0.02; done\ncp {} \"$1\"\n",
            typed.display(),
            gate = gate.display()
        ),
    );
    let mut terminal = Terminal::run(&site, SHAPE, &["edit", "g1"], &[("EDITOR", &editor)]);
    wait_until("the editor is open", || Path::new(&format!("{}.open", gate.display())).exists());
    site.text(&["approve", "g1", "--digest", &read]);
    put(&gate, "");
    let code = terminal.end();
    let said = terminal.lines().join("\n");
    let draft = site.world.home.join("drafts/g1-v2.md");
    if code == 0 {
        // Nothing had begun yet: it is a version that waits, and is not what was approved.
        assert_ne!(digest(&site), read, "{said}");
    } else {
        assert_eq!(code, 5, "{said}");
        assert_eq!(std::fs::read(&draft).unwrap(), std::fs::read(&typed).unwrap(), "{said}");
        assert!(said.contains("drafts/g1-v2.md"), "{said}");
    }
    assert_eq!(approved(&site), [read]);
}

#[test]
fn a_plan_that_changes_at_the_prompt_is_read_before_it_is_approved() {
    let (site, plan) = waiting();
    let first = digest(&site);
    let mut terminal = Terminal::run(&site, SHAPE, &["run", "g1"], &[]);
    terminal.wait_for_prompt("[y] approve");
    let typed = site.root().join("typed.md");
    put(&typed, &plan.replace("A limit.", "Another limit."));
    site.text(&["edit", "g1", "-f", typed.to_str().unwrap()]);
    let second = digest(&site);
    // Whoever read the first cannot approve the second.
    let late = site.ganger(&["approve", "g1", "--digest", &first]);
    assert_eq!(late.status.code(), Some(5), "{late:?}");
    terminal.types("y\n");
    let short = &second["sha256:".len()..][..12];
    terminal.wait_for(short);
    if approved(&site).is_empty() {
        terminal.wait_for_prompt("[y] approve");
        terminal.types("y\n");
    }
    assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
    assert_eq!(approved(&site), std::slice::from_ref(&second));
    let lines = terminal.lines();
    let position = |words: &str| lines.iter().position(|line| line.contains(words)).unwrap();
    assert!(position(short) < position("Approved the plan"), "{}", lines.join("\n"));
}

/// The digests that were approved, oldest first.
fn approved(site: &Site) -> Vec<String> {
    let events = site.text(&["events", "g1", "--json"]);
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events
        .filter(|event| event["name"] == "plan.approved")
        .map(|event| event["data"]["digest"].as_str().unwrap().to_owned())
        .collect()
}
