//! Work items as faces show them: the list and the detail.

use crate::plan::PlanReference;
use crate::question::QuestionSums;
use crate::review::{AcceptanceView, CritiqueView, ReviewView};
use crate::session::{SessionView, UsageView};
use crate::timestamp::Timestamp;
use crate::wait::{Wait, WaitOwner};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The schema name of [`ItemList`].
pub const ITEMS_SCHEMA: &str = "ganger/items/1";
/// The schema name of [`ItemDetail`].
pub const ITEM_SCHEMA: &str = "ganger/item/1";

/// The derived status of a work item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Known, nothing begun.
    Ingested,
    /// An agent plans.
    Planning,
    /// A plan waits for a person.
    PlanReview,
    /// Approved, not started.
    Approved,
    /// Agents implement.
    Implementing,
    /// A person is needed before implementation can go on.
    Reviewing,
    /// Everything is published.
    Completed,
    /// What was published has landed.
    Merged,
    /// It failed.
    Failed,
    /// Put away.
    Archived,
}

impl ItemStatus {
    /// The status in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ingested => "new",
            Self::Planning => "planning",
            Self::PlanReview => "plan to approve",
            Self::Approved => "approved",
            Self::Implementing => "implementing",
            Self::Reviewing => "needs you",
            Self::Completed => "completed",
            Self::Merged => "merged",
            Self::Failed => "failed",
            Self::Archived => "archived",
        }
    }
}

/// How a work item ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that was approved is published.
    Succeeded,
    /// It failed and nothing goes on by itself.
    Failed,
    /// A person put it away.
    Archived,
}

/// What list and detail say alike about a work item.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemHead {
    /// The ULID.
    pub id: String,
    /// The handle, such as `g12`.
    pub handle: String,
    /// The title.
    pub title: String,
    /// The workspace's name.
    pub workspace: String,
    /// The derived status.
    pub status: ItemStatus,
    /// The status in the daemon's words, such as `question d41` or `rate limit until 15:10 (claude)`.
    pub status_text: String,
    /// `null` while it lives.
    pub outcome: Option<Outcome>,
    /// Where it stands among its waves; `null` before a plan exists.
    pub wave: Option<WavePosition>,
    /// What it waits for, the most blocking first.
    pub waits: Vec<Wait>,
    /// What its agents used; `null` when no agent reported anything.
    pub usage: Option<UsageView>,
    /// What it may cost, in millionths of a US dollar; `null` when nothing limits it.
    #[serde(default)]
    pub budget_usd_micros: Option<u64>,
    /// The plan: the version that waits for approval, else the one that work follows.
    pub plan: Option<PlanReference>,
    /// What becomes of the plan beside the version that work follows; `null` when nothing does.
    #[serde(default)]
    pub plan_change: Option<PlanChange>,
    /// When it was born.
    pub created_at: Timestamp,
    /// When something last changed.
    pub updated_at: Timestamp,
    /// Whether it holds events of a newer ganger: it can be read, not changed.
    #[serde(default)]
    pub written_by_newer: bool,
}

impl ItemHead {
    /// Whether something waits for the person.
    pub fn needs_person(&self) -> bool {
        self.waits.iter().any(|wait| wait.owner == WaitOwner::You)
    }
}

/// Another version of a plan, in the making or waiting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanChange {
    /// Where it is.
    pub state: PlanChangeState,
    /// The version that stays in force until another one is approved; `null` while none was.
    pub standing: Option<u32>,
    /// The version that waits for approval; `null` while it is being made, and when it could not be made.
    pub version: Option<u32>,
    /// The repository whose part alone is being changed; `null` for the whole plan.
    pub only: Option<String>,
    /// Whether it is planned on top of work that was done.
    pub follow_up: bool,
    /// What the person asked for; `null` where they wrote the version themselves.
    pub wish: Option<String>,
    /// Why the version could not be made, a sentence.
    pub trouble: Option<String>,
}

/// Where another version of a plan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanChangeState {
    /// A planner makes it.
    BeingMade,
    /// It waits for approval, while an approved one stays in force.
    Waiting,
    /// It could not be made: what was there holds on.
    Failed,
}

/// A wave's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WavePosition {
    /// The wave that runs or runs next, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

/// `GET /v1/items`: what needs a person first, then the live ones, then the finished ones if asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemList {
    /// `ganger/items/1`.
    pub schema: String,
    /// The items, in the daemon's order.
    pub items: Vec<ItemSummary>,
    /// How many finished items the query left out.
    pub finished_hidden: u64,
}

/// One row of the list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemSummary {
    /// What the detail says too.
    #[serde(flatten)]
    pub head: ItemHead,
    /// Its repositories in the order of the waves.
    pub repositories: Vec<RepositoryBrief>,
}

/// A repository of an item, in short.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RepositoryBrief {
    /// The repository's name.
    pub name: String,
    /// Where its part stands.
    pub state: PartState,
}

/// Where one repository's part stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Its turn has not come, or it waits for something that is not a person.
    Waiting,
    /// Its worktree is being made or set up.
    Preparing,
    /// An agent works.
    Running,
    /// Its candidate's checks run.
    Checking,
    /// Its candidate is being reviewed.
    InReview,
    /// The candidate is proven.
    Passed,
    /// The candidate is pushed.
    Published,
    /// It waits for a person.
    NeedsYou,
    /// A person stopped it.
    Stopped,
    /// It failed.
    Failed,
}

impl PartState {
    /// The state in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Checking => "checks run",
            Self::InReview => "in review",
            Self::Passed => "passed",
            Self::Published => "published",
            Self::NeedsYou => "needs you",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// `GET /v1/items/{item}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemDetail {
    /// `ganger/item/1`.
    pub schema: String,
    /// What the list says too.
    #[serde(flatten)]
    pub head: ItemHead,
    /// The ticket's text.
    pub description: String,
    /// The person's note to the planner.
    pub note: Option<String>,
    /// The branch, the same name in every repository.
    pub branch: String,
    /// The workspace's directory.
    pub workspace_directory: String,
    /// Sessions that belong to no repository: planning and the Foreman.
    pub sessions: Vec<SessionView>,
    /// The agent that answers questions, by its name in the configuration; `null` when the person does.
    pub foreman: Option<String>,
    /// How its agents' questions ended.
    pub questions: QuestionSums,
    /// Its parts in the order of the waves.
    pub repositories: Vec<PartView>,
    /// Repository names in the order in which they are published.
    pub landing_order: Vec<String>,
    /// What to type next, the most useful first.
    pub commands: Vec<String>,
}

/// One repository's part of an item.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PartView {
    /// The repository's name.
    pub name: String,
    /// The handle, such as `g12/api`.
    pub handle: String,
    /// Where it stands.
    pub state: PartState,
    /// One line on what happens or why it waits, in the daemon's words.
    pub activity: Option<String>,
    /// Its wave, from 1; `null` before a plan exists.
    pub wave: Option<u32>,
    /// What it started from.
    pub base: Option<BaseView>,
    /// The worktree's directory, once it exists.
    pub directory: Option<String>,
    /// Repositories of earlier waves whose results have changed since this part was built on them.
    #[serde(default)]
    pub stale_on: Vec<String>,
    /// The newest candidate.
    pub candidate: Option<CandidateView>,
    /// The checks of that candidate, as configured when the plan was approved.
    pub checks: Vec<CheckView>,
    /// A person's word that the newest candidate is taken as it is.
    pub accepted: Option<AcceptanceView>,
    /// Its reviews, oldest first.
    pub reviews: Vec<ReviewView>,
    /// Its critiques, oldest first.
    pub critiques: Vec<CritiqueView>,
    /// Where it was pushed.
    pub published: Option<PublishedView>,
    /// Its sessions, oldest first.
    pub sessions: Vec<SessionView>,
    /// What the last candidate changes against the base; `null` before the first.
    pub changes: Option<ChangeCount>,
}

/// The commit that a part started from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BaseView {
    /// The base branch.
    pub branch: String,
    /// Its commit when the item was planned.
    pub commit: String,
    /// The remote it was fetched from; `null` for a repository without one.
    pub remote: Option<String>,
}

/// A commit that an implementation turn produced.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CandidateView {
    /// Its number in this part, from 1.
    pub number: u32,
    /// The commit.
    pub commit: String,
    /// Commits since the base; `null` when unknown.
    pub commits: Option<u32>,
}

/// One check of a candidate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// The check's name.
    pub name: String,
    /// Whether the part passes only with it.
    pub required: bool,
    /// How it ended.
    pub verdict: CheckVerdict,
    /// How long it ran, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The commit it ran on; `null` when it did not run.
    pub commit: Option<String>,
}

/// How a check ended, seen against the base commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It passed.
    Passed,
    /// It fails and passed on the base.
    Broke,
    /// It fails and failed on the base already.
    WasBroken,
    /// It failed, and passed when it was run once more.
    Flaky,
    /// It runs, or waits to run.
    Pending,
    /// It could not run.
    NotRun,
}

impl CheckVerdict {
    /// The verdict in words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Broke => "broke",
            Self::WasBroken => "was broken",
            Self::Flaky => "flaky",
            Self::Pending => "pending",
            Self::NotRun => "not run",
        }
    }
}

/// Where a candidate was pushed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PublishedView {
    /// The remote; `null` for the person's clone of a repository without one.
    pub remote: Option<String>,
    /// The branch there.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// When.
    pub at: Timestamp,
    /// A page to compare or open a pull request, where the remote's kind is known.
    pub url: Option<String>,
}

/// A count of changed files and lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ChangeCount {
    /// Files.
    pub files: u64,
    /// Lines added.
    pub insertions: u64,
    /// Lines removed.
    pub deletions: u64,
    /// Files with changes that no commit holds.
    pub uncommitted: u64,
}
