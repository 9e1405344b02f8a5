//! Each service over the engine with a store in memory; what agents and jobs do is played, on a clock that jumps to
//! whatever is waited for.

mod asking;
mod planning;
mod working;
mod world;

use super::*;
use ganger_core::work_item::state::{PushPolicy, ReviewSettings, Settings};
use std::time::Duration;
use world::{PLAN, World};

/// Longer than anything here takes, on a clock that jumps.
const LIMIT: Duration = Duration::from_secs(30);

fn settings() -> Settings {
    Settings {
        planner: "scripted".to_owned(),
        foreman: Some("scripted".to_owned()),
        review: Some(ReviewSettings { agent: "scripted".to_owned(), ..ReviewSettings::default() }),
        push: PushPolicy::Never,
        ..Settings::default()
    }
}

fn planner(world: &World) -> PlanningService {
    PlanningService::new(world.engine.clone(), PlanningConfig { settings: settings(), limit: LIMIT })
}

fn implementation(world: &World) -> ImplementationService {
    ImplementationService::new(world.engine.clone(), ImplementationConfig { limit: LIMIT })
}
