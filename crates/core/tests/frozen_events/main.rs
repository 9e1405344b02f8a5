//! The JSON of every stored fact is frozen: `data/events.jsonl` holds an example of each, written by an earlier
//! build, and is read back as it was. A fact or a part of one without an example is an error. A line that changes
//! breaks the logs of everybody: give the fact a new name instead.

mod facts;
mod parts;

use facts::{item_facts, site_events, workspace_events};
use ganger_core::agent::{RequestAnswer, SessionCommand, TurnEnd};
use ganger_core::effect::{Action, BaseComparison, CheckResult, EffectStep, TimerPurpose};
use ganger_core::message::MessageBody;
use ganger_core::site::SiteEvent;
use ganger_core::work_item::decision::{Choice, DecisionKind};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{GivenAnswer, RequestKind, TurnPurpose};
use ganger_core::workspace::WorkspaceEvent;
use parts::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A stored fact, by the kind of its stream.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Site(SiteEvent),
    Workspace(WorkspaceEvent),
    WorkItem(ItemEvent),
}

/// Asserts that the examples hold each of the variants, which must be all that there are.
macro_rules! covered {
    ($type:ident: $examples:expr => $($variant:ident)+) => {{
        let name = |value: &$type| match value { $($type::$variant { .. } => stringify!($variant),)+ };
        let found: BTreeSet<&str> = $examples.iter().map(name).collect();
        let all: BTreeSet<&str> = [$(stringify!($variant)),+].into();
        assert_eq!(found, all, "a variant of {} has no example", stringify!($type));
    }};
}

#[test]
fn every_fact_and_every_part_of_one_has_an_example() {
    covered!(ItemFact: item_facts() => Born MessageReceived Effect PlanningStarted BasesRecorded PlanSubmitted
        CorrectionWanted PlanProposed PlanningFailed ReplanningFailed PlanApproved PlanRejected SessionCreated TurnWanted
        SessionStarting HostStarted SessionReady TurnOpened TurnDelivered TurnEnded TurnLost BudgetWarned BudgetRaised SessionTroubled
        SessionLimited SessionUnlimited SilenceWatched SessionSilent SessionHeard HostLeaving HostGone HostLost SessionClosed JournalAbsorbed SlotAsked
        SlotGranted SlotReturned RequestOpened RequestAnswered RequestDelivering RequestWithdrawn QuestionAsked
        QuestionAnswered QuestionJoined QuestionProposed QuestionTried QuestionEscalated QuestionSkipped
        QuestionDropped QuestionDiscussed FaqCorrected SessionTold TurnUnwanted ReviewStarted ReviewSubmitted
        ReviewAskedAgain CritiqueRaised CritiqueWaived ReviewEnded ReimplementationWanted CandidateTakenAsIs
        SubPlanReopened SubPlanBased WaveProvisioned WaveRefused SetupDone SetupFailed SubPlanBegun CandidateTaken
        CandidateMissing CandidateAccepted ProofPrepared CheckEnded ChecksRenewed RepairWanted SubPlanProven
        SubPlanStopped SubPlanRetried AgentChosen StartOverWanted SubPlanStartedOver RemoteBranchGone PublishingWanted BaseCompared BranchPublished Completed DecisionOpened
        DecisionResolved);
    covered!(SiteEvent: site_events() => DaemonStarted LimitsSet ItemNumbered MessageReceived SlotWanted
        SlotGranted SlotReleased AccountLimited AccountUnlimited Effect);
    covered!(WorkspaceEvent: workspace_events() => Registered MessageReceived BranchReserved Effect);
    covered!(EffectStep: steps() => Minted Settled Failed Woken Withdrawn);
    covered!(Action: actions() => Message PrepareBases Host Delivery Sweep ReadDraft ReadLastMessage Provision StartOver Setup TakeCandidate
        PrepareProof Check CompareBase Publish Timer);
    covered!(MessageBody: bodies() => ReserveBranch Born SlotWanted SlotReleased SlotGranted AccountLimited);
    covered!(SessionCommand: commands() => Start Prompt Answer Interrupt);
    covered!(RequestAnswer: answers() => Permission Tool Text);
    covered!(TimerPurpose: timers() => Handshake Retry Account RateLimit Question Review Silence);
    covered!(TurnPurpose: purposes() => Plan Correct Revise Implement GoOn Mend Repair Told Hear
        Reimplement Review ReviewAgain AnswerQuestion Discuss Resume);
    covered!(TurnEnd: ends() => Completed Interrupted Limit Refused Failed);
    covered!(RequestKind: requests() => Question Permission Tool);
    covered!(GivenAnswer: given() => Text Option);
    covered!(CheckResult: results() => Passed Failed NotRun);
    covered!(BaseComparison: comparisons() => Current Behind Conflict);
    covered!(DecisionKind: decisions() => Plan PlanningFailed Question Permission ProvisionFailed SetupFailed
        CandidateMissing CandidateFindings ChecksBroke ChecksNotRun ReviewStopped ReviewFailed SessionFailed Budget Publish BaseConflict RemoteMoved
        JobFailed Stopped);
    covered!(Choice: choices() => Approve Reject Retry Accept Tell Publish Stop Allow Answer
        Proposed Discuss Skip Raise);
}

#[test]
fn the_json_of_every_fact_is_frozen() {
    let mut examples: Vec<Stored> = site_events().into_iter().map(Stored::Site).collect();
    examples.extend(workspace_events().into_iter().map(Stored::Workspace));
    let stored = |fact| Stored::WorkItem(ItemEvent { at: AT, fact });
    examples.extend(item_facts().into_iter().map(stored));
    let mut written = String::new();
    for example in &examples {
        let line = serde_json::to_string(example).unwrap();
        assert!(!line.contains('\n'));
        written.push_str(&line);
        written.push('\n');
    }
    expect_test::expect_file!["../data/events.jsonl"].assert_eq(&written);
    let frozen =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events.jsonl")).unwrap();
    let read: Vec<Stored> = frozen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, examples);
}
