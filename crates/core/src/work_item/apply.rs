//! The fold: how each fact changes the state. Total, and free of decisions.

use super::event::{ItemEvent, ItemFact};
use super::state::{
    Approval, Candidate, HostState, PlanningStage, Request, RequestKind, Session, Slot, SubPlan,
    SubPlanStage, Turn, Wave, WaveStage, WorkItem,
};
use crate::agent::{TurnEnd, Usage};
use crate::effect::{Action, Effect, EffectStep};
use crate::env::Times;
use crate::ids::SessionId;

fn sum(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    match (left, right) {
        (None, None) => None,
        (left, right) => Some(left.unwrap_or(0).saturating_add(right.unwrap_or(0))),
    }
}

fn add(total: &mut Usage, turn: Usage) {
    total.input_tokens = sum(total.input_tokens, turn.input_tokens);
    total.output_tokens = sum(total.output_tokens, turn.output_tokens);
    total.total_tokens = sum(total.total_tokens, turn.total_tokens);
    total.cost_usd_micros = sum(total.cost_usd_micros, turn.cost_usd_micros);
}

impl WorkItem {
    fn with_session(&mut self, id: SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.session_mut(id) {
            change(session);
        }
    }

    fn with_sub_plan(&mut self, repository: &str, change: impl FnOnce(&mut SubPlan)) {
        if let Some(sub_plan) = self.sub_plans.get_mut(repository) {
            change(sub_plan);
        }
    }

    fn with_candidate(&mut self, repository: &str, change: impl FnOnce(&mut Candidate)) {
        self.with_sub_plan(repository, |sub_plan| {
            if let Some(candidate) = sub_plan.candidates.last_mut() {
                change(candidate);
            }
        });
    }

    fn with_request(&mut self, session: SessionId, wire_id: &str, change: impl FnOnce(&mut Request)) {
        self.with_session(session, |session| {
            let incarnation = session.incarnation;
            let same =
                |request: &&mut Request| request.incarnation == incarnation && request.wire_id == wire_id;
            if let Some(request) = session.requests.iter_mut().find(same) {
                change(request);
            }
        });
    }

    /// What the minting of an intent alone says of the state.
    fn note_effect(&mut self, step: &EffectStep) {
        self.mailbox.note(step);
        let EffectStep::Minted(Effect { action, .. }) = step else { return };
        match action {
            Action::ReadDraft { .. } => self.planning.stage = PlanningStage::ReadingDraft,
            Action::Provision { wave, .. } => {
                if let Some(wave) = self.waves.get_mut(*wave as usize) {
                    wave.stage = WaveStage::Provisioning;
                }
            }
            Action::Setup { repository, .. } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::SettingUp);
            }
            Action::TakeCandidate { repository, number, .. } => {
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.stage = SubPlanStage::Taking;
                    sub_plan.numbered = *number;
                });
            }
            _ => {}
        }
    }

    pub(super) fn apply_event(&mut self, event: &ItemEvent) {
        self.changed = event.at;
        match &event.fact {
            ItemFact::Born { id, workspace, number, branch, ticket } => {
                self.id = Some(*id);
                self.workspace = Some(*workspace);
                self.number = *number;
                self.branch.clone_from(branch);
                self.ticket = Some(ticket.clone());
                self.born = event.at;
            }
            ItemFact::MessageReceived { from, number } => self.mailbox.received(*from, *number),
            ItemFact::Effect(step) => {
                self.note_effect(step);
                self.ledger.apply(step);
            }
            fact @ (ItemFact::PlanningStarted { .. }
            | ItemFact::BasesRecorded { .. }
            | ItemFact::PlanSubmitted { .. }
            | ItemFact::CorrectionWanted { .. }
            | ItemFact::PlanProposed(_)
            | ItemFact::PlanningFailed { .. }
            | ItemFact::PlanApproved { .. }
            | ItemFact::PlanRejected { .. }) => self.apply_planning(fact, event),
            fact @ (ItemFact::WaveProvisioned { .. }
            | ItemFact::WaveRefused { .. }
            | ItemFact::SetupDone { .. }
            | ItemFact::SetupFailed { .. }
            | ItemFact::SubPlanBegun { .. }
            | ItemFact::CandidateTaken { .. }
            | ItemFact::CandidateMissing { .. }
            | ItemFact::CandidateAccepted { .. }
            | ItemFact::ProofPrepared { .. }
            | ItemFact::CheckEnded { .. }
            | ItemFact::ChecksRenewed { .. }
            | ItemFact::RepairWanted { .. }
            | ItemFact::SubPlanProven { .. }
            | ItemFact::SubPlanStopped { .. }
            | ItemFact::SubPlanRetried { .. }
            | ItemFact::PublishingWanted {}
            | ItemFact::BaseCompared { .. }
            | ItemFact::BranchPublished { .. }
            | ItemFact::Completed {}) => self.apply_implementation(fact, event.at),
            ItemFact::DecisionOpened(decision) => self.decisions.push(decision.clone()),
            ItemFact::DecisionResolved { decision, .. } => self.decisions.retain(|open| open.id != *decision),
            fact => self.apply_session(fact, event),
        }
    }

    fn apply_planning(&mut self, fact: &ItemFact, event: &ItemEvent) {
        let planning = &mut self.planning;
        match fact {
            ItemFact::PlanningStarted { settings, feedback } => {
                self.settings = settings.clone();
                self.rejected = false;
                planning.stage = PlanningStage::Preparing;
                planning.feedback.clone_from(feedback);
                planning.accepted = None;
                planning.refusals = 0;
                planning.corrections = 0;
            }
            ItemFact::BasesRecorded { repositories, refused } => {
                planning.bases.clone_from(repositories);
                planning.refused.clone_from(refused);
                planning.stage = PlanningStage::Writing;
            }
            ItemFact::PlanSubmitted { accepted, .. } => match accepted {
                Some(document) => planning.accepted = Some(document.clone()),
                None => planning.refusals += 1,
            },
            ItemFact::CorrectionWanted { .. } => {
                planning.corrections += 1;
                planning.refusals = 0;
                planning.stage = PlanningStage::Writing;
            }
            ItemFact::PlanProposed(version) => {
                planning.stage = PlanningStage::Proposed;
                planning.accepted = None;
                self.plans.push(version.clone());
            }
            ItemFact::PlanningFailed { .. } => planning.stage = PlanningStage::Failed,
            ItemFact::PlanApproved { version, digest, waves } => {
                self.approval = Some(Approval { version: *version, digest: digest.clone(), at: event.at });
                self.sub_plans =
                    waves.iter().flatten().map(|name| (name.clone(), SubPlan::default())).collect();
                self.waves = waves
                    .iter()
                    .map(|repositories| Wave {
                        repositories: repositories.clone(),
                        stage: WaveStage::Waiting,
                    })
                    .collect();
            }
            ItemFact::PlanRejected { .. } => {
                planning.stage = PlanningStage::Idle;
                self.rejected = true;
            }
            _ => {}
        }
    }

    fn apply_session(&mut self, fact: &ItemFact, event: &ItemEvent) {
        match fact {
            ItemFact::SessionCreated { session, kind, repository, agent, parent, ordinal } => {
                if repository.is_none() {
                    self.planning.session = Some(*session);
                }
                self.sessions.push(Session {
                    id: *session,
                    kind: *kind,
                    repository: repository.clone(),
                    agent: agent.clone(),
                    parent: *parent,
                    ordinal: *ordinal,
                    incarnation: 0,
                    host: HostState::None,
                    native_id: None,
                    loaded: false,
                    knows_task: false,
                    turn: None,
                    want: None,
                    requests: Vec::new(),
                    slot: Slot::None,
                    failures: 0,
                    trouble: None,
                    turns: 0,
                    started: None,
                    watermark: (0, crate::journal::Position::default()),
                    usage: Usage::default(),
                    limited: None,
                    enforcement: None,
                    closed: false,
                });
            }
            ItemFact::TurnWanted { session, purpose } => self.with_session(*session, |session| {
                session.want = Some(purpose.clone());
                session.closed = false;
            }),
            ItemFact::SessionStarting { session, incarnation, presence, timer } => {
                self.with_session(*session, |session| {
                    session.incarnation = *incarnation;
                    session.started.get_or_insert(event.at);
                    session.host = HostState::Starting { presence: *presence, timer: *timer };
                    session.requests.clear();
                    session.loaded = false;
                    session.knows_task = false;
                });
            }
            ItemFact::HostStarted { session, enforcement, .. } => {
                self.with_session(*session, |session| session.enforcement = Some(enforcement.clone()));
            }
            ItemFact::SessionReady { session, native_id, loaded } => self.with_session(*session, |session| {
                if let HostState::Starting { presence, .. } = session.host {
                    session.host = HostState::Ready { presence };
                }
                session.native_id = Some(native_id.clone());
                session.loaded = *loaded;
                session.knows_task = *loaded;
            }),
            ItemFact::TurnOpened { session, purpose, delivery } => {
                let turn = Turn {
                    delivery: *delivery,
                    purpose: purpose.clone(),
                    delivered: false,
                    opened: event.at,
                };
                if self.session(*session).is_some_and(|session| session.repository.is_none()) {
                    self.planning.refusals = 0;
                }
                self.with_session(*session, |session| {
                    session.turn = Some(turn);
                    session.turns += 1;
                    session.want = None;
                });
            }
            ItemFact::TurnDelivered { session } => self.with_session(*session, |session| {
                if let Some(turn) = &mut session.turn {
                    turn.delivered = true;
                }
                session.knows_task = true;
            }),
            ItemFact::TurnEnded { session, end, usage } => self.with_session(*session, |session| {
                session.turn = None;
                session.knows_task = true;
                session.requests.clear();
                if let Some(usage) = usage {
                    add(&mut session.usage, *usage);
                }
                if !matches!(end, TurnEnd::Failed { .. } | TurnEnd::Interrupted) {
                    session.failures = 0;
                }
            }),
            ItemFact::TurnLost { session, .. } => self.with_session(*session, |session| {
                session.turn = None;
                session.requests.clear();
            }),
            ItemFact::SessionTroubled { session, reason } => self.with_session(*session, |session| {
                session.failures += 1;
                session.trouble = Some(reason.clone());
            }),
            ItemFact::SessionLimited { session, timer, .. } => {
                self.with_session(*session, |session| session.limited = Some(*timer));
            }
            ItemFact::SessionUnlimited { session } => {
                self.with_session(*session, |session| session.limited = None);
            }
            ItemFact::HostLeaving { session } => self.with_session(*session, |session| {
                if let HostState::Starting { presence, .. } | HostState::Ready { presence } = session.host {
                    session.host = HostState::Leaving { presence };
                }
                session.requests.clear();
            }),
            ItemFact::HostGone { session } => {
                self.with_session(*session, |session| session.host = HostState::None);
            }
            ItemFact::HostLost { session } => self.with_session(*session, |session| {
                session.host = HostState::Lost;
                session.requests.clear();
            }),
            ItemFact::SessionClosed { session } => self.with_session(*session, |session| {
                session.closed = true;
                session.want = None;
            }),
            ItemFact::JournalAbsorbed { session, incarnation, position } => {
                self.with_session(*session, |session| session.watermark = (*incarnation, *position));
            }
            ItemFact::SlotAsked { session, ask, effect } => self.with_session(*session, |session| {
                session.slot = Slot::Asked { ask: *ask, effect: *effect };
            }),
            ItemFact::SlotGranted { session, ask } => {
                self.with_session(*session, |session| session.slot = Slot::Granted { ask: *ask });
            }
            ItemFact::SlotReturned { session } => {
                self.with_session(*session, |session| session.slot = Slot::None);
            }
            ItemFact::RequestOpened { session, incarnation, wire_id, channel, request } => {
                self.with_session(*session, |session| {
                    session.requests.push(Request {
                        incarnation: *incarnation,
                        wire_id: wire_id.clone(),
                        channel: *channel,
                        kind: request.clone(),
                        answer: None,
                        delivery: None,
                    });
                });
            }
            ItemFact::RequestAnswered { session, wire_id, answer } => {
                self.with_request(*session, wire_id, |request| {
                    if request.answer.is_none() {
                        request.answer = Some(answer.clone());
                    }
                });
            }
            ItemFact::RequestDelivering { session, wire_id, delivery } => {
                self.with_request(*session, wire_id, |request| request.delivery = Some(*delivery));
            }
            ItemFact::RequestWithdrawn { session, wire_id } => self.with_session(*session, |session| {
                session.requests.retain(|request| request.wire_id != *wire_id);
            }),
            ItemFact::QuestionAsked(question) => self.questions.push(question.clone()),
            ItemFact::QuestionAnswered { question, answer } => {
                if let Some(question) = self.questions.iter_mut().find(|known| known.id == *question)
                    && question.answer.is_none()
                {
                    question.answer = Some(answer.clone());
                }
                let waiting: Vec<(SessionId, String)> = self
                    .sessions
                    .iter()
                    .flat_map(|session| session.requests.iter().map(|request| (session.id, request)))
                    .filter(|(_, request)| {
                        matches!(&request.kind, RequestKind::Question { question: id } if id == question)
                    })
                    .map(|(session, request)| (session, request.wire_id.clone()))
                    .collect();
                for (session, wire_id) in waiting {
                    self.with_request(session, &wire_id, |request| {
                        if request.answer.is_none() {
                            request.answer = Some(super::state::GivenAnswer::Text {
                                text: answer.clone(),
                                is_error: false,
                            });
                        }
                    });
                }
            }
            _ => {}
        }
    }

    fn apply_implementation(&mut self, fact: &ItemFact, at: Times) {
        match fact {
            ItemFact::WaveProvisioned { wave } => {
                let Some(wave) = self.waves.get_mut(*wave as usize) else { return };
                let repositories = wave.repositories.clone();
                // Where all were stopped meanwhile nothing begins: the worktrees are looked at again then.
                let stopped = repositories.iter().all(|name| {
                    self.sub_plans.get(name).is_some_and(|sub_plan| sub_plan.stage == SubPlanStage::Stopped)
                });
                wave.stage = if stopped { WaveStage::Waiting } else { WaveStage::Provisioned };
                for repository in repositories {
                    self.with_sub_plan(&repository, |sub_plan| {
                        if sub_plan.stage == SubPlanStage::Waiting {
                            sub_plan.stage = SubPlanStage::Provisioned;
                        }
                    });
                }
            }
            ItemFact::WaveRefused { wave, .. } => {
                if let Some(wave) = self.waves.get_mut(*wave as usize) {
                    wave.stage = WaveStage::Waiting;
                }
            }
            ItemFact::SetupDone { repository } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Ready);
            }
            ItemFact::SetupFailed { repository, reason } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Provisioned;
                sub_plan.trouble = Some(reason.clone());
            }),
            ItemFact::SubPlanBegun { repository, session } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Working;
                sub_plan.session = Some(*session);
            }),
            ItemFact::CandidateTaken { repository, number, commit, findings, paths } => {
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.candidates.push(Candidate {
                        number: *number,
                        commit: commit.clone(),
                        findings: findings.clone(),
                        findings_accepted: false,
                        paths: paths.clone(),
                        checks: std::collections::BTreeMap::new(),
                    });
                    sub_plan.stage = SubPlanStage::Proving;
                    sub_plan.nudged = false;
                    sub_plan.comparison = None;
                    sub_plan.trouble = None;
                });
            }
            ItemFact::CandidateMissing { repository, reason } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.stage = SubPlanStage::Working;
                sub_plan.nudged = true;
                sub_plan.trouble = Some(reason.clone());
            }),
            ItemFact::CandidateAccepted { repository } => {
                self.with_candidate(repository, |candidate| candidate.findings_accepted = true);
            }
            ItemFact::ProofPrepared { repository, commit } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.proof = Some(commit.clone()));
            }
            ItemFact::CheckEnded { repository, commit, name, result } => {
                self.with_sub_plan(repository, |sub_plan| {
                    match sub_plan.candidates.last_mut() {
                        Some(candidate) if candidate.commit == *commit => {
                            candidate.checks.insert(name.clone(), result.clone());
                        }
                        _ => {
                            sub_plan.base_checks.insert(name.clone(), result.clone());
                        }
                    };
                });
            }
            ItemFact::ChecksRenewed { repository } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.base_checks.clear();
                sub_plan.proof = None;
                sub_plan.stage = SubPlanStage::Proving;
                if let Some(candidate) = sub_plan.candidates.last_mut() {
                    candidate.checks.clear();
                }
            }),
            ItemFact::RepairWanted { repository } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.repairs += 1;
                sub_plan.stage = SubPlanStage::Working;
            }),
            ItemFact::SubPlanProven { repository } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Proven);
            }
            ItemFact::SubPlanStopped { repository } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.stage = SubPlanStage::Stopped);
            }
            ItemFact::SubPlanRetried { repository } => {
                let provisioned = self.waves.iter().any(|wave| {
                    wave.repositories.contains(repository) && wave.stage == WaveStage::Provisioned
                });
                self.with_sub_plan(repository, |sub_plan| {
                    sub_plan.repairs = 0;
                    sub_plan.nudged = false;
                    sub_plan.stage = match (&sub_plan.session, provisioned) {
                        (Some(_), _) => SubPlanStage::Working,
                        (None, true) => SubPlanStage::Provisioned,
                        (None, false) => SubPlanStage::Waiting,
                    };
                });
            }
            ItemFact::PublishingWanted {} => {
                self.publishing = true;
                // What was complete without a push is not, now that one is wanted.
                self.completed = false;
            }
            ItemFact::BaseCompared { repository, comparison } => {
                self.with_sub_plan(repository, |sub_plan| sub_plan.comparison = Some(comparison.clone()));
            }
            ItemFact::BranchPublished { repository, commit } => self.with_sub_plan(repository, |sub_plan| {
                sub_plan.published = Some(commit.clone());
                sub_plan.published_at = at;
                sub_plan.stage = SubPlanStage::Published;
            }),
            ItemFact::Completed {} => self.completed = true,
            _ => {}
        }
    }
}
