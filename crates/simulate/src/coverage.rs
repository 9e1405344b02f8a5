//! What a set of lives has met, and what it must have met at least.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// Facts of work items, by their stored names.
    ItemFact,
    /// Events of the site.
    SiteEvent,
    /// Events of workspaces.
    WorkspaceEvent,
    /// Actions of effects with what became of them.
    Effect,
    /// Kill points at which the daemon died.
    KillPoint,
    /// Codes of rejections.
    Rejection,
    /// Kinds of decisions.
    Decision,
    /// Deaths and faults of the world.
    Fault,
    /// Rules by which reviews stopped.
    StopRule,
    /// Moves of the derived status.
    Status,
}

/// Counters.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    counts: BTreeMap<Family, BTreeMap<String, u64>>,
}

const ITEM_FACTS: &[&str] = &[
    "item.born/1",
    "message.received/1",
    "effect/1",
    "planning.started/1",
    "bases.recorded/1",
    "plan.submitted/1",
    "plan.correction_wanted/1",
    "plan.proposed/1",
    "planning.failed/1",
    "replanning.failed/1",
    "plan.approved/1",
    "plan.rejected/1",
    "session.created/1",
    "turn.wanted/1",
    "turn.unwanted/1",
    "session.starting/1",
    "host.started/1",
    "session.ready/1",
    "turn.opened/1",
    "turn.delivered/1",
    "turn.ended/1",
    "turn.lost/1",
    "session.troubled/1",
    "session.limited/1",
    "session.unlimited/1",
    "silence.watched/1",
    "session.silent/1",
    "session.heard/1",
    "host.leaving/1",
    "host.gone/1",
    "host.lost/1",
    "session.closed/1",
    "journal.absorbed/1",
    "slot.asked/1",
    "slot.granted/1",
    "slot.returned/1",
    "request.opened/1",
    "request.answered/1",
    "request.delivering/1",
    "request.withdrawn/1",
    "question.asked/2",
    "question.joined/1",
    "question.proposed/1",
    "question.tried/1",
    "question.escalated/1",
    "question.answered/2",
    "question.skipped/1",
    "question.dropped/1",
    "question.discussed/1",
    "faq.corrected/1",
    "session.told/1",
    "wave.provisioned/1",
    "wave.refused/1",
    "setup.done/1",
    "setup.failed/1",
    "sub_plan.begun/1",
    "candidate.taken/1",
    "candidate.missing/1",
    "candidate.accepted/1",
    "proof.prepared/1",
    "check.ended/1",
    "checks.renewed/1",
    "repair.wanted/1",
    "sub_plan.based/1",
    "review.started/1",
    "review.submitted/1",
    "review.asked_again/1",
    "critique.raised/1",
    "critique.waived/1",
    "review.ended/1",
    "reimplementation.wanted/1",
    "candidate.taken_as_is/1",
    "sub_plan.reopened/1",
    "sub_plan.proven/1",
    "sub_plan.stopped/1",
    "sub_plan.retried/1",
    "agent.chosen/1",
    "start_over.wanted/1",
    "sub_plan.started_over/1",
    "publishing.wanted/1",
    "base.compared/1",
    "branch.published/1",
    "remote_branch.gone/1",
    "item.completed/1",
    "budget.warned/1",
    "budget.raised/1",
    "decision.opened/1",
    "decision.resolved/1",
];

const SITE_EVENTS: &[&str] = &[
    "daemon.started/1",
    "limits.set/1",
    "item.numbered/1",
    "message.received/1",
    "slot.wanted/1",
    "slot.granted/1",
    "slot.released/1",
    "account.limited/1",
    "account.unlimited/1",
    "effect/1",
];

const WORKSPACE_EVENTS: &[&str] =
    &["workspace.registered/1", "message.received/1", "branch.reserved/1", "effect/1"];

/// Jobs.
const JOBS: &[&str] = &[
    "prepare_bases",
    "read_draft",
    "provision",
    "start_over",
    "setup",
    "take_candidate",
    "prepare_proof",
    "check",
    "compare_base",
    "publish",
    "read_last_message",
];

/// What the runner of each of them can report.
const JOB_OUTCOMES: &[&str] = &["done", "failed", "unknown", "never_started"];

/// What need not come about, each with its reason.
const EXEMPT: &[(&str, &str)] = &[];

const OTHER_EFFECTS: &[&str] = &[
    "sweep done",
    "sweep failed",
    "sweep unknown",
    "prepare_bases refused",
    "provision refused",
    "setup refused",
    "prepare_proof refused",
    "read_last_message refused",
    "host started",
    "host failed",
    "host lost",
    "host done",
    "host never_started",
    "delivery delivered",
    "delivery undeliverable",
    "timer fired",
    "message receipted",
];

const REJECTIONS: &[&str] = &[
    "budget.no_amount",
    "command.key_reused",
    "critique.empty",
    "critique.not_open",
    "critique.unknown",
    "decision.choice_missing",
    "decision.no_question",
    "decision.no_such_choice",
    "decision.one_choice",
    "decision.settled",
    "decision.text_missing",
    "faq.no_such_entry",
    "faq.unchanged",
    "item.no_such_repository",
    "item.not_possible_now",
    "item.published",
    "item.repository_missing",
    "item.title_missing",
    "item.unknown",
    "plan.begun",
    "plan.changed",
    "plan.invalid",
    "plan.last_part",
    "plan.no_such_part",
    "plan.no_wish",
    "plan.unchanged",
    "question.in_discussion",
    "question.no_foreman",
    "question.no_proposal",
    "question.no_such_answer",
];

const DECISIONS: &[&str] = &[
    "plan",
    "planning_failed",
    "question",
    "permission",
    "provision_failed",
    "setup_failed",
    "candidate_missing",
    "candidate_findings",
    "checks_broke",
    "checks_not_run",
    "review_stopped",
    "review_failed",
    "session_failed",
    "budget",
    "publish",
    "base_conflict",
    "remote_moved",
    "job_failed",
    "stopped",
];

const STOP_RULES: &[&str] = &["CyclesUsedUp", "UnfixedTwice", "Reversal", "NotAddressed"];

const FAULTS: &[&str] = &[
    "store.commit_lost",
    "store.answer_lost",
    "store.full",
    "daemon.killed",
    "host.killed",
    "host.journal_full",
    "agent.killed",
    "agent.orphaned",
    "agent.tired",
    "connection.cut",
    "bridge.repeated",
    "message.repeated",
    "clock.forward",
    "clock.backward",
    "remote.moved",
    "remote.removed",
    "base.moved",
    "push.answer_lost",
];

impl Coverage {
    /// Counts one.
    pub fn hit(&mut self, family: Family, name: &str) {
        let names = self.counts.entry(family).or_default();
        match names.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                names.insert(name.to_owned(), 1);
            }
        }
    }

    /// Adds what another set of lives has met.
    pub fn merge(&mut self, other: &Self) {
        for (family, names) in &other.counts {
            let own = self.counts.entry(*family).or_default();
            for (name, count) in names {
                *own.entry(name.clone()).or_default() += count;
            }
        }
    }

    /// How often something was met.
    pub fn count(&self, family: Family, name: &str) -> u64 {
        self.counts.get(&family).and_then(|names| names.get(name)).copied().unwrap_or(0)
    }

    /// Everything that must be met.
    fn floor() -> Vec<(Family, String)> {
        let named = |family: Family, names: &[&str]| {
            names.iter().map(|name| (family, (*name).to_owned())).collect::<Vec<_>>()
        };
        let mut floor = named(Family::ItemFact, ITEM_FACTS);
        floor.extend(named(Family::SiteEvent, SITE_EVENTS));
        floor.extend(named(Family::WorkspaceEvent, WORKSPACE_EVENTS));
        floor.extend(JOBS.iter().flat_map(|job| {
            JOB_OUTCOMES.iter().map(move |outcome| (Family::Effect, format!("{job} {outcome}")))
        }));
        floor.retain(|(_, name)| !EXEMPT.iter().any(|(exempt, _)| exempt == name));
        floor.extend(named(Family::Effect, OTHER_EFFECTS));
        floor.extend(named(Family::KillPoint, crate::kill::POINTS));
        floor.extend(named(Family::Rejection, REJECTIONS));
        floor.extend(named(Family::Decision, DECISIONS));
        floor.extend(named(Family::StopRule, STOP_RULES));
        floor.extend(named(Family::Fault, FAULTS));
        floor
    }

    /// What must be met and was not.
    pub fn missing(&self) -> Vec<String> {
        let met = |(family, name): &(Family, String)| self.count(*family, name) > 0;
        Self::floor()
            .into_iter()
            .filter(|wanted| !met(wanted))
            .map(|(family, name)| format!("{family:?} {name}"))
            .collect()
    }

    /// The counters as text, a line for each family.
    pub fn report(&self) -> String {
        let floor = Self::floor();
        let mut text = String::new();
        for (name, reason) in EXEMPT {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "exempt: {name}: {reason}");
        }
        for (family, names) in &self.counts {
            let wanted = floor.iter().filter(|(of, _)| of == family).count();
            let met = floor.iter().filter(|(of, name)| of == family && names.contains_key(name)).count();
            // Writing to a string cannot fail.
            let _ = write!(text, "{family:?} ({met} of {wanted} wanted):");
            for (name, count) in names {
                let _ = write!(text, " {name}={count}");
            }
            text.push('\n');
        }
        text
    }
}
