//! The kernel against a store that answers as a test says.

use super::*;
use ganger_core::message::{MessageBody, SlotClass};
use ganger_core::site::{Site, SiteCommand};

fn now() -> Times {
    Times { wall_ms: 1, awake_ms: 1 }
}

fn started() -> Kernel<Site> {
    let mut kernel = Kernel::new(Address::Site, Site::default(), 0);
    assert!(kernel.started(now()).is_empty());
    let command = SiteCommand::StartDaemon { max_sessions: 1 };
    let outputs = kernel.input(Input::Command { command, key: None, token: 1 }, now());
    let [Output::Append(Decided { expected_version: 0, events, .. })] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    let version = events.len() as u64;
    let outputs = kernel.committed(version, now());
    assert!(matches!(&outputs[..], [Output::Resolve { token: 1, outcome: CommandOutcome::Accepted }]));
    kernel
}

fn wanted(number: u64) -> Input<Site> {
    let from = Address::WorkItem(ganger_core::ids::WorkItemId::new(1.into()));
    let session = SessionId::new(2.into());
    let body = MessageBody::SlotWanted { session, class: SlotClass::Planning, agent: "claude".to_owned() };
    let report = CommonReport::Received(Received { from, number, body });
    Input::Report { report, sync: None }
}

#[test]
fn nothing_is_sent_or_receipted_before_its_fact_is_durable() {
    let mut kernel = started();
    let outputs = kernel.input(wanted(1), now());
    assert!(matches!(&outputs[..], [Output::Append(_)]), "{outputs:?}");
    let outputs = kernel.committed(9, now());
    assert!(matches!(&outputs[..], [Output::Receipt { number: 1, .. }, Output::Send(_)]), "{outputs:?}");
}

#[test]
fn a_message_that_was_seen_is_receipted_again_without_an_append() {
    let mut kernel = started();
    kernel.input(wanted(1), now());
    kernel.committed(9, now());
    let outputs = kernel.input(wanted(1), now());
    assert!(matches!(&outputs[..], [Output::Receipt { number: 1, .. }]), "{outputs:?}");
}

#[test]
fn after_a_doubtful_commit_the_stream_is_loaded_and_the_input_decided_again() {
    let mut kernel = started();
    let before = kernel.state().clone();
    let version = kernel.version();
    kernel.input(wanted(1), now());
    let outputs = kernel.commit_failed(CommitFailure::Unknown, now());
    assert!(matches!(&outputs[..], [Output::Reload]), "{outputs:?}");
    let outputs = kernel.reloaded(before, version, false, now());
    assert!(matches!(&outputs[..], [Output::Append(_)]), "{outputs:?}");
}
