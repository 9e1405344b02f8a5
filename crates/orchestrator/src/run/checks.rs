//! Setup and checks: the repository's own commands, sandboxed like an implementation session, with a scrubbed
//! environment and a journal as evidence. They may run more than once.

use super::bases::{CHECKOUT_LIMIT_MS, tree};
use super::context::{Context, commit};
use super::{JobOutcome, Trouble, blocking, policy};
use crate::run::jobs::{self, JobEnd};
use ganger_core::effect::{CheckResult, JobResult};
use ganger_core::process::ProcessSpec;
use ganger_core::repository::{CheckDefinition, RepositoryBase};
use ganger_git::{
    BaseBranch, CheckoutKind, CheckoutPlace, CheckoutSpec, FileToPlace, Mirror, Provisioned, TreeAction,
    TreeRequest,
};
use std::path::Path;

/// The end of an output that is kept as evidence, in characters.
const TAIL: usize = 8000;

pub(super) fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(TAIL)).collect()
}

pub(super) fn how(end: &JobEnd, timeout_ms: u64) -> String {
    match (end.timed_out, end.status.code, end.status.signal) {
        (true, _, _) => format!("did not end within {} s and was stopped", timeout_ms / 1000),
        (false, Some(code), _) => format!("ended with exit code {code}"),
        (false, None, Some(signal)) => format!("was ended by signal {signal}"),
        (false, None, None) => "ended in an unknown way".to_owned(),
    }
}

pub(super) async fn shell(
    context: &Context,
    place: &CheckoutPlace,
    mirror: &Mirror,
    step: &str,
    command: &str,
    timeout_ms: u64,
) -> Result<JobEnd, Trouble> {
    let scratch = context.scratch()?;
    let mut environment = context.site.environment.clone();
    environment.insert("PATH".to_owned(), context.site.path.clone());
    environment.insert("HOME".to_owned(), context.site.user_home.display().to_string());
    environment.insert("TMPDIR".to_owned(), scratch.display().to_string());
    environment.insert("CI".to_owned(), "true".to_owned());
    let process = ProcessSpec {
        command: vec!["/bin/sh".to_owned(), "-c".to_owned(), command.to_owned()],
        directory: place.worktree.display().to_string(),
        environment,
        sandbox: policy::job(context, place, &scratch, std::slice::from_ref(mirror)),
        timeout_ms: Some(timeout_ms),
        input: Some(String::new()),
    };
    let end = jobs::run(context, step, process).await?;
    match end.refused {
        Some(refused) => Err(Trouble::Refused(refused)),
        None => Ok(end),
    }
}

pub(super) async fn mirror_of(context: &Context, base: &RepositoryBase) -> Result<Mirror, Trouble> {
    let (looking, of) = (context.clone(), base.clone());
    blocking(move || looking.mirror(&of)).await
}

async fn run_setup(
    context: &Context,
    place: &CheckoutPlace,
    mirror: &Mirror,
    commands: &[String],
    timeout_ms: u64,
) -> Result<(), Trouble> {
    for (index, command) in commands.iter().enumerate() {
        let end = shell(context, place, mirror, &format!("-setup{index}"), command, timeout_ms).await?;
        if !end.status.success() {
            return Err(Trouble::Refused(format!(
                "the setup command `{command}` of {} {}\n{}",
                mirror.source.name,
                how(&end, timeout_ms),
                tail(&end.all).trim_end()
            )));
        }
    }
    Ok(())
}

pub(super) async fn setup(
    context: &Context,
    repository: &str,
    commands: Vec<String>,
    timeout_ms: u64,
) -> JobOutcome {
    let mirror = mirror_of(context, &context.base(repository)?).await?;
    let place = context.layout.worktree(&context.workspace_name(), &context.item_name(), repository)?;
    run_setup(context, &place, &mirror, &commands, timeout_ms).await?;
    Ok(JobResult::Nothing)
}

pub(super) async fn prepare_proof(
    context: &Context,
    repository: &str,
    at: String,
    setup: Vec<String>,
    setup_timeout_ms: u64,
) -> JobOutcome {
    let base = context.base(repository)?;
    let mirror = mirror_of(context, &base).await?;
    let (workspace, item) = (context.workspace_name(), context.item_name());
    let place = context.layout.proof(&workspace, &item, repository)?;
    let spec = CheckoutSpec {
        place: place.clone(),
        workspace,
        item,
        kind: CheckoutKind::Proof,
        branch: None,
        base: BaseBranch { branch: base.base_branch.clone(), tip: commit(&base.base_commit)? },
        identity: context.identity(&mirror),
    };
    let (provisioning, of) = (context.clone(), mirror.clone());
    let made = blocking(move || Ok(provisioning.ref_git().provision(&of, &spec)?)).await?;
    let scratch = context.scratch()?;
    let request = |action| TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch: scratch.clone(),
        timeout_ms: CHECKOUT_LIMIT_MS,
        action,
    };
    let ready = scratch_marker(&place);
    let mirrors = std::slice::from_ref(&mirror);
    if made == Provisioned::Fresh || !ready.exists() {
        let from = Path::new(&base.path);
        let files = |paths: &[String]| {
            paths.iter().map(|path| FileToPlace { from: from.join(path), to: path.into() }).collect()
        };
        let checkout =
            TreeAction::Checkout { read_only: false, copy: files(&base.copy), link: files(&base.link) };
        tree(context, "-checkout", request(checkout), &place, mirrors).await?;
    }
    let target = commit(&at)?;
    tree(context, "-move", request(TreeAction::MoveTo { commit: target }), &place, mirrors).await?;
    if !ready.exists() {
        run_setup(context, &place, &mirror, &setup, setup_timeout_ms).await?;
        std::fs::write(&ready, b"")
            .map_err(|error| Trouble::Again(format!("{} cannot be written: {error}", ready.display())))?;
    }
    Ok(JobResult::Nothing)
}

/// The mark, outside of what anything sandboxed can write, that a proof checkout has been set up.
fn scratch_marker(place: &CheckoutPlace) -> std::path::PathBuf {
    place.owner_record.with_extension("set-up")
}

pub(super) async fn check(context: &Context, repository: &str, check: CheckDefinition) -> JobOutcome {
    let mirror = mirror_of(context, &context.base(repository)?).await?;
    let place = context.layout.proof(&context.workspace_name(), &context.item_name(), repository)?;
    let permit = context.engine.checks().acquire().await;
    let ended = shell(context, &place, &mirror, "", &check.run, check.timeout_ms).await;
    drop(permit);
    let result = match ended {
        Ok(end) if end.status.success() => CheckResult::Passed,
        Ok(end) => CheckResult::Failed { how: how(&end, check.timeout_ms), tail: tail(&end.all) },
        Err(Trouble::Refused(reason)) => CheckResult::NotRun { reason },
        Err(trouble) => return Err(trouble),
    };
    Ok(JobResult::Check(result))
}
