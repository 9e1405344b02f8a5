//! Plans: document, waves, versions, differences.

use super::{decision, timestamp};
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
    let current = item.plan().is_some_and(|plan| plan.number == version.number);
    match (&item.approval, current) {
        (Some(approval), _) if approval.version == version.number => PlanState::Approved,
        (_, false) => PlanState::Superseded,
        (_, true) if item.rejected => PlanState::Rejected,
        (_, true) => PlanState::Submitted,
    }
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

fn difference(item: &WorkItem, from: &Version, to: &Version) -> PlanDiff {
    let older = parse(item, &from.document).unwrap_or_default();
    let newer = parse(item, &to.document).unwrap_or_default();
    let text = similar::TextDiff::from_lines(&from.document, &to.document);
    PlanDiff {
        from: from.number,
        to: to.number,
        repositories: change(&older, &newer),
        text: text
            .unified_diff()
            .header(&format!("v{}", from.number), &format!("v{}", to.number))
            .to_string(),
    }
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

/// The plan; none where there is no such version.
pub fn view(item: &WorkItem, wanted: &Wanted) -> Option<PlanView> {
    let version = |number: u32| item.plans.iter().find(|version| version.number == number);
    let shown = match wanted.version {
        Some(number) => version(number)?,
        None => item.plans.last()?,
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
        Some(name) => format!("## SubPlan: {name}\n\n{}", document.sub_plan(name)?.content.trim_end()),
        None => shown.document.clone(),
    };
    let to = wanted.to.map_or(Some(shown), version);
    let from = match wanted.from {
        Some(number) => Some(version(number)?),
        None => shown.number.checked_sub(1).and_then(version),
    };
    let approved = item.approval.as_ref().filter(|approval| approval.version == shown.number);
    Some(PlanView {
        schema: PLAN_SCHEMA.to_owned(),
        handle: format!("g{}", item.number),
        title: item.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
        plan: decision::plan_reference(item).filter(|current| current.version == shown.number).unwrap_or(
            PlanReference {
                version: shown.number,
                digest: shown.digest.clone(),
                approved_at: approved.map(|approval| timestamp(approval.at.wall_ms)),
            },
        ),
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
        diff: from.zip(to).map(|(from, to)| difference(item, from, to)),
    })
}
