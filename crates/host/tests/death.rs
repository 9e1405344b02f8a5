//! Hosts that die: whatever the moment, nothing lives on, and the directory tells the truth.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod support;

use ganger_core::journal::RecordKind;
use ganger_core::process::SandboxMode;
use ganger_host::client::{Connection, ReadError, launch, read_journal};
use ganger_host::journal::JournalItem;
use ganger_host::spec::{HostState, Status, probe};
use ganger_host::sweep::{DEFAULT_LIMIT, SweepError, sweep};
use ganger_kill_point as kill_point;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Home, PROGRAM, bearers, kill, output_with, soon, text, until};

#[tokio::test]
async fn nothing_outlives_a_killed_host_once_it_is_swept() {
    let home = Home::new();
    let script = "setsid sleep 1000 & (setsid sleep 1000 &) ; echo up; while :; do sleep 0.1; done";
    for mode in [SandboxMode::BestEffort, SandboxMode::Off] {
        let mut spec = home.script(&format!("session-{mode:?}.1"), script);
        spec.process.sandbox.mode = mode;
        let (directory, _connection, mut records) = home.start(&spec).await;
        let mut seen = Vec::new();
        output_with(&mut records, &mut seen, "up\n").await;
        assert!(matches!(sweep(&directory, DEFAULT_LIMIT), Err(SweepError::Alive { .. })));
        let status = Status::read(&directory).unwrap().unwrap();
        kill(status.host.unwrap().pid);
        until("the lock to be free", || probe(&directory) != HostState::Alive);
        assert_eq!(probe(&directory), HostState::Dead);
        match soon("the loss", records.next()).await {
            Err(ReadError::Lost { after, .. }) => assert_eq!(after, seen.len() as u64),
            other => panic!("{other:?}"),
        }
        if status.enforcement.is_some_and(|enforcement| enforcement.pid_namespace) {
            // The kernel did it.
            until("the namespace to be empty", || bearers(&spec.marker).is_empty());
        }
        sweep(&directory, DEFAULT_LIMIT).unwrap();
        assert_eq!(bearers(&spec.marker), Vec::<u32>::new());
    }
}

/// Lets a host die at one of its kill points, and checks what is left.
async fn check_death_at(point: &str) {
    let home = Home::new();
    let mut spec = home.script("job.1", "read line; echo \"got $line\"; sleep 1000 & echo done");
    spec.process.input = Some("it\n".to_owned());
    let directory = spec.directory(&home.path("hosts"));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("spec"), serde_json::to_vec(&spec).unwrap()).unwrap();
    let status = Command::new(PROGRAM)
        .args(["host", "--directory"])
        .arg(&directory)
        .env_clear()
        .env(kill_point::VARIABLE, point)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{point}: {status}");
    match probe(&directory) {
        HostState::NeverStarted => {
            sweep(&directory, DEFAULT_LIMIT).unwrap();
            // Then it may be started again, and does its work.
            launch(&home.path("hosts"), Path::new(PROGRAM), &spec).await.unwrap();
            until("the job to end", || matches!(probe(&directory), HostState::Ended(_)));
            let records: Vec<_> = read_journal(&directory, 0)
                .unwrap()
                .into_iter()
                .map(|item| match item {
                    JournalItem::Record(record) => record,
                    damage => panic!("{point}: {damage:?}"),
                })
                .collect();
            assert_eq!(text(&records, RecordKind::Out), "got it\ndone\n", "{point}");
        }
        HostState::Dead => {
            sweep(&directory, DEFAULT_LIMIT).unwrap();
            let again = launch(&home.path("hosts"), Path::new(PROGRAM), &spec).await;
            assert!(again.is_err(), "{point}: started twice");
            for item in read_journal(&directory, 0).unwrap() {
                assert!(matches!(item, JournalItem::Record(_)), "{point}: {item:?}");
            }
        }
        other => panic!("{point}: {other:?}"),
    }
    assert_eq!(bearers(&spec.marker), Vec::<u32>::new(), "{point}");
}

#[tokio::test]
async fn a_host_may_die_at_any_of_its_kill_points() {
    for point in kill_point::HOST {
        check_death_at(point).await;
    }
    for count in 2..=3 {
        check_death_at(&format!("host.before_journal_write:{count}")).await;
    }
}

#[tokio::test]
async fn a_host_that_cannot_run_says_why() {
    let home = Home::new();
    let mut spec = home.script("session.1", "true");
    spec.process.directory = "relative".to_owned();
    let message = |error: &dyn std::fmt::Display| error.to_string();
    let error = launch(&home.path("hosts"), Path::new(PROGRAM), &spec).await.unwrap_err();
    assert_eq!(
        message(&error),
        "the working directory \"relative\" of host session.1 is relative: it must be absolute"
    );
    let error = Connection::attach(&home.path("hosts"), 1, 0).await.unwrap_err();
    assert!(message(&error).starts_with("no host answers in "), "{error}");
}
