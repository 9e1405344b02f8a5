//! Matches the names of a plan document with the repositories of the workspace.

use super::document::{PlanDocument, SubPlan};
use super::groups::KEY;
use super::parser::{GroupName, RawPlanOutput, RawSubPlan};
use super::problem::{Problem, ProblemCode};
use std::collections::BTreeMap;

/// The repositories by their names without case.
struct Known<'a> {
    by_name: BTreeMap<String, Vec<&'a str>>,
}

enum Match<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
    None,
}

impl<'a> Known<'a> {
    fn new(repositories: &'a [String]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in repositories {
            by_name.entry(name.to_lowercase()).or_default().push(name);
        }
        Self { by_name }
    }

    fn find(&self, name: &str) -> Match<'a> {
        match self.by_name.get(&name.to_lowercase()).map(Vec::as_slice) {
            None => Match::None,
            Some([only]) => Match::One(only),
            Some(several) => several
                .iter()
                .find(|known| **known == name)
                .map_or_else(|| Match::Several(several.to_vec()), |known| Match::One(known)),
        }
    }

    /// The first reading that names something, and the reading.
    fn find_any(&self, readings: &[String]) -> Match<'a> {
        let found = readings.iter().map(|name| self.find(name));
        found.into_iter().find(|found| !matches!(found, Match::None)).unwrap_or(Match::None)
    }

    fn list(&self) -> String {
        const SHOWN: usize = 20;
        let names: Vec<String> = self.by_name.values().flatten().map(|name| format!("`{name}`")).collect();
        match names.len() {
            0 => "the workspace has none".to_owned(),
            count if count > SHOWN => {
                format!("known: {} and {} more", names[..SHOWN].join(", "), count - SHOWN)
            }
            _ => format!("known: {}", names.join(", ")),
        }
    }
}

/// The repository that a sub-plan's heading names.
pub(super) fn repository_of(part: &RawSubPlan, repositories: &[String]) -> Option<String> {
    match Known::new(repositories).find_any(&part.readings) {
        Match::One(name) => Some(name.to_owned()),
        _ => None,
    }
}

/// What the document means, with names as discovered, and every problem of its names.
pub(super) fn resolve(output: &RawPlanOutput, repositories: &[String]) -> (PlanDocument, Vec<Problem>) {
    let known = Known::new(repositories);
    let mut resolver = Resolver { known, problems: Vec::new() };
    let declared = resolver.declared(output);
    let sub_plans = resolver.sub_plans(output, &declared);
    let mut document = PlanDocument { orchestration: output.orchestration.clone(), sub_plans };
    document.normalise();
    (document, resolver.problems)
}

struct Resolver<'a> {
    known: Known<'a>,
    problems: Vec<Problem>,
}

/// What the groups say of one name: its order, and whether it is a repository.
struct Declared {
    shown: String,
    order: u32,
    line: u32,
    known: bool,
}

impl Resolver<'_> {
    fn push(&mut self, line: u32, code: ProblemCode, subject: &str, message: String) {
        self.problems.push(Problem::new(line, code, Some(subject), message));
    }

    fn unknown(&mut self, line: u32, name: &str, found: &Match<'_>, place: &str) {
        if let Match::Several(names) = found {
            let message =
                format!("{place} `{name}`, which may be any of {}; write it exactly", names.join(", "));
            self.push(line, ProblemCode::AmbiguousRepository, name, message);
        } else {
            let message = format!(
                "{place} `{name}`, but there is no such repository in the workspace ({})",
                self.known.list()
            );
            self.push(line, ProblemCode::UnknownRepository, name, message);
        }
    }

    fn declared(&mut self, output: &RawPlanOutput) -> BTreeMap<String, Declared> {
        let mut declared: BTreeMap<String, Declared> = BTreeMap::new();
        for (index, group) in output.execution_groups.iter().flatten().enumerate() {
            let order = u32::try_from(index).unwrap_or(u32::MAX);
            for GroupName { name, line } in group {
                let found = self.known.find(name);
                let (key, known) = match &found {
                    Match::One(known) => ((*known).to_owned(), true),
                    _ => (name.to_lowercase(), false),
                };
                if let Some(first) = declared.get(&key) {
                    if first.order != order {
                        let message = format!(
                            "`{name}` stands in two execution groups (see line {}); name each repository once",
                            first.line
                        );
                        self.push(*line, ProblemCode::RepositoryInTwoGroups, name, message);
                    }
                    continue;
                }
                if !known {
                    self.unknown(*line, name, &found, &format!("`{KEY}` names"));
                }
                declared.insert(key, Declared { shown: name.clone(), order, line: *line, known });
            }
        }
        declared
    }

    fn sub_plans(&mut self, output: &RawPlanOutput, declared: &BTreeMap<String, Declared>) -> Vec<SubPlan> {
        let mut first_lines: BTreeMap<String, u32> = BTreeMap::new();
        let mut sub_plans = Vec::new();
        for raw in &output.sub_plans {
            let found = self.known.find_any(&raw.readings);
            let key = match &found {
                Match::One(known) => (*known).to_owned(),
                _ => raw.name.to_lowercase(),
            };
            if let Some(first) = first_lines.get(&key) {
                let message =
                    format!("a second `## SubPlan: {}`; put its text into the one on line {first}", raw.name);
                self.push(raw.line, ProblemCode::DuplicateSubPlan, &raw.name, message);
                continue;
            }
            first_lines.insert(key.clone(), raw.line);
            let place = declared.get(&key);
            match (&found, &output.execution_groups) {
                // Said once, at the name in the groups.
                (Match::None | Match::Several(_), Some(_)) if place.is_some() => {}
                (Match::One(_), Some(_)) if place.is_some() => {}
                (Match::One(_), _) if declared.is_empty() => {}
                (Match::One(_), _) => {
                    let message = format!(
                        "there is a sub-plan for `{}`, but no execution group names it; add it to one or remove \
                         the section",
                        raw.name
                    );
                    self.push(raw.line, ProblemCode::UndeclaredSubPlan, &raw.name, message);
                }
                (Match::Several(_), _) => self.unknown(raw.line, &raw.name, &found, "the sub-plan is for"),
                (Match::None, None) => self.unknown(raw.line, &raw.name, &found, "the sub-plan is for"),
                (Match::None, Some(_)) => {
                    let message = format!(
                        "there is a sub-plan for `{}`, but no execution group names it and there is no such \
                         repository in the workspace ({})",
                        raw.name,
                        self.known.list()
                    );
                    self.push(raw.line, ProblemCode::UndeclaredSubPlan, &raw.name, message);
                }
            }
            let order = place.map_or(0, |place| place.order);
            sub_plans.push(SubPlan { repository: key, order, content: raw.content.clone() });
        }
        for (key, place) in declared {
            if place.known && !first_lines.contains_key(key) {
                let message = format!(
                    "`{KEY}` names `{}`, but there is no `## SubPlan: {}`; write it or take the name out",
                    place.shown, place.shown
                );
                self.push(place.line, ProblemCode::MissingSubPlan, &place.shown, message);
            }
        }
        sub_plans
    }
}
