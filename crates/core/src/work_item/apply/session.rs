//! How facts of sessions and their requests change the state.

use crate::agent::{TurnEnd, Usage};
use crate::session::SessionKind;
use crate::work_item::event::{ItemEvent, ItemFact};
use crate::work_item::state::{HostState, Request, Session, Slot, Turn, WorkItem};

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
    pub(super) fn apply_session(&mut self, fact: &ItemFact, event: &ItemEvent) {
        match fact {
            ItemFact::SessionCreated { session, kind, repository, agent, parent, ordinal } => {
                match kind {
                    SessionKind::Planning => self.planning.session = Some(*session),
                    SessionKind::Foreman => self.foreman = Some(*session),
                    SessionKind::Implementation | SessionKind::Review => {}
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
                    words: Vec::new(),
                    requests: Vec::new(),
                    slot: Slot::None,
                    failures: 0,
                    trouble: None,
                    turns: 0,
                    last_opened: None,
                    started: None,
                    watermark: (0, crate::journal::Position::default()),
                    usage: Usage::default(),
                    limited: None,
                    watch: None,
                    silence: None,
                    moved_ms: 0,
                    enforcement: None,
                    closed: false,
                });
            }
            ItemFact::TurnWanted { session, purpose } => self.with_session(*session, |session| {
                session.want = Some(purpose.clone());
                session.closed = false;
            }),
            ItemFact::TurnUnwanted { session } => {
                self.with_session(*session, |session| session.want = None);
            }
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
                let Some(known) = self.session(*session) else { return };
                let turn = Turn {
                    words: known.words.clone(),
                    delivery: *delivery,
                    purpose: purpose.clone(),
                    delivered: false,
                    opened: event.at,
                };
                match known.kind {
                    SessionKind::Planning => self.planning.refusals = 0,
                    SessionKind::Review => self.with_review(*session, |review| review.refusals = 0),
                    SessionKind::Implementation | SessionKind::Foreman => {}
                }
                self.with_session(*session, |session| {
                    session.turn = Some(turn);
                    session.turns += 1;
                    session.want = None;
                    session.words.clear();
                    session.last_opened = Some(event.at);
                });
            }
            ItemFact::TurnDelivered { session } => self.with_session(*session, |session| {
                if let Some(turn) = &mut session.turn {
                    turn.delivered = true;
                }
                session.moved_ms = event.at.awake_ms;
                session.knows_task = true;
            }),
            ItemFact::TurnEnded { session, end, usage } => self.with_session(*session, |session| {
                session.turn = None;
                session.silence = None;
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
                // Whether the agent heard it is not known: it is told again.
                if let Some(turn) = session.turn.take() {
                    session.words.splice(0..0, turn.words);
                }
                session.silence = None;
                session.requests.clear();
            }),
            ItemFact::SessionTold { session, text } => {
                self.with_session(*session, |session| session.words.push(text.clone()));
            }
            ItemFact::SessionTroubled { session, reason } => self.with_session(*session, |session| {
                session.failures += 1;
                session.trouble = Some(reason.clone());
            }),
            ItemFact::SessionLimited { session, timer, .. } => {
                self.with_session(*session, |session| session.limited = Some(*timer));
            }
            ItemFact::SilenceWatched { session, timer } => {
                self.with_session(*session, |session| session.watch = Some(*timer));
            }
            ItemFact::SessionSilent { session, silence } => {
                self.with_session(*session, |session| session.silence = Some(*silence));
            }
            ItemFact::SessionHeard { session } => {
                self.with_session(*session, |session| session.silence = None);
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
                self.with_session(*session, |session| {
                    session.slot = Slot::Granted { ask: *ask };
                    session.moved_ms = event.at.awake_ms;
                });
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
            _ => {}
        }
    }
}
