//! What agents, jobs and git are given of the person's login: its environment, and the git in it. A login shell takes
//! as long as it likes, so it is asked beside everything else: who only reads does not wait for it.

use crate::login_environment;
use crate::paths::Variables;
use ganger_git::Git;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long the login shell may take to tell its environment.
const LOGIN_LIMIT: Duration = Duration::from_secs(3);

/// The environment of the login shell, and its git.
#[derive(Debug)]
pub struct Equipment {
    /// The environment.
    pub variables: Variables,
    /// The git.
    pub git: Git,
}

/// Equipment that may still be on its way.
#[derive(Clone, Debug)]
pub struct Awaited(Arc<OnceLock<Equipment>>);

impl Awaited {
    /// Waits for it, 3 seconds at most. Blocks.
    pub fn get(&self) -> &Equipment {
        self.0.wait()
    }
}

/// Asks the login shell, beside everything else. `inherited` is this process's environment, and `git` the one in it,
/// which is used where the login shell's `PATH` has none that can be.
pub fn gather(inherited: &Variables, git: Git) -> Awaited {
    let (inherited, place) = (inherited.clone(), Arc::new(OnceLock::new()));
    let awaited = Awaited(Arc::clone(&place));
    std::thread::spawn(move || {
        let variables = login_environment::resolve(&inherited, LOGIN_LIMIT).variables;
        let git = Git::find(&variables).unwrap_or(git);
        // Set once, here.
        let _ = place.set(Equipment { variables, git });
    });
    awaited
}

/// Waits for the login shell first: where the environment of this process has no usable git.
pub fn gather_now(inherited: &Variables) -> Result<Awaited, ganger_git::GitError> {
    let variables = login_environment::resolve(inherited, LOGIN_LIMIT).variables;
    let git = Git::find(&variables)?;
    Ok(Awaited(Arc::new(OnceLock::from(Equipment { variables, git }))))
}
