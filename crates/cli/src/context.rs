//! What every command handler works with: the process, the daemon, the look.

use crate::environment::Environment;
use crate::failure::{Failure, detail_of};
use crate::fields::Selection;
use crate::local::{LocalCommands, Streams};
use crate::look::Look;
use crate::signs::Signs;
use ganger_api::client::{Client, ClientError, Lines};
use ganger_api::command::{CommandRequest, CommandResult, ItemCommand};
use ganger_api::daemon::StopResult;
use ganger_api::error::ErrorDetail;
use ganger_api::exit;
use ganger_api::routes::{self, AddressQuery};
use ganger_api::version;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// The variable that marks what runs inside a session: there no daemon is started.
pub(crate) const SESSION_MARKER: &str = "GANGER_SESSION";
/// The longest text that is read from a file or standard input, in bytes.
const MAX_INPUT: u64 = 16 * 1024 * 1024;
/// The longest line that a person may type, in bytes.
const MAX_LINE: u64 = 1024 * 1024;
/// How often a request is put when the daemon has to be started first or the connection breaks.
const ATTEMPTS: usize = 4;
/// How long a daemon may take to end, and the pause between two looks at it.
const STOP_LIMIT: Duration = Duration::from_secs(10);
const STOP_STEP: Duration = Duration::from_millis(20);

/// One command's surroundings.
pub(crate) struct Context<'a> {
    pub(crate) environment: Environment,
    pub(crate) local: &'a dyn LocalCommands,
    pub(crate) look: Look,
    pub(crate) json: Option<Selection>,
    reader: Option<LineReader>,
    may_start: bool,
}

impl<'a> Context<'a> {
    /// The surroundings of a command in this process.
    pub(crate) fn new(
        environment: Environment,
        local: &'a dyn LocalCommands,
        json: Option<Selection>,
    ) -> Self {
        let look = Look::of(&environment);
        let may_start = environment.variable(SESSION_MARKER).is_none();
        Self { environment, local, look, json, reader: None, may_start }
    }

    /// From here on no daemon is started: for commands that only ask whether one runs.
    pub(crate) fn never_start(&mut self) {
        self.may_start = false;
    }

    /// Writes a result.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.environment.output.write_all(text.as_bytes())?;
        self.environment.output.flush()?;
        Ok(())
    }

    /// Writes a word beside the result, for people: to standard error.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Failure> {
        self.environment.errors.write_all(self.look.finish(text.to_owned()).as_bytes())?;
        Ok(())
    }

    /// The streams of a command in process, and the commands themselves.
    pub(crate) fn streams(&mut self) -> (&'a dyn LocalCommands, Streams<'_>) {
        if !self.look.utf8 && self.json.is_none() {
            let streams = [&mut self.environment.output, &mut self.environment.errors];
            for stream in streams {
                let inner = std::mem::replace(stream, Box::new(io::sink()));
                *stream = Box::new(Signs::new(inner));
            }
        }
        let streams = Streams {
            interactive: self.environment.is_interactive(),
            directory: &self.environment.directory,
            variables: &self.environment.variables,
            input: &mut self.environment.input,
            output: &mut self.environment.output,
            errors: &mut self.environment.errors,
            json: self.json.is_some(),
        };
        (self.local, streams)
    }

    /// Where the person stands, for the daemon.
    pub(crate) fn directory(&self) -> Option<String> {
        self.environment.directory.to_str().map(str::to_owned)
    }

    /// A route about an address, with its query.
    pub(crate) fn path<Q: Serialize>(
        &self,
        route: &str,
        address: &str,
        query: &Q,
    ) -> Result<String, Failure> {
        routes::with_query(&routes::fill(route, address), query).map_err(|error| {
            let message = format!("the request about `{address}` has no form as a query: {error}");
            ErrorDetail::new(exit::USAGE, "query.unwritable", message).into()
        })
    }

    fn client(&self) -> Result<Client, Failure> {
        let client = Client::new(self.local.socket()?);
        let client = match self.local.person_key() {
            Some(key) => client.with_key(key),
            None => client,
        };
        // Who only asks after the daemon, or stops it, may be of another version.
        Ok(if self.may_start { client.with_version() } else { client })
    }

    /// What to do about an error: start the daemon and go on, or give up.
    async fn recover(&mut self, error: ClientError, attempt: usize, repeatable: bool) -> Result<(), Failure> {
        let again = match &error {
            ClientError::NotRunning { .. } => true,
            ClientError::Lost { .. } => repeatable,
            ClientError::Refused { body, .. } => is_older(body),
            _ => false,
        };
        if !again || attempt + 1 >= ATTEMPTS {
            return Err(error.into());
        }
        if !self.may_start {
            let marked = self.environment.variable(SESSION_MARKER).is_some();
            let mut detail = detail_of(error);
            detail.hints = vec![match marked {
                true => "inside an agent's session no daemon is started; a person has to".into(),
                false => "ganger daemon start".into(),
            }];
            return Err(detail.into());
        }
        if matches!(error, ClientError::Refused { .. }) {
            self.stop_daemon().await?;
            let note =
                format!("The daemon was an older ganger; {} goes on in its place.\n", version::VERSION);
            self.note(&note)?;
        }
        let local = self.local;
        // On a thread of its own: it may block, and may use a runtime.
        let started = std::thread::scope(|scope| scope.spawn(|| local.start_daemon()).join());
        match started {
            Ok(result) => Ok(result?),
            Err(_) => {
                let message = "the daemon could not be started: starting it panicked";
                Err(ErrorDetail::new(exit::ENVIRONMENT, "daemon.absent", message).into())
            }
        }
    }

    /// Stops the daemon, of whatever version it is, and waits until it answers no more. Agents go on without it.
    pub(crate) async fn stop_daemon(&mut self) -> Result<StopResult, Failure> {
        let plain = Client::new(self.local.socket()?);
        let client = match self.local.person_key() {
            Some(key) => plain.clone().with_key(key),
            None => plain.clone(),
        };
        let stopped = client.post_json(routes::DAEMON_STOP, &serde_json::json!({})).await;
        let stopped: StopResult = stopped.map_err(|error| {
            let is_absent = matches!(error, ClientError::NotRunning { .. });
            let mut detail = detail_of(error);
            if is_absent {
                detail.hints = vec!["ganger daemon start".into()];
            }
            detail
        })?;
        let deadline = tokio::time::Instant::now() + STOP_LIMIT;
        while tokio::time::Instant::now() < deadline {
            if plain.get_json::<serde_json::Value>(routes::DAEMON).await.is_err_and(|error| is_gone(&error)) {
                return Ok(stopped);
            }
            tokio::time::sleep(STOP_STEP).await;
        }
        let (pid, seconds) = (stopped.pid, STOP_LIMIT.as_secs());
        let message =
            format!("the daemon (process {pid}) was told to stop and still answers after {seconds} s");
        Err(ErrorDetail::new(exit::TIMED_OUT, "daemon.lives", message).hint("ganger daemon status").into())
    }

    /// Reads from the daemon, which is started when it does not run.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        let mut attempt = 0;
        loop {
            match self.client()?.get_json(path).await {
                Ok(value) => return Ok(value),
                Err(error) => self.recover(error, attempt, true).await?,
            }
            attempt += 1;
        }
    }

    /// Posts to the daemon. `body` holds a command key, so that it can be put again when the connection breaks.
    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        let mut attempt = 0;
        loop {
            match self.client()?.post_json(path, body).await {
                Ok(value) => return Ok(value),
                Err(error) => self.recover(error, attempt, true).await?,
            }
            attempt += 1;
        }
    }

    /// A stream of the daemon.
    pub(crate) async fn lines(&mut self, path: &str) -> Result<Lines, Failure> {
        let mut attempt = 0;
        loop {
            match self.client()?.lines(path).await {
                Ok(lines) => return Ok(lines),
                Err(error) => self.recover(error, attempt, true).await?,
            }
            attempt += 1;
        }
    }

    /// Reads about an address.
    pub(crate) async fn about<T: DeserializeOwned>(
        &mut self,
        route: &str,
        address: &str,
    ) -> Result<T, Failure> {
        let query = AddressQuery { directory: self.directory() };
        let path = self.path(route, address, &query)?;
        self.get(&path).await
    }

    /// Has something done with an item.
    pub(crate) async fn command(
        &mut self,
        address: &str,
        command: ItemCommand,
    ) -> Result<CommandResult, Failure> {
        let request = CommandRequest { key: key(), directory: self.directory(), command };
        let result = self.post(&routes::fill(routes::COMMANDS, address), &request).await;
        result.map_err(|failure| match failure {
            Failure::Said(detail) if refuses_without_a_way(&detail) => detail.hint(look_at(address)).into(),
            failure => failure,
        })
    }

    /// Has something done and shows what came of it.
    pub(crate) async fn command_shown(&mut self, address: &str, command: ItemCommand) -> Result<u8, Failure> {
        let result = self.command(address, command).await?;
        self.show_result(&result)
    }

    /// Shows what came of a command.
    pub(crate) fn show_result(&mut self, result: &CommandResult) -> Result<u8, Failure> {
        let text = match &self.json {
            Some(selection) => selection.object(result)?,
            None => crate::render::result::result(&self.look, result),
        };
        self.print(&text)?;
        Ok(exit::DONE)
    }

    /// Reads a whole text: from a file, or from standard input for `-`.
    pub(crate) fn read_text(&mut self, file: &Path) -> Result<String, Failure> {
        let mut text = String::new();
        let from_input = file.as_os_str() == "-";
        let read = if from_input {
            Read::take(&mut self.environment.input, MAX_INPUT + 1).read_to_string(&mut text)
        } else {
            let path = self.environment.directory.join(file);
            std::fs::File::open(path).and_then(|file| file.take(MAX_INPUT + 1).read_to_string(&mut text))
        };
        let name = if from_input { "standard input".to_owned() } else { format!("`{}`", file.display()) };
        let refused = |reason: String| ErrorDetail::new(exit::USAGE, "file.unreadable", reason);
        match read {
            Err(error) => Err(refused(format!("{name} can't be read: {error}")).into()),
            Ok(_) if text.len() as u64 > MAX_INPUT => {
                Err(refused(format!("{name} holds more than {MAX_INPUT} bytes; give a shorter text")).into())
            }
            Ok(_) => Ok(text),
        }
    }

    /// The next line that the person types; `None` at the end of the input. May be dropped and called again: no
    /// line is lost.
    pub(crate) async fn read_line(&mut self) -> Option<String> {
        self.reader().next().await
    }

    /// The reader of lines. From its first use on, standard input is read by it alone.
    pub(crate) fn reader(&mut self) -> &mut LineReader {
        let input = &mut self.environment.input;
        self.reader.get_or_insert_with(|| LineReader::new(std::mem::replace(input, Box::new(io::empty()))))
    }
}

/// Whether a refusal says nothing of what to do; the problems of a document say it themselves.
const fn refuses_without_a_way(detail: &ErrorDetail) -> bool {
    detail.exit == exit::REFUSED && detail.hints.is_empty() && detail.problems.is_empty()
}

/// What shows how it stands, after a refusal that names nothing better.
fn look_at(address: &str) -> String {
    let item = address.split(['/', '@']).next().unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match item.strip_prefix('d') {
        Some(number) if is_number(number) => "ganger inbox".to_owned(),
        _ if is_number(item.strip_prefix('g').unwrap_or(item)) => format!("ganger show {item}"),
        _ if address == "@" => "ganger show @".to_owned(),
        _ => "ganger ls".to_owned(),
    }
}

/// Whether a daemon refuses because it is older than this program.
fn is_older(body: &serde_json::Value) -> bool {
    body.pointer("/error/code").and_then(serde_json::Value::as_str) == Some(version::DAEMON_OLDER)
}

/// Whether nobody answers on the socket any more.
const fn is_gone(error: &ClientError) -> bool {
    matches!(error, ClientError::NotRunning { .. } | ClientError::Lost { .. })
}

/// A key that no other command has: the same key is the same command.
pub(crate) fn key() -> String {
    // The standard library's hasher is seeded from the system's randomness: twice 64 bits of it.
    let random = || RandomState::new().hash_one(std::process::id());
    let (first, now) = (random(), std::time::SystemTime::now());
    let nanos = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("cli-{nanos:x}-{first:016x}")
}

/// Reads lines on a thread of its own, one when asked: between them nobody reads, so that an editor can.
pub(crate) struct LineReader {
    wanted: std::sync::mpsc::Sender<()>,
    lines: mpsc::Receiver<Option<String>>,
    pending: bool,
}

impl LineReader {
    fn new(mut input: Box<dyn BufRead + Send>) -> Self {
        let (wanted, requests) = std::sync::mpsc::channel::<()>();
        let (sender, lines) = mpsc::channel(1);
        std::thread::spawn(move || {
            while requests.recv().is_ok() {
                let mut line = String::new();
                let read = Read::take(&mut input, MAX_LINE).read_line(&mut line);
                let line = matches!(read, Ok(1..)).then(|| line.trim_end_matches(['\n', '\r']).to_owned());
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self { wanted, lines, pending: false }
    }

    /// The next line; `None` at the end of the input.
    pub(crate) async fn next(&mut self) -> Option<String> {
        if !self.pending && self.wanted.send(()).is_err() {
            return None;
        }
        self.pending = true;
        let line = self.lines.recv().await.flatten();
        self.pending = false;
        line
    }
}
