//! The events of a real life: read off the log that a demonstration left, and told again for other items.

use anyhow::{Context, Result, ensure};
use ganger_core::aggregate::Aggregate;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_orchestrator::projection::{self, ItemSummary};
use ganger_orchestrator::stored;
use ganger_store::{
    Append, IndexRow, MAX_PAGE, NewEvent, SqliteOptions, SqliteStore, Store, StreamId, StreamKind,
};
use std::path::Path;

/// The letters of an id.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many of them an id has.
const ID_LENGTH: usize = 26;

/// One life: the appends of a work item, from its birth to its end.
pub(crate) struct Life {
    item: String,
    workspace: String,
    appends: Vec<Vec<NewEvent>>,
}

/// The life of another item: its appends as the daemon would make them.
pub(crate) struct Retold {
    /// The appends, ready for the store.
    pub(crate) appends: Vec<Append>,
    /// Behind how many of them the item first waited for a person with nothing owed.
    pub(crate) waits_after: Option<usize>,
}

impl Life {
    /// The life of the item `g1` in this database.
    pub(crate) fn read(database: &Path) -> Result<Self> {
        let store = SqliteStore::open(database, &SqliteOptions::default())?;
        let stream = store.by_number(1)?.context("the demonstration left no item g1")?;
        let (mut appends, mut seen) = (Vec::<Vec<NewEvent>>::new(), 0);
        loop {
            let page = store.read_stream(&stream, seen, MAX_PAGE)?;
            let Some(last) = page.last() else { break };
            seen = last.version;
            for event in page {
                let event = NewEvent::new(event.kind, event.data, event.wall_ms, event.awake_ms);
                // What was decided together has the same times.
                match appends.last_mut() {
                    Some(append) if append[0].awake_ms == event.awake_ms => append.push(event),
                    _ => appends.push(vec![event]),
                }
            }
        }
        let mut item = WorkItem::default();
        for event in appends.iter().flatten() {
            item.apply(&read(event)?);
        }
        let workspace = item.workspace.context("the item has no workspace")?.to_string();
        ensure!(item.number == 1, "the item g1 has the number {}", item.number);
        Ok(Self { item: stream.id, workspace, appends })
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.appends.iter().map(Vec::len).sum()
    }

    /// The same life of another item, `g<number>`: every id in it is another one.
    pub(crate) fn retold(&self, number: u64) -> Result<Retold> {
        self.retold_up_to(number, self.appends.len())
    }

    /// The beginning of that life.
    pub(crate) fn retold_up_to(&self, number: u64, count: usize) -> Result<Retold> {
        let stream = StreamId::new(StreamKind::WorkItem, self.renewed(&self.item, number));
        let (mut item, mut version) = (WorkItem::default(), 0);
        let (mut appends, mut waits_after) = (Vec::new(), None);
        for events in self.appends.iter().take(count) {
            let (mut retold, mut facts) = (Vec::new(), Vec::new());
            for event in events {
                let mut event = NewEvent { data: self.renewed(&event.data, number), ..event.clone() };
                let mut fact: ItemEvent = read(&event)?;
                if let ItemFact::Born { number: born, .. } = &mut fact.fact {
                    *born = number;
                    event = stored::to_stored(&fact, fact.at);
                }
                item.apply(&fact);
                retold.push(event);
                facts.push(fact);
            }
            let count = retold.len() as u64;
            appends.push(Append {
                index: Some(projection::row(&item)),
                numbers: projection::numbers(&facts),
                ..Append::new(stream.clone(), version, retold)
            });
            version += count;
            if waits_after.is_none() && !item.decisions.is_empty() && item.owed().is_empty() {
                waits_after = Some(appends.len());
            }
        }
        Ok(Retold { appends, waits_after })
    }

    /// The query columns of the item `g<number>`, after those of another one that lived the same life.
    pub(crate) fn row_for(&self, other: &IndexRow, number: u64) -> Result<IndexRow> {
        let mut summary: ItemSummary = serde_json::from_str(&self.renewed(&other.summary, number))?;
        summary.number = number;
        Ok(IndexRow { number: Some(number), summary: serde_json::to_string(&summary)?, ..other.clone() })
    }

    /// The text with every id but the workspace's replaced by one that belongs to `number`.
    fn renewed(&self, text: &str, number: u64) -> String {
        let ending: String =
            (0..6).rev().map(|place| char::from(LETTERS[(number >> (place * 5) & 31) as usize])).collect();
        let is_letter = |byte: &u8| LETTERS.contains(byte);
        let bytes = text.as_bytes();
        let (mut renewed, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let end = at + length;
            let is_id = length == ID_LENGTH && bytes[at..end].iter().all(is_letter);
            if is_id && text[at..end] != self.workspace {
                renewed.push_str(&text[copied..end - ending.len()]);
                renewed.push_str(&ending);
                copied = end;
            }
            at = end + usize::from(length == 0);
        }
        renewed.push_str(&text[copied..]);
        renewed
    }
}

fn read(event: &NewEvent) -> Result<ItemEvent> {
    stored::from_stored(&event.kind, &event.data)
        .map_err(|reason| anyhow::anyhow!("the event {} cannot be read: {reason}", event.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_but_the_workspaces_is_renewed() {
        let life = Life {
            item: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            workspace: "01BX5ZZKBKACTAV9WEVGEMMVRZ".to_owned(),
            appends: Vec::new(),
        };
        let check = |text: &str, renewed: &str| assert_eq!(life.renewed(text, 33), renewed);
        check("", "");
        check("\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"", "\"01ARZ3NDEKTSV4RRFFQ6000011\"");
        check("of 01BX5ZZKBKACTAV9WEVGEMMVRZ", "of 01BX5ZZKBKACTAV9WEVGEMMVRZ");
        // Longer, shorter and other words are no ids.
        check(
            "x01ARZ3NDEKTSV4RRFFQ69G5FAV é 01ARZ3NDEKTSV4RRFFQ69G5FA",
            "x01ARZ3NDEKTSV4RRFFQ69G5FAV é 01ARZ3NDEKTSV4RRFFQ69G5FA",
        );
        check("01arz3ndektsv4rrffq69g5fav", "01arz3ndektsv4rrffq69g5fav");
    }
}
