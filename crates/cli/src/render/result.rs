//! What came of a command.

use crate::look::{Look, Symbol, count, short};
use crate::table::{Column, table_with_ends};
use ganger_api::command::{CommandResult, Publication, PublicationState};

/// The sentence, the pushes, and what to type next.
pub fn result(look: &Look, result: &CommandResult) -> String {
    let message = look.moments(&result.message);
    let mut text = String::new();
    for line in look.lines(&message) {
        text.push_str(&format!("{}\n", look.wrap(&line, 0, 2)));
    }
    if result.repeated {
        text.push_str("This had been done already; nothing was done twice.\n");
    }
    let columns = [
        Column::left(""),
        Column::free("", 12),
        Column::left(""),
        Column::left(""),
        Column::left(""),
        Column::free("", 20),
    ];
    let rows: Vec<_> = result.publications.iter().map(|publication| row(look, publication)).collect();
    let ends: Vec<_> = result.publications.iter().map(|publication| end(look, publication)).collect();
    text.push_str(&table_with_ends(look, 2, &columns, &rows, &ends));
    if !result.commands.is_empty() {
        text.push_str(&next(look, &result.commands));
    }
    look.finish(text)
}

fn row(look: &Look, publication: &Publication) -> Vec<String> {
    let symbol = match publication.state {
        PublicationState::Ready | PublicationState::NotReady => Symbol::Waits,
        PublicationState::Pushing => Symbol::Running,
        PublicationState::Published => Symbol::Passed,
        PublicationState::Refused => Symbol::Failed,
    };
    let commits = publication.commits.map(|commits| count(commits.into(), "commit"));
    vec![
        look.symbol(symbol),
        look.line(&publication.repository),
        publication.state.words().to_owned(),
        commits.unwrap_or_default(),
        publication.commit.as_deref().map(short).unwrap_or_default(),
        look.line(&publication.branch),
    ]
}

/// Why a push stands so, or where it leads.
fn end(look: &Look, publication: &Publication) -> String {
    let place = publication.url.as_deref().or(publication.remote.as_deref()).unwrap_or("your clone");
    match &publication.reason {
        Some(reason) => look.line(reason),
        None => format!("→\u{a0}{}", look.line(place)),
    }
}

/// What to type next: commands beside each other as far as they fit, none broken.
pub fn next(look: &Look, commands: &[String]) -> String {
    const BEFORE: &str = "Next: ";
    format!("{BEFORE}{}\n", look.commands(commands, BEFORE.len(), BEFORE.len()))
}
