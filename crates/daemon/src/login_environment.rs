//! The environment of a person's login shell. The daemon is started by whichever command came first, and lives
//! for weeks: the `PATH` of that moment's shell is a matter of chance. So the login shell is asked once at the
//! start, and what it says is what agents and git are given.

use crate::error::cause;
use crate::paths::Variables;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The longest that a login shell may take to start: version managers can be slow, and a prompt waits for ever.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The largest output of a login shell that is read, in bytes.
const LARGEST_OUTPUT: u64 = 4 << 20;

/// What stands before and after the variables, so that the greetings of start-up files are told from them.
const MARK: &str = "--ganger-environment-6f1d--";

/// The environment, and how it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginEnvironment {
    /// The variables.
    pub variables: Variables,
    /// Where they are from.
    pub origin: EnvironmentOrigin,
}

/// Where an environment is from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EnvironmentOrigin {
    /// The login shell was asked.
    Shell(PathBuf),
    /// The environment of this process, since the login shell could not be asked.
    Inherited {
        /// Why, as it follows "because".
        reason: String,
    },
}

/// The variables of this process; those that are not UTF-8 are left out. Called once, where the program starts.
pub fn process_environment() -> Variables {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Asks the login shell named by `SHELL` for its environment, for at most `limit`. Never fails: without an answer
/// the given variables are kept, and the reason told.
///
/// Blocks; call it off the async runtime's threads.
pub fn resolve(inherited: &Variables, limit: Duration) -> LoginEnvironment {
    let asked = match inherited.get("SHELL").map(PathBuf::from).filter(|shell| shell.is_absolute()) {
        None => Err("SHELL names no shell".to_owned()),
        Some(shell) => ask(&shell, inherited, limit).map(|variables| (shell, variables)),
    };
    match asked {
        Ok((shell, mut variables)) => {
            // What ganger itself was told stays, whatever start-up files say.
            let own = inherited.iter().filter(|(name, _)| name.starts_with("GANGER_"));
            variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
            // These are of the shell that was asked, not of the person.
            for of_the_shell in ["SHLVL", "_", "PWD", "OLDPWD"] {
                variables.remove(of_the_shell);
            }
            LoginEnvironment { variables, origin: EnvironmentOrigin::Shell(shell) }
        }
        Err(reason) => {
            LoginEnvironment { variables: inherited.clone(), origin: EnvironmentOrigin::Inherited { reason } }
        }
    }
}

fn ask(shell: &Path, inherited: &Variables, limit: Duration) -> Result<Variables, String> {
    let script = format!("echo {MARK}; env -0; echo {MARK}");
    // An interactive shell reads the files in which version managers are set up, and wants a terminal to itself:
    // in a session of its own it finds none to take. Without the means to make one, the login files must do.
    let setsid = crate::config::find_program("setsid", inherited);
    let own_session = setsid.is_some();
    let mut command = match setsid {
        Some(setsid) => {
            let mut command = Command::new(setsid);
            command.arg(shell).args(["-l", "-i", "-c"]);
            command
        }
        None => {
            let mut command = Command::new(shell);
            command.args(["-l", "-c"]);
            command
        }
    };
    command
        .arg(script)
        .env_clear()
        .envs(inherited)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(home) = inherited.get("HOME") {
        command.current_dir(home);
    }
    let name = shell.display();
    let mut child = command.spawn().map_err(|error| format!("{name} does not start: {}", cause(&error)))?;
    let Some(output) = child.stdout.take() else { return Err(format!("{name} has no output")) };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // Read only up to the second mark: a program that a start-up file left running holds the pipe open.
        let mut output = output.take(LARGEST_OUTPUT);
        let mut buffer = [0; 8192];
        while marked(&bytes).is_none() {
            match output.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
        // The receiver is gone after the limit; then nobody wants the answer.
        let _ = sender.send(bytes);
    });
    let answer = receiver.recv_timeout(limit);
    // What start-up files left running after an answer is the person's business; what hangs is ended whole.
    if answer.is_err()
        && own_session
        && let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // The answer is here or too late: either way the shell has nothing left to do.
    let _ = child.kill();
    let _ = child.wait();
    let bytes = answer.map_err(|_| format!("{name} did not start within {} s", limit.as_secs_f32()))?;
    let variables =
        marked(&bytes).map(parse).ok_or_else(|| format!("{name} did not print its environment"))?;
    if variables.contains_key("PATH") { Ok(variables) } else { Err(format!("{name} has no PATH")) }
}

/// What stands between the two marks.
fn marked(bytes: &[u8]) -> Option<&[u8]> {
    let mark = format!("{MARK}\n");
    let find = |bytes: &[u8]| bytes.windows(mark.len()).position(|window| window == mark.as_bytes());
    let rest = &bytes[find(bytes)? + mark.len()..];
    Some(&rest[..find(rest)?])
}

fn parse(bytes: &[u8]) -> Variables {
    let entry = |entry: &[u8]| {
        let (name, value) = std::str::from_utf8(entry).ok()?.split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    bytes.split(|&byte| byte == 0).filter_map(entry).collect()
}

#[cfg(test)]
mod tests;
