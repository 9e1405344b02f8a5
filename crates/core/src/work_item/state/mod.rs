//! The work item's state: the fold of its events. No field says what another already implies.

mod critique;
mod planning;
mod question;
mod session;
mod settings;
mod sub_plan;

pub use critique::{Critique, CritiqueState, Review, Verdict};
pub use planning::{Approval, PlanAuthor, PlanVersion, Planning, PlanningStage};
pub use question::{Answer, Answerer, Question, QuestionEnd};
pub use session::{
    Channel, GivenAnswer, HostState, Place, Request, RequestKind, Session, Silence, Slot, Turn, TurnPurpose,
};
pub use settings::{PermissionPolicy, PushPolicy, ReviewSettings, Settings};
pub use sub_plan::{Afresh, Candidate, SubPlan, SubPlanStage, Wave, WaveStage};

use super::decision::Decision;
use crate::effect::Ledger;
use crate::env::Times;
use crate::ids::{CritiqueId, DecisionId, QuestionId, SessionId, WorkItemId, WorkspaceId};
use crate::mailbox::Mailbox;
use crate::message::Ticket;
use crate::repository::RepositoryBase;
use crate::session::SessionKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole state.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct WorkItem {
    /// Its id; none before it was born.
    pub id: Option<WorkItemId>,
    /// Its `g` number.
    pub number: u64,
    /// Its workspace.
    pub workspace: Option<WorkspaceId>,
    /// Its ticket.
    pub ticket: Option<Ticket>,
    /// Its branch, fixed at birth.
    pub branch: String,
    /// When it was born.
    pub born: Times,
    /// When its last event was stored.
    pub changed: Times,
    /// What the configuration said when it was started.
    pub settings: Settings,
    /// Planning.
    pub planning: Planning,
    /// Every version of the plan; the last one is current.
    pub plans: Vec<PlanVersion>,
    /// The approval.
    pub approval: Option<Approval>,
    /// The waves of the approved plan.
    pub waves: Vec<Wave>,
    /// The sub-plans of the approved plan.
    pub sub_plans: BTreeMap<String, SubPlan>,
    /// What was left out of a changed plan: its worktree, candidates and pushes stand, and count when it comes back.
    #[serde(default)]
    pub left_out: BTreeMap<String, SubPlan>,
    /// Sessions, oldest first.
    pub sessions: Vec<Session>,
    /// Questions, oldest first.
    pub questions: Vec<Question>,
    /// Critiques, oldest first.
    pub critiques: Vec<Critique>,
    /// The Foreman.
    pub foreman: Option<SessionId>,
    /// What the item may cost since a person raised its budget, in millionths of a US dollar.
    pub raised_budget: Option<u64>,
    /// The budget whose end was seen coming.
    pub warned_budget: Option<u64>,
    /// Open decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Whether a person or the configuration wants the branches pushed.
    pub publishing: bool,
    /// Whether everything is done.
    pub completed: bool,
    /// Whether a person gave it up.
    pub rejected: bool,
    pub(in crate::work_item) mailbox: Mailbox,
    pub(in crate::work_item) ledger: Ledger,
}

impl WorkItem {
    /// The session of this id.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub(in crate::work_item) fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// Whether the session is `other` or follows it.
    pub fn descends(&self, session: SessionId, other: SessionId) -> bool {
        let mut current = Some(session);
        // As many steps as there are sessions reach the root of any chain.
        for _ in 0..=self.sessions.len() {
            match current {
                Some(id) if id == other => return true,
                Some(id) => current = self.session(id).and_then(|session| session.parent),
                None => return false,
            }
        }
        false
    }

    /// The question of this id.
    pub fn question(&self, id: QuestionId) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Whether the Foreman can think about a question: there is one that works, and the question is not the planner's,
    /// which is for the person alone.
    pub fn foreman_takes_part(&self, question: &Question) -> bool {
        let given_up = self.foreman.and_then(|id| self.session(id)).is_some_and(|session| session.closed);
        let of_planner =
            self.session(question.session).is_some_and(|asker| asker.kind == SessionKind::Planning);
        self.settings.foreman.is_some() && !given_up && !of_planner
    }

    /// The critique of this id.
    pub fn critique(&self, id: CritiqueId) -> Option<&Critique> {
        self.critiques.iter().find(|critique| critique.id == id)
    }

    /// The critiques of a repository, oldest first.
    pub fn critiques_of<'a>(&'a self, repository: &'a str) -> impl Iterator<Item = &'a Critique> {
        self.critiques.iter().filter(move |critique| critique.repository == repository)
    }

    /// The answered questions that other agents may rely on, oldest first: those of implementers and reviewers.
    pub fn faq(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| {
            question.answer().is_some()
                && self.session(question.session).is_some_and(|session| session.kind != SessionKind::Planning)
        })
    }

    /// The candidates of earlier waves, which a repository's work stands on.
    pub(in crate::work_item) fn earlier_commits(&self, repository: &str) -> BTreeMap<String, String> {
        let waves =
            self.waves.iter().take_while(|wave| !wave.repositories.iter().any(|name| name == repository));
        let commit = |name: &String| {
            let candidate = self.sub_plans.get(name)?.candidate()?;
            Some((name.clone(), candidate.commit.clone()))
        };
        waves.flat_map(|wave| &wave.repositories).filter_map(commit).collect()
    }

    /// The repositories of earlier waves whose candidates have changed since this one's implementer last heard of them.
    pub fn stale_on(&self, repository: &str) -> Vec<String> {
        let Some(sub_plan) = self.sub_plans.get(repository).filter(|sub_plan| sub_plan.session.is_some())
        else {
            return Vec::new();
        };
        let now = self.earlier_commits(repository).into_iter();
        now.filter(|(name, commit)| sub_plan.built_on.get(name) != Some(commit))
            .map(|(name, _)| name)
            .collect()
    }

    /// The last version of the plan.
    pub fn plan(&self) -> Option<&PlanVersion> {
        self.plans.last()
    }

    /// The base that was recorded for a repository.
    pub fn base(&self, repository: &str) -> Option<&RepositoryBase> {
        self.planning.bases.iter().find(|base| base.name == repository)
    }

    /// The open decision of this id.
    pub fn decision(&self, id: DecisionId) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.id == id)
    }

    /// Everything owed, oldest first.
    pub fn owed(&self) -> &Ledger {
        &self.ledger
    }

    /// A session's handle, such as `g12/api@3`, `g12@plan` or `g12@foreman`.
    pub fn session_handle(&self, session: &Session) -> String {
        match (&session.repository, session.kind) {
            (Some(repository), _) => format!("g{}/{repository}@{}", self.number, session.ordinal),
            (None, SessionKind::Foreman) => format!("g{}@foreman", self.number),
            (None, _) => format!("g{}@plan", self.number),
        }
    }
}
