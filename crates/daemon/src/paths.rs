//! Where everything of ganger lies on this machine. What runners make of it below `work`, `sessions` and `hosts`
//! stands in `ganger_orchestrator::run::context`.
//!
//! ```text
//! GANGER_HOME/
//!   lock                                             held by the one daemon
//!   ganger.db                                        events and what is derived from them
//!   socket                                           the API, mode 0600
//!   daemon.log, daemon.log.1                         the daemon's own log, 8 MB at most
//!   person.key                                       shown by a person's command line; no session can read it
//!   config.toml                                      only where GANGER_HOME is set by hand
//!   repos/ base/ work/                               what git makes: see `ganger_git::Layout`
//!   sessions/<session>/                              a session's own directory
//!   hosts/<session>.<incarnation> | <effect>.<attempt>/     a host's directory
//!   agents/<agent>/<account>/                        the state directory of an agent program
//!   workspaces/<digest>.toml                         a workspace's configuration as it was read last
//!   trial/, trial.lock                               setup and checks on base commits, thrown away
//!   handshake/, handshake.lock                       an agent program that is asked what it can, thrown away
//!   drafts/                                          texts that a person typed and that were refused
//!   seen/<item>.json                                 what a person looked at last with `diff`, as trees
//!   libexec/<digest>/ganger                          copies of this program that hosts run from
//!   libexec/<digest>/source                          which file it was made from
//! ```

use crate::error::{CodedError, ErrorKind};
use ganger_core::ids::{EffectId, SessionId};
pub use ganger_orchestrator::run::context::{item_directory, workspace_directory};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The directory in a workspace's root that holds its configuration.
pub const WORKSPACE_DIRECTORY: &str = ".ganger";
/// The file in [`WORKSPACE_DIRECTORY`] that makes a directory a workspace.
pub const WORKSPACE_FILE: &str = "workspace.toml";

/// The variables of an environment. Read once, at the start of the program; everything else takes them as an
/// argument.
pub type Variables = BTreeMap<String, String>;

/// The paths of one site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paths {
    home: PathBuf,
    config_file: PathBuf,
    user_home: PathBuf,
}

impl Paths {
    /// The paths that an environment asks for: `GANGER_HOME`, else `ganger` in the XDG data directory. The
    /// configuration file lies in a `GANGER_HOME` that is set, else in the XDG configuration directory.
    ///
    /// # Errors
    /// `HOME` is not set, or a directory named by the environment is not absolute.
    pub fn from_environment(variables: &Variables) -> Result<Self, CodedError> {
        let user_home = absolute(variables, "HOME")?.ok_or_else(|| {
            CodedError::new(
                ErrorKind::Environment,
                "environment.no_home",
                "HOME is not set, so there is no place for ganger's data",
            )
            .hint("set HOME to your home directory")
        })?;
        // The XDG base directory specification has relative paths ignored.
        let base = |name: &str, fallback: &str| {
            let set = variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
            set.unwrap_or_else(|| user_home.join(fallback))
        };
        let (home, config_file) = match absolute(variables, "GANGER_HOME")? {
            Some(home) => (home.clone(), home.join("config.toml")),
            None => (
                base("XDG_DATA_HOME", ".local/share").join("ganger"),
                base("XDG_CONFIG_HOME", ".config").join("ganger/config.toml"),
            ),
        };
        Ok(Self { home, config_file, user_home })
    }

    /// `GANGER_HOME` itself.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Makes `GANGER_HOME`, readable for its owner alone. What is there already stays as it is.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create_home(&self) -> Result<(), CodedError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.home);
        made.map_err(|error| CodedError::file("make", &self.home, &error))
    }

    /// The person's home directory: what `~` means in the configuration.
    pub fn user_home(&self) -> &Path {
        &self.user_home
    }

    /// The person's `config.toml`. Need not exist.
    pub fn config_file(&self) -> &Path {
        &self.config_file
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.home.join("ganger.db")
    }

    /// The daemon's own log, and beside it the one that was full before it.
    pub fn daemon_log(&self) -> PathBuf {
        self.home.join("daemon.log")
    }

    /// The file whose lock makes a daemon the only one of this site.
    pub fn lock(&self) -> PathBuf {
        self.home.join("lock")
    }

    /// The Unix socket of the API.
    pub fn socket(&self) -> PathBuf {
        self.home.join("socket")
    }

    /// The key by which a command line shows that a person started it.
    pub fn person_key(&self) -> PathBuf {
        self.home.join("person.key")
    }

    /// Where everything that git makes lies: mirrors, worktrees, base and proof checkouts.
    pub fn git_layout(&self) -> ganger_git::Layout {
        ganger_git::Layout::new(&self.home)
    }

    /// A session's own directory: what it is given and leaves behind, and its private temporary directory.
    pub fn session(&self, session: SessionId) -> PathBuf {
        self.home.join("sessions").join(session.to_string())
    }

    /// All hosts' directories.
    pub fn hosts(&self) -> PathBuf {
        self.home.join("hosts")
    }

    /// The directory of the host of one incarnation of a session.
    pub fn session_host(&self, session: SessionId, incarnation: u64) -> PathBuf {
        self.hosts().join(format!("{session}.{incarnation}"))
    }

    /// The directory of the host of one attempt of a job.
    pub fn job_host(&self, effect: EffectId, attempt: u32) -> PathBuf {
        self.hosts().join(format!("{effect}.{attempt}"))
    }

    /// The state directory of an agent program, shared by its sessions with one account.
    pub fn agent_state(&self, agent: &str, account: &str) -> PathBuf {
        self.home.join("agents").join(component(agent)).join(component(account))
    }

    /// The copy of the configuration of the workspace with this root, as it was read last.
    pub fn kept_workspace(&self, root: &Path) -> PathBuf {
        let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.home.join("workspaces").join(format!("{name}.toml"))
    }

    /// Where a refused text of a person is kept.
    pub fn drafts(&self) -> PathBuf {
        self.home.join("drafts")
    }

    /// What a person has looked at last, one file for each item.
    pub fn seen(&self) -> PathBuf {
        self.home.join("seen")
    }

    /// Where the copies of this program lie.
    pub fn program_copies(&self) -> PathBuf {
        self.home.join("libexec")
    }

    /// The copy of this program with that digest, which hosts run from so that an update can't pull it away.
    pub fn program_copy(&self, digest: &str) -> PathBuf {
        self.program_copies().join(component(digest)).join("ganger")
    }

    /// A path for people: `~` for the home directory.
    pub fn display(&self, path: &Path) -> String {
        match path.strip_prefix(&self.user_home) {
            Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Ok(rest) => format!("~/{}", rest.display()),
            Err(_) => path.display().to_string(),
        }
    }

    /// What a path of the configuration means: `~` is the home directory, the rest is absolute already (the
    /// configuration is refused otherwise).
    pub fn expand(&self, written: &str) -> PathBuf {
        match written.strip_prefix('~') {
            Some("") => self.user_home.clone(),
            Some(rest) if rest.starts_with('/') => self.user_home.join(rest.trim_start_matches('/')),
            _ => PathBuf::from(written),
        }
    }
}

/// One component of a path made of a name that others chose. What would leave its directory is percent-encoded,
/// so two names never become one.
fn component(name: &str) -> String {
    if matches!(name, "" | "." | "..") {
        return format!("%{name}");
    }
    let mut encoded = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '/' => encoded.push_str("%2F"),
            '\0' => encoded.push_str("%00"),
            '%' => encoded.push_str("%25"),
            other => encoded.push(other),
        }
    }
    encoded
}

/// The variable's value as an absolute path; `None` when it is unset or empty.
fn absolute(variables: &Variables, name: &str) -> Result<Option<PathBuf>, CodedError> {
    match variables.get(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) if Path::new(value).is_absolute() => Ok(Some(PathBuf::from(value))),
        Some(value) => Err(CodedError::new(
            ErrorKind::Usage,
            "environment.relative_path",
            format!("{name} is {value:?}, which is not an absolute path"),
        )
        .hint(format!("set {name} to a path that begins with /"))),
    }
}

/// The root of the workspace that `start` lies in: the nearest directory upward that holds
/// `.ganger/workspace.toml`. `None` where there is none.
///
/// # Errors
/// A directory on the way cannot be examined. That is not the same as finding nothing.
pub fn find_workspace(start: &Path) -> Result<Option<PathBuf>, CodedError> {
    let start = std::path::absolute(start).map_err(|error| CodedError::file("find", start, &error))?;
    for directory in start.ancestors() {
        let file = workspace_file(directory);
        match std::fs::symlink_metadata(&file) {
            Ok(_) => return Ok(Some(directory.to_owned())),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(CodedError::file("look for", &file, &error)),
        }
    }
    Ok(None)
}

/// The configuration file of the workspace with this root.
pub fn workspace_file(root: &Path) -> PathBuf {
    root.join(WORKSPACE_DIRECTORY).join(WORKSPACE_FILE)
}

/// The sentence for a command that needs a workspace and was started outside of one.
pub fn no_workspace(start: &Path) -> CodedError {
    CodedError::new(
        ErrorKind::NotFound,
        "workspace.not_found",
        format!("{} is in no workspace: neither it nor a directory above it holds {WORKSPACE_DIRECTORY}/{WORKSPACE_FILE}", start.display()),
    )
    .hint("in the directory that holds your repositories: ganger init")
}

#[cfg(test)]
mod tests;
