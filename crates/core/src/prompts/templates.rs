//! The templates, compiled once, and what renders them.

use super::data::{
    BrokenCheck, CorrectionTemplateData, FollowUpData, HeadElsewhereData, ImplementationData, NoCommitData,
    PlanningData, RepairData, ResumeData, RevisionData, ToldData,
};
use super::judging::{ForemanData, QuestionData, ReimplementationData, ReviewData};
use crate::plan::problem::{ParseErrors, ProblemCode};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use std::sync::LazyLock;

const FILES: [(&str, &str); 17] = [
    ("planning.md", include_str!("planning.md")),
    ("grammar.md", include_str!("grammar.md")),
    ("correction.md", include_str!("correction.md")),
    ("revision.md", include_str!("revision.md")),
    ("follow_up.md", include_str!("follow_up.md")),
    ("implementation.md", include_str!("implementation.md")),
    ("findings.md", include_str!("findings.md")),
    ("repair.md", include_str!("repair.md")),
    ("no_commit.md", include_str!("no_commit.md")),
    ("head_elsewhere.md", include_str!("head_elsewhere.md")),
    ("resume.md", include_str!("resume.md")),
    ("told.md", include_str!("told.md")),
    ("review.md", include_str!("review.md")),
    ("review_again.md", include_str!("review_again.md")),
    ("reimplementation.md", include_str!("reimplementation.md")),
    ("foreman.md", include_str!("foreman.md")),
    ("question.md", include_str!("question.md")),
];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are valid"));
    environment.add_filter("fenced", fenced);
    for (name, source) in FILES {
        environment.add_template(name, source).expect("the template files are part of the build and tested");
    }
    environment
});

/// A text in a code fence that nothing in it can close.
fn fenced(text: String) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", text.trim_end())
}

fn render(name: &str, data: impl Into<Value>) -> String {
    let template = TEMPLATES.get_template(name).expect("every name used here is in FILES");
    // Whether a template finds its names does not depend on the values of its data, only on their types.
    let text = template.render(data).expect("the snapshots render every branch of every template");
    let mut text = text.trim().to_owned();
    text.push('\n');
    text
}

fn of(data: &impl Serialize) -> Value {
    Value::from(Serde(data))
}

/// The planner's texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanningTemplates;

impl PlanningTemplates {
    /// The first turn: the ticket, the repositories, the role and the grammar.
    pub fn planning(data: &PlanningData) -> String {
        let docs: Vec<String> =
            data.docs.iter().map(|path| path.trim().to_owned()).filter(|path| !path.is_empty()).collect();
        let grammar = Self::grammar();
        render("planning.md", context! { docs, grammar, ..of(data) })
    }

    /// How a plan document looks.
    pub fn grammar() -> String {
        render("grammar.md", context! {})
    }

    /// The turn after a document that could not be accepted: every problem with its line, and how to mend each kind.
    pub fn correction(data: &CorrectionTemplateData) -> String {
        let errors = &data.errors;
        let missing: Vec<String> =
            errors.of(ProblemCode::MissingSubPlan).filter_map(|problem| problem.subject.clone()).collect();
        let has = |codes: &'static [ProblemCode]| codes.iter().any(|code| errors.has(*code));
        render(
            "correction.md",
            context! {
                found => errors.has_errors(),
                summary => errors.to_string(),
                report => errors.report(),
                example_repo => data.discovered_repos.first().map_or("repository-name", String::as_str),
                fix_block => !errors.has_errors() || has(&BLOCK_CODES),
                fix_orchestration => has(&[ProblemCode::MissingOrchestration]),
                missing,
                fix_incomplete => has(&[ProblemCode::MissingSection, ProblemCode::SectionWithoutItems]),
                fix_unknown => has(&[ProblemCode::UnknownRepository, ProblemCode::AmbiguousRepository]),
                fix_undeclared => has(&[ProblemCode::UndeclaredSubPlan]),
                repos => of(&data.discovered_repos),
                draft_path => data.session_draft_path.as_str(),
                tools => data.tools,
            },
        )
    }

    /// The answer to a refused `submit_plan`: every problem with its line.
    pub fn refused_submission(errors: &ParseErrors) -> String {
        format!(
            "The plan was not accepted. Mend every problem and submit the whole document again.\n\n{}\n",
            errors.report()
        )
    }

    /// The turn that makes a new version as a person wishes.
    pub fn revision(data: &RevisionData) -> String {
        let planning = Self::planning(&data.planning);
        render(
            "revision.md",
            context! {
                planning,
                feedback => data.feedback.as_str(),
                current_plan => data.current_plan.as_str(),
                only => of(&data.only),
                begun => of(&data.begun),
                draft_path => data.planning.draft_path.as_str(),
                tools => data.planning.tools,
            },
        )
    }

    /// The turn that changes a plan whose work is done.
    pub fn follow_up(data: &FollowUpData) -> String {
        let planning = Self::planning(&data.planning);
        render(
            "follow_up.md",
            context! {
                planning,
                feedback => data.feedback.as_str(),
                current_plan => data.current_plan.as_str(),
                only => of(&data.only),
                results => of(&data.results),
                draft_path => data.planning.draft_path.as_str(),
                tools => data.planning.tools,
            },
        )
    }
}

const BLOCK_CODES: [ProblemCode; 7] = [
    ProblemCode::MissingBlock,
    ProblemCode::MisplacedBlock,
    ProblemCode::DuplicateBlock,
    ProblemCode::InvalidYaml,
    ProblemCode::UnknownKey,
    ProblemCode::EmptyExecutionGroups,
    ProblemCode::RepositoryInTwoGroups,
];

/// The implementer's texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImplementationTemplates;

impl ImplementationTemplates {
    /// The first turn: the sub-plan, where it stands among the others, and the rules of the worktree.
    pub fn implementation(data: &ImplementationData) -> String {
        render("implementation.md", of(data))
    }

    /// What broke, for [`RepairData::findings`].
    pub fn findings(broke: &[BrokenCheck]) -> String {
        render("findings.md", context! { broke => of(&broke) })
    }

    /// The turn after checks broke.
    pub fn repair(data: &RepairData) -> String {
        render("repair.md", of(data))
    }

    /// The turn after one without a commit.
    pub fn no_commit(data: &NoCommitData) -> String {
        render("no_commit.md", of(data))
    }

    /// The turn after one that left the worktree in a state that can't be taken.
    pub fn head_elsewhere(data: &HeadElsewhereData) -> String {
        render("head_elsewhere.md", of(data))
    }

    /// The first turn of a new incarnation, of any kind of session.
    pub fn resume(data: &ResumeData) -> String {
        render("resume.md", of(data))
    }

    /// A turn whose agent is told something besides.
    pub fn told(data: &ToldData) -> String {
        render("told.md", of(data))
    }
}

/// The reviewer's texts, and those of an implementer whose work comes back.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReviewTemplates;

impl ReviewTemplates {
    /// The whole task of a reviewer.
    pub fn review(data: &ReviewData) -> String {
        render("review.md", of(data))
    }

    /// The turn after a verdict that could not be read.
    pub fn again(problem: &str) -> String {
        render("review_again.md", context! { problem })
    }

    /// The turn of an implementer after critiques.
    pub fn reimplementation(data: &ReimplementationData) -> String {
        render("reimplementation.md", of(data))
    }
}

/// The Foreman's texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForemanTemplates;

impl ForemanTemplates {
    /// What it must know before its first question.
    pub fn briefing(data: &ForemanData) -> String {
        render("foreman.md", of(data))
    }

    /// One question.
    pub fn question(data: &QuestionData) -> String {
        render("question.md", of(data))
    }
}
