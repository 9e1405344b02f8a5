//! A site of its own for each test: a `GANGER_HOME`, a workspace with remotes, and the binary.

use ganger_daemon::demo::world::World;
use ganger_git::Git;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ganger");
/// How long one life may take at the very most, on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

pub(crate) struct Site {
    directory: tempfile::TempDir,
    world: World,
    git: Git,
    dying: RefCell<Option<Child>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::find_here().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let world = World::make(&root, None, &git).unwrap();
        Self { directory, world, git, dying: RefCell::new(None) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(&self.world.workspace)
            .env_remove("GANGER_KILL_POINT")
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

    pub(crate) fn configure_agent(&self, text: &str) {
        std::fs::write(self.world.home.join("config.toml"), text).unwrap();
    }

    /// A daemon that kills itself when it passes `point` for the `count`th time.
    pub(crate) fn start_daemon_that_dies(&self, point: &str, count: u32) {
        let log = std::fs::File::create(self.world.home.join("dying.log")).unwrap();
        // Points of git are passed by name alone: the first time counts.
        let point = if point.starts_with("git.") { point.to_owned() } else { format!("{point}:{count}") };
        let child = self
            .command(&["daemon", "run"])
            .env("GANGER_KILL_POINT", point)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.dying.borrow_mut() = Some(child);
        // It may die before it ever answers: then the next command starts another.
        wait_until("the daemon answers or is dead", || {
            std::os::unix::net::UnixStream::connect(self.world.home.join("socket")).is_ok() || self.killed()
        });
    }

    /// Whether the daemon that was to die was killed.
    pub(crate) fn killed(&self) -> bool {
        let mut dying = self.dying.borrow_mut();
        let status = dying.as_mut().and_then(|child| child.try_wait().unwrap());
        status.is_some_and(|status| status.signal() == Some(9))
    }

    pub(crate) fn create(&self) {
        let ticket = self.directory.path().join("ticket.md");
        std::fs::write(&ticket, World::TICKET).unwrap();
        let handle = self.text(&["new", "-f", ticket.to_str().unwrap()]);
        assert_eq!(handle, "g1\n");
    }

    /// Runs the item until it is done, as a script would: exit code 6 is tried again.
    pub(crate) fn run_to_the_end(&self) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let output = self.ganger(&["run", "g1", "--yes"]);
            match output.status.code() {
                Some(0) => return,
                Some(6) if Instant::now() < deadline => {}
                _ => {
                    let show = self.ganger(&["show", "g1"]);
                    let inbox = self.ganger(&["inbox"]);
                    panic!("{output:?}\n{}\n{}", stdout(&show), stdout(&inbox));
                }
            }
        }
    }

    fn branch(&self) -> String {
        let shown = self.text(&["show", "g1", "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        shown["branch"].as_str().unwrap().to_owned()
    }

    /// What the remotes hold: the pushed commit of each repository.
    pub(crate) fn tips(&self) -> BTreeMap<String, String> {
        let reference = format!("refs/heads/{}", self.branch());
        let tip = |repository: &ganger_daemon::demo::world::Repository| {
            let tip = self.git.scratch(&self.world.remote(repository), &["rev-parse", &reference]).unwrap();
            (repository.name.clone(), tip.trim().to_owned())
        };
        self.world.repositories.iter().map(tip).collect()
    }

    pub(crate) fn assert_pushed(&self) {
        assert_eq!(self.tips().len(), 3);
    }

    /// No incarnation of any session was given the same prompt twice.
    pub(crate) fn assert_no_prompt_twice(&self, point: &str) {
        let lines = self.text(&["logs", "g1", "-n", "5000", "--json"]);
        let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
        for line in lines.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            let rows =
                line.get("lines").and_then(|rows| rows.as_array().cloned()).unwrap_or_else(|| vec![line]);
            for row in rows {
                if row["kind"] == "prompt" {
                    let scope = row["cursor"].as_str().unwrap().split(':').next().unwrap().to_owned();
                    *seen.entry((scope, row["text"].as_str().unwrap().to_owned())).or_default() += 1;
                }
            }
        }
        assert!(!seen.is_empty(), "no prompt stands in the log");
        assert!(seen.values().all(|count| *count == 1), "after {point}: {seen:?}");
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
        if let Some(mut child) = self.dying.borrow_mut().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        ganger_daemon::demo::remove(self.directory.path());
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The processes whose command line or environment names this directory.
fn processes(home: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == own || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        for file in ["cmdline", "environ"] {
            let bytes = std::fs::read(entry.path().join(file)).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(home) {
                found.push(name.clone());
            }
        }
    }
    found
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {} s", LIMIT.as_secs());
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Runs the demonstration of a drawn world; it asserts its own result.
pub(crate) fn demonstration(seed: &str) {
    let output = Command::new(PROGRAM)
        .args(["demo", "--yes", "--seed", seed])
        .env_remove("GANGER_HOME")
        .env_remove("GANGER_KILL_POINT")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "seed {seed}: {}\n{}",
        stdout(&output),
        String::from_utf8_lossy(&output.stderr)
    );
}
