//! *Forty minutes at lunch*: questions while the person is away.

use crate::fixture::{Fixture, commit, put, say, wait_for, write};
use crate::site::{Site, stderr, wait_until};
use crate::support::{
    agents_in, ask, assert_reviewed_is_pushed, count, fixture, foreman, implementer, inbox, only_decision,
    propose, pushed_file, record,
};
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::{Answerer, QuestionEnd};

/// An agent that asks, says what it heard, and does what it was told.
fn asking(repository: &str, before: &str, question: &str, options: &[&str]) -> String {
    let steps = before.to_owned()
        + &ask(question, options, "told")
        + &say("Heard: {{told}}.")
        + &write("limit", "{{told}}")
        + &commit("Add it");
    implementer(repository, "", &steps)
}

fn state(site: &Site, repository: &str) -> String {
    let item = site.json(&["show", "g1"]);
    let parts = item["repositories"].as_array().unwrap().iter();
    let found = parts.filter(|part| part["name"] == repository).map(|part| part["state"].as_str().unwrap());
    found.collect()
}

#[test]
fn a_question_for_the_person_holds_up_nobody_else_and_is_answered_once() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("go");
    let rules = asking("api", "", "Which region?", &["north", "south"])
        + &asking("web", &wait_for(&gate), "Which unit?", &[])
        + &asking("docs", &wait_for(&gate), "Which word?", &[]);
    let judging = foreman("api", "Which region?", &propose("north", "uncertain"))
        + &foreman("web", "Which unit?", &propose("keys", "high"))
        + &foreman("docs", "Which word?", &propose("limit", "high"));
    let site = Site::of(&fixture(vec![vec!["api", "web", "docs"]], rules, judging));
    site.create();
    site.run_to_a_decision();
    let question = only_decision(&site);
    // The person is away. What is asked behind their question is answered, done, checked and reviewed meanwhile.
    put(&gate, "");
    wait_until("the others are done", || state(&site, "web") == "passed" && state(&site, "docs") == "passed");
    // The daemon goes and comes: the question waits on.
    site.text(&["daemon", "stop"]);
    assert_eq!(only_decision(&site), question);
    assert_eq!(agents_in(&site, "/api").len(), 1, "the agent that waits was ended");
    // Two terminals answer at once.
    let answers = std::thread::scope(|scope| {
        let site = &site;
        let terminals: Vec<_> = ["1", "2"]
            .map(|choice| {
                let arguments = ["answer", &question, "--choice", choice].map(str::to_owned);
                scope.spawn(move || site.ganger(&arguments.each_ref().map(String::as_str)))
            })
            .into_iter()
            .collect();
        terminals.into_iter().map(|terminal| terminal.join().unwrap()).collect::<Vec<_>>()
    });
    let codes: Vec<_> = answers.iter().map(|output| output.status.code()).collect();
    let won = codes.iter().position(|code| *code == Some(0)).unwrap();
    assert_eq!(codes[1 - won], Some(5), "{answers:?}");
    assert!(stderr(&answers[1 - won]).contains("was already answered"), "{answers:?}");
    let late = site.ganger(&["answer", &question, "something else"]);
    assert_eq!(late.status.code(), Some(5), "{late:?}");
    site.run_to_the_end();
    let answer = ["north", "south"][won];
    let transcript = site.transcript();
    assert_eq!(pushed_file(&site, "api", "limit"), answer);
    assert_eq!(pushed_file(&site, "web", "limit"), "keys");
    assert_eq!(pushed_file(&site, "docs", "limit"), "limit");

    let record = record(&site);
    assert_reviewed_is_pushed(&site, &record);
    let asked = |title: &str| record.item.questions.iter().find(|known| known.text.title() == title).unwrap();
    assert_eq!(record.item.questions.len(), 3);
    for (title, by, escalated) in [
        ("Which region?", Answerer::Person, true),
        ("Which unit?", Answerer::Foreman, false),
        ("Which word?", Answerer::Foreman, false),
    ] {
        let question = asked(title);
        let found = question.answer().map(|answer| answer.by);
        assert_eq!((found, question.escalated), (Some(by), escalated), "{title}");
        let answered = |fact: &ItemFact| matches!(fact, ItemFact::QuestionAnswered { question: ended, .. } if *ended == question.id);
        assert_eq!(count(&record, answered), 1, "{title}");
    }
    // The agent heard one answer, once: as what its call came back with, and in no later turn.
    let own = format!("{}.", record.item.sub_plans["api"].session.unwrap());
    let rows = transcript.iter().filter(|row| row["cursor"].as_str().unwrap().starts_with(&own));
    let texts = |kind: &str| {
        let of_kind = rows.clone().filter(|row| row["kind"] == kind);
        of_kind.map(|row| row["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(texts("agent").matches("Heard: ").count(), 1, "{}", texts("agent"));
    assert!(texts("agent").contains(&format!("Heard: {answer}.")), "{}", texts("agent"));
    assert_eq!(texts("prompt").matches(answer).count(), 0, "{}", texts("prompt"));
    site.assert_nothing_left();
}

#[test]
fn an_agent_that_waited_long_enough_decides_by_itself() {
    let rules = asking("api", "", "Which region?", &["north", "south"]);
    let judging = foreman("api", "Which region?", &propose("north", "uncertain"));
    let site = Site::of(&Fixture {
        configuration: "[foreman]\nquestion_timeout = \"2s\"\n".to_owned(),
        ..fixture(vec![vec!["api"]], rules, judging)
    });
    site.create();
    site.ganger(&["run", "g1", "--yes"]);
    wait_until("the item is done", || site.json(&["show", "g1"])["status"] == "completed");
    assert!(inbox(&site).is_empty(), "nobody is asked any more");
    assert!(pushed_file(&site, "api", "limit").contains("Nobody will answer this question"));
    let record = record(&site);
    let skipped = |end: &Option<QuestionEnd>| matches!(end, Some(QuestionEnd::Skipped { .. }));
    assert!(record.item.questions.iter().all(|question| question.escalated && skipped(&question.end)));
    site.assert_nothing_left();
}

#[test]
fn what_the_foreman_proposes_is_taken_by_those_who_say_so() {
    let rules = asking("api", "", "Which region?", &["north", "south"]);
    let judging = foreman("api", "Which region?", &propose("south", "uncertain"));
    let site = Site::of(&fixture(vec![vec!["api"]], rules, judging));
    site.create();
    let output = site.ganger(&["run", "g1", "--auto", "plan,proposals"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}\n{}", site.story());
    assert_eq!(pushed_file(&site, "api", "limit"), "south");
    let faq = site.text(&["faq", "g1"]);
    assert!(faq.contains("south") && faq.contains("you"), "{faq}");
}
