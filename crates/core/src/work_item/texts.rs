//! Texts for agents, made from the state by the prompt templates.

use super::proposal;
use super::state::{Candidate, Session, SubPlan, SubPlanStage, TurnPurpose, WorkItem};
use crate::effect::CheckResult;
use crate::plan::{ParseErrors, PlanDocument, PlanParser};
use crate::prompts::{
    Answered, BrokenCheck, CheckCommand, CorrectionTemplateData, EarlierResult, HeadElsewhereData,
    ImplementationData, ImplementationTemplates, NoCommitData, PlanningData, PlanningRepository,
    PlanningTemplates, RepairData, ResumeData, RevisionData, TicketData,
};
use crate::repository::{CheckDefinition, RepositoryBase};
use crate::session::SessionKind;

/// Where a planner writes its document, in words: only the session's surroundings know the path.
const DRAFT: &str = "the file that `$GANGER_DRAFT` names";
/// Where an implementer works, in words: its program is started there.
const WORKTREE: &str = "your working directory";

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

/// The text of a turn. An agent that does not know its task yet is told that first, whatever the turn is for.
pub(super) fn prompt(item: &WorkItem, session: &Session, purpose: &TurnPurpose) -> String {
    match purpose {
        TurnPurpose::Resume { interrupted } => resume(item, session, interrupted),
        purpose if session.knows_task || is_whole(purpose) => text(item, session, purpose),
        purpose => resume(item, session, purpose),
    }
}

/// Whether the text of such a turn says all that an agent must know.
fn is_whole(purpose: &TurnPurpose) -> bool {
    matches!(purpose, TurnPurpose::Plan | TurnPurpose::Revise { .. } | TurnPurpose::Implement)
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
        guidance_path: None,
        checks: base.checks.iter().map(|check| check.name.clone()).collect(),
    });
    PlanningData {
        ticket: ticket(item),
        repositories: repositories.collect(),
        draft_path: DRAFT.to_owned(),
        tools: true,
        ..PlanningData::default()
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
    match item.plan() {
        Some(plan) => PlanningTemplates::revision(&RevisionData {
            planning,
            feedback: feedback.to_owned(),
            current_plan: plan.document.clone(),
            only: None,
        }),
        None => {
            // There is nothing to revise, but what the person said still holds.
            feedback.clone_into(&mut planning.ticket.extra_context);
            PlanningTemplates::planning(&planning)
        }
    }
}

fn implementation(item: &WorkItem, repository: &str) -> ImplementationData {
    let document = item
        .plan()
        .and_then(|plan| PlanParser::parse_and_validate(&plan.document, &proposal::names(item)).ok())
        .unwrap_or_default();
    let (base_branch, base_commit, checks) = match item.base(repository) {
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
        guidance_path: None,
        checks,
        ask_tool: None,
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
        (SessionKind::Implementation, _) => TurnPurpose::Implement,
    }
}

fn resume(item: &WorkItem, session: &Session, interrupted: &TurnPurpose) -> String {
    let task = task(item, session);
    let (interrupted, messages) = match interrupted {
        TurnPurpose::Told { text } => (None, vec![text.clone()]),
        purpose if is_whole(purpose) => (None, Vec::new()),
        purpose => (Some(text(item, session, purpose)), Vec::new()),
    };
    let answers =
        item.questions.iter().filter(|question| item.descends(session.id, question.session)).filter_map(
            |question| {
                let answer = question.answer.clone()?;
                Some(Answered { question: question.text.clone(), answer })
            },
        );
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
