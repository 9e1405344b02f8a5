//! Reading: lists, details, plans, paths, decisions. Reading never starts work.

use super::failure::Failure;
use super::{App, Shared, settled};
use crate::paths;
use crate::views::{self, Names};
use axum::Json;
use axum::extract::{Path, Query, State};
use ganger_api::decision::{Decision as DecisionView, INBOX_SCHEMA, Inbox};
use ganger_api::diff::PathView;
use ganger_api::doctor::{DoctorReport, DoctorRow, DoctorSection, DoctorState};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::item::{ITEMS_SCHEMA, ItemDetail, ItemList};
use ganger_api::plan::PlanView;
use ganger_api::question::FaqView;
use ganger_api::routes::{AddressQuery, DecisionsQuery, ItemsQuery, PlanQuery};
use ganger_api::workspace::{RepositoryView, WORKSPACES_SCHEMA, WorkspaceList, WorkspaceView};
use ganger_core::work_item::WorkItem;
use ganger_core::workspace::Workspace;
use ganger_git::{CheckoutPlace, RemoteChoice, Verdict};
use ganger_orchestrator::projection::{self, ItemSummary};
use ganger_store::{ListQuery, NumberKind, StreamKind};
use std::collections::BTreeMap;

impl Names for App {
    fn number(&self, kind: NumberKind, id: &str) -> Option<u64> {
        self.engine.store().number_of(kind, id).unwrap_or_else(|error| {
            tracing::warn!(%error, id, "a number cannot be read");
            None
        })
    }
}

impl App {
    pub(super) async fn workspace(&self, item: &WorkItem) -> Result<Workspace, Failure> {
        match item.workspace {
            Some(id) => Ok(self.engine.workspace(id).await?),
            None => Ok(Workspace::default()),
        }
    }

    /// Where a repository's worktree stands or will stand.
    pub(super) fn worktree(
        &self,
        item: &WorkItem,
        workspace: &Workspace,
        name: &str,
    ) -> Option<CheckoutPlace> {
        let directory = paths::workspace_directory(&workspace.name, workspace.id?);
        self.paths.git_layout().worktree(&directory, &paths::item_directory(item.number, item.id?), name).ok()
    }

    fn workspace_names(&self) -> Result<BTreeMap<String, String>, Failure> {
        let rows =
            self.engine.store().list(&ListQuery::all(StreamKind::Workspace, ganger_store::MAX_PAGE))?;
        Ok(rows.into_iter().map(|(stream, row)| (stream.id, row.title)).collect())
    }
}

pub(super) async fn list(
    State(app): State<Shared>,
    Query(query): Query<ItemsQuery>,
) -> Result<Json<ItemList>, Failure> {
    let names = app.workspace_names()?;
    let wanted = match &query.directory {
        Some(directory) => match paths::find_workspace(std::path::Path::new(directory))? {
            Some(_) => Some(app.workspace_of(directory).await?.to_string()),
            None => None,
        },
        None => None,
    };
    let (store, everything) =
        (app.engine.store(), ListQuery::all(StreamKind::WorkItem, ganger_store::MAX_PAGE));
    let open = super::unfinished();
    let hidden = if query.all { 0 } else { store.count(&everything)?.saturating_sub(store.count(&open)?) };
    let mut items = Vec::new();
    for (_, row) in store.list(if query.all { &everything } else { &open })? {
        if query.waiting && !row.needs_person {
            continue;
        }
        let Ok(summary) = serde_json::from_str::<ItemSummary>(&row.summary) else { continue };
        if wanted.as_ref().is_some_and(|id| *id != summary.workspace) {
            continue;
        }
        let touches =
            |name: &String| summary.repositories.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        if query.repository.as_ref().is_some_and(|name| !touches(name)) {
            continue;
        }
        let workspace = names.get(&summary.workspace).map(String::as_str).unwrap_or_default();
        items.push(views::item::summary(&summary, workspace, &*app));
    }
    // What needs a person first, then the live ones, then the finished ones; the newest first in each.
    items.sort_by_key(|item| (!item.head.needs_person(), item.head.outcome.is_some()));
    Ok(Json(ItemList { schema: ITEMS_SCHEMA.to_owned(), items, finished_hidden: hidden }))
}

pub(super) async fn show(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<AddressQuery>,
) -> Result<Json<ItemDetail>, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let workspace = app.workspace(&address.item).await?;
    let directory = |name: &str| {
        app.worktree(&address.item, &workspace, name).map(|place| place.worktree.display().to_string())
    };
    Ok(Json(views::item::detail(&address.item, &workspace, &*app, directory)))
}

pub(super) async fn plan(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<PlanQuery>,
) -> Result<Json<PlanView>, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let number = address.item.number;
    let wanted = views::plan::Wanted {
        version: query.version,
        section: query.section.or(address.repository),
        from: query.from,
        to: query.to,
    };
    let view = views::plan::view(&address.item, &wanted).ok_or_else(|| {
        let what = match (wanted.version, &wanted.section) {
            (Some(version), _) => format!("version {version} of its plan"),
            (None, Some(section)) => format!("plan for {section}"),
            (None, None) => "plan yet".to_owned(),
        };
        let detail = ErrorDetail::new(exit::NOT_FOUND, "plan.unknown", format!("g{number} has no {what}"));
        Failure(detail.hint(format!("ganger show g{number}")))
    })?;
    Ok(Json(view))
}

pub(super) async fn path(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<AddressQuery>,
) -> Result<Json<PathView>, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    let workspace = app.workspace(&address.item).await?;
    let number = address.item.number;
    let (handle, directory) = match &address.repository {
        Some(name) => {
            let place = app.worktree(&address.item, &workspace, name);
            (format!("g{number}/{name}"), place.map(|place| place.worktree))
        }
        None => {
            let layout = app.paths.git_layout();
            let of_workspace = workspace.id.map(|id| paths::workspace_directory(&workspace.name, id));
            let directory = of_workspace.and_then(|workspace| {
                layout.item_directory(&workspace, &paths::item_directory(number, address.item.id?)).ok()
            });
            (format!("g{number}"), directory)
        }
    };
    match directory.filter(|directory| directory.is_dir()) {
        Some(directory) => Ok(Json(PathView { handle, directory: directory.display().to_string() })),
        None => {
            let message = format!("{handle} has no worktree yet: it is made when its wave begins");
            let detail = ErrorDetail::new(exit::REFUSED, "worktree.none", message);
            Err(Failure(detail.hint(format!("ganger show g{number}"))))
        }
    }
}

pub(super) async fn inbox(
    State(app): State<Shared>,
    Query(query): Query<DecisionsQuery>,
) -> Result<Json<Inbox>, Failure> {
    let only = match &query.item {
        Some(item) => Some(app.address(item, query.directory.as_deref()).await?.item.number),
        None => None,
    };
    let mut waiting = ListQuery::all(StreamKind::WorkItem, ganger_store::MAX_PAGE);
    waiting.needs_person = true;
    let mut decisions = Vec::new();
    for (stream, row) in app.engine.store().list(&waiting)? {
        if only.is_some() && only != row.number {
            continue;
        }
        let Ok(id) = stream.id.parse() else { continue };
        let item = app.engine.item(id).await?;
        let summary = projection::summary(&item);
        for open in &item.decisions {
            decisions.push(views::decision::view(&item, &summary, open, &*app));
        }
    }
    views::decision::sort(&mut decisions);
    Ok(Json(Inbox { schema: INBOX_SCHEMA.to_owned(), decisions }))
}

pub(super) async fn decision(
    State(app): State<Shared>,
    Path(decision): Path<String>,
) -> Result<Json<DecisionView>, Failure> {
    let address = app.address(&decision, None).await?;
    let id = address.decision().ok_or_else(|| {
        let message = format!("{decision} is no decision: those have handles such as d41");
        Failure(ErrorDetail::new(exit::NOT_FOUND, "decision.unknown", message).hint("ganger inbox"))
    })?;
    let Some(open) = address.item.decision(id) else {
        return Err(Failure(settled::sentence(&app, &address.item, id)?));
    };
    let summary = projection::summary(&address.item);
    Ok(Json(views::decision::view(&address.item, &summary, open, &*app)))
}

pub(super) async fn faq(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Query(query): Query<AddressQuery>,
) -> Result<Json<FaqView>, Failure> {
    let address = app.address(&item, query.directory.as_deref()).await?;
    Ok(Json(views::question::faq(&address.item, &*app)))
}

pub(super) async fn workspaces(State(app): State<Shared>) -> Result<Json<WorkspaceList>, Failure> {
    let mut workspaces = Vec::new();
    for id in app.workspace_names()?.keys() {
        let Ok(id) = id.parse() else { continue };
        let workspace = app.engine.workspace(id).await?;
        workspaces.push(workspace_view(&app, workspace).await?);
    }
    workspaces.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Json(WorkspaceList { schema: WORKSPACES_SCHEMA.to_owned(), workspaces }))
}

pub(super) async fn workspace_view(app: &Shared, workspace: Workspace) -> Result<WorkspaceView, Failure> {
    use ganger_orchestrator::settings::Surroundings;
    let owned = std::sync::Arc::clone(app);
    let directory = workspace.directory.clone();
    let discovered = tokio::task::spawn_blocking(move || {
        let root = std::path::Path::new(&directory);
        let settings = owned.machine.workspace(root)?;
        owned.engine.discoverer().discover_repos(root, &settings.exclude).map_err(|error| error.to_string())
    })
    .await
    .unwrap_or_else(|error| Err(error.to_string()));
    let discovery = discovered
        .map_err(|reason| Failure(ErrorDetail::new(exit::ENVIRONMENT, "workspace.unreadable", reason)))?;
    let refused = discovery.preflight.rows.iter().filter_map(|row| match &row.verdict {
        Verdict::Refused { sentence } => Some(RepositoryView {
            name: row.name.clone(),
            directory: row.path.display().to_string(),
            base_branch: None,
            remote: None,
            languages: Vec::new(),
            refused: Some(sentence.clone()),
        }),
        _ => None,
    });
    let works = discovery.repositories.iter().map(|found| RepositoryView {
        name: found.name.clone(),
        directory: found.path.display().to_string(),
        base_branch: found.known_default_branch.clone(),
        remote: match &found.remote {
            RemoteChoice::Named { name } => Some(name.clone()),
            _ => None,
        },
        languages: found.languages.clone(),
        refused: None,
    });
    let mut repositories: Vec<RepositoryView> = works.chain(refused).collect();
    repositories.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(WorkspaceView {
        id: workspace.id.map(|id| id.to_string()).unwrap_or_default(),
        name: workspace.name,
        directory: workspace.directory,
        repositories,
    })
}

pub(super) async fn doctor(State(app): State<Shared>) -> Json<DoctorReport> {
    let live = app.engine.hosts().running().len();
    let rows = vec![DoctorRow {
        state: DoctorState::Ok,
        subject: format!("ganger {}", env!("CARGO_PKG_VERSION")),
        facts: vec![
            format!("process {}", std::process::id()),
            format!("started {} times", app.engine.epoch()),
            format!("{live} agent programs live"),
        ],
        fix: None,
    }];
    Json(DoctorReport::new(vec![DoctorSection {
        name: "daemon".to_owned(),
        summary: "runs".to_owned(),
        rows,
    }]))
}
