//! A client of the agent for tests: raw lines over the real program's standard input and output.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(60);

/// A directory with a worktree, a state directory and a scenario.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
}

impl World {
    /// A world with this scenario and a repository named `api` with one commit.
    pub(crate) fn new(scenario: &str) -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::write(world.path("scenario.toml"), scenario).unwrap();
        std::fs::create_dir(world.path("api")).unwrap();
        std::fs::write(world.path("api/README"), "api\n").unwrap();
        world.git(&["init", "--quiet", "-b", "main"]);
        world.git(&["add", "."]);
        world.git(&["commit", "--quiet", "-m", "Begin"]);
        world
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Runs git in the worktree, with a fixed person and date.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.path("api")).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "T")
                .env(format!("GIT_{role}_EMAIL"), "t@example.invalid");
            command.env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Starts the agent and shakes hands.
    pub(crate) fn start(&self) -> Agent {
        let mut agent = self.spawn();
        let answer = agent.request("initialize", json!({"protocolVersion": 1, "clientCapabilities": {}}));
        assert_eq!(answer["result"]["agentCapabilities"]["loadSession"], true, "{answer}");
        agent
    }

    /// Starts the agent.
    pub(crate) fn spawn(&self) -> Agent {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ganger-scripted-agent"))
            .arg("--scenario")
            .arg(self.path("scenario.toml"))
            .env("GANGER_AGENT_STATE", self.path("state"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Agent { stdin: child.stdin.take(), child, lines, next: 0, session: String::new(), seen: Vec::new() }
    }
}

/// A running agent.
pub(crate) struct Agent {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    next: u64,
    pub(crate) session: String,
    /// Everything that was not the answer that was waited for.
    pub(crate) seen: Vec<Value>,
}

impl Agent {
    pub(crate) fn send(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{message}").and_then(|()| stdin.flush()).unwrap();
    }

    /// The next line; a line that is no JSON becomes a string. `None` at the end of output.
    pub(crate) fn receive(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(serde_json::from_str(&line).unwrap_or(Value::String(line))),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("the agent says nothing: {error}; before: {:?}", self.seen),
        }
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The answer to this request.
    pub(crate) fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.receive().unwrap_or_else(|| panic!("no answer; before: {:?}", self.seen));
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.seen.push(message);
        }
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// Opens a conversation in the worktree.
    pub(crate) fn open(&mut self, world: &World, servers: Value) -> &mut Self {
        let params = json!({"cwd": world.path("api"), "mcpServers": servers});
        let answer = self.request("session/new", params);
        self.session =
            answer["result"]["sessionId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self
    }

    /// Begins a turn.
    pub(crate) fn begin(&mut self, text: &str) -> u64 {
        let prompt = json!([{"type": "text", "text": text}]);
        let session = self.session.clone();
        self.ask("session/prompt", json!({"sessionId": session, "prompt": prompt}))
    }

    /// Plays a whole turn: the stop reason, or the error.
    pub(crate) fn turn(&mut self, text: &str) -> String {
        let id = self.begin(text);
        let answer = self.answer(id);
        match answer["result"]["stopReason"].as_str() {
            Some(reason) => reason.to_owned(),
            None => answer["error"].to_string(),
        }
    }

    /// Waits for a message that holds this text.
    pub(crate) fn wait_for(&mut self, text: &str) -> Value {
        loop {
            let message = self.receive().unwrap_or_else(|| panic!("no {text:?}; before: {:?}", self.seen));
            self.seen.push(message.clone());
            if message.to_string().contains(text) {
                return message;
            }
        }
    }

    /// What was seen of a turn, one line each.
    pub(crate) fn summary(&mut self) -> String {
        let mut lines = Vec::new();
        for message in std::mem::take(&mut self.seen) {
            let update = &message["params"]["update"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            lines.push(match update["sessionUpdate"].as_str() {
                Some(kind @ ("agent_message_chunk" | "user_message_chunk" | "agent_thought_chunk")) => {
                    format!("{kind}: {}", text(&update["content"]["text"]))
                }
                Some("tool_call") => format!("tool: {} ({})", text(&update["title"]), text(&update["kind"])),
                Some("tool_call_update") => {
                    let output = text(&update["content"][0]["content"]["text"]);
                    format!("tool {}: {output:?}", text(&update["status"]))
                }
                Some("usage_update") => format!("usage: {} {}", update["used"], update["cost"]["amount"]),
                _ => message.to_string(),
            });
        }
        lines.join("\n")
    }

    /// Closes standard input and waits for the end.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.stdin = None;
        self.ended()
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        while let Some(line) = self.receive() {
            self.seen.push(line);
        }
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the agent does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A planner's tools on a [`server_of`].
pub(crate) fn server(directory: &Path, text: &str) -> Value {
    server_of(directory, text, &["submit_plan", "ask_user"])
}

/// An MCP server as a shell script: offers these tools, writes each line it gets to `mcp.log`, and answers a call
/// whose arguments hold BAD with an error, any other with `text`.
pub(crate) fn server_of(directory: &Path, text: &str, tools: &[&str]) -> Value {
    let tools = tools.iter().map(|name| format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}}}"#));
    let tools = tools.collect::<Vec<_>>().join(",");
    let script = format!(
        r#"while IFS= read -r line; do
  printf '%s\n' "$line" >> "$LOG"
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
  *'"initialize"'*) r='{{"protocolVersion":"2025-06-18","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"t","version":"1"}}}}' ;;
  *'"tools/list"'*) r='{{"tools":[{tools}]}}' ;;
  *'"tools/call"'*BAD*) r='{{"content":[{{"type":"text","text":"line 1: bad"}}],"isError":true}}' ;;
  *'"tools/call"'*) r='{{"content":[{{"type":"text","text":"{text}"}}]}}' ;;
  *) continue ;;
  esac
  printf '{{"jsonrpc":"2.0","id":%s,"result":%s}}\n' "$id" "$r"
done"#
    );
    let log = directory.join("mcp.log");
    json!([{"name": "ganger", "command": "/bin/sh", "args": ["-c", script], "env": [{"name": "LOG", "value": log}]}])
}
