//! The work item's facts. Their JSON is frozen: a new shape is a new name.

use super::decision::{Choice, Decision};
use super::state::{
    Answerer, Channel, Critique, GivenAnswer, PlanVersion, RequestKind, Settings, Silence, TurnPurpose,
    Verdict,
};
use crate::agent::{TurnEnd, Usage};
use crate::effect::{BaseComparison, CandidateFinding, CheckResult, EffectStep, Preserved};
use crate::env::Times;
use crate::foreman::answer::Proposal;
use crate::ids::{CritiqueId, DecisionId, EffectId, QuestionId, SessionId, WorkItemId, WorkspaceId};
use crate::journal::Position;
use crate::message::{Address, Ticket};
use crate::plan::ParseErrors;
use crate::process::Enforcement;
use crate::question::{QuestionSource, QuestionText};
use crate::repository::{Guidance, RepositoryBase};
use crate::review::{ChangeCounts, ChangedFile, Finding};
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Not;

/// A fact, with the times it was decided at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ItemEvent {
    /// When.
    pub at: Times,
    /// What.
    #[serde(flatten)]
    pub fact: ItemFact,
}

/// What happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", content = "data")]
pub enum ItemFact {
    /// The item was born: the site numbered it, the workspace reserved its branch.
    #[serde(rename = "item.born/1")]
    Born {
        /// Its id.
        id: WorkItemId,
        /// Its workspace.
        workspace: WorkspaceId,
        /// Its `g` number.
        number: u64,
        /// Its branch.
        branch: String,
        /// Its ticket.
        ticket: Ticket,
    },
    /// A message was received.
    #[serde(rename = "message.received/1")]
    MessageReceived {
        /// From whom.
        from: Address,
        /// Its number.
        number: u64,
    },
    /// A step of an effect.
    #[serde(rename = "effect/1")]
    Effect(EffectStep),

    /// Planning began, or began again.
    #[serde(rename = "planning.started/1")]
    PlanningStarted {
        /// The configuration of now.
        settings: Settings,
        /// What a person asked for, where a plan is revised.
        feedback: Option<String>,
        /// The repository whose sub-plan alone is changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<String>,
        /// Whether there is a plan already, made on bases that stay.
        #[serde(default, skip_serializing_if = "Not::not")]
        again: bool,
    },
    /// The repositories and their bases are known.
    #[serde(rename = "bases.recorded/1")]
    BasesRecorded {
        /// One per repository.
        repositories: Vec<RepositoryBase>,
        /// Repositories that cannot be worked on, with the reason.
        refused: Vec<(String, String)>,
        /// What the workspace tells its agents.
        #[serde(default, skip_serializing_if = "Guidance::is_empty")]
        guidance: Guidance,
    },
    /// The planner submitted a document.
    #[serde(rename = "plan.submitted/1")]
    PlanSubmitted {
        /// The document, where it was accepted.
        accepted: Option<String>,
        /// What is wrong with it, where it was refused.
        errors: ParseErrors,
    },
    /// The planner must correct its plan in another turn.
    #[serde(rename = "plan.correction_wanted/1")]
    CorrectionWanted {
        /// What is wrong with it; nothing where no document was found at all.
        errors: ParseErrors,
    },
    /// A version of the plan waits for approval.
    #[serde(rename = "plan.proposed/1")]
    PlanProposed(PlanVersion),
    /// The item could not be planned.
    #[serde(rename = "planning.failed/1")]
    PlanningFailed {
        /// Why, a sentence.
        reason: String,
    },
    /// A version could not be made from another one, which holds on.
    #[serde(rename = "replanning.failed/1")]
    ReplanningFailed {
        /// Why, a sentence.
        reason: String,
    },
    /// A person approved a version.
    #[serde(rename = "plan.approved/1")]
    PlanApproved {
        /// The version.
        version: u32,
        /// The digest.
        digest: String,
        /// The repositories of each wave.
        waves: Vec<Vec<String>>,
        /// The sub-plans whose text is another than the one that stood; none of them at the first approval.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<String>,
    },
    /// A person refused the plan.
    #[serde(rename = "plan.rejected/1")]
    PlanRejected {
        /// Their words.
        reason: String,
    },

    /// A session was created.
    #[serde(rename = "session.created/1")]
    SessionCreated {
        /// Its id.
        session: SessionId,
        /// What for.
        kind: SessionKind,
        /// The repository.
        repository: Option<String>,
        /// The agent program.
        agent: String,
        /// The session it follows.
        parent: Option<SessionId>,
        /// The number of its handle.
        ordinal: u32,
    },
    /// A turn is wanted.
    #[serde(rename = "turn.wanted/1")]
    TurnWanted {
        /// The session.
        session: SessionId,
        /// What for.
        purpose: TurnPurpose,
    },
    /// No turn is wanted any more.
    #[serde(rename = "turn.unwanted/1")]
    TurnUnwanted {
        /// The session.
        session: SessionId,
    },
    /// The session is to start once more.
    #[serde(rename = "session.starting/1")]
    SessionStarting {
        /// The session.
        session: SessionId,
        /// Which start of it.
        incarnation: u64,
        /// The presence.
        presence: EffectId,
        /// The timer that limits the handshake.
        timer: EffectId,
    },
    /// Its host lives; this is what the kernel enforces.
    #[serde(rename = "host.started/1")]
    HostStarted {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// What is enforced.
        enforcement: Enforcement,
    },
    /// The agent shook hands.
    #[serde(rename = "session.ready/1")]
    SessionReady {
        /// The session.
        session: SessionId,
        /// The agent's own id of the conversation.
        native_id: String,
        /// Whether an earlier conversation was loaded.
        loaded: bool,
    },
    /// A turn was opened: its prompt is on its way.
    #[serde(rename = "turn.opened/1")]
    TurnOpened {
        /// The session.
        session: SessionId,
        /// What for.
        purpose: TurnPurpose,
        /// The prompt's delivery.
        delivery: EffectId,
    },
    /// The prompt has been written to the agent.
    #[serde(rename = "turn.delivered/1")]
    TurnDelivered {
        /// The session.
        session: SessionId,
    },
    /// The turn ended.
    #[serde(rename = "turn.ended/1")]
    TurnEnded {
        /// The session.
        session: SessionId,
        /// How.
        end: TurnEnd,
        /// Its usage, where the agent reported any.
        usage: Option<Usage>,
    },
    /// The turn will not end: its incarnation is gone, or its prompt cannot be delivered.
    #[serde(rename = "turn.lost/1")]
    TurnLost {
        /// The session.
        session: SessionId,
        /// Why, a sentence.
        reason: String,
    },
    /// The agent program failed in a way that counts.
    #[serde(rename = "session.troubled/1")]
    SessionTroubled {
        /// The session.
        session: SessionId,
        /// What happened, a sentence.
        reason: String,
    },
    /// The agent's account is limited.
    #[serde(rename = "session.limited/1")]
    SessionLimited {
        /// The session.
        session: SessionId,
        /// The timer that ends it.
        timer: EffectId,
        /// When it ends, wall milliseconds, where the provider said so.
        until_ms: Option<u64>,
    },
    /// The limit is over.
    #[serde(rename = "session.unlimited/1")]
    SessionUnlimited {
        /// The session.
        session: SessionId,
    },
    /// A timer watches whether the agent shows life.
    #[serde(rename = "silence.watched/1")]
    SilenceWatched {
        /// The session.
        session: SessionId,
        /// The timer.
        timer: EffectId,
    },
    /// The agent has shown no life for so long that a person should see it.
    #[serde(rename = "session.silent/1")]
    SessionSilent {
        /// The session.
        session: SessionId,
        /// Since when.
        silence: Silence,
    },
    /// The silent agent shows life again.
    #[serde(rename = "session.heard/1")]
    SessionHeard {
        /// The session.
        session: SessionId,
    },
    /// The agent ended, or is not wanted any more: its host is going.
    #[serde(rename = "host.leaving/1")]
    HostLeaving {
        /// The session.
        session: SessionId,
    },
    /// The host is gone and left nothing.
    #[serde(rename = "host.gone/1")]
    HostGone {
        /// The session.
        session: SessionId,
    },
    /// The host died: what it may have left must be swept.
    #[serde(rename = "host.lost/1")]
    HostLost {
        /// The session.
        session: SessionId,
    },
    /// No further turn will come.
    #[serde(rename = "session.closed/1")]
    SessionClosed {
        /// The session.
        session: SessionId,
    },
    /// Its journal has been absorbed up to here.
    #[serde(rename = "journal.absorbed/1")]
    JournalAbsorbed {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// The position.
        position: Position,
    },
    /// A slot was asked for.
    #[serde(rename = "slot.asked/1")]
    SlotAsked {
        /// The session.
        session: SessionId,
        /// The number of the ask.
        ask: u64,
        /// The ask's effect.
        effect: EffectId,
    },
    /// A slot was lent to us.
    #[serde(rename = "slot.granted/1")]
    SlotGranted {
        /// The session.
        session: SessionId,
        /// The number of the ask.
        ask: u64,
    },
    /// The slot was given back, or the ask taken back.
    #[serde(rename = "slot.returned/1")]
    SlotReturned {
        /// The session.
        session: SessionId,
    },

    /// The agent waits for something.
    #[serde(rename = "request.opened/1")]
    RequestOpened {
        /// The session.
        session: SessionId,
        /// The incarnation.
        incarnation: u64,
        /// The id on the wire.
        wire_id: String,
        /// How it came.
        channel: Channel,
        /// What is asked.
        request: RequestKind,
    },
    /// It has its answer.
    #[serde(rename = "request.answered/1")]
    RequestAnswered {
        /// The session.
        session: SessionId,
        /// The id on the wire.
        wire_id: String,
        /// The answer.
        answer: GivenAnswer,
    },
    /// The answer is on its way over the journal.
    #[serde(rename = "request.delivering/1")]
    RequestDelivering {
        /// The session.
        session: SessionId,
        /// The id on the wire.
        wire_id: String,
        /// The delivery.
        delivery: EffectId,
    },
    /// The agent no longer waits for it.
    #[serde(rename = "request.withdrawn/1")]
    RequestWithdrawn {
        /// The session.
        session: SessionId,
        /// The id on the wire.
        wire_id: String,
    },
    /// A question was asked.
    #[serde(rename = "question.asked/2")]
    QuestionAsked {
        /// Its id.
        question: QuestionId,
        /// Who asks.
        session: SessionId,
        /// How.
        source: QuestionSource,
        /// What.
        text: QuestionText,
    },
    /// Another session asks the same.
    #[serde(rename = "question.joined/1")]
    QuestionJoined {
        /// The question.
        question: QuestionId,
        /// Who asks it too.
        session: SessionId,
    },
    /// The Foreman has an answer.
    #[serde(rename = "question.proposed/1")]
    QuestionProposed {
        /// The question.
        question: QuestionId,
        /// The answer, and how sure it is.
        proposal: Proposal,
    },
    /// A turn of the Foreman brought no answer to it.
    #[serde(rename = "question.tried/1")]
    QuestionTried {
        /// The question.
        question: QuestionId,
        /// Why not, a sentence.
        reason: String,
    },
    /// A person is to answer it.
    #[serde(rename = "question.escalated/1")]
    QuestionEscalated {
        /// The question.
        question: QuestionId,
        /// Why, a sentence.
        reason: String,
    },
    /// It was answered: the first committed answer counts.
    #[serde(rename = "question.answered/2")]
    QuestionAnswered {
        /// The question.
        question: QuestionId,
        /// The answer.
        text: String,
        /// Whose it is.
        by: Answerer,
    },
    /// It will get no answer.
    #[serde(rename = "question.skipped/1")]
    QuestionSkipped {
        /// The question.
        question: QuestionId,
        /// Why, a sentence.
        reason: String,
    },
    /// Nobody waits for it any more, and it was not answered.
    #[serde(rename = "question.dropped/1")]
    QuestionDropped {
        /// The question.
        question: QuestionId,
    },
    /// A person wants another answer to be thought of.
    #[serde(rename = "question.discussed/1")]
    QuestionDiscussed {
        /// The question.
        question: QuestionId,
        /// The person's words.
        text: String,
    },
    /// A person put another answer in the place of the first.
    #[serde(rename = "faq.corrected/1")]
    FaqCorrected {
        /// The question.
        question: QuestionId,
        /// The answer that holds from now on.
        text: String,
    },
    /// The session is to be told something at the beginning of its next turn.
    #[serde(rename = "session.told/1")]
    SessionTold {
        /// The session.
        session: SessionId,
        /// What.
        text: String,
    },

    /// The worktrees of a wave stand.
    #[serde(rename = "wave.provisioned/1")]
    WaveProvisioned {
        /// The wave's index, from 0.
        wave: u32,
    },
    /// The worktrees of a wave could not be made.
    #[serde(rename = "wave.refused/1")]
    WaveRefused {
        /// The wave's index, from 0.
        wave: u32,
        /// Why, a sentence.
        reason: String,
    },
    /// The setup commands succeeded, or there were none.
    #[serde(rename = "setup.done/1")]
    SetupDone {
        /// The repository.
        repository: String,
    },
    /// A setup command failed.
    #[serde(rename = "setup.failed/1")]
    SetupFailed {
        /// The repository.
        repository: String,
        /// What it said.
        reason: String,
    },
    /// A sub-plan has a session that works on it.
    #[serde(rename = "sub_plan.begun/1")]
    SubPlanBegun {
        /// The repository.
        repository: String,
        /// The session.
        session: SessionId,
    },
    /// A turn produced a candidate.
    #[serde(rename = "candidate.taken/1")]
    CandidateTaken {
        /// The repository.
        repository: String,
        /// From 1.
        number: u32,
        /// The commit.
        commit: String,
        /// What a person must look at.
        findings: Vec<CandidateFinding>,
        /// Touched paths.
        paths: Vec<String>,
        /// What changed since the candidate before it.
        #[serde(default)]
        changed: Vec<ChangedFile>,
        /// How much it changes against the base; none where nobody has counted.
        #[serde(default)]
        counts: Option<ChangeCounts>,
    },
    /// A turn produced nothing that can be taken.
    #[serde(rename = "candidate.missing/1")]
    CandidateMissing {
        /// The repository.
        repository: String,
        /// Why, a sentence.
        reason: String,
    },
    /// A person accepted the candidate's findings.
    #[serde(rename = "candidate.accepted/1")]
    CandidateAccepted {
        /// The repository.
        repository: String,
    },
    /// The proof checkout stands at a commit.
    #[serde(rename = "proof.prepared/1")]
    ProofPrepared {
        /// The repository.
        repository: String,
        /// The commit.
        commit: String,
    },
    /// A check ended.
    #[serde(rename = "check.ended/1")]
    CheckEnded {
        /// The repository.
        repository: String,
        /// The commit.
        commit: String,
        /// The check's name.
        name: String,
        /// What it showed.
        result: CheckResult,
    },
    /// Checks of the last candidate are forgotten, to be run again.
    #[serde(rename = "checks.renewed/1")]
    ChecksRenewed {
        /// The repository.
        repository: String,
    },
    /// The checks broke, and the implementer is to repair it.
    #[serde(rename = "repair.wanted/1")]
    RepairWanted {
        /// The repository.
        repository: String,
    },
    /// The implementer stands on these commits of earlier waves, and was told so.
    #[serde(rename = "sub_plan.based/1")]
    SubPlanBased {
        /// The repository.
        repository: String,
        /// The commits, by repository.
        on: BTreeMap<String, String>,
    },
    /// A review of the last candidate began.
    #[serde(rename = "review.started/1")]
    ReviewStarted {
        /// The repository.
        repository: String,
        /// From 1 within the repository.
        number: u32,
        /// The candidate's number.
        candidate: u32,
        /// The reviewer.
        session: SessionId,
    },
    /// The reviewer submitted its verdict.
    #[serde(rename = "review.submitted/1")]
    ReviewSubmitted {
        /// The reviewer.
        session: SessionId,
        /// The findings, where the submission was accepted; none of them is a pass.
        accepted: Option<Vec<Finding>>,
        /// What is wrong with it, where it was refused.
        problem: String,
    },
    /// The reviewer's words cannot be read: it is asked once more.
    #[serde(rename = "review.asked_again/1")]
    ReviewAskedAgain {
        /// The reviewer.
        session: SessionId,
        /// What is wrong with them.
        problem: String,
    },
    /// A critique was raised, by a reviewer or a person.
    #[serde(rename = "critique.raised/1")]
    CritiqueRaised(Critique),
    /// A person waived a critique.
    #[serde(rename = "critique.waived/1")]
    CritiqueWaived {
        /// The critique.
        critique: CritiqueId,
        /// Why, possibly empty.
        because: String,
    },
    /// The review ended.
    #[serde(rename = "review.ended/1")]
    ReviewEnded {
        /// The reviewer.
        session: SessionId,
        /// What it came to.
        verdict: Verdict,
        /// Older critiques that are fixed.
        fixed: Vec<CritiqueId>,
        /// Older critiques that are not.
        unfixed: Vec<CritiqueId>,
    },
    /// The implementer is to mend what critiques say.
    #[serde(rename = "reimplementation.wanted/1")]
    ReimplementationWanted {
        /// The repository.
        repository: String,
        /// The critiques.
        critiques: Vec<CritiqueId>,
    },
    /// A person takes the last candidate as it is.
    #[serde(rename = "candidate.taken_as_is/1")]
    CandidateTakenAsIs {
        /// The repository.
        repository: String,
        /// Why, possibly empty.
        because: String,
    },
    /// What was done is taken up again.
    #[serde(rename = "sub_plan.reopened/1")]
    SubPlanReopened {
        /// The repository.
        repository: String,
        /// Why, a sentence.
        reason: String,
    },
    /// The last candidate is good enough to be published.
    #[serde(rename = "sub_plan.proven/1")]
    SubPlanProven {
        /// The repository.
        repository: String,
    },
    /// A person stopped the sub-plan.
    #[serde(rename = "sub_plan.stopped/1")]
    SubPlanStopped {
        /// The repository.
        repository: String,
    },
    /// A person lets the sub-plan go on.
    #[serde(rename = "sub_plan.retried/1")]
    SubPlanRetried {
        /// The repository.
        repository: String,
    },
    /// Another agent is to work: in one repository, or as the planner.
    #[serde(rename = "agent.chosen/1")]
    AgentChosen {
        /// The repository; none for the planner.
        repository: Option<String>,
        /// The agent, by its name in the configuration.
        agent: String,
    },
    /// A person wants the repository's work done anew, from its base.
    #[serde(rename = "start_over.wanted/1")]
    StartOverWanted {
        /// The repository.
        repository: String,
        /// Words for the agent that begins, possibly empty.
        text: String,
    },
    /// The worktree stands at its base again.
    #[serde(rename = "sub_plan.started_over/1")]
    SubPlanStartedOver {
        /// The repository.
        repository: String,
        /// What stood there.
        preserved: Vec<Preserved>,
    },
    /// The branches are to be pushed.
    #[serde(rename = "publishing.wanted/1")]
    PublishingWanted {},
    /// The candidate was compared with the remote's base.
    #[serde(rename = "base.compared/1")]
    BaseCompared {
        /// The repository.
        repository: String,
        /// How it stands.
        comparison: BaseComparison,
    },
    /// The candidate is on the remote.
    #[serde(rename = "branch.published/1")]
    BranchPublished {
        /// The repository.
        repository: String,
        /// The commit.
        commit: String,
    },
    /// The branch that was pushed is gone from the remote: it is made again.
    #[serde(rename = "remote_branch.gone/1")]
    RemoteBranchGone {
        /// The repository.
        repository: String,
        /// Where it stood.
        commit: String,
    },
    /// Everything is done.
    #[serde(rename = "item.completed/1")]
    Completed {},

    /// Four fifths of what the item may cost are spent.
    #[serde(rename = "budget.warned/1")]
    BudgetWarned {
        /// What it may cost, in millionths of a US dollar.
        limit: u64,
        /// What it has cost.
        spent: u64,
    },
    /// A person lets the item cost more.
    #[serde(rename = "budget.raised/1")]
    BudgetRaised {
        /// What it may cost from now on, in millionths of a US dollar.
        limit: u64,
    },
    /// Something waits for a person.
    #[serde(rename = "decision.opened/1")]
    DecisionOpened(Decision),
    /// It waits no more.
    #[serde(rename = "decision.resolved/1")]
    DecisionResolved {
        /// The decision.
        decision: DecisionId,
        /// What the person chose; none when the question went away by itself.
        choice: Option<Choice>,
        /// Their words.
        text: String,
    },
}

impl ItemFact {
    /// The stored name, such as `plan.approved/1`.
    pub fn name(&self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.get("event").and_then(|name| name.as_str()).map(str::to_owned))
            .unwrap_or_default()
    }
}
