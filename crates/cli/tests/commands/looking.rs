//! `cost`, `search`, and transcripts at a moment.

use crate::check;
use crate::fake::{Reply, World};
use expect_test::expect;
use serde_json::json;

/// A query without the place where the test ran.
fn without_directory(query: &str) -> String {
    query.split('&').filter(|part| !part.starts_with("directory=")).collect::<Vec<_>>().join("&")
}

#[test]
fn cost_asks_for_what_was_typed_and_selects_fields() {
    let world = World::new(|_| {
        Reply::Json(
            json!({"schema": "ganger/cost/1", "by": "agent", "rows": [{"name": "codex", "title": null,
            "turns": 2, "unpriced_turns": 2, "input_tokens": 10, "output_tokens": null, "tokens": 10,
            "cost_usd_micros": null, "estimated": false}], "total": {"turns": 2, "unpriced_turns": 2,
            "input_tokens": 10, "output_tokens": null, "tokens": 10, "cost_usd_micros": null, "estimated": false}}),
        )
    });
    check(
        &world,
        &world.run(&["cost", "--by", "agent", "--since", "7d"], "", &[]),
        expect![[r#"
         AGENT  COST  TOKENS  TURNS  READ  WRITTEN
         codex     –      10      2    10        –
        2 turns in all · 10 tokens · cost unknown
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["cost", "g12", "--json=name,cost_usd_micros"], "", &[]),
        expect![[r#"
        {"schema":"ganger/cost/1","by":"agent","rows":[{"name":"codex","cost_usd_micros":null}],"total":{"turns":2,"unpriced_turns":2,"input_tokens":10,"output_tokens":null,"tokens":10,"cost_usd_micros":null,"estimated":false}}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["cost", "--since", "2026-11-22"], "", &[]),
        expect![[r#"
         AGENT  COST  TOKENS  TURNS  READ  WRITTEN
         codex     –      10      2    10        –
        2 turns in all · 10 tokens · cost unknown
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["cost", "--since", "lately"], "", &[]),
        expect![[r#"
        error: invalid value 'lately' for '--since <TIME>': `lately` is neither a time such as 7d or 12h nor a day such as 2026-11-22

        For more information, try '--help'.
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["cost", "--by", "mood"], "", &[]),
        expect![[r#"
        error: invalid value 'mood' for '--by <WHAT>'
          [possible values: item, repo, agent, day]

        For more information, try '--help'.
        exit 2
    "#]],
    );
    let queries: Vec<String> = world.queries().iter().map(|line| without_directory(line)).collect();
    expect![[r#"
        by=agent&since=2026-11-15T13%3A00%3A00.000Z&offset_minutes=0
        item=g12&by=item&offset_minutes=0
        by=item&since=2026-11-22T00%3A00%3A00.000Z&offset_minutes=0"#]]
    .assert_eq(&queries.join("\n"));
}

#[test]
fn search_joins_words_and_opens_at_the_moment() {
    let world = World::new(|_| {
        Reply::Json(json!({"schema": "ganger/search/1", "words": "retry header", "more": false, "hits": [
            {"handle": "g12/api@2", "item": "g12", "title": "Rate limit", "kind": "transcript",
             "at": "2026-11-22T12:55:00.123Z", "excerpt": "the Retry-After header",
             "command": "ganger logs g12/api@2 --at 2026-11-22T12:55:00.123Z"}]}))
    });
    check(
        &world,
        &world.run(&["search", "retry", "header", "-n", "5"], "", &[]),
        expect![[r#"
        g12/api@2  transcript · 12:55 · g12 · Rate limit
             the Retry-After header
             ganger logs g12/api@2 --at 2026-11-22T12:55:00.123Z
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["search", "retry", "--json=handle,command"], "", &[]),
        expect![[r#"
        {"schema":"ganger/search/1","words":"retry header","hits":[{"handle":"g12/api@2","command":"ganger logs g12/api@2 --at 2026-11-22T12:55:00.123Z"}],"more":false}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["search"], "", &[]),
        expect![[r#"
        error: the following required arguments were not provided:
          <WORDS>...

        Usage: ganger search <WORDS>...

        For more information, try '--help'.
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["search", "x", "-n", "0"], "", &[]),
        expect![[r#"
        error: invalid value '0' for '--lines <N>': 0 is not in 1..=500

        For more information, try '--help'.
        exit 2
    "#]],
    );
    expect![[r#"
        words=retry+header&limit=5
        words=retry"#]]
    .assert_eq(&world.queries().join("\n"));
}

#[test]
fn a_transcript_is_asked_for_at_a_moment() {
    let world = World::new(|_| Reply::Json(json!({"schema": "ganger/log/1", "lines": [], "cursor": null})));
    for at in ["12:41", "2026-11-22T12:55:00.123Z", "01JD.1:7.0"] {
        assert_eq!(world.run(&["logs", "g12/api", "--at", at, "-n", "5"], "", &[]).code, 0, "{at}");
    }
    check(
        &world,
        &world.run(&["logs", "g12/api", "--at", "12:41", "-f"], "", &[]),
        expect![[r#"
        error: the argument '--at <TIME>' cannot be used with '--follow'

        Usage: ganger logs --at <TIME> <TARGET>

        For more information, try '--help'.
        exit 2
    "#]],
    );
    let queries: Vec<String> = world
        .queries()
        .iter()
        .map(|line| {
            line.split('&')
                .filter(|part| part.starts_with("at=") || part.starts_with("lines="))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    expect![[r#"
        lines=5 at=2026-11-22T12%3A41%3A00.000Z
        lines=5 at=2026-11-22T12%3A55%3A00.123Z
        lines=5 at=01JD.1%3A7.0"#]]
    .assert_eq(&queries.join("\n"));
}
