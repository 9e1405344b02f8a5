//! The runners: each carries out one kind of effect and says what became of it. All of them may be run again with
//! the same intent; what each promises stands in its module.

mod bases;
pub mod checks;
pub mod context;
pub mod guidance;
pub mod handshake;
pub mod jobs;
pub mod look;
mod message;
pub mod policy;
pub mod provision;
mod publish;
pub mod sessions;
mod start_over;
pub(crate) mod tidy;
pub mod trial;
mod turn;

use crate::engine::Engine;
use context::Context;
use ganger_core::effect::{Action, Effect, JobResult, Outcome};
use ganger_core::ids::EffectId;
use ganger_core::work_item::WorkItem;
use ganger_host::sweep;
use start_over::StartOver;
use std::sync::Arc;
use tokio::sync::watch;

/// Why a job has no result.
#[derive(Debug)]
pub enum Trouble {
    /// Trying again may help.
    Again(String),
    /// A person must look at it.
    Refused(String),
    /// It was withdrawn.
    Cancelled,
}

impl From<ganger_git::GitError> for Trouble {
    fn from(error: ganger_git::GitError) -> Self {
        use ganger_git::GitError;
        match &error {
            GitError::NotInstalled
            | GitError::TooOld { .. }
            | GitError::Refused(_)
            | GitError::BadName { .. } => Self::Refused(error.to_string()),
            _ => Self::Again(error.to_string()),
        }
    }
}

pub(crate) type JobOutcome = Result<JobResult, Trouble>;

/// Runs something that blocks, such as git, off the pump.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Trouble::Again(format!("a runner ended unexpectedly: {error}"))))
}

/// Carries out one attempt of a job.
pub(crate) async fn job(
    engine: &Arc<Engine>,
    item: &WorkItem,
    effect: Effect,
    attempt: u32,
    mut cancelled: watch::Receiver<bool>,
) -> Outcome {
    let name = effect.action.name();
    let id = effect.id;
    let work = async {
        let context = Context::of(engine, item, &effect, attempt).await?;
        match effect.action {
            Action::PrepareBases { repositories, bases, max_repositories } => {
                bases::prepare(context, repositories, bases, max_repositories).await
            }
            Action::ReadDraft { session } => bases::read_draft(&context, session),
            Action::ReadLastMessage { session, incarnation, .. } => {
                message::read(context, session, incarnation).await
            }
            Action::Provision { branch, repositories, .. } => {
                provision::provision(context, branch, repositories).await
            }
            Action::StartOver { attempt, branch, base, date } => {
                start_over::start_over(context, StartOver { attempt, branch, base, date }).await
            }
            Action::Setup { repository, commands, timeout_ms } => {
                checks::setup(&context, &repository, commands, timeout_ms).await
            }
            action @ Action::TakeCandidate { .. } => turn::take(context, action).await,
            Action::PrepareProof { repository, commit, setup, setup_timeout_ms } => {
                checks::prepare_proof(&context, &repository, commit, setup, setup_timeout_ms).await
            }
            Action::Check { repository, check, .. } => checks::check(&context, &repository, check).await,
            Action::CompareBase { repository, base_branch, base, commit } => {
                publish::compare(context, repository, base_branch, base, commit).await
            }
            Action::Publish { repository, branch, commit, expected } => {
                publish::publish(context, repository, branch, commit, expected).await
            }
            Action::Sweep { session, incarnation } => {
                let directory = context.session_host(session, incarnation);
                blocking(move || {
                    sweep::sweep(&directory, sweep::DEFAULT_LIMIT)
                        .map(|_| JobResult::Nothing)
                        .map_err(|error| Trouble::Again(error.to_string()))
                })
                .await
            }
            _ => Ok(JobResult::Nothing),
        }
    };
    // What runs under a host is ended below; what only calls git ends with that call.
    let result = tokio::select! {
        result = work => result,
        () = withdrawn(&mut cancelled) => Err(Trouble::Cancelled),
    };
    match result {
        Ok(result) => Outcome::Done(result),
        Err(Trouble::Refused(reason)) => Outcome::Done(JobResult::Refused { reason }),
        Err(Trouble::Again(reason)) => {
            tracing::warn!(effect = name, %reason, "an attempt failed");
            Outcome::Failed { reason }
        }
        Err(Trouble::Cancelled) => end(engine, id, attempt).await,
    }
}

/// Ends what runs of a withdrawn attempt, whoever started it, and says what became of it.
pub(crate) async fn end(engine: &Arc<Engine>, effect: EffectId, attempt: u32) -> Outcome {
    engine.equipped().await;
    let site = match engine.surroundings().site() {
        Ok(site) => site,
        Err(reason) => return Outcome::Unknown { reason },
    };
    if jobs::end_all(&site.home, effect, attempt).await {
        Outcome::Unknown { reason: "it was withdrawn while it ran".to_owned() }
    } else {
        Outcome::NeverStarted
    }
}

async fn withdrawn(cancelled: &mut watch::Receiver<bool>) {
    if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
        // Nobody can withdraw it any more.
        std::future::pending::<()>().await;
    }
}
