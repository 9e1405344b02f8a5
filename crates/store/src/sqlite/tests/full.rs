//! When there is no room left.

use super::*;

/// Some 400 KB: the tables and a little more.
const SMALL: SqliteOptions = SqliteOptions { readers: 1, max_pages: Some(100) };

fn big(id: &str, expected: u64) -> Append {
    let mut big = append(id, expected, "1".to_owned());
    big.blobs = vec![id.bytes().cycle().take(1 << 20).collect()];
    big
}

#[test]
fn a_full_database_says_so_and_holds_nothing_by_halves() {
    let kept = Kept::new(&SMALL);
    kept.store().append(append("a", 0, "1".to_owned())).unwrap();
    let error = kept.store().append(big("a", 1)).unwrap_err();
    assert!(matches!(error, AppendError::Full { .. }), "{error}");
    let text = error.to_string().replace(&kept.path().display().to_string(), "DATABASE");
    expect_test::expect![[
        r#"nothing was written to DATABASE, because there is no room left (database or disk is full): free some and try again"#
    ]]
    .assert_eq(&text);
    assert_eq!(kept.store().load(&item("a")).unwrap().version, 1);
    assert_eq!(kept.store().blob(&Digest::of(&big("a", 1).blobs[0])).unwrap(), None);
    // What fits is still written, and with more room the same append is.
    kept.store().append(append("b", 0, "1".to_owned())).unwrap();
    let mut kept = kept;
    kept.reopen();
    assert_eq!(kept.store().append(big("a", 1)).unwrap().version, 2);
}

#[test]
fn filled_to_the_brim_every_append_is_there_or_is_refused() {
    let mut kept = Kept::new(&SMALL);
    let mut written = 0;
    let refused = loop {
        let data = format!("[{}1]", "1,".repeat(1000));
        match kept.store().append(append("a", written, data)) {
            Ok(appended) => written = appended.version,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, AppendError::Full { .. }), "{refused}");
    assert!(written > 10, "{written}");
    assert_eq!(kept.store().load(&item("a")).unwrap().version, written);
    kept.reopen();
    assert_eq!(kept.store().last_seq().unwrap(), written);
}

#[test]
fn one_that_finds_no_room_does_not_fail_those_grouped_with_it() {
    let kept = Kept::new(&SMALL);
    let (sender, receiver) = mpsc::channel();
    for number in 0..30_u32 {
        let id = number.to_string();
        let append = if number % 10 == 5 { big(&id, 0) } else { append(&id, 0, "1".to_owned()) };
        let sender = sender.clone();
        kept.store().submit(append, Box::new(move |result| drop(sender.send((number, result)))));
    }
    drop(sender);
    for (number, result) in receiver {
        match result {
            Ok(_) => assert_ne!(number % 10, 5),
            Err(AppendError::Full { .. }) => assert_eq!(number % 10, 5),
            Err(error) => panic!("{number}: {error}"),
        }
    }
    assert_eq!(kept.store().last_seq().unwrap(), 27);
}
