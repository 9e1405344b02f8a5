//! A worktree that begins anew: what stands in it goes into refs of the mirror, and only then it is removed and made
//! again. A crash in between is made good by doing it once more.

use super::bases::{CHECKOUT_LIMIT_MS, tree};
use super::context::{Context, commit};
use super::{JobOutcome, Trouble, blocking, provision};
use ganger_core::effect::{JobResult, Preserved};
use ganger_core::repository::RepositoryBase;
use ganger_git::{CheckoutState, OwnerRecord, Signature, TreeAction, TreeRequest};

/// What is to begin anew.
pub(super) struct StartOver {
    /// What the refs are named after.
    pub(super) attempt: String,
    /// The item's branch.
    pub(super) branch: String,
    /// The repository with its base.
    pub(super) base: RepositoryBase,
    /// The date of what was left uncommitted, in seconds since 1970.
    pub(super) date: u64,
}

pub(super) async fn start_over(context: Context, wanted: StartOver) -> JobOutcome {
    clear(&context, &wanted).await?;
    let (looking, base, attempt) = (context.clone(), wanted.base.clone(), wanted.attempt);
    provision::provision(context, wanted.branch, vec![wanted.base]).await?;
    blocking(move || {
        let mirror = looking.mirror(&base)?;
        let kept = looking.ref_git().preserved(&mirror, &attempt)?;
        let kept =
            kept.into_iter().map(|(reference, commit)| Preserved { reference, commit: commit.to_string() });
        Ok(JobResult::StartedOver { preserved: kept.collect() })
    })
    .await
}

/// Saves what stands in the worktree and removes it. Nothing to do where it is gone already.
async fn clear(context: &Context, wanted: &StartOver) -> Result<(), Trouble> {
    let place =
        context.layout.worktree(&context.workspace_name(), &context.item_name(), &wanted.base.name)?;
    let Some(record) = OwnerRecord::read(&place)? else { return Ok(()) };
    // A removal that a crash cut short, or a worktree that nobody was ever in.
    let is_saved = record.state == CheckoutState::Removing;
    let is_unused = record.state == CheckoutState::Making || !place.git_directory.join("index").exists();
    if is_saved || is_unused {
        let git = context.clone();
        return blocking(move || {
            let saved = git.ref_git().nothing_to_save(&place)?;
            Ok(git.ref_git().remove_checkout(saved)?)
        })
        .await;
    }
    let (looking, of) = (context.clone(), wanted.base.clone());
    let mirror = blocking(move || looking.mirror(&of)).await?;
    let scratch = context.scratch()?;
    let bundle = scratch.join("preserved.bundle");
    let identity = context.identity(&mirror);
    let request = TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch,
        timeout_ms: CHECKOUT_LIMIT_MS,
        action: TreeAction::Preserve {
            base: commit(&wanted.base.base_commit)?,
            bundle: bundle.clone(),
            signature: Signature {
                name: identity.name,
                email: identity.email,
                seconds: i64::try_from(wanted.date).unwrap_or(i64::MAX),
                message: "Left uncommitted when the work was started over.".to_owned(),
            },
        },
    };
    let outcome = tree(context, "-preserve", request, &place, std::slice::from_ref(&mirror)).await?;
    let (git, attempt) = (context.clone(), wanted.attempt.clone());
    blocking(move || {
        let saved = git.ref_git().save(&mirror, &place, &attempt, &outcome, &bundle)?;
        Ok(git.ref_git().remove_checkout(saved)?)
    })
    .await
}
