//! The end of a turn: leftovers are committed inside the sandbox, the branch comes out in a bundle, and the mirror
//! says which commit it is. The same tree gives the same id; a candidate's ref never moves.

use super::bases::tree;
use super::context::{Context, commit};
use super::{JobOutcome, Trouble, blocking};
use ganger_core::effect::{Action, CandidateFinding, JobResult, TurnResult};
use ganger_core::review::{ChangeCounts, ChangedFile};
use ganger_git::{
    CandidateImport, Finding, FinishTurn, GitError, ImportLimits, Signature, TreeAction, TreeOutcome,
    TreeRequest,
};

/// The longest that one call of git at the end of a turn may take: 10 minutes.
const FINISH_LIMIT_MS: u64 = 10 * 60 * 1000;
/// Touched paths that are recorded.
const MAX_PATHS: usize = 1000;

pub(super) async fn take(context: Context, action: Action) -> JobOutcome {
    let Action::TakeCandidate { repository, number, branch, base, previous, copied, date, message, .. } =
        action
    else {
        return Ok(JobResult::Nothing);
    };
    let recorded = context.base(&repository)?;
    let (looking, of) = (context.clone(), recorded.clone());
    let mirror = blocking(move || looking.mirror(&of)).await?;
    let place = context.layout.worktree(&context.workspace_name(), &context.item_name(), &repository)?;
    let scratch = context.scratch()?;
    let bundle = scratch.join("branch.bundle");
    let (base, older) = (commit(&base)?, commit(&previous)?);
    let identity = context.identity(&mirror);
    let copied_in: Vec<String> = copied.iter().chain(&recorded.link).cloned().collect();
    let request = TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch,
        timeout_ms: FINISH_LIMIT_MS,
        action: TreeAction::FinishTurn(FinishTurn {
            branch: branch.clone(),
            base: base.clone(),
            previous: (older != base).then(|| older.clone()),
            signature: Signature {
                name: identity.name,
                email: identity.email,
                seconds: i64::try_from(date).unwrap_or(i64::MAX),
                message,
            },
            copied_in: copied_in.clone(),
            bundle: bundle.clone(),
        }),
    };
    let outcome = match tree(&context, "", request, &place, std::slice::from_ref(&mirror)).await {
        Ok(outcome) => outcome,
        Err(Trouble::Again(reason)) if context.attempt > 2 => {
            // What an agent did to its own git directory is for the agent to mend.
            return Ok(JobResult::Turn(TurnResult::Unusable { reason }));
        }
        Err(trouble) => return Err(trouble),
    };
    let held = match outcome {
        TreeOutcome::Candidate { held, .. } => held,
        TreeOutcome::NothingNew { held } if held.is_empty() => {
            return Ok(JobResult::Turn(TurnResult::Nothing));
        }
        TreeOutcome::NothingNew { held } => {
            let paths: Vec<String> =
                held.iter().map(|found| format!("{} {}", found.path, found.reason.sentence())).collect();
            let reason =
                format!("nothing was committed, and what was left cannot be taken: {}", paths.join("; "));
            return Ok(JobResult::Turn(TurnResult::Unusable { reason }));
        }
        TreeOutcome::NotInOrder { sentence, .. } => {
            return Ok(JobResult::Turn(TurnResult::Unusable { reason: sentence }));
        }
        _ => return Err(Trouble::Again("the end of the turn gave an unexpected answer".to_owned())),
    };
    blocking(move || {
        let item = context.item_name();
        let wanted = CandidateImport { item: &item, number, branch: &branch, base: &base };
        let imported = context.ref_git().import_candidate(&mirror, wanted, &bundle, ImportLimits::default());
        let imported = match imported {
            Ok(imported) => imported,
            Err(error @ (GitError::Refused(_) | GitError::Failed { .. })) => {
                let reason = error.to_string();
                return Ok(JobResult::Turn(TurnResult::Unusable { reason }));
            }
            Err(error) => return Err(error.into()),
        };
        let found = context.ref_git().findings(&mirror, &base, &imported, &copied_in)?;
        let mut paths = context.ref_git().touched_paths(&mirror, &base, &imported)?;
        paths.truncate(MAX_PATHS);
        let mut lines = context.ref_git().changed_lines(&mirror, &older, &imported)?;
        lines.truncate(MAX_PATHS);
        let changed =
            lines.into_iter().map(|file| ChangedFile { path: file.path, lines: file.lines }).collect();
        let stats = context.ref_git().stat(&mirror, &base, &imported)?;
        let counts = Some(ChangeCounts {
            files: stats.len() as u64,
            insertions: stats.iter().filter_map(|file| file.added).sum(),
            deletions: stats.iter().filter_map(|file| file.removed).sum(),
        });
        let findings = found.into_iter().chain(held).map(finding).collect();
        Ok(JobResult::Turn(TurnResult::Candidate {
            commit: imported.to_string(),
            findings,
            paths,
            changed,
            counts,
        }))
    })
    .await
}

fn finding(found: Finding) -> CandidateFinding {
    let committed = if found.commit.is_some() { "" } else { "; it was left uncommitted" };
    CandidateFinding { path: found.path, reason: format!("{}{committed}", found.reason.sentence()) }
}
