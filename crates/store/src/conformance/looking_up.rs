//! Properties of what is looked up beside the log.

use super::{Property, append, item, ok};
use crate::append::{Append, NumberKind, NumberRequest, Numbered};
use crate::index::{IndexRow, ListQuery};
use crate::store::Store;
use crate::stream::{StreamId, StreamKind};

pub(super) const ALL: &[Property] = &[
    ("query columns are those of the last append that had some", last_row),
    ("lists are filtered, in order, and paged", lists),
    ("live streams are all that are live", live),
    ("a g number names one stream and follows its row", g_numbers),
    ("d, c and q numbers are given in log order, each once", numbers),
    ("a search finds every word by its beginning, in title and summary", search),
    ("a search takes whatever people type", any_search),
];

fn row(number: Option<u64>, title: &str) -> IndexRow {
    IndexRow { number, title: title.to_owned(), summary: "{}".to_owned(), ..IndexRow::default() }
}

fn write(store: &dyn Store, stream: &StreamId, expected: u64, row: IndexRow) {
    let events = append("x", expected, 1).events;
    let append = Append { index: Some(row), ..Append::new(stream.clone(), expected, events) };
    ok(store.append(append));
}

fn last_row(store: &dyn Store) {
    let whole = IndexRow {
        number: Some(12),
        title: "Health page".to_owned(),
        status: "planning".to_owned(),
        live: true,
        needs_person: true,
        due_at_ms: Some(99),
        summary: r#"{"waves":[1,2]}"#.to_owned(),
    };
    write(store, &item("a"), 0, row(None, "first"));
    write(store, &item("a"), 1, whole.clone());
    ok(store.append(append("a", 2, 1)));
    assert_eq!(ok(store.index_row(&item("a"))), Some(whole));
    ok(store.append(append("b", 0, 1)));
    assert_eq!(ok(store.index_row(&item("b"))), None);
    assert_eq!(ok(store.list(&ListQuery::all(StreamKind::WorkItem, 10))).len(), 1);
}

fn lists(store: &dyn Store) {
    for number in 1..=6_u64 {
        let due_at_ms = (number > 3).then_some(number * 10);
        let row = IndexRow {
            live: number % 2 == 0,
            needs_person: number % 3 == 0,
            due_at_ms,
            status: if number == 5 { "done" } else { "open" }.to_owned(),
            ..row(Some(number), "t")
        };
        write(store, &item(&number.to_string()), 0, row);
    }
    write(store, &item("without"), 0, row(None, "t"));
    write(store, &StreamId::new(StreamKind::Site, "s"), 0, row(None, "t"));
    let check = |change: fn(&mut ListQuery), expected: &[&str]| {
        let mut query = ListQuery::all(StreamKind::WorkItem, 100);
        change(&mut query);
        let ids: Vec<_> = ok(store.list(&query)).into_iter().map(|(stream, _)| stream.id).collect();
        assert_eq!(ids, expected, "{query:?}");
        if query.limit == 100 {
            assert_eq!(ok(store.count(&query)), expected.len() as u64, "{query:?}");
        }
    };
    check(|_| (), &["6", "5", "4", "3", "2", "1", "without"]);
    check(|query| query.limit = 2, &["6", "5"]);
    check(|query| query.below = Some(4), &["3", "2", "1"]);
    check(|query| query.live_only = true, &["6", "4", "2"]);
    check(|query| query.needs_person = true, &["6", "3"]);
    check(|query| query.without_status = Some("done"), &["6", "4", "3", "2", "1", "without"]);
    check(|query| (query.without_status, query.below) = (Some("done"), Some(4)), &["3", "2", "1"]);
    check(|query| query.due_by_ms = Some(50), &["5", "4"]);
    check(|query| (query.live_only, query.needs_person) = (true, true), &["6"]);
    check(|query| query.kind = StreamKind::Site, &["s"]);
    check(|query| query.kind = StreamKind::Workspace, &[]);
}

fn live(store: &dyn Store) {
    for (id, live) in [("c", true), ("a", true), ("b", false), ("d", true)] {
        write(store, &item(id), 0, IndexRow { live, ..row(None, "t") });
    }
    write(store, &item("d"), 1, row(None, "t"));
    assert_eq!(ok(store.live_streams(StreamKind::WorkItem)), [item("a"), item("c")]);
    assert!(ok(store.live_streams(StreamKind::Site)).is_empty());
}

fn g_numbers(store: &dyn Store) {
    write(store, &item("a"), 0, row(Some(1), "t"));
    write(store, &item("b"), 0, row(Some(2), "t"));
    write(store, &item("a"), 1, row(Some(1), "again"));
    assert_eq!(ok(store.by_number(1)), Some(item("a")));
    assert_eq!(ok(store.by_number(3)), None);
    write(store, &item("a"), 2, row(Some(3), "t"));
    assert_eq!(ok(store.by_number(3)), Some(item("a")));
    assert_eq!(ok(store.by_number(1)), None);
    write(store, &item("b"), 1, row(Some(1), "t"));
    assert_eq!(ok(store.by_number(1)), Some(item("b")));
}

fn numbers(store: &dyn Store) {
    let ask = |id: &str, expected, asked: &[(NumberKind, &str)]| {
        let mut append = append(id, expected, 1);
        append.numbers =
            asked.iter().map(|(kind, id)| NumberRequest { kind: *kind, id: (*id).to_owned() }).collect();
        ok(store.append(append)).numbers
    };
    use NumberKind::{Critique, Decision, Question};
    assert_eq!(ask("a", 0, &[(Decision, "x"), (Decision, "y"), (Critique, "x")]), [1, 2, 1]);
    assert_eq!(ask("b", 0, &[(Decision, "z"), (Question, "x"), (Decision, "z")]), [3, 1, 3]);
    // Asked again, it is the same number, and no number is wasted.
    assert_eq!(ask("a", 1, &[(Decision, "y"), (Decision, "w")]), [2, 4]);
    assert_eq!(ok(store.number_of(Decision, "z")), Some(3));
    assert_eq!(ok(store.number_of(Question, "z")), None);
    let numbered = Numbered { stream: item("b"), id: "z".to_owned() };
    assert_eq!(ok(store.id_of(Decision, 3)), Some(numbered));
    assert_eq!(ok(store.id_of(Decision, 0)), None);
    assert_eq!(ok(store.id_of(Decision, 5)), None);
}

fn found(store: &dyn Store, text: &str) -> Vec<String> {
    let mut ids: Vec<_> = ok(store.search(text, 10)).into_iter().map(|(stream, _)| stream.id).collect();
    ids.sort();
    ids
}

fn search(store: &dyn Store) {
    let summary = |text: &str| format!("{{\"ticket\":{{\"text\":[\"{text}\"]}},\"count\":41}}");
    let row = |title, text| IndexRow { summary: summary(text), ..row(None, title) };
    write(store, &item("a"), 0, row("Add a health page", "for the load-balancer"));
    write(store, &item("b"), 0, row("Retry the upload", "health of the disk"));
    write(store, &item("c"), 0, row("Änderung", "ABC-123"));
    assert_eq!(found(store, "health"), ["a", "b"]);
    assert_eq!(found(store, "HEAL pag"), ["a"]);
    assert_eq!(found(store, "ealth"), Vec::<String>::new());
    assert_eq!(found(store, "load-bal"), ["a"]);
    assert_eq!(found(store, "abc-123"), ["c"]);
    assert_eq!(found(store, "änd"), ["c"]);
    // Neither the names of fields nor numbers are text.
    assert!(found(store, "ticket").is_empty() && found(store, "41").is_empty());
    assert_eq!(ok(store.search("health", 1)).len(), 1);
    assert_eq!(ok(store.search("health", 10))[0].0.id, "a", "a title counts more than a summary");
    write(store, &item("a"), 1, row("Something else", "entirely"));
    assert_eq!(found(store, "health"), ["b"]);
    assert_eq!(found(store, "else ent"), ["a"]);
}

fn any_search(store: &dyn Store) {
    write(store, &item("a"), 0, row(None, "quote \" and NEAR and x*"));
    for text in ["", " ", "\"", "'", "*", "^", "-", "()", "{}", "\0", ":", "%_"] {
        assert!(found(store, text).is_empty(), "{text}");
    }
    for text in ["quote\"", "AND", "and NEAR", "NEAR(", "title:x OR", "x*", "\u{0}quote", "\"qu"] {
        ok(store.search(text, 10));
    }
    assert_eq!(found(store, "NEAR AND"), ["a"]);
    assert_eq!(found(store, "\"qu x*"), ["a"]);
    ok(store.search(&"word ".repeat(10_000), 10));
}
