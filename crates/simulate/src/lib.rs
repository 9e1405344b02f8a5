//! The simulator: a world from a seed around ganger's real kernel and real host machine. Agents succeed, ask, fail,
//! hang, lie and speak garbage; the store loses commits and answers; remotes move; clocks jump; the daemon dies at
//! every named point, hosts and agents at any. After every step the [`Invariant`]s must hold, and in the end, with
//! the faults off, a willing person must be able to finish everything.
//!
//! A life is a function of its seed: `ganger-simulate --seeds 1 --start N --trace` shows one again.
//!
//! ```
//! let life = ganger_simulate::run(7, None);
//! assert_eq!(life.violation, None);
//! assert_eq!(life.hash, ganger_simulate::run(7, None).hash);
//! ```

mod advisers;
mod agent;
mod coverage;
mod daemon;
mod git;
mod hosts;
mod invariant;
mod jobs;
mod kill;
mod person;
mod plans;
mod planted;
mod random;
mod sayings;
mod script;
mod shadow;
mod world;

pub use coverage::{Coverage, Family};
pub use invariant::{Invariant, Violation};
pub use kill::POINTS as KILL_POINTS;
pub use planted::Planted;
pub use random::Random;

use world::World;

/// What became of one life.
#[derive(Debug)]
pub struct Life {
    /// The seed.
    pub seed: u64,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// What it met.
    pub coverage: Coverage,
    /// A digest of its whole log: equal seeds give equal ones.
    pub hash: u64,
    /// How many events its log has.
    pub events: u64,
    /// How many things happened in it.
    pub happenings: u64,
}

/// Lives one life. A panic anywhere in it is a violation like any other.
pub fn run(seed: u64, planted: Option<Planted>) -> Life {
    live(seed, planted, false)
}

/// Lives one life and prints what happens in it.
pub fn trace(seed: u64, planted: Option<Planted>) -> Life {
    live(seed, planted, true)
}

/// The work items as they stand at this awake time of a life: states that really come about, to start tests from.
pub fn items_at(seed: u64, awake_ms: u64) -> Vec<ganger_core::work_item::WorkItem> {
    let mut world = World::new(seed, None, false);
    world.live_until(awake_ms);
    world.shadow.items().cloned().collect()
}

fn live(seed: u64, planted: Option<Planted>, trace: bool) -> Life {
    let mut world = World::new(seed, planted, trace);
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.live()));
    if let Err(panic) = lived {
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        world.violate(Invariant::NoPanic, text);
    }
    Life {
        seed,
        violation: world.violation,
        coverage: world.coverage,
        hash: world.shadow.hash,
        events: world.shadow.events,
        happenings: world.happenings,
    }
}
