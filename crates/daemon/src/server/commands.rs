//! What changes something: each carries a key, so that a repetition has no effect and gets the same answer.

use super::address::Address;
use super::failure::Failure;
use super::items::workspace_view;
use super::{Shared, judging, planning, settled};
use crate::views;
use axum::Json;
use axum::extract::{Path, State};
use ganger_api::command::{
    CommandRequest, CommandResult, ItemCommand, NewItem, Publication, PublicationState, RESULT_SCHEMA,
};
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::workspace::{NewWorkspace, WorkspaceView};
use ganger_core::ids::{IdSource, WorkItemId};
use ganger_core::message::Ticket;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::command::ItemCommand as Command;
use ganger_core::work_item::state::SubPlanStage;
use ganger_orchestrator::engine::{CommandIdentity, EngineError};
use ganger_orchestrator::kernel::CommandOutcome;
use ganger_store::Digest;

/// The longest title, in characters.
const MAX_TITLE: usize = 300;
/// The longest ticket, in bytes.
const MAX_TICKET: usize = 1 << 20;

pub(super) fn usage(code: &str, message: String) -> Failure {
    Failure(ErrorDetail::new(exit::USAGE, code, message))
}

fn key_reused(key: &str) -> Failure {
    let message = format!("the key {key} was already used for another command");
    let detail = ErrorDetail::new(exit::REFUSED, "command.key_reused", message);
    Failure(detail.hint("choose a new key for each command"))
}

fn result(item: &WorkItem, message: String, commands: Vec<String>) -> CommandResult {
    CommandResult {
        schema: RESULT_SCHEMA.to_owned(),
        id: item.id.map(|id| id.to_string()).unwrap_or_default(),
        handle: format!("g{}", item.number),
        message,
        repeated: false,
        plan: item.plan_to_change().map(|plan| views::plan::reference(item, plan)),
        publications: Vec::new(),
        commands,
    }
}

pub(super) async fn register(
    State(app): State<Shared>,
    Json(new): Json<NewWorkspace>,
) -> Result<Json<WorkspaceView>, Failure> {
    let id = app.workspace_of(&new.directory).await?;
    let workspace = app.engine.workspace(id).await?;
    Ok(Json(workspace_view(&app, workspace).await?))
}

pub(super) async fn create(
    State(app): State<Shared>,
    Json(new): Json<NewItem>,
) -> Result<Json<CommandResult>, Failure> {
    let title = new.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(usage(
            "item.title_missing",
            "a work item needs a title: one line that says what is to be done".to_owned(),
        ));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(usage(
            "item.title_too_long",
            format!(
                "the title has {} characters; at most {MAX_TITLE} are possible, the rest belongs into the text",
                title.chars().count()
            ),
        ));
    }
    if new.description.len() > MAX_TICKET {
        return Err(usage(
            "item.text_too_long",
            format!(
                "the ticket's text has {} bytes; at most {MAX_TICKET} are possible",
                new.description.len()
            ),
        ));
    }
    let workspace = app.workspace_of(&new.directory).await?;
    let view = workspace_view(&app, app.engine.workspace(workspace).await?).await?;
    for name in new.repositories.iter().chain(new.bases.keys()) {
        if !view.repositories.iter().any(|found| found.name.eq_ignore_ascii_case(name)) {
            let known: Vec<&str> = view.repositories.iter().map(|found| found.name.as_str()).collect();
            let message =
                format!("there is no repository \"{name}\" in {}; it has: {}", view.name, known.join(", "));
            return Err(Failure(ErrorDetail::new(exit::NOT_FOUND, "repository.unknown", message)));
        }
    }
    if new.direct {
        let usable = view.repositories.iter().filter(|found| found.refused.is_none());
        let usable: Vec<&str> = usable.map(|found| found.name.as_str()).collect();
        only_one(&new.repositories, &usable, &view.name)?;
    }
    let description = match new.note.filter(|note| !note.trim().is_empty()) {
        Some(note) => format!("{}\n\nNote for the planner: {}", new.description.trim(), note.trim()),
        None => new.description,
    };
    let ticket = Ticket {
        title,
        description,
        repositories: new.repositories,
        bases: new.bases.into_iter().collect(),
        direct: new.direct,
    };
    // The same key makes the same id, whenever it comes, so that asking twice makes one item.
    let id = WorkItemId::new(IdSource::seeded(&format!("create {}", new.key), 0, 0).ulid());
    let item = app.engine.create_item(id, workspace, ticket.clone()).await?;
    if item.workspace != Some(workspace) || item.ticket.as_ref() != Some(&ticket) {
        return Err(key_reused(&new.key));
    }
    let handle = format!("g{}", item.number);
    let commands = vec![format!("ganger run {handle}"), format!("ganger start {handle}")];
    let title = item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default();
    Ok(Json(result(&item, format!("Created {handle} \"{title}\" on the branch {}.", item.branch), commands)))
}

/// A plan without a planner is for one repository: named, or the only one there is.
fn only_one(named: &[String], usable: &[&str], workspace: &str) -> Result<(), Failure> {
    let what = match (named, usable) {
        ([_], _) | ([], [_]) => return Ok(()),
        ([], []) => format!("{workspace} has none that can be worked on"),
        ([], several) => format!("{workspace} has {}", several.join(", ")),
        (several, _) => format!("{} are named", several.join(", ")),
    };
    let message = format!("a plan without a planner is for one repository, and {what}");
    Err(Failure(
        ErrorDetail::new(exit::USAGE, "item.direct_takes_one", message)
            .hint("ganger new --direct --repo NAME \"…\"")
            .hint("without --direct an agent plans over all of them"),
    ))
}

pub(super) async fn command(
    State(app): State<Shared>,
    Path(item): Path<String>,
    Json(request): Json<CommandRequest>,
) -> Result<Json<CommandResult>, Failure> {
    let directory = request.directory.as_deref();
    let address = app.address(&item, directory).await?;
    let number = address.item.number;
    let key = format!("{}:{}", address.id(), request.key);
    // Plain data with text keys always has a JSON form.
    let body = Digest::of(&serde_json::to_vec(&request.command).unwrap_or_default());
    let known = app.engine.store().command_result(&key)?;
    if known.as_ref().is_some_and(|known| known.body_digest != body) {
        return Err(key_reused(&request.key));
    }
    let repeated = known.is_some();
    let (command, message) = translate(&app, &address, &request, repeated).await?;
    if let ItemCommand::Publish { dry_run: true } = request.command {
        let mut answer =
            result(&address.item, format!("g{number} would be pushed so; nothing was done."), Vec::new());
        answer.publications = publications(&address.item, true);
        return Ok(Json(answer));
    }
    if !repeated {
        let identity = Some(CommandIdentity { key, body });
        match app.engine.item_command(address.id(), command.clone(), identity).await {
            Ok(()) => {}
            Err(error) => return Err(refusal(&app, &address.item, &command, error)),
        }
    }
    let after = app.engine.item(address.id()).await?;
    let message = judging::message(&*app, &address.item, &after, &command)
        .or_else(|| planning::message(&address.item, &after, &command))
        .unwrap_or(message);
    let next = planning::next(&after, &command).unwrap_or_else(|| vec![format!("ganger show g{number}")]);
    let mut answer = result(&after, message, next);
    answer.repeated = repeated;
    if matches!(request.command, ItemCommand::Publish { .. }) {
        answer.publications = publications(&after, false);
    }
    Ok(Json(answer))
}

/// Why a command was refused. Whoever comes second to a decision is told what the first one said.
fn refusal(app: &Shared, item: &WorkItem, command: &Command, error: EngineError) -> Failure {
    match (&error, judging::moves(command)) {
        (EngineError::Command(CommandOutcome::Rejected(rejection)), Some(decision))
            if rejection.code == "decision.settled" =>
        {
            settled::sentence(app, item, decision).map_or_else(|failure| failure, Failure)
        }
        _ => error.into(),
    }
}

pub(super) async fn settings(
    app: &Shared,
    item: &WorkItem,
) -> Result<ganger_core::work_item::state::Settings, Failure> {
    let workspace = app.workspace(item).await?;
    Ok(app.machine.item_settings(std::path::Path::new(&workspace.directory))?)
}

async fn translate(
    app: &Shared,
    address: &Address,
    request: &CommandRequest,
    repeated: bool,
) -> Result<(Command, String), Failure> {
    let item = &address.item;
    let number = item.number;
    // What was accepted once is not held against what has changed since.
    let checks = !repeated;
    let directory = request.directory.as_deref();
    if let Some(command) = judging::translate(app, address, &request.command, directory, checks).await? {
        return Ok((command, String::new()));
    }
    if let Some(command) = planning::translate(app, address, &request.command, directory).await? {
        return Ok((command, String::new()));
    }
    Ok(match &request.command {
        ItemCommand::Stop { target } => {
            let target = within(app, item, target, request.directory.as_deref()).await?;
            let what =
                target.clone().map_or_else(|| format!("g{number}"), |name| format!("g{number}/{name}"));
            (
                Command::Stop { repository: target },
                format!("Stopped {what}; its worktree stands as it was left."),
            )
        }
        ItemCommand::Retry { target, text, fresh, agent } => {
            let target = within(app, item, target, request.directory.as_deref()).await?;
            let what =
                target.clone().map_or_else(|| format!("g{number}"), |name| format!("g{number}/{name}"));
            let text = text.clone().unwrap_or_default();
            let (fresh, agent) = (*fresh, agent.clone());
            if let Some(agent) = &agent {
                let workspace = app.workspace(item).await?;
                app.machine.check_agent(std::path::Path::new(&workspace.directory), agent)?;
            }
            let said = match (&agent, fresh) {
                (None, false) => format!("{what} goes on."),
                (Some(agent), false) => format!("{what} goes on with {agent}."),
                (None, true) => format!("{what} begins anew; what it had done is kept."),
                (Some(agent), true) => format!("{what} begins anew with {agent}; what was done is kept."),
            };
            let settings = settings(app, item).await?;
            (Command::Retry { repository: target, text, fresh, agent, settings }, said)
        }
        ItemCommand::Publish { .. } => {
            (Command::Publish {}, format!("The branches of g{number} are being pushed."))
        }
        // `judging` and `planning` have them; listed so that a new command can't be forgotten here.
        ItemCommand::Start
        | ItemCommand::Approve { .. }
        | ItemCommand::Edit { .. }
        | ItemCommand::Revise { .. }
        | ItemCommand::FollowUp { .. }
        | ItemCommand::Drop { .. }
        | ItemCommand::Reject { .. }
        | ItemCommand::Answer { .. }
        | ItemCommand::AnswerAsProposed { .. }
        | ItemCommand::Discuss { .. }
        | ItemCommand::Skip { .. }
        | ItemCommand::Correct { .. }
        | ItemCommand::Comment { .. }
        | ItemCommand::Waive { .. }
        | ItemCommand::Accept { .. } => {
            return Err(usage("command.unknown", "this command cannot be carried out".to_owned()));
        }
    })
}

pub(super) async fn within(
    app: &Shared,
    item: &WorkItem,
    target: &str,
    directory: Option<&str>,
) -> Result<Option<String>, Failure> {
    let meant = app.address(target, directory).await?;
    if meant.item.id != item.id {
        return Err(usage("target.elsewhere", format!("{target} does not lie in g{}", item.number)));
    }
    match meant.part {
        None => Ok(meant.repository),
        // A slip of the hand must not stop a repository because a question of it was named.
        Some(_) => {
            let message = format!("{target} is neither g{0} nor a repository of it", item.number);
            let place = meant
                .repository
                .map_or_else(|| format!("g{}", item.number), |name| format!("g{}/{name}", item.number));
            Err(Failure(ErrorDetail::new(exit::USAGE, "target.not_a_part", message).hint(place)))
        }
    }
}

fn publications(item: &WorkItem, dry_run: bool) -> Vec<Publication> {
    let order = item.waves.iter().flat_map(|wave| wave.repositories.iter());
    order
        .filter_map(|name| {
            let sub_plan = item.sub_plans.get(name)?;
            let base = item.base(name)?;
            let state = match sub_plan.stage {
                SubPlanStage::Published => PublicationState::Published,
                SubPlanStage::Proven if dry_run => PublicationState::Ready,
                SubPlanStage::Proven => PublicationState::Pushing,
                _ => PublicationState::NotReady,
            };
            Some(Publication {
                repository: name.clone(),
                remote: base.push_remote.clone(),
                branch: item.branch.clone(),
                commit: sub_plan.candidate().map(|candidate| candidate.commit.clone()),
                commits: None,
                reason: sub_plan.trouble.clone().filter(|_| state == PublicationState::NotReady),
                state,
                url: None,
            })
        })
        .collect()
}
