//! The worktrees of one wave: all or none.

use super::bases::{CHECKOUT_LIMIT_MS, tree};
use super::context::{Context, commit};
use super::{JobOutcome, Trouble, blocking, policy};
use crate::run::jobs;
use ganger_core::effect::JobResult;
use ganger_core::process::ProcessSpec;
use ganger_core::repository::RepositoryBase;
use ganger_git::{
    BaseBranch, CheckoutKind, CheckoutPlace, CheckoutSpec, FileToPlace, Mirror, TreeAction, TreeRequest,
    link_beside,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What a hook is told before a worktree is made, as JSON on its standard input. It may refuse.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WorktreeCreatingPayload {
    /// The item's handle.
    pub item: String,
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The commit it starts from.
    pub base: String,
    /// Where it will stand.
    pub path: String,
}

/// What a hook is told of a worktree that stands, as JSON on its standard input, at least once. It may refuse too: then
/// no agent starts there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct WorktreeCreatedPayload {
    /// The item's handle.
    pub item: String,
    /// The repository.
    pub repository: String,
    /// The branch, which is checked out.
    pub branch: String,
    /// The commit it starts from.
    pub base: String,
    /// Where it stands.
    pub path: String,
    /// The wave's repositories, which stand side by side.
    pub beside: Vec<String>,
}

/// The longest that a hook may take: 5 minutes.
const HOOK_LIMIT_MS: u64 = 5 * 60 * 1000;

struct Planned {
    base: RepositoryBase,
    mirror: Mirror,
    place: CheckoutPlace,
    spec: CheckoutSpec,
}

pub(super) async fn provision(
    context: Context,
    branch: String,
    repositories: Vec<RepositoryBase>,
) -> JobOutcome {
    let planning = context.clone();
    let planned = blocking(move || plan(&planning, &branch, repositories)).await?;
    for (index, one) in planned.iter().enumerate() {
        gate(&context, one, index).await?;
    }
    let (provisioning, specs) = (
        context.clone(),
        planned.iter().map(|one| (one.mirror.clone(), one.spec.clone())).collect::<Vec<_>>(),
    );
    blocking(move || {
        let borrowed: Vec<_> = specs.iter().map(|(mirror, spec)| (mirror, spec.clone())).collect();
        Ok(provisioning.ref_git().provision_set(&borrowed)?)
    })
    .await?;
    for (index, one) in planned.iter().enumerate() {
        let scratch = context.scratch()?;
        let from = Path::new(&one.base.path);
        let place = |paths: &[String]| {
            paths.iter().map(|path| FileToPlace { from: from.join(path), to: path.into() }).collect()
        };
        let request = TreeRequest {
            worktree: one.place.worktree.clone(),
            git_directory: one.place.git_directory.clone(),
            scratch,
            timeout_ms: CHECKOUT_LIMIT_MS,
            action: TreeAction::Checkout {
                read_only: false,
                copy: place(&one.base.copy),
                link: place(&one.base.link),
            },
        };
        tree(&context, &format!("-{index}"), request, &one.place, std::slice::from_ref(&one.mirror)).await?;
    }
    beside(&context, &planned)?;
    let wave: Vec<String> = planned.iter().map(|one| one.base.name.clone()).collect();
    for (index, one) in planned.iter().enumerate() {
        tell(&context, one, index, &wave).await?;
    }
    Ok(JobResult::Nothing)
}

fn plan(context: &Context, branch: &str, repositories: Vec<RepositoryBase>) -> Result<Vec<Planned>, Trouble> {
    let (workspace, item) = (context.workspace_name(), context.item_name());
    let mut planned = Vec::new();
    for base in repositories {
        let mirror = context.mirror(&base)?;
        let place = context.layout.worktree(&workspace, &item, &base.name)?;
        // A link to the base checkout may stand there from an earlier wave.
        if place.worktree.is_symlink() {
            std::fs::remove_file(&place.worktree).map_err(|error| {
                Trouble::Again(format!("{} cannot be replaced: {error}", place.worktree.display()))
            })?;
        }
        let spec = CheckoutSpec {
            place: place.clone(),
            workspace: workspace.clone(),
            item: item.clone(),
            kind: CheckoutKind::Work,
            branch: Some(branch.to_owned()),
            base: BaseBranch { branch: base.base_branch.clone(), tip: commit(&base.base_commit)? },
            identity: context.identity(&mirror),
        };
        planned.push(Planned { base, mirror, place, spec });
    }
    Ok(planned)
}

/// Repositories that have no worktree yet stand beside as links to their base checkouts, so that relative paths
/// between them work.
fn beside(context: &Context, planned: &[Planned]) -> Result<(), Trouble> {
    let (workspace, item) = (context.workspace_name(), context.item_name());
    let directory = context.layout.item_directory(&workspace, &item)?;
    let plan_directory = context.layout.plan_directory(&workspace, &item)?;
    for base in &context.item.planning.bases {
        let stands = planned.iter().any(|one| one.base.name == base.name)
            || std::fs::symlink_metadata(directory.join(&base.name)).is_ok_and(|found| found.is_dir());
        if !stands && let Ok(target) = std::fs::read_link(plan_directory.join(&base.name)) {
            link_beside(&directory, &base.name, &target)?;
        }
    }
    Ok(())
}

async fn gate(context: &Context, one: &Planned, index: usize) -> Result<(), Trouble> {
    let payload = WorktreeCreatingPayload {
        item: format!("g{}", context.item.number),
        repository: one.base.name.clone(),
        branch: context.item.branch.clone(),
        base: one.base.base_commit.clone(),
        path: one.place.worktree.display().to_string(),
    };
    let step = format!("-hook{index}");
    hooks(context, one, &context.settings.before_worktree, &step, serde_json::to_string(&payload)).await
}

async fn tell(context: &Context, one: &Planned, index: usize, wave: &[String]) -> Result<(), Trouble> {
    let payload = WorktreeCreatedPayload {
        item: format!("g{}", context.item.number),
        repository: one.base.name.clone(),
        branch: context.item.branch.clone(),
        base: one.base.base_commit.clone(),
        path: one.place.worktree.display().to_string(),
        beside: wave.iter().filter(|name| **name != one.base.name).cloned().collect(),
    };
    let step = format!("-told{index}");
    hooks(context, one, &context.settings.after_worktree, &step, serde_json::to_string(&payload)).await
}

async fn hooks(
    context: &Context,
    one: &Planned,
    commands: &[String],
    step: &str,
    payload: serde_json::Result<String>,
) -> Result<(), Trouble> {
    // Plain data with text keys always has a JSON form.
    let payload = payload.ok();
    for (number, command) in commands.iter().enumerate() {
        let scratch = context.scratch()?;
        // A hook is the person's own command, but it runs for an agent's work: it writes nothing but its scratch.
        let mut policy = policy::job(context, &one.place, &scratch, std::slice::from_ref(&one.mirror));
        policy.write.clear();
        let mut environment: BTreeMap<String, String> = context.site.environment.clone();
        environment.insert("PATH".to_owned(), context.site.path.clone());
        environment.insert("TMPDIR".to_owned(), scratch.display().to_string());
        let process = ProcessSpec {
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), command.clone()],
            directory: context.workspace.directory.clone(),
            environment,
            sandbox: policy,
            timeout_ms: Some(HOOK_LIMIT_MS),
            input: payload.clone(),
        };
        let end = jobs::run(context, &format!("{step}.{number}"), process).await?;
        if !end.status.success() {
            let words = String::from_utf8_lossy(&end.all).trim().chars().take(2000).collect::<String>();
            return Err(Trouble::Refused(format!(
                "the hook `{command}` refused the worktree of {}: {words}",
                one.base.name
            )));
        }
    }
    Ok(())
}
