//! Waves, sub-plans and their candidates.

use super::critique::{Review, Verdict};
use crate::effect::{BaseComparison, CandidateFinding, CheckResult, Preserved};
use crate::env::Times;
use crate::ids::SessionId;
use crate::review::{ChangeCounts, ChangedFile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far a wave is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveStage {
    /// An earlier wave is not finished.
    #[default]
    Waiting,
    /// Its worktrees are being made.
    Provisioning,
    /// Its worktrees stand.
    Provisioned,
}

/// The sub-plans that may run together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Wave {
    /// The repositories, by name.
    pub repositories: Vec<String>,
    /// How far.
    pub stage: WaveStage,
}

/// How far a sub-plan is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubPlanStage {
    /// No worktree yet.
    #[default]
    Waiting,
    /// The worktree stands.
    Provisioned,
    /// The worktree is being made anew.
    StartingOver,
    /// The setup commands run.
    SettingUp,
    /// The worktree is ready for an agent.
    Ready,
    /// A session has or wants a turn.
    Working,
    /// What a turn left is being taken.
    Taking,
    /// A candidate is being checked.
    Proving,
    /// A candidate that holds is being reviewed.
    Reviewing,
    /// A candidate is good enough to be published.
    Proven,
    /// The candidate is on the remote.
    Published,
    /// A person stopped it.
    Stopped,
}

/// A commit that a turn produced.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// From 1.
    pub number: u32,
    /// The commit.
    pub commit: String,
    /// What a person must look at.
    pub findings: Vec<CandidateFinding>,
    /// Whether a person accepted the findings.
    pub findings_accepted: bool,
    /// Touched paths.
    pub paths: Vec<String>,
    /// What changed since the candidate before it.
    pub changed: Vec<ChangedFile>,
    /// How much it changes against the base, where it was counted.
    pub counts: Option<ChangeCounts>,
    /// What each check showed at first.
    pub checks: BTreeMap<String, CheckResult>,
    /// What a check that had failed showed when it was run once more.
    pub again: BTreeMap<String, CheckResult>,
    /// Why a person takes it as it is, where one does.
    pub accepted: Option<String>,
}

/// One repository's part.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SubPlan {
    /// How far.
    pub stage: SubPlanStage,
    /// Its implementer.
    pub session: Option<SessionId>,
    /// The highest number that any candidate was to get: one that was withdrawn may have its ref already, and refs
    /// never move.
    pub numbered: u32,
    /// Candidates, oldest first.
    pub candidates: Vec<Candidate>,
    /// Whether a turn since the last candidate left nothing or something unusable.
    pub nudged: bool,
    /// Repair turns so far, since the last word of a person.
    pub repairs: u32,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// How many of them do not count any more: what they saw has been renewed since.
    pub reviews_passed_by: usize,
    /// Rounds of review that had a verdict since the last word of a person.
    pub cycles: u32,
    /// The commits of earlier waves that its work stands on, by repository, as its implementer last heard of them.
    pub built_on: BTreeMap<String, String>,
    /// What the base shows, by check.
    pub base_checks: BTreeMap<String, CheckResult>,
    /// The commit that stands in the proof checkout.
    pub proof: Option<String>,
    /// How the last candidate stands to the remote's base.
    pub comparison: Option<BaseComparison>,
    /// What was pushed.
    pub published: Option<String>,
    /// When.
    pub published_at: Times,
    /// The last thing that a setup, turn or push had to say of a failure.
    pub trouble: Option<String>,
    /// How far it was when a person stopped it.
    pub stopped_at: Option<SubPlanStage>,
    /// What the next agent hears that begins anew.
    pub afresh: Option<Afresh>,
}

/// A beginning from the base, with what was there before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Afresh {
    /// What is kept of the attempt before.
    pub preserved: Vec<Preserved>,
    /// The words of the person who wanted it, possibly empty.
    pub text: String,
}

impl SubPlan {
    /// The candidate that counts.
    pub fn candidate(&self) -> Option<&Candidate> {
        self.candidates.last()
    }

    /// The review of the candidate that counts, unless it could not be held.
    pub fn review(&self) -> Option<&Review> {
        let number = self.candidate()?.number;
        let failed = |review: &&Review| !matches!(review.verdict, Some(Verdict::Failed { .. }));
        let counting = self.reviews.get(self.reviews_passed_by..)?;
        counting.last().filter(|review| review.candidate == number).filter(failed)
    }

    /// Whether something is being done about it: its worktree stands, and it is neither good enough nor given up.
    pub fn works(&self) -> bool {
        matches!(
            self.stage,
            SubPlanStage::Provisioned
                | SubPlanStage::StartingOver
                | SubPlanStage::SettingUp
                | SubPlanStage::Ready
                | SubPlanStage::Working
                | SubPlanStage::Taking
                | SubPlanStage::Proving
                | SubPlanStage::Reviewing
        )
    }

    /// The review that runs.
    pub fn open_review(&self) -> Option<&Review> {
        self.reviews.last().filter(|review| review.verdict.is_none())
    }
}
