//! A daemon that answers by script, and a process around a command.

use ganger_api::agent::{
    AgentDetail, AgentList, AgentView, HandshakeView, LoginResult, LoginState, LoginView,
};
use ganger_api::doctor::DoctorReport;
use ganger_api::error::ErrorDetail;
use ganger_api::machine::{UnitChange, UnitResult};
use ganger_api::timestamp::Timestamp;
use ganger_api::wait::Occasion;
use ganger_cli::arguments::{ConfigArguments, DemoArguments, DoctorArguments, InitArguments};
use ganger_cli::environment::Environment;
use ganger_cli::local::{Attention, LocalCommands, Streams};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use time::UtcOffset;

/// What the daemon says to a request.
pub(crate) enum Reply {
    /// An object.
    Json(Value),
    /// A refusal.
    Refuse(ErrorDetail),
    /// Events; then the stream ends.
    Stream(Vec<Value>),
    /// The connection breaks.
    Break,
}

/// One request as the daemon saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET /v1/…`.
    pub(crate) line: String,
    /// What stands behind the `?`.
    pub(crate) query: String,
    /// The body.
    pub(crate) body: Value,
}

type Script = Box<dyn FnMut(&Seen) -> Reply + Send>;

/// One command's world: a directory, a daemon (once started), what it saw.
pub(crate) struct World {
    pub(crate) home: tempfile::TempDir,
    script: Mutex<Option<Script>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) starts: Mutex<u32>,
    pub(crate) machine: Mutex<Machine>,
}

/// The machine that commands in process find.
#[derive(Default)]
pub(crate) struct Machine {
    /// What `doctor` finds, one report after the other; then nothing.
    pub(crate) reports: VecDeque<DoctorReport>,
    /// The commands that changed something.
    pub(crate) done: Vec<String>,
    /// Whether a service manager has the daemon run already.
    pub(crate) unit_active: bool,
    /// The lines of the daemon's log.
    pub(crate) log: Vec<String>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    /// All of it, with the world's own paths replaced.
    pub(crate) fn text(&self, world: &World) -> String {
        let text = format!("{}{}exit {}\n", self.output, self.errors, self.code);
        text.replace(world.home.path().to_str().unwrap(), "HOME")
    }
}

impl World {
    /// A world whose daemon does not run yet; it starts when the command line asks for it.
    pub(crate) fn new(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            script: Mutex::new(Some(Box::new(script))),
            seen: Arc::default(),
            starts: Mutex::new(0),
            machine: Mutex::default(),
        }
    }

    /// Runs a command without a terminal.
    pub(crate) fn run(&self, line: &[&str], input: &str, variables: &[(&str, &str)]) -> Ended {
        self.run_on(line, input, variables, false)
    }

    /// Runs a command with a person at both ends.
    pub(crate) fn run_interactive(&self, line: &[&str], input: &str, variables: &[(&str, &str)]) -> Ended {
        self.run_on(line, input, variables, true)
    }

    fn run_on(&self, line: &[&str], input: &str, variables: &[(&str, &str)], terminal: bool) -> Ended {
        let (output, errors) = (Shared::default(), Shared::default());
        // A dumb terminal: what is asked is the same, and no region is painted between.
        let mut all = BTreeMap::from([("LANG".into(), "C.UTF-8".into()), ("TERM".into(), "dumb".into())]);
        all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let environment = Environment {
            arguments: std::iter::once("ganger").chain(line.iter().copied()).map(Into::into).collect(),
            variables: all,
            directory: self.home.path().to_path_buf(),
            input: Box::new(BufReader::new(std::io::Cursor::new(input.as_bytes().to_vec()))),
            output: Box::new(output.clone()),
            errors: Box::new(errors.clone()),
            input_is_terminal: terminal,
            output_is_terminal: terminal,
            columns: Some(100),
            size: || None,
            offset: UtcOffset::UTC,
            now: || Timestamp::from_ms(1_795_352_400_000),
        };
        let code = ganger_cli::main(environment, self);
        Ended { code, output: output.text(), errors: errors.text() }
    }

    /// The requests so far, as `METHOD path`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }

    /// The queries of the requests so far.
    pub(crate) fn queries(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.query.clone()).collect()
    }

    /// The bodies of the posts so far.
    pub(crate) fn posts(&self) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.line.starts_with("POST")).map(|seen| seen.body.clone()).collect()
    }

    /// The drafts that lie there: name and text.
    pub(crate) fn drafts_left(&self) -> Vec<(String, String)> {
        let Ok(entries) = std::fs::read_dir(self.home.path().join("drafts")) else { return Vec::new() };
        let mut drafts: Vec<_> = entries
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        drafts.sort();
        drafts
    }

    /// An editor that does `script` with the file `$1`.
    pub(crate) fn editor(&self, script: &str) -> String {
        let path = self.home.path().join("editor.sh");
        std::fs::write(&path, script).unwrap();
        format!("sh {}", path.display())
    }
}

impl LocalCommands for World {
    fn socket(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.home.path().join("sock"))
    }
    fn person_key(&self) -> Option<String> {
        Some("key".into())
    }
    fn drafts(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.home.path().join("drafts"))
    }
    fn seen(&self) -> Result<PathBuf, ErrorDetail> {
        Ok(self.home.path().join("seen"))
    }
    fn attention(&self, _: Occasion) -> Attention {
        Attention { bell: true, desktop: false }
    }
    fn start_daemon(&self) -> Result<(), ErrorDetail> {
        *self.starts.lock().unwrap() += 1;
        if let Some(script) = self.script.lock().unwrap().take() {
            let listener = UnixListener::bind(self.home.path().join("sock")).unwrap();
            let seen = self.seen.clone();
            std::thread::spawn(move || serve(&listener, script, &seen));
        }
        Ok(())
    }
    fn run_daemon(&self) -> Result<u8, ErrorDetail> {
        Ok(0)
    }
    fn init(&self, arguments: &InitArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        writeln!(streams.output, "init yes {}", arguments.yes).unwrap();
        Ok(0)
    }
    fn demo(&self, arguments: &DemoArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        writeln!(streams.output, "demo seed {:?}", arguments.seed).unwrap();
        Ok(0)
    }
    fn doctor(&self, _: &DoctorArguments, _: &mut Streams<'_>) -> Result<DoctorReport, ErrorDetail> {
        let mut machine = self.machine.lock().unwrap();
        Ok(machine.reports.pop_front().unwrap_or_else(|| DoctorReport::new(Vec::new())))
    }
    fn config(&self, arguments: &ConfigArguments, streams: &mut Streams<'_>) -> Result<u8, ErrorDetail> {
        writeln!(streams.output, "{:?}", arguments.command).unwrap();
        let done = format!("config workspace {} {:?}", arguments.workspace, arguments.command);
        self.machine.lock().unwrap().done.push(done);
        Ok(0)
    }
    fn agents(&self, _: &Path) -> Result<AgentList, ErrorDetail> {
        let agents = vec![agent("gone", None), agent("mine", Some("1.2.3"))];
        Ok(AgentList { schema: "ganger/agents/1".into(), agents })
    }
    fn agent(&self, _: &Path, name: &str) -> Result<AgentDetail, ErrorDetail> {
        let is_here = name == "mine";
        Ok(AgentDetail {
            schema: "ganger/agent/1".into(),
            agent: agent(name, is_here.then_some("1.2.3")),
            command: vec![name.into(), "--acp".into()],
            environment: Vec::new(),
            state: Vec::new(),
            model: None,
            login_command: Vec::new(),
            handshake: is_here
                .then(|| HandshakeView { problem: Some("it is broken".into()), ..HandshakeView::default() }),
        })
    }
    fn agent_names(&self, _: &Path) -> Vec<String> {
        vec!["gone".into(), "mine".into()]
    }
    fn login(&self, name: &str, streams: &mut Streams<'_>) -> Result<LoginResult, ErrorDetail> {
        let state = if streams.interactive { LoginState::LoggedIn } else { LoginState::NotLoggedIn };
        let login = LoginView { state, reason: "it says so".into() };
        let command = vec![name.into(), "login".into()];
        Ok(LoginResult {
            schema: "ganger/login/1".into(),
            name: name.into(),
            command,
            succeeded: true,
            login,
        })
    }
    fn install_daemon(&self) -> Result<UnitResult, ErrorDetail> {
        let active = self.machine.lock().unwrap().unit_active;
        Ok(unit(if active { UnitChange::Unchanged } else { UnitChange::Written }, active))
    }
    fn uninstall_daemon(&self) -> Result<UnitResult, ErrorDetail> {
        Ok(unit(UnitChange::Removed, false))
    }
    fn daemon_log(
        &self,
        lines: usize,
        _: bool,
        each: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), ErrorDetail> {
        let machine = self.machine.lock().unwrap();
        let last = machine.log.iter().skip(machine.log.len().saturating_sub(lines));
        let _ = last.map(String::as_str).try_for_each(each);
        Ok(())
    }
}

fn agent(name: &str, version: Option<&str>) -> AgentView {
    AgentView {
        name: name.into(),
        program: version.map(|_| format!("/bin/{name}")),
        version: version.map(str::to_owned),
        login: LoginView { state: LoginState::Unknown, reason: "nobody knows".into() },
        roles: Vec::new(),
        commands: version.is_none().then(|| format!("install {name}")).into_iter().collect(),
    }
}

fn unit(change: UnitChange, active: bool) -> UnitResult {
    UnitResult {
        schema: "ganger/daemon-unit/1".into(),
        manager: "systemd".into(),
        file: "~/ganger.service".into(),
        text: Some("[Service]\n".into()),
        change,
        told: true,
        active,
        trouble: None,
        commands: Vec::new(),
        notes: Vec::new(),
    }
}

fn serve(listener: &UnixListener, mut script: Script, seen: &Mutex<Vec<Seen>>) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let Some(request) = read(&stream) else { continue };
        seen.lock().unwrap().push(request.clone());
        let _ = match script(&request) {
            Reply::Break => Ok(()),
            Reply::Json(value) => answer(&mut stream, 200, &value),
            Reply::Refuse(detail) => answer(&mut stream, detail.status(), &json!(detail.body())),
            Reply::Stream(events) => {
                let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}"
                )
            }
        };
    }
}

fn answer(stream: &mut UnixStream, status: u16, value: &Value) -> std::io::Result<()> {
    let text = value.to_string();
    write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
}

fn read(stream: &UnixStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = first.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let (cut, query) = line.split_once('?').unwrap_or((&line, ""));
    let (cut, query) = (cut.to_owned(), query.to_owned());
    Some(Seen { line: cut, query, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An item as the daemon shows it.
pub(crate) fn item(status: &str, changes: Value) -> Value {
    let mut item = json!({
        "schema": "ganger/item/1", "id": "01JD", "handle": "g12", "title": "Rate limit", "workspace": "acme",
        "status": status, "status_text": status, "outcome": null, "wave": null, "waits": [], "usage": null,
        "plan": null, "created_at": "2026-11-22T12:00:00Z", "updated_at": "2026-11-22T12:59:00Z",
        "description": "", "note": null, "branch": "sub-12-rate-limit", "workspace_directory": "/w",
        "sessions": [], "repositories": [], "landing_order": [], "commands": [], "foreman": null,
        "questions": {"foreman": 0, "you": 0, "skipped": 0, "corrected": 0, "open": 0},
    });
    for (name, value) in changes.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

/// A wait for a person.
pub(crate) fn waits(kind: &str, decision: &str) -> Value {
    json!([{"decision": decision, "kind": kind, "owner": "you", "reason": "decide", "until": null,
            "since": "2026-11-22T12:58:00Z", "blocks": ["g12"], "commands": [format!("ganger answer {decision}")]}])
}

/// What came of a command.
pub(crate) fn result(message: &str) -> Reply {
    Reply::Json(json!({"schema": "ganger/result/1", "id": "01JD", "handle": "g12", "message": message}))
}

/// A plan whose document is `document`.
pub(crate) fn plan(document: &str) -> Value {
    json!({
        "schema": "ganger/plan/1", "handle": "g12", "title": "Rate limit",
        "plan": {"version": 2, "digest": "sha256:7c1e00", "approved_at": null},
        "versions": [], "section": null, "document": document, "waves": [], "problems": [], "diff": null,
        "reviewer": null, "foreman": null,
    })
}

/// The answer about the feed: what is on its way over the stream, and nothing that was stored before.
pub(crate) fn feed(seen: &Seen, stream: Vec<Value>) -> Reply {
    if seen.query.contains("follow=true") {
        return Reply::Stream(stream);
    }
    Reply::Json(json!({"schema": "ganger/events/1", "events": [], "cursor": "0", "more": false}))
}

/// An event of the feed.
pub(crate) fn event(cursor: &str, name: &str, text: &str) -> Value {
    json!({"cursor": cursor, "name": name, "at": "2026-11-22T12:59:30Z", "item": "g12", "repository": null,
           "text": text, "data": {}})
}

/// Writes a file into the world.
pub(crate) fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}
