//! The thread that writes: takes what is there, commits it together, answers.

use super::open::OpenError;
use super::write::{Failure, Work, Written, write, write_words};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How many writes wait at most; who comes next waits for room.
const QUEUE: usize = 1024;
/// How many writes are committed together at most.
const GROUP: usize = 512;
/// After so many writes the write-ahead log is copied into the database, once nobody waits.
const CHECKPOINT_AFTER: usize = 256;

/// Is told what became of a write, once it is durable.
pub(super) type Answer = Box<dyn FnOnce(Result<Written, Failure>) + Send>;

struct Job {
    work: Work,
    answer: Answer,
}

pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: &Path) -> Result<Self, OpenError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(connection, &jobs))
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                action: "given a thread that writes it",
                source,
            })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(super) fn submit(&self, work: Work, answer: Answer) {
        let job = Job { work, answer };
        let returned = match &self.queue {
            Some(queue) => queue.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        if let Some(job) = returned {
            (job.answer)(Err(Failure::Unknown("its writer has ended".to_owned())));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        // The last owner may be dropped by an answer, on the writer's own thread, which can't wait for itself.
        if let Some(thread) =
            self.thread.take_if(|thread| thread.thread().id() != std::thread::current().id())
        {
            // A panic of the writer was told to those who waited for it.
            let _ = thread.join();
        }
    }
}

fn run(connection: Connection, jobs: &Receiver<Job>) {
    let mut since_checkpoint = 0;
    loop {
        let first = match jobs.try_recv() {
            Ok(job) => job,
            Err(_) => {
                if since_checkpoint >= CHECKPOINT_AFTER {
                    checkpoint(&connection, "PRAGMA wal_checkpoint(PASSIVE)");
                    since_checkpoint = 0;
                }
                match jobs.recv() {
                    Ok(job) => job,
                    Err(_) => break,
                }
            }
        };
        let (mut works, mut answers) = (vec![first.work], vec![first.answer]);
        while works.len() < GROUP
            && let Ok(job) = jobs.try_recv()
        {
            works.push(job.work);
            answers.push(job.answer);
        }
        let results = commit(&connection, &works);
        since_checkpoint += works.len();
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever is told may panic; the others are told all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| answer(result)));
        }
    }
    checkpoint(&connection, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Makes the write-ahead log short. If it can't be done now, the log is only longer until the next time.
fn checkpoint(connection: &Connection, sql: &str) {
    let _ = connection.query_row(sql, [], |_| Ok(()));
}

/// Commits a group, each with a result of its own.
fn commit(connection: &Connection, works: &[Work]) -> Vec<Result<Written, Failure>> {
    match together(connection, works) {
        Ok(results) => results,
        // One of them may be too big for the room that is left: the others need not suffer from it.
        Err(Failure::Full(_)) if works.len() > 1 => works
            .iter()
            .map(|work| {
                together(connection, std::slice::from_ref(work)).and_then(|mut one| {
                    one.pop().unwrap_or_else(|| Err(Failure::Unknown("it was not written".to_owned())))
                })
            })
            .collect(),
        Err(failure) => works.iter().map(|_| Err(failure.for_each())).collect(),
    }
}

/// Commits a group in one transaction, in which each has a savepoint. An error is the whole group's: nothing of it was
/// written, as far as is known.
fn together(connection: &Connection, works: &[Work]) -> Result<Vec<Result<Written, Failure>>, Failure> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    let open = Open(connection);
    let (mut results, mut words) = (Vec::with_capacity(works.len()), Vec::new());
    for work in works {
        run("SAVEPOINT one")?;
        let result = write(connection, work, &mut words);
        if let Err(failure) = &result {
            if connection.is_autocommit() {
                // SQLite has undone the whole transaction, as it may when the disk is full.
                return Err(failure.for_each());
            }
            run("ROLLBACK TO one")?;
        }
        run("RELEASE one")?;
        results.push(result);
    }
    write_words(connection, &words)?;
    run("COMMIT")?;
    drop(open);
    Ok(results)
}

/// A transaction that is undone if it is still open at the end.
struct Open<'a>(&'a Connection);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // If even this fails, the next BEGIN does too, and says so to whoever waits.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}
