//! Whether the remotes of a workspace let the person push, asked before an hour of work depends on it.

use crate::config::LoadedWorkspace;
use crate::paths::Variables;
use ganger_git::{DiscoveredRepository, Discovery, GitError, RefGit, RepositorySource};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest that a remote may take to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Remotes that are asked at once.
const AT_ONCE: usize = 8;

/// What a remote said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Push {
    /// It takes a push.
    Ok,
    /// It does not, or did not answer.
    Refused {
        /// Its words, or git's, in one line.
        words: String,
        /// The one command that repairs it, or shows what is wrong.
        fix: String,
    },
}

/// Asks the push remotes of all repositories that have one, by repository. Nobody is asked for a password. Blocks.
pub(super) fn try_all(
    loaded: &LoadedWorkspace,
    discovery: &Discovery,
    variables: &Variables,
) -> BTreeMap<String, Push> {
    let Ok(git) = ganger_git::Git::find(variables) else { return BTreeMap::new() };
    let ref_git = &RefGit::new(git);
    let sources = discovery.repositories.iter().filter_map(|found| {
        let settings = loaded.workspace.repository(&found.name);
        let source = found.source(settings.remote.as_deref(), settings.push_remote.as_deref()).ok()?;
        source.remote.is_some().then_some((found, source))
    });
    let sources: Vec<(&DiscoveredRepository, RepositorySource)> = sources.collect();
    let mut said = BTreeMap::new();
    for some in sources.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|(found, source)| {
                    (found, scope.spawn(move || try_one(ref_git, found, source, variables)))
                })
                .collect();
            for (found, asked) in asked {
                if let Ok(push) = asked.join() {
                    said.insert(found.name.clone(), push);
                }
            }
        });
    }
    said
}

fn try_one(
    ref_git: &RefGit,
    found: &DiscoveredRepository,
    source: &RepositorySource,
    variables: &Variables,
) -> Push {
    let by_hand = || {
        let remote = source.push_remote.as_ref().or(source.remote.as_ref()).cloned().unwrap_or_default();
        let path = found.path.display().to_string();
        let words = ["git", "-C", path.as_str(), "push", "--dry-run", remote.as_str(), "HEAD"];
        // Only a NUL byte cannot be quoted, and no path and no name of a remote has one.
        shlex::try_join(words).unwrap_or_else(|_| words.join(" "))
    };
    let refused = |words: String, fix: String| Push::Refused { words, fix };
    let scratch = match tempfile::tempdir() {
        Ok(scratch) => scratch,
        Err(error) => {
            return refused(format!("there is no place for temporary files: {error}"), by_hand());
        }
    };
    match ref_git.try_push(source, scratch.path(), LIMIT) {
        Ok(()) => Push::Ok,
        Err(GitError::Failed { words, .. }) => {
            let has_gh = crate::config::find_program("gh", variables).is_some();
            let fix = if has_gh && words.contains("https://github.com") {
                "gh auth setup-git".to_owned()
            } else {
                by_hand()
            };
            refused(telling(&words), fix)
        }
        Err(GitError::TimedOut { .. }) => {
            refused(format!("no answer within {} s", LIMIT.as_secs()), by_hand())
        }
        Err(error) => refused(error.to_string(), by_hand()),
    }
}

/// The line of git's words that says what is wrong.
fn telling(words: &str) -> String {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_warning = |line: &str| line.to_ascii_lowercase().starts_with("warning");
    let line = lines().find(|line| !is_warning(line)).or_else(|| lines().next()).unwrap_or("no reason given");
    line.strip_prefix("fatal: ").unwrap_or(line).to_owned()
}

/// What stands of it among the facts of a repository.
pub(super) fn fact(push: &Push) -> String {
    match push {
        Push::Ok => "push ok".to_owned(),
        Push::Refused { words, .. } => format!("push refused: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_line_of_gits_words_is_shown() {
        let check = |words: &str, expected: &str| assert_eq!(telling(words), expected);
        check(
            "Warning: Permanently added 'x' to the list.\ngit@x: Permission denied (publickey).\nfatal: Could not read.\n",
            "git@x: Permission denied (publickey).",
        );
        check(
            "fatal: could not read Username for 'https://github.com': terminal prompts disabled\n",
            "could not read Username for 'https://github.com': terminal prompts disabled",
        );
        check("", "no reason given");
    }
}
