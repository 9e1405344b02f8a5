//! What recordings don't show: refused starts, races of answers and interrupts, deaths, limits, strange agents.
//!
//! A script is a list of steps: `start`, `load ID`, `prompt TEXT`, `answer REQUEST OPTION|-`, `interrupt`, `write`
//! (everything that is wanted), `< JSON` (a line of the agent; `@METHOD` stands for the id of our last request of
//! that method), `! TEXT` (standard error), `exit`.

#![allow(clippy::unwrap_used)]

mod support;

use expect_test::{Expect, expect};
use ganger_core::agent::{RequestAnswer, SessionCommand, SessionStart, ToolAnswer};
use ganger_harness::{codec_for, restore};
use std::collections::BTreeMap;
use support::{Journal, acp::check_frame};

fn run(script: &[&str]) -> Journal {
    let mut journal = Journal::new(codec_for("acp").unwrap());
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for step in script {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let start = |native_id: Option<&str>| {
            SessionCommand::Start(SessionStart {
                directory: "/w".to_owned(),
                native_id: native_id.map(str::to_owned),
                model: (native_id.is_none() && !rest.is_empty()).then(|| rest.to_owned()),
                tools: vec![],
                bridge: None,
            })
        };
        match word {
            "start" => journal.note(start(None)),
            "load" => journal.note(start(Some(rest))),
            "prompt" => journal.note(SessionCommand::Prompt { text: rest.to_owned() }),
            "interrupt" => journal.note(SessionCommand::Interrupt),
            "answer" => {
                let (request, option) = rest.split_once(' ').unwrap();
                let answer = match option {
                    "-" => RequestAnswer::Permission { option: None },
                    "tool" => RequestAnswer::Tool(ToolAnswer { text: String::new(), is_error: false }),
                    option => RequestAnswer::Permission { option: Some(option.to_owned()) },
                };
                journal.note(SessionCommand::Answer { request: request.to_owned(), answer });
            }
            "write" => {
                for frame in journal.write_wanted() {
                    let message = check_frame(&frame);
                    if let Some(method) = message["method"].as_str() {
                        ids.insert(format!("@{method}"), message["id"].to_string());
                    }
                }
            }
            "<" => {
                let line = ids.iter().fold(rest.to_owned(), |line, (method, id)| line.replace(method, id));
                journal.out(&line);
            }
            "!" => journal.err(rest),
            "exit" => journal.exit(),
            other => panic!("unknown step {other}"),
        }
    }
    support::check_cuts("script", &|| codec_for("acp").unwrap(), &restore, &journal.entries);
    journal
}

fn check(script: &[&str], expected: Expect) {
    let journal = run(script);
    let mut told = support::tell(&mut *codec_for("acp").unwrap(), &journal.entries);
    for frame in journal.codec.wanted() {
        told += &format!("still wanted {} {}", frame.key, String::from_utf8_lossy(&frame.bytes));
    }
    expected.assert_eq(&told);
}

const HELLO: &str = r#"< {"id":@initialize,"result":{"protocolVersion":1,"agentInfo":{"name":"ganger-scripted-agent"},"agentCapabilities":{"loadSession":true}}}"#;
const OPENED: &str = r#"< {"id":@session/new,"result":{"sessionId":"s"}}"#;
const ASKS: &str = r#"< {"id":7,"method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"t","title":"rm x"},"options":[{"optionId":"y","name":"Yes","kind":"allow_once"},{"optionId":"n","name":"No","kind":"unheard_of"}]}}"#;

/// A script that goes on after the handshake.
fn ready(rest: &[&'static str]) -> Vec<&'static str> {
    [&["start", "write", HELLO, "write", OPENED], rest].concat()
}

/// A script that goes on in an open turn.
fn turn(rest: &[&'static str]) -> Vec<&'static str> {
    ready(&[&["prompt hi", "write"], rest].concat())
}

/// What a script tells from its `skip`-th line on.
fn check_rest(script: &[&str], skip: usize, expected: Expect) {
    let journal = run(script);
    let mut told = support::tell(&mut *codec_for("acp").unwrap(), &journal.entries);
    for frame in journal.codec.wanted() {
        told += &format!("still wanted {} {}", frame.key, String::from_utf8_lossy(&frame.bytes));
    }
    let rest: String = told.lines().skip(skip).map(|line| format!("{line}\n")).collect();
    expected.assert_eq(&rest);
}

fn check_turn(rest: &[&'static str], expected: Expect) {
    // The handshake and the prompt are told in ten lines.
    check_rest(&turn(rest), 10, expected);
}

#[test]
fn a_handshake_is_told_whole() {
    check(
        &turn(&[]),
        expect![[r#"
              note 1 {"command":"start","directory":"/w","native_id":null,"model":null,"tools":[],"bridge":null}
              write n1.0 {"jsonrpc":"2.0","id":64,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false},"clientInfo":{"name":"ganger","title":"ganger","version":"0.1.0"}}}
              write n1.2 {"jsonrpc":"2.0","id":66,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"s","loaded":false}
              note 4 {"command":"prompt","text":"hi"}
              write n4.0 {"jsonrpc":"2.0","id":256,"method":"session/prompt","params":{"sessionId":"s","prompt":[{"type":"text","text":"hi"}]}}
            {"event":"delivered","note":4,"effect":null}
            {"event":"turn_started","note":4}
        "#]],
    );
}

#[test]
fn a_start_that_fails_says_why() {
    check_rest(
        &["start", "write", r#"< {"id":@initialize,"result":{"protocolVersion":2}}"#, "prompt hi"],
        2,
        expect![[r#"
            {"event":"undeliverable","note":1,"effect":null,"reason":"the agent could not be started"}
            {"event":"start_failed","message":"the agent speaks version 2 of the Agent Client Protocol, and ganger speaks version 1"}
              note 3 {"command":"prompt","text":"hi"}
            {"event":"undeliverable","note":3,"effect":null,"reason":"the agent could not be started"}
        "#]],
    );
    check_rest(
        &["start", "write", r#"< {"id":@initialize,"error":{"code":-32603,"message":"no"}}"#],
        2,
        expect![[r#"
            {"event":"undeliverable","note":1,"effect":null,"reason":"the agent could not be started"}
            {"event":"start_failed","message":"the agent refused the handshake: no"}
        "#]],
    );
    check_rest(
        &[
            "start",
            "write",
            HELLO,
            "prompt early",
            "write",
            r#"< {"id":@session/new,"error":{"code":-32000,"message":"Authentication required"}}"#,
        ],
        2,
        expect![[r#"
              note 3 {"command":"prompt","text":"early"}
              write n1.2 {"jsonrpc":"2.0","id":66,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}
            {"event":"undeliverable","note":1,"effect":null,"reason":"the agent could not be started"}
            {"event":"undeliverable","note":3,"effect":null,"reason":"the agent could not be started"}
            {"event":"start_failed","message":"the agent opened no conversation: Authentication required"}
        "#]],
    );
}

#[test]
fn a_conversation_that_is_lost_is_opened_anew() {
    check_rest(
        &[
            "load old",
            "write",
            HELLO,
            "write",
            r#"< {"id":@session/load,"error":{"code":-32603,"message":"Internal error","data":{"details":"not found"}}}"#,
            "write",
            OPENED,
        ],
        2,
        expect![[r#"
              write n1.1 {"jsonrpc":"2.0","id":65,"method":"session/load","params":{"cwd":"/w","mcpServers":[],"sessionId":"old"}}
            {"event":"warning","message":"the agent could not load the earlier conversation, so a new one is opened: Internal error: not found"}
              write n1.2 {"jsonrpc":"2.0","id":66,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"s","loaded":false}
        "#]],
    );
}

#[test]
fn history_is_no_news() {
    check_rest(
        &[
            "load old",
            "write",
            HELLO,
            "write",
            r#"< {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"old"}}}}"#,
            r#"< {"id":@session/load,"result":null}"#,
            r#"< {"method":"session/update","params":{"update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"late"}}}}"#,
        ],
        2,
        expect![[r#"
              write n1.1 {"jsonrpc":"2.0","id":65,"method":"session/load","params":{"cwd":"/w","mcpServers":[],"sessionId":"old"}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"old","loaded":true}
        "#]],
    );
}

#[test]
fn a_model_is_chosen_in_either_way_and_its_refusal_is_final() {
    let option = r#"< {"id":@session/new,"result":{"sessionId":"s","configOptions":[{"id":"m","category":"model","currentValue":"a","options":[{"group":"g","options":[{"value":"b","name":"Big"}]}]}]}}"#;
    check_rest(
        &[
            "start Big",
            "write",
            HELLO,
            "write",
            option,
            "write",
            r#"< {"id":@session/set_config_option,"error":{"code":-1,"message":"no such model"}}"#,
        ],
        3,
        expect![[r#"
              write n1.4 {"jsonrpc":"2.0","id":68,"method":"session/set_config_option","params":{"sessionId":"s","configId":"m","value":"b"}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"start_failed","message":"the agent refused the model: no such model"}
        "#]],
    );
    let older = r#"< {"id":@session/new,"result":{"sessionId":"s","models":{"currentModelId":"a","availableModels":[]}}}"#;
    check_rest(
        &["start x", "write", HELLO, "write", older, "write", r#"< {"id":@session/set_model,"result":{}}"#],
        3,
        expect![[r#"
              write n1.4 {"jsonrpc":"2.0","id":68,"method":"session/set_model","params":{"sessionId":"s","modelId":"x"}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"s","loaded":false}
        "#]],
    );
    check_rest(
        &["start x", "write", HELLO, "write", OPENED],
        3,
        expect![[r#"
        {"event":"warning","message":"the agent lets nobody choose a model, so it goes on with its own instead of x"}
        {"event":"delivered","note":1,"effect":null}
        {"event":"acknowledged","note":1,"effect":null}
        {"event":"ready","native_id":"s","loaded":false}
    "#]],
    );
}

#[test]
fn a_prompt_before_the_handshake_waits_for_it() {
    check_rest(
        &["start", "prompt hi", "write", HELLO, "write", OPENED, "write"],
        1,
        expect![[r#"
              note 2 {"command":"prompt","text":"hi"}
              write n1.0 {"jsonrpc":"2.0","id":64,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false},"clientInfo":{"name":"ganger","title":"ganger","version":"0.1.0"}}}
              write n1.2 {"jsonrpc":"2.0","id":66,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"s","loaded":false}
              write n2.0 {"jsonrpc":"2.0","id":128,"method":"session/prompt","params":{"sessionId":"s","prompt":[{"type":"text","text":"hi"}]}}
            {"event":"delivered","note":2,"effect":null}
            {"event":"turn_started","note":2}
        "#]],
    );
}

#[test]
fn an_interrupt_cancels_what_is_asked_and_will_be() {
    let later = r#"< {"id":8,"method":"session/request_permission","params":{"toolCall":{},"options":[{"optionId":"y"}]}}"#;
    check_turn(
        &[
            ASKS,
            "interrupt",
            "write",
            later,
            "write",
            r#"< {"id":@session/prompt,"result":{"stopReason":"cancelled"}}"#,
        ],
        expect![[r#"
            {"event":"acknowledged","note":4,"effect":null}
            {"event":"asked","wire_id":"7","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
              note 6 {"command":"interrupt"}
            {"event":"request_withdrawn","request":"7"}
              write n6.0 {"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s"}}
            {"event":"delivered","note":6,"effect":null}
              write r1 {"jsonrpc":"2.0","id":7,"result":{"outcome":{"outcome":"cancelled"}}}
              write r2 {"jsonrpc":"2.0","id":8,"result":{"outcome":{"outcome":"cancelled"}}}
            {"event":"acknowledged","note":6,"effect":null}
            {"event":"turn_ended","reason":"interrupted"}
        "#]],
    );
}

#[test]
fn an_interrupt_before_the_prompt_was_written_keeps_it_back() {
    check_rest(
        &ready(&["prompt hi", "interrupt", "interrupt"]),
        6,
        expect![[r#"
          note 4 {"command":"prompt","text":"hi"}
          note 5 {"command":"interrupt"}
        {"event":"undeliverable","note":4,"effect":null,"reason":"it was interrupted before it was written"}
        {"event":"delivered","note":5,"effect":null}
        {"event":"acknowledged","note":5,"effect":null}
          note 6 {"command":"interrupt"}
        {"event":"undeliverable","note":6,"effect":null,"reason":"no turn of the agent is open"}
    "#]],
    );
    check_rest(
        &["start", "prompt hi", "interrupt", "write", HELLO, "write", OPENED],
        1,
        expect![[r#"
              note 2 {"command":"prompt","text":"hi"}
              note 3 {"command":"interrupt"}
            {"event":"undeliverable","note":2,"effect":null,"reason":"it was interrupted before it was written"}
            {"event":"delivered","note":3,"effect":null}
            {"event":"acknowledged","note":3,"effect":null}
              write n1.0 {"jsonrpc":"2.0","id":64,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false},"clientInfo":{"name":"ganger","title":"ganger","version":"0.1.0"}}}
              write n1.2 {"jsonrpc":"2.0","id":66,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}
            {"event":"delivered","note":1,"effect":null}
            {"event":"acknowledged","note":1,"effect":null}
            {"event":"ready","native_id":"s","loaded":false}
        "#]],
    );
}

#[test]
fn answers_that_fit_nothing_are_undeliverable() {
    check_turn(
        &["answer 7 y", ASKS, "answer 7 maybe", "answer 7 tool", "answer 7 -", "answer 7 y", "write"],
        expect![[r#"
              note 6 {"command":"answer","request":"7","answer":{"kind":"permission","option":"y"}}
            {"event":"undeliverable","note":6,"effect":null,"reason":"The agent does not wait for request 7 any more."}
            {"event":"acknowledged","note":4,"effect":null}
            {"event":"asked","wire_id":"7","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
              note 7 {"command":"answer","request":"7","answer":{"kind":"permission","option":"maybe"}}
            {"event":"undeliverable","note":7,"effect":null,"reason":"Request 7 has no option maybe; it offers y, n."}
              note 8 {"command":"answer","request":"7","answer":{"kind":"tool","text":"","is_error":false}}
            {"event":"undeliverable","note":8,"effect":null,"reason":"A permission is answered with one of its options, not with a text or a tool's result."}
              note 9 {"command":"answer","request":"7","answer":{"kind":"permission","option":null}}
              note 10 {"command":"answer","request":"7","answer":{"kind":"permission","option":"y"}}
            {"event":"undeliverable","note":10,"effect":null,"reason":"The agent does not wait for request 7 any more."}
              write n9.0 {"jsonrpc":"2.0","id":7,"result":{"outcome":{"outcome":"cancelled"}}}
            {"event":"delivered","note":9,"effect":null}
        "#]],
    );
}

#[test]
fn requests_are_withdrawn_by_the_agent_and_by_the_end_of_the_turn() {
    let again = ASKS;
    check_turn(
        &[
            ASKS,
            r#"< {"method":"$/cancel_request","params":{"requestId":7}}"#,
            again,
            r#"< {"id":@session/prompt,"result":{"stopReason":"end_turn"}}"#,
            "write",
        ],
        expect![[r#"
            {"event":"acknowledged","note":4,"effect":null}
            {"event":"asked","wire_id":"7","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
            {"event":"request_withdrawn","request":"7"}
            {"event":"asked","wire_id":"7#2","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
            {"event":"request_withdrawn","request":"7#2"}
            {"event":"turn_ended","reason":"completed"}
              write r1 {"jsonrpc":"2.0","id":7,"result":{"outcome":{"outcome":"cancelled"}}}
              write r2 {"jsonrpc":"2.0","id":7,"result":{"outcome":{"outcome":"cancelled"}}}
        "#]],
    );
}

#[test]
fn a_death_withdraws_and_returns_everything() {
    check_turn(
        &[ASKS, "answer 7 y", "! last words", "exit", "prompt hi", "< {}"],
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"asked","wire_id":"7","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
          note 6 {"command":"answer","request":"7","answer":{"kind":"permission","option":"y"}}
        {"event":"undeliverable","note":6,"effect":null,"reason":"the agent's process ended first"}
        {"event":"ended","status":{"code":0,"signal":null},"last_words":"last words"}
          note 7 {"command":"prompt","text":"hi"}
        {"event":"undeliverable","note":7,"effect":null,"reason":"the agent's process has ended"}
    "#]],
    );
    check_rest(
        &ready(&["prompt hi", ASKS, "exit"]),
        6,
        expect![[r#"
          note 4 {"command":"prompt","text":"hi"}
        {"event":"asked","wire_id":"7","body":{"kind":"permission","title":"rm x","options":[{"id":"y","name":"Yes","kind":"allow_once"},{"id":"n","name":"No","kind":"reject_once"}]}}
        {"event":"request_withdrawn","request":"7"}
        {"event":"undeliverable","note":4,"effect":null,"reason":"the agent's process ended first"}
        {"event":"ended","status":{"code":0,"signal":null},"last_words":""}
    "#]],
    );
}

#[test]
fn limits_are_recognised() {
    check_turn(
        &[
            r#"< {"id":@session/prompt,"error":{"code":429,"message":"slow down","data":{"retryAfter":"30s"}}}"#,
        ],
        expect![[r#"
            {"event":"acknowledged","note":4,"effect":null}
            {"event":"rate_limited","until_ms":1760000030008,"message":"slow down"}
            {"event":"turn_ended","reason":"limit","detail":"slow down"}
        "#]],
    );
    check_turn(
        &[
            r#"< {"id":@session/prompt,"error":{"code":-32603,"message":"Claude AI usage limit reached|1763000000"}}"#,
        ],
        expect![[r#"
            {"event":"acknowledged","note":4,"effect":null}
            {"event":"rate_limited","until_ms":1763000000000,"message":"Claude AI usage limit reached|1763000000"}
            {"event":"turn_ended","reason":"limit","detail":"Claude AI usage limit reached|1763000000"}
        "#]],
    );
    check_turn(
        &[r#"< {"id":@session/prompt,"result":{"stopReason":"max_tokens"}}"#],
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"turn_ended","reason":"limit","detail":"max_tokens"}
    "#]],
    );
}

#[test]
fn ends_that_are_none_are_not_believed() {
    check_turn(
        &[r#"< {"id":@session/prompt,"result":{"stopReason":"enough"}}"#],
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"turn_ended","reason":"failed","message":"the agent ended the turn for a reason that is not known: enough"}
    "#]],
    );
    check_turn(
        &[r#"< {"id":@session/prompt,"result":{}}"#],
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"turn_ended","reason":"failed","message":"the agent ended the turn without a reason"}
    "#]],
    );
    check_turn(
        &[r#"< {"id":@session/prompt,"result":{"stopReason":"cancelled"}}"#],
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"turn_ended","reason":"failed","message":"the agent cancelled the turn by itself"}
    "#]],
    );
    let silent = [
        "start",
        "write",
        r#"< {"id":@initialize,"result":{"protocolVersion":1,"agentInfo":{"name":"somebody"}}}"#,
        "write",
        OPENED,
        "prompt hi",
        "write",
        r#"< {"id":@session/prompt,"result":{"stopReason":"end_turn"}}"#,
    ];
    check_rest(
        &silent,
        10,
        expect![[r#"
        {"event":"acknowledged","note":4,"effect":null}
        {"event":"turn_ended","reason":"failed","message":"the agent ended the turn without a word or a deed"}
    "#]],
    );
}

#[test]
fn strange_lines_are_warnings_up_to_a_limit() {
    let lines =
        [vec!["< Starting up…", "< [1]", "< {\"id\":99,\"result\":1}", "< "], vec!["< x"; 30]].concat();
    let journal = run(&ready(&lines));
    let warnings =
        support::tell(&mut *codec_for("acp").unwrap(), &journal.entries).matches("warning").count();
    assert_eq!(warnings, 21);
    check_rest(
        &ready(&lines[..4]),
        6,
        expect![[r#"
        {"event":"warning","message":"a line of the agent is no message of its protocol: Starting up…"}
        {"event":"warning","message":"a line of the agent is no message of its protocol: [1]"}
        {"event":"warning","message":"the agent answers what was not asked: {\"id\":99,\"result\":1}"}
    "#]],
    );
}

#[test]
fn check_says_what_can_not_be_given() {
    let check = |script: &[&str], command: SessionCommand, expected: Expect| {
        let journal = run(script);
        let answer =
            journal.codec.check(&command).map_or_else(|refusal| refusal.to_string(), |()| "yes".to_owned());
        expected.assert_eq(&answer);
    };
    let prompt = || SessionCommand::Prompt { text: "hi".to_owned() };
    let answer = |option: &str| SessionCommand::Answer {
        request: "7".to_owned(),
        answer: RequestAnswer::Permission { option: Some(option.to_owned()) },
    };
    check(&[], prompt(), expect!["The agent's conversation has not been started yet."]);
    check(&["start"], prompt(), expect!["The agent's handshake is not over yet."]);
    check(&ready(&[]), prompt(), expect!["yes"]);
    check(
        &ready(&[]),
        SessionCommand::Interrupt,
        expect!["No turn of the agent is open, so there is nothing to interrupt."],
    );
    check(&turn(&[]), prompt(), expect!["A turn of the agent is open; a prompt can follow when it ends."]);
    check(&turn(&[]), SessionCommand::Interrupt, expect!["yes"]);
    check(&turn(&[]), answer("y"), expect!["The agent does not wait for request 7 any more."]);
    check(&turn(&[ASKS]), answer("y"), expect!["yes"]);
    check(&turn(&[ASKS]), answer("x"), expect!["Request 7 has no option x; it offers y, n."]);
    check(&turn(&["exit"]), prompt(), expect!["The agent's process has ended."]);
}

#[test]
fn a_farewell_ends_the_open_turn() {
    assert_eq!(run(&ready(&[])).codec.farewell(), None);
    let farewell = String::from_utf8(run(&turn(&[])).codec.farewell().unwrap()).unwrap();
    expect![[r#"
        {"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s"}}
    "#]]
    .assert_eq(&farewell);
}
