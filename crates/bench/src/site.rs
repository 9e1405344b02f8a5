//! A throw-away site: a `GANGER_HOME`, a workspace, and the real binary.

use anyhow::{Context, Result, bail, ensure};
use ganger_api::client::Client;
use ganger_api::daemon::DaemonStatus;
use ganger_api::routes;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before the measurement is given up.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// Where everything of one site lies.
pub(crate) struct Site {
    program: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) workspace: PathBuf,
    runtime: tokio::runtime::Runtime,
}

/// A daemon that this process started; it is killed with it.
pub(crate) struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    /// What it weighs, in megabytes.
    pub(crate) fn megabytes(&self) -> Result<f64> {
        megabytes(self.0.id())
    }

    /// The time its threads have run so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // Behind the name in parentheses: the 14th and 15th field, in hundredths of a second.
        let rest = stat.rsplit_once(')').context("the daemon's stat has no name")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }
}

impl Site {
    /// The site that a demonstration makes below `root`, and leaves with one finished item.
    pub(crate) fn demonstration(program: &Path, root: &Path) -> Result<Self> {
        let output = Command::new(program)
            .args(["demo", "--yes", "--dir"])
            .arg(root)
            .env_remove("GANGER_HOME")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        ensure!(
            output.status.success(),
            "the demonstration failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Self::new(program, root.join("home"), root.join("acme"))
    }

    /// A site of these directories.
    pub(crate) fn new(program: &Path, home: PathBuf, workspace: PathBuf) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { program: program.to_owned(), home, workspace, runtime })
    }

    /// A command line of this site.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.workspace)
            .env("GANGER_HOME", &self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command and gives what it printed.
    pub(crate) fn ganger(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ganger {} failed: {said}", arguments.join(" "));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// From the start of a command to the first byte it prints.
    pub(crate) fn first_byte(&self, arguments: &[&str]) -> Result<Duration> {
        let began = Instant::now();
        let mut child = self.command(arguments).stderr(Stdio::null()).spawn()?;
        let mut output = child.stdout.take().context("the command has no output")?;
        let mut first = [0];
        let read = output.read(&mut first)?;
        let took = began.elapsed();
        output.read_to_end(&mut Vec::new())?;
        ensure!(read == 1 && child.wait()?.success(), "ganger {} failed", arguments.join(" "));
        Ok(took)
    }

    /// Asks the daemon.
    pub(crate) fn get(&self, path: &str) -> Result<serde_json::Value> {
        let key = std::fs::read_to_string(self.home.join("person.key"))?;
        let client = Client::new(self.home.join("socket")).with_key(key.trim());
        Ok(self.runtime.block_on(client.get_json(path))?)
    }

    /// What the daemon says of itself.
    pub(crate) fn status(&self) -> Result<DaemonStatus> {
        Ok(serde_json::from_value(self.get(routes::DAEMON)?)?)
    }

    /// Starts a daemon, and says how long it took until its first answer.
    pub(crate) fn start(&self) -> Result<(Daemon, Duration)> {
        let log = std::fs::File::options().append(true).create(true).open(self.home.join("bench.log"))?;
        let began = Instant::now();
        let child = self.command(&["daemon", "run"]).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut daemon = Daemon(child);
        loop {
            // A killed daemon leaves its socket behind: only this one's answer counts.
            if self.status().is_ok_and(|status| status.pid == daemon.0.id()) {
                return Ok((daemon, began.elapsed()));
            }
            if let Some(status) = daemon.0.try_wait()? {
                bail!("the daemon ended with {status}; its words stand in {}", self.home.display());
            }
            ensure!(began.elapsed() < LIMIT, "the daemon did not answer within {} s", LIMIT.as_secs());
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Waits until the daemon has nothing to do.
    pub(crate) fn settle(&self, daemon: &Daemon) -> Result<()> {
        let mut cpu = daemon.cpu()?;
        loop {
            std::thread::sleep(Duration::from_millis(400));
            let now = daemon.cpu()?;
            if now == cpu {
                return Ok(());
            }
            cpu = now;
        }
    }

    /// The hosts of this site that live: their processes, with their directories.
    pub(crate) fn hosts(&self) -> Result<Vec<(u32, PathBuf)>> {
        let below = self.home.join("hosts");
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // A process that is gone meanwhile has no command line, and is none of them.
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).skip(1);
            if words.next().is_some_and(|word| word == "host") {
                let places = words.map(|word| PathBuf::from(&*word));
                found.extend(
                    places.filter(|place| place.starts_with(&below)).map(|place| (pid, place)).next(),
                );
            }
        }
        Ok(found)
    }
}

/// The proportional set size of a process, in megabytes.
pub(crate) fn megabytes(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok())
        .context("the kernel tells no proportional set size")?;
    Ok(kilobytes / 1000.0 * 1.024)
}

/// Waits until something holds, looking often.
pub(crate) fn until(what: &str, holds: impl Fn() -> Result<bool>) -> Result<Duration> {
    let began = Instant::now();
    while !holds()? {
        ensure!(began.elapsed() < LIMIT, "{what}: not within {} s", LIMIT.as_secs());
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(began.elapsed())
}
