//! Whole outputs about what was used, found, and limited.

use super::*;
use ganger_api::cost::{COST_SCHEMA, CostBy, CostReport, CostRow, CostSum};
use ganger_api::decision::{INBOX_SCHEMA, Inbox, LimitedItem};
use ganger_api::search::{HitKind, SEARCH_SCHEMA, SearchHit, SearchResult};

pub(super) fn sum(turns: u64, unpriced: u64, tokens: Option<u64>, cost: Option<u64>) -> CostSum {
    CostSum {
        turns,
        unpriced_turns: unpriced,
        input_tokens: tokens.map(|tokens| tokens - tokens / 10),
        output_tokens: tokens.map(|tokens| tokens / 10),
        tokens,
        cost_usd_micros: cost,
        estimated: cost.is_some() && unpriced > 0,
    }
}

pub(super) fn report(
    by: CostBy,
    rows: &[(Option<&str>, Option<&str>, CostSum)],
    total: CostSum,
) -> CostReport {
    let row = |(name, title, sum): &(Option<&str>, Option<&str>, CostSum)| CostRow {
        name: name.map(str::to_owned),
        title: title.map(str::to_owned),
        sum: *sum,
    };
    CostReport { schema: COST_SCHEMA.into(), by, rows: rows.iter().map(row).collect(), total, budget: None }
}

fn of_items() -> CostReport {
    report(
        CostBy::Item,
        &[
            (Some("g12"), Some("Rate limit per API key"), sum(14, 3, Some(412_031), Some(3_100_000))),
            (
                Some("g8"),
                Some("Ünïcode title that is long enough to be cut"),
                sum(6, 0, Some(91_400), Some(904_999)),
            ),
            (Some("g9"), Some("Bump tokio"), sum(2, 2, None, None)),
        ],
        sum(22, 5, Some(503_431), Some(4_004_999)),
    )
}

#[test]
fn cost_keeps_the_money_and_drops_the_rest() {
    let check = |width: usize, expected: Expect| expected.assert_eq(&cost::cost(&look(width), &of_items()));
    check(
        110,
        expect![[r#"
         ITEM     COST  TOKENS  TURNS  TITLE                                        READ  WRITTEN
         g12   ≈ $3.10    412k     14  Rate limit per API key                       370k      41k
         g8      $0.90     91k      6  Ünïcode title that is long enough to be cut   82k       9k
         g9          –       –      2  Bump tokio                                      –        –
        22 turns in all · 503k tokens · ≈ $4.00
        ≈ is a part: 5 turns do not say their cost
    "#]],
    );
    check(
        80,
        expect![[r#"
         ITEM     COST  TOKENS  TURNS  TITLE                               READ  WRITTEN
         g12   ≈ $3.10    412k     14  Rate limit per API key              370k      41k
         g8      $0.90     91k      6  Ünïcode title that is long enough…   82k       9k
         g9          –       –      2  Bump tokio                             –        –
        22 turns in all · 503k tokens · ≈ $4.00
        ≈ is a part: 5 turns do not say their cost
    "#]],
    );
    check(
        60,
        expect![[r#"
         ITEM     COST  TOKENS  TURNS  TITLE                    READ
         g12   ≈ $3.10    412k     14  Rate limit per API key   370k
         g8      $0.90     91k      6  Ünïcode title that is…    82k
         g9          –       –      2  Bump tokio                  –
        22 turns in all · 503k tokens · ≈ $4.00
        ≈ is a part: 5 turns do not say their cost
    "#]],
    );
    let ascii = Look { utf8: false, ..look(60) };
    expect![[r#"
         ITEM     COST  TOKENS  TURNS  TITLE                    READ
         g12   ~ $3.10    412k     14  Rate limit per API key   370k
         g8      $0.90     91k      6  ?n?code title that is~    82k
         g9          -       -      2  Bump tokio                  -
        22 turns in all - 503k tokens - ~ $4.00
        ~ is a part: 5 turns do not say their cost
    "#]]
    .assert_eq(&cost::cost(&ascii, &of_items()));
    for width in 30..120 {
        for line in cost::cost(&look(width), &of_items()).lines().take(4) {
            assert!(crate::look::width(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn cost_says_what_is_unknown_and_what_belongs_to_nobody() {
    let repositories = report(
        CostBy::Repo,
        &[
            (Some("api"), None, sum(4, 0, Some(1_234_567), Some(12_345_678))),
            (None, None, sum(1, 1, Some(999), None)),
        ],
        sum(5, 1, Some(1_235_566), Some(12_345_678)),
    );
    expect![[r#"
         REPOSITORY                  COST  TOKENS  TURNS  READ  WRITTEN
         api                       $12.35    1.2M      4  1.1M     123k
         – planning and questions       –     999      1   900       99
        5 turns in all · 1.2M tokens · ≈ $12.35
        ≈ is a part: 1 turn does not say its cost
    "#]]
    .assert_eq(&cost::cost(&look(80), &repositories));
    let unknown =
        report(CostBy::Agent, &[(Some("codex"), None, sum(3, 3, None, None))], sum(3, 3, None, None));
    expect![[r#"
         AGENT  COST  TOKENS  TURNS  READ  WRITTEN
         codex     –       –      3     –        –
        3 turns in all · tokens unknown · cost unknown
    "#]]
    .assert_eq(&cost::cost(&look(80), &unknown));
    let nothing = report(CostBy::Day, &[], CostSum::default());
    expect![[r#"
        No agent has ended a turn.
    "#]]
    .assert_eq(&cost::cost(&look(80), &nothing));
}

#[test]
fn of_many_days_the_last_are_shown() {
    let names: Vec<String> = (0..60).map(|day| format!("day-{day:02}")).collect();
    let rows: Vec<_> =
        names.iter().map(|name| (Some(name.as_str()), None, sum(1, 0, Some(10), Some(10_000)))).collect();
    let text = cost::cost(&look(80), &report(CostBy::Day, &rows, sum(60, 0, Some(600), Some(600_000))));
    assert!(!text.contains("day-09") && text.contains("day-10") && text.contains("day-59"), "{text}");
    assert!(text.ends_with("10 earlier: --json · 60 turns in all · 600 tokens · $0.60\n"), "{text}");
}

fn found() -> SearchResult {
    let hit = |handle: &str, kind, at, excerpt: &str, command: &str| SearchHit {
        handle: handle.into(),
        item: "g12".into(),
        title: "Rate limit per API key".into(),
        kind,
        at,
        excerpt: excerpt.into(),
        command: command.into(),
    };
    SearchResult {
        schema: SEARCH_SCHEMA.into(),
        words: "retry".into(),
        hits: vec![
            hit("g12", HitKind::Plan, ago(60 * 30), "Retry-After, in seconds", "ganger plan g12 --version 2"),
            hit(
                "g12/api@2",
                HitKind::Transcript,
                ago(5),
                "…so the client must honour the Retry-After header \x1b[31mthat the middleware sends, and a second request within the window is refused again…",
                "ganger logs g12/api@2 --at 2026-11-22T12:55:00.000Z",
            ),
        ],
        more: true,
    }
}

#[test]
fn a_hit_names_its_place_and_the_command_that_opens_it() {
    let check = |width: usize, expected: Expect| expected.assert_eq(&search::search(&look(width), &found()));
    check(
        110,
        expect![[r#"
            g12  plan · 2026-11-21 07:00 · Rate limit per API key
                 Retry-After, in seconds
                 ganger plan g12 --version 2
            g12/api@2  transcript · 12:55 · g12 · Rate limit per API key
                 …so the client must honour the Retry-After header that the middleware sends, and a second request within
                 the window is refused again…
                 ganger logs g12/api@2 --at 2026-11-22T12:55:00.000Z
            There is more: ganger search -n 10 retry
        "#]],
    );
    check(
        80,
        expect![[r#"
            g12  plan · 2026-11-21 07:00 · Rate limit per API key
                 Retry-After, in seconds
                 ganger plan g12 --version 2
            g12/api@2  transcript · 12:55 · g12 · Rate limit per API key
                 …so the client must honour the Retry-After header that the middleware
                 sends, and a second request within the window is refused again…
                 ganger logs g12/api@2 --at 2026-11-22T12:55:00.000Z
            There is more: ganger search -n 10 retry
        "#]],
    );
    check(
        60,
        expect![[r#"
            g12  plan · 2026-11-21 07:00 · Rate limit per API key
                 Retry-After, in seconds
                 ganger plan g12 --version 2
            g12/api@2  transcript · 12:55 · g12 · Rate limit per API key
                 …so the client must honour the Retry-After header that
                 the middleware sends, and a second request within the
                 window is refused again…
                 ganger logs g12/api@2 --at 2026-11-22T12:55:00.000Z
            There is more: ganger search -n 10 retry
        "#]],
    );
    let nothing = SearchResult { hits: Vec::new(), more: false, ..found() };
    expect![[r#"
        Nothing has the words: retry
    "#]]
    .assert_eq(&search::search(&look(80), &nothing));
}

#[test]
fn show_says_how_much_of_the_budget_is_spent() {
    let first_line = |head: ItemHead| {
        let text = item::item(&look(120), &ItemDetail { head, ..detail() });
        text.lines().next().unwrap().to_owned()
    };
    let with = |limit| ItemHead { budget_usd_micros: Some(limit), ..first() };
    expect![
        "g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10 of $20"
    ]
    .assert_eq(&first_line(with(20_000_000)));
    expect![
        "g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · 412k tokens · ≈ $3.10 of $20.50"
    ]
    .assert_eq(&first_line(with(20_500_000)));
    expect!["g12  Rate limit per API key    question d41 · wave 2 of 2 · 52 m · – of $20"]
        .assert_eq(&first_line(ItemHead { usage: None, ..with(20_000_000) }));
}

#[test]
fn the_inbox_says_what_waits_for_a_provider() {
    let limited = |handle: &str, until| LimitedItem {
        handle: handle.into(),
        title: "Fix flaky login test".into(),
        agent: "claude".into(),
        until,
    };
    let until = Some(Timestamp::from_ms(NOW + 130 * MINUTE));
    let inbox = Inbox {
        schema: INBOX_SCHEMA.into(),
        decisions: Vec::new(),
        limited: vec![limited("g11/web", until), limited("g13", None)],
    };
    let check = |width: usize, expected: Expect| expected.assert_eq(&decision::inbox(&look(width), &inbox));
    check(
        110,
        expect![[r#"
            Nothing waits for you.
            ◌  g11/web  rate limit until 15:10 (claude)  Fix flaky login test
            ◌  g13      rate limit (claude)              Fix flaky login test
        "#]],
    );
    check(
        60,
        expect![[r#"
            Nothing waits for you.
            ◌  g11/web  rate limit until 15:10 (claude)  Fix flaky logi…
            ◌  g13      rate limit (claude)              Fix flaky logi…
        "#]],
    );
}

#[test]
fn a_list_says_until_when_a_provider_limits() {
    let mut list = list();
    list.items.truncate(1);
    list.items[0].head.waits.clear();
    list.items[0].head.status_text = "rate limit until 2026-11-22T15:10:00.000Z (claude)".into();
    expect![[r#"
            ITEM  TITLE                   STATUS                           WAVE  REPOSITORIES        AGE     COST
         ●  g12   Rate limit per API key  rate limit until 15:10 (claude)   2/2  ✓shared ●api ?web  52 m  ≈ $3.10
        1 live · 41 finished: ganger ls --all
    "#]].assert_eq(&items::items(&look(110), &list));
}
