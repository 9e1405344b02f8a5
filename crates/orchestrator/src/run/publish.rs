//! Comparing with the remote, and pushing exactly one commit. The ref moves once: a lease on what ganger pushed
//! before, and after any doubt the remote is asked.

use super::context::{Context, commit};
use super::{JobOutcome, blocking};
use ganger_core::effect::{BaseComparison, JobResult, PushResult};
use ganger_git::{GitError, MergeCheck};

pub(super) async fn compare(
    context: Context,
    repository: String,
    base_branch: String,
    base: String,
    candidate: String,
) -> JobOutcome {
    let recorded = context.base(&repository)?;
    blocking(move || {
        let mirror = context.mirror(&recorded)?;
        let git = context.ref_git();
        git.refresh(&mirror, context.engine.now().wall_ms)?;
        let (base, candidate) = (commit(&base)?, commit(&candidate)?);
        let Some(tip) = git.resolve(&mirror, &mirror.base_reference(&base_branch))? else {
            // The base branch is gone from the remote: nothing to conflict with.
            return Ok(JobResult::Base(BaseComparison::Current));
        };
        if tip == base {
            return Ok(JobResult::Base(BaseComparison::Current));
        }
        let comparison = match git.merge_check(&mirror, &candidate, &tip)? {
            MergeCheck::Clean => {
                let commits = git.count_commits(&mirror, &base, &tip)?;
                BaseComparison::Behind { commits: u32::try_from(commits).unwrap_or(u32::MAX) }
            }
            MergeCheck::Conflict { paths } => BaseComparison::Conflict { paths },
        };
        Ok(JobResult::Base(comparison))
    })
    .await
}

pub(super) async fn publish(
    context: Context,
    repository: String,
    branch: String,
    candidate: String,
    expected: Option<String>,
) -> JobOutcome {
    let recorded = context.base(&repository)?;
    blocking(move || {
        let mirror = context.mirror(&recorded)?;
        let candidate = commit(&candidate)?;
        let expected = expected.map(|expected| commit(&expected)).transpose()?;
        match context.ref_git().publish(&mirror, &branch, &candidate, expected.as_ref()) {
            Ok(_) => Ok(JobResult::Push(PushResult::Published)),
            Err(GitError::RemoteMoved { found, .. }) => {
                Ok(JobResult::Push(PushResult::RemoteMoved { found: found.map(|found| found.to_string()) }))
            }
            Err(error) => Err(super::Trouble::Again(error.to_string())),
        }
    })
    .await
}
