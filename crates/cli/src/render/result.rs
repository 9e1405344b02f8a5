//! What came of a command.

use crate::look::{Look, Symbol, count, short};
use crate::table::{Column, table};
use ganger_api::command::{CommandResult, Publication, PublicationState};

/// The sentence, the pushes, and what to type next.
pub fn result(look: &Look, result: &CommandResult) -> String {
    let mut text = format!("{}\n", look.moments(&look.text(&result.message)));
    if result.repeated {
        text.push_str("This had been done already; nothing was done twice.\n");
    }
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::left(""),
        Column::free("", 20),
        Column::left(""),
        Column::left(""),
        Column::free("", 20),
    ];
    let rows: Vec<_> = result.publications.iter().map(|publication| row(look, publication)).collect();
    text.push_str(&table(look, 2, &columns, &rows));
    if !result.commands.is_empty() {
        text.push_str(&format!("Next: {}\n", result.commands.join(" · ")));
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
    let place = publication.url.as_deref().or(publication.remote.as_deref()).unwrap_or("your clone");
    let commits = publication.commits.map(|commits| count(commits.into(), "commit"));
    let reason = publication.reason.as_ref().map(|reason| look.line(reason));
    vec![
        look.symbol(symbol),
        look.line(&publication.repository),
        publication.state.words().to_owned(),
        look.line(&publication.branch),
        publication.commit.as_deref().map(short).unwrap_or_default(),
        commits.unwrap_or_default(),
        reason.unwrap_or_else(|| format!("→ {}", look.line(place))),
    ]
}
