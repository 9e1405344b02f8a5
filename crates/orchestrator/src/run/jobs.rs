//! Jobs: processes that run to their end under a host of their own, survive the daemon, and leave a journal.
//! Running the same attempt again finds the host where it is.

use super::Trouble;
use super::context::Context;
use ganger_core::ids::EffectId;
use ganger_core::journal::{ExitStatus, Record, RecordKind};
use ganger_core::process::ProcessSpec;
use ganger_host::client::{AttachError, Connection, LaunchError, exit_of, launch, read_journal, tombstone};
use ganger_host::journal::JournalItem;
use ganger_host::spec::{EndedBy, HostSpec, HostState, Status, probe};
use ganger_host::sweep;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The most that is kept of a job's output; what lies before is dropped.
const KEPT_OUTPUT: usize = 33 << 20;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct JobEnd {
    /// How its process ended.
    pub status: ExitStatus,
    /// Whether it ran into its time limit.
    pub timed_out: bool,
    /// What it wrote to standard output.
    pub out: Vec<u8>,
    /// Everything it wrote, both streams as they came.
    pub all: Vec<u8>,
    /// Why its program was not started at all.
    pub refused: Option<String>,
}

fn keep(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(bytes);
    if into.len() > KEPT_OUTPUT {
        let surplus = into.len() - KEPT_OUTPUT;
        into.drain(..surplus);
    }
}

#[derive(Default)]
struct Collected {
    out: Vec<u8>,
    all: Vec<u8>,
    exit: Option<ExitStatus>,
}

impl Collected {
    fn take(&mut self, record: &Record) {
        match record.kind {
            RecordKind::Out => {
                keep(&mut self.out, &record.bytes);
                keep(&mut self.all, &record.bytes);
            }
            RecordKind::Err => keep(&mut self.all, &record.bytes),
            RecordKind::Exit => self.exit = exit_of(record),
            _ => {}
        }
    }

    fn end(self, directory: &Path) -> Result<JobEnd, Trouble> {
        let status = self
            .exit
            .ok_or_else(|| Trouble::Again(format!("the journal in {} has no end", directory.display())))?;
        let told = Status::read(directory).ok().flatten().unwrap_or_default();
        Ok(JobEnd {
            status,
            timed_out: told.ended_by == Some(EndedBy::Timeout),
            out: self.out,
            all: self.all,
            refused: told.refused,
        })
    }
}

/// Runs `process` as step `step` of the context's effect and waits for its end.
///
/// # Errors
/// It could not be started, or its host died.
pub async fn run(context: &Context, step: &str, process: ProcessSpec) -> Result<JobEnd, Trouble> {
    let name = format!("{}.{}{step}", context.effect, context.attempt);
    let spec = HostSpec { marker: name.clone(), name, incarnation: u64::from(context.attempt), process };
    let directory = spec.directory(&context.hosts());
    match probe(&directory) {
        HostState::NeverStarted => match launch(&context.hosts(), &context.site.program, &spec).await {
            Ok(_) | Err(LaunchError::AlreadyThere { .. }) => {}
            // A job that ended at once may have taken its socket with it.
            Err(LaunchError::NotReady { .. }) if matches!(probe(&directory), HostState::Ended(_)) => {}
            Err(error) => return Err(Trouble::Again(error.to_string())),
        },
        HostState::Unknown(reason) => return Err(Trouble::Again(reason)),
        HostState::Alive | HostState::Ended(_) | HostState::Dead => {}
    }
    follow(context, &directory).await
}

async fn follow(context: &Context, directory: &Path) -> Result<JobEnd, Trouble> {
    let mut tries = 0;
    loop {
        match probe(directory) {
            HostState::Ended(_) => {
                let mut collected = Collected::default();
                let items = read_journal(directory, 1).map_err(|error| Trouble::Again(error.to_string()))?;
                for item in items {
                    if let JournalItem::Record(record) = item {
                        collected.take(&record);
                    }
                }
                return collected.end(directory);
            }
            HostState::Dead => {
                let owned = directory.to_owned();
                super::blocking(move || {
                    sweep::sweep(&owned, sweep::DEFAULT_LIMIT)
                        .map_err(|error| Trouble::Again(error.to_string()))
                })
                .await?;
                return Err(Trouble::Again("the host of the job died".to_owned()));
            }
            _ => {}
        }
        match Connection::attach(directory, context.engine.epoch(), 1).await {
            Ok((connection, mut records, _)) => {
                let mut collected = Collected::default();
                while let Ok(Some(record)) = records.next().await {
                    collected.take(&record);
                }
                drop(connection);
                if collected.exit.is_some() {
                    return collected.end(directory);
                }
            }
            Err(AttachError::Refused { refusal, .. }) => return Err(Trouble::Again(refusal.to_string())),
            Err(error) if tries >= 20 => return Err(Trouble::Again(error.to_string())),
            Err(_) => {}
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(50 * tries.min(20))).await;
    }
}

/// Ends every host of an attempt and waits until none lives. Whether there was any: a job that outlived a daemon
/// may still run although nobody of this daemon waits for it, and nothing may start in its place before it ended.
pub async fn end_all(home: &Path, effect: EffectId, attempt: u32) -> bool {
    let name = format!("{effect}.{attempt}");
    end_those(home, |found| {
        let rest = found.strip_prefix(&name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
    .await
}

/// Ends every host below a `GANGER_HOME` that is nobody else's, and waits until none lives.
pub(super) async fn end_everything(home: &Path) {
    end_those(home, |_| true).await;
}

async fn end_those(home: &Path, which: impl Fn(&str) -> bool) -> bool {
    let directories: Vec<PathBuf> = std::fs::read_dir(home.join("hosts"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(&which))
        .map(|entry| entry.path())
        .collect();
    let mut any = false;
    for directory in directories {
        let mut told = false;
        loop {
            match probe(&directory) {
                HostState::NeverStarted => break,
                HostState::Ended(_) => {
                    any = true;
                    break;
                }
                HostState::Dead => {
                    any = true;
                    let owned = directory.clone();
                    let swept = super::blocking(move || {
                        sweep::sweep(&owned, sweep::DEFAULT_LIMIT)
                            .map_err(|error| Trouble::Again(error.to_string()))
                    });
                    match swept.await {
                        Ok(_) => break,
                        Err(trouble) => tracing::warn!(?trouble, "what a withdrawn job left still lives"),
                    }
                }
                HostState::Alive if !told => {
                    told = true;
                    if let Err(error) = tombstone(&directory).await {
                        tracing::warn!(%error, "a withdrawn job could not be told to end");
                    }
                }
                HostState::Alive | HostState::Unknown(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    any
}
