//! Texts for agents, made from the state by the prompt templates.

mod foreman;
mod reviews;

use super::state::{
    Afresh, Candidate, Critique, CritiqueState, Question, QuestionEnd, Session, SubPlan, SubPlanStage,
    TurnPurpose, WorkItem,
};
use super::{proposal, replanning};
use crate::effect::CheckResult;
use crate::plan::{ParseErrors, PlanDocument, PlanParser};
use crate::prompts::{
    Answered, BrokenCheck, CheckCommand, CorrectionTemplateData, EarlierResult, FollowUpData,
    HeadElsewhereData, ImplementationData, ImplementationTemplates, NoCommitData, PlanningData,
    PlanningRepository, PlanningTemplates, RepairData, RepoResultSummary, ResumeData, ReviewTemplates,
    RevisionData, TicketData, ToldData,
};
use crate::repository::{CheckDefinition, RepositoryBase};
use crate::review::verdict::StopRule;
use crate::session::SessionKind;
use std::collections::BTreeMap;

/// Where a planner writes its document, in words: only the session's surroundings know the path.
const DRAFT: &str = "the file that `$GANGER_DRAFT` names";
/// Where a repository says how to work in it, from its root.
const REPOSITORY_GUIDANCE: &str = "AGENTS.md";
/// Where an implementer works, in words: its program is started there.
const WORKTREE: &str = "your working directory";

/// What an agent hears whose question gets no answer.
pub(super) fn skipped(reason: &str) -> String {
    format!(
        "Nobody will answer this question: {}. Decide it yourself as the plan suggests, and say in a commit message what you decided.",
        reason.trim().trim_end_matches('.')
    )
}

/// What an agent hears that does not wait for its answer any more.
pub(super) fn late_answer(question: &Question) -> String {
    let asked = question.text.title();
    match &question.end {
        Some(QuestionEnd::Answered(answer)) if answer.corrected => format!(
            "An answer was corrected. Question: {asked}\nWhat holds now: {}\nWhere you used the earlier answer, change it.",
            answer.text
        ),
        Some(QuestionEnd::Answered(answer)) => {
            format!("The answer to your question \"{asked}\": {}", answer.text)
        }
        Some(QuestionEnd::Skipped { reason }) => format!("To your question \"{asked}\": {}", skipped(reason)),
        Some(QuestionEnd::Dropped) | None => format!("Your question \"{asked}\" is not answered yet."),
    }
}

/// What an implementer hears when earlier waves have changed under it.
pub(super) fn stale(
    item: &WorkItem,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> String {
    let moved = now.iter().filter(|(name, commit)| before.get(*name) != Some(*commit));
    let lines = moved.map(|(name, commit)| {
        let paths = item.sub_plans.get(name).and_then(SubPlan::candidate).map(|candidate| {
            candidate.changed.iter().map(|file| file.path.clone()).take(40).collect::<Vec<_>>()
        });
        let paths = paths.filter(|paths| !paths.is_empty());
        let paths = paths.map(|paths| format!("; changed there: {}", paths.join(", "))).unwrap_or_default();
        format!("`{name}` in ../{name} stands at {commit} now{paths}")
    });
    format!(
        "What your work builds on has changed since you read it. {}. Read it again, and change your work where it no longer fits.",
        lines.collect::<Vec<_>>().join(". ")
    )
}

/// What an implementer hears that begins anew where another one has worked.
pub(super) fn afresh(item: &WorkItem, repository: &str, afresh: &Afresh) -> String {
    let mut lines = vec![
        "Somebody worked on this before you. A person had it started over: your branch stands at its base again, and nothing of that work is on it.".to_owned(),
    ];
    if !afresh.preserved.is_empty() {
        let base = item.base(repository).map(|base| base.base_commit.clone()).unwrap_or_default();
        let kept = afresh.preserved.iter().map(|kept| format!("`git log -p {base}..{}`", kept.commit));
        lines.push(format!(
            "It is kept, and {} shows it. Look at it if it helps; take nothing over unread.",
            kept.collect::<Vec<_>>().join(" and ")
        ));
    }
    let open = item.critiques_of(repository).filter(|critique| critique.state == CritiqueState::Open);
    let open: Vec<String> = open.map(|critique| format!("- {}", critique.finding.description)).collect();
    if !open.is_empty() {
        lines.push(format!("What the person had to say of it, and still holds:\n{}", open.join("\n")));
    }
    if !afresh.text.trim().is_empty() {
        lines.push(afresh.text.trim().to_owned());
    }
    lines.join("\n")
}

/// Why a review waits for a person, with the critiques that hold the candidate up.
pub(super) fn review_stopped(item: &WorkItem, repository: &str, rule: StopRule) -> String {
    let blocking = item.critiques_of(repository).filter(|critique| critique.blocks());
    let lines = blocking.map(|critique| format!("\n{}", blocking_line(critique)));
    format!("the review of {repository} needs you: {}{}", rule.words(), lines.collect::<String>())
}

/// What a person is asked before anything is pushed, with what they have against it themselves.
pub(super) fn publish_question(item: &WorkItem) -> String {
    let open: String = super::reviews::passed_over(item)
        .map(|critique| format!("\n{}: {}", critique.repository, blocking_line(critique)))
        .collect();
    if open.is_empty() {
        format!("every repository is proven: push {}?", item.branch)
    } else {
        format!(
            "every repository is proven, but critiques are open that nobody was sent to mend: push {} all the same?{open}",
            item.branch
        )
    }
}

/// One critique that holds a candidate up, on one line.
fn blocking_line(critique: &Critique) -> String {
    let finding = &critique.finding;
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!(" {file}:{line}"),
        (Some(file), None) => format!(" {file}"),
        (None, _) => String::new(),
    };
    format!("[{}]{place} {}", finding.severity.word(), finding.description)
}

/// The message of the commit that ganger makes of what a turn left uncommitted.
pub(super) fn leftover_message(title: &str) -> String {
    let title: String = title.chars().take(60).collect();
    format!("{}\n\nLeft uncommitted at the end of a turn.", title.trim())
}

/// What broke, for the implementer and for a person.
pub(super) fn evidence(candidate: &Candidate, broke: &[&CheckDefinition]) -> String {
    let broke: Vec<BrokenCheck> = broke
        .iter()
        .filter_map(|check| match candidate.checks.get(&check.name) {
            Some(CheckResult::Failed { how, tail }) => Some(BrokenCheck {
                name: check.name.clone(),
                command: check.run.clone(),
                ending: how.clone(),
                log_tail: tail.clone(),
                log_path: None,
            }),
            _ => None,
        })
        .collect();
    ImplementationTemplates::findings(&broke)
}

/// The text of a turn. An agent that does not know its task yet is told that first, whatever the turn is for; what
/// it is to be told beside stands at the end.
pub(super) fn prompt(item: &WorkItem, session: &Session, purpose: &TurnPurpose) -> String {
    let interrupted = match purpose {
        // What the Foreman is asked says all it must know, and a reviewer that lost its conversation begins anew.
        TurnPurpose::Resume { interrupted } if session.kind == SessionKind::Foreman => {
            return text(item, session, interrupted);
        }
        TurnPurpose::Resume { interrupted } => Some(interrupted.as_ref()),
        purpose if session.knows_task || is_whole(purpose) => None,
        purpose => Some(purpose),
    };
    match interrupted {
        Some(interrupted) => resume(item, session, interrupted),
        None if session.words.is_empty() => text(item, session, purpose),
        None => ImplementationTemplates::told(&ToldData {
            turn: match purpose {
                TurnPurpose::Hear => None,
                purpose => Some(text(item, session, purpose)),
            },
            words: session.words.clone(),
        }),
    }
}

/// Whether the text of such a turn says all that an agent must know.
fn is_whole(purpose: &TurnPurpose) -> bool {
    matches!(
        purpose,
        TurnPurpose::Plan
            | TurnPurpose::Revise { .. }
            | TurnPurpose::Implement
            | TurnPurpose::Review
            | TurnPurpose::AnswerQuestion { .. }
            | TurnPurpose::Discuss { .. }
    )
}

fn text(item: &WorkItem, session: &Session, purpose: &TurnPurpose) -> String {
    let repository = session.repository.clone().unwrap_or_default();
    let branch = item.branch.clone();
    match purpose {
        TurnPurpose::Plan => PlanningTemplates::planning(&planning(item)),
        TurnPurpose::Correct { errors } => correction(item, errors),
        TurnPurpose::Revise { feedback } => revision(item, feedback),
        TurnPurpose::Implement => ImplementationTemplates::implementation(&implementation(item, &repository)),
        TurnPurpose::GoOn => ImplementationTemplates::no_commit(&NoCommitData { repository, branch }),
        TurnPurpose::Mend { reason } => {
            let base_commit = item.base(&repository).map(|base| base.base_commit.clone()).unwrap_or_default();
            let reason = reason.trim().trim_end_matches('.').to_owned();
            ImplementationTemplates::head_elsewhere(&HeadElsewhereData {
                repository,
                branch,
                base_commit,
                reason,
            })
        }
        TurnPurpose::Repair { findings } => {
            let sub_plan = item.sub_plans.get(&repository);
            let commit = sub_plan.and_then(SubPlan::candidate).map(|candidate| candidate.commit.clone());
            ImplementationTemplates::repair(&RepairData {
                branch,
                commit: commit.unwrap_or_default(),
                findings: findings.clone(),
                was_broken: sub_plan.map(was_broken).unwrap_or_default(),
                repository,
            })
        }
        TurnPurpose::Told { text } => text.clone(),
        // The words stand beside; without any, there is nothing to hear but to go on.
        TurnPurpose::Hear => ImplementationTemplates::no_commit(&NoCommitData { repository, branch }),
        TurnPurpose::Reimplement { critiques } => reviews::reimplementation(item, &repository, critiques),
        TurnPurpose::Review => reviews::review(item, session),
        TurnPurpose::ReviewAgain { problem } => ReviewTemplates::again(problem),
        TurnPurpose::AnswerQuestion { question } => foreman::question(item, session, *question, None),
        TurnPurpose::Discuss { question, text } => foreman::question(item, session, *question, Some(text)),
        TurnPurpose::Resume { interrupted } => resume(item, session, interrupted),
    }
}

/// Checks that fail on the candidate and failed on the base already.
fn was_broken(sub_plan: &SubPlan) -> Vec<String> {
    let fails = |result: Option<&CheckResult>| matches!(result, Some(CheckResult::Failed { .. }));
    let names = sub_plan.base_checks.iter().filter(|(_, result)| fails(Some(result))).map(|(name, _)| name);
    names
        .filter(|name| fails(sub_plan.candidate().and_then(|candidate| candidate.checks.get(*name))))
        .cloned()
        .collect()
}

fn ticket(item: &WorkItem) -> TicketData {
    let reference = format!("g{}", item.number);
    let (title, description) = match &item.ticket {
        Some(ticket) => (ticket.title.clone(), ticket.description.clone()),
        None => (String::new(), String::new()),
    };
    TicketData { reference, title, description, extra_context: String::new() }
}

fn planning(item: &WorkItem) -> PlanningData {
    let repositories = item.planning.bases.iter().map(|base| PlanningRepository {
        name: base.name.clone(),
        // The planner's working directory holds a link for each.
        directory: format!("./{}", base.name),
        languages: base.languages.clone(),
        hints: base.hints.clone(),
        guidance_path: base.has_guidance.then(|| format!("./{}/{REPOSITORY_GUIDANCE}", base.name)),
        checks: base.checks.iter().map(|check| check.name.clone()).collect(),
    });
    PlanningData {
        ticket: ticket(item),
        guidance: item.planning.guidance.text.clone(),
        docs: item.planning.guidance.docs.clone(),
        repositories: repositories.collect(),
        draft_path: DRAFT.to_owned(),
        tools: true,
    }
}

fn correction(item: &WorkItem, errors: &ParseErrors) -> String {
    PlanningTemplates::correction(&CorrectionTemplateData {
        errors: errors.clone(),
        discovered_repos: proposal::names(item),
        session_draft_path: DRAFT.to_owned(),
        tools: true,
    })
}

fn revision(item: &WorkItem, feedback: &str) -> String {
    let mut planning = planning(item);
    match item.plan_to_change() {
        Some(plan) if item.planning.follow_up => PlanningTemplates::follow_up(&FollowUpData {
            planning,
            feedback: feedback.to_owned(),
            current_plan: plan.document.clone(),
            only: item.planning.only.clone(),
            results: results(item),
        }),
        Some(plan) => PlanningTemplates::revision(&RevisionData {
            planning,
            feedback: feedback.to_owned(),
            current_plan: plan.document.clone(),
            only: item.planning.only.clone(),
            begun: begun(item),
        }),
        None => {
            // There is nothing to revise, but what the person said still holds.
            feedback.clone_into(&mut planning.ticket.extra_context);
            PlanningTemplates::planning(&planning)
        }
    }
}

/// The parts that have begun while the item works, which no version may change any more.
fn begun(item: &WorkItem) -> Vec<String> {
    let begun = item.sub_plans.iter().filter(|(_, sub_plan)| replanning::has_begun(sub_plan));
    if item.completed { Vec::new() } else { begun.map(|(name, _)| name.clone()).collect() }
}

/// What the last run left in each repository.
fn results(item: &WorkItem) -> Vec<RepoResultSummary> {
    let result = |(name, sub_plan): (&String, &SubPlan)| {
        let open = item.critiques_of(name).filter(|critique| critique.state == CritiqueState::Open);
        let candidate = sub_plan.candidate();
        RepoResultSummary {
            repository: name.clone(),
            published: sub_plan.published.is_some(),
            commit: candidate.map(|candidate| candidate.commit.clone()).unwrap_or_default(),
            paths: candidate.map(|candidate| candidate.paths.clone()).unwrap_or_default(),
            rounds: u32::try_from(sub_plan.reviews.len()).unwrap_or(u32::MAX),
            left: open.map(|critique| critique.finding.description.clone()).collect(),
        }
    };
    item.sub_plans.iter().map(result).collect()
}

/// What an implementer hears whose part was done and is planned anew.
pub(super) fn plan_changed(item: &WorkItem) -> String {
    let version = item.approval.as_ref().map_or(0, |approval| approval.version);
    format!(
        "Your part was carried out before, and what was done stands on the branch. Its plan has changed since, to v{version}: do what the new sub-plan asks for beyond that, and undo what it no longer asks for."
    )
}

fn implementation(item: &WorkItem, repository: &str) -> ImplementationData {
    let document = item
        .standing_plan()
        .and_then(|plan| PlanParser::parse_and_validate(&plan.document, &proposal::names(item)).ok())
        .unwrap_or_default();
    let base = item.base(repository);
    let (base_branch, base_commit, checks) = match base {
        Some(base) => (base.base_branch.clone(), base.base_commit.clone(), commands(base)),
        None => (String::new(), String::new(), Vec::new()),
    };
    let own = item.waves.iter().position(|wave| wave.repositories.iter().any(|name| name == repository));
    let own = own.unwrap_or_default();
    let beside = item.waves.get(own).map(|wave| wave.repositories.clone()).unwrap_or_default();
    ImplementationData {
        ticket: ticket(item),
        repository: repository.to_owned(),
        directory: WORKTREE.to_owned(),
        branch: item.branch.clone(),
        base_branch,
        base_commit,
        orchestration: document.orchestration.clone(),
        sub_plan: document.sub_plan(repository).map(|part| part.content.clone()).unwrap_or_default(),
        earlier: item
            .waves
            .iter()
            .take(own)
            .flat_map(|wave| &wave.repositories)
            .filter_map(|name| earlier(item, &document, name))
            .collect(),
        beside: beside.into_iter().filter(|name| name != repository).collect(),
        later: item.waves.iter().skip(own + 1).flat_map(|wave| wave.repositories.clone()).collect(),
        untouched: Vec::new(),
        guidance_path: base.is_some_and(|base| base.has_guidance).then(|| REPOSITORY_GUIDANCE.to_owned()),
        checks,
        ask_tool: Some("ask_foreman".to_owned()),
    }
}

fn commands(base: &RepositoryBase) -> Vec<CheckCommand> {
    let command =
        |check: &CheckDefinition| CheckCommand { name: check.name.clone(), command: check.run.clone() };
    base.checks.iter().map(command).collect()
}

/// What an earlier wave did in a repository, once it is done there.
fn earlier(item: &WorkItem, document: &PlanDocument, name: &str) -> Option<EarlierResult> {
    let sub_plan = item.sub_plans.get(name)?;
    let candidate = sub_plan.candidate()?;
    let done = matches!(sub_plan.stage, SubPlanStage::Proven | SubPlanStage::Published);
    let goal = document.sub_plan(name).and_then(|part| part.section("Goal")).unwrap_or_default();
    done.then(|| EarlierResult {
        repository: name.to_owned(),
        directory: format!("../{name}"),
        commit: candidate.commit.clone(),
        goal: goal.to_owned(),
        paths: candidate.paths.clone(),
    })
}

/// What the session is for, as its first turn says it.
fn task(item: &WorkItem, session: &Session) -> TurnPurpose {
    match (session.kind, &item.planning.feedback) {
        (SessionKind::Planning, Some(feedback)) => TurnPurpose::Revise { feedback: feedback.clone() },
        (SessionKind::Planning, None) => TurnPurpose::Plan,
        (SessionKind::Implementation | SessionKind::Foreman, _) => TurnPurpose::Implement,
        (SessionKind::Review, _) => TurnPurpose::Review,
    }
}

fn resume(item: &WorkItem, session: &Session, interrupted: &TurnPurpose) -> String {
    let task = task(item, session);
    let (interrupted, messages) = match interrupted {
        TurnPurpose::Told { text } => (None, vec![text.clone()]),
        TurnPurpose::Hear => (None, Vec::new()),
        purpose if is_whole(purpose) => (None, Vec::new()),
        purpose => (Some(text(item, session, purpose)), Vec::new()),
    };
    let answers =
        item.questions.iter().filter(|question| item.descends(session.id, question.session)).filter_map(
            |question| {
                let answer = match question.end.as_ref()? {
                    QuestionEnd::Answered(answer) => answer.text.clone(),
                    QuestionEnd::Skipped { reason } => skipped(reason),
                    QuestionEnd::Dropped => return None,
                };
                Some(Answered { question: question.text.title(), answer })
            },
        );
    let messages = session.words.iter().cloned().chain(messages).collect();
    ImplementationTemplates::resume(&ResumeData {
        loaded: session.knows_task,
        task: text(item, session, &task),
        interrupted,
        answers: answers.collect(),
        messages,
        worktree: None,
        draft_path: (session.kind == SessionKind::Planning).then(|| DRAFT.to_owned()),
    })
}
