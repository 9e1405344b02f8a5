//! What the tests with real processes share.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test program uses its part")]

use ganger_core::journal::{ExitStatus, Record, RecordKind};
use ganger_core::process::{ProcessSpec, SandboxMode, SandboxPolicy};
use ganger_host::client::{Connection, Records, exit_of, launch};
use ganger_host::spec::{HostSpec, HostState, Status, probe};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The host program of these tests.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_ganger-host-test");

/// How long anything may take before a test says what it waited for.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A home for hosts, and a place outside of it.
pub struct Home {
    pub directory: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["hosts", "work", "private", "outside"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// A shell script as a host's process, in `work`, writing only there and in `private`.
    pub fn script(&self, name: &str, script: &str) -> HostSpec {
        HostSpec {
            name: name.to_owned(),
            incarnation: 1,
            marker: format!(
                "{name}-{}",
                self.directory.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.')
            ),
            process: ProcessSpec {
                command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
                directory: self.text("work"),
                environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
                sandbox: SandboxPolicy {
                    mode: SandboxMode::BestEffort,
                    write: vec![self.text("work")],
                    private: vec![self.text("private")],
                    hide: Vec::new(),
                    read: Vec::new(),
                },
                timeout_ms: None,
                input: None,
            },
        }
    }

    pub async fn launch(&self, spec: &HostSpec) -> PathBuf {
        launch(&self.path("hosts"), Path::new(PROGRAM), spec).await.unwrap()
    }

    /// Launches and attaches from the beginning.
    pub async fn start(&self, spec: &HostSpec) -> (PathBuf, Connection, Records) {
        let directory = self.launch(spec).await;
        let (connection, records, _) = Connection::attach(&directory, 1, 0).await.unwrap();
        (directory, connection, records)
    }

    /// Runs a script to its end.
    pub async fn run(&self, spec: &HostSpec) -> Run {
        let directory = self.launch(spec).await;
        let mut run = Run::new(directory);
        match Connection::attach(&run.directory, 1, 0).await {
            Ok((_connection, mut records, _)) => {
                while let Some(record) = soon("the end", records.next()).await.unwrap() {
                    run.take(record);
                }
            }
            // It has ended already.
            Err(_) => {
                for item in ganger_host::client::read_journal(&run.directory, 0).unwrap() {
                    let ganger_host::journal::JournalItem::Record(record) = item else { panic!("damage") };
                    run.take(record);
                }
            }
        }
        until("the host to be gone", || !matches!(probe(&run.directory), HostState::Alive));
        run.status = Status::read(&run.directory).unwrap().unwrap();
        run
    }
}

impl Drop for Home {
    /// A test that failed half way must leave no host behind.
    fn drop(&mut self) {
        for entry in std::fs::read_dir(self.directory.path().join("hosts")).into_iter().flatten().flatten() {
            if probe(&entry.path()) == HostState::Alive
                && let Ok(Some(Status { host: Some(host), .. })) = Status::read(&entry.path())
            {
                kill(host.pid);
            }
        }
    }
}

/// What came of a process.
#[derive(Debug)]
pub struct Run {
    pub directory: PathBuf,
    pub records: Vec<Record>,
    pub status: Status,
}

impl Run {
    fn new(directory: PathBuf) -> Self {
        Self { directory, records: Vec::new(), status: Status::default() }
    }

    fn take(&mut self, record: Record) {
        assert_eq!(record.position, self.records.len() as u64 + 1);
        self.records.push(record);
    }

    pub fn text(&self, kind: RecordKind) -> String {
        text(&self.records, kind)
    }

    pub fn exit(&self) -> ExitStatus {
        exit_of(self.records.last().unwrap()).unwrap()
    }
}

/// All bytes of one kind.
pub fn text(records: &[Record], kind: RecordKind) -> String {
    let bytes: Vec<u8> =
        records.iter().filter(|record| record.kind == kind).flat_map(|record| record.bytes.clone()).collect();
    String::from_utf8(bytes).unwrap()
}

/// Waits for a future, not for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits for a condition, not for ever.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Reads records until the standard output so far contains `wanted`.
pub async fn output_with(records: &mut Records, seen: &mut Vec<Record>, wanted: &str) {
    while !text(seen, RecordKind::Out).contains(wanted) {
        let record = soon(wanted, records.next()).await.unwrap();
        seen.push(record.unwrap_or_else(|| panic!("the end came before {wanted:?}: {seen:?}")));
    }
}

/// The processes whose environment bears this marker.
pub fn bearers(marker: &str) -> Vec<u32> {
    let wanted = format!("GANGER_SESSION={marker}");
    let numbers = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    numbers
        .filter(|pid: &u32| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| text.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
        })
        .collect()
}

/// Ends a process as a crash would.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}
