//! What the prompts are made of.

use crate::plan::ParseErrors;
use serde::{Deserialize, Serialize};

/// The ticket, as agents see it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TicketData {
    /// The tracker's reference, or the item's handle.
    pub reference: String,
    /// The title.
    pub title: String,
    /// The description, possibly empty.
    pub description: String,
    /// What else is known, possibly empty.
    pub extra_context: String,
}

/// A repository that a plan may name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlanningRepository {
    /// Its name, as plans write it.
    pub name: String,
    /// Where its base checkout stands.
    pub directory: String,
    /// Its languages, most files first.
    pub languages: Vec<String>,
    /// A line from the workspace's configuration, possibly empty.
    pub hints: String,
    /// The path of its `AGENTS.md`, where it has one.
    pub guidance_path: Option<String>,
    /// The names of its checks.
    pub checks: Vec<String>,
}

/// For the first turn of a planner.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlanningData {
    /// The ticket.
    pub ticket: TicketData,
    /// The workspace's own `AGENTS.md`, whole; empty without one.
    pub guidance: String,
    /// Paths of documentation to read first; empty ones are left out.
    pub docs: Vec<String>,
    /// The repositories.
    pub repositories: Vec<PlanningRepository>,
    /// The file that the plan is written to.
    pub draft_path: String,
    /// Whether the session has the tools `submit_plan` and `ask_user`; without them the draft file is what counts.
    pub tools: bool,
}

/// For a turn that corrects a plan which could not be accepted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CorrectionTemplateData {
    /// What is wrong; nothing when no document was found at all.
    pub errors: ParseErrors,
    /// The names that a plan may use.
    pub discovered_repos: Vec<String>,
    /// The file that the plan is written to.
    pub session_draft_path: String,
    /// Whether the session has the tool `submit_plan`.
    pub tools: bool,
}

/// For a turn that makes a new version of a plan as a person wishes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RevisionData {
    /// All that a first turn says: the conversation may be a new one.
    pub planning: PlanningData,
    /// The person's words.
    pub feedback: String,
    /// The current plan, whole.
    pub current_plan: String,
    /// The repository whose sub-plan alone may change; none when all may.
    pub only: Option<String>,
    /// Repositories whose part has begun, so that it must stay as it is.
    pub begun: Vec<String>,
}

/// What the last run left in one repository.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RepoResultSummary {
    /// The repository.
    pub repository: String,
    /// Whether its branch is on the remote.
    pub published: bool,
    /// The commit that was proven; empty without one.
    pub commit: String,
    /// Touched paths.
    pub paths: Vec<String>,
    /// Rounds of review that it took.
    pub rounds: u32,
    /// Critiques that were left as they are.
    pub left: Vec<String>,
}

/// For a turn that changes a plan whose work is done.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FollowUpData {
    /// All that a first turn says: the conversation may be a new one.
    pub planning: PlanningData,
    /// The person's words.
    pub feedback: String,
    /// The plan that was carried out, whole.
    pub current_plan: String,
    /// The repository whose sub-plan alone may change; none when all may.
    pub only: Option<String>,
    /// What the last run left.
    pub results: Vec<RepoResultSummary>,
}

/// A check that proves a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CheckCommand {
    /// Its name.
    pub name: String,
    /// Its command line.
    pub command: String,
}

/// What an earlier wave did in another repository.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct EarlierResult {
    /// The repository.
    pub repository: String,
    /// Where its worktree stands.
    pub directory: String,
    /// The commit that was proven there.
    pub commit: String,
    /// The goal of its sub-plan.
    pub goal: String,
    /// The paths that changed.
    pub paths: Vec<String>,
}

/// Another repository that stands beside the worktree.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SiblingRepository {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub directory: String,
}

/// For the first turn of an implementer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ImplementationData {
    /// The ticket.
    pub ticket: TicketData,
    /// The repository.
    pub repository: String,
    /// Its worktree: the agent's working directory.
    pub directory: String,
    /// The branch that is checked out there.
    pub branch: String,
    /// The branch that it came from.
    pub base_branch: String,
    /// The commit that it came from.
    pub base_commit: String,
    /// The plan's orchestration.
    pub orchestration: String,
    /// This repository's sub-plan.
    pub sub_plan: String,
    /// What earlier waves did.
    pub earlier: Vec<EarlierResult>,
    /// Repositories that others work on at the same time.
    pub beside: Vec<String>,
    /// Repositories whose turn comes later.
    pub later: Vec<String>,
    /// Repositories of the workspace that the item does not touch.
    pub untouched: Vec<SiblingRepository>,
    /// The path of the repository's `AGENTS.md`, where it has one.
    pub guidance_path: Option<String>,
    /// What will prove the result.
    pub checks: Vec<CheckCommand>,
    /// The tool for questions, where the session has one.
    pub ask_tool: Option<String>,
}

/// A check that broke on a candidate.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BrokenCheck {
    /// Its name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// How it ended, such as `exit code 1` or `no end after 600 s`.
    pub ending: String,
    /// The end of its output.
    pub log_tail: String,
    /// Where the whole output lies, where the agent can read it.
    pub log_path: Option<String>,
}

/// For a turn after checks broke.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RepairData {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The candidate that was checked.
    pub commit: String,
    /// What broke, as [`ImplementationTemplates::findings`](super::ImplementationTemplates::findings) writes it.
    pub findings: String,
    /// Checks that failed on the base already: not this agent's to mend.
    pub was_broken: Vec<String>,
}

/// For a turn after one that left no commit.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NoCommitData {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
}

/// For a turn after one that left the worktree in a state that can't be taken.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HeadElsewhereData {
    /// The repository.
    pub repository: String,
    /// The branch that must be checked out.
    pub branch: String,
    /// The base commit that it must contain.
    pub base_commit: String,
    /// What is the matter, as a sentence without a full stop.
    pub reason: String,
}

/// A question of the session's line and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Answered {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// What stands in a worktree.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct WorktreeStanding {
    /// Commits of the branch beyond its base, oldest first, one line each.
    pub commits: Vec<String>,
    /// Changes that are not committed, as `git status --short` has them.
    pub uncommitted: Vec<String>,
}

/// For the first turn of a new incarnation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ResumeData {
    /// Whether the agent has its conversation so far; otherwise it knows nothing.
    pub loaded: bool,
    /// The session's task, as its first turn said it.
    pub task: String,
    /// The prompt of the turn that is taken up, where it is not the task itself.
    pub interrupted: Option<String>,
    /// Answers given in the session's line so far.
    pub answers: Vec<Answered>,
    /// Messages of people that may not have arrived.
    pub messages: Vec<String>,
    /// What stands in the worktree, where that was looked up; never for planning.
    pub worktree: Option<WorktreeStanding>,
    /// The draft file of a planner; none for other kinds.
    pub draft_path: Option<String>,
}

/// For a turn whose agent is told something besides.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ToldData {
    /// The turn's own text; none where it is for hearing alone.
    pub turn: Option<String>,
    /// What the agent is told, oldest first.
    pub words: Vec<String>,
}
