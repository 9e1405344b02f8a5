//! What a plan document means, and how it is written down again.

use super::groups;
use super::names::repository_of;
use super::outline::Outline;
use super::parser::{BLOCK_INFO, PlanParser, section_range};
use super::problem::ParseErrors;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use thiserror::Error;

/// One repository's part of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SubPlan {
    /// The repository's name as discovered.
    pub repository: String,
    /// Which group it runs in, counted from 0 without gaps.
    pub order: u32,
    /// What stands below its heading.
    pub content: String,
}

impl SubPlan {
    /// The text of one of its sections, such as `Goal`; `None` when it has none.
    pub fn section(&self, name: &str) -> Option<&str> {
        let outline = Outline::of(&self.content);
        let (_, body) = section_range(&outline, &(0..self.content.len()), name)?;
        Some(self.content[body].trim())
    }
}

/// A valid plan. Sub-plans stand in the order of their groups, within a group by name without case.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlanDocument {
    /// How the parts work together.
    pub orchestration: String,
    /// The parts.
    pub sub_plans: Vec<SubPlan>,
}

/// Why one sub-plan could not be replaced; the document stays as it was.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReplaceError {
    /// The document was not valid to begin with.
    #[error("the document has problems of its own, so no part of it can be replaced: {0}")]
    InvalidDocument(ParseErrors),
    /// It has no such sub-plan.
    #[error("the plan has no sub-plan for `{repository}`; it has {present}")]
    NoSuchSubPlan {
        /// The name asked for.
        repository: String,
        /// The names there are.
        present: String,
    },
    /// With the new text the document has problems; lines are those of the document with the new text.
    #[error("the new text of sub-plan `{repository}` can't be used: {problems}")]
    InvalidContent {
        /// The sub-plan.
        repository: String,
        /// What is wrong.
        problems: ParseErrors,
    },
    /// The new text would change other parts, for instance by a heading of level 2.
    #[error(
        "the new text of sub-plan `{repository}` changes other parts of the plan; use only headings of level 3 and below in it"
    )]
    TouchesOthers {
        /// The sub-plan.
        repository: String,
    },
}

impl PlanDocument {
    /// Sorts the sub-plans and closes gaps between the orders.
    pub(super) fn normalise(&mut self) {
        self.sub_plans.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let mut last = None;
        let mut dense = 0;
        for sub_plan in &mut self.sub_plans {
            if last.is_some_and(|last| last != sub_plan.order) {
                dense += 1;
            }
            last = Some(sub_plan.order);
            sub_plan.order = dense;
        }
    }

    /// The plan of one repository that ganger makes itself: the ticket is the sub-plan. The ticket's text is
    /// quoted, so that no heading or fence in it is taken for the document's own.
    pub fn direct(repository: &str, title: &str, description: &str) -> Self {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut goal = format!("> {title}");
        for line in description.trim().lines() {
            let line = line.trim_end();
            goal.push_str(if line.is_empty() { "\n>" } else { "\n> " });
            goal.push_str(line);
        }
        let content = format!(
            "### Goal\n\n{goal}\n\n### Scope\n\n- Whatever the goal needs in this repository, and no more.\n\n\
             ### Changes\n\n- Make the change that the goal asks for.\n\n### Validation\n\n- The repository's own \
             checks pass.\n\n### Risks\n\n- Nobody explored the code for this plan; read before you change."
        );
        Self {
            orchestration: format!("One repository does the whole ticket: {}.", groups::quoted(repository)),
            sub_plans: vec![SubPlan { repository: repository.to_owned(), order: 0, content }],
        }
    }

    /// The sub-plan of a repository, by its name as discovered.
    pub fn sub_plan(&self, repository: &str) -> Option<&SubPlan> {
        self.sub_plans.iter().find(|sub_plan| sub_plan.repository == repository)
    }

    /// The repositories, in the order of the sub-plans.
    pub fn repositories(&self) -> Vec<String> {
        self.sub_plans.iter().map(|sub_plan| sub_plan.repository.clone()).collect()
    }

    /// The plan without one repository; `None` when it has no such part, or no other.
    pub fn without(&self, repository: &str) -> Option<Self> {
        let mut rest = self.clone();
        rest.sub_plans.retain(|sub_plan| sub_plan.repository != repository);
        if rest.sub_plans.is_empty() || rest.sub_plans.len() == self.sub_plans.len() {
            return None;
        }
        rest.normalise();
        Some(rest)
    }

    /// The repositories of later groups: what they do may build on this one.
    pub fn after(&self, repository: &str) -> Vec<String> {
        let Some(order) = self.sub_plan(repository).map(|sub_plan| sub_plan.order) else { return Vec::new() };
        let later = self.sub_plans.iter().filter(|sub_plan| sub_plan.order > order);
        later.map(|sub_plan| sub_plan.repository.clone()).collect()
    }

    /// The names of each group, in order.
    pub fn groups(&self) -> Vec<Vec<&str>> {
        let mut groups: Vec<(u32, Vec<&str>)> = Vec::new();
        for sub_plan in self.sorted() {
            match groups.last_mut() {
                Some((order, names)) if *order == sub_plan.order => names.push(&sub_plan.repository),
                _ => groups.push((sub_plan.order, vec![&sub_plan.repository])),
            }
        }
        groups.into_iter().map(|(_, names)| names).collect()
    }

    fn sorted(&self) -> Vec<&SubPlan> {
        let mut sorted: Vec<&SubPlan> = self.sub_plans.iter().collect();
        sorted.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        sorted
    }

    /// The document's text, without an end of line at its end. Parsing it gives this document again.
    pub fn compose(&self) -> String {
        let mut text = format!("```{BLOCK_INFO}\n");
        let groups = self.groups();
        if groups.is_empty() {
            text.push_str("execution_groups: []\n");
        } else {
            text.push_str("execution_groups:\n");
            for group in groups {
                let names: Vec<String> = group.into_iter().map(groups::quoted).collect();
                // Writing to a String can't fail.
                let _ = writeln!(text, "  - [{}]", names.join(", "));
            }
        }
        let _ = write!(text, "```\n\n## Orchestration\n\n{}", trimmed(&self.orchestration));
        for sub_plan in self.sorted() {
            let _ = write!(text, "\n\n## SubPlan: {}\n\n{}", sub_plan.repository, trimmed(&sub_plan.content));
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// The text of the sub-plans alone, for comments: nothing for none, the bare text for one, with headings for
    /// several.
    pub fn compose_sub_plans(&self) -> String {
        match self.sorted().as_slice() {
            [] => String::new(),
            [only] => trimmed(&only.content).to_owned(),
            several => {
                let parts: Vec<String> = several
                    .iter()
                    .map(|part| format!("## SubPlan: {}\n\n{}", part.repository, trimmed(&part.content)))
                    .collect();
                parts.join("\n\n")
            }
        }
    }
}

fn sort_key(sub_plan: &SubPlan) -> (u32, String, &str) {
    (sub_plan.order, sub_plan.repository.to_lowercase(), &sub_plan.repository)
}

/// Without blanks at the end and blank lines at the start.
fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    &text[text[..blank].rfind(['\n', '\r']).map_or(0, |at| at + 1)..]
}

/// Puts `content` in the place of one sub-plan's text and leaves every other byte as it is. Gives the new
/// document's text and what it means.
///
/// # Errors
/// When the document is not valid, has no such sub-plan, or would not be valid or the same elsewhere with it.
pub fn replace_sub_plan(
    text: &str,
    repositories: &[String],
    repository: &str,
    content: &str,
) -> Result<(String, PlanDocument), ReplaceError> {
    let before = PlanParser::parse_and_validate(text, repositories).map_err(ReplaceError::InvalidDocument)?;
    let (raw, _) = PlanParser::parse(text);
    let part =
        raw.sub_plans.iter().find(|part| repository_of(part, repositories).as_deref() == Some(repository));
    let (Some(part), Some(old)) = (part, before.sub_plan(repository)) else {
        let names: Vec<String> = before.repositories().iter().map(|name| format!("`{name}`")).collect();
        let present = names.join(", ");
        return Err(ReplaceError::NoSuchSubPlan { repository: repository.to_owned(), present });
    };
    let mut new = raw.raw.clone();
    new.replace_range(part.range.clone(), trimmed(content));
    let after = PlanParser::parse_and_validate(&new, repositories)
        .map_err(|problems| ReplaceError::InvalidContent { repository: old.repository.clone(), problems })?;
    let others_equal = before.orchestration == after.orchestration
        && before.sub_plans.len() == after.sub_plans.len()
        && before.sub_plans.iter().zip(&after.sub_plans).all(|(one, other)| {
            one.repository == repository && other.repository == repository && one.order == other.order
                || one == other
        });
    if others_equal {
        Ok((new, after))
    } else {
        Err(ReplaceError::TouchesOthers { repository: old.repository.clone() })
    }
}
