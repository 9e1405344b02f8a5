//! What changed between two versions of a plan.

use super::document::{PlanDocument, SubPlan};
use super::parser::SECTIONS;
use super::waves::SubPlanStatus;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What happened to one repository's part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its text is another.
    Changed,
    /// Its text is the same.
    Unchanged,
}

/// One repository's part in both versions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RepositoryDiff {
    /// The repository.
    pub repository: String,
    /// What happened to its text.
    pub change: Change,
    /// Its group before, counted from 0.
    pub order_before: Option<u32>,
    /// Its group now.
    pub order_after: Option<u32>,
    /// The sections whose text differs, of a changed part.
    pub sections: Vec<String>,
}

/// Two versions of a plan compared.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlanDiff {
    /// Whether `## Orchestration` differs.
    pub orchestration_changed: bool,
    /// Whether the groups or their order differ.
    pub groups_changed: bool,
    /// Every repository of either version, by name.
    pub repositories: Vec<RepositoryDiff>,
}

impl PlanDiff {
    /// Compares two versions. Parts are matched by their repository.
    pub fn between(before: &PlanDocument, after: &PlanDocument) -> Self {
        let names: BTreeSet<&str> =
            before.sub_plans.iter().chain(&after.sub_plans).map(|part| part.repository.as_str()).collect();
        let repositories = names.into_iter().map(|name| {
            let (old, new) = (before.sub_plan(name), after.sub_plan(name));
            let change = match (old, new) {
                (Some(old), Some(new)) if old.content == new.content => Change::Unchanged,
                (Some(_), Some(_)) => Change::Changed,
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
            };
            RepositoryDiff {
                repository: name.to_owned(),
                change,
                order_before: old.map(|part| part.order),
                order_after: new.map(|part| part.order),
                sections: changed_sections(old, new),
            }
        });
        Self {
            orchestration_changed: before.orchestration != after.orchestration,
            groups_changed: before.groups() != after.groups(),
            repositories: repositories.collect(),
        }
    }

    /// Whether the versions mean the same.
    pub fn is_empty(&self) -> bool {
        !self.orchestration_changed
            && !self.groups_changed
            && self.repositories.iter().all(|part| part.change == Change::Unchanged)
    }

    /// How far the sub-plans are under the new version: a new one is pending, a removed one is gone, a completed
    /// one whose text or place changed is to be done again, all others stay where they were.
    pub fn carry(&self, statuses: &BTreeMap<String, SubPlanStatus>) -> BTreeMap<String, SubPlanStatus> {
        let carried = self.repositories.iter().filter(|part| part.change != Change::Removed).map(|part| {
            let status = statuses.get(&part.repository).copied().unwrap_or_default();
            let same = part.change == Change::Unchanged && part.order_before == part.order_after;
            let redo = status == SubPlanStatus::Completed && !same || part.change == Change::Added;
            (part.repository.clone(), if redo { SubPlanStatus::Pending } else { status })
        });
        carried.collect()
    }
}

fn changed_sections(old: Option<&SubPlan>, new: Option<&SubPlan>) -> Vec<String> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let changed = SECTIONS.iter().filter(|(name, _)| old.section(name) != new.section(name));
    changed.map(|(name, _)| (*name).to_owned()).collect()
}

impl fmt::Display for PlanDiff {
    /// One line per repository, and one each for orchestration and groups where they changed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if self.orchestration_changed {
            lines.push("orchestration: changed".to_owned());
        }
        if self.groups_changed {
            lines.push("execution groups: changed".to_owned());
        }
        for part in &self.repositories {
            let mut line = match part.change {
                Change::Added => format!("{}: added", part.repository),
                Change::Removed => format!("{}: removed", part.repository),
                Change::Changed => format!("{}: changed", part.repository),
                Change::Unchanged => format!("{}: unchanged", part.repository),
            };
            if !part.sections.is_empty() {
                line.push_str(&format!(" ({})", part.sections.join(", ")));
            }
            if let (Some(before), Some(after)) = (part.order_before, part.order_after)
                && before != after
            {
                line.push_str(&format!(", wave {} to {}", before + 1, after + 1));
            }
            lines.push(line);
        }
        f.write_str(&lines.join("\n"))
    }
}
