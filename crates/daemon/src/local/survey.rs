//! What this machine has: repositories, agents, the kernel's sandbox, room. `init` proposes from it, `doctor` shows
//! it.

use super::capture::capture;
use crate::config::{Configuration, SCRIPTED};
use crate::error::{CodedError, ErrorKind};
use crate::paths::Variables;
use ganger_git::{Discoverer, Discovery, Git, GitError, GitVersion};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest that an agent program may take to tell its version: they start slowly.
const VERSION_LIMIT: Duration = Duration::from_secs(8);

/// Finds git, and with it the repositories of a workspace.
///
/// # Errors
/// No git, one that is too old, or a directory that cannot be read.
pub(super) fn repositories(
    root: &Path,
    exclude: &[String],
    variables: &Variables,
) -> Result<(GitVersion, Discovery), CodedError> {
    let git = Git::find(variables).map_err(|error| git_error(&error))?;
    let version = git.version();
    let discovery = Discoverer::new(git).discover_repos(root, exclude).map_err(|error| git_error(&error))?;
    Ok((version, discovery))
}

fn git_error(error: &GitError) -> CodedError {
    let (kind, code) = match error {
        GitError::NotInstalled => (ErrorKind::Environment, "git.missing"),
        GitError::TooOld { .. } => (ErrorKind::Environment, "git.too_old"),
        GitError::Io { .. } => (ErrorKind::Environment, "file.inaccessible"),
        GitError::Refused(_) | GitError::BadName { .. } => (ErrorKind::Refused, "git.refused"),
        _ => (ErrorKind::Failed, "git.failed"),
    };
    CodedError::new(kind, code, error.to_string())
}

/// An agent program on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct InstalledAgent {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Its program.
    pub(super) program: PathBuf,
    /// Its version; `None` when it did not tell.
    pub(super) version: Option<String>,
}

/// The agents of the configuration whose programs are installed, by name; the scripted one is no agent to work
/// with. Asks all of them for their versions at once.
pub(super) fn agents(configuration: &Configuration, variables: &Variables) -> Vec<InstalledAgent> {
    let found = configuration.agents.named.iter().filter(|(name, _)| *name != SCRIPTED).filter_map(
        |(name, agent)| {
            let program =
                agent.command.first().and_then(|word| crate::config::find_program(word, variables))?;
            Some((name.clone(), program))
        },
    );
    std::thread::scope(|scope| {
        let asked: Vec<_> = found
            .map(|(name, program)| {
                let ask = scope.spawn({
                    let program = program.clone();
                    move || version(&program, variables)
                });
                (name, program, ask)
            })
            .collect();
        let agent =
            |(name, program, ask): (String, PathBuf, std::thread::ScopedJoinHandle<'_, Option<String>>)| {
                let version = ask.join().ok().flatten();
                InstalledAgent { name, program, version }
            };
        asked.into_iter().map(agent).collect()
    })
}

/// What a program says of its version; `None` when it does not tell.
pub(super) fn version(program: &Path, variables: &Variables) -> Option<String> {
    version_in(&capture(program, &["--version"], variables, VERSION_LIMIT)?)
}

/// The first word of a program's answer that looks like a version.
fn version_in(text: &str) -> Option<String> {
    let word = |word: &str| {
        let word = word.trim_start_matches('v').trim_matches([',', ';', '(', ')']);
        let digits = word.starts_with(|first: char| first.is_ascii_digit());
        (digits && word.contains('.') && word.len() <= 40).then(|| word.to_owned())
    };
    text.lines().take(5).flat_map(str::split_whitespace).find_map(word)
}

/// What the kernel can confine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kernel {
    /// Landlock of this version, or of a later one that adds nothing for us.
    Landlock(u32),
    /// Nothing that ganger knows how to use.
    Nothing,
}

/// The version of Landlock from which on a session can be confined: before it, cutting a file short is not
/// covered.
pub(super) const LEAST_LANDLOCK: u32 = 3;
/// The version of Landlock from which on signals and abstract sockets are covered, too.
pub(super) const SCOPED_LANDLOCK: u32 = 6;

impl Kernel {
    /// Whether sessions can be confined as `sandbox.mode = "enforce"` demands.
    pub(super) fn enforces(self) -> bool {
        matches!(self, Self::Landlock(version) if version >= LEAST_LANDLOCK)
    }

    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Landlock(version) if version >= SCOPED_LANDLOCK => "Landlock with scopes".to_owned(),
            Self::Landlock(version) => format!("Landlock {version}"),
            Self::Nothing => "this kernel has no Landlock, or it is switched off".to_owned(),
        }
    }
}

/// What this kernel can confine. Asked by making rulesets that demand it, and using none of them.
#[cfg(target_os = "linux")]
pub(super) fn kernel() -> Kernel {
    use landlock::{
        ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, Scope,
    };
    let has = |abi: ABI| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let ruleset = ruleset.handle_access(AccessFs::from_all(abi));
        let ruleset = if abi < ABI::V6 {
            ruleset
        } else {
            ruleset.and_then(|ruleset| ruleset.scope(Scope::from_all(abi)))
        };
        ruleset.and_then(Ruleset::create).is_ok()
    };
    // 4 only adds rights on the network, of which ganger restricts none; nothing after 6 matters to it.
    let newest = [ABI::V6, ABI::V5, ABI::V3, ABI::V2, ABI::V1].into_iter().find(|&abi| has(abi));
    newest.map_or(Kernel::Nothing, |abi| Kernel::Landlock(abi as u32))
}

/// What this kernel can confine.
#[cfg(not(target_os = "linux"))]
pub(super) fn kernel() -> Kernel {
    Kernel::Nothing
}

/// The free bytes of the volume that a path lies on, or will lie on.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let existing = path.ancestors().find(|path| path.exists())?;
    let volume = rustix::fs::statvfs(existing).ok()?;
    Some(volume.f_bavail.saturating_mul(volume.f_frsize))
}

/// The bytes of memory that programs can still have, as the kernel estimates it (`proc(5)`, `MemAvailable`).
pub(super) fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes for people.
pub(super) fn size(bytes: u64) -> String {
    const GB: u64 = 1_000_000_000;
    if bytes >= 10 * GB {
        format!("{} GB", bytes / GB)
    } else if bytes >= GB {
        format!("{}.{} GB", bytes / GB, bytes % GB / (GB / 10))
    } else {
        format!("{} MB", bytes / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_print() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(version_in(text).as_deref(), expected, "{text:?}")
        };
        check("1.18.33\n", Some("1.18.33"));
        check("2.1.330 (Claude Code)\n", Some("2.1.330"));
        check("codex-cli v0.169.0\n", Some("0.169.0"));
        check("usage: 3 things\n", None);
        check("", None);
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in
            [(61_400_000_000, "61 GB"), (4_250_000_000, "4.2 GB"), (37_000_000, "37 MB"), (0, "0 MB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
