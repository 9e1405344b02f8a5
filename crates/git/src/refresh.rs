//! Refreshing many mirrors at once, a few at a time, and none that was refreshed a moment ago.

use crate::discover::Discoverer;
use crate::mirror::{BaseBranch, Mirror};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came of refreshing a set of repositories, in the order in which they were given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RepoUpdateResults {
    /// One per repository.
    pub updates: Vec<RepoUpdate>,
}

impl RepoUpdateResults {
    /// The failures: name and sentence.
    pub fn pull_failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.updates.iter().filter_map(|update| match &update.outcome {
            UpdateOutcome::Failed { sentence } => Some((update.repository.as_str(), sentence.as_str())),
            _ => None,
        })
    }
}

/// One repository's part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RepoUpdate {
    /// The repository's name.
    pub repository: String,
    /// What came of it.
    pub outcome: UpdateOutcome,
}

/// What came of refreshing one repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum UpdateOutcome {
    /// Asked just now.
    Refreshed {
        /// Where the base branch stands.
        base: BaseBranch,
    },
    /// Within the cool-down of its last successful refresh; nobody was asked.
    Recent {
        /// Where the base branch stood then.
        base: BaseBranch,
    },
    /// The remote could not be read; what is known of it may be old.
    Failed {
        /// Why.
        sentence: String,
    },
}

impl Discoverer {
    /// Refreshes the mirrors, `parallel` at a time (at least one, at most 16). The first one goes alone, so that
    /// an ssh connection or a credential helper is set up once. One that was refreshed successfully less than
    /// `cool_down_ms` before `now_ms` is not asked again: the cool-down is each repository's own, and a failure
    /// does not start it.
    pub fn pull_main_worktrees(
        &self,
        mirrors: &[Mirror],
        now_ms: u64,
        cool_down_ms: u64,
        parallel: usize,
    ) -> RepoUpdateResults {
        let next = AtomicUsize::new(0);
        let slots: Vec<Mutex<Option<UpdateOutcome>>> = mirrors.iter().map(|_| Mutex::new(None)).collect();
        let work = |only_one: bool| loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (Some(mirror), Some(slot)) = (mirrors.get(number), slots.get(number)) else { break };
            let outcome = self.update(mirror, now_ms, cool_down_ms);
            let asked = !matches!(outcome, UpdateOutcome::Recent { .. });
            // Nobody panics while holding it.
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome);
            if only_one && asked {
                break;
            }
        };
        work(true);
        std::thread::scope(|scope| {
            for _ in 0..parallel.clamp(1, 16).min(mirrors.len()) {
                scope.spawn(|| work(false));
            }
        });
        let outcomes = slots
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
        let updates = mirrors.iter().zip(outcomes).map(|(mirror, outcome)| RepoUpdate {
            repository: mirror.source.name.clone(),
            outcome: outcome
                .unwrap_or_else(|| UpdateOutcome::Failed { sentence: "it was not reached".into() }),
        });
        RepoUpdateResults { updates: updates.collect() }
    }

    fn update(&self, mirror: &Mirror, now_ms: u64, cool_down_ms: u64) -> UpdateOutcome {
        // A clock that went back makes the last refresh old, not the next one far away.
        let recent = mirror
            .refreshed_at()
            .is_some_and(|then| now_ms.checked_sub(then).is_some_and(|age| age < cool_down_ms));
        if recent && let Ok(Some(base)) = self.ref_git().last_base(mirror) {
            return UpdateOutcome::Recent { base };
        }
        match self.ref_git().refresh(mirror, now_ms) {
            Ok(base) => UpdateOutcome::Refreshed { base },
            Err(error) => UpdateOutcome::Failed { sentence: error.to_string() },
        }
    }
}
