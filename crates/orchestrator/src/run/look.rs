//! Looking into a worktree for a person: under the same sandbox as everything else that reads there, without any
//! effect of the log.

use super::bases::tree;
use super::context::{Context, commit};
use super::{Trouble, blocking};
use crate::engine::Engine;
use ganger_core::effect::{Action, Effect};
use ganger_core::ids::{EffectId, IdSource};
use ganger_core::work_item::WorkItem;
use ganger_git::{DiffRequest, FileDiff, TreeAction, TreeOutcome, TreeRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A patch is cut at this size, in bytes.
pub const PATCH_LIMIT: usize = 16 << 20;
/// The longest that one look may take: a minute.
const LIMIT_MS: u64 = 60_000;

/// What is looked for in a worktree.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// A tree that an earlier look named, to be compared with instead of the base.
    pub since: Option<String>,
    /// The paths; empty for all.
    pub paths: Vec<String>,
    /// Whether the difference itself is wanted; otherwise only the counts.
    pub patch: bool,
}

/// What changed in a worktree.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The files.
    pub files: Vec<FileDiff>,
    /// The difference as text, where it was asked for.
    pub patch: Option<String>,
    /// What stands there, as a tree that a later look can be compared with; only with the difference itself.
    pub tree: Option<String>,
    /// Whether it is the difference from the earlier look: what was seen then may be gone.
    pub is_since: bool,
}

/// The difference between a repository's base, or an earlier look, and everything that stands in its worktree.
///
/// # Errors
/// A sentence that says why it cannot be read.
pub async fn diff(
    engine: &Arc<Engine>,
    item: &WorkItem,
    repository: &str,
    wanted: Look,
) -> Result<Changes, String> {
    let effect = borrowed(engine);
    let id = effect.id;
    let context = Context::of(engine, item, &effect, 1).await.map_err(sentence)?;
    let result = read(&context, repository, wanted).await.map_err(sentence);
    for directory in
        [context.site.home.join("sessions").join(format!("{id}.1")), context.hosts().join(format!("{id}.1"))]
    {
        if let Err(error) = std::fs::remove_dir_all(&directory)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, directory = %directory.display(), "a scratch directory stays");
        }
    }
    result
}

/// How many lines a file has in a candidate; none where the candidate has no file of this path. Read off the mirror,
/// which nobody but ganger writes.
///
/// # Errors
/// A sentence that says why it cannot be read.
pub async fn line_count(
    engine: &Arc<Engine>,
    item: &WorkItem,
    repository: &str,
    candidate: &str,
    path: &str,
) -> Result<Option<u64>, String> {
    let context = Context::of(engine, item, &borrowed(engine), 1).await.map_err(sentence)?;
    let (candidate, path, repository) = (candidate.to_owned(), path.to_owned(), repository.to_owned());
    let counted = blocking(move || {
        let mirror = context.mirror(&context.base(&repository)?)?;
        Ok(context.ref_git().line_count(&mirror, &commit(&candidate)?, &path)?)
    });
    counted.await.map_err(sentence)
}

fn sentence(trouble: Trouble) -> String {
    match trouble {
        Trouble::Again(reason) | Trouble::Refused(reason) => reason,
        Trouble::Cancelled => "it was cancelled".to_owned(),
    }
}

/// An effect that stands in no log: only the places of a job are borrowed, and given back afterwards.
fn borrowed(engine: &Engine) -> Effect {
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    let look = LOOKS.fetch_add(1, Ordering::Relaxed);
    let seed = format!("look {} {look}", std::process::id());
    let id = EffectId::new(IdSource::seeded(&seed, engine.epoch(), engine.now().wall_ms).ulid());
    Effect { id, action: Action::ReadDraft { session: ganger_core::ids::SessionId::new(0.into()) } }
}

async fn read(context: &Context, repository: &str, wanted: Look) -> Result<Changes, Trouble> {
    let base = context.base(repository)?;
    let (looking, of) = (context.clone(), base.clone());
    let mirror = blocking(move || looking.mirror(&of)).await?;
    let place = context.layout.worktree(&context.workspace_name(), &context.item_name(), repository)?;
    let request = TreeRequest {
        worktree: place.worktree.clone(),
        git_directory: place.git_directory.clone(),
        scratch: context.scratch()?,
        timeout_ms: LIMIT_MS,
        action: TreeAction::Diff(DiffRequest {
            base: commit(&base.base_commit)?,
            since: wanted.since.as_deref().map(commit).transpose()?,
            paths: wanted.paths,
            patch: wanted.patch,
            snapshot: wanted.patch,
        }),
    };
    match tree(context, "", request, &place, std::slice::from_ref(&mirror)).await? {
        TreeOutcome::Diff { files, patch, tree, is_since } => {
            Ok(Changes { files, patch, tree: tree.map(|tree| tree.to_string()), is_since })
        }
        _ => Err(Trouble::Again("the look gave an unexpected answer".to_owned())),
    }
}
