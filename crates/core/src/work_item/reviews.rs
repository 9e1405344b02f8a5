//! The life of a review: a fresh session judges a candidate, and its verdict passes it, sends it back, or stops for a
//! person. A review that could not be held uses no round and is never a pass.

use super::decision::DecisionKind;
use super::draft::Draft;
use super::event::ItemFact;
use super::state::{Critique, CritiqueState, Review, SubPlan, TurnPurpose, Verdict, WorkItem};
use super::{questions, texts};
use crate::effect::{Action, TimerPurpose};
use crate::ids::{CritiqueId, SessionId};
use crate::review::verdict::{Judgement, Older, Outcome, Rules, StopRule, judge};
use crate::review::{ChangedFile, Finding, output};
use crate::session::SessionKind;
use std::collections::BTreeMap;

/// The repository and the review of a reviewer.
pub(super) fn of(draft: &Draft, reviewer: SessionId) -> Option<(String, Review)> {
    draft.item.sub_plans.iter().find_map(|(repository, sub_plan)| {
        let review = sub_plan.reviews.iter().find(|review| review.session == reviewer)?;
        Some((repository.clone(), review.clone()))
    })
}

/// Begins a review of the last candidate, which stands in the proof checkout.
pub(super) fn start(draft: &mut Draft, repository: &str) {
    let Some(settings) = draft.item.settings.review.clone() else { return };
    let Some(sub_plan) = draft.item.sub_plans.get(repository) else { return };
    let Some(candidate) = sub_plan.candidate().map(|candidate| candidate.number) else { return };
    let number = u32::try_from(sub_plan.reviews.len() + 1).unwrap_or(u32::MAX);
    let implementer = sub_plan.session;
    let session = draft.create_session(SessionKind::Review, Some(repository), settings.agent, implementer);
    draft.emit(ItemFact::ReviewStarted { repository: repository.to_owned(), number, candidate, session });
    draft.want_turn(session, TurnPurpose::Review);
}

/// The time of a review runs exactly while it is the reviewer's move: what it waits for, a slot, an answer, money or
/// the provider, is not its fault. After that it begins anew.
pub(super) fn watch(draft: &mut Draft, reviewer: SessionId) {
    let Some(session) = draft.item.session(reviewer).filter(|session| session.kind == SessionKind::Review)
    else {
        return;
    };
    let judges = session.is_agents_move();
    let purpose = TimerPurpose::Review { session: reviewer };
    let runs = draft
        .item
        .ledger
        .iter()
        .any(|owed| matches!(&owed.effect.action, Action::Timer { purpose: set, .. } if *set == purpose));
    match (judges, runs) {
        (true, false) => {
            let timeout_ms = draft.item.settings.review.clone().unwrap_or_default().timeout_ms;
            let at_awake_ms = draft.now.awake_ms.saturating_add(timeout_ms);
            draft.mint(Action::Timer { at_awake_ms, at_wall_ms: None, purpose });
        }
        (false, true) => draft.settle_timers(purpose),
        _ => {}
    }
}

/// Ends a review with its verdict, and the session with it.
pub(super) fn end(draft: &mut Draft, reviewer: SessionId, verdict: Verdict) {
    end_with(draft, reviewer, verdict, Vec::new(), Vec::new());
}

fn end_with(
    draft: &mut Draft,
    reviewer: SessionId,
    verdict: Verdict,
    fixed: Vec<CritiqueId>,
    unfixed: Vec<CritiqueId>,
) {
    draft.settle_timers(TimerPurpose::Review { session: reviewer });
    draft.close_session(reviewer, "the review is over");
    questions::drop_of_session(draft, reviewer);
    draft.emit(ItemFact::ReviewEnded { session: reviewer, verdict, fixed, unfixed });
}

/// The review could not be held: a person decides whether to try again.
pub(super) fn failed(draft: &mut Draft, reviewer: SessionId, reason: &str) {
    let Some((repository, _)) = of(draft, reviewer).filter(|(_, review)| review.verdict.is_none()) else {
        return;
    };
    end(draft, reviewer, Verdict::Failed { reason: reason.to_owned() });
    draft.open_decision(
        DecisionKind::ReviewFailed { repository: repository.clone() },
        Some(&repository),
        format!("the review of {repository} could not be held: {reason}"),
        Vec::new(),
    );
}

/// The reviewer's turn ended: what it submitted counts, else its last message is read.
pub(super) fn turn_ended(draft: &mut Draft, reviewer: SessionId) {
    let Some((repository, review)) = of(draft, reviewer) else { return };
    if review.verdict.is_some() {
        return;
    }
    match review.submitted {
        Some(findings) => conclude(draft, &repository, reviewer, findings),
        None => {
            let incarnation = draft.item.session(reviewer).map_or(0, |session| session.incarnation);
            draft.mint(Action::ReadLastMessage { session: reviewer, incarnation, question: None });
        }
    }
}

/// The reviewer's last message. What cannot be read is asked for once more, and then it is no review.
pub(super) fn message(draft: &mut Draft, reviewer: SessionId, text: &str) {
    let Some((repository, review)) = of(draft, reviewer).filter(|(_, review)| review.verdict.is_none())
    else {
        return;
    };
    match output::parse(text) {
        Ok(findings) => conclude(draft, &repository, reviewer, findings),
        Err(problem) if !review.asked_again => {
            let problem = problem.to_string();
            draft.emit(ItemFact::ReviewAskedAgain { session: reviewer, problem: problem.clone() });
            draft.want_turn(reviewer, TurnPurpose::ReviewAgain { problem });
        }
        Err(problem) => failed(draft, reviewer, &format!("its verdict can't be read: {problem}")),
    }
}

/// What changed since the last candidate that a round judged.
fn changed(sub_plan: &SubPlan) -> Vec<ChangedFile> {
    let judged = sub_plan.reviews.iter().filter(|review| {
        review.verdict.as_ref().is_some_and(|verdict| !matches!(verdict, Verdict::Failed { .. }))
    });
    let last = judged.map(|review| review.candidate).max().unwrap_or(0);
    let mut files: BTreeMap<String, Option<Vec<(u32, u32)>>> = BTreeMap::new();
    let newer = sub_plan.candidates.iter().filter(|candidate| candidate.number > last);
    for file in newer.flat_map(|candidate| &candidate.changed) {
        let known = files.entry(file.path.clone()).or_insert_with(|| Some(Vec::new()));
        match known {
            // Once a file counts as a whole it stays so.
            Some(lines) if !file.lines.is_empty() => lines.extend(&file.lines),
            known => *known = None,
        }
    }
    let file = |(path, lines): (String, Option<Vec<(u32, u32)>>)| ChangedFile {
        path,
        lines: lines.unwrap_or_default(),
    };
    files.into_iter().map(file).collect()
}

fn conclude(draft: &mut Draft, repository: &str, reviewer: SessionId, findings: Vec<Finding>) {
    let Some(sub_plan) = draft.item.sub_plans.get(repository).cloned() else { return };
    let settings = draft.item.settings.review.clone().unwrap_or_default();
    let critiques: Vec<Critique> = draft.item.critiques_of(repository).cloned().collect();
    let older: Vec<Older> = critiques
        .iter()
        .map(|critique| Older {
            number: critique.ordinal,
            finding: critique.finding.clone(),
            standing: critique.standing(),
            counts: critique.counts,
        })
        .collect();
    let is_delta =
        sub_plan.reviews.iter().any(|review| !matches!(review.verdict, None | Some(Verdict::Failed { .. })));
    let rules = Rules {
        cycle: sub_plan.cycles + 1,
        max_cycles: settings.max_cycles,
        threshold: settings.pass_threshold,
        new_findings: settings.new_findings,
        is_delta,
    };
    let Judgement { fixed, unfixed, new, outcome } = judge(rules, &older, findings, &changed(&sub_plan));
    let candidate = sub_plan.candidate().map_or(0, |candidate| candidate.number);
    for new in new {
        raise(draft, repository, Some(reviewer), candidate, new.finding, new.counts, false);
    }
    let ids = |numbers: Vec<u32>| {
        let known = critiques.iter().filter(|critique| numbers.contains(&critique.ordinal));
        known.map(|critique| critique.id).collect::<Vec<_>>()
    };
    let verdict = match outcome {
        Outcome::Passed => Verdict::Passed,
        Outcome::Back => Verdict::Back,
        Outcome::Stop(rule) => Verdict::Stopped { rule },
    };
    end_with(draft, reviewer, verdict, ids(fixed), ids(unfixed));
    if let Outcome::Stop(rule) = outcome {
        stop(draft, repository, rule);
    }
}

/// Raises a critique; its number is the next one of its repository.
pub(super) fn raise(
    draft: &mut Draft,
    repository: &str,
    reviewer: Option<SessionId>,
    candidate: u32,
    finding: Finding,
    counts: bool,
    urgent: bool,
) {
    let id = CritiqueId::new(draft.ids.ulid());
    let ordinal = u32::try_from(draft.item.critiques_of(repository).count() + 1).unwrap_or(u32::MAX);
    draft.emit(ItemFact::CritiqueRaised(Critique {
        id,
        repository: repository.to_owned(),
        ordinal,
        reviewer,
        candidate,
        finding,
        counts,
        urgent,
        told: false,
        unfixed: 0,
        state: CritiqueState::Open,
        at: draft.now,
    }));
}

/// Critiques that hold a candidate up, in spite of which it is proven: a person raised them afterwards. Whoever takes a
/// candidate as it is knows of them.
pub(super) fn passed_over(item: &WorkItem) -> impl Iterator<Item = &Critique> {
    item.critiques.iter().filter(|critique| {
        let candidate = item.sub_plans.get(&critique.repository).and_then(SubPlan::candidate);
        critique.blocks() && candidate.is_some_and(|candidate| candidate.accepted.is_none())
    })
}

/// The critiques that send the work back.
pub(super) fn blocking(draft: &Draft, repository: &str) -> Vec<CritiqueId> {
    draft
        .item
        .critiques_of(repository)
        .filter(|critique| critique.blocks())
        .map(|critique| critique.id)
        .collect()
}

/// The open critiques, the blocking ones among them.
pub(super) fn open(draft: &Draft, repository: &str) -> Vec<CritiqueId> {
    let open = draft.item.critiques_of(repository).filter(|critique| critique.state == CritiqueState::Open);
    open.map(|critique| critique.id).collect()
}

/// A person decides what becomes of the candidate.
pub(super) fn stop(draft: &mut Draft, repository: &str, rule: StopRule) {
    let text = texts::review_stopped(&draft.item, repository, rule);
    let kind = DecisionKind::ReviewStopped { repository: repository.to_owned(), rule };
    draft.open_decision(kind, Some(repository), text, Vec::new());
}
