//! What the routes say of questions, reviews and critiques, and what they refuse: whoever is refused has changed
//! nothing.

mod fixture;

use super::failure::Failure;
use super::{commands, events, items, other_version};
use axum::Json;
use axum::extract::{Path, Query, State};
use expect_test::{Expect, expect};
use fixture::Site;
use ganger_api::command::CommandRequest;
use ganger_api::routes::{AddressQuery, DecisionsQuery, EventsQuery};
use ganger_api::version;
use ganger_orchestrator::projection::{self, LimitSummary};
use serde_json::{Value, json};
use std::sync::Arc;

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// The text without moments and commits, which differ from run to run.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_inclusive([' ', '"', ')', ',', '\n']) {
        let bare = word.trim_end_matches([' ', '"', ')', ',', '\n', ':']);
        let is_moment = bare.len() > 20 && bare.ends_with('Z') && bare.starts_with("20");
        let digits = bare.trim_start_matches('(');
        let is_commit = digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (is_moment, is_commit) {
            (true, _) => plain.push_str(&word.replace(bare, "MOMENT")),
            (_, true) => plain.push_str(&word.replace(digits, "COMMIT")),
            _ => plain.push_str(word),
        }
    }
    plain
}

impl Site {
    /// Says something, and gives the sentence that is said in return.
    async fn say(&self, address: &str, command: Value) -> String {
        let key = format!("{address} {command}");
        self.say_with_key(address, command, &key).await
    }

    async fn say_with_key(&self, address: &str, mut command: Value, key: &str) -> String {
        command["key"] = key.into();
        let request: CommandRequest = serde_json::from_value(command).unwrap();
        let said =
            commands::command(State(Arc::clone(&self.app)), Path(address.to_owned()), Json(request)).await;
        let text = match said {
            Ok(Json(result)) if result.repeated => format!("{} (repeated)", result.message),
            Ok(Json(result)) => result.message,
            Err(Failure(detail)) => {
                let hints: String = detail.hints.iter().map(|hint| format!("\n  hint: {hint}")).collect();
                format!("{} {}: {}{hints}", detail.exit, detail.code, detail.message)
            }
        };
        plain(&text)
    }

    async fn inbox(&self) -> Vec<Value> {
        let answer = items::inbox(State(Arc::clone(&self.app)), Query(DecisionsQuery::default())).await;
        let inbox = serde_json::to_value(answer.unwrap().0).unwrap();
        inbox["decisions"].as_array().unwrap().clone()
    }

    async fn waiting(&self) -> Vec<String> {
        self.inbox().await.iter().map(|open| open["handle"].as_str().unwrap().to_owned()).collect()
    }
}

async fn check(site: &Site, address: &str, command: Value, expected: Expect) {
    expected.assert_eq(&site.say(address, command).await);
}

#[test]
fn what_is_refused_is_one_sentence_and_changes_nothing() {
    run(async {
        let site = Site::new().await;
        let before = site.app.engine.item(ganger_core::ids::WorkItemId::new(1.into())).await.unwrap();
        let answer = |choices: &[&str], text: &str| json!({"command": "answer", "decision": "d1", "choices": choices, "text": text});
        check(
            &site,
            "d1",
            answer(&["3"], ""),
            expect![[
                r#"5 question.no_such_answer: there is no option "3" here; possible: 1 (toast), 2 (inline)"#
            ]],
        )
        .await;
        check(&site, "d1", answer(&[], " "), expect!["5 question.no_such_answer: the question needs an answer: words, or one of its options: 1 (toast), 2 (inline)"]).await;
        check(
            &site,
            "d1",
            answer(&["1,2"], ""),
            expect![[r#"5 question.no_such_answer: "Toast or inline?" takes one option, not 2"#]],
        )
        .await;
        check(&site, "d1", answer(&["1", "2"], ""), expect!["5 question.no_such_answer: the question has 1 part(s), and 2 choices were given; name one choice per part, in their order"]).await;
        check(
            &site,
            "d99",
            json!({"command": "answer", "decision": "d99", "text": "x"}),
            expect![[r#"
            4 decision.unknown: there is no decision d99
              hint: ganger inbox"#]],
        )
        .await;
        check(
            &site,
            "g2",
            json!({"command": "answer", "decision": "d1", "text": "x"}),
            expect![[r#"
            4 decision.unknown: there is no decision d1 of g2
              hint: ganger inbox"#]],
        )
        .await;
        check(&site, "d2", json!({"command": "answer_as_proposed", "decision": "d2"}), expect!["5 decision.no_question: this decision is not a question, so it cannot be answered as proposed; possible: tell, accept, stop"]).await;
        check(&site, "d2", json!({"command": "skip", "decision": "d2"}), expect!["5 decision.no_question: this decision is not a question, so it cannot be skipped; possible: tell, accept, stop"]).await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["explode"]}),
            expect![[r#"5 decision.no_such_choice: there is no choice "explode" here; possible: tell, accept, stop"#]],
        )
        .await;
        check(
            &site,
            "d1",
            json!({"command": "discuss", "decision": "d1", "text": " "}),
            expect![[r#"5 decision.text_missing: "discuss" needs the words for the Foreman"#]],
        )
        .await;
        check(
            &site,
            "q9",
            json!({"command": "correct", "question": "q9", "text": "x"}),
            expect![[r#"
            4 faq.unknown: there is no FAQ entry q9
              hint: ganger faq lists the entries of an item"#]],
        )
        .await;
        check(
            &site,
            "q2",
            json!({"command": "correct", "question": "q2", "text": "x"}),
            expect![[r#"
            5 faq.no_such_entry: the FAQ of g1 has no such entry, so nothing was corrected
              hint: ganger faq g1"#]],
        )
        .await;
        check(
            &site,
            "q1",
            json!({"command": "correct", "question": "q1", "text": "Monotonic."}),
            expect!["5 faq.unchanged: this is the answer already, so nothing was corrected"],
        )
        .await;
        check(
            &site,
            "c9",
            json!({"command": "waive", "critique": "c9"}),
            expect![[r#"
            4 critique.unknown: there is no critique c9
              hint: ganger show lists the critiques of an item"#]],
        )
        .await;
        check(
            &site,
            "g1",
            json!({"command": "waive", "critique": "nonsense"}),
            expect![[r#"
                4 critique.unknown: there is no critique nonsense of g1
                  hint: ganger show lists the critiques of an item"#]],
        )
        .await;
        check(
            &site,
            "g1/web",
            json!({"command": "accept", "target": "g1/web"}),
            expect![[r#"
            5 item.not_possible_now: g1/web cannot be accepted: there is no candidate yet
              hint: ganger show g1"#]],
        )
        .await;
        check(
            &site,
            "g1",
            json!({"command": "accept", "target": "g1"}),
            expect![[r#"
                2 target.no_repository: `accept` is about one repository of g1, and g1 names none
                  hint: ganger accept g1/api
                  hint: ganger accept g1/web"#]],
        )
        .await;
        check(
            &site,
            "d2",
            json!({"command": "accept", "target": "d2"}),
            expect![[r#"
            2 target.not_a_part: d2 is neither g1 nor a repository of it
              hint: g1/api"#]],
        )
        .await;
        check(
            &site,
            "d2",
            json!({"command": "stop", "target": "d2"}),
            expect![[r#"
            2 target.not_a_part: d2 is neither g1 nor a repository of it
              hint: g1/api"#]],
        )
        .await;
        let comment = |target: &str, file: Option<&str>, line: Option<u32>, text: &str| json!({"command": "comment", "target": target, "file": file, "line": line, "severity": "major", "text": text});
        check(
            &site,
            "g1/api",
            comment("g1/api", Some("src/limits.rs"), Some(1), "x"),
            expect![[r#"
            5 comment.no_such_file: `src/limits.rs` is no file in candidate 1 of g1/api (COMMIT)
              hint: did you mean src/limit.rs?"#]],
        )
        .await;
        check(
            &site,
            "g1/api",
            comment("g1/api", Some("src"), None, "x"),
            expect![[r#"
            5 comment.no_such_file: `src` is no file in candidate 1 of g1/api (COMMIT)
              hint: ganger diff g1/api --stat"#]],
        )
        .await;
        check(
            &site,
            "g1/api",
            comment("g1/api", Some("../web/index.ts"), None, "x"),
            expect![[r#"
            5 comment.no_such_file: `../web/index.ts` is no file in candidate 1 of g1/api (COMMIT)
              hint: ganger diff g1/api --stat"#]],
        )
        .await;
        check(&site, "g1/api", comment("g1/api", Some("src/limit.rs"), Some(4), "x"), expect!["5 comment.no_such_line: `src/limit.rs` has no line 4 in candidate 1 of g1/api (COMMIT): its lines are 1 to 3"]).await;
        check(&site, "g1/api", comment("g1/api", Some("src/limit.rs"), Some(0), "x"), expect!["5 comment.no_such_line: `src/limit.rs` has no line 0 in candidate 1 of g1/api (COMMIT): its lines are 1 to 3"]).await;
        check(&site, "g1/api", comment("g1/api", Some("logo.png"), Some(1), "x"), expect!["5 comment.no_such_line: `logo.png` has no line 1 in candidate 1 of g1/api (COMMIT): it is empty or binary"]).await;
        check(
            &site,
            "g1/api",
            comment("g1/api", None, None, " "),
            expect!["5 critique.empty: a critique needs words that say what is wrong"],
        )
        .await;
        check(
            &site,
            "g1/web",
            comment("g1/web", Some("index.ts"), None, "x"),
            expect![[r#"
            5 comment.no_candidate: g1/web has no candidate yet, so there is no file to point at
              hint: without a place the comment is about the whole change: ganger comment g1/web "…""#]],
        )
        .await;
        check(
            &site,
            "g1",
            comment("g1/docs", None, None, "x"),
            expect![[r#"4 item.no_such_repository: g1 does not work on "docs"; it has api, web"#]],
        )
        .await;
        let after = site.app.engine.item(ganger_core::ids::WorkItemId::new(1.into())).await.unwrap();
        assert_eq!(before.changed, after.changed, "something was stored");
        assert_eq!(before, after);
    });
}

#[test]
fn the_first_answer_counts_and_the_second_caller_is_told_of_it() {
    run(async {
        let site = Site::new().await;
        let answer =
            |words: &str| json!({"command": "answer", "decision": "d1", "choices": ["b"], "text": words});
        let said = site.say_with_key("d1", answer("as in the form"), "first").await;
        expect!["Answered d1. g1/web goes on. Kept as q2 in the FAQ of g1."].assert_eq(&said);
        expect!["Answered d1. (repeated)"]
            .assert_eq(&site.say_with_key("d1", answer("as in the form"), "first").await);
        check(
            &site,
            "d1",
            answer("never"),
            expect![[r#"
                5 decision.settled: d1 was already answered by you at MOMENT: "inline as in the form"
                  hint: ganger correct q2 "…" puts another answer in its place"#]],
        )
        .await;
        check(
            &site,
            "d1",
            json!({"command": "skip", "decision": "d1"}),
            expect![[r#"
                5 decision.settled: d1 was already answered by you at MOMENT: "inline as in the form"
                  hint: ganger correct q2 "…" puts another answer in its place"#]],
        )
        .await;
        let shown = items::decision(State(Arc::clone(&site.app)), Path("d1".to_owned())).await;
        expect![[r#"d1 was already answered by you at MOMENT: "inline as in the form""#]]
            .assert_eq(&plain(&shown.unwrap_err().0.message));
        assert_eq!(site.waiting().await, ["d3", "d2"]);
        check(
            &site,
            "q2",
            json!({"command": "correct", "question": "q2", "text": "a banner"}),
            expect!["Corrected q2 of g1. It was used by g1/web@1; those that still work are told."],
        )
        .await;
        let site = Site::new().await;
        check(
            &site,
            "d1",
            json!({"command": "answer_as_proposed", "decision": "d1"}),
            expect!["Answered d1 as the Foreman proposes. g1/web goes on. Kept as q2 in the FAQ of g1."],
        )
        .await;
        let site = Site::new().await;
        check(
            &site,
            "d1",
            json!({"command": "skip", "decision": "d1"}),
            expect!["Skipped d1: its agent decides by itself. g1/web goes on."],
        )
        .await;
        check(
            &site,
            "d1",
            json!({"command": "skip", "decision": "d1", "text": "again"}),
            expect![[r#"
            5 decision.settled: d1 was already skipped by you at MOMENT
              hint: ganger inbox"#]],
        )
        .await;
        let site = Site::new().await;
        check(
            &site,
            "d1",
            json!({"command": "discuss", "decision": "d1", "text": "what of tests?"}),
            expect!["The Foreman thinks about d1 again; its answer will stand in the inbox."],
        )
        .await;
    });
}

#[test]
fn a_critique_is_noted_waived_or_accepted_once() {
    run(async {
        let site = Site::new().await;
        let comment = |text: &str, send: bool| {
            json!({"command": "comment", "target": "g1/api", "file": "./src/limit.rs", "line": 3, "severity": "major",
                   "text": text, "send": send})
        };
        check(&site, "g1/api", comment("no table", false), expect!["Noted c3 on g1/api: it sends the work back when the checks are through. It will be checked in every review."]).await;
        check(
            &site,
            "c1",
            json!({"command": "waive", "critique": "c1", "because": "wanted"}),
            expect!["Waived c1. Still open in g1/api: c3."],
        )
        .await;
        check(
            &site,
            "c1",
            json!({"command": "waive", "critique": "c1"}),
            expect!["5 critique.not_open: nothing was waived: it is waived already"],
        )
        .await;
        check(
            &site,
            "c3",
            json!({"command": "waive", "critique": "c3"}),
            expect!["Waived c3. Nothing else sends g1/api back."],
        )
        .await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["accept"]}),
            expect![[r#"
                5 decision.settled: d2 does not wait any more since MOMENT: something else settled it
                  hint: ganger inbox"#]],
        )
        .await;
        let site = Site::new().await;
        check(
            &site,
            "g1/api",
            comment("no table", true),
            expect!["Noted c3 on g1/api: its agent works on it now. It will be checked in every review."],
        )
        .await;
        let site = Site::new().await;
        check(
            &site,
            "g1/api",
            json!({"command": "accept", "target": "g1/api", "because": "good"}),
            expect!["Accepted candidate 1 of g1/api as it is."],
        )
        .await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["tell"], "text": "x"}),
            expect![[r#"
                5 decision.settled: d2 does not wait any more since MOMENT: something else settled it
                  hint: ganger inbox"#]],
        )
        .await;
    });
}

#[test]
fn the_inbox_has_the_most_blocking_first_and_all_that_decides_it() {
    run(async {
        let site = Site::new().await;
        let mut text = String::new();
        for open in site.inbox().await {
            let fields = [
                "handle",
                "kind",
                "target",
                "subject",
                "detail",
                "blocks",
                "delivery",
                "options",
                "question",
                "critiques",
                "checks",
                "commands",
            ];
            for field in fields {
                if !open[field].is_null() {
                    text.push_str(&format!("{field}: {}\n", open[field]));
                }
            }
            text.push('\n');
        }
        expect![[r#"
            handle: "d3"
            kind: "plan"
            target: "g2"
            subject: "plan v1 waits for your approval"
            blocks: "blocks g2"
            options: [{"choice":"approve","label":"approve it"},{"choice":"reject","label":"refuse"}]
            commands: ["ganger plan g2","ganger approve g2","ganger edit g2","ganger reject g2"]

            handle: "d1"
            kind: "question"
            target: "g1/web"
            subject: "Toast or inline?"
            blocks: "blocks g1/web"
            delivery: "held open, the agent waits"
            options: [{"choice":"1","label":"toast"},{"choice":"2","label":"inline"}]
            question: {"id":"COMMIT","handle":"q2","asked_by":"g1/web@1","agent":"codex","asked_at":"MOMENT","parts":[{"question":"Toast or inline?","options":[{"choice":"1","label":"toast","description":null},{"choice":"2","label":"inline","description":"as in the login form"}],"multi_select":false,"recommended":null}],"context":"The form has both.","proposal":{"answer":"inline","confidence":"uncertain"},"discussion":null,"answered_meanwhile":0}
            commands: ["ganger answer d1 --choice 1","ganger answer d1 --proposed","ganger discuss d1 \"…\"","ganger skip d1"]

            handle: "d2"
            kind: "review"
            target: "g1/api"
            subject: "the review of api needs you: its rounds are used up"
            blocks: "blocks g1/api"
            options: [{"choice":"tell","label":"the agent goes on with your words"},{"choice":"accept","label":"take it as it is"},{"choice":"stop","label":"give this part up"}]
            critiques: [{"id":"COMMIT","handle":"c1","severity":"major","file":"src/limit.rs","line":2,"description":"takes the clock itself","suggestion":null,"state":"open","because":null,"fixed_in":null,"counts":true,"by":"g1/api@2","candidate":1,"unfixed":0,"at":"MOMENT"},{"id":"COMMIT","handle":"c2","severity":"nit","file":"src/limit.rs","line":1,"description":"takes the clock itself","suggestion":null,"state":"open","because":null,"fixed_in":null,"counts":false,"by":"g1/api@2","candidate":1,"unfixed":0,"at":"MOMENT"}]
            checks: [{"name":"test","required":true,"verdict":"passed","duration_ms":null,"commit":"COMMIT"}]
            commands: ["ganger answer d2 --choice tell \"…\"","ganger waive c1","ganger accept g1/api","ganger answer d2 --choice stop"]

        "#]].assert_eq(&plain(&text));
    });
}

#[test]
fn the_faq_and_the_item_say_who_answered_and_who_reviewed() {
    run(async {
        let site = Site::new().await;
        let state = || State(Arc::clone(&site.app));
        let faq = items::faq(state(), Path("q1".to_owned()), Query(AddressQuery::default())).await.unwrap().0;
        expect![[r#"
            {
              "schema": "ganger/faq/1",
              "handle": "g1",
              "title": "Rate limit per API key",
              "entries": [
                {
                  "id": "COMMIT",
                  "handle": "q1",
                  "question": "Which clock?",
                  "answer": "Monotonic.",
                  "by": "foreman",
                  "answered_at": "MOMENT",
                  "corrected": false,
                  "used_by": [
                    "g1/api@1"
                  ],
                  "proposal": {
                    "answer": "Monotonic.",
                    "confidence": "high"
                  }
                }
              ]
            }"#]]
        .assert_eq(&plain(&serde_json::to_string_pretty(&faq).unwrap()));
        let item =
            items::show(state(), Path("c1".to_owned()), Query(AddressQuery::default())).await.unwrap().0;
        let item = serde_json::to_value(item).unwrap();
        let api = &item["repositories"][0];
        let shown = json!({"foreman": item["foreman"], "questions": item["questions"], "state": api["state"],
            "reviews": api["reviews"], "critiques": api["critiques"], "accepted": api["accepted"],
            "waits": item["waits"], "commands": item["commands"]});
        expect![[r#"
            {
              "foreman": "claude",
              "questions": {
                "foreman": 1,
                "you": 0,
                "skipped": 0,
                "corrected": 0,
                "open": 1
              },
              "state": "needs_you",
              "reviews": [
                {
                  "round": 1,
                  "candidate": 1,
                  "reviewer": "g1/api@2",
                  "agent": "codex",
                  "verdict": "stopped",
                  "reason": "its rounds are used up",
                  "raised": [
                    "c1",
                    "c2"
                  ]
                }
              ],
              "critiques": [
                {
                  "id": "COMMIT",
                  "handle": "c1",
                  "severity": "major",
                  "file": "src/limit.rs",
                  "line": 2,
                  "description": "takes the clock itself",
                  "suggestion": null,
                  "state": "open",
                  "because": null,
                  "fixed_in": null,
                  "counts": true,
                  "by": "g1/api@2",
                  "candidate": 1,
                  "unfixed": 0,
                  "at": "MOMENT"
                },
                {
                  "id": "COMMIT",
                  "handle": "c2",
                  "severity": "nit",
                  "file": "src/limit.rs",
                  "line": 1,
                  "description": "takes the clock itself",
                  "suggestion": null,
                  "state": "open",
                  "because": null,
                  "fixed_in": null,
                  "counts": false,
                  "by": "g1/api@2",
                  "candidate": 1,
                  "unfixed": 0,
                  "at": "MOMENT"
                }
              ],
              "accepted": null,
              "waits": [
                {
                  "decision": "d1",
                  "kind": "question",
                  "owner": "you",
                  "reason": "Toast or inline?",
                  "since": "MOMENT",
                  "until": null,
                  "blocks": [
                    "g1/web"
                  ],
                  "commands": [
                    "ganger answer d1 --choice 1",
                    "ganger answer d1 --proposed",
                    "ganger discuss d1 \"…\"",
                    "ganger skip d1"
                  ]
                },
                {
                  "decision": "d2",
                  "kind": "review",
                  "owner": "you",
                  "reason": "the review of api needs you: its rounds are used up",
                  "since": "MOMENT",
                  "until": null,
                  "blocks": [
                    "g1/api"
                  ],
                  "commands": [
                    "ganger answer d2 --choice tell \"…\"",
                    "ganger waive c1",
                    "ganger accept g1/api",
                    "ganger answer d2 --choice stop"
                  ]
                }
              ],
              "commands": [
                "ganger answer d1 --choice 1",
                "ganger answer d1 --proposed",
                "ganger discuss d1 \"…\"",
                "ganger inbox g1"
              ]
            }"#]]
        .assert_eq(&plain(&serde_json::to_string_pretty(&shown).unwrap()));
    });
}

#[test]
fn the_feed_names_questions_and_critiques_by_their_handles() {
    run(async {
        let site = Site::new().await;
        let query = EventsQuery { item: Some("g1".to_owned()), ..EventsQuery::default() };
        let answer =
            events::events(State(Arc::clone(&site.app)), Query(query), axum::http::HeaderMap::new()).await;
        let body = axum::body::to_bytes(answer.unwrap().into_body(), 1 << 20).await.unwrap();
        let list: Value = serde_json::from_slice(&body).unwrap();
        let of_interest = |event: &&Value| {
            let name = event["name"].as_str().unwrap();
            ["agent_question.", "critique.", "review.", "decision."]
                .iter()
                .any(|start| name.starts_with(start))
        };
        let lines: String = list["events"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_interest)
            .map(|event| {
                format!(
                    "{} {}: {}\n",
                    event["name"].as_str().unwrap(),
                    event["repository"],
                    event["text"].as_str().unwrap()
                )
            })
            .collect();
        expect![[r#"
            agent_question.raised "api": q1 "Which clock?"
            agent_question.proposed "api": q1 "Which clock?" → Foreman, sure: "Monotonic."
            agent_question.answered "api": the Foreman answered q1 "Which clock?": "Monotonic."
            agent_question.raised "web": q2 "Toast or inline?"
            agent_question.proposed "web": q2 "Toast or inline?" → Foreman, unsure: "inline"
            agent_question.escalated "web": q2 "Toast or inline?" → you: the Foreman is not sure
            decision.opened "web": d1 needs you: Toast or inline?
            review.started "api": review 1 of candidate 1 by codex
            critique.raised "api": c1 major src/limit.rs:2 "takes the clock itself"
            critique.raised "api": c2 nit src/limit.rs:1 "takes the clock itself"
            review.completed "api": review 1: 1 major, 1 nit → needs you: its rounds are used up · c1
            decision.opened "api": d2 needs you: the review of api needs you: its rounds are used up
        "#]]
        .assert_eq(&lines);
    });
}

#[test]
fn a_command_line_of_another_version_is_told_which_to_take() {
    let check = |theirs, code: Option<&str>| {
        let refusal = other_version(theirs, "0.3.1");
        assert_eq!(refusal.as_ref().map(|refusal| refusal.code.as_str()), code, "{theirs}");
        if let Some(refusal) = refusal {
            assert!(refusal.message.contains("0.3.1") && refusal.message.contains(theirs), "{refusal:?}");
        }
    };
    check("0.3.1", None);
    check("0.4.0", Some(version::DAEMON_OLDER));
    check("0.3.0", Some(version::DAEMON_NEWER));
    check("from a script", None);
}

#[test]
fn a_list_says_whose_rate_limit_is_waited_for_and_until_when() {
    run(async {
        let site = Site::new().await;
        let item = site.app.engine.item(ganger_core::ids::WorkItemId::new(1.into())).await.unwrap();
        let status = |until_ms| {
            let mut summary = projection::summary(&item);
            summary.decisions.clear();
            summary.limits = vec![LimitSummary {
                agent: "codex".to_owned(),
                repository: Some("api".to_owned()),
                until_ms,
            }];
            let head = crate::views::item::summary(&summary, "acme", &*site.app).head;
            (head.status_text, head.waits[0].blocks.clone())
        };
        let blocks = vec!["g1/api".to_owned()];
        assert_eq!(status(None), ("rate limit (codex)".to_owned(), blocks.clone()));
        let until = "rate limit until 2026-11-22T13:00:00.000Z (codex)".to_owned();
        assert_eq!(status(Some(1_795_352_400_000)), (until, blocks));
    });
}
