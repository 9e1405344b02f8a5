//! What controllers ask, and what they are told.

use super::outbox::Then;
use super::{Action, Clock, ConnectionId, Machine, PendingAttach, Phase, pieces};
use crate::journal::MAX_KEY;
use crate::protocol::{Attached, MAX_BODY, MAX_QUEUED, Refusal, Reply, Request, SERVED};
use crate::spec::EndedBy;
use ganger_core::journal::RecordKind;

impl Machine {
    pub(super) fn message(
        &mut self,
        clock: Clock,
        connection: ConnectionId,
        id: u64,
        request: Request,
        actions: &mut Vec<Action>,
    ) {
        let reply = match request {
            Request::Attach { protocol, daemon_epoch, from } => {
                if SERVED.contains(&protocol) {
                    self.attach_queue.push_back(PendingAttach {
                        connection,
                        id,
                        from: from.max(1),
                        epoch: daemon_epoch,
                    });
                    self.next_attach(actions);
                    return;
                }
                Reply::Refused(Refusal::Protocol { offered: protocol, served: SERVED.to_vec() })
            }
            Request::Status => Reply::Status {
                state: self.state(),
                head: self.head(),
                last_write: self.last_n,
                flushed: self.flushed,
                status: Box::new(self.status.clone()),
            },
            _ if self.controller != Some(connection) => Reply::Refused(Refusal::NotAttached),
            Request::Write { n, key, bytes } => match self.may_write(n, &key, bytes.len()) {
                Ok(()) => {
                    self.queued_n = n;
                    let records = pieces(clock, RecordKind::In, n, &key, &bytes);
                    self.outbox.push(records, Then::Write { n, bytes, reply: Some((connection, id)) });
                    return;
                }
                Err(refusal) => Reply::Refused(refusal),
            },
            Request::Note { n, bytes } => match self.may_note(n, bytes.len()) {
                Ok(()) => {
                    self.queued_n = n;
                    let records = pieces(clock, RecordKind::Note, n, "", &bytes);
                    self.outbox.push(records, Then::Note { n, connection, id });
                    return;
                }
                Err(refusal) => Reply::Refused(refusal),
            },
            Request::Sync { upto } if upto <= self.head() => {
                self.syncs.push_back((connection, id, upto));
                return;
            }
            Request::Sync { upto } => Reply::Refused(Refusal::SyncBeyond { upto, head: self.head() }),
            Request::Signal { signal } => match self.phase {
                Phase::Running | Phase::Stopping { .. } => {
                    if rustix::process::Signal::from_named_raw(signal).is_some() {
                        actions.push(Action::Signal(signal));
                        Reply::Done
                    } else {
                        Reply::Refused(Refusal::NoSuchSignal { signal })
                    }
                }
                _ => Reply::Refused(Refusal::Ended),
            },
            Request::Stop { grace_ms, kill_ms, farewell } => {
                self.ended_by.get_or_insert(EndedBy::Stop);
                self.stop(clock, &farewell, grace_ms, kill_ms, actions);
                Reply::Done
            }
        };
        actions.push(Action::Reply(connection, id, reply));
    }

    fn may_note(&self, n: u64, length: usize) -> Result<(), Refusal> {
        if length > MAX_BODY {
            return Err(too_long("body", length, MAX_BODY));
        }
        if let Some(reason) = self.outbox.blocked() {
            return Err(Refusal::Blocked { reason: reason.to_owned() });
        }
        if matches!(self.phase, Phase::Exited(_) | Phase::Closing(_) | Phase::Finished(_)) {
            return Err(Refusal::Ended);
        }
        if n != self.queued_n + 1 {
            return Err(Refusal::Counter { n, last: self.queued_n });
        }
        Ok(())
    }

    fn may_write(&self, n: u64, key: &str, length: usize) -> Result<(), Refusal> {
        self.may_note(n, length)?;
        if key.len() > MAX_KEY {
            return Err(too_long("key", key.len(), MAX_KEY));
        }
        if !self.input_open {
            return Err(Refusal::InputClosed);
        }
        let queued: usize = self.to_agent.iter().map(|(_, left)| left).sum();
        if queued + length > MAX_QUEUED {
            return Err(Refusal::Busy { queued: queued as u64, limit: MAX_QUEUED as u64 });
        }
        Ok(())
    }

    pub(super) fn next_attach(&mut self, actions: &mut Vec<Action>) {
        while self.attach.is_none() {
            let Some(attach) = self.attach_queue.pop_front() else { return };
            if attach.epoch < self.epoch {
                let refusal = Refusal::StaleEpoch { offered: attach.epoch, highest: self.epoch };
                actions.push(Action::Reply(attach.connection, attach.id, Reply::Refused(refusal)));
            } else if attach.epoch > self.epoch {
                self.attach = Some(attach);
                actions.push(Action::KeepEpoch(attach.epoch));
            } else {
                self.attach_now(attach, actions);
            }
        }
    }

    pub(super) fn epoch_kept(&mut self, actions: &mut Vec<Action>) {
        if let Some(attach) = self.attach.take() {
            self.epoch = attach.epoch;
            self.attach_now(attach, actions);
        }
        self.next_attach(actions);
    }

    fn attach_now(&mut self, attach: PendingAttach, actions: &mut Vec<Action>) {
        let PendingAttach { connection, id, from, .. } = attach;
        if from > self.head() + 1 {
            let refusal = Refusal::Beyond { from, head: self.head() };
            actions.push(Action::Reply(connection, id, Reply::Refused(refusal)));
            return;
        }
        if let Some(earlier) = self.controller.replace(connection)
            && earlier != connection
        {
            // Closed first; what it had queued and is not in the journal is dropped with it.
            self.syncs.retain(|(of, ..)| *of != earlier);
            self.outbox.forget(earlier);
            self.queued_n = self.outbox.last_queued_n().unwrap_or(self.last_n);
            actions.push(Action::Close(earlier));
        }
        let attached = Attached {
            incarnation: self.beginning.incarnation,
            head: self.head(),
            last_write: self.queued_n,
            flushed: self.flushed,
            state: self.state(),
        };
        actions.push(Action::Reply(connection, id, Reply::Attached(attached)));
        actions.push(Action::Stream(connection, from));
    }
}

fn too_long(what: &str, length: usize, limit: usize) -> Refusal {
    Refusal::TooLong { what: what.to_owned(), length: length as u64, limit: limit as u64 }
}
