//! What must be true at the end of a demonstration, asserted from the stored log and the bare remotes alone.

use super::world::{World, limit_file};
use crate::error::{CodedError, ErrorKind};
use ganger_core::effect::CheckResult;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::status::{Status, status};
use ganger_git::Git;
use ganger_orchestrator::stored;
use ganger_store::{SqliteOptions, SqliteStore, Store};

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
    let store = SqliteStore::open(world.home.join("ganger.db"), &SqliteOptions::default())
        .map_err(|error| failed(error.to_string()))?;
    let stream = store
        .by_number(1)
        .map_err(|error| failed(error.to_string()))?
        .ok_or_else(|| failed("there is no g1 in the log".to_owned()))?;
    let mut facts = Vec::new();
    let mut version = 0;
    loop {
        let page = store.read_stream(&stream, version, 1000).map_err(|error| failed(error.to_string()))?;
        let Some(last) = page.last() else { break };
        version = last.version;
        for event in &page {
            let read: ItemEvent = stored::from_stored(&event.kind, &event.data).map_err(failed)?;
            facts.push(read);
        }
    }
    let mut item = WorkItem::default();
    for event in &facts {
        ganger_core::aggregate::Aggregate::apply(&mut item, event);
    }
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
        let remote = world.remote(repository);
        let said = |error: ganger_git::GitError| failed(error.to_string());
        let tip =
            git.scratch(&remote, &["rev-parse", &format!("refs/heads/{}", item.branch)]).map_err(said)?;
        let sub_plan = item.sub_plans.get(&repository.name).cloned().unwrap_or_default();
        let proven = sub_plan.candidate().map(|candidate| candidate.commit.clone()).unwrap_or_default();
        if tip.trim() != proven {
            return Err(failed(format!(
                "{} has {} on its remote, and {proven} was checked",
                repository.name,
                tip.trim()
            )));
        }
        let file = limit_file(repository);
        let shown = git.scratch(&remote, &["show", &format!("{}:{file}", tip.trim())]).map_err(said)?;
        if shown.trim() != "100" {
            return Err(failed(format!("{file} of {} holds {shown:?}", repository.name)));
        }
        let log = git
            .scratch(&remote, &["log", "--format=%h %s", &format!("{}..{}", repository.branch, item.branch)])
            .map_err(said)?;
        let commits: Vec<&str> = log.lines().collect();
        lines.push(format!("{} {}: {}", repository.name, item.branch, commits.join(", ")));
    }
    Ok(lines)
}
