//! The one place that starts git: no shell, a cleared environment, a time limit, limits on output.

use crate::error::{GitError, IoContext, Result};
use crate::lock::RepositoryLock;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The oldest git that does what ganger asks of it: `merge-tree --write-tree` came with 2.38, and 2.40 is what
/// was tested.
pub const MINIMUM_VERSION: (u32, u32) = (2, 40);
pub(crate) const MINIMUM_TEXT: &str = "2.40";

/// How long a call may take that only touches the local disk.
pub(crate) const LOCAL_LIMIT: Duration = Duration::from_secs(300);
/// How long a call may take that talks to a remote.
pub(crate) const REMOTE_LIMIT: Duration = Duration::from_secs(1200);
/// How much a call may print, unless it says otherwise.
pub(crate) const OUTPUT_LIMIT: usize = 64 << 20;
const WORDS_LIMIT: usize = 4 << 10;

/// A version of git.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct GitVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 where git prints none.
    pub patch: u32,
}

impl std::fmt::Display for GitVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// A git program that was found and is new enough, with the environment of the person for whom it talks to
/// remotes.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    version: GitVersion,
    person: BTreeMap<String, String>,
}

impl Git {
    /// Finds git in the `PATH` of `environment` (the person's own, resolved once by the caller) and checks its
    /// version.
    ///
    /// # Errors
    /// `NotInstalled`, `TooOld`, or what went wrong when it was asked for its version.
    pub fn find(environment: &BTreeMap<String, String>) -> Result<Self> {
        let path = environment.get("PATH").ok_or(GitError::NotInstalled)?;
        let program = std::env::split_paths(path)
            .map(|directory| directory.join("git"))
            .find(|candidate| candidate.is_absolute() && candidate.is_file())
            .ok_or(GitError::NotInstalled)?;
        let unknown = GitVersion { major: 0, minor: 0, patch: 0 };
        let mut git = Self { program, version: unknown, person: environment.clone() };
        git.version = git.git_version()?;
        if (git.version.major, git.version.minor) < MINIMUM_VERSION {
            return Err(GitError::TooOld { found: git.version.to_string() });
        }
        Ok(git)
    }

    /// Like [`Git::find`] with the environment of this process.
    ///
    /// # Errors
    /// As [`Git::find`].
    pub fn find_here() -> Result<Self> {
        Self::find(&std::env::vars().collect())
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The version found when the program was looked up.
    pub fn version(&self) -> GitVersion {
        self.version
    }

    /// Asks the program for its version now.
    ///
    /// # Errors
    /// When it cannot be started or prints no version.
    pub fn git_version(&self) -> Result<GitVersion> {
        let doing = "ask git for its version";
        let output =
            self.run_ok(Call::new(doing, Path::new("/")).limit(Duration::from_secs(20)).arg("--version"))?;
        let text = output.text();
        parse_version(&text).ok_or_else(|| GitError::Unreadable { doing: doing.into(), text: shorten(&text) })
    }

    /// The environment of the person, as given to [`Git::find`].
    pub(crate) fn person(&self) -> &BTreeMap<String, String> {
        &self.person
    }

    /// Runs git and returns what it said, whatever its exit code.
    pub(crate) fn run(&self, call: Call<'_>) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(&call.arguments).current_dir(call.directory).env_clear();
        if let Some(path) = self.person.get("PATH") {
            command.env("PATH", path);
        }
        command.env("LC_ALL", "C").envs(&call.environment);
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut bytes = None;
        command.stdin(match call.input {
            Input::Nothing => Stdio::null(),
            Input::Bytes(input) => {
                bytes = Some(input);
                Stdio::piped()
            }
            Input::File(file) => Stdio::from(file),
            // The lock file is empty, so git reads an end of file, and the lock lives as long as git does, even
            // when this process is killed. No other child can inherit it by accident, as it could without
            // close-on-exec.
            Input::Lock(lock) => Stdio::from(lock.descriptor()?),
        });
        let mut child = command.spawn().doing("start", &self.program)?;
        if let (Some(input), Some(mut pipe)) = (bytes, child.stdin.take()) {
            // A git that does not read to the end says why on standard error; the broken pipe adds nothing.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
        collect(child, &call.doing, call.limit, call.output_limit)
    }

    /// Runs git and makes a failure of every exit code but 0.
    pub(crate) fn run_ok(&self, call: Call<'_>) -> Result<Output> {
        let doing = call.doing.clone();
        let output = self.run(call)?;
        if output.code == Some(0) { Ok(output) } else { Err(output.failure(&doing)) }
    }
}

/// What git reads from standard input.
pub(crate) enum Input<'a> {
    Nothing,
    Bytes(Vec<u8>),
    File(File),
    Lock(&'a RepositoryLock),
}

/// One call of git, all of it: nothing is inherited but `PATH`.
pub(crate) struct Call<'a> {
    doing: String,
    directory: &'a Path,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    input: Input<'a>,
    limit: Duration,
    output_limit: usize,
}

impl<'a> Call<'a> {
    /// A call that does `doing` (as it follows "could not") in the working directory `directory`.
    pub(crate) fn new(doing: impl Into<String>, directory: &'a Path) -> Self {
        Self {
            doing: doing.into(),
            directory,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            input: Input::Nothing,
            limit: LOCAL_LIMIT,
            output_limit: OUTPUT_LIMIT,
        }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn input(mut self, input: Input<'a>) -> Self {
        self.input = input;
        self
    }

    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }
}

/// What a call printed and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    /// Standard error, shortened.
    pub(crate) words: String,
}

impl Output {
    /// Standard output as text without the last line end.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    /// The parts of an output with `-z`.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout.strip_suffix(b"\0").into_iter().flat_map(|whole| whole.split(|&byte| byte == 0))
    }

    /// The error for this output, when its exit code means failure.
    pub(crate) fn failure(&self, doing: &str) -> GitError {
        let words = if self.words.is_empty() {
            format!("nothing (exit code {:?})", self.code)
        } else {
            self.words.clone()
        };
        GitError::Failed { doing: doing.into(), code: self.code, words }
    }
}

/// The first part of a text for an error message, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.trim().replace('\n', " · ");
    match line.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn parse_version(text: &str) -> Option<GitVersion> {
    let numbers = text.strip_prefix("git version ")?.split_whitespace().next()?;
    let mut numbers = numbers.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    Some(GitVersion { major, minor, patch: numbers.next().flatten().unwrap_or(0) })
}

enum Stream {
    Out(Option<Vec<u8>>),
    Err(Vec<u8>),
}

/// Reads both streams to their end and waits, killing the whole process group at the deadline or when it prints
/// too much.
fn collect(mut child: Child, doing: &str, limit: Duration, output_limit: usize) -> Result<Output> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = mpsc::channel();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let to = sender.clone();
    std::thread::spawn(move || to.send(Stream::Out(out.and_then(|pipe| read_at_most(pipe, output_limit)))));
    std::thread::spawn(move || sender.send(Stream::Err(err.map(read_words).unwrap_or_default())));
    let (mut stdout, mut words): (Option<Vec<u8>>, Option<Vec<u8>>) = (None, None);
    let mut ended = None;
    let mut pause = Duration::from_millis(1);
    loop {
        if ended.is_none() {
            ended =
                child.try_wait().doing("wait for", Path::new("git"))?.map(|status| (status, Instant::now()));
        }
        match ended {
            Some((status, _)) if stdout.is_some() && words.is_some() => {
                return Ok(Output {
                    code: status.code(),
                    stdout: stdout.unwrap_or_default(),
                    words: shorten(&String::from_utf8_lossy(&words.unwrap_or_default())),
                });
            }
            // A helper that stays behind (a credential cache, an ssh master) may hold the pipe of standard
            // error open for hours; git's own words are complete when git has ended.
            Some((_, since)) if stdout.is_some() && since.elapsed() > Duration::from_secs(1) => {
                words = Some(Vec::new());
                continue;
            }
            _ => {}
        }
        if Instant::now() >= deadline {
            stop(&mut child);
            return Err(GitError::TimedOut { doing: doing.into(), limit });
        }
        match receiver.recv_timeout(pause) {
            Ok(Stream::Out(None)) => {
                stop(&mut child);
                return Err(GitError::TooMuchOutput { doing: doing.into(), limit: output_limit });
            }
            Ok(Stream::Out(bytes)) => stdout = bytes,
            Ok(Stream::Err(bytes)) => words = Some(bytes),
            Err(mpsc::RecvTimeoutError::Timeout) => pause = (pause * 2).min(Duration::from_millis(20)),
            // Both streams are read; only the end of the process is missing.
            Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn stop(child: &mut Child) {
    // It may have ended in this moment; then there is nothing to kill. It is not yet waited for, so its number
    // cannot belong to another process.
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    let _ = child.kill();
    let _ = child.wait();
}

fn read_at_most(mut pipe: impl Read, limit: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // An unreadable pipe ends like a closed one: the exit code then tells what happened.
    let _ = pipe.by_ref().take(limit as u64 + 1).read_to_end(&mut bytes);
    (bytes.len() <= limit).then_some(bytes)
}

fn read_words(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.by_ref().take(WORDS_LIMIT as u64).read_to_end(&mut bytes);
    // The rest is read and dropped, or git would block on a full pipe.
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    bytes
}
