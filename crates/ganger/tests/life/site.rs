//! A site of its own for each test: a `GANGER_HOME`, a workspace with remotes, and the binary.

use crate::fixture::{Fixture, Made, put};
use ganger_core::journal::RecordKind;
use ganger_daemon::demo::world::World;
use ganger_git::Git;
use ganger_host::journal::JournalItem;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ganger");
/// How long one life may take at the very most, on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

pub(crate) struct Site {
    /// Where everything lies, unless the test has chosen the place.
    directory: Option<tempfile::TempDir>,
    pub world: Made,
    pub git: Git,
    dying: Mutex<Option<Child>>,
}

impl Site {
    /// The demonstration's world: three repositories in two waves.
    pub(crate) fn demonstration() -> Self {
        Self::made(Made::demonstration)
    }

    pub(crate) fn of(fixture: &Fixture) -> Self {
        Self::made(|root, git| fixture.make(root, git))
    }

    /// A world in a directory that the test has chosen.
    pub(crate) fn below(root: &Path, fixture: &Fixture) -> Self {
        let git = Git::find_here().unwrap();
        let world = fixture.make(root, &git);
        Self { directory: None, world, git, dying: Mutex::new(None) }
    }

    fn made(make: impl FnOnce(&Path, &Git) -> Made) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::find_here().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let world = make(&root, &git);
        Self { directory: Some(directory), world, git, dying: Mutex::new(None) }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.world.root.clone()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(&self.world.workspace)
            .env_remove(ganger_kill_point::VARIABLE)
            .env_remove(ganger_kill_point::TALLY)
            .env("GANGER_HOME", &self.world.home)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn ganger(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.ganger(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.text(&arguments)).unwrap()
    }

    /// A daemon that runs armed: at the `count`th visit of `point`, whoever of the site pays it dies, once.
    pub(crate) fn start_armed_daemon(&self, point: &str, count: u32) {
        let log = std::fs::File::create(self.world.home.join("armed.log")).unwrap();
        let child = self
            .command(&["daemon", "run"])
            .env(ganger_kill_point::VARIABLE, format!("{point}:{count}"))
            .env(ganger_kill_point::TALLY, self.tally())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.dying.lock().unwrap() = Some(child);
        // It may die before it ever answers: then the next command starts another.
        wait_until("the daemon answers or is dead", || {
            std::os::unix::net::UnixStream::connect(self.world.home.join("socket")).is_ok()
                || self.daemon_was_killed()
        });
    }

    fn tally(&self) -> PathBuf {
        self.root().join("tally")
    }

    /// How often the point was passed, over all processes.
    pub(crate) fn visits(&self) -> u64 {
        std::fs::metadata(self.tally()).map_or(0, |found| found.len())
    }

    /// Whether the daemon that was started armed was killed.
    pub(crate) fn daemon_was_killed(&self) -> bool {
        let mut dying = self.dying.lock().unwrap();
        let status = dying.as_mut().and_then(|child| child.try_wait().unwrap());
        status.is_some_and(|status| status.signal() == Some(9))
    }

    pub(crate) fn create(&self) {
        let ticket = self.root().join("ticket.md");
        put(&ticket, World::TICKET);
        let handle = self.text(&["new", "-f", ticket.to_str().unwrap()]);
        assert_eq!(handle, "g1\n");
    }

    /// Runs the item until it is done, as a script would: exit code 6 is tried again.
    pub(crate) fn run_to_the_end(&self) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut child = self
                .command(&["run", "g1", "--yes"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            while child.try_wait().unwrap().is_none() {
                if Instant::now() > deadline {
                    let _ = child.kill();
                }
                std::thread::park_timeout(Duration::from_millis(5));
            }
            let output = child.wait_with_output().unwrap();
            match output.status.code() {
                Some(0) => return,
                Some(3) if self.answer_questions() => {}
                Some(6) if Instant::now() < deadline => {}
                _ => panic!("{output:?}\n{}", self.story()),
            }
        }
    }

    /// Answers each question that waits for a person with its first option; whether there was one.
    pub(crate) fn answer_questions(&self) -> bool {
        let inbox = self.json(&["inbox"]);
        let decisions = inbox["decisions"].as_array().unwrap();
        let asked: Vec<_> = decisions.iter().filter(|decision| decision["kind"] == "question").collect();
        for question in &asked {
            self.ganger(&["answer", question["handle"].as_str().unwrap(), "--choice", "1"]);
        }
        !asked.is_empty()
    }

    /// Creates the item and runs it to its end.
    pub(crate) fn live(&self) {
        self.create();
        self.run_to_the_end();
    }

    /// Runs the item until a person is needed.
    pub(crate) fn run_to_a_decision(&self) {
        let output = self.ganger(&["run", "g1", "--yes"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}\n{}", self.story());
    }

    /// What a person would look at when something went wrong.
    pub(crate) fn story(&self) -> String {
        let said = [vec!["show", "g1"], vec!["inbox"], vec!["events", "g1"], vec!["logs", "g1", "-n", "3"]];
        let said = said.map(|arguments| stdout(&self.ganger(&arguments)));
        let read = |name: &str| std::fs::read_to_string(self.world.home.join(name)).unwrap_or_default();
        format!("{}\n{}\n{}", said.join("\n"), read("armed.log"), read("daemon.log"))
    }

    pub(crate) fn branch(&self) -> String {
        self.json(&["show", "g1"])["branch"].as_str().unwrap().to_owned()
    }

    /// What the remotes hold: the pushed commit of each repository.
    pub(crate) fn tips(&self) -> BTreeMap<String, String> {
        self.pushed("^{commit}")
    }

    /// The pushed tree of each repository.
    pub(crate) fn trees(&self) -> BTreeMap<String, String> {
        self.pushed("^{tree}")
    }

    fn pushed(&self, what: &str) -> BTreeMap<String, String> {
        let reference = format!("refs/heads/{}{what}", self.branch());
        let tip = |repository: &String| {
            let tip = self.git.scratch(&self.world.remote(repository), &["rev-parse", &reference]).unwrap();
            (repository.clone(), tip.trim().to_owned())
        };
        self.world.repositories.iter().map(tip).collect()
    }

    /// The rows of all transcripts of the item.
    pub(crate) fn transcript(&self) -> Vec<serde_json::Value> {
        let lines = self.text(&["logs", "g1", "-n", "100000", "--json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until an agent waits for this file.
    pub(crate) fn wait_for_agent_at(&self, gate: &Path) {
        let title = format!("wait for {}", gate.display());
        wait_until("an agent waits", || {
            self.transcript().iter().any(|row| row["text"].as_str().is_some_and(|text| text.contains(&title)))
        });
    }

    /// No incarnation of any session was given the same prompt twice.
    pub(crate) fn assert_no_prompt_twice(&self, after: &str) {
        let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
        for row in self.transcript() {
            if row["kind"] == "prompt" {
                let scope = row["cursor"].as_str().unwrap().split(':').next().unwrap().to_owned();
                *seen.entry((scope, row["text"].as_str().unwrap().to_owned())).or_default() += 1;
            }
        }
        assert!(!seen.is_empty(), "no prompt stands in the log");
        assert!(seen.values().all(|count| *count == 1), "after {after}: {seen:?}");
    }

    /// What agents said stands in the transcript, every word of it: all that their journals hold.
    pub(crate) fn assert_transcript_whole(&self, after: &str) {
        let mut shown: BTreeMap<String, String> = BTreeMap::new();
        for row in self.transcript() {
            if row["kind"] == "agent" {
                let scope = row["cursor"].as_str().unwrap().split(':').next().unwrap().to_owned();
                shown.entry(scope).or_default().push_str(row["text"].as_str().unwrap());
            }
        }
        let mut journals = 0;
        for entry in std::fs::read_dir(self.world.home.join("hosts")).unwrap() {
            let directory = entry.unwrap().path();
            let said = said_in_journal(&directory);
            if said.is_empty() {
                continue;
            }
            journals += 1;
            let name = directory.file_name().unwrap().to_str().unwrap().to_owned();
            let shown = shown.remove(&name).unwrap_or_default();
            assert_eq!(without_blanks(&shown), without_blanks(&said), "after {after}: {name}");
        }
        assert!(journals > 0, "no agent said anything");
        assert!(shown.is_empty(), "after {after}: shown and never said: {shown:?}");
    }

    /// After the daemon was stopped, no process of this site lives.
    pub(crate) fn assert_nothing_left(&self) {
        self.text(&["daemon", "stop"]);
        let home = self.world.home.display().to_string();
        wait_until("no process of the site is left", || processes(&home).is_empty());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.ganger(&["daemon", "stop"]);
        if let Some(mut child) = self.dying.get_mut().ok().and_then(Option::take) {
            let _ = child.kill();
            let _ = child.wait();
        }
        // To look into what a failed test left: GANGER_TEST_KEEP=1.
        if std::thread::panicking() && std::env::var_os("GANGER_TEST_KEEP").is_some() {
            eprintln!("kept: {}", self.world.root.display());
            if let Some(directory) = &mut self.directory {
                directory.disable_cleanup(true);
            }
        } else {
            ganger_daemon::demo::remove(&self.world.root);
        }
    }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The text that an agent streamed, read off its journal, without what it repeated of an earlier incarnation while it
/// loaded the conversation: nothing is news before the first prompt.
fn said_in_journal(host: &Path) -> String {
    let (mut out, mut prompted) = (Vec::new(), false);
    for item in ganger_host::client::read_journal(host, 1).unwrap() {
        let JournalItem::Record(record) = item else { panic!("a damaged journal in {}", host.display()) };
        if record.kind == RecordKind::Out {
            out.extend_from_slice(&record.bytes);
        } else if record.kind == RecordKind::In && says(&record.bytes, "\"session/prompt\"") && !prompted {
            prompted = true;
            out.clear();
        }
    }
    let mut said = String::new();
    for line in String::from_utf8_lossy(&out).lines() {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let update = &line["params"]["update"];
        if update["sessionUpdate"] == "agent_message_chunk" {
            said.push_str(update["content"]["text"].as_str().unwrap());
        }
    }
    said
}

fn says(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

/// The blanks around a row are not its text.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The processes of a site that run ganger with these first arguments.
pub(crate) fn processes_of(root: &Path, arguments: &[&str]) -> Vec<i32> {
    let root = root.display().to_string();
    let wanted: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
    let is_one = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line
            .split(|byte| *byte == 0)
            .skip(1)
            .take(wanted.len())
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        words == wanted
    };
    processes(&root).into_iter().filter(is_one).map(u32::cast_signed).collect()
}

/// The processes whose command line or environment names this directory.
pub(crate) fn processes(home: &str) -> Vec<u32> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let names = |file: &str| {
            let bytes = std::fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(home)
        };
        if pid != own && (names("cmdline") || names("environ")) {
            found.push(pid);
        }
    }
    found
}

pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {} s", LIMIT.as_secs());
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Runs `check` on each case, a few at a time: a life waits more than it works. All are run, whichever fail.
pub(crate) fn on_each<T: Sync + std::fmt::Debug>(cases: &[T], check: impl Fn(&T) + Sync) {
    /// Lives at once.
    const AT_ONCE: usize = 3;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case)));
                    if checked.is_err() {
                        failed.lock().unwrap().push(format!("{case:?}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {}", failed.join(" · "));
}
