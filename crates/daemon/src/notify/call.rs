//! Calls of programs that tell the person something. None may hold the daemon up: each has a time limit, and what
//! fails is said once.

use crate::config::find_program;
use crate::paths::Variables;
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How many bytes of what a failed command said are kept.
const WORDS: u64 = 500;
/// How long to wait for them after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A program that was started to tell something.
pub(super) struct Call {
    child: Child,
    input: String,
    what: &'static str,
}

/// Starts programs, and says of a failure once that there was one.
#[derive(Default)]
pub(super) struct Caller {
    last_failure: Option<String>,
}

fn spawn(
    mut command: Command,
    environment: &Variables,
    input: String,
    what: &'static str,
) -> Result<Call, String> {
    command
        .env_clear()
        .envs(environment)
        .current_dir("/")
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    let child = command.spawn().map_err(|error| format!("{what} could not be started: {error}"))?;
    Ok(Call { child, input, what })
}

impl Caller {
    /// A message on the desktop; nothing where this machine has no way to show one.
    pub(super) fn desktop(&mut self, environment: &Variables, text: &str, title: &str) -> Option<Call> {
        let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"]
            .iter()
            .any(|name| environment.get(*name).is_some_and(|value| !value.is_empty()));
        if !has_desktop {
            return None;
        }
        let program = find_program("notify-send", environment)?;
        let mut command = Command::new(program);
        // What agents wrote is neither an option nor markup.
        command.args(["--app-name=ganger", "--", &plain(text), &plain(title)]);
        let call = spawn(command, environment, String::new(), "notify-send");
        self.started(call)
    }

    /// The person's own command, which reads `input`.
    pub(super) fn command(&mut self, environment: &Variables, command: &str, input: String) -> Option<Call> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]);
        let call = spawn(shell, environment, input, "notify.command");
        self.started(call)
    }

    fn started(&mut self, call: Result<Call, String>) -> Option<Call> {
        match call {
            Ok(call) => Some(call),
            Err(failure) => {
                self.failed(failure);
                None
            }
        }
    }

    /// Waits until it has ended, or ends it.
    pub(super) async fn finish(&mut self, call: Call) {
        match finish(call, LIMIT).await {
            Ok(()) => self.last_failure = None,
            Err(failure) => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: String) {
        if self.last_failure.as_ref() != Some(&failure) {
            tracing::warn!("{failure}");
            self.last_failure = Some(failure);
        }
    }
}

async fn finish(call: Call, limit: Duration) -> Result<(), String> {
    let Call { mut child, input, what } = call;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let work = async {
        let write = async {
            if let Some(mut stdin) = stdin {
                // Who does not read it does not want it.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let mut words = Vec::new();
        let ended = async { tokio::join!(child.wait(), write).0 };
        let status = match stderr {
            None => ended.await,
            Some(stderr) => {
                let mut stderr = stderr.take(WORDS);
                let read = stderr.read_to_end(&mut words);
                let mut read = std::pin::pin!(read);
                let mut ended = std::pin::pin!(ended);
                tokio::select! {
                    status = &mut ended => {
                        // What it started may go on and hold its standard error open: nobody waits for that.
                        let _ = tokio::time::timeout(LAST_WORDS, read).await;
                        status
                    }
                    _ = &mut read => ended.await,
                }
            }
        };
        (words, status)
    };
    let outcome = tokio::time::timeout(limit, work).await;
    match outcome {
        Ok((_, Ok(status))) if status.success() => Ok(()),
        Ok((words, Ok(status))) => {
            let words = String::from_utf8_lossy(&words);
            let said = words.lines().next().unwrap_or_default().trim();
            Err(format!("{what} failed ({status}){}{said}", if said.is_empty() { "" } else { ": " }))
        }
        Ok((_, Err(error))) => Err(format!("{what} could not be waited for: {error}")),
        Err(_) => {
            if let Some(group) = group {
                // It may have ended at this very moment.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait().await;
            Err(format!("{what} did not end within {} s and was ended", limit.as_secs()))
        }
    }
}

/// Words that a desktop shows as they are: on one line, and without what it could take for markup.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|letter| !letter.is_control()).take(300).collect();
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Variables {
        Variables::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())])
    }

    fn check(command: &str, limit: Duration, expected: Result<(), &str>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(async {
            let call = Caller::default().command(&environment(), command, "{\"a\":1}\n".to_owned()).unwrap();
            finish(call, limit).await
        });
        assert_eq!(outcome, expected.map_err(str::to_owned), "{command}");
    }

    #[test]
    fn a_command_gets_what_happened_and_is_judged_by_its_exit_code() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("told");
        let minute = Duration::from_secs(60);
        check(&format!("cat > {}; env | cut -d= -f1 >> {}", file.display(), file.display()), minute, Ok(()));
        let told = std::fs::read_to_string(&file).unwrap();
        assert!(told.starts_with("{\"a\":1}\n") && told.contains("PATH"), "{told}");
        // Nothing of the daemon's own environment, such as a key of the person's.
        assert!(!told.contains("CARGO"), "{told}");
        check("true", minute, Ok(()));
        check("sleep 5 & exit 0", minute, Ok(()));
        check("echo no way >&2; exit 3", minute, Err("notify.command failed (exit status: 3): no way"));
        check("exit 3", minute, Err("notify.command failed (exit status: 3)"));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_with_all_it_started() {
        let limit = Duration::from_millis(300);
        check("sleep 600 & sleep 600", limit, Err("notify.command did not end within 0 s and was ended"));
    }

    #[test]
    fn without_a_desktop_nothing_is_called() {
        let mut with_display = environment();
        assert!(Caller::default().desktop(&with_display, "x", "y").is_none());
        with_display.insert("DISPLAY".to_owned(), ":0".to_owned());
        with_display.insert("PATH".to_owned(), "/nonexistent".to_owned());
        assert!(Caller::default().desktop(&with_display, "x", "y").is_none());
    }

    #[test]
    fn a_failure_is_said_once() {
        let mut caller = Caller::default();
        caller.failed("no".to_owned());
        assert_eq!(caller.last_failure.as_deref(), Some("no"));
        assert_eq!(plain("<b>a\n b</b> & c\u{7}"), "&lt;b&gt;a b&lt;/b&gt; &amp; c");
    }
}
