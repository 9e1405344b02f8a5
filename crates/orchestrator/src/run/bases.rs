//! Preparing to plan: discover, refresh, preflight, record the bases, make base checkouts and the planning
//! directory. Done again it finds what is there.

use super::context::{Context, make_private};
use super::guidance::{self, Standing};
use super::{JobOutcome, Trouble, blocking, policy};
use crate::run::jobs;
use ganger_core::effect::JobResult;
use ganger_core::ids::SessionId;
use ganger_core::repository::RepositoryBase;
use ganger_git::{
    BaseBranch, CheckoutKind, CheckoutSpec, Mirror, Provisioned, RepositoryLayout, TreeAction, TreeOutcome,
    TreeRequest, UpdateOutcome, Verdict, link_beside, parse_outcome, request_process,
};
use std::path::Path;

/// The longest that writing one checkout's files may take: 15 minutes.
pub(super) const CHECKOUT_LIMIT_MS: u64 = 15 * 60 * 1000;
/// The largest draft that is read: 1 MiB.
const DRAFT_LIMIT: u64 = 1 << 20;

/// A repository that cannot be worked on, and why.
type Refused = (String, String);

pub(super) struct Prepared {
    pub(super) base: RepositoryBase,
    is_workspace: bool,
    pub(super) mirror: Mirror,
    git_directory: std::path::PathBuf,
}

pub(super) async fn prepare(
    context: Context,
    wanted: Vec<String>,
    chosen: Vec<(String, String)>,
    max_repositories: u32,
) -> JobOutcome {
    // Until they are recorded nobody else knows that these bases are needed.
    let _gate = context.engine.bases_gate().read().await;
    let discovering = context.clone();
    let (mut prepared, refused) =
        blocking(move || record(&discovering, &wanted, &chosen, max_repositories)).await?;
    let plan_directory = context.layout.plan_directory(&context.workspace_name(), &context.item_name())?;
    make_private(&plan_directory)?;
    let mut places = Vec::new();
    for (index, one) in prepared.iter_mut().enumerate() {
        let place = base_checkout(&context, one, index).await?;
        link_beside(&plan_directory, &one.base.name, &place)?;
        one.base.has_guidance = place.join(guidance::FILE).is_file();
        places.push(place);
    }
    let repositories: Vec<RepositoryBase> = prepared.iter().map(|one| one.base.clone()).collect();
    let guidance = blocking(move || {
        let standing: Vec<Standing<'_>> = prepared
            .iter()
            .zip(&places)
            .map(|(one, base)| Standing {
                clone: Path::new(&one.base.path),
                base,
                is_workspace: one.is_workspace,
            })
            .collect();
        let directory = Path::new(&context.workspace.directory);
        guidance::of_workspace(directory, &context.settings.instructions, &standing)
    })
    .await?;
    Ok(JobResult::Bases { repositories, refused, guidance })
}

pub(super) fn record(
    context: &Context,
    wanted: &[String],
    chosen: &[(String, String)],
    max_repositories: u32,
) -> Result<(Vec<Prepared>, Vec<Refused>), Trouble> {
    let directory = Path::new(&context.workspace.directory);
    let discovery = context.discoverer().discover_repos(directory, &context.settings.exclude)?;
    let named = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one.eq_ignore_ascii_case(name));
    for name in wanted {
        if !discovery.preflight.rows.iter().any(|row| row.name.eq_ignore_ascii_case(name)) {
            let known: Vec<&str> = discovery.preflight.rows.iter().map(|row| row.name.as_str()).collect();
            return Err(Trouble::Refused(format!(
                "there is no repository \"{name}\" in {}; it has: {}",
                directory.display(),
                known.join(", ")
            )));
        }
    }
    let refused: Vec<(String, String)> = discovery
        .preflight
        .rows
        .iter()
        .filter(|row| named(&row.name))
        .filter_map(|row| match &row.verdict {
            Verdict::Refused { sentence } => Some((row.name.clone(), sentence.clone())),
            _ => None,
        })
        .collect();
    if !wanted.is_empty()
        && let Some((name, sentence)) = refused.first()
    {
        return Err(Trouble::Refused(format!("{name} cannot be worked on: {sentence}")));
    }
    let found: Vec<_> =
        discovery.repositories.into_iter().filter(|repository| named(&repository.name)).collect();
    if found.len() > max_repositories as usize {
        return Err(Trouble::Refused(format!(
            "the plan would span {} repositories and plan.max_repositories is {max_repositories}: name the ones it is \
             about with --repo",
            found.len()
        )));
    }
    let mut mirrors = Vec::new();
    for repository in &found {
        let settings = context.settings.repository(&repository.name);
        let source = repository.source(settings.remote.as_deref(), settings.push_remote.as_deref())?;
        mirrors.push(context.ref_git().mirror(&context.layout, &context.workspace_name(), &source)?);
    }
    let now = context.engine.now().wall_ms;
    let site = &context.site;
    let results =
        context.discoverer().pull_main_worktrees(&mirrors, now, site.refresh_after_ms, site.parallel_fetches);
    let mut prepared = Vec::new();
    for ((repository, mirror), update) in found.into_iter().zip(mirrors).zip(results.updates) {
        let base = match update.outcome {
            UpdateOutcome::Refreshed { base } | UpdateOutcome::Recent { base } => base,
            UpdateOutcome::Failed { sentence } => return Err(Trouble::Again(sentence)),
        };
        let settings = context.settings.repository(&repository.name);
        let picked = chosen.iter().find(|(name, _)| name.eq_ignore_ascii_case(&repository.name));
        let base = match picked.map(|(_, branch)| branch).or(settings.base.as_ref()) {
            Some(branch) => branch_tip(context, &mirror, branch)?,
            None => base,
        };
        context.ref_git().hold_base(&mirror, &context.item_name(), &base.tip)?;
        prepared.push(Prepared {
            git_directory: repository.git_directory.clone(),
            is_workspace: repository.layout == RepositoryLayout::Workspace,
            base: RepositoryBase {
                path: repository.path.display().to_string(),
                remote: mirror.source.remote.clone(),
                push_remote: mirror.source.push_remote.clone(),
                base_branch: base.branch,
                base_commit: base.tip.to_string(),
                languages: repository.languages,
                hints: settings.hints.clone(),
                copy: settings.copy.clone(),
                link: settings.link.clone(),
                setup: settings.setup.clone(),
                setup_timeout_ms: settings.setup_timeout_ms,
                checks: settings.checks.clone(),
                agent: settings.agent.clone(),
                // Seen once the checkout stands.
                has_guidance: false,
                name: repository.name,
            },
            mirror,
        });
    }
    Ok((prepared, refused))
}

fn branch_tip(context: &Context, mirror: &Mirror, branch: &str) -> Result<BaseBranch, Trouble> {
    let tip = context.ref_git().resolve(mirror, &mirror.base_reference(branch))?;
    let tip = tip.ok_or_else(|| {
        Trouble::Refused(format!("{} has no branch \"{branch}\" on its remote", mirror.source.name))
    })?;
    Ok(BaseBranch { branch: branch.to_owned(), tip })
}

async fn base_checkout(
    context: &Context,
    one: &Prepared,
    index: usize,
) -> Result<std::path::PathBuf, Trouble> {
    let commit = super::context::commit(&one.base.base_commit)?;
    let place = context.layout.base(&one.base.name, &one.git_directory, &commit)?;
    let _making = context.engine.making(&place.worktree).await;
    let spec = CheckoutSpec {
        place: place.clone(),
        workspace: context.workspace_name(),
        item: String::new(),
        kind: CheckoutKind::Base,
        branch: None,
        base: BaseBranch { branch: one.base.base_branch.clone(), tip: commit },
        identity: context.identity(&one.mirror),
    };
    let (provisioning, mirror) = (context.clone(), one.mirror.clone());
    let made = blocking(move || Ok(provisioning.ref_git().provision(&mirror, &spec)?)).await?;
    let scratch = context.scratch()?;
    let request = TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch: scratch.clone(),
        timeout_ms: CHECKOUT_LIMIT_MS,
        action: TreeAction::Checkout { read_only: true, copy: Vec::new(), link: Vec::new() },
    };
    // One that was there may be unfinished: the job leaves files that stand as they are.
    if made == Provisioned::Fresh
        || !place.worktree.join(".git").exists()
        || !is_checked_out(&place.git_directory)
    {
        tree(context, &format!("-base{index}"), request, &place, std::slice::from_ref(&one.mirror)).await?;
    }
    Ok(place.worktree)
}

fn is_checked_out(git_directory: &Path) -> bool {
    git_directory.join("index").is_file()
}

/// Runs one request on a checkout as a sandboxed job.
pub(super) async fn tree(
    context: &Context,
    step: &str,
    request: TreeRequest,
    place: &ganger_git::CheckoutPlace,
    mirrors: &[Mirror],
) -> Result<TreeOutcome, Trouble> {
    let scratch = request.scratch.clone();
    let file = scratch.join(format!("request{step}.json"));
    request.write(&file)?;
    let policy = policy::job(context, place, &scratch, mirrors);
    let limit = request.timeout_ms + 60_000;
    let process = request_process(&context.site.program, &file, &context.site.path, &scratch, policy, limit);
    let end = jobs::run(context, step, process).await?;
    if let Some(refused) = end.refused {
        return Err(Trouble::Refused(refused));
    }
    match parse_outcome(&end.out)? {
        TreeOutcome::Failed { message } => Err(Trouble::Again(message)),
        outcome => Ok(outcome),
    }
}

pub(super) fn read_draft(context: &Context, session: SessionId) -> JobOutcome {
    let path = context.session_directory(session).join("PLAN.md");
    let document = match std::fs::symlink_metadata(&path) {
        // Only a plain file of ours is read: the agent could have put a link there.
        Ok(metadata) if metadata.is_file() && metadata.len() <= DRAFT_LIMIT => Some(
            std::fs::read(&path)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| Trouble::Again(format!("{} cannot be read: {error}", path.display())))?,
        ),
        Ok(metadata) if metadata.is_file() => {
            return Err(Trouble::Refused(format!(
                "the draft {} has {} bytes; at most {DRAFT_LIMIT} are read",
                path.display(),
                metadata.len()
            )));
        }
        _ => None,
    };
    Ok(JobResult::Draft { document })
}
