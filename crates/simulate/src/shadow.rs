//! The log read back, event by event as it was stored: what everything else is held against.

use crate::coverage::Family;
use crate::hosts::HostKey;
use crate::invariant::{Invariant, may_move};
use crate::world::World;
use ganger_core::aggregate::Aggregate;
use ganger_core::effect::{Action, EffectStep};
use ganger_core::ids::{EffectId, WorkItemId};
use ganger_core::journal::Position;
use ganger_core::message::Address;
use ganger_core::site::{Site, SiteEvent};
use ganger_core::work_item::decision::{Choice, DecisionKind};
use ganger_core::work_item::event::{ItemEvent, ItemFact};
use ganger_core::work_item::status::status;
use ganger_core::work_item::{WorkItem, budget};
use ganger_core::workspace::{Workspace, WorkspaceEvent};
use ganger_orchestrator::kernel::any::AnyKernel;
use ganger_orchestrator::stored::{from_stored, stream_of};
use ganger_store::{Store, StoredEvent};
use std::collections::{BTreeMap, BTreeSet};

enum Folded {
    Site(Box<Site>),
    Workspace(Box<Workspace>),
    Item(Box<WorkItem>),
}

/// The fold of every stream, and what the world must remember of it.
#[derive(Default)]
pub(crate) struct Shadow {
    streams: BTreeMap<Address, (u64, Folded)>,
    pub(crate) minted: BTreeSet<EffectId>,
    /// Messages whose sending is durable: from, to, number.
    pub(crate) sent: BTreeSet<(Address, Address, u64)>,
    /// What a person chose for each permission, by its title.
    pub(crate) permissions: BTreeMap<String, Choice>,
    /// Positions absorbed of each journal, in order.
    pub(crate) absorbed: BTreeMap<HostKey, Vec<Position>>,
    /// Commits that a person took although their checks say otherwise.
    pub(crate) accepted: BTreeSet<(WorkItemId, String, String)>,
    /// What the turns of each item have cost, as their agents said.
    spent: BTreeMap<Address, u64>,
    pub(crate) hash: u64,
    pub(crate) events: u64,
}

impl Shadow {
    pub(crate) fn item(&self, address: Address) -> Option<&WorkItem> {
        match self.streams.get(&address) {
            Some((_, Folded::Item(item))) => Some(item),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = &WorkItem> {
        self.streams.values().filter_map(|(_, folded)| match folded {
            Folded::Item(item) => Some(&**item),
            _ => None,
        })
    }

    pub(crate) fn site(&self) -> Option<&Site> {
        match self.streams.get(&Address::Site) {
            Some((_, Folded::Site(site))) => Some(site),
            _ => None,
        }
    }

    pub(crate) fn has_seen(&self, by: Address, from: Address, number: u64) -> bool {
        match self.streams.get(&by) {
            Some((_, Folded::Site(site))) => site.has_seen(from, number),
            Some((_, Folded::Workspace(workspace))) => workspace.has_seen(from, number),
            Some((_, Folded::Item(item))) => item.has_seen(from, number),
            None => false,
        }
    }

    /// Whether a kernel that stands at the same version has the same state.
    pub(crate) fn agrees(&self, address: Address, kernel: &AnyKernel) -> bool {
        let Some((version, folded)) = self.streams.get(&address) else { return kernel.version() == 0 };
        if kernel.version() != *version {
            return kernel.version() < *version;
        }
        match folded {
            Folded::Site(site) => kernel.as_site() == Some(site),
            Folded::Workspace(workspace) => kernel.as_workspace() == Some(workspace),
            Folded::Item(item) => kernel.as_item() == Some(item),
        }
    }

    fn eat(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn json_error(event: &StoredEvent, reason: &str) -> String {
    format!("{} of {} cannot be read back: {reason}", event.kind, event.stream)
}

impl World {
    /// Reads what an append wrote, whatever its writer was told.
    pub(crate) fn read_log(&mut self, address: Address) {
        let seen = match self.shadow.streams.get(&address) {
            Some((version, _)) => *version,
            None => 0,
        };
        let events = self.store.read_stream(&stream_of(address), seen, 10_000).unwrap_or_default();
        if events.is_empty() {
            return;
        }
        let fresh = || match address {
            Address::Site => Folded::Site(Box::default()),
            Address::Workspace(_) => Folded::Workspace(Box::default()),
            Address::WorkItem(_) => Folded::Item(Box::default()),
        };
        self.shadow.streams.entry(address).or_insert_with(|| (0, fresh()));
        for event in events {
            self.shadow.eat(event.stream.id.as_bytes());
            self.shadow.eat(event.kind.as_bytes());
            self.shadow.eat(event.data.as_bytes());
            self.shadow.events += 1;
            if self.trace {
                let data: String = event.data.chars().take(220).collect();
                let short: String = event.stream.id.chars().rev().take(4).collect();
                self.say(|| format!("  {short} {} {} {data}", event.version, event.kind));
            }
            if let Err(text) = self.read_event(address, &event) {
                self.violate(Invariant::Fold, text);
                return;
            }
        }
        match address {
            Address::WorkItem(_) => self.check_item(address),
            _ => self.check_site(),
        }
    }

    fn read_event(&mut self, address: Address, event: &StoredEvent) -> Result<(), String> {
        let Some((version, folded)) = self.shadow.streams.get_mut(&address) else { return Ok(()) };
        *version = event.version;
        match folded {
            Folded::Site(site) => {
                self.coverage.hit(Family::SiteEvent, &event.kind);
                let read: SiteEvent =
                    from_stored(&event.kind, &event.data).map_err(|reason| json_error(event, &reason))?;
                site.apply(&read);
                if let SiteEvent::Effect(step) = read {
                    self.note_step(address, &step);
                }
            }
            Folded::Workspace(workspace) => {
                self.coverage.hit(Family::WorkspaceEvent, &event.kind);
                let read: WorkspaceEvent =
                    from_stored(&event.kind, &event.data).map_err(|reason| json_error(event, &reason))?;
                workspace.apply(&read);
                if let WorkspaceEvent::Effect(step) = read {
                    self.note_step(address, &step);
                }
            }
            Folded::Item(item) => {
                self.coverage.hit(Family::ItemFact, &event.kind);
                let read: ItemEvent =
                    from_stored(&event.kind, &event.data).map_err(|reason| json_error(event, &reason))?;
                let before = (item.id.is_some(), status(item));
                let broke = matches!(read.fact, ItemFact::TurnOpened { .. })
                    && budget::limit(item)
                        .is_some_and(|limit| self.shadow.spent.get(&address) >= Some(&limit));
                let settled_unknown = matches!(&read.fact,
                    ItemFact::Effect(EffectStep::Settled { id }) if item.owed().get(*id).is_none());
                let resolved = match &read.fact {
                    ItemFact::DecisionResolved { decision, choice, .. } => {
                        item.decision(*decision).cloned().zip(*choice)
                    }
                    _ => None,
                };
                item.apply(&read);
                let (now, number) = (status(item), item.number);
                if before.0 && before.1 != now {
                    let text = format!("{} to {}", before.1.name(), now.name());
                    self.coverage.hit(Family::Status, &text);
                    if !may_move(before.1, now) {
                        self.violate(
                            Invariant::StatusMoves,
                            format!("g{number} went from {text} by {}", event.kind),
                        );
                    }
                }
                if broke {
                    let text = format!("g{number}: a turn begins, and the budget is used up");
                    self.violate(Invariant::Budget, text);
                }
                if settled_unknown {
                    let text = format!("g{number}: an effect had a second outcome");
                    self.violate(Invariant::IntentFirst, text);
                }
                if let Some((decision, choice)) = resolved {
                    // What a person chose for a permission.
                    if matches!(decision.kind, DecisionKind::Permission { .. }) {
                        self.shadow.permissions.insert(decision.text.clone(), choice);
                    }
                }
                self.note_fact(address, &read.fact);
            }
        }
        Ok(())
    }

    fn note_step(&mut self, address: Address, step: &EffectStep) {
        if let EffectStep::Minted(effect) = step {
            if !self.shadow.minted.insert(effect.id) {
                self.violate(Invariant::IntentFirst, format!("an effect of {address} was minted twice"));
            }
            if let Action::Message(message) = &effect.action {
                self.shadow.sent.insert((address, message.to, message.number));
            }
        }
    }

    fn note_fact(&mut self, address: Address, fact: &ItemFact) {
        let Address::WorkItem(id) = address else { return };
        self.note_question(address, fact);
        self.note_review(address, fact);
        match fact {
            ItemFact::Effect(step) => self.note_step(address, step),
            ItemFact::JournalAbsorbed { session, incarnation, position } => {
                let absorbed = self.shadow.absorbed.entry((*session, *incarnation)).or_default();
                let late = absorbed.last().is_some_and(|last| last >= position);
                absorbed.push(*position);
                if late {
                    let text = format!("{position:?} of {session} was absorbed twice or late");
                    self.violate(Invariant::JournalOnce, text);
                }
            }
            ItemFact::DecisionOpened(decision) => self.coverage.hit(Family::Decision, decision.kind.name()),
            ItemFact::CandidateTakenAsIs { repository, .. } => {
                let candidate = self
                    .shadow
                    .item(address)
                    .and_then(|item| item.sub_plans.get(repository))
                    .and_then(|sub_plan| sub_plan.candidate());
                if let Some(commit) = candidate.map(|candidate| candidate.commit.clone()) {
                    self.shadow.accepted.insert((id, repository.clone(), commit));
                }
            }
            ItemFact::WaveProvisioned { wave } => {
                let names = self
                    .shadow
                    .item(address)
                    .and_then(|item| item.waves.get(*wave as usize))
                    .map(|wave| wave.repositories.clone())
                    .unwrap_or_default();
                for name in names {
                    if !self.git.worktrees.contains_key(&(id, name.clone())) {
                        self.violate(Invariant::Truth, format!("{name} is provisioned, and has no worktree"));
                    }
                }
            }
            ItemFact::CheckEnded { repository, commit, name, result } => {
                let key = (repository.clone(), commit.clone(), name.clone());
                let shown = self.git.shown.get(&key).is_some_and(|results| results.contains(result));
                let not_run = matches!(result, ganger_core::effect::CheckResult::NotRun { .. });
                if !shown && !not_run {
                    self.violate(Invariant::Truth, format!("{name} of {repository} did not show {result:?}"));
                }
            }
            ItemFact::CandidateTaken { repository, number, commit, .. } => {
                let known = self.git.candidates.get(&(id, repository.clone(), *number));
                if known != Some(commit) {
                    let text =
                        format!("candidate {number} of {repository} is {commit}, and its ref {known:?}");
                    self.violate(Invariant::Truth, text);
                }
            }
            ItemFact::BranchPublished { repository, commit } => {
                let there = self.git.pushed.contains(&(id, repository.clone(), commit.clone()));
                if !there {
                    self.violate(Invariant::Truth, format!("{commit} of {repository} never was pushed"));
                }
            }
            ItemFact::TurnEnded { usage: Some(usage), .. } => {
                *self.shadow.spent.entry(address).or_default() += usage.cost_usd_micros.unwrap_or(0);
            }
            ItemFact::TurnDelivered { .. } => self.coverage.hit(Family::Effect, "delivery delivered"),
            ItemFact::TurnLost { reason, .. } if reason != "stopped by a person" => {
                self.coverage.hit(Family::Effect, "delivery undeliverable");
            }
            _ => {}
        }
    }
}
