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
        check(&site, "d1", answer(&["3"], ""), expect![""]).await;
        check(&site, "d1", answer(&[], " "), expect![""]).await;
        check(&site, "d1", answer(&["1,2"], ""), expect![""]).await;
        check(&site, "d1", answer(&["1", "2"], ""), expect![""]).await;
        check(&site, "d99", json!({"command": "answer", "decision": "d99", "text": "x"}), expect![""]).await;
        check(&site, "g2", json!({"command": "answer", "decision": "d1", "text": "x"}), expect![""]).await;
        check(&site, "d2", json!({"command": "answer_as_proposed", "decision": "d2"}), expect![""]).await;
        check(&site, "d2", json!({"command": "skip", "decision": "d2"}), expect![""]).await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["explode"]}),
            expect![""],
        )
        .await;
        check(&site, "d1", json!({"command": "discuss", "decision": "d1", "text": " "}), expect![""]).await;
        check(&site, "q9", json!({"command": "correct", "question": "q9", "text": "x"}), expect![""]).await;
        check(&site, "q2", json!({"command": "correct", "question": "q2", "text": "x"}), expect![""]).await;
        check(
            &site,
            "q1",
            json!({"command": "correct", "question": "q1", "text": "Monotonic."}),
            expect![""],
        )
        .await;
        check(&site, "c9", json!({"command": "waive", "critique": "c9"}), expect![""]).await;
        check(&site, "g1", json!({"command": "waive", "critique": "nonsense"}), expect![""]).await;
        check(&site, "g1/web", json!({"command": "accept", "target": "g1/web"}), expect![""]).await;
        check(&site, "g1", json!({"command": "accept", "target": "g1"}), expect![""]).await;
        check(&site, "d2", json!({"command": "accept", "target": "d2"}), expect![""]).await;
        check(&site, "d2", json!({"command": "stop", "target": "d2"}), expect![""]).await;
        let comment = |target: &str, file: Option<&str>, line: Option<u32>, text: &str| json!({"command": "comment", "target": target, "file": file, "line": line, "severity": "major", "text": text});
        check(&site, "g1/api", comment("g1/api", Some("src/limits.rs"), Some(1), "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", Some("src"), None, "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", Some("../web/index.ts"), None, "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", Some("src/limit.rs"), Some(4), "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", Some("src/limit.rs"), Some(0), "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", Some("logo.png"), Some(1), "x"), expect![""]).await;
        check(&site, "g1/api", comment("g1/api", None, None, " "), expect![""]).await;
        check(&site, "g1/web", comment("g1/web", Some("index.ts"), None, "x"), expect![""]).await;
        check(&site, "g1", comment("g1/docs", None, None, "x"), expect![""]).await;
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
        expect![""].assert_eq(&said);
        expect![""].assert_eq(&site.say_with_key("d1", answer("as in the form"), "first").await);
        check(&site, "d1", answer("never"), expect![""]).await;
        check(&site, "d1", json!({"command": "skip", "decision": "d1"}), expect![""]).await;
        let shown = items::decision(State(Arc::clone(&site.app)), Path("d1".to_owned())).await;
        expect![""].assert_eq(&plain(&shown.unwrap_err().0.message));
        assert_eq!(site.waiting().await, ["d3", "d2"]);
        check(&site, "q2", json!({"command": "correct", "question": "q2", "text": "a banner"}), expect![""])
            .await;
        let site = Site::new().await;
        check(&site, "d1", json!({"command": "answer_as_proposed", "decision": "d1"}), expect![""]).await;
        let site = Site::new().await;
        check(&site, "d1", json!({"command": "skip", "decision": "d1"}), expect![""]).await;
        check(&site, "d1", json!({"command": "skip", "decision": "d1", "text": "again"}), expect![""]).await;
        let site = Site::new().await;
        check(
            &site,
            "d1",
            json!({"command": "discuss", "decision": "d1", "text": "what of tests?"}),
            expect![""],
        )
        .await;
        check(&site, "d1", json!({"command": "discuss", "decision": "d1", "text": "and?"}), expect![""])
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
        check(&site, "g1/api", comment("no table", false), expect![""]).await;
        check(&site, "c1", json!({"command": "waive", "critique": "c1", "because": "wanted"}), expect![""])
            .await;
        check(&site, "c1", json!({"command": "waive", "critique": "c1"}), expect![""]).await;
        check(&site, "c3", json!({"command": "waive", "critique": "c3"}), expect![""]).await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["accept"]}),
            expect![""],
        )
        .await;
        let site = Site::new().await;
        check(&site, "g1/api", comment("no table", true), expect![""]).await;
        let site = Site::new().await;
        check(
            &site,
            "g1/api",
            json!({"command": "accept", "target": "g1/api", "because": "good"}),
            expect![""],
        )
        .await;
        check(
            &site,
            "d2",
            json!({"command": "answer", "decision": "d2", "choices": ["tell"], "text": "x"}),
            expect![""],
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
        expect![""].assert_eq(&plain(&text));
    });
}

#[test]
fn the_faq_and_the_item_say_who_answered_and_who_reviewed() {
    run(async {
        let site = Site::new().await;
        let state = || State(Arc::clone(&site.app));
        let faq = items::faq(state(), Path("q1".to_owned()), Query(AddressQuery::default())).await.unwrap().0;
        expect![""].assert_eq(&plain(&serde_json::to_string_pretty(&faq).unwrap()));
        let item =
            items::show(state(), Path("c1".to_owned()), Query(AddressQuery::default())).await.unwrap().0;
        let item = serde_json::to_value(item).unwrap();
        let api = &item["repositories"][0];
        let shown = json!({"foreman": item["foreman"], "questions": item["questions"], "state": api["state"],
            "reviews": api["reviews"], "critiques": api["critiques"], "accepted": api["accepted"],
            "waits": item["waits"], "commands": item["commands"]});
        expect![""].assert_eq(&plain(&serde_json::to_string_pretty(&shown).unwrap()));
        assert_eq!(site.machine.path("acme").file_name().unwrap(), "acme");
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
        expect![""].assert_eq(&lines);
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
