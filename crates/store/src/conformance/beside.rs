//! Properties of what followers and people look up: usage of turns, texts, marks.

use super::{Property, append, item, ok, refused};
use crate::append::Append;
use crate::error::AppendError;
use crate::index::IndexRow;
use crate::ledger::{MAX_OF_A_TURN, Turn, UsageBy, UsageKey, UsageQuery, UsageSum};
use crate::store::Store;
use crate::texts::{MAX_TEXT_BYTES, Mark, Text, TextQuery};

pub(super) const ALL: &[Property] = &[
    ("usage is summed by stream, repository, agent and day, and unknown stays unknown", sums),
    ("usage of a refused append is not counted, and a turn has an event of its own", refused_turns),
    ("what an agent counts wildly spoils no sum", wild_turns),
    ("a text is found by the beginning of every word, and one of the same key takes its place", texts),
    ("a text is kept as far as it may go, and only of a stream that exists", bounded_texts),
    ("a mark comes with its texts and is what was said last", marks),
];

const DAY: u64 = 24 * 60 * 60 * 1000;

fn turn(event: usize, agent: &str, repository: Option<&str>, used: (Option<u64>, Option<u64>)) -> Turn {
    Turn {
        event,
        agent: agent.to_owned(),
        repository: repository.map(str::to_owned),
        phase: "implementation".to_owned(),
        input: used.0,
        output: used.0.map(|_| 1),
        tokens: None,
        cost: used.1,
    }
}

/// Appends one event per turn, at `wall_ms`.
fn write(store: &dyn Store, id: &str, expected: u64, wall_ms: u64, turns: Vec<Turn>) {
    let mut append = append(id, expected, turns.len() as u64);
    append.events.iter_mut().for_each(|event| event.wall_ms = wall_ms);
    let number = id.bytes().next().map(|byte| u64::from(byte - b'a') + 1);
    let summary = "{}".to_owned();
    append.index = Some(IndexRow { number, title: format!("item {id}"), summary, ..IndexRow::default() });
    append.turns = turns;
    ok(store.append(append));
}

fn sums(store: &dyn Store) {
    write(
        store,
        "a",
        0,
        DAY - 1,
        vec![
            turn(0, "one", None, (Some(10), Some(100))),
            turn(1, "two", Some("api"), (None, None)),
            turn(2, "one", Some("api"), (Some(5), None)),
        ],
    );
    write(store, "b", 0, DAY, vec![turn(0, "two", Some("web"), (None, None))]);
    write(store, "b", 1, 3 * DAY, vec![turn(0, "one", Some("web"), (Some(1), Some(7)))]);
    let check = |query: UsageQuery, expected: &[(UsageKey, [Option<u64>; 6])]| {
        let sums = ok(store.usage(&query));
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, [turns, priced, input, output, tokens, cost])| UsageSum {
                key: key.clone(),
                turns: turns.unwrap_or(0),
                priced: priced.unwrap_or(0),
                input: *input,
                output: *output,
                tokens: *tokens,
                cost: *cost,
            })
            .collect();
        assert_eq!(sums, expected, "{query:?}");
    };
    let stream = |id: &str, number| UsageKey::Stream {
        number: Some(number),
        stream: item(id),
        title: format!("item {id}"),
    };
    let known = |values: [u64; 6]| values.map(Some);
    check(
        UsageQuery::all(UsageBy::Stream),
        &[(stream("a", 1), known([3, 1, 15, 2, 17, 100])), (stream("b", 2), known([2, 1, 1, 1, 2, 7]))],
    );
    check(
        UsageQuery::all(UsageBy::Repository),
        &[
            (UsageKey::Repository(None), known([1, 1, 10, 1, 11, 100])),
            (
                UsageKey::Repository(Some("api".to_owned())),
                [Some(2), Some(0), Some(5), Some(1), Some(6), None],
            ),
            (UsageKey::Repository(Some("web".to_owned())), known([2, 1, 1, 1, 2, 7])),
        ],
    );
    let two = UsageKey::Agent("two".to_owned());
    let nothing = [Some(2), Some(0), None, None, None, None];
    check(
        UsageQuery::all(UsageBy::Agent),
        &[(UsageKey::Agent("one".to_owned()), known([3, 2, 16, 3, 19, 107])), (two, nothing)],
    );
    let day = |offset_ms| UsageQuery::all(UsageBy::Day { offset_ms });
    let unknown = [Some(1), Some(0), None, None, None, None];
    let first = (UsageKey::Day(0), known([3, 1, 15, 2, 17, 100]));
    let last = (UsageKey::Day(3), known([1, 1, 1, 1, 2, 7]));
    check(day(0), &[first.clone(), (UsageKey::Day(1), unknown), last.clone()]);
    check(day(1), &[(UsageKey::Day(1), known([4, 1, 15, 2, 17, 100])), last.clone()]);
    check(UsageQuery { since_ms: Some(DAY + 1), ..day(0) }, &[last]);
    check(UsageQuery { stream: Some(item("a")), ..day(0) }, &[first]);
    check(UsageQuery { stream: Some(item("nobody")), ..day(0) }, &[]);
}

fn refused_turns(store: &dyn Store) {
    let with = |expected, turns| Append { turns, ..append("a", expected, 2) };
    let one = |event| turn(event, "one", None, (Some(1), Some(1)));
    for turns in [vec![one(2)], vec![one(0), one(0)]] {
        let error = refused(store.append(with(0, turns)));
        assert!(matches!(error, AppendError::Invalid { .. }), "{error}");
    }
    refused(store.append(with(7, vec![one(0)])));
    assert!(ok(store.usage(&UsageQuery::all(UsageBy::Agent))).is_empty());
    ok(store.append(with(0, vec![one(1), one(0)])));
    assert_eq!(ok(store.usage(&UsageQuery::all(UsageBy::Agent)))[0].turns, 2);
}

fn wild_turns(store: &dyn Store) {
    let wild = |event| turn(event, "one", None, (Some(u64::MAX), Some(u64::MAX)));
    write(store, "a", 0, 1, vec![wild(0), wild(1), turn(2, "one", None, (Some(1), Some(1)))]);
    let sum = ok(store.usage(&UsageQuery::all(UsageBy::Agent))).remove(0);
    assert_eq!(sum.cost, Some(2 * MAX_OF_A_TURN + 1));
    assert_eq!(sum.input, Some(2 * MAX_OF_A_TURN + 1));
}

fn text(key: &str, id: &str, wall_ms: u64, body: &str) -> Text {
    Text {
        key: key.to_owned(),
        stream: item(id),
        kind: "plan".to_owned(),
        place: format!("place of {key}"),
        wall_ms,
        body: body.to_owned(),
    }
}

fn mark(value: &str) -> Mark {
    Mark { name: "words".to_owned(), value: value.to_owned() }
}

fn find(store: &dyn Store, words: &str, stream: Option<&str>) -> Vec<String> {
    let query = TextQuery { words: words.to_owned(), stream: stream.map(item), limit: 10 };
    ok(store.find_texts(&query)).into_iter().map(|text| text.key).collect()
}

fn texts(store: &dyn Store) {
    ok(store.append(append("a", 0, 1)));
    ok(store.append(append("b", 0, 1)));
    let long = format!("the retry header, {}", "and other things ".repeat(30));
    let kept = vec![
        text("1", "a", 5, &long),
        text("2", "b", 6, "Retry-After, in seconds"),
        text("3", "b", 7, "Ünïcode clock"),
    ];
    ok(store.keep_texts(kept.clone(), mark("7")));
    assert_eq!(find(store, "retry", None), ["2", "1"], "what says little else comes first");
    assert_eq!(find(store, "RETRY aft", None), ["2"]);
    assert_eq!(find(store, "retry", Some("a")), ["1"]);
    assert_eq!(find(store, "retry", Some("nobody")), Vec::<String>::new());
    assert_eq!(find(store, "ünï", None), ["3"]);
    assert_eq!(find(store, "etry", None), Vec::<String>::new());
    for odd in ["", "\"", "NEAR(", "*", "a AND", "\0"] {
        find(store, odd, None);
    }
    let query = TextQuery { words: "seconds".to_owned(), stream: None, limit: 10 };
    assert_eq!(ok(store.find_texts(&query)), [kept[1].clone()]);
    assert_eq!(ok(store.find_texts(&TextQuery { words: "retry".to_owned(), limit: 1, ..query })).len(), 1);
    // Again, and with another text: found by what it says now.
    ok(store.keep_texts(vec![kept[0].clone(), text("2", "a", 9, "in minutes")], mark("8")));
    assert_eq!(find(store, "retry", None), ["1"]);
    assert_eq!(find(store, "minutes", Some("a")), ["2"]);
    // Of equal ones the newest.
    ok(store.keep_texts(vec![text("4", "a", 20, "same words"), text("5", "a", 10, "same words")], mark("9")));
    assert_eq!(find(store, "same", None), ["4", "5"]);
}

fn bounded_texts(store: &dyn Store) {
    ok(store.append(append("a", 0, 1)));
    let long = format!("{} beyond", "ü".repeat(MAX_TEXT_BYTES / 2));
    let foreign = text("2", "nobody", 1, "foreign");
    ok(store.keep_texts(vec![text("1", "a", 1, &long), foreign], mark("1")));
    assert!(find(store, "beyond", None).is_empty() && find(store, "foreign", None).is_empty());
    assert_eq!(find(store, "üü", None), ["1"]);
    assert_eq!(ok(store.mark("words")).as_deref(), Some("1"));
}

fn marks(store: &dyn Store) {
    assert_eq!(ok(store.mark("words")), None);
    ok(store.set_mark(mark("1")));
    ok(store.set_mark(Mark { name: "other".to_owned(), value: "x".to_owned() }));
    ok(store.set_mark(mark("2")));
    assert_eq!(ok(store.mark("words")).as_deref(), Some("2"));
    assert_eq!(ok(store.mark("other")).as_deref(), Some("x"));
}
