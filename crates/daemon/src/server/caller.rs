//! Who calls: a person, or an agent. Anything unclear is an agent, and may use only the tool route of its own
//! session.

use crate::paths::Paths;
use axum::http::HeaderMap;
use ganger_api::client::KEY_HEADER;
use std::path::{Path, PathBuf};

/// Ancestors that are looked at; a longer chain is unclear.
const MAX_ANCESTORS: usize = 64;

/// What is known of the process at the other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its process number; none where the system does not say.
    pub pid: Option<i32>,
}

/// Why a caller is no person, a sentence.
pub fn is_person(peer: Peer, headers: &HeaderMap, key: &str, paths: &Paths) -> Result<(), String> {
    let shown = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !equal(shown.as_bytes(), key.as_bytes()) {
        return Err(format!(
            "the call does not show the person's key, which stands in {}",
            paths.display(&paths.person_key())
        ));
    }
    process_is_a_persons(peer)
}

/// Compares without telling by its duration how much was right.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(not(target_os = "linux"))]
fn process_is_a_persons(_: Peer) -> Result<(), String> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn process_is_a_persons(peer: Peer) -> Result<(), String> {
    let Some(pid) = peer.pid.filter(|pid| *pid > 0) else {
        return Err("the calling process cannot be told".to_owned());
    };
    let own = no_new_privileges(std::process::id().cast_signed()).unwrap_or(false);
    if !own && no_new_privileges(pid).unwrap_or(true) {
        return Err("the calling process runs in a sandbox".to_owned());
    }
    if marked(pid).unwrap_or(true) {
        return Err("the calling process belongs to a session".to_owned());
    }
    let mut current = pid;
    for _ in 0..MAX_ANCESTORS {
        if current <= 1 {
            return Ok(());
        }
        if is_host(current) {
            return Err("the calling process was started by an agent's host".to_owned());
        }
        match parent(current) {
            Some(parent) => current = parent,
            // An ancestor that just ended: its children hang below another one now.
            None => return Err("the ancestors of the calling process cannot be told".to_owned()),
        }
    }
    Err("the calling process has too many ancestors to be told".to_owned())
}

#[cfg(target_os = "linux")]
fn field(pid: i32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

#[cfg(target_os = "linux")]
fn no_new_privileges(pid: i32) -> Option<bool> {
    field(pid, "NoNewPrivs:").map(|value| value == "1")
}

#[cfg(target_os = "linux")]
fn parent(pid: i32) -> Option<i32> {
    field(pid, "PPid:")?.parse().ok()
}

#[cfg(target_os = "linux")]
fn marked(pid: i32) -> Option<bool> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    Some(environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(b"GANGER_SESSION=")))
}

#[cfg(target_os = "linux")]
fn is_host(pid: i32) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let mut words = line.split(|byte| *byte == 0);
    let program = words.next().unwrap_or_default();
    let program = String::from_utf8_lossy(program);
    Path::new(&*program).file_name().is_some_and(|name| name == "ganger")
        && words.next().is_some_and(|word| word == b"host" || word == b"exec-sandboxed")
}

/// The directory of the host that a process was started by, where it is one of these hosts'.
#[cfg(target_os = "linux")]
pub(super) fn host_of(pid: i32, hosts: &Path) -> Option<PathBuf> {
    let mut current = pid;
    for _ in 0..MAX_ANCESTORS {
        if current <= 1 {
            break;
        }
        if let Some(directory) = directory_of_host(current, hosts) {
            return Some(directory);
        }
        current = parent(current)?;
    }
    None
}

/// Without a view of processes nobody can tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn host_of(_: i32, _: &Path) -> Option<PathBuf> {
    None
}

#[cfg(target_os = "linux")]
fn directory_of_host(pid: i32, hosts: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    if !is_host(pid) {
        return None;
    }
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0);
    words.find(|word| *word == b"--directory")?;
    let directory = PathBuf::from(std::ffi::OsStr::from_bytes(words.next()?));
    (directory.parent() == Some(hosts) && directory.is_dir()).then_some(directory)
}
