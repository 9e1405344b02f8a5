//! What a process of an agent or a job is to be: program, environment and what the kernel lets it do. Plain
//! data, frozen in effects; the host turns it into a process.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program to run, whole: nothing is inherited that does not stand here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// The program, an absolute path or a name looked up in the `PATH` of `environment`, then its arguments.
    pub command: Vec<String>,
    /// The working directory, absolute.
    pub directory: String,
    /// The whole environment: an allow-list, never the daemon's own.
    pub environment: BTreeMap<String, String>,
    /// What it may touch.
    pub sandbox: SandboxPolicy,
    /// The longest the process may run, in milliseconds of awake time; `None` for an agent's session.
    pub timeout_ms: Option<u64>,
    /// Bytes to write to standard input before closing it, for a job; `None` keeps standard input open.
    pub input: Option<String>,
}

/// How strictly the sandbox is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Refuse to start where the kernel cannot enforce the policy.
    #[default]
    Enforce,
    /// Enforce what the kernel can, and report what it cannot.
    BestEffort,
    /// No sandbox.
    Off,
}

/// What a process may write and read. Everything that is not named as writable is read-only; everything that
/// is not hidden is readable.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SandboxPolicy {
    /// How strictly.
    pub mode: SandboxMode,
    /// Directories and files that may be written, absolute. Those that do not exist are left out. No FIFOs,
    /// sockets or device nodes can be made there.
    pub write: Vec<String>,
    /// Private directories (session, temporary) that may be written and may hold sockets and FIFOs.
    pub private: Vec<String>,
    /// Directories and files that may not be read (keys, tokens, `GANGER_HOME`), absolute.
    pub hide: Vec<String>,
    /// Exceptions inside hidden directories that may be read, absolute. What is writable or private is
    /// readable without being listed.
    pub read: Vec<String>,
}

/// What was really enforced on a process: an event of its session, and a row of `ganger doctor`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Enforcement {
    /// The Landlock ABI in use, 0 for none.
    pub landlock_abi: u32,
    /// Whether the process runs in a pid namespace of its own.
    pub pid_namespace: bool,
    /// Whether hidden paths are really unreadable.
    pub hidden: bool,
    /// Whether signals and abstract sockets are scoped.
    pub scoped: bool,
    /// What does not hold, each a sentence for a person.
    pub gaps: Vec<String>,
}
