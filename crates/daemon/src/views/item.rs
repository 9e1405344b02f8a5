//! Work items: the row of a list, and the whole.

use super::{Names, decision, question, review, timestamp};
use ganger_api::item::{
    BaseView, CandidateView, ChangeCount, CheckVerdict, CheckView, ITEM_SCHEMA, ItemDetail, ItemHead,
    ItemStatus, ItemSummary, Outcome, PartState, PartView, PublishedView, RepositoryBrief, WavePosition,
};
use ganger_api::session::{SessionKind as KindView, SessionState, SessionView, UsageView};
use ganger_api::wait::{Wait, WaitKind, WaitOwner};
use ganger_core::agent::Usage;
use ganger_core::effect::CheckResult;
use ganger_core::repository::{CheckDefinition, RepositoryBase};
use ganger_core::session::SessionKind;
use ganger_core::site::AccountLimit;
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::{HostState, Session, SubPlan, SubPlanStage, WaveStage};
use ganger_core::work_item::status::Status;
use ganger_orchestrator::projection;
use std::collections::BTreeMap;

/// The API's status.
pub const fn status(status: Status) -> ItemStatus {
    match status {
        Status::Ingested => ItemStatus::Ingested,
        Status::Planning => ItemStatus::Planning,
        Status::PlanReview => ItemStatus::PlanReview,
        Status::Approved => ItemStatus::Approved,
        Status::Implementing => ItemStatus::Implementing,
        Status::Reviewing => ItemStatus::Reviewing,
        Status::Completed => ItemStatus::Completed,
        Status::Failed => ItemStatus::Failed,
    }
}

/// Where a part stands.
pub fn part_state(stage: SubPlanStage, waits: bool) -> PartState {
    match stage {
        SubPlanStage::Stopped => PartState::Stopped,
        _ if waits => PartState::NeedsYou,
        SubPlanStage::Waiting => PartState::Waiting,
        SubPlanStage::Provisioned
        | SubPlanStage::StartingOver
        | SubPlanStage::SettingUp
        | SubPlanStage::Ready => PartState::Preparing,
        SubPlanStage::Working | SubPlanStage::Taking => PartState::Running,
        SubPlanStage::Proving => PartState::Checking,
        SubPlanStage::Reviewing => PartState::InReview,
        SubPlanStage::Proven => PartState::Passed,
        SubPlanStage::Published => PartState::Published,
    }
}

fn status_text(summary: &projection::ItemSummary, waits: &[Wait]) -> String {
    match waits.iter().find(|wait| wait.owner == WaitOwner::You) {
        Some(wait) if wait.kind == WaitKind::Plan => "plan to approve".to_owned(),
        Some(wait) => format!("{} {}", wait.kind.words(), wait.decision.as_deref().unwrap_or_default())
            .trim()
            .to_owned(),
        None => match waits.iter().find(|wait| wait.kind == WaitKind::RateLimit) {
            // The moment is said in the words of a face, which knows the local time.
            Some(wait) => match wait.until {
                Some(until) => format!("rate limit until {until} ({})", wait.reason),
                None => format!("rate limit ({})", wait.reason),
            },
            None if !summary.silent.is_empty() => WaitKind::Silence.words().to_owned(),
            None if summary.replanning && summary.status == Status::Planning => {
                "planning a follow-up".to_owned()
            }
            None if summary.replanning => {
                format!("{}, plan being changed", status(summary.status).words())
            }
            None => status(summary.status).words().to_owned(),
        },
    }
}

fn limit(summary: &projection::ItemSummary, limit: &projection::LimitSummary) -> Wait {
    let item = format!("g{}", summary.number);
    Wait {
        decision: None,
        kind: WaitKind::RateLimit,
        owner: WaitOwner::Provider,
        reason: limit.agent.clone(),
        since: timestamp(summary.changed_ms),
        until: limit.until_ms.map(timestamp),
        blocks: vec![limit.repository.as_ref().map_or_else(|| item.clone(), |name| format!("{item}/{name}"))],
        commands: Vec::new(),
    }
}

/// The head that list and detail share.
pub fn head(
    summary: &projection::ItemSummary,
    workspace: &str,
    names: &dyn Names,
    plan: Option<ganger_api::plan::PlanReference>,
) -> ItemHead {
    let mut waits = decision::waits(summary, names);
    waits.extend(summary.limits.iter().map(|one| limit(summary, one)));
    waits.extend(summary.silent.iter().map(|handle| Wait {
        decision: None,
        kind: WaitKind::Silence,
        owner: WaitOwner::Agent,
        reason: format!(
            "the agent of {handle} shows no sign of life; it is ended and started again after a while"
        ),
        since: timestamp(summary.changed_ms),
        until: None,
        blocks: vec![format!("g{}", summary.number)],
        commands: vec![format!("ganger logs {handle}"), format!("ganger stop g{}", summary.number)],
    }));
    let usage = (summary.tokens.is_some() || summary.cost_usd_micros.is_some()).then_some(UsageView {
        tokens: summary.tokens,
        cost_usd_micros: summary.cost_usd_micros,
        estimated: summary.partly_priced,
    });
    ItemHead {
        id: summary.id.clone(),
        handle: format!("g{}", summary.number),
        title: summary.title.clone(),
        workspace: workspace.to_owned(),
        status: status(summary.status),
        status_text: status_text(summary, &waits),
        outcome: match summary.status {
            Status::Completed => Some(Outcome::Succeeded),
            Status::Failed => Some(Outcome::Failed),
            _ => None,
        },
        wave: summary.wave.map(|(index, of)| WavePosition { index, of }),
        waits,
        usage,
        budget_usd_micros: summary.budget_usd_micros,
        plan,
        plan_change: None,
        created_at: timestamp(summary.born_ms),
        updated_at: timestamp(summary.changed_ms),
        written_by_newer: false,
    }
}

/// A row.
pub fn summary(summary: &projection::ItemSummary, workspace: &str, names: &dyn Names) -> ItemSummary {
    let repositories = summary
        .repositories
        .iter()
        .map(|one| RepositoryBrief { name: one.name.clone(), state: part_state(one.stage, one.waits) })
        .collect();
    ItemSummary { head: head(summary, workspace, names, None), repositories }
}

fn usage(usage: Usage) -> Option<UsageView> {
    let parts = match (usage.input_tokens, usage.output_tokens) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or(0) + output.unwrap_or(0)),
    };
    let tokens = usage.total_tokens.or(parts);
    (tokens.is_some() || usage.cost_usd_micros.is_some()).then_some(UsageView {
        tokens,
        cost_usd_micros: usage.cost_usd_micros,
        estimated: false,
    })
}

fn session_state(session: &Session) -> SessionState {
    match (session.closed, session.has_pending(), session.turn.is_some(), session.host) {
        (true, ..) if session.failures > 0 => SessionState::Failed,
        (true, ..) => SessionState::Interrupted,
        (_, true, ..) => SessionState::Waiting,
        (_, _, true, _) => SessionState::Running,
        (_, _, _, HostState::Starting { .. }) => SessionState::Starting,
        _ if session.want.is_some() => SessionState::Queued,
        _ => SessionState::Completed,
    }
}

fn sandbox(session: &Session) -> Option<String> {
    let enforced = session.enforcement.as_ref()?;
    let mut text = if enforced.landlock_abi == 0 {
        "not enforced".to_owned()
    } else {
        format!("Landlock {}: writes to its own places; network open", enforced.landlock_abi)
    };
    if !enforced.gaps.is_empty() {
        text.push_str("; does not hold: ");
        text.push_str(&enforced.gaps.join("; "));
    }
    Some(text)
}

fn session(item: &WorkItem, session: &Session) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        handle: item.session_handle(session),
        kind: match session.kind {
            SessionKind::Planning => KindView::Planning,
            SessionKind::Implementation => KindView::Implementation,
            SessionKind::Review => KindView::Review,
            SessionKind::Foreman => KindView::Foreman,
        },
        agent: session.agent.clone(),
        state: session_state(session),
        incarnation: u32::try_from(session.incarnation).unwrap_or(u32::MAX),
        turn: session.turns,
        started_at: session.started.map(|at| timestamp(at.wall_ms)),
        ended_at: None,
        usage: usage(session.usage),
        failure: session.trouble.clone().filter(|_| session.failures > 0),
        sandbox: sandbox(session),
    }
}

fn checks(sub_plan: &SubPlan, base: &RepositoryBase) -> Vec<CheckView> {
    let candidate = sub_plan.candidate();
    let verdict =
        |check: &CheckDefinition| match candidate.and_then(|candidate| candidate.checks.get(&check.name)) {
            None => CheckVerdict::Pending,
            Some(CheckResult::Passed) => CheckVerdict::Passed,
            Some(CheckResult::NotRun { .. }) => CheckVerdict::NotRun,
            Some(CheckResult::Failed { .. })
                if candidate.is_some_and(|candidate| {
                    matches!(candidate.again.get(&check.name), Some(CheckResult::Passed))
                }) =>
            {
                CheckVerdict::Flaky
            }
            Some(CheckResult::Failed { .. }) => match sub_plan.base_checks.get(&check.name) {
                Some(CheckResult::Failed { .. }) => CheckVerdict::WasBroken,
                _ => CheckVerdict::Broke,
            },
        };
    base.checks
        .iter()
        .map(|check| CheckView {
            name: check.name.clone(),
            required: check.required,
            verdict: verdict(check),
            duration_ms: None,
            commit: candidate
                .filter(|candidate| candidate.checks.contains_key(&check.name))
                .map(|candidate| candidate.commit.clone()),
        })
        .collect()
}

/// The checks of a repository's newest candidate.
pub fn checks_of(item: &WorkItem, repository: &str) -> Vec<CheckView> {
    let known = item.sub_plans.get(repository).zip(item.base(repository));
    known.map(|(sub_plan, base)| checks(sub_plan, base)).unwrap_or_default()
}

fn activity(item: &WorkItem, name: &str, sub_plan: &SubPlan) -> Option<String> {
    if let Some(open) = item.decisions.iter().find(|open| open.repository.as_deref() == Some(name)) {
        return Some(decision::first_line(&open.text));
    }
    let text = match sub_plan.stage {
        SubPlanStage::Waiting => "waits for its wave",
        SubPlanStage::Provisioned | SubPlanStage::Ready => "worktree ready",
        SubPlanStage::StartingOver => "its worktree is made anew",
        SubPlanStage::SettingUp => "setup runs",
        SubPlanStage::Working => match sub_plan.session.and_then(|id| item.session(id)) {
            Some(session) if session.silence.is_some() => "the agent shows no sign of life",
            Some(session) if session.turn.is_some() => "a turn is open",
            Some(session) if session.limited.is_some() => "the provider limits the account",
            _ => "the agent starts",
        },
        SubPlanStage::Taking => "what the turn left is being taken",
        SubPlanStage::Proving => "checks run",
        SubPlanStage::Reviewing => "in review",
        SubPlanStage::Proven | SubPlanStage::Published | SubPlanStage::Stopped => return None,
    };
    Some(text.to_owned())
}

fn part(
    item: &WorkItem,
    name: &str,
    wave: Option<u32>,
    directory: Option<String>,
    names: &dyn Names,
) -> PartView {
    let sub_plan = item.sub_plans.get(name).cloned().unwrap_or_default();
    let base = item.base(name);
    let waits = item.decisions.iter().any(|open| open.repository.as_deref() == Some(name));
    PartView {
        name: name.to_owned(),
        handle: format!("g{}/{name}", item.number),
        state: part_state(sub_plan.stage, waits),
        activity: activity(item, name, &sub_plan),
        wave,
        base: base.map(|base| BaseView {
            branch: base.base_branch.clone(),
            commit: base.base_commit.clone(),
            remote: base.remote.clone(),
        }),
        directory,
        stale_on: item.stale_on(name),
        candidate: sub_plan.candidate().map(|candidate| CandidateView {
            number: candidate.number,
            commit: candidate.commit.clone(),
            commits: None,
        }),
        checks: base.map(|base| checks(&sub_plan, base)).unwrap_or_default(),
        accepted: review::acceptance(&sub_plan),
        reviews: review::reviews(item, name, &sub_plan, names),
        critiques: review::critiques(item, name, names),
        published: sub_plan.published.as_ref().map(|commit| PublishedView {
            remote: base.and_then(|base| base.push_remote.clone()),
            branch: item.branch.clone(),
            commit: commit.clone(),
            at: timestamp(sub_plan.published_at.wall_ms),
            url: None,
        }),
        sessions: item
            .sessions
            .iter()
            .filter(|one| one.repository.as_deref() == Some(name))
            .map(|one| session(item, one))
            .collect(),
        changes: sub_plan.candidate().and_then(|candidate| candidate.counts).map(|counts| ChangeCount {
            files: counts.files,
            insertions: counts.insertions,
            deletions: counts.deletions,
            uncommitted: 0,
        }),
    }
}

fn next(item: &WorkItem, head: &ItemHead) -> Vec<String> {
    let number = item.number;
    let mut waits = head.waits.iter().filter(|wait| wait.owner == WaitOwner::You);
    let mut commands: Vec<String> =
        waits.next().map_or_else(Vec::new, |first| first.commands.iter().take(3).cloned().collect());
    if waits.next().is_some() {
        commands.push(format!("ganger inbox g{number}"));
    }
    match head.status {
        ItemStatus::Ingested => commands.push(format!("ganger run g{number}")),
        ItemStatus::Completed => {
            commands.push(format!("ganger diff g{number} --stat"));
            commands.push(format!("ganger follow-up g{number} \"…\""));
        }
        ItemStatus::Implementing => commands.push(format!("ganger logs g{number} -f")),
        _ => {}
    }
    commands
}

/// The whole item. `accounts` are the limits that all items share, and `directory` gives a worktree's place where it stands.
pub fn detail(
    item: &WorkItem,
    workspace: &ganger_core::workspace::Workspace,
    handles: &dyn Names,
    accounts: &BTreeMap<String, AccountLimit>,
    directory: impl Fn(&str) -> Option<String>,
) -> ItemDetail {
    let summary = projection::summary(item).with_accounts(accounts);
    let plan = item.plan_to_change().or_else(|| item.plan()).map(|plan| super::plan::reference(item, plan));
    let mut head = head(&summary, &workspace.name, handles, plan);
    head.plan_change = super::plan::change_of(item);
    let order: Vec<String> = item.waves.iter().flat_map(|wave| wave.repositories.clone()).collect();
    let wave_of = |name: &str| {
        let index = item.waves.iter().position(|wave| wave.repositories.iter().any(|one| one == name))?;
        u32::try_from(index + 1).ok()
    };
    let names: Vec<String> = if order.is_empty() {
        item.planning.bases.iter().map(|base| base.name.clone()).collect()
    } else {
        order.clone()
    };
    let repositories = names
        .iter()
        .map(|name| {
            let stands = item
                .waves
                .iter()
                .any(|wave| wave.stage == WaveStage::Provisioned && wave.repositories.contains(name));
            part(item, name, wave_of(name), directory(name).filter(|_| stands), handles)
        })
        .collect();
    ItemDetail {
        schema: ITEM_SCHEMA.to_owned(),
        commands: next(item, &head),
        head,
        description: item.ticket.as_ref().map(|ticket| ticket.description.clone()).unwrap_or_default(),
        note: None,
        branch: item.branch.clone(),
        workspace_directory: workspace.directory.clone(),
        sessions: item
            .sessions
            .iter()
            .filter(|one| one.repository.is_none())
            .map(|one| session(item, one))
            .collect(),
        foreman: item.settings.foreman.clone(),
        questions: question::sums(item),
        repositories,
        landing_order: order,
    }
}
