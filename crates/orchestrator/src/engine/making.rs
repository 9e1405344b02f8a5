//! Places at which something is made that several want.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// One lock for each place; those that nobody holds or waits for are forgotten.
#[derive(Default)]
pub(super) struct Making {
    places: Mutex<BTreeMap<PathBuf, Weak<tokio::sync::Mutex<()>>>>,
}

impl Making {
    /// The lock of a place.
    pub(super) fn of(&self, place: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = places.get(place).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        places.insert(place.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_made_by_one_at_a_time() {
        let making = Making::default();
        let here = making.of(Path::new("/base/api"));
        let held = Arc::clone(&here).try_lock_owned().unwrap();
        assert!(making.of(Path::new("/base/api")).try_lock().is_err());
        assert!(making.of(Path::new("/base/web")).try_lock().is_ok());
        drop((held, here));
        assert!(making.of(Path::new("/base/api")).try_lock().is_ok());
        assert_eq!(making.places.lock().unwrap().len(), 1, "what nobody holds is forgotten");
    }
}
