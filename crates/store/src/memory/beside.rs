//! Turns, texts and marks in memory.

use super::State;
use crate::index::{MAX_SEARCH_WORDS, words};
use crate::ledger::{Turn, UsageBy, UsageKey, UsageQuery, UsageSum, day, plus};
use crate::store::MAX_PAGE;
use crate::stream::StreamId;
use crate::texts::{Mark, Text, TextQuery};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What stands beside the log.
#[derive(Default)]
pub(super) struct Beside {
    /// Turns with their stream and wall time.
    turns: Vec<(StreamId, u64, Turn)>,
    /// Texts with their place in the order of first writing.
    texts: BTreeMap<String, (u64, Text)>,
    marks: BTreeMap<String, String>,
}

impl Beside {
    pub(super) fn add_turn(&mut self, stream: StreamId, wall_ms: u64, turn: Turn) {
        self.turns.push((stream, wall_ms, turn));
    }

    pub(super) fn mark(&self, name: &str) -> Option<String> {
        self.marks.get(name).cloned()
    }
}

impl State {
    pub(super) fn sums(&self, query: &UsageQuery) -> Vec<UsageSum> {
        let mut sums: BTreeMap<UsageKey, UsageSum> = BTreeMap::new();
        for (stream, wall_ms, turn) in &self.beside.turns {
            if query.since_ms.is_some_and(|since| *wall_ms < since)
                || query.stream.as_ref().is_some_and(|wanted| wanted != stream)
            {
                continue;
            }
            let key = match query.by {
                UsageBy::Stream => {
                    let row = self.streams.get(stream).and_then(|stream| stream.row.as_ref());
                    UsageKey::Stream {
                        number: row.and_then(|row| row.number),
                        title: row.map(|row| row.title.clone()).unwrap_or_default(),
                        stream: stream.clone(),
                    }
                }
                UsageBy::Repository => UsageKey::Repository(turn.repository.clone()),
                UsageBy::Agent => UsageKey::Agent(turn.agent.clone()),
                UsageBy::Day { offset_ms } => UsageKey::Day(day(*wall_ms, offset_ms)),
            };
            let sum = sums.entry(key.clone()).or_insert(UsageSum {
                key,
                turns: 0,
                priced: 0,
                input: None,
                output: None,
                tokens: None,
                cost: None,
            });
            sum.turns += 1;
            sum.priced += u64::from(turn.cost.is_some());
            sum.input = plus(sum.input, turn.input);
            sum.output = plus(sum.output, turn.output);
            sum.tokens = plus(sum.tokens, turn.tokens);
            sum.cost = plus(sum.cost, turn.cost);
        }
        sums.into_values().take(MAX_PAGE).collect()
    }

    pub(super) fn keep_texts(&mut self, texts: Vec<Text>, mark: Mark) {
        for text in texts {
            if self.streams.contains_key(&text.stream) {
                let next = self.beside.texts.len() as u64;
                let place = self.beside.texts.get(&text.key).map_or(next, |(place, _)| *place);
                self.beside.texts.insert(text.key.clone(), (place, text.tidy()));
            }
        }
        self.beside.marks.insert(mark.name, mark.value);
    }

    pub(super) fn find_texts(&self, query: &TextQuery) -> Vec<Text> {
        let wanted: Vec<String> = words(&query.words).take(MAX_SEARCH_WORDS).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let admits = |text: &Text| {
            query.stream.as_ref().is_none_or(|stream| *stream == text.stream)
                && wanted.iter().all(|word| words(&text.body).any(|found| found.starts_with(word)))
        };
        let mut found: Vec<&(u64, Text)> =
            self.beside.texts.values().filter(|(_, text)| admits(text)).collect();
        // The shorter the text, the more a word of it says.
        found.sort_by_key(|(place, text)| (words(&text.body).count(), Reverse((text.wall_ms, *place))));
        found.into_iter().take(query.limit.min(MAX_PAGE)).map(|(_, text)| text.clone()).collect()
    }
}
