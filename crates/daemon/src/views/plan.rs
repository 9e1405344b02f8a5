//! Plans: document, waves, versions, differences.

use super::timestamp;
use ganger_api::item::{PlanChange, PlanChangeState};
use ganger_api::plan::{
    PLAN_SCHEMA, PlanDiff, PlanProblem, PlanReference, PlanState, PlanVersion, PlanView, SubPlanBrief,
    SubPlanChange, SubPlanChangeKind,
};
use ganger_core::plan::{PlanDocument, PlanParser};
use ganger_core::work_item::WorkItem;
use ganger_core::work_item::state::{PlanAuthor, PlanVersion as Version};

fn names(item: &WorkItem) -> Vec<String> {
    item.planning.bases.iter().map(|base| base.name.clone()).collect()
}

fn parse(item: &WorkItem, document: &str) -> Result<PlanDocument, Vec<PlanProblem>> {
    PlanParser::parse_and_validate(document, &names(item)).map_err(|errors| {
        let problem = |one: &ganger_core::plan::Problem| PlanProblem {
            line: Some(one.line),
            message: one.message.clone(),
        };
        errors.problems.iter().map(problem).collect()
    })
}

fn state(item: &WorkItem, version: &Version) -> PlanState {
    let is = |plan: Option<&Version>| plan.is_some_and(|plan| plan.number == version.number);
    match &item.approval {
        Some(approval) if approval.version == version.number => PlanState::Approved,
        _ if is(item.waiting_plan()) => PlanState::Submitted,
        _ if item.planning.rejected == Some(version.number) => PlanState::Rejected,
        // It waits again when no other version comes of it.
        None if item.is_planning() && is(item.plans.last()) => PlanState::BeingChanged,
        _ => PlanState::Superseded,
    }
}

/// Which version, exactly.
pub fn reference(item: &WorkItem, version: &Version) -> PlanReference {
    let approved = item.approval.as_ref().filter(|approval| approval.version == version.number);
    PlanReference {
        version: version.number,
        digest: version.digest.clone(),
        approved_at: approved.map(|approval| timestamp(approval.at.wall_ms)),
    }
}

/// What becomes of the plan beside the version that work follows.
pub fn change_of(item: &WorkItem) -> Option<PlanChange> {
    let planning = &item.planning;
    let standing = item.approval.as_ref().map(|approval| approval.version);
    let waiting = item.waiting_plan().map(|plan| plan.number);
    // What is planned anew after a refusal changes nothing.
    let again = item.is_planning() && !item.plans.is_empty() && item.has_plan_to_return_to();
    let state = match (&planning.trouble, waiting) {
        _ if again => PlanChangeState::BeingMade,
        // The first version that waits is no change of another one.
        (None, Some(_)) if standing.is_some() => PlanChangeState::Waiting,
        (Some(_), _) => PlanChangeState::Failed,
        _ => return None,
    };
    Some(PlanChange {
        state,
        standing,
        version: waiting.filter(|_| !again),
        only: planning.only.clone().filter(|_| again),
        follow_up: item.completed,
        wish: planning.feedback.clone().filter(|_| again),
        trouble: planning.trouble.clone().filter(|_| state == PlanChangeState::Failed),
    })
}

/// The repositories of a version, in the order of its groups.
pub fn parts(item: &WorkItem, version: &Version) -> Vec<String> {
    parse(item, &version.document).map(|document| document.repositories()).unwrap_or_default()
}

/// The repositories that come after one in a version, and may build on it.
pub fn after(item: &WorkItem, version: &Version, repository: &str) -> Vec<String> {
    parse(item, &version.document).map(|document| document.after(repository)).unwrap_or_default()
}

/// The repositories whose part in `to` is not the one of the version `from`, in the order of their groups.
pub fn changed_from(item: &WorkItem, from: u32, to: &Version) -> Vec<String> {
    let Some(from) = item.plans.iter().find(|version| version.number == from) else { return Vec::new() };
    let changes = difference(item, from, to, None).repositories.into_iter();
    changes
        .filter(|part| !matches!(part.change, SubPlanChangeKind::Unchanged | SubPlanChangeKind::Removed))
        .map(|part| part.repository)
        .collect()
}

fn author(item: &WorkItem, version: &Version) -> String {
    match version.author {
        PlanAuthor::Person => "you".to_owned(),
        PlanAuthor::Agent => item.settings.planner.clone(),
    }
}

fn goal(document: &PlanDocument, name: &str) -> String {
    let section = document.sub_plan(name).and_then(|part| part.section("Goal"));
    section
        .and_then(|text| text.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn change(older: &PlanDocument, newer: &PlanDocument) -> Vec<SubPlanChange> {
    let mut all = newer.repositories();
    all.extend(older.repositories().into_iter().filter(|name| newer.sub_plan(name).is_none()));
    let kind = |name: &str| match (older.sub_plan(name), newer.sub_plan(name)) {
        (None, _) => SubPlanChangeKind::Added,
        (_, None) => SubPlanChangeKind::Removed,
        (Some(one), Some(other)) if one.content == other.content && one.order == other.order => {
            SubPlanChangeKind::Unchanged
        }
        _ => SubPlanChangeKind::Changed,
    };
    all.into_iter().map(|name| SubPlanChange { change: kind(&name), repository: name }).collect()
}

/// The difference of two versions, or of one part of them.
fn difference(item: &WorkItem, from: &Version, to: &Version, section: Option<&str>) -> PlanDiff {
    let older = parse(item, &from.document).unwrap_or_default();
    let newer = parse(item, &to.document).unwrap_or_default();
    let text = |document: &PlanDocument, whole: &str| match section {
        Some(name) => section_of(document, name).map(|text| text + "\n").unwrap_or_default(),
        None => whole.to_owned(),
    };
    let (old, new) = (text(&older, &from.document), text(&newer, &to.document));
    let text = similar::TextDiff::from_lines(&old, &new);
    let mut repositories = change(&older, &newer);
    repositories.retain(|part| section.is_none_or(|name| name == part.repository));
    PlanDiff {
        from: from.number,
        to: to.number,
        repositories,
        text: text
            .unified_diff()
            .header(&format!("v{}", from.number), &format!("v{}", to.number))
            .to_string(),
    }
}

/// A repository's part with its heading; none where there is no such part.
fn section_of(document: &PlanDocument, name: &str) -> Option<String> {
    Some(format!("## SubPlan: {name}\n\n{}", document.sub_plan(name)?.content.trim_end()))
}

/// The version that a difference begins at where nobody names one: the approved one, where `shown` would take its
/// place, else the one before.
fn earlier(item: &WorkItem, shown: &Version) -> Option<u32> {
    let waits = item.waiting_plan().is_some_and(|plan| plan.number == shown.number);
    let approved = item.approval.as_ref().map(|approval| approval.version);
    approved.filter(|_| waits).or_else(|| shown.number.checked_sub(1)).filter(|number| *number > 0)
}

/// What is asked for and not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Any plan.
    Plan,
    /// A version.
    Version(u32),
    /// A repository's part of a version.
    Section(String, u32),
}

/// What of a plan is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The version; none for the current one.
    pub version: Option<u32>,
    /// The repository whose section is wanted.
    pub section: Option<String>,
    /// The difference from this version …
    pub from: Option<u32>,
    /// … to this one.
    pub to: Option<u32>,
}

/// The plan: without a version the one that waits for approval, else the one that work follows.
///
/// # Errors
/// Something of it is not there.
pub fn view(item: &WorkItem, wanted: &Wanted) -> Result<PlanView, Missing> {
    let version = |number: u32| {
        let found = item.plans.iter().find(|version| version.number == number);
        found.ok_or(Missing::Version(number))
    };
    // The newest version that a difference names is the one that it is about.
    let shown = match wanted.version.or(wanted.to) {
        _ if item.plans.is_empty() => return Err(Missing::Plan),
        Some(number) => version(number)?,
        None => item.plan_to_change().ok_or(Missing::Plan)?,
    };
    let parsed = parse(item, &shown.document);
    let document = parsed.clone().unwrap_or_default();
    let waves = document
        .groups()
        .iter()
        .map(|group| {
            let brief = |name: &&str| {
                let base = item.base(name);
                SubPlanBrief {
                    repository: (*name).to_owned(),
                    goal: goal(&document, name),
                    checks: base
                        .map(|base| base.checks.iter().map(|check| check.name.clone()).collect())
                        .unwrap_or_default(),
                    agent: base.map(|base| base.agent.clone()),
                }
            };
            group.iter().map(brief).collect()
        })
        .collect();
    let text = match &wanted.section {
        // A part that the shown version has not may have been taken out by it: its difference says so.
        Some(name) if wanted.from.is_some() && document.sub_plan(name).is_none() => String::new(),
        Some(name) => {
            section_of(&document, name).ok_or_else(|| Missing::Section(name.clone(), shown.number))?
        }
        None => shown.document.clone(),
    };
    let to = wanted.to.map_or(Ok(shown), version)?;
    let from = wanted.from.or_else(|| earlier(item, to)).map(version).transpose()?;
    Ok(PlanView {
        schema: PLAN_SCHEMA.to_owned(),
        handle: format!("g{}", item.number),
        title: item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
        plan: reference(item, shown),
        versions: item
            .plans
            .iter()
            .map(|version| PlanVersion {
                version: version.number,
                author: author(item, version),
                at: timestamp(version.at.wall_ms),
                state: state(item, version),
            })
            .collect(),
        section: wanted.section.clone(),
        document: text,
        waves,
        reviewer: item.settings.review.as_ref().map(|review| review.agent.clone()),
        foreman: item.settings.foreman.clone(),
        problems: parsed.err().unwrap_or_default(),
        diff: from.map(|from| difference(item, from, to, wanted.section.as_deref())),
    })
}
