//! Lives of hosts with real processes: nothing is lost, nothing happens twice, and the end is certain.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod support;

use expect_test::{Expect, expect};
use ganger_core::journal::RecordKind;
use ganger_host::client::{AttachError, Connection, LaunchError, RequestError, launch, tombstone};
use ganger_host::protocol::Refusal;
use ganger_host::spec::{EndedBy, HostSpec, HostState, probe};
use std::path::Path;
use std::time::Duration;
use support::{Home, PROGRAM, output_with, soon, text, until};

/// Runs one job and compares its output, its errors, its end.
async fn check_job(script: &str, change: impl FnOnce(&mut HostSpec), expected: Expect) {
    let home = Home::new();
    let mut spec = home.script("job.1", script);
    change(&mut spec);
    let run = home.run(&spec).await;
    expected.assert_eq(
        &format!(
            "out {:?}\nerr {:?}\nin {:?}\nexit {:?} by {:?}",
            run.text(RecordKind::Out),
            run.text(RecordKind::Err),
            run.text(RecordKind::In),
            (run.exit().code, run.exit().signal),
            run.status.ended_by,
        )
        .replace(home.path("").to_str().unwrap().trim_end_matches('/'), "HOME"),
    );
    assert_eq!(run.status.exit, Some(run.exit()));
    assert_eq!(probe(&run.directory), HostState::Ended(run.exit()));
}

#[tokio::test]
async fn a_job_is_journalled_with_its_input_and_its_end() {
    check_job(
        "echo hello; echo oops >&2; cat; exit 3",
        |spec| spec.process.input = Some("some input\n".to_owned()),
        expect![[r#"
            out "hello\nsome input\n"
            err "oops\n"
            in "some input\n"
            exit (Some(3), None) by None"#]],
    )
    .await;
    check_job(
        "kill -9 $$",
        |_| {},
        expect![[r#"
            out ""
            err ""
            in ""
            exit (None, Some(9)) by None"#]],
    )
    .await;
    check_job(
        "trap '' TERM; echo begun; while :; do sleep 1; done",
        |spec| spec.process.timeout_ms = Some(300),
        expect![[r#"
            out "begun\n"
            err "\nganger: the time limit of 300 ms is over; the process is ended\n"
            in ""
            exit (None, Some(9)) by Some(Timeout)"#]],
    )
    .await;
    check_job(
        "",
        |spec| spec.process.command = vec!["no-such-program".to_owned()],
        expect![[r#"
            out ""
            err "ganger: the program \"no-such-program\" cannot be executed in \"HOME/work\": No such file or directory (os error 2)\n"
            in ""
            exit (Some(127), None) by None"#]],
    )
    .await;
}

/// Counts lines out as long as it is fed: prints the line and its number.
const ECHO: &str = "n=0; while read line; do n=$((n+1)); echo \"$n $line\"; done; echo ended";

#[tokio::test]
async fn a_controller_may_go_and_another_come_and_no_line_is_lost_or_doubled() {
    let home = Home::new();
    let spec = home.script("session.1", ECHO);
    let directory = home.launch(&spec).await;
    let mut seen = Vec::new();
    for daemon in 1..=5_u64 {
        let from = seen.len() as u64 + 1;
        let (connection, mut records, attached) = Connection::attach(&directory, daemon, from).await.unwrap();
        assert_eq!((attached.incarnation, attached.last_write), (1, (daemon - 1) * 20));
        for n in (daemon - 1) * 20 + 1..=daemon * 20 {
            connection.write(n, &format!("k{n}"), format!("line {n}\n").as_bytes()).await.unwrap();
        }
        // Each but the last goes away in the middle of what comes back.
        let last = if daemon == 5 { 100 } else { daemon * 20 - 10 };
        output_with(&mut records, &mut seen, &format!("{last} line {last}\n")).await;
    }
    let (connection, mut records, _) =
        Connection::attach(&directory, 5, seen.len() as u64 + 1).await.unwrap();
    connection.stop(b"farewell\n", Duration::from_secs(30), Duration::from_secs(30)).await.unwrap();
    while let Some(record) = soon("the end", records.next()).await.unwrap() {
        seen.push(record);
    }
    let mut wanted: String = (1..=100).map(|n| format!("{n} line {n}\n")).collect();
    wanted += "101 farewell\nended\n";
    assert_eq!(text(&seen, RecordKind::Out), wanted);
    let positions: Vec<u64> = seen.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(ganger_host::client::exit_of(seen.last().unwrap()).unwrap().code, Some(0));
    until("the host to be gone", || !matches!(probe(&directory), HostState::Alive));
}

#[tokio::test]
async fn output_beyond_every_buffer_arrives_whole_with_nobody_attached_and_with_a_slow_reader() {
    let home = Home::new();
    // 20 MB over more than one segment, and an answer in the middle of it.
    let spec =
        home.script("session.1", "head -c 20000000 /dev/zero | tr '\\0' x; read line; echo \"got $line\"");
    let (directory, first, _) = home.start(&spec).await;
    until("most of it to be journalled", || {
        let size = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
        std::fs::read_dir(&directory).unwrap().map(size).sum::<u64>() > 20_000_000
    });
    drop(first);
    let (connection, mut records, _) = Connection::attach(&directory, 1, 0).await.unwrap();
    // A reply comes though nobody has taken a record yet.
    soon("a reply", connection.write(1, "answer", b"it\n")).await.unwrap();
    let mut seen = Vec::new();
    while let Some(record) = soon("the end", records.next()).await.unwrap() {
        seen.push(record);
    }
    let text = text(&seen, RecordKind::Out);
    assert_eq!(text.len(), 20_000_000 + "got it\n".len());
    assert!(text.ends_with("xgot it\n"));
}

#[tokio::test]
async fn one_controller_at_a_time_and_none_older_than_the_last() {
    let home = Home::new();
    let spec = home.script("session.1", ECHO);
    let (directory, first, _records) = home.start(&spec).await;
    first.note(1, b"first").await.unwrap();
    let (second, _records, attached) = Connection::attach(&directory, 7, 0).await.unwrap();
    assert_eq!(attached.last_write, 1);
    // The first one's connection is closed; what it says is not heard.
    assert!(matches!(first.write(2, "k", b"first\n").await, Err(RequestError::Lost)));
    match Connection::attach(&directory, 6, 0).await {
        Err(AttachError::Refused { refusal: Refusal::StaleEpoch { offered: 6, highest: 7 }, .. }) => {}
        other => panic!("{other:?}"),
    }
    match Connection::attach(&directory, 7, 1_000).await {
        Err(AttachError::Refused { refusal: Refusal::Beyond { from: 1_000, .. }, .. }) => {}
        other => panic!("{other:?}"),
    }
    let refused = |result: Result<u64, RequestError>| match result {
        Err(RequestError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(second.note(1, b"again").await), Refusal::Counter { n: 1, last: 1 });
    assert_eq!(refused(second.write(3, "k", b"gap\n").await), Refusal::Counter { n: 3, last: 1 });
    second.write(2, "k", b"second\n").await.unwrap();
    assert!(matches!(refused(second.sync(1_000).await), Refusal::SyncBeyond { upto: 1_000, .. }));
    second.sync(2).await.unwrap();
    second.stop(b"", Duration::from_secs(30), Duration::from_secs(30)).await.unwrap();
}

#[tokio::test]
async fn a_directory_has_one_host_ever() {
    let home = Home::new();
    let spec = home.script("session.1", ECHO);
    let hosts = home.path("hosts");
    let (directory, connection, mut records) = home.start(&spec).await;
    let again = || launch(&hosts, Path::new(PROGRAM), &spec);
    assert!(matches!(again().await, Err(LaunchError::AlreadyThere { .. })));
    assert_eq!(probe(&directory), HostState::Alive);
    connection.stop(b"", Duration::from_secs(30), Duration::from_secs(30)).await.unwrap();
    while soon("the end", records.next()).await.unwrap().is_some() {}
    until("the host to be gone", || !matches!(probe(&directory), HostState::Alive));
    assert!(matches!(again().await, Err(LaunchError::AlreadyThere { .. })));
    let mut other = spec.clone();
    other.process.command.push("more".to_owned());
    let other = launch(&hosts, Path::new(PROGRAM), &other).await;
    assert!(matches!(other, Err(LaunchError::OtherSpec { .. })));
}

#[tokio::test]
async fn a_stop_ends_everything_that_was_started_however_stubborn() {
    let home = Home::new();
    let script = "trap '' TERM HUP INT; (trap '' TERM; exec setsid sleep 1000) & setsid sh -c 'sleep 1000 & sleep 1000' & \
                  (setsid sleep 1000 >/dev/null 2>&1 &) ; echo up; while :; do sleep 0.1; done";
    for mode in [ganger_core::process::SandboxMode::BestEffort, ganger_core::process::SandboxMode::Off] {
        let mut spec = home.script(&format!("session-{mode:?}.1"), script);
        spec.process.sandbox.mode = mode;
        let (directory, connection, mut records) = home.start(&spec).await;
        let mut seen = Vec::new();
        output_with(&mut records, &mut seen, "up\n").await;
        assert!(support::bearers(&spec.marker).len() >= 5);
        connection.stop(b"", Duration::ZERO, Duration::from_millis(100)).await.unwrap();
        while let Some(record) = soon("the end", records.next()).await.unwrap() {
            seen.push(record);
        }
        assert_eq!(ganger_host::client::exit_of(seen.last().unwrap()).unwrap().signal, Some(9));
        assert_eq!(support::bearers(&spec.marker), Vec::<u32>::new());
        until("the host to be gone", || !matches!(probe(&directory), HostState::Alive));
    }
}

#[tokio::test]
async fn a_tombstone_or_a_higher_incarnation_ends_a_host_that_nobody_is_attached_to() {
    let home = Home::new();
    let first = home.script("session.1", ECHO);
    let directory = home.launch(&first).await;
    tombstone(&directory).await.unwrap();
    until("the buried host to end", || matches!(probe(&directory), HostState::Ended(_)));
    let ended_by = |directory: &Path| ganger_host::spec::Status::read(directory).unwrap().unwrap().ended_by;
    assert_eq!(ended_by(&directory), Some(EndedBy::Tombstone));

    let old = home.launch(&home.script("other.1", ECHO)).await;
    let mut next = home.script("other.2", ECHO);
    next.incarnation = 2;
    let next = home.launch(&next).await;
    // Any visitor makes it look; otherwise it looks by itself in half a minute.
    let _ = Connection::attach(&old, 1, 0).await;
    until("the superseded host to end", || matches!(probe(&old), HostState::Ended(_)));
    assert_eq!(ended_by(&old), Some(EndedBy::Superseded));
    assert_eq!(probe(&next), HostState::Alive);
    tombstone(&next).await.unwrap();
}

#[tokio::test]
async fn a_socket_is_reached_however_long_its_path() {
    let home = Home::new();
    let hosts = home.path("hosts").join("x".repeat(120)).join("y".repeat(120));
    let spec = home.script("session.1", "read line; echo \"got $line\"");
    let directory = launch(&hosts, Path::new(PROGRAM), &spec).await.unwrap();
    let (connection, mut records, _) = Connection::attach(&directory, 1, 0).await.unwrap();
    connection.write(1, "k", b"it\n").await.unwrap();
    output_with(&mut records, &mut Vec::new(), "got it\n").await;
}
