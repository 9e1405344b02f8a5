//! What changed against the commit that work started from, uncommitted files included.

use super::Shared;
use super::failure::Failure;
use crate::views;
use axum::Json;
use axum::extract::{Path, Query, State};
use ganger_api::diff::{DIFF_SCHEMA, DiffView, FileChange, FileChangeKind, RepositoryDiff};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::item::ChangeCount;
use ganger_api::routes::DiffQuery;
use ganger_core::work_item::WorkItem;
use ganger_git::FileStat;
use ganger_orchestrator::run::look;

pub(super) async fn diff(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<DiffView>, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let names: Vec<String> = match &address.repository {
        Some(name) => vec![name.clone()],
        None => address.item.waves.iter().flat_map(|wave| wave.repositories.clone()).collect(),
    };
    let mut repositories = Vec::new();
    for name in names {
        repositories.push(one(&app, &address.item, &name, !query.stat).await?);
    }
    let handle = format!("g{}", address.item.number);
    Ok(Json(DiffView { schema: DIFF_SCHEMA.to_owned(), handle, repositories }))
}

async fn one(app: &Shared, item: &WorkItem, name: &str, patch: bool) -> Result<RepositoryDiff, Failure> {
    let sub_plan = item.sub_plans.get(name).cloned().unwrap_or_default();
    let waits = item.decisions.iter().any(|open| open.repository.as_deref() == Some(name));
    let mut answer = RepositoryDiff {
        name: name.to_owned(),
        handle: format!("g{}/{name}", item.number),
        state: views::item::part_state(sub_plan.stage, waits),
        base: item.base(name).map(|base| base.base_commit.clone()),
        head: sub_plan.candidate().map(|candidate| candidate.commit.clone()),
        changes: None,
        files: Vec::new(),
        patch: None,
        truncated: false,
    };
    let workspace = app.workspace(item).await?;
    let stands = app
        .worktree(item, &workspace, name)
        .is_some_and(|place| place.worktree.is_dir() && !place.worktree.is_symlink());
    if !stands {
        return Ok(answer);
    }
    let seen = look::diff(&app.engine, item, name, patch).await.map_err(|reason| {
        let message = format!("the changes of g{}/{name} cannot be read: {reason}", item.number);
        Failure(ErrorDetail::new(exit::FAILED, "diff.failed", message))
    })?;
    answer.changes = Some(count(&seen.files));
    answer.files = seen.files.iter().map(change).collect();
    answer.truncated = patch && seen.patch.as_ref().is_some_and(|patch| patch.len() >= look::PATCH_LIMIT);
    answer.patch = seen.patch;
    Ok(answer)
}

fn count(files: &[FileStat]) -> ChangeCount {
    ChangeCount {
        files: files.len() as u64,
        insertions: files.iter().filter_map(|file| file.added).sum(),
        deletions: files.iter().filter_map(|file| file.removed).sum(),
        uncommitted: 0,
    }
}

fn change(file: &FileStat) -> FileChange {
    FileChange {
        path: file.path.clone(),
        from: file.old_path.clone(),
        kind: if file.old_path.is_some() { FileChangeKind::Renamed } else { FileChangeKind::Modified },
        insertions: file.added,
        deletions: file.removed,
    }
}
