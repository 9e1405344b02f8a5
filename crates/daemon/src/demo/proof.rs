//! What must be true at the end of a demonstration, asserted from the stored log and the bare remotes alone.

use super::record::{self, Record};
use super::scenario::{UNIT, counts_file, limit_file, told_file};
use super::world::{Repository, World};
use crate::error::{CodedError, ErrorKind};
use ganger_core::effect::CheckResult;
use ganger_core::foreman::answer::Confidence;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::event::ItemFact;
use ganger_core::work_item::state::{Answerer, CritiqueState, Question, Verdict};
use ganger_core::work_item::status::{Status, status};
use ganger_git::Git;

fn failed(message: String) -> CodedError {
    CodedError::new(
        ErrorKind::Failed,
        "demo.wrong_result",
        format!("the demonstration's result is wrong: {message}"),
    )
    .hint("run it again with --dir DIR to keep everything, and look into DIR/home/daemon.log")
}

/// The lines that say what holds.
///
/// # Errors
/// The first thing that does not.
pub(super) fn check(world: &World, git: &Git) -> Result<Vec<String>, CodedError> {
    let Record { item, events: facts } = record::read(&world.home, 1)?;
    let mut lines = Vec::new();
    if status(&item) != Status::Completed {
        return Err(failed(format!("g1 is {}, not completed", status(&item).word())));
    }
    let refused = facts
        .iter()
        .filter(|event| matches!(&event.fact, ItemFact::PlanSubmitted { accepted: None, .. }))
        .count();
    if refused != 1 {
        return Err(failed(format!("{refused} plan documents were refused, not one")));
    }
    lines.push("one plan document was refused with every problem, and corrected".to_owned());
    let waves = world.repositories.iter().map(|repository| repository.wave).max().unwrap_or(0) + 1;
    if item.waves.len() != waves {
        return Err(failed(format!("{} waves ran, not {waves}", item.waves.len())));
    }
    lines.push(format!("{waves} waves ran over {} repositories", world.repositories.len()));
    for repository in &world.repositories {
        let broke = facts.iter().any(|event| {
            matches!(&event.fact, ItemFact::CheckEnded { repository: name, result: CheckResult::Failed { .. }, .. }
                if *name == repository.name)
        });
        if broke != repository.breaks {
            let how = if broke { "broke" } else { "did not break" };
            return Err(failed(format!("the check of {} {how}", repository.name)));
        }
        if broke {
            lines.push(format!("the check of {} broke, and its agent repaired it", repository.name));
        }
    }
    for repository in &world.repositories {
        lines.extend(answered(&item, repository)?);
        lines.extend(reviewed(&item, repository)?);
    }
    for repository in &world.repositories {
        lines.push(pushed(world, git, &item, repository)?);
    }
    Ok(lines)
}

/// The one question of a repository's agent that ended so.
fn question<'a>(
    item: &'a WorkItem,
    repository: &Repository,
    by: Answerer,
) -> Result<Option<(&'a Question, &'a str)>, CodedError> {
    let of = |question: &&Question| {
        let asker = item.session(question.session).and_then(|session| session.repository.as_ref());
        asker == Some(&repository.name) && question.answer().is_some_and(|answer| answer.by == by)
    };
    let found: Vec<&Question> = item.questions.iter().filter(of).collect();
    let wanted = match by {
        Answerer::Foreman => repository.asks,
        Answerer::Person => repository.escalates,
    };
    match (found.as_slice(), wanted) {
        ([], false) => Ok(None),
        ([one], true) => Ok(one.answer().map(|answer| (*one, answer.text.as_str()))),
        _ => Err(failed(format!("{} questions of {} were answered by {by:?}", found.len(), repository.name))),
    }
}

/// Who answered what the agent asked.
fn answered(item: &WorkItem, repository: &Repository) -> Result<Vec<String>, CodedError> {
    let mut lines = Vec::new();
    let proposed = |question: &Question| question.proposal.as_ref().map(|proposal| proposal.confidence);
    if let Some((question, answer)) = question(item, repository, Answerer::Foreman)? {
        let asked = question.text.title();
        if question.escalated || proposed(question) != Some(Confidence::High) {
            return Err(failed(format!("\"{asked}\" was not answered from the plan alone")));
        }
        lines.push(format!("the Foreman was asked \"{asked}\" and knew it from the plan: {answer}"));
    }
    if let Some((question, answer)) = question(item, repository, Answerer::Person)? {
        let asked = question.text.title();
        if !question.escalated || proposed(question) != Some(Confidence::Uncertain) {
            return Err(failed(format!("\"{asked}\" did not come from the Foreman to a person")));
        }
        lines.push(format!("the Foreman was not sure of \"{asked}\", and a person answered: {answer}"));
    }
    Ok(lines)
}

/// What the reviews of a repository came to.
fn reviewed(item: &WorkItem, repository: &Repository) -> Result<Option<String>, CodedError> {
    let name = &repository.name;
    let sub_plan = item.sub_plans.get(name).cloned().unwrap_or_default();
    let verdicts: Vec<&Verdict> =
        sub_plan.reviews.iter().filter_map(|review| review.verdict.as_ref()).collect();
    let expected: &[&Verdict] =
        if repository.criticised { &[&Verdict::Back, &Verdict::Passed] } else { &[&Verdict::Passed] };
    if verdicts != expected {
        return Err(failed(format!("the reviews of {name} came to {verdicts:?}")));
    }
    let judged = sub_plan.reviews.last().map(|review| review.candidate);
    if judged != sub_plan.candidate().map(|candidate| candidate.number) {
        return Err(failed(format!("the review of {name} was of another candidate than the last one")));
    }
    let critiques: Vec<_> = item.critiques_of(name).collect();
    match (critiques.as_slice(), repository.criticised) {
        ([], false) => Ok(None),
        ([one], true) if matches!(one.state, CritiqueState::Fixed { .. }) => Ok(Some(format!(
            "the review of {name} found \"{}\" ({}), its agent mended it, and the second review passed",
            one.finding.description,
            one.finding.severity.word()
        ))),
        (found, _) => Err(failed(format!("{} critiques of {name} are left", found.len()))),
    }
}

/// What stands on the remote of a repository is what was checked and reviewed, and holds what was asked for.
fn pushed(world: &World, git: &Git, item: &WorkItem, repository: &Repository) -> Result<String, CodedError> {
    let (name, remote) = (&repository.name, world.remote(repository));
    let said = |error: ganger_git::GitError| failed(error.to_string());
    let tip = git.scratch(&remote, &["rev-parse", &format!("refs/heads/{}", item.branch)]).map_err(said)?;
    let tip = tip.trim();
    let sub_plan = item.sub_plans.get(name).cloned().unwrap_or_default();
    let proven = sub_plan.candidate().map(|candidate| candidate.commit.clone()).unwrap_or_default();
    if tip != proven {
        return Err(failed(format!("{name} has {tip} on its remote, and {proven} was checked and reviewed")));
    }
    let limit = if repository.criticised { format!("100\n{UNIT}") } else { "100".to_owned() };
    let mut files = vec![(limit_file(repository), limit)];
    if let Some((_, answer)) = question(item, repository, Answerer::Foreman)? {
        files.push((counts_file(repository), answer.trim().to_owned()));
    }
    if let Some((_, answer)) = question(item, repository, Answerer::Person)? {
        files.push((told_file(repository), answer.trim().to_owned()));
    }
    for (file, expected) in files {
        let shown = git.scratch(&remote, &["show", &format!("{tip}:{file}")]).map_err(said)?;
        if shown.trim() != expected {
            return Err(failed(format!("{file} of {name} holds {shown:?}, not {expected:?}")));
        }
    }
    let range = format!("{}..{}", repository.branch, item.branch);
    let log = git.scratch(&remote, &["log", "--format=%h %s", &range]).map_err(said)?;
    let commits: Vec<&str> = log.lines().collect();
    Ok(format!("{name} {}: {}", item.branch, commits.join(", ")))
}
