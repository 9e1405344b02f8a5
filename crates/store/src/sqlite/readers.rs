//! The connections that read: opened when they are first needed, then kept.

use super::open;
use super::read::ReadFailure;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(super) struct Readers {
    path: PathBuf,
    limit: usize,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(super) fn new(path: PathBuf, limit: usize) -> Self {
        let pool = Mutex::new(Pool { idle: Vec::new(), lent: 0 });
        Self { path, limit, pool, returned: Condvar::new() }
    }

    /// Runs `read` in a read transaction: all it sees is of one moment.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, ReadFailure>,
    ) -> Result<T, ReadFailure> {
        let place = self.wait_for_a_place();
        let connection = match self.pool().idle.pop() {
            Some(connection) => connection,
            None => open::reading(&self.path)?,
        };
        // Ends with the closure, so that a connection goes back without an open transaction. One whose read failed
        // or panicked is closed instead.
        let found = {
            let moment = connection.unchecked_transaction()?;
            read(&moment)?
        };
        self.pool().idle.push(connection);
        drop(place);
        Ok(found)
    }

    fn wait_for_a_place(&self) -> Place<'_> {
        let mut pool = self.pool();
        while pool.lent >= self.limit {
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.lent += 1;
        Place(self)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // Nothing that can panic runs under this lock.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to read, given back whatever happens.
struct Place<'a>(&'a Readers);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.pool().lent -= 1;
        self.0.returned.notify_one();
    }
}
