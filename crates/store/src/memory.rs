//! A store in memory, which loses commits or answers when told to. It iterates over ordered maps only and reads no
//! clock, so that equal inputs give equal outputs.

mod faults;

pub use faults::{Fault, Faults, SeededFaults};

use crate::append::{Append, Appended, CommandResult, NumberKind, Numbered};
use crate::digest::Digest;
use crate::error::{AppendError, StoreError};
use crate::index::{IndexRow, ListQuery, MAX_SEARCH_WORDS, words};
use crate::prepare::Prepared;
use crate::store::{Done, MAX_PAGE, Store};
use crate::stream::{Loaded, Snapshot, StoredEvent, StreamId, StreamKind};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const PLACE: &str = "the store in memory";

/// A store in memory. Clones share their content: what a simulated daemon leaves behind when it dies is there for the
/// next one.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    events: Vec<StoredEvent>,
    streams: BTreeMap<StreamId, Stream>,
    commands: BTreeMap<String, (CommandResult, u64)>,
    numbers: BTreeMap<NumberKind, Numbers>,
    named: BTreeMap<u64, StreamId>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    faults: Option<Faults>,
}

#[derive(Default)]
struct Stream {
    /// Places in the log, by version less one.
    places: Vec<usize>,
    snapshot: Option<Snapshot>,
    row: Option<IndexRow>,
    /// The string values of the summary.
    text: String,
}

#[derive(Default)]
struct Numbers {
    things: Vec<Numbered>,
    by_id: BTreeMap<String, u64>,
}

impl MemoryStore {
    /// An empty store without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store in which `faults` decides, for each append that could be committed, whether it goes wrong.
    pub fn with_faults(faults: Faults) -> Self {
        let store = Self::new();
        store.set_faults(Some(faults));
        store
    }

    /// Changes what goes wrong from now on; None means nothing.
    pub fn set_faults(&self, faults: Option<Faults>) {
        self.state().faults = faults;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere can't have left it half written: nothing that is written is checked afterwards.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        let asked = self.faults.is_some().then(|| append.clone());
        let prepared = Prepared::new(append)?;
        self.refuse(&prepared)?;
        let fault = asked.and_then(|append| self.faults.as_mut().and_then(|faults| faults(&append)));
        let unavailable =
            |reason: &str| AppendError::Unavailable { place: PLACE.to_owned(), reason: reason.to_owned() };
        match fault {
            None => Ok(self.write(prepared)),
            Some(Fault::CommitLost) => Err(unavailable("a fault was asked for")),
            Some(Fault::AnswerLost) => {
                self.write(prepared);
                Err(unavailable("a fault was asked for"))
            }
            Some(Fault::Full) => {
                Err(AppendError::Full { place: PLACE.to_owned(), reason: "a fault was asked for".to_owned() })
            }
        }
    }

    fn version(&self, stream: &StreamId) -> u64 {
        self.streams.get(stream).map_or(0, |stream| stream.places.len() as u64)
    }

    fn refuse(&self, append: &Prepared) -> Result<(), AppendError> {
        if let Some(command) = &append.command
            && let Some((stored, _)) = self.commands.get(&command.key)
        {
            let key = command.key.clone();
            return Err(if stored.body_digest == command.body_digest {
                AppendError::AlreadyAccepted { key, result: stored.result.clone() }
            } else {
                AppendError::KeyReused { key }
            });
        }
        let actual = self.version(&append.stream);
        if actual != append.expected {
            let (stream, expected) = (append.stream.clone(), append.expected);
            return Err(AppendError::VersionConflict { stream, expected, actual });
        }
        if let Some(number) = append.index.as_ref().and_then(|index| index.row.number)
            && let Some(owner) = self.named.get(&number).filter(|owner| **owner != append.stream)
        {
            return Err(AppendError::NumberTaken { number, owner: owner.clone() });
        }
        for request in &append.numbers {
            let Some(numbers) = self.numbers.get(&request.kind) else { continue };
            let Some(number) = numbers.by_id.get(&request.id) else { continue };
            let owner = &numbers.things[*number as usize - 1].stream;
            if *owner != append.stream {
                let (kind, number, id) = (request.kind, *number, request.id.clone());
                return Err(AppendError::IdTaken { kind, number, id, owner: owner.clone() });
            }
        }
        Ok(())
    }

    fn write(&mut self, append: Prepared) -> Appended {
        let (name, first_seq) = (append.stream.clone(), self.events.len() as u64 + 1);
        let stream = self.streams.entry(name.clone()).or_default();
        for event in append.events {
            let bodies: Vec<_> = event.packed.bodies.iter().map(|b| (b.at, b.text.clone())).collect();
            self.blobs.extend(event.packed.bodies.into_iter().map(|b| (b.digest, b.text.into_bytes())));
            stream.places.push(self.events.len());
            self.events.push(StoredEvent {
                seq: self.events.len() as u64 + 1,
                stream: name.clone(),
                version: stream.places.len() as u64,
                kind: event.kind,
                data: crate::body::unpack(&event.packed.data, &bodies)
                    .expect("what was packed just now can be unpacked"),
                wall_ms: event.wall_ms,
                awake_ms: event.awake_ms,
            });
        }
        if let Some(index) = append.index {
            if let Some(old) = stream.row.as_ref().and_then(|row| row.number) {
                self.named.remove(&old);
            }
            if let Some(number) = index.row.number {
                self.named.insert(number, name.clone());
            }
            (stream.row, stream.text) = (Some(index.row), index.text);
        }
        if let Some(snapshot) = append.snapshot {
            stream.keep(snapshot);
        }
        let version = stream.places.len() as u64;
        if let Some(command) = append.command {
            let result = CommandResult { body_digest: command.body_digest, result: command.result };
            self.commands.insert(command.key, (result, command.wall_ms));
        }
        self.blobs.extend(append.blobs);
        let mut numbers = Vec::new();
        for request in append.numbers {
            let sequence = self.numbers.entry(request.kind).or_default();
            let next = sequence.things.len() as u64 + 1;
            let number = *sequence.by_id.entry(request.id.clone()).or_insert(next);
            if number == next {
                sequence.things.push(Numbered { stream: name.clone(), id: request.id });
            }
            numbers.push(number);
        }
        Appended { first_seq, last_seq: self.events.len() as u64, version, numbers }
    }

    /// The rows that `admit`, newest number first, those without a number last and by id.
    fn rows(&self, admit: impl Fn(&StreamId, &Stream, &IndexRow) -> bool) -> Vec<(StreamId, IndexRow)> {
        let with_row =
            self.streams.iter().filter_map(|(id, stream)| Some((id, stream, stream.row.as_ref()?)));
        let mut rows: Vec<_> = with_row
            .filter(|(id, stream, row)| admit(id, stream, row))
            .map(|(id, _, row)| (id.clone(), row.clone()))
            .collect();
        rows.sort_by_key(|(id, row)| Reverse((row.number, id.clone())));
        rows
    }
}

impl Stream {
    fn keep(&mut self, snapshot: Snapshot) {
        let older = |kept: &Snapshot| kept.schema == snapshot.schema && kept.version > snapshot.version;
        if !self.snapshot.as_ref().is_some_and(older) {
            self.snapshot = Some(snapshot);
        }
    }
}

impl Store for MemoryStore {
    fn submit(&self, append: Append, done: Done) {
        let result = self.state().append(append);
        done(result);
    }

    fn load(&self, stream: &StreamId) -> Result<Loaded, StoreError> {
        let state = self.state();
        let Some(found) = state.streams.get(stream) else { return Ok(Loaded::default()) };
        let after = found.snapshot.as_ref().map_or(0, |snapshot| snapshot.version as usize);
        let events = found.places.iter().skip(after).map(|place| state.events[*place].clone()).collect();
        Ok(Loaded { snapshot: found.snapshot.clone(), events, version: found.places.len() as u64 })
    }

    fn save_snapshot(&self, stream: &StreamId, snapshot: Snapshot) -> Result<(), StoreError> {
        let mut state = self.state();
        let actual = state.version(stream);
        if snapshot.version > actual || actual == 0 {
            let (stream, snapshot) = (stream.clone(), snapshot.version);
            return Err(StoreError::SnapshotAhead { stream, actual, snapshot });
        }
        if let Some(found) = state.streams.get_mut(stream) {
            found.keep(snapshot);
        }
        Ok(())
    }

    fn read(&self, after_seq: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let after = usize::try_from(after_seq).unwrap_or(usize::MAX);
        Ok(self.state().events.iter().skip(after).take(limit.min(MAX_PAGE)).cloned().collect())
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.state();
        let places = state.streams.get(stream).map_or(&[][..], |found| &found.places);
        let after = usize::try_from(after_version).unwrap_or(usize::MAX);
        let page = places.iter().skip(after).take(limit.min(MAX_PAGE));
        Ok(page.map(|place| state.events[*place].clone()).collect())
    }

    fn last_seq(&self) -> Result<u64, StoreError> {
        Ok(self.state().events.len() as u64)
    }

    fn command_result(&self, key: &str) -> Result<Option<CommandResult>, StoreError> {
        Ok(self.state().commands.get(key).map(|(result, _)| result.clone()))
    }

    fn forget_commands(&self, before_wall_ms: u64) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.commands.len();
        state.commands.retain(|_, (_, accepted)| *accepted >= before_wall_ms);
        Ok((before - state.commands.len()) as u64)
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<(StreamId, IndexRow)>, StoreError> {
        let mut rows = self.state().rows(|id, _, row| id.kind == query.kind && query.admits(row));
        rows.truncate(query.limit.min(MAX_PAGE));
        Ok(rows)
    }

    fn count(&self, query: &ListQuery) -> Result<u64, StoreError> {
        Ok(self.state().rows(|id, _, row| id.kind == query.kind && query.admits(row)).len() as u64)
    }

    fn index_row(&self, stream: &StreamId) -> Result<Option<IndexRow>, StoreError> {
        Ok(self.state().streams.get(stream).and_then(|found| found.row.clone()))
    }

    fn live_streams(&self, kind: StreamKind) -> Result<Vec<StreamId>, StoreError> {
        let state = self.state();
        let live = |(id, stream): &(&StreamId, &Stream)| {
            id.kind == kind && stream.row.as_ref().is_some_and(|row| row.live)
        };
        Ok(state.streams.iter().filter(live).map(|(id, _)| id.clone()).collect())
    }

    fn by_number(&self, number: u64) -> Result<Option<StreamId>, StoreError> {
        Ok(self.state().named.get(&number).cloned())
    }

    fn number_of(&self, kind: NumberKind, id: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.state().numbers.get(&kind).and_then(|numbers| numbers.by_id.get(id).copied()))
    }

    fn id_of(&self, kind: NumberKind, number: u64) -> Result<Option<Numbered>, StoreError> {
        let state = self.state();
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let things = state.numbers.get(&kind).map(|numbers| &numbers.things);
        Ok(things.zip(place).and_then(|(things, place)| things.get(place).cloned()))
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().blobs.get(digest).cloned())
    }

    fn search(&self, text: &str, limit: usize) -> Result<Vec<(StreamId, IndexRow)>, StoreError> {
        let wanted: Vec<String> = words(text).take(MAX_SEARCH_WORDS).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let holds = |text: &str, word: &String| words(text).any(|found| found.starts_with(word));
        let mut rows = self.state().rows(|_, stream, row| {
            wanted.iter().all(|word| holds(&row.title, word) || holds(&stream.text, word))
        });
        rows.sort_by_key(|(_, row)| !wanted.iter().all(|word| holds(&row.title, word)));
        rows.truncate(limit.min(MAX_PAGE));
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
