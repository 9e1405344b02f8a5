//! Setup and checks tried on base commits before any work item depends on them: as jobs, in proof checkouts of their
//! own, under the sandbox that will hold later. Nothing of it stands in a log, and its `GANGER_HOME` is thrown away.

use super::context::Context;
use super::{Trouble, bases, blocking, checks, jobs};
use crate::engine::Engine;
use ganger_core::effect::{Action, Effect};
use ganger_core::ids::{EffectId, IdSource, SessionId, WorkItemId, WorkspaceId};
use ganger_core::work_item::WorkItem;
use ganger_git::CheckoutPlace;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TriedEnd {
    /// Well.
    Passed,
    /// Not well.
    Failed {
        /// How, as it follows the command's name.
        how: String,
        /// The end of what it wrote.
        tail: String,
    },
    /// It was not run.
    NotRun {
        /// Why, a sentence.
        reason: String,
    },
}

/// One command on a base commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriedCommand {
    /// The check's name; the command itself for setup.
    pub name: String,
    /// Whether it belongs to the setup.
    pub is_setup: bool,
    /// How it ended.
    pub end: TriedEnd,
    /// How long it took.
    pub took: Duration,
}

/// What one repository showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tried {
    /// The repository.
    pub repository: String,
    /// The base branch; none where it could not be found out.
    pub branch: Option<String>,
    /// Its setup, then its checks, in order. Checks are not run after a setup that failed.
    pub commands: Vec<TriedCommand>,
    /// Why nothing could be tried, a sentence.
    pub trouble: Option<String>,
}

/// Tries the setup and the checks of one repository. `number` tells trials of one engine apart.
pub async fn on_base(engine: &Arc<Engine>, workspace: WorkspaceId, repository: &str, number: u64) -> Tried {
    let mut tried =
        Tried { repository: repository.to_owned(), branch: None, commands: Vec::new(), trouble: None };
    tried.trouble = match attempt(engine, workspace, number, &mut tried).await {
        Ok(()) => None,
        Err(Trouble::Again(reason) | Trouble::Refused(reason)) => Some(reason),
        Err(Trouble::Cancelled) => Some("it was cancelled".to_owned()),
    };
    tried
}

async fn attempt(
    engine: &Arc<Engine>,
    workspace: WorkspaceId,
    number: u64,
    tried: &mut Tried,
) -> Result<(), Trouble> {
    let ids = &mut IdSource::seeded("trial", number, 0);
    let mut item = WorkItem::default();
    item.id = Some(WorkItemId::new(ids.ulid()));
    item.number = number;
    item.workspace = Some(workspace);
    let (recording, wanted) = (context(engine, &item, ids).await?, vec![tried.repository.clone()]);
    let (mut prepared, _) = blocking(move || bases::record(&recording, &wanted, &[], 1)).await?;
    let prepared = prepared.pop().ok_or_else(|| Trouble::Refused("it was not found".to_owned()))?;
    let base = prepared.base;
    tried.branch = Some(base.base_branch.clone());
    item.planning.bases = vec![base.clone()];
    let checkout = context(engine, &item, ids).await?;
    checks::prepare_proof(&checkout, &base.name, base.base_commit.clone(), Vec::new(), 0).await?;
    let place = checkout.layout.proof(&checkout.workspace_name(), &checkout.item_name(), &base.name)?;
    for command in &base.setup {
        let end = run(engine, &item, ids, &place, &prepared.mirror, command, base.setup_timeout_ms).await;
        let passed = end.0 == TriedEnd::Passed;
        tried.commands.push(TriedCommand { name: command.clone(), is_setup: true, end: end.0, took: end.1 });
        if !passed {
            return Ok(());
        }
    }
    for check in &base.checks {
        let (end, took) =
            run(engine, &item, ids, &place, &prepared.mirror, &check.run, check.timeout_ms).await;
        tried.commands.push(TriedCommand { name: check.name.clone(), is_setup: false, end, took });
    }
    Ok(())
}

async fn context(engine: &Arc<Engine>, item: &WorkItem, ids: &mut IdSource) -> Result<Context, Trouble> {
    // It stands in no log: only the places of a job are borrowed.
    let action = Action::ReadDraft { session: SessionId::new(0.into()) };
    Context::of(engine, item, &Effect { id: EffectId::new(ids.ulid()), action }, 1).await
}

async fn run(
    engine: &Arc<Engine>,
    item: &WorkItem,
    ids: &mut IdSource,
    place: &CheckoutPlace,
    mirror: &ganger_git::Mirror,
    command: &str,
    timeout_ms: u64,
) -> (TriedEnd, Duration) {
    let began = Instant::now();
    let ended = async {
        let context = context(engine, item, ids).await?;
        checks::shell(&context, place, mirror, "", command, timeout_ms).await
    };
    let end = match ended.await {
        Ok(end) if end.status.success() => TriedEnd::Passed,
        Ok(end) => TriedEnd::Failed { how: checks::how(&end, timeout_ms), tail: checks::tail(&end.all) },
        Err(Trouble::Again(reason) | Trouble::Refused(reason)) => TriedEnd::NotRun { reason },
        Err(Trouble::Cancelled) => TriedEnd::NotRun { reason: "it was cancelled".to_owned() },
    };
    (end, began.elapsed())
}

/// Ends everything that runs in the `GANGER_HOME` of a trial, and removes it. Nobody else may have a trial there.
///
/// # Errors
/// It cannot be removed.
pub async fn throw_away(home: &Path) -> Result<(), Trouble> {
    jobs::end_everything(home).await;
    let home = home.to_owned();
    blocking(move || Ok(ganger_git::remove_scratch(&home)?)).await
}
