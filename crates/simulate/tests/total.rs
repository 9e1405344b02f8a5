//! Whatever a work item is told, in whatever state: nothing panics, what follows folds, and it reads back as it was
//! stored.

use ganger_core::agent::{
    AgentEvent, AgentRequest, Ended, PermissionKind, PermissionOption, RequestBody, TurnEnd, Usage,
};
use ganger_core::aggregate::{Aggregate, CommonReport, Received};
use ganger_core::effect::{CheckResult, JobResult, Outcome, PushResult, TurnResult};
use ganger_core::env::{Env, Times};
use ganger_core::ids::{CritiqueId, DecisionId, EffectId, QuestionId, SessionId};
use ganger_core::journal::{ExitStatus, Position};
use ganger_core::message::{Address, MessageBody};
use ganger_core::process::Enforcement;
use ganger_core::repository::Guidance;
use ganger_core::review::{Finding, Severity};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand;
use ganger_core::work_item::event::ItemEvent;
use ganger_core::work_item::report::ItemReport;
use ganger_core::work_item::state::{Channel, Settings};
use ganger_simulate::Random;
use proptest::prelude::*;

fn session(random: &mut Random, item: &WorkItem) -> (SessionId, u64) {
    let known: Vec<(SessionId, u64)> =
        item.sessions.iter().map(|session| (session.id, session.incarnation)).collect();
    match random.pick(&known) {
        Some((id, incarnation)) if random.chance(900) => (*id, incarnation + random.below(20) / 19),
        _ => (SessionId::new(u128::from(random.word()).into()), 1),
    }
}

fn effect(random: &mut Random, item: &WorkItem) -> (EffectId, u32) {
    let owed: Vec<(EffectId, u32)> = item.owed().iter().map(|owed| (owed.effect.id, owed.attempt)).collect();
    match random.pick(&owed) {
        Some(known) if random.chance(900) => *known,
        _ => (EffectId::new(u128::from(random.word()).into()), random.below(9) as u32),
    }
}

fn job_result(random: &mut Random) -> JobResult {
    let text = || "text".to_owned();
    match random.below(9) {
        0 => JobResult::Nothing,
        1 => JobResult::Bases {
            repositories: Vec::new(),
            refused: vec![(text(), text())],
            guidance: Guidance { text: text(), docs: vec![text()] },
        },
        2 => JobResult::Refused { reason: text() },
        3 => JobResult::Draft { document: random.chance(500).then(text) },
        4 => JobResult::Turn(TurnResult::Nothing),
        5 => JobResult::Turn(TurnResult::Candidate {
            commit: text(),
            findings: Vec::new(),
            paths: Vec::new(),
            changed: Vec::new(),
            counts: None,
        }),
        6 => JobResult::Check(CheckResult::Passed),
        7 => JobResult::Push(PushResult::RemoteMoved { found: None }),
        _ => JobResult::Push(PushResult::Published),
    }
}

fn agent_event(random: &mut Random, item: &WorkItem) -> AgentEvent {
    let note = random.below(50);
    let effect = Some(effect(random, item).0);
    let wire_id = random.below(5).to_string();
    let option = |kind| PermissionOption { id: format!("{kind:?}"), name: "x".to_owned(), kind };
    match random.below(12) {
        0 => AgentEvent::Ready { native_id: "n".to_owned(), loaded: random.chance(500) },
        1 => AgentEvent::StartFailed { message: "no".to_owned() },
        2 => AgentEvent::Delivered { note, effect },
        3 => AgentEvent::Undeliverable { note, effect, reason: "no".to_owned() },
        4 => AgentEvent::Asked(AgentRequest {
            wire_id,
            body: RequestBody::Permission {
                title: "x".to_owned(),
                options: vec![option(PermissionKind::AllowOnce), option(PermissionKind::RejectAlways)],
            },
        }),
        5 => AgentEvent::Asked(AgentRequest {
            wire_id,
            body: RequestBody::Question { text: format!("q{note}"), options: Vec::new() },
        }),
        6 => AgentEvent::RequestWithdrawn { request: wire_id },
        7 => AgentEvent::Usage(Usage { input_tokens: Some(u64::MAX), ..Usage::default() }),
        8 => AgentEvent::RateLimited {
            until_ms: random.chance(500).then_some(u64::MAX),
            message: "x".to_owned(),
        },
        9 => AgentEvent::TurnEnded(TurnEnd::Failed { message: "x".to_owned() }),
        10 => AgentEvent::TurnEnded(TurnEnd::Completed),
        _ => AgentEvent::Ended(Ended {
            status: ExitStatus { code: None, signal: Some(9) },
            last_words: "bye".to_owned(),
        }),
    }
}

fn report(random: &mut Random, item: &WorkItem) -> ItemReport {
    let (session, incarnation) = session(random, item);
    match random.below(10) {
        0 => {
            let ask = random.below(40);
            let body = if random.chance(800) {
                MessageBody::SlotGranted { session, ask }
            } else {
                MessageBody::SlotReleased { session, ask }
            };
            let number = random.below(100);
            ItemReport::Common(CommonReport::Received(Received { from: Address::Site, number, body }))
        }
        1 => ItemReport::Common(CommonReport::Receipted { effect: effect(random, item).0 }),
        2 | 3 => {
            let (effect, attempt) = effect(random, item);
            let outcome = match random.below(5) {
                0 => Outcome::Failed { reason: "x".to_owned() },
                1 => Outcome::Unknown { reason: "x".to_owned() },
                2 => Outcome::NeverStarted,
                _ => Outcome::Done(job_result(random)),
            };
            ItemReport::Common(CommonReport::Outcome { effect, attempt, outcome })
        }
        4 => ItemReport::Common(CommonReport::TimerFired { effect: effect(random, item).0 }),
        5 => ItemReport::HostStarted { session, incarnation, enforcement: Enforcement::default() },
        6 => ItemReport::HostFailed { session, incarnation, reason: "x".to_owned() },
        7 => ItemReport::HostLost { session, incarnation },
        8 => ItemReport::ToolCall {
            session,
            incarnation,
            call_id: random.below(5).to_string(),
            channel: if random.chance(500) { Channel::Bridge } else { Channel::Journal },
            name: (*random.pick(&TOOLS).unwrap_or(&"other")).to_owned(),
            arguments: serde_json::json!({
                "document": "no plan", "question": "why?", "options": [1, "two"],
                "question_id": random.below(4), "answer": "so", "confidence": "high",
                "verdict": "critiques", "critiques": [{"severity": "major", "description": "words"}],
            }),
        },
        _ => {
            let inputs = (0..random.within(1, 3)).map(|_| agent_event(random, item)).collect();
            let position = Position { record: random.below(1_000_000), ordinal: random.below(3) as u32 };
            ItemReport::Journal { session, incarnation, position, inputs }
        }
    }
}

/// A repository of the plan, or one that is nowhere.
fn named(random: &mut Random, item: &WorkItem) -> String {
    let names: Vec<String> = item.sub_plans.keys().cloned().collect();
    random.pick(&names).cloned().unwrap_or_else(|| "nowhere".to_owned())
}

fn finding(description: String) -> Finding {
    Finding {
        file: None,
        line: None,
        severity: Severity::Major,
        description,
        suggestion: String::new(),
        resolves: Some(1),
        reverses: None,
    }
}

fn command(random: &mut Random, item: &WorkItem) -> ItemCommand {
    let names: Vec<String> = item.sub_plans.keys().cloned().collect();
    let repository = random.pick(&names).filter(|_| !random.word().is_multiple_of(3)).cloned();
    let decisions: Vec<DecisionId> = item.decisions.iter().map(|open| open.id).collect();
    let words = ["approve", "reject", "retry", "accept", "tell", "publish", "stop", "allow", "1"];
    let decision = random.pick(&decisions).copied().unwrap_or_else(|| DecisionId::new(7_u128.into()));
    let (text, settings) = ("words".to_owned(), Settings::default());
    match random.below(20) {
        0 => ItemCommand::Start { settings: Settings::default() },
        1 => ItemCommand::Approve { digest: None },
        2 => ItemCommand::Edit { document: "```ganger-plan\n".to_owned(), section: None, version: None },
        3 => ItemCommand::Reject { text: String::new() },
        4 => ItemCommand::Stop { repository },
        5 => ItemCommand::Retry {
            repository,
            text: "x".to_owned(),
            fresh: false,
            agent: None,
            settings: Settings::default(),
        },
        6 => ItemCommand::Publish {},
        7 => ItemCommand::Revise { repository, text, settings },
        8 => ItemCommand::FollowUp { repository, text, settings },
        9 => ItemCommand::Drop { repository: named(random, item) },
        10 => ItemCommand::Edit {
            document: "### Goal\nOtherwise.\n".to_owned(),
            section: Some(named(random, item)),
            version: random.chance(500).then_some(1),
        },
        11 => ItemCommand::AnswerAsProposed { decision },
        12 => ItemCommand::Discuss { decision, text },
        13 => ItemCommand::Skip { decision, text },
        14 => {
            let questions: Vec<QuestionId> = item.questions.iter().map(|question| question.id).collect();
            let question = random.pick(&questions).copied().unwrap_or_else(|| QuestionId::new(7_u128.into()));
            ItemCommand::Correct { question, text }
        }
        15 => ItemCommand::Comment {
            repository: named(random, item),
            finding: finding(text),
            send: random.chance(500),
        },
        16 => {
            let critiques: Vec<CritiqueId> = item.critiques.iter().map(|critique| critique.id).collect();
            let critique = random.pick(&critiques).copied().unwrap_or_else(|| CritiqueId::new(7_u128.into()));
            ItemCommand::Waive { critique, because: text }
        }
        17 => ItemCommand::Accept { repository: named(random, item), because: text },
        _ => ItemCommand::Answer {
            decision,
            choices: random.pick(&words).map(|word| (*word).to_owned()).into_iter().collect(),
            text,
        },
    }
}

const TOOLS: [&str; 6] =
    ["submit_plan", "ask_user", "ask_foreman", "propose_answer", "submit_review", "other"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_everything_folds(seed in 1_u64..1_000_000, until_ms in 0_u64..400_000) {
        let mut random = Random::new(seed ^ 0xabcd);
        for mut item in ganger_simulate::items_at(seed, until_ms) {
            let mut version = 1_000;
            for step in 0..60_u64 {
                let now = Times { wall_ms: 1_700_000_000_000 + until_ms + step, awake_ms: until_ms + step };
                let env = Env::new(now, "work_item/x", version);
                let events: Vec<ItemEvent> = if random.chance(300) {
                    item.decide(command(&mut random, &item), &env).unwrap_or_default()
                } else {
                    item.absorb(report(&mut random, &item), &env)
                };
                for event in &events {
                    let json = serde_json::to_string(event).unwrap();
                    let read: ItemEvent = serde_json::from_str(&json).unwrap();
                    prop_assert_eq!(&read, event);
                    item.apply(&read);
                    version += 1;
                }
                let document = serde_json::to_vec(&item).unwrap();
                let read: WorkItem = serde_json::from_slice(&document).unwrap();
                prop_assert_eq!(&read, &item);
            }
        }
    }
}
