use super::*;
use crate::env::Times;

fn env(version: u64) -> Env {
    Env::new(Times { wall_ms: 1000 + version, awake_ms: version }, "site", version)
}

fn item(n: u128) -> WorkItemId {
    WorkItemId::new(n.into())
}

fn session(n: u128) -> SessionId {
    SessionId::new(n.into())
}

struct World {
    site: Site,
    version: u64,
}

impl World {
    fn new(max_sessions: u32) -> Self {
        let mut world = Self { site: Site::default(), version: 0 };
        let events = world.site.decide(SiteCommand::StartDaemon { max_sessions }, &env(0)).unwrap();
        world.take(events);
        world
    }

    fn take(&mut self, events: Vec<SiteEvent>) {
        for event in &events {
            self.site.apply(event);
            self.version += 1;
        }
    }

    fn receive(&mut self, from: u128, number: u64, body: MessageBody) {
        let report = CommonReport::Received(Received { from: Address::WorkItem(item(from)), number, body });
        let events = self.site.absorb(report, &env(self.version));
        self.take(events);
    }

    fn granted(&self) -> Vec<u128> {
        self.site.granted.iter().map(|wish| wish.session.ulid().0).collect()
    }
}

fn want(n: u128, class: SlotClass) -> MessageBody {
    MessageBody::SlotWanted { session: session(n), class, agent: format!("agent-{}", n % 2) }
}

#[test]
fn slots_never_exceed_the_limit_and_go_to_the_most_urgent_first() {
    let mut world = World::new(1);
    world.receive(1, 1, want(10, SlotClass::Planning));
    world.receive(2, 1, want(20, SlotClass::Planning));
    world.receive(3, 1, want(30, SlotClass::Continuation));
    assert_eq!(world.granted(), [10]);
    world.receive(1, 2, MessageBody::SlotReleased { session: session(10), ask: 1 });
    assert_eq!(world.granted(), [30]);
}

#[test]
fn a_late_duplicate_of_an_ask_takes_no_slot_after_its_release() {
    let mut world = World::new(2);
    world.receive(1, 1, want(10, SlotClass::Planning));
    world.receive(1, 2, MessageBody::SlotReleased { session: session(10), ask: 1 });
    world.receive(1, 1, want(10, SlotClass::Planning));
    assert_eq!(world.granted(), Vec::<u128>::new());
}

#[test]
fn every_daemon_start_raises_the_epoch() {
    let mut world = World::new(1);
    assert_eq!(world.site.daemon_epoch, 1);
    let events = world.site.decide(SiteCommand::StartDaemon { max_sessions: 1 }, &env(9)).unwrap();
    world.take(events);
    assert_eq!(world.site.daemon_epoch, 2);
}

#[test]
fn an_item_that_is_asked_for_twice_has_one_number() {
    let mut world = World::new(1);
    let ticket = Ticket {
        title: "Limit the keys".to_owned(),
        description: String::new(),
        repositories: Vec::new(),
        bases: Vec::new(),
        direct: false,
    };
    let workspace = WorkspaceId::new(1.into());
    for id in [1, 1, 2] {
        let command = SiteCommand::CreateItem { item: item(id), workspace, ticket: ticket.clone() };
        let events = world.site.decide(command, &env(world.version)).unwrap();
        world.take(events);
    }
    assert_eq!(world.site.last_number, 2);
}

#[test]
fn a_limited_account_holds_back_its_own_turns_and_no_others() {
    let mut world = World::new(4);
    let wanted = |n: u128, agent: &str| MessageBody::SlotWanted {
        session: session(n),
        class: SlotClass::Planning,
        agent: agent.to_owned(),
    };
    let limited = |wait_ms| MessageBody::AccountLimited {
        agent: "claude".to_owned(),
        wait_ms,
        until_ms: 1000 + wait_ms,
    };
    world.receive(9, 1, limited(60_000));
    world.receive(9, 2, limited(30_000));
    assert_eq!(world.site.accounts["claude"].until_ms, 61_000, "the later end counts");
    world.receive(9, 3, wanted(1, "claude"));
    world.receive(9, 4, wanted(2, "codex"));
    assert_eq!(world.granted(), [2]);
    let effect = world.site.accounts["claude"].timer;
    let events = world.site.absorb(CommonReport::TimerFired { effect }, &env(world.version));
    world.take(events);
    assert_eq!(world.granted(), [2, 1]);
    assert!(world.site.accounts.is_empty());
}
