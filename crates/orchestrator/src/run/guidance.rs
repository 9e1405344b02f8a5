//! What a workspace tells its agents: its own `AGENTS.md`, and the document that its configuration names.

use super::Trouble;
use ganger_core::repository::Guidance;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where a workspace, or a repository, says how to work in it.
pub(super) const FILE: &str = "AGENTS.md";
/// The most of it that is read, in bytes: it stands in every prompt of planners and reviewers.
pub const GUIDANCE_LIMIT: usize = 32 << 10;

/// Why what a workspace says to its agents cannot be told to them.
#[derive(Debug, thiserror::Error)]
pub enum GuidanceError {
    /// The file is there and cannot be read.
    #[error("{} cannot be read, so agents would work without its rules: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// Something else than a file has its name.
    #[error("{} is no file, so agents cannot be told what it says: rename it, or put the rules into it", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// The document that the configuration names is not there.
    #[error("there is no file {}, which `instructions` of workspace.toml names: ganger config edit --workspace", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
}

/// The text of `AGENTS.md` in the root of a workspace, the first [`GUIDANCE_LIMIT`] bytes of it; empty where there is
/// none. Blocks.
///
/// # Errors
/// It is there and cannot be read: an error is never an empty text.
pub fn read_workspace_agents_md(workspace: &Path) -> Result<String, GuidanceError> {
    let path = workspace.join(FILE);
    // Opening a pipe would wait for whoever writes it.
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(GuidanceError::NoFile { path }),
        // A link whose target is gone is not "no file".
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(&path).is_err() => {
            return Ok(String::new());
        }
        Err(error) => return Err(GuidanceError::Unreadable { path, error }),
    }
    let mut bytes = Vec::new();
    let limit = GUIDANCE_LIMIT as u64 + 1;
    let read = File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(GuidanceError::Unreadable { path, error });
    }
    if bytes.len() <= GUIDANCE_LIMIT {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let text = String::from_utf8_lossy(&bytes);
    let cut = &text[..text.floor_char_boundary(GUIDANCE_LIMIT)];
    Ok(format!("{cut}\n\n(Cut after {} KB; the rest stands in {}.)", GUIDANCE_LIMIT >> 10, path.display()))
}

/// A repository whose base checkout stands.
pub(super) struct Standing<'a> {
    /// The user's clone.
    pub(super) clone: &'a Path,
    /// The base checkout.
    pub(super) base: &'a Path,
    /// Whether the workspace is this repository.
    pub(super) is_workspace: bool,
}

/// What the workspace in this directory tells, with `instructions` as its configuration has it. Blocks.
pub(super) fn of_workspace(
    directory: &Path,
    instructions: &str,
    repositories: &[Standing<'_>],
) -> Result<Guidance, Trouble> {
    let refused = |error: GuidanceError| Trouble::Refused(error.to_string());
    // Where the workspace is a repository, its AGENTS.md is the repository's, and agents read it in their checkout.
    let is_one = repositories.iter().any(|one| one.is_workspace);
    let text = if is_one { String::new() } else { read_workspace_agents_md(directory).map_err(refused)? };
    let mut docs = Vec::new();
    if !instructions.trim().is_empty() {
        docs.push(document(&directory.join(instructions.trim()), repositories).map_err(refused)?);
    }
    Ok(Guidance { text, docs })
}

/// Where a document is read: at the base commit where it belongs to a repository that has it there.
fn document(path: &Path, repositories: &[Standing<'_>]) -> Result<String, GuidanceError> {
    let at_base = repositories
        .iter()
        .filter_map(|one| path.strip_prefix(one.clone).ok().map(|rest| one.base.join(rest)))
        .find(|place| place.is_file());
    let found = at_base.or_else(|| path.is_file().then(|| path.to_owned()));
    found
        .map(|place| place.display().to_string())
        .ok_or_else(|| GuidanceError::Missing { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_a_workspace_are_read_or_the_reason_is_told() {
        let check = |make: &dyn Fn(&Path), expected: Result<&str, &str>| {
            let directory = tempfile::tempdir().unwrap();
            make(&directory.path().join(FILE));
            let read = read_workspace_agents_md(directory.path());
            match (read, expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (read, expected) => panic!("{read:?} instead of {expected:?}"),
            }
        };
        let write = |bytes: Vec<u8>| move |path: &Path| fs::write(path, &bytes).unwrap();
        check(&|_| {}, Ok(""));
        check(&write(b"Tests first.\n".to_vec()), Ok("Tests first.\n"));
        check(&write(b"caf\xe9".to_vec()), Ok("caf\u{fffd}"));
        check(&|path| fs::create_dir(path).unwrap(), Err("is no file"));
        check(&|path| std::os::unix::fs::symlink("gone", path).unwrap(), Err("cannot be read"));
    }

    #[test]
    fn long_rules_are_cut_between_letters_and_say_so() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "ä".repeat(GUIDANCE_LIMIT)).unwrap();
        let text = read_workspace_agents_md(directory.path()).unwrap();
        assert!(text.len() < GUIDANCE_LIMIT + 500, "{}", text.len());
        assert!(text.contains("(Cut after 32 KB; the rest stands in "), "{}", &text[GUIDANCE_LIMIT - 10..]);
    }

    #[test]
    fn a_document_is_read_at_the_base_commit_where_a_repository_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let (clone, base) = (root.join("acme/api"), root.join("base/api"));
        for place in [&clone, &base] {
            fs::create_dir_all(place).unwrap();
            fs::write(place.join("rules.md"), "").unwrap();
        }
        fs::write(clone.join("new.md"), "").unwrap();
        fs::write(root.join("acme/AGENTS.md"), "Together.").unwrap();
        let check = |instructions: &str, is_workspace: bool, expected: Result<(&str, &str), &str>| {
            let standing = [Standing { clone: &clone, base: &base, is_workspace }];
            match (of_workspace(&root.join("acme"), instructions, &standing), expected) {
                (Ok(guidance), Ok((text, doc))) => {
                    assert_eq!(guidance.text, text);
                    let docs = guidance.docs.join(" ").replace(&root.display().to_string(), "");
                    assert_eq!(docs, doc);
                }
                (Err(Trouble::Refused(sentence)), Err(part)) => {
                    assert!(sentence.contains(part), "{sentence}")
                }
                (read, expected) => panic!("{read:?} instead of {expected:?}"),
            }
        };
        check("", false, Ok(("Together.", "")));
        check("", true, Ok(("", "")));
        check("api/rules.md", false, Ok(("Together.", "/base/api/rules.md")));
        check("api/new.md", false, Ok(("Together.", "/acme/api/new.md")));
        check("api/gone.md", false, Err("acme/api/gone.md, which `instructions`"));
    }
}
