//! `ls`.

use crate::look::{Look, Symbol, count, cut, money, width};
use crate::table::{Column, table};
use ganger_api::item::{ItemList, ItemSummary};

/// The list, what needs a person first as the daemon ordered it, and a line of sums.
pub fn items(look: &Look, list: &ItemList) -> String {
    if list.items.is_empty() {
        return look.finish(match list.finished_hidden {
            0 => "No work items yet. Next: ganger new \"What is to be done\"\n".into(),
            hidden => format!("Nothing lives. {hidden} finished: ganger ls --all\n"),
        });
    }
    let columns = [
        Column::left(""),
        Column::left("ITEM"),
        Column::free("TITLE", 20),
        Column::free("STATUS", 23),
        Column::right("WAVE"),
        Column::free("REPOSITORIES", 14),
        Column::right("AGE"),
        Column::right("COST"),
    ];
    let rows: Vec<_> = list.items.iter().map(|item| row(look, item)).collect();
    let mut text = table(look, 1, &columns, &rows);
    let live = list.items.iter().filter(|item| item.head.outcome.is_none()).count();
    let waiting = list.items.iter().filter(|item| item.head.needs_person()).count();
    let mut sums = vec![format!("{live} live")];
    if waiting > 0 {
        sums.push(format!("{waiting} {} for you: ganger inbox", if waiting == 1 { "waits" } else { "wait" }));
    }
    if list.finished_hidden > 0 {
        sums.push(format!("{} finished: ganger ls --all", list.finished_hidden));
    }
    text.push_str(&format!("{}\n", look.facts(&sums, 0, 0)));
    look.finish(text)
}

fn row(look: &Look, item: &ItemSummary) -> Vec<String> {
    let head = &item.head;
    let parts = item.repositories.iter().map(|part| {
        // Before a plan is approved a state says nothing.
        let symbol =
            if head.wave.is_some() { look.symbol(Symbol::of_part(part.state)) } else { String::new() };
        format!("{symbol}{}", look.line(&part.name))
    });
    let parts: Vec<String> = parts.collect();
    vec![
        look.symbol(Symbol::of_item(head)),
        head.handle.clone(),
        look.line(&head.title),
        look.moments(&look.line(&head.status_text)),
        head.wave.map_or_else(|| "–".into(), |wave| format!("{}/{}", wave.index, wave.of)),
        first_names(&parts),
        look.age(head.created_at),
        money(head.usage.as_ref()),
    ]
}

/// The names that fit into a column, and how many there are beside them.
fn first_names(names: &[String]) -> String {
    /// Columns for names of which not all are shown.
    const ROOM: usize = 26;
    let mut shown = names.len();
    let text = |shown: usize| match names.len() - shown {
        0 => names.join(" "),
        more => format!("{} and {more}", names[..shown].join(" ")),
    };
    while shown > 1 && width(&text(shown)) > ROOM {
        shown -= 1;
    }
    text(shown)
}

/// What stands beside a part: `4 files +180 −2`, and `2 uncommitted`.
pub fn changes(changes: &ganger_api::item::ChangeCount) -> Vec<String> {
    let files = count(changes.files, "file");
    let mut facts = vec![format!("{files} +{} −{}", changes.insertions, changes.deletions)];
    if changes.uncommitted > 0 {
        facts.push(format!("{} uncommitted", changes.uncommitted));
    }
    facts
}

/// One item on one line: `✓ g12  Rate limit per API key  published`, with the first command where it needs a person.
pub fn short(look: &Look, head: &ganger_api::item::ItemHead) -> String {
    let symbol = look.symbol(Symbol::of_item(head));
    let status = look.moments(&look.line(&head.status_text));
    // The title gives way, the status does not.
    let others = width(&symbol) + width(&head.handle) + width(&status) + 5;
    let title = cut(&look.line(&head.title), look.width.saturating_sub(others).max(20));
    let mut text = format!("{symbol} {}  {title}  {status}\n", head.handle);
    for command in head.waits.iter().filter_map(|wait| wait.commands.first()) {
        text.push_str(&format!("  {}\n", look.line(command)));
    }
    look.finish(text)
}
