//! Short questions to other programs: what they print, within a limit.

use crate::paths::Variables;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How much of an answer is read, in bytes.
const LARGEST_OUTPUT: u64 = 64 << 10;

/// How a program ended by itself, and what it printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ended {
    /// Its exit code.
    pub(super) code: i32,
    /// What it printed.
    pub(super) text: String,
}

/// What the program prints on its standard output; `None` when it does not start, fails, or takes longer.
pub(super) fn capture(
    program: &Path,
    arguments: &[&str],
    variables: &Variables,
    limit: Duration,
) -> Option<String> {
    let ended = run(program, arguments, variables, limit, false)?;
    (ended.code == 0).then_some(ended.text)
}

/// How the program ends, and what it prints on both its outputs; `None` when it does not start, is killed, or takes
/// longer.
pub(super) fn ask(
    program: &Path,
    arguments: &[&str],
    variables: &Variables,
    limit: Duration,
) -> Option<Ended> {
    run(program, arguments, variables, limit, true)
}

fn run(
    program: &Path,
    arguments: &[&str],
    variables: &Variables,
    limit: Duration,
    with_errors: bool,
) -> Option<Ended> {
    let (output, writer) = std::io::pipe().ok()?;
    let errors = if with_errors { Stdio::from(writer.try_clone().ok()?) } else { Stdio::null() };
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .ok()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(LARGEST_OUTPUT).read_to_end(&mut bytes);
        // The receiver is gone after the limit; then nobody wants the answer.
        let _ = sender.send(read.map(|_| bytes));
    });
    // Its output ends when it ends, or closes it early: what comes then is waited for within the limit, too.
    let deadline = Instant::now() + limit;
    let answer = receiver.recv_timeout(limit);
    let waiter = answer.is_ok().then(|| wait_until(&mut child, deadline)).flatten();
    let Some(status) = waiter else {
        // The child is not reaped yet, so its number is still that of its own group.
        if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = child.wait();
        return None;
    };
    let bytes = answer.ok()?.ok()?;
    Some(Ended { code: status.code()?, text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Waits for the child's end; `None` at the deadline. The standard library has no wait with a limit.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
