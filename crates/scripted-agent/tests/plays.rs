//! Whole turns of the real program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use client::{World, server, server_of};
use expect_test::expect;
use serde_json::json;

const CODING: &str = r#"
[[rules]]
when = { repository = "api" }
steps = [
    { do = "say", text = "I begin." },
    { do = "write", path = "src/port", text = "1\n" },
    { do = "commit", message = "Add the port" },
    { do = "crash", once = "first" },
    { do = "write", path = "src/port", text = "2\n" },
    { do = "run", command = "cat src/port && echo done >> log" },
    { do = "commit", message = "Raise the port\n\nIt was too low." },
    { do = "crash", exit_code = 7, once = "second" },
    { do = "edit", path = "src/port", find = "2", replace = "4242" },
    { do = "commit", message = "Set the port" },
    { do = "usage", input_tokens = 100, output_tokens = 20, cost_usd = 0.5 },
]
"#;

#[test]
fn a_killed_agent_goes_on_where_the_worktree_stands_and_makes_the_same_commits() {
    let heads = ["load", "new"].map(|way| {
        let world = World::new(CODING);
        let mut agent = world.start();
        agent.open(&world, json!([]));
        agent.begin("Set the port.");
        let status = agent.ended();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
        let session = agent.session.clone();

        let enter = |agent: &mut client::Agent| {
            if way == "new" {
                agent.open(&world, json!([]));
                return;
            }
            let params = json!({"sessionId": session, "cwd": world.path("api"), "mcpServers": []});
            assert_eq!(agent.request("session/load", params)["result"], json!({}));
            assert!(agent.summary().starts_with("user_message_chunk: Set the port."));
            agent.session = session.clone();
        };
        let mut agent = world.start();
        enter(&mut agent);
        agent.begin("Go on.");
        assert_eq!(agent.ended().code(), Some(7));

        let mut agent = world.start();
        enter(&mut agent);
        assert_eq!(agent.turn("Go on."), "end_turn");
        expect![[r#"
            tool: Edit src/port (edit)
            tool completed: ""
            tool: git commit: Set the port (execute)
            tool completed: "committed"
            usage: 120 0.5"#]]
        .assert_eq(&agent.summary());
        assert_eq!(agent.turn("And again."), "end_turn");
        assert_eq!(agent.summary(), "usage: 120 0.5");
        assert!(agent.close().success());
        assert_eq!(world.git(&["status", "--porcelain"]), "");
        world.git(&["log", "--format=%H %s"])
    });
    assert_eq!(heads[0], heads[1]);
    let subjects: Vec<_> = heads[0].lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(subjects, ["Set the port", "Raise the port", "Add the port", "Begin"]);
}

#[test]
fn a_refused_plan_is_followed_by_the_next_document() {
    let world = World::new(
        r##"
        [[rules]]
        when = { tool = "submit_plan" }
        capture = { ticket = { after = "Ticket: " } }
        steps = [
            { do = "call", tool = "ask_user", arguments = { question = "Which port for {{ticket}}?" }, save = "port" },
            { do = "submit_plan", documents = ["@bad.md", "# Plan for {{port}}"] },
            { do = "say", text = "{{result}}" },
        ]
        "##,
    );
    std::fs::write(world.path("bad.md"), "BAD {{port}}").unwrap();
    let mut agent = world.start();
    agent.open(&world, server(world.directory.path(), "port 4242"));
    assert_eq!(agent.turn("Ticket: T-1\nPlan it."), "end_turn");
    expect![[r#"
        tool: ask_user ()
        tool completed: "port 4242"
        tool: submit_plan ()
        tool failed: "line 1: bad"
        tool: submit_plan ()
        tool completed: "port 4242"
        agent_message_chunk: port 4242"#]]
    .assert_eq(&agent.summary());
    let log = std::fs::read_to_string(world.path("mcp.log")).unwrap();
    for wanted in ["Which port for T-1?", "BAD port 4242", "# Plan for port 4242", "progressToken"] {
        assert!(log.contains(wanted), "{wanted} is not in {log}");
    }
}

#[test]
fn what_was_said_before_garbage_and_a_crash_is_written_before_them() {
    let world = World::new(
        r#"
        [[rules]]
        steps = [
            { do = "say", text = "abcdef", chunk = 2 },
            { do = "garbage", text = "{not json\n" },
            { do = "think", text = "hm" },
            { do = "tool", title = "Read it", kind = "read", output = "o", failed = true },
            { do = "crash", exit_code = 3 },
        ]
        "#,
    );
    let mut agent = world.start();
    agent.open(&world, json!([])).begin("Go.");
    assert_eq!(agent.ended().code(), Some(3));
    expect![[r#"
        agent_message_chunk: ab
        agent_message_chunk: cd
        agent_message_chunk: ef
        "{not json"
        agent_thought_chunk: hm
        tool: Read it (read)
        tool failed: "o""#]]
    .assert_eq(&agent.summary());
}

#[test]
fn a_turn_is_cancelled_wherever_it_stands() {
    for step in [
        "{ do = 'hang' }",
        "{ do = 'run', command = 'sleep 1000 & echo $! > pid; wait' }",
        "{ do = 'wait_for', path = 'never' }",
        "{ do = 'permission', title = 'May I?' }",
    ] {
        let world = World::new(&format!("[[rules]]\nsteps = [{{ do = 'say', text = 'here' }}, {step}]"));
        let mut agent = world.start();
        agent.open(&world, json!([]));
        let turn = agent.begin("Go.");
        agent.wait_for("here");
        let busy = agent.turn("And this?");
        assert!(busy.contains("a turn of this session is open"), "{busy}");
        let session = agent.session.clone();
        agent.send(&json!({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": session}}));
        assert_eq!(agent.answer(turn)["result"]["stopReason"], "cancelled", "{step}");
        assert!(agent.close().success());
    }
}

#[test]
fn a_permission_decides_over_the_rest() {
    let world = World::new(
        r#"
        [[rules]]
        steps = [
            { do = "permission", title = "Delete it" },
            { do = "delete", path = "README" },
            { do = "say", text = "{{permission}}" },
        ]
        "#,
    );
    let mut agent = world.start();
    agent.open(&world, json!([]));
    for (option, there, said) in [("reject-once", true, ""), ("allow-once", false, "allow-once")] {
        let turn = agent.begin("Go.");
        let request = agent.wait_for("session/request_permission");
        assert_eq!(request["params"]["options"][0]["kind"], "allow_once");
        let result = json!({"outcome": {"outcome": "selected", "optionId": option}});
        agent.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
        assert_eq!(agent.answer(turn)["result"]["stopReason"], "end_turn");
        assert_eq!(world.path("api/README").exists(), there);
        assert_eq!(agent.summary().contains(&format!("agent_message_chunk: {said}")), !said.is_empty());
    }
}

#[test]
fn errors_say_where_they_come_from() {
    let world = World::new(
        r#"
        [[rules]]
        when = { prompt_contains = ["limit"] }
        steps = [{ do = "rate_limit", retry_after_s = 30 }]
        [[rules]]
        when = { prompt_contains = ["fail"] }
        steps = [{ do = "fail", message = "overloaded", code = 529 }]
        [[rules]]
        name = "edits"
        when = { prompt_contains = ["edit"] }
        steps = [{ do = "edit", path = "none", find = "a", replace = "b" }]
        [[rules]]
        when = { prompt_contains = ["run"] }
        steps = [{ do = "run", command = "echo no; exit 3" }]
        [[rules]]
        when = { prompt_contains = ["tokens"] }
        steps = [{ do = "end", reason = "max_tokens" }]
        "#,
    );
    let mut agent = world.start();
    agent.open(&world, json!([]));
    let results = ["limit", "fail", "edit", "run", "tokens", "else"].map(|prompt| agent.turn(prompt));
    expect![[r#"
        {"code":-32603,"message":"Rate limit reached","data":{"errorKind":"rate_limit","retryAfter":30}}
        {"code":529,"message":"overloaded"}
        {"code":-32603,"message":"rule \"edits\" step 1: none is not there and cannot be edited"}
        {"code":-32603,"message":"rule 4 step 1: `echo no; exit 3` ended with exit status: 3: no"}
        max_tokens
        {"code":-32603,"message":"no rule of the scenario fits this prompt in api"}"#]]
    .assert_eq(&results.join("\n"));
}

#[test]
fn a_planner_without_tools_drafts_one_document_in_each_turn() {
    let world = World::new(
        r#"
        [[rules]]
        capture = { draft = { after = "draft to `", until = "`" } }
        steps = [{ do = "draft_plan", path = "{{draft}}", documents = ["bad", "good"] }]
        "#,
    );
    let draft = world.path("draft.md");
    let prompt = format!("Write the draft to `{}`.", draft.display());
    let mut agent = world.start();
    agent.open(&world, json!([]));
    for expected in ["bad", "good", "good"] {
        assert_eq!(agent.turn(&prompt), "end_turn");
        assert_eq!(std::fs::read_to_string(&draft).unwrap(), expected);
    }
}

#[test]
fn the_handshake_goes_as_the_scenario_says() {
    let worlds =
        ["refuse", "exit", "hang"].map(|way| World::new(&format!("agent.handshake = '{way}'\nrules = []")));
    let [mut refusing, mut ending, mut hanging] = worlds.each_ref().map(World::spawn);
    let hello = json!({"protocolVersion": 1, "clientCapabilities": {}});
    let refusal = refusing.request("initialize", hello.clone());
    assert_eq!(refusal["error"]["message"], "the scenario refuses the handshake");
    ending.ask("initialize", hello.clone());
    assert_eq!(ending.ended().code(), Some(1));
    hanging.ask("initialize", hello);
    // A later request is answered, so the first one has been read.
    let other = hanging.request("session/new", json!({"cwd": "/nowhere", "mcpServers": []}));
    assert!(other.to_string().contains("initialization must complete"), "{other}");
    assert!(hanging.seen.is_empty());
}

/// One rule for each kind of session, and among reviewers one for a finished worktree.
const KINDS: &str = r#"
[[rules]]
when = { kind = "foreman" }
steps = [
    { do = "propose_answer", answer = "Monotonic.", if_prompt = "clock" },
    { do = "propose_answer", answer = "Blue.", confidence = "uncertain", as_text = true, if_prompt = "colour" },
]
[[rules]]
when = { kind = "review", file_contains = [{ path = "limit", text = "100" }] }
steps = [{ do = "submit_review" }]
[[rules]]
when = { kind = "review", prompt_contains = ["in words"] }
steps = [{ do = "submit_review", as_text = true, critiques = [{ severity = "major", description = "No limit" }] }]
[[rules]]
when = { kind = "review", file_lacks = [{ path = "limit", text = "100" }] }
steps = [{ do = "submit_review", critiques = [{ file = "limit", line = 1, severity = "major", description = "No limit" }] }]
[[rules]]
when = { kind = "implementation" }
steps = [
    { do = "ask", question = "Which clock?", options = ["wall", { label = "monotonic", description = "never back" }] },
    { do = "ask", questions = [{ question = "A?" }, { question = "B?", options = ["x", "y"], multi_select = true }], context = "Of {{repository}}." },
    { do = "say", text = "{{result}}" },
]
[[rules]]
when = { kind = "planning" }
steps = [{ do = "ask", question = "For whom?", save = "whom" }, { do = "say", text = "For {{whom}}." }]
"#;

#[test]
fn each_kind_of_session_asks_reviews_and_answers_by_its_tools_or_in_words() {
    let check = |tools: &[&str], prompt: &str, limit: &str, said: &str, called: &[serde_json::Value]| {
        let world = World::new(KINDS);
        std::fs::write(world.path("api/limit"), limit).unwrap();
        let mut agent = world.start();
        agent.open(&world, server_of(world.directory.path(), "you", tools));
        assert_eq!(agent.turn(prompt), "end_turn", "{tools:?}");
        let summary = agent.summary();
        let texts = summary.lines().filter_map(|line| line.strip_prefix("agent_message_chunk: "));
        assert_eq!(texts.collect::<Vec<_>>().join(""), said.lines().next().unwrap_or_default(), "{tools:?}");
        assert!(summary.contains(said), "{tools:?}: {summary}");
        let log = std::fs::read_to_string(world.path("mcp.log")).unwrap();
        let calls: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &serde_json::Value| line["method"] == "tools/call")
            .collect();
        let calls: Vec<serde_json::Value> =
            calls.iter().map(|call| json!([call["params"]["name"], call["params"]["arguments"]])).collect();
        assert_eq!(calls, called, "{tools:?}");
    };
    let (reviewer, foreman) = (["submit_review", "ask_foreman"], ["propose_answer"]);
    let asked = "# Question 3, from `web`\n\nWhich clock?\n\n# Question 4, from `api`\n\nWhich clock?\n";
    check(
        &foreman,
        asked,
        "",
        "",
        &[json!(["propose_answer", {"question_id": 4, "answer": "Monotonic.", "confidence": "high"}])],
    );
    check(&foreman, "# Question 1, from `api`\n\nWhich colour?", "", "Blue.\nCONFIDENCE: uncertain", &[]);
    check(
        &reviewer,
        "Review it.",
        "100",
        "",
        &[json!(["submit_review", {"verdict": "no_critiques", "critiques": []}])],
    );
    check(
        &reviewer,
        "Review it.",
        "0",
        "",
        &[json!(["submit_review", {
            "verdict": "critiques",
            "critiques": [{"file": "limit", "line": 1, "severity": "major", "description": "No limit"}],
        }])],
    );
    check(
        &reviewer,
        "Review it, in words.",
        "0",
        "CRITIQUE\nSeverity: major\nDescription: No limit\nEND_CRITIQUE\n",
        &[],
    );
    check(
        &["ask_foreman"],
        "Do it.",
        "",
        "you",
        &[
            json!(["ask_foreman", {
                "question": "Which clock?",
                "options": ["wall", {"label": "monotonic", "description": "never back"}],
            }]),
            json!(["ask_foreman", {
                "questions": [{"question": "A?"}, {"question": "B?", "options": ["x", "y"], "multi_select": true}],
                "context": "Of api.",
            }]),
        ],
    );
    check(
        &["submit_plan", "ask_user"],
        "Plan it.",
        "",
        "For you.",
        &[json!(["ask_user", {"question": "For whom?"}])],
    );
}
