//! Lives of hosts with real processes: nothing is lost, nothing happens twice, and the end is certain.

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
