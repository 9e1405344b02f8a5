//! The Linux side: the kernel's rules stand in landlock(7).

use crate::trampoline::DEATH;
use ganger_core::process::{Enforcement, SandboxMode, SandboxPolicy};
use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};
use nix::sched::CloneFlags;
use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::thread::CapabilitySet;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// The most paths that reading is allowed for one by one, around what is hidden.
const MAX_SIBLINGS: usize = 50_000;

/// Files that programs write as a matter of course.
const DEVICES: &[&str] =
    &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"];

/// Directories of the same kind: terminals, and shared memory with its semaphores.
const DEVICE_DIRECTORIES: &[&str] = &["/dev/pts", "/dev/shm"];

pub(crate) fn no_new_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(DEATH))?)
}

/// Makes the next child the first process of a new pid namespace, in a mount namespace of its own. An ordinary user
/// needs a user namespace for that, in which he stays who he is.
///
/// The error is a sentence for the enforcement's gaps.
pub(crate) fn unshare() -> Result<(), String> {
    let spaces = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    if user == 0 && nix::sched::unshare(spaces).is_ok() {
        return Ok(());
    }
    let gap = |error: &dyn std::fmt::Display| {
        format!(
            "No pid namespace can be made here ({error}): what the agent starts is found by its environment \
             alone after a crash of its host."
        )
    };
    nix::sched::unshare(spaces | CloneFlags::CLONE_NEWUSER).map_err(|error| gap(&error))?;
    // From here on there is no way back into the old user namespace, so a failure is an error of the start.
    std::fs::write("/proc/self/setgroups", "deny")
        .and_then(|()| std::fs::write("/proc/self/uid_map", format!("{user} {user} 1")))
        .and_then(|()| std::fs::write("/proc/self/gid_map", format!("{group} {group} 1")))
        .map_err(|error| gap(&error))?;
    if user != 0 {
        // The next stage is executed, which takes every capability from an ordinary user but an ambient one. If this
        // fails, that stage says that it cannot mount.
        let _ = keep_mount_capability(true);
    }
    Ok(())
}

/// Keeps the capability to mount, which holds in the new user namespace alone, over an execution, or gives it up.
fn keep_mount_capability(keep: bool) -> io::Result<()> {
    let mut sets = rustix::thread::capabilities(None)?;
    sets.inheritable = if keep { CapabilitySet::SYS_ADMIN } else { CapabilitySet::empty() };
    if keep {
        rustix::thread::set_capabilities(None, sets)?;
        return Ok(rustix::thread::configure_capability_in_ambient_set(CapabilitySet::SYS_ADMIN, true)?);
    }
    rustix::thread::clear_ambient_capability_set()?;
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

/// Shows the namespace's own processes in `/proc`. Called by the namespace's first process.
///
/// The error is a sentence for the enforcement's gaps.
pub(crate) fn mount_proc() -> Result<(), String> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    let mounted = rustix::mount::mount_change("/", flags).and_then(|()| {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        rustix::mount::mount("proc", "/proc", "proc", flags, None)
    });
    keep_mount_capability(false).map_err(|error| {
        format!("The capability to mount in its own namespace cannot be taken from the agent ({error}).")
    })?;
    mounted.map_err(|error| {
        format!(
            "/proc shows the processes of the whole machine to the agent: it cannot be mounted ({error})."
        )
    })
}

/// The rights that count as writing, without those of device control: terminals need them.
fn write_rights(abi: ABI) -> BitFlags<AccessFs> {
    // The rights of ABI 3 are all that concern files; later ones are control of devices and sockets.
    AccessFs::from_write(if abi < ABI::V3 { abi } else { ABI::V3 })
}

/// What makes something else of a directory entry than a file, a directory or a link.
fn special() -> BitFlags<AccessFs> {
    AccessFs::MakeSock | AccessFs::MakeFifo | AccessFs::MakeChar | AccessFs::MakeBlock
}

/// The newest ABI, up to 6, that this kernel has.
fn kernel_abi() -> ABI {
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
    [ABI::V6, ABI::V5, ABI::V3, ABI::V2, ABI::V1]
        .into_iter()
        .find(|abi| has(*abi))
        .unwrap_or(ABI::Unsupported)
}

/// Binds this process and all that come from it to the policy.
///
/// The error is a sentence that says what the kernel lacks or which path cannot be dealt with.
pub(crate) fn restrict(policy: &SandboxPolicy) -> Result<Enforcement, String> {
    if policy.mode == SandboxMode::Off {
        return Ok(Enforcement::default());
    }
    let strict = policy.mode == SandboxMode::Enforce;
    let abi = kernel_abi();
    let mut enforcement = Enforcement::default();
    if abi < ABI::V3 {
        let found = if abi == ABI::Unsupported {
            "This kernel has no Landlock".to_owned()
        } else {
            format!("This kernel's Landlock has ABI {}", abi as i32)
        };
        if strict {
            return Err(format!(
                "{found}; the sandbox needs ABI 3 (Linux 6.2) to keep writes in. Choose sandbox mode \
                 \"best-effort\" or \"off\" to run without."
            ));
        }
        enforcement
            .gaps
            .push(format!("{found}: writing outside the granted directories is not wholly prevented."));
        if abi == ABI::Unsupported {
            return Ok(enforcement);
        }
    }
    let readable = readable(policy);
    let readable = match readable {
        Ok(readable) => readable,
        Err(sentence) if strict => return Err(sentence),
        Err(sentence) => {
            enforcement.gaps.push(sentence);
            None
        }
    };
    enforcement.hidden = readable.is_some() || policy.hide.is_empty();
    for path in policy.hide.iter().map(Path::new) {
        let granted = [&policy.write, &policy.private, &policy.read].into_iter().flatten();
        if let Some(above) = granted.into_iter().find(|granted| path.starts_with(granted)) {
            enforcement.hidden = false;
            enforcement
                .gaps
                .push(format!("{} is readable, since {above} is granted as a whole.", path.display()));
        }
    }
    let scoped = abi >= ABI::V6;
    let status = ruleset(policy, abi, readable.as_ref())
        .and_then(|ruleset| ruleset.restrict_self().map_err(|error| error.to_string()))
        .map_err(|error| format!("Landlock refuses the policy: {error}."))?;
    enforcement.scoped = scoped;
    if !scoped {
        enforcement.gaps.push(
            "Signals and abstract sockets are not scoped before Landlock ABI 6 (Linux 6.12).".to_owned(),
        );
    }
    enforcement.landlock_abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u32,
        _ => abi as u32,
    };
    Ok(enforcement)
}

fn ruleset(
    policy: &SandboxPolicy,
    abi: ABI,
    readable: Option<&BTreeSet<PathBuf>>,
) -> Result<RulesetCreated, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let write = write_rights(abi);
    let read: BitFlags<AccessFs> =
        if readable.is_some() { AccessFs::ReadFile.into() } else { BitFlags::EMPTY };
    let mut ruleset = Ruleset::default().handle_access(write | read).map_err(|error| text(&error))?;
    if abi >= ABI::V6 {
        ruleset = ruleset.scope(Scope::from_all(ABI::V6)).map_err(|error| text(&error))?;
    }
    let mut created = ruleset.create().map_err(|error| text(&error))?;
    let mut rights: BTreeMap<PathBuf, BitFlags<AccessFs>> = BTreeMap::new();
    let mut grant = |path: &Path, access: BitFlags<AccessFs>| {
        *rights.entry(path.to_owned()).or_insert(BitFlags::EMPTY) |= access;
    };
    for path in &policy.write {
        grant(Path::new(path), (write & !special()) | read);
    }
    for path in &policy.private {
        grant(Path::new(path), (write & !(AccessFs::MakeChar | AccessFs::MakeBlock)) | read);
    }
    for path in DEVICES {
        grant(Path::new(path), write | read);
    }
    for path in DEVICE_DIRECTORIES {
        grant(Path::new(path), (write & !special()) | read);
    }
    for path in readable.into_iter().flatten() {
        grant(path, read);
    }
    let files = AccessFs::from_file(ABI::V3);
    for (path, access) in rights {
        // What does not exist (any more) is left out.
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let Ok(opened) = PathFd::new(&path) else { continue };
        let access = if metadata.is_dir() { access } else { access & files };
        created = created
            .add_rule(PathBeneath::new(opened, access))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(created)
}

/// The real place of a path, of which the end may not exist.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Some(real);
    }
    Some(real(path.parent()?)?.join(path.file_name()?))
}

/// The paths for which reading is granted so that exactly the hidden ones are left out; `None` if nothing is
/// hidden. Landlock knows no exceptions: beside every ancestor of something hidden, its siblings are granted one by
/// one. Links are left out, since what they lead to is granted or not at its own place. Names stay listable.
fn readable(policy: &SandboxPolicy) -> Result<Option<BTreeSet<PathBuf>>, String> {
    let hidden: BTreeSet<PathBuf> = policy.hide.iter().filter_map(|path| real(Path::new(path))).collect();
    if hidden.is_empty() {
        return Ok(None);
    }
    let ancestors: BTreeSet<&Path> = hidden.iter().flat_map(|path| path.ancestors().skip(1)).collect();
    let mut granted: BTreeSet<PathBuf> = policy.read.iter().map(PathBuf::from).collect();
    for ancestor in ancestors {
        if ancestor.ancestors().any(|above| hidden.contains(above)) {
            continue;
        }
        let entries = match std::fs::read_dir(ancestor) {
            Ok(entries) => entries,
            // Nothing is there to be granted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(format!(
                    "{} cannot be listed ({error}), so what is hidden in it cannot be told from the rest.",
                    ancestor.display()
                ));
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if link || hidden.contains(&path) || hidden.iter().any(|hidden| hidden.starts_with(&path)) {
                continue;
            }
            granted.insert(path);
            if granted.len() > MAX_SIBLINGS {
                return Err(format!(
                    "More than {MAX_SIBLINGS} entries stand beside what is to be hidden, the last in {}.",
                    ancestor.display()
                ));
            }
        }
    }
    Ok(Some(granted))
}
