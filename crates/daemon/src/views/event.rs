//! The public feed: for each stored fact that means something to somebody outside, an event with a line for people;
//! and `work_item.<status>` whenever the derived status changed.

use super::{Names, timestamp};
use ganger_api::event::FeedEvent;
use ganger_core::effect::{BaseComparison, CheckResult};
use ganger_core::foreman::answer::Confidence;
use ganger_core::ids::{CritiqueId, SessionId};
use ganger_core::plan::ParseErrors;
use ganger_core::review::Severity;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::budget::dollars;
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::state::{Answerer, Critique, PlanAuthor, Verdict};
use ganger_core::work_item::status::status;
use serde_json::json;

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// Every problem with its line, in one line.
fn problems(errors: &ParseErrors) -> String {
    errors.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// `1 major, 2 nits`, from worst to least.
fn severities(critiques: &[&Critique]) -> String {
    let counts = Severity::ALL.into_iter().filter_map(|severity| {
        let count = critiques.iter().filter(|critique| critique.finding.severity == severity).count();
        let plural = if count > 1 && severity == Severity::Nit { "s" } else { "" };
        (count > 0).then(|| format!("{count} {}{plural}", severity.word()))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// What a review came to, such as `review 1: 1 major, 2 nits → back to the agent · c7`.
fn reviewed(
    item: &WorkItem,
    reviewer: SessionId,
    verdict: &Verdict,
    fixed: &[CritiqueId],
    unfixed: &[CritiqueId],
    names: &dyn Names,
) -> String {
    let mut reviews = item.sub_plans.values().flat_map(|sub_plan| &sub_plan.reviews);
    let number = reviews.find(|review| review.session == reviewer).map_or(0, |review| review.number);
    let raised: Vec<&Critique> =
        item.critiques.iter().filter(|critique| critique.reviewer == Some(reviewer)).collect();
    let handles = |ids: &[CritiqueId]| {
        ids.iter().map(|id| names.critique(&id.to_string())).collect::<Vec<_>>().join(" ")
    };
    let mut facts = Vec::new();
    if !raised.is_empty() {
        facts.push(severities(&raised));
    }
    if !fixed.is_empty() {
        facts.push(format!("{} fixed", handles(fixed)));
    }
    if !unfixed.is_empty() {
        facts.push(format!("{} not fixed", handles(unfixed)));
    }
    let blocking: Vec<CritiqueId> =
        raised.iter().filter(|critique| critique.counts).map(|critique| critique.id).collect();
    let end = match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Back => "back to the agent".to_owned(),
        Verdict::Stopped { rule } => format!("needs you: {}", rule.words()),
        Verdict::Failed { reason } => format!("could not be held: {reason}"),
    };
    let found = if facts.is_empty() { String::new() } else { format!("{} → ", facts.join(", ")) };
    let new = if blocking.is_empty() { String::new() } else { format!(" · {}", handles(&blocking)) };
    format!("review {number}: {found}{end}{new}")
}

/// The name, the repository and the line of a fact; none for what is of the inside alone. `item` is the state behind it,
/// and `standing` the version that had been approved before.
fn describe(
    item: &WorkItem,
    standing: Option<u32>,
    fact: &ItemFact,
    names: &dyn Names,
) -> Option<(&'static str, Option<String>, String)> {
    let of_session = |id| item.session(id).and_then(|session| session.repository.clone());
    let handle = |id| item.session(id).map(|session| item.session_handle(session)).unwrap_or_default();
    let agent = |id| item.session(id).map(|session| session.agent.clone()).unwrap_or_default();
    let of_question = |id| item.question(id).and_then(|question| of_session(question.session));
    let asked = |id: ganger_core::ids::QuestionId| {
        let title = item.question(id).map(|question| question.text.title()).unwrap_or_default();
        format!("{} \"{title}\"", names.question(&id.to_string()))
    };
    Some(match fact {
        ItemFact::Born { ticket, .. } => ("work_item.created", None, format!("\"{}\"", ticket.title)),
        ItemFact::PlanningStarted { settings, feedback, only, again: true } => {
            let what = match only {
                Some(name) => format!("the part of {name} in the plan"),
                None => "the plan".to_owned(),
            };
            let what =
                if item.completed { format!("a follow-up on {what}") } else { format!("a change of {what}") };
            let wish = super::decision::first_line(feedback.as_deref().unwrap_or_default());
            ("planning.started", only.clone(), format!("{what} begins with {}: \"{wish}\"", settings.planner))
        }
        ItemFact::PlanningStarted { settings, .. } => {
            ("planning.started", None, format!("planning begins with {}", settings.planner))
        }
        ItemFact::BasesRecorded { repositories, refused, .. } => {
            let names: Vec<String> = repositories
                .iter()
                .map(|base| format!("{} at {} {}", base.name, base.base_branch, short(&base.base_commit)))
                .collect();
            let mut text = format!("bases: {}", names.join(", "));
            for (name, reason) in refused {
                text.push_str(&format!("; {name} is left out: {reason}"));
            }
            ("planning.bases_recorded", None, text)
        }
        ItemFact::PlanSubmitted { accepted: Some(_), .. } => {
            ("plan.accepted", None, "the planner's document is a valid plan".to_owned())
        }
        ItemFact::PlanSubmitted { errors, .. } => {
            ("plan.refused", None, format!("the planner's document was refused: {}", problems(errors)))
        }
        ItemFact::CorrectionWanted { errors } if !errors.has_errors() => {
            ("plan.correction_wanted", None, "the planner left no plan and is asked once more".to_owned())
        }
        ItemFact::CorrectionWanted { errors } => {
            ("plan.correction_wanted", None, format!("the planner corrects its plan: {}", problems(errors)))
        }
        ItemFact::PlanProposed(version) => {
            let by = match version.author {
                PlanAuthor::Agent => item.settings.planner.clone(),
                PlanAuthor::Person => "you".to_owned(),
            };
            let digest = version.digest.get(..19).unwrap_or(&version.digest);
            ("plan.submitted_for_review", None, format!("plan v{} by {by} {digest}", version.number))
        }
        ItemFact::PlanningFailed { reason } => ("planning.failed", None, reason.clone()),
        ItemFact::ReplanningFailed { reason } => {
            let stays =
                item.standing_plan().map(|plan| format!(", v{} stays", plan.number)).unwrap_or_default();
            ("planning.failed", None, format!("the plan could not be changed{stays}: {reason}"))
        }
        ItemFact::PlanApproved { version, changed, .. } if standing.is_some() => {
            let what = match changed.as_slice() {
                [] => "no part has changed".to_owned(),
                names => format!("only what it changes runs: {}", names.join(", ")),
            };
            ("plan.approved", None, format!("plan v{version} approved by you; {what}"))
        }
        ItemFact::PlanApproved { version, .. } => {
            ("plan.approved", None, format!("plan v{version} approved by you"))
        }
        ItemFact::PlanRejected { reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let text = match (&item.approval, item.plans.last()) {
                (Some(approval), Some(refused)) => {
                    format!(
                        "plan v{} refused by you{why}; v{} stays in force",
                        refused.number, approval.version
                    )
                }
                _ => format!("plan rejected by you{why}"),
            };
            ("plan.rejected", None, text)
        }
        ItemFact::BudgetWarned { limit, spent } => {
            let text = format!("{} of {} are spent: the budget ends soon", dollars(*spent), dollars(*limit));
            ("budget.warned", None, text)
        }
        ItemFact::BudgetRaised { limit } => {
            ("budget.raised", None, format!("it may cost {} now", dollars(*limit)))
        }
        ItemFact::HostStarted { session, enforcement, .. } => {
            let held = if enforcement.landlock_abi == 0 {
                "no sandbox".to_owned()
            } else {
                format!("sandbox: Landlock {}", enforcement.landlock_abi)
            };
            let mut text = format!("{} started ({held}", agent(*session));
            for gap in &enforcement.gaps {
                text.push_str("; ");
                text.push_str(gap);
            }
            text.push(')');
            ("agent_session.started", of_session(*session), text)
        }
        ItemFact::TurnOpened { session, .. } => {
            ("agent_session.turn_started", of_session(*session), format!("{} has a turn", handle(*session)))
        }
        ItemFact::TurnEnded { session, end, .. } => {
            let how = match end {
                ganger_core::agent::TurnEnd::Completed => "ended".to_owned(),
                ganger_core::agent::TurnEnd::Interrupted => "was interrupted".to_owned(),
                ganger_core::agent::TurnEnd::Limit { detail } => format!("met a limit: {detail}"),
                ganger_core::agent::TurnEnd::Refused => "was refused by the model".to_owned(),
                ganger_core::agent::TurnEnd::Failed { message } => format!("failed: {message}"),
            };
            (
                "agent_session.turn_ended",
                of_session(*session),
                format!("the turn of {} {how}", handle(*session)),
            )
        }
        ItemFact::TurnLost { session, reason } => {
            let text = format!("the turn of {} is taken up again: {reason}", handle(*session));
            ("agent_session.interrupted", of_session(*session), text)
        }
        ItemFact::SessionTroubled { session, reason } => {
            ("agent_session.troubled", of_session(*session), format!("{}: {reason}", agent(*session)))
        }
        ItemFact::SessionLimited { session, .. } => (
            "agent_session.rate_limited",
            of_session(*session),
            format!("{} is rate limited", agent(*session)),
        ),
        ItemFact::SessionSilent { session, silence } => {
            let what = if silence.tool { "a tool of " } else { "" };
            let text = format!("{what}{} shows no sign of life", agent(*session));
            ("agent_session.silent", of_session(*session), text)
        }
        ItemFact::SessionHeard { session } => {
            let text = format!("{} shows life again", agent(*session));
            ("agent_session.heard", of_session(*session), text)
        }
        ItemFact::HostLost { session } => {
            let text = format!("the host of {} died; what it left is swept", handle(*session));
            ("agent_session.lost", of_session(*session), text)
        }
        ItemFact::QuestionAsked { question, session, .. } => {
            ("agent_question.raised", of_session(*session), asked(*question))
        }
        ItemFact::QuestionProposed { question, proposal } => {
            let sure = match proposal.confidence {
                Confidence::High => "sure",
                Confidence::Uncertain => "unsure",
            };
            let text = format!("{} → Foreman, {sure}: \"{}\"", asked(*question), proposal.answer);
            ("agent_question.proposed", of_question(*question), text)
        }
        ItemFact::QuestionTried { question, reason } => {
            let text = format!("{} → Foreman: {reason}", asked(*question));
            ("agent_question.tried", of_question(*question), text)
        }
        ItemFact::QuestionEscalated { question, reason } => {
            let text = format!("{} → you: {reason}", asked(*question));
            ("agent_question.escalated", of_question(*question), text)
        }
        ItemFact::QuestionAnswered { question, text, by } => {
            let by = match by {
                Answerer::Foreman => "the Foreman",
                Answerer::Person => "you",
            };
            let text = format!("{by} answered {}: \"{text}\"", asked(*question));
            ("agent_question.answered", of_question(*question), text)
        }
        ItemFact::QuestionSkipped { question, reason } => {
            let text = format!("{} was left to the agent: {reason}", asked(*question));
            ("agent_question.skipped", of_question(*question), text)
        }
        ItemFact::FaqCorrected { question, text } => {
            let text = format!("you corrected the answer to {}: \"{text}\"", asked(*question));
            ("faq.corrected", of_question(*question), text)
        }
        ItemFact::SessionTold { session, text } => {
            let text = format!("{} will be told: {}", handle(*session), super::decision::first_line(text));
            ("agent_session.told", of_session(*session), text)
        }
        ItemFact::ReviewStarted { repository, number, candidate, session } => {
            let text = format!("review {number} of candidate {candidate} by {}", agent(*session));
            ("review.started", Some(repository.clone()), text)
        }
        ItemFact::CritiqueRaised(critique) => {
            let finding = &critique.finding;
            let by = if critique.reviewer.is_some() { "" } else { " from you" };
            let place = match (&finding.file, finding.line) {
                (Some(file), Some(line)) => format!(" {file}:{line}"),
                (Some(file), None) => format!(" {file}"),
                (None, _) => String::new(),
            };
            let words = super::decision::first_line(&finding.description);
            let handle = names.critique(&critique.id.to_string());
            let text = format!("{handle} {}{by}{place} \"{words}\"", finding.severity.word());
            ("critique.raised", Some(critique.repository.clone()), text)
        }
        ItemFact::CritiqueWaived { critique, because } => {
            let repository = item.critique(*critique).map(|critique| critique.repository.clone());
            let why = if because.is_empty() { String::new() } else { format!(": {because}") };
            let handle = names.critique(&critique.to_string());
            ("critique.waived", repository, format!("you waived {handle}{why}"))
        }
        ItemFact::ReviewEnded { session, verdict, fixed, unfixed } => {
            let text = reviewed(item, *session, verdict, fixed, unfixed, names);
            ("review.completed", of_session(*session), text)
        }
        ItemFact::ReimplementationWanted { repository, critiques } => {
            let handles: Vec<String> = critiques.iter().map(|id| names.critique(&id.to_string())).collect();
            let text = format!("back to the agent with {}", handles.join(" "));
            ("reimplementation.started", Some(repository.clone()), text)
        }
        ItemFact::CandidateTakenAsIs { repository, because } => {
            let why = if because.is_empty() { String::new() } else { format!(": {because}") };
            ("candidate.taken_as_is", Some(repository.clone()), format!("you took it as it is{why}"))
        }
        ItemFact::SubPlanReopened { repository, reason } => {
            ("sub_plan.reopened", Some(repository.clone()), format!("goes on: {reason}"))
        }
        ItemFact::WaveProvisioned { wave } => {
            let names =
                item.waves.get(*wave as usize).map(|wave| wave.repositories.join(", ")).unwrap_or_default();
            (
                "wave.started",
                None,
                format!("wave {} of {}: worktrees of {names} stand", wave + 1, item.waves.len()),
            )
        }
        ItemFact::WaveRefused { reason, .. } => ("wave.refused", None, reason.clone()),
        ItemFact::SetupFailed { repository, reason } => {
            ("worktree.setup_failed", Some(repository.clone()), super::decision::first_line(reason))
        }
        ItemFact::CandidateTaken { repository, number, commit, paths, .. } => {
            let count = paths.len();
            let noun = if count == 1 { "path" } else { "paths" };
            let text = format!("candidate {number} {} · {count} {noun}", short(commit));
            ("candidate.taken", Some(repository.clone()), text)
        }
        ItemFact::CandidateMissing { repository, reason } => {
            ("candidate.missing", Some(repository.clone()), reason.clone())
        }
        ItemFact::CheckEnded { repository, commit, name, result } => {
            let on_base = item.base(repository).is_some_and(|base| base.base_commit == *commit);
            let place = if on_base { "on the base" } else { "at" };
            let text = match result {
                CheckResult::Passed => format!("check {name} passed {place} {}", short(commit)),
                CheckResult::Failed { how, .. } => format!("check {name} {how} {place} {}", short(commit)),
                CheckResult::NotRun { reason } => format!("check {name} was not run: {reason}"),
            };
            ("check.ended", Some(repository.clone()), text)
        }
        ItemFact::RepairWanted { repository } => (
            "sub_plan.repair_wanted",
            Some(repository.clone()),
            "back to the agent: the checks broke".to_owned(),
        ),
        ItemFact::SubPlanBegun { repository, session } => {
            ("sub_plan.started", Some(repository.clone()), format!("{} works on it", handle(*session)))
        }
        ItemFact::SubPlanProven { repository } => {
            ("sub_plan.completed", Some(repository.clone()), "proven".to_owned())
        }
        ItemFact::SubPlanStopped { repository } => {
            ("sub_plan.stopped", Some(repository.clone()), "stopped".to_owned())
        }
        ItemFact::AgentChosen { repository, agent } => {
            let text = match repository {
                Some(_) => format!("you let {agent} go on"),
                None => format!("you let {agent} plan"),
            };
            ("agent.chosen", repository.clone(), text)
        }
        ItemFact::StartOverWanted { repository, .. } => {
            let text = "you had the work started over from its base".to_owned();
            ("start_over.wanted", Some(repository.clone()), text)
        }
        ItemFact::SubPlanStartedOver { repository, preserved } => {
            let kept = match preserved.as_slice() {
                [] => "there was nothing to keep".to_owned(),
                kept => {
                    let refs: Vec<&str> = kept.iter().map(|kept| kept.reference.as_str()).collect();
                    format!("what it had done is kept in {}", refs.join(" "))
                }
            };
            ("sub_plan.started_over", Some(repository.clone()), format!("stands at its base again; {kept}"))
        }
        ItemFact::RemoteBranchGone { repository, commit } => {
            let text =
                format!("its branch, pushed at {}, is gone from the remote: it is made again", short(commit));
            ("remote_branch.gone", Some(repository.clone()), text)
        }
        ItemFact::SubPlanRetried { repository } => {
            ("sub_plan.retried", Some(repository.clone()), "goes on".to_owned())
        }
        ItemFact::BaseCompared { repository, comparison: BaseComparison::Behind { commits } } => {
            let text = format!("the base moved on by {commits} commits; it merges cleanly");
            ("base.behind", Some(repository.clone()), text)
        }
        ItemFact::BranchPublished { repository, commit } => {
            let text = format!("pushed {} {}", item.branch, short(commit));
            ("branch.published", Some(repository.clone()), text)
        }
        ItemFact::DecisionOpened(decision) => (
            "decision.opened",
            decision.repository.clone(),
            format!(
                "{} needs you: {}",
                names.decision(&decision.id.to_string()),
                super::decision::first_line(&decision.text)
            ),
        ),
        ItemFact::DecisionResolved { decision, choice, text } => {
            let words = [choice.map(|choice| choice.word().to_owned()), Some(text.clone())];
            let words: Vec<String> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
            let text = if words.is_empty() { "no longer needed".to_owned() } else { words.join(": ") };
            ("decision.resolved", None, format!("{} {text}", names.decision(&decision.to_string())))
        }
        _ => return None,
    })
}

/// What the feed makes of a stored fact. `item` is the state before it, and is brought behind it.
pub fn feed(item: &mut WorkItem, seq: u64, event: &ItemEvent, names: &dyn Names) -> Vec<FeedEvent> {
    use ganger_core::aggregate::Aggregate;
    let before = status(item);
    let was_born = item.id.is_some();
    let standing = item.approval.as_ref().map(|approval| approval.version);
    item.apply(event);
    let after = status(item);
    let mut events = Vec::new();
    let mut push = |name: String, repository: Option<String>, text: String, data: serde_json::Value| {
        events.push(FeedEvent {
            cursor: format!("{seq}.{}", events.len()),
            name,
            at: timestamp(event.at.wall_ms),
            item: Some(format!("g{}", item.number)),
            repository,
            text,
            data,
        });
    };
    if let Some((name, repository, text)) = describe(item, standing, &event.fact, names) {
        let value = serde_json::to_value(&event.fact).unwrap_or_default();
        let data = value.get("data").cloned().unwrap_or_default();
        push(name.to_owned(), repository, text, data);
    }
    if before != after || !was_born && item.id.is_some() {
        let data = json!({ "status": after.name(), "before": was_born.then(|| before.name()) });
        push(format!("work_item.{}", after.name()), None, after.word().to_owned(), data);
    }
    events
}
