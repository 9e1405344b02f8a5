//! What changed against the commit that work started from, uncommitted files included.

use super::Shared;
use super::failure::Failure;
use crate::views;
use axum::Json;
use axum::extract::{Path, Query, State};
use ganger_api::diff::{DIFF_SCHEMA, DiffKind, DiffView, FileChange, FileChangeKind, RepositoryDiff};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::item::ChangeCount;
use ganger_api::routes::DiffQuery;
use ganger_core::work_item::WorkItem;
use ganger_git::{FileDiff, FileState};
use ganger_orchestrator::run::look::{self, Changes, Look, PATCH_LIMIT};
use std::collections::BTreeMap;

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
    let since = since(query.since.as_deref())?;
    let mut repositories = Vec::new();
    for name in names {
        repositories.push(one(&app, &address.item, &name, &query, since.get(&name)).await?);
    }
    let handle = format!("g{}", address.item.number);
    let id = address.item.id.map(|id| id.to_string()).unwrap_or_default();
    let kind = match (query.drift, &query.since) {
        (true, _) => DiffKind::Drift,
        (false, Some(_)) => DiffKind::Since,
        (false, None) => DiffKind::Whole,
    };
    Ok(Json(DiffView { schema: DIFF_SCHEMA.to_owned(), id, handle, kind, repositories }))
}

/// The trees of earlier looks, by repository.
fn since(text: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
    let wrong = |entry: &str| {
        let message = format!("\"{entry}\" is no NAME=TREE of an earlier answer");
        Failure(ErrorDetail::new(exit::USAGE, "diff.since", message))
    };
    let entry = |entry: &str| {
        let (name, tree) = entry.rsplit_once('=').ok_or_else(|| wrong(entry))?;
        let is_id = matches!(tree.len(), 40 | 64) && tree.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_id { Ok((name.to_owned(), tree.to_owned())) } else { Err(wrong(entry)) }
    };
    let entries = text.into_iter().flat_map(|text| text.split(',')).filter(|entry| !entry.is_empty());
    entries.map(entry).collect()
}

async fn one(
    app: &Shared,
    item: &WorkItem,
    name: &str,
    query: &DiffQuery,
    since: Option<&String>,
) -> Result<RepositoryDiff, Failure> {
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
        tree: None,
        is_since: false,
        has_scope: item.outside_scope(name, &[]).is_some(),
    };
    let workspace = app.workspace(item).await?;
    let stands = app
        .worktree(item, &workspace, name)
        .is_some_and(|place| place.worktree.is_dir() && !place.worktree.is_symlink());
    if !stands {
        return Ok(answer);
    }
    let mut wanted = Look { since: since.cloned(), paths: Vec::new(), patch: !query.stat };
    if query.drift {
        // Which paths lie outside is known only when all are.
        let all = look(app, item, name, Look { patch: false, ..wanted.clone() }).await?;
        let touched: Vec<String> = all.files.iter().map(|file| file.stat.path.clone()).collect();
        wanted.paths = item.outside_scope(name, &touched).unwrap_or_default();
        if wanted.paths.is_empty() {
            answer.changes = Some(ChangeCount::default());
            answer.patch = (!query.stat).then(String::new);
            return Ok(answer);
        }
    }
    let seen = look(app, item, name, wanted).await?;
    let touched: Vec<String> = seen.files.iter().map(|file| file.stat.path.clone()).collect();
    let outside = item.outside_scope(name, &touched).unwrap_or_default();
    answer.changes = Some(count(&seen.files));
    answer.files = seen.files.iter().map(|file| change(file, outside.contains(&file.stat.path))).collect();
    answer.truncated = seen.patch.as_ref().is_some_and(|patch| patch.len() >= PATCH_LIMIT);
    answer.patch = seen.patch;
    answer.tree = seen.tree;
    answer.is_since = seen.is_since;
    Ok(answer)
}

async fn look(app: &Shared, item: &WorkItem, name: &str, wanted: Look) -> Result<Changes, Failure> {
    look::diff(&app.engine, item, name, wanted).await.map_err(|reason| {
        let message = format!("the changes of g{}/{name} cannot be read: {reason}", item.number);
        Failure(ErrorDetail::new(exit::FAILED, "diff.failed", message))
    })
}

fn count(files: &[FileDiff]) -> ChangeCount {
    ChangeCount {
        files: files.len() as u64,
        insertions: files.iter().filter_map(|file| file.stat.added).sum(),
        deletions: files.iter().filter_map(|file| file.stat.removed).sum(),
        uncommitted: files.iter().filter(|file| file.uncommitted).count() as u64,
    }
}

fn change(file: &FileDiff, is_outside_scope: bool) -> FileChange {
    FileChange {
        path: file.stat.path.clone(),
        from: file.stat.old_path.clone(),
        kind: match file.state {
            FileState::Added => FileChangeKind::Added,
            FileState::Modified => FileChangeKind::Modified,
            FileState::Deleted => FileChangeKind::Deleted,
            FileState::Renamed => FileChangeKind::Renamed,
            FileState::Untracked => FileChangeKind::Untracked,
        },
        insertions: file.stat.added,
        deletions: file.stat.removed,
        uncommitted: file.uncommitted,
        is_outside_scope,
    }
}
