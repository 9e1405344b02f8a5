//! What needs no daemon: agents, log-ins, repairs, the daemon's unit and its log; and `open`.

use crate::check;
use crate::fake::{Reply, World};
use expect_test::expect;
use ganger_api::doctor::{DoctorReport, DoctorRow, DoctorSection, DoctorState};
use serde_json::json;

fn no_daemon() -> World {
    World::new(|_| Reply::Break)
}

fn row(state: DoctorState, subject: &str, fix: Option<&str>) -> DoctorRow {
    DoctorRow {
        state,
        subject: subject.to_owned(),
        facts: vec!["wrong".to_owned()],
        fix: fix.map(str::to_owned),
    }
}

fn report(rows: Vec<DoctorRow>) -> DoctorReport {
    DoctorReport::new(vec![DoctorSection { name: "all".to_owned(), summary: String::new(), rows }])
}

/// A machine on which some things can be repaired by ganger and some cannot, and then is well.
fn broken() -> World {
    let world = no_daemon();
    let fixes = [
        (DoctorState::Warning, "memory", Some("ganger config set agents.max_sessions 2")),
        (DoctorState::Problem, "old", Some("ganger config set exclude '[\"old\", \"web\"]' --workspace")),
        (DoctorState::Problem, "web", Some("ganger config set exclude '[\"old\", \"web\"]' --workspace")),
        // These are a person's, or need no repair.
        (DoctorState::Problem, "sandbox", Some("ganger config set sandbox.mode best-effort")),
        (DoctorState::Problem, "codex", Some("ganger login codex-acp")),
        (DoctorState::Problem, "push", Some("gh auth setup-git")),
        (DoctorState::Warning, "kernel", None),
        (DoctorState::Ok, "fine", Some("ganger config set agents.default mine")),
    ];
    let rows = fixes.into_iter().map(|(state, subject, fix)| row(state, subject, fix)).collect();
    let well = report(vec![row(DoctorState::Ok, "memory", None)]);
    world.machine.lock().unwrap().reports = vec![report(rows), well].into();
    world
}

const REPAIRED: [&str; 2] = [
    "config workspace false Some(Set { key: \"agents.max_sessions\", value: \"2\" })",
    "config workspace true Some(Set { key: \"exclude\", value: \"[\\\"old\\\", \\\"web\\\"]\" })",
];

#[test]
fn doctor_repairs_what_is_ganger_s_own_once_each_and_then_looks_again() {
    let world = broken();
    check(
        &world,
        &world.run(&["doctor", "--fix", "--yes"], "", &[]),
        expect![[r#"
        all
          ✓ memory  wrong
        Everything is well.
        memory: wrong
          ganger config set agents.max_sessions 2
          Some(Set { key: "agents.max_sessions", value: "2" })
        old: wrong
          ganger config set exclude '["old", "web"]' --workspace
          Some(Set { key: "exclude", value: "[\"old\", \"web\"]" })
        exit 0
    "#]],
    );
    assert_eq!(world.machine.lock().unwrap().done, REPAIRED);
    // A script gets the report alone.
    let world = broken();
    let ended = world.run(&["doctor", "--fix", "--yes", "--json"], "", &[]);
    assert_eq!(serde_json::from_str::<DoctorReport>(&ended.output).unwrap().sections[0].rows.len(), 1);
    assert_eq!(world.machine.lock().unwrap().done, REPAIRED);
}

#[test]
fn doctor_asks_before_each_repair_and_takes_no_silence_for_yes() {
    let world = broken();
    check(
        &world,
        &world.run_interactive(&["doctor", "--fix"], "what\nn\n\n", &[]),
        expect![[r#"
        all
          ✓ memory  wrong
        Everything is well.
        memory: wrong
          ganger config set agents.max_sessions 2
        Do it? (Y/n) ›   answer y or n
        Do it? (Y/n) › old: wrong
          ganger config set exclude '["old", "web"]' --workspace
        Do it? (Y/n) ›   Some(Set { key: "exclude", value: "[\"old\", \"web\"]" })
        exit 0
    "#]],
    );
    assert_eq!(world.machine.lock().unwrap().done, REPAIRED[1..]);
    let world = broken();
    world.run_interactive(&["doctor", "--fix"], "", &[]);
    assert_eq!(world.machine.lock().unwrap().done, Vec::<String>::new());
    let world = broken();
    check(
        &world,
        &world.run(&["doctor", "--fix"], "", &[]),
        expect![[r#"
        error: doctor --fix asks before each repair, and nobody sits at this terminal
          hint: ganger doctor --fix --yes
        exit 2
    "#]],
    );
    check(
        &world,
        &world.run(&["doctor", "--yes"], "", &[]),
        expect![[r#"
        error: the following required arguments were not provided:
          --fix

        Usage: ganger doctor --fix --yes

        For more information, try '--help'.
        exit 2
    "#]],
    );
    assert_eq!(world.machine.lock().unwrap().done, Vec::<String>::new());
    let world = no_daemon();
    check(
        &world,
        &world.run(&["doctor", "--fix", "--yes"], "", &[]),
        expect![[r#"
        Everything is well.
        There is nothing that ganger could repair by itself.
        exit 0
    "#]],
    );
}

#[test]
fn the_daemon_is_handed_over_when_its_unit_is_new_and_left_alone_when_it_is_not() {
    let stopped = |active: bool| {
        let mut gone = false;
        let world = World::new(move |seen| match seen.line.as_str() {
            "POST /v1/daemon/stop" => {
                gone = true;
                Reply::Json(json!({"pid": 7, "sessions_live": 1}))
            }
            _ if gone => Reply::Break,
            _ => Reply::Json(json!({"schema": "ganger/items/1", "items": [], "finished_hidden": 0})),
        });
        world.run(&["ls"], "", &[]);
        world.machine.lock().unwrap().unit_active = active;
        let ended = world.run(&["daemon", "install"], "", &[]);
        (world, ended)
    };
    let (world, ended) = stopped(false);
    check(
        &world,
        &ended,
        expect![[r#"
        Wrote ~/ganger.service
          [Service]
        systemd starts the daemon at log-in, and has it run now. Agents go on.
        exit 0
    "#]],
    );
    assert!(world.lines().contains(&"POST /v1/daemon/stop".to_owned()));
    assert_eq!(*world.starts.lock().unwrap(), 2);
    let (world, ended) = stopped(true);
    check(
        &world,
        &ended,
        expect![[r#"
            ~/ganger.service is as it should be
            systemd starts the daemon at log-in, and has it run.
            exit 0
        "#]],
    );
    assert_eq!((world.lines().len(), *world.starts.lock().unwrap()), (1, 1));
    let ended = world.run(&["daemon", "uninstall", "--json=change,told"], "", &[]);
    check(
        &world,
        &ended,
        expect![[r#"
        {"change":"removed","told":true}
        exit 0
    "#]],
    );
}

#[test]
fn the_log_of_the_daemon_is_printed_as_lines_or_as_objects() {
    let world = no_daemon();
    world.machine.lock().unwrap().log =
        ["2026-11-24T17:06:42Z  INFO a: one", "2026-11-24T17:06:43Z  WARN a: \u{1b}[31mtwo", "three"]
            .map(str::to_owned)
            .into();
    check(
        &world,
        &world.run(&["daemon", "logs"], "", &[]),
        expect![[r#"
        2026-11-24T17:06:42Z  INFO a: one
        2026-11-24T17:06:43Z  WARN a: two
        three
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["daemon", "logs", "-n", "1", "--json=level,text"], "", &[]),
        expect![[r#"
        {"level":null,"text":"three"}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["daemon", "logs", "--json=nothing"], "", &[]),
        expect![[r#"
        {"error":{"code":"json.unknown_field","message":"there is no field `nothing` to select with --json","hints":["the fields are: at, level, text"],"exit":2}}
        exit 2
    "#]],
    );
    assert_eq!(*world.starts.lock().unwrap(), 0);
}

#[test]
fn agents_are_listed_shown_and_logged_in_to() {
    let world = no_daemon();
    check(
        &world,
        &world.run(&["agents"], "", &[]),
        expect![[r#"
           AGENT  VERSION  LOG-IN   USED FOR  PROGRAM
        ◌  gone   –        –        –         not installed
        ✓  mine   1.2.3    unknown  –         /bin/mine
        To install gone: install gone
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["agents", "--json=name,roles"], "", &[]),
        expect![[r#"
        {"schema":"ganger/agents/1","agents":[{"name":"gone","roles":[]},{"name":"mine","roles":[]}]}
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["agents", "mine"], "", &[]),
        expect![[r#"
        ✗ mine  1.2.3  log-in unknown: nobody knows
          used for –
          program  /bin/mine
          command  mine --acp
          answers  it is broken
        exit 1
    "#]],
    );
    assert_eq!(world.run(&["agents", "gone"], "", &[]).code, 6);
    check(
        &world,
        &world.run_interactive(&["login", "mine"], "", &[]),
        expect![[r#"
        mine is logged in: it says so.
        exit 0
    "#]],
    );
    check(
        &world,
        &world.run(&["login", "mine", "--json"], "", &[]),
        expect![[r#"
        {"schema":"ganger/login/1","name":"mine","command":["mine","login"],"succeeded":true,"login":{"state":"not_logged_in","reason":"it says so"}}
        exit 1
    "#]],
    );
    let completed = |words: &[&str]| {
        let line: Vec<&str> = ["--", "ganger"].iter().chain(words).copied().collect();
        let variables = [("COMPLETE", "fish")];
        world.run(&line, "", &variables).output
    };
    assert_eq!(completed(&["login", "m"]), "mine\n");
    assert_eq!(completed(&["agents", ""]).lines().next(), Some("gone"));
    assert_eq!(*world.starts.lock().unwrap(), 0);
}

#[test]
fn a_worktree_opens_in_the_editor_of_the_person_or_is_named() {
    let world = World::new(|_| {
        Reply::Json(json!({"schema": "ganger/path/1", "handle": "g12/api", "directory": "/"}))
    });
    let editor = world.editor(&format!("echo \"$1 in $(pwd)\" > {}/opened", world.home.path().display()));
    let ended = world.run_interactive(&["open", "g12/api"], "", &[("EDITOR", &editor)]);
    assert_eq!((ended.code, ended.text(&world).as_str()), (0, "exit 0\n"));
    assert_eq!(std::fs::read_to_string(world.home.path().join("opened")).unwrap(), "/ in /\n");
    check(
        &world,
        &world.run(&["open", "g12/api"], "", &[("EDITOR", &editor)]),
        expect![[r#"
        error: an editor needs a terminal, and nobody sits at this one
          hint: ganger path g12/api
        exit 2
    "#]],
    );
    let ended = world.run_interactive(&["open", "g12/api"], "", &[("VISUAL", "false")]);
    check(
        &world,
        &ended,
        expect![[r#"
        error: the editor `false` ended with exit status: 1
        exit 1
    "#]],
    );
}
