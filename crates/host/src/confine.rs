//! What the kernel is asked for: namespaces, the death signal, Landlock.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{die_with_parent, mount_proc, no_new_privileges, restrict, unshare};

#[cfg(not(target_os = "linux"))]
pub(crate) use absent::{die_with_parent, mount_proc, no_new_privileges, restrict, unshare};

#[cfg(not(target_os = "linux"))]
mod absent {
    use ganger_core::process::{Enforcement, SandboxMode, SandboxPolicy};
    use std::io;

    const SENTENCE: &str = "This system has no kernel sandbox that ganger can use.";

    pub(crate) fn no_new_privileges() -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn die_with_parent() -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn unshare() -> Result<(), String> {
        Err("This system has no process namespaces: what the agent starts may outlive a killed host."
            .to_owned())
    }

    pub(crate) fn mount_proc() -> Result<(), String> {
        Ok(())
    }

    pub(crate) fn restrict(policy: &SandboxPolicy) -> Result<Enforcement, String> {
        match policy.mode {
            SandboxMode::Enforce => {
                Err(format!("{SENTENCE} Choose sandbox mode \"best-effort\" or \"off\"."))
            }
            SandboxMode::BestEffort => {
                Ok(Enforcement { gaps: vec![SENTENCE.to_owned()], ..Enforcement::default() })
            }
            SandboxMode::Off => Ok(Enforcement::default()),
        }
    }
}
