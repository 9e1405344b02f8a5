//! The files of a repository at one commit, read from its objects and not from any checkout.

use crate::error::{GitError, Result};
use crate::mirror::RepositorySource;
use crate::ref_git::{RefGit, lossy};
use crate::run::Input;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MANIFEST_LIMIT: usize = 1 << 20;
const MAX_ATTRIBUTES: usize = 500;
const MANIFESTS: &[&str] = &[
    "go.mod",
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
    "Makefile",
    "justfile",
];

/// What stands at the root, and what in the whole tree decides whether ganger can work with it.
pub(super) struct Contents {
    root: Vec<String>,
    manifests: BTreeMap<String, String>,
    submodules: Vec<String>,
    attributes: Vec<(String, String)>,
}

impl Contents {
    pub(super) fn read(ref_git: &RefGit, source: &RepositorySource, tip: &str) -> Result<Self> {
        let doing = format!("read the files of `{}`", source.name);
        let directory = &source.git_directory;
        let call = ref_git.local(&doing, directory).args(["rev-parse", "--verify", "--quiet"]);
        let output = ref_git.git().run(call.arg(format!("{tip}^{{tree}}")))?;
        let tree = match output.code {
            Some(0) => output.text(),
            _ => {
                return Err(GitError::Refused(
                    "has no commit yet: make one, and push it where there is a remote".into(),
                ));
            }
        };
        let call = ref_git.local(&doing, directory).args(["ls-tree", "-r", "-z", "--full-tree", &tree]);
        let output = ref_git.git().run_ok(call.output_limit(512 << 20))?;
        let mut contents = Self {
            root: Vec::new(),
            manifests: BTreeMap::new(),
            submodules: Vec::new(),
            attributes: Vec::new(),
        };
        let mut wanted = Vec::new();
        let mut last_directory = String::new();
        for part in output.parts() {
            // "<mode> <type> <id>\t<path>"
            let text = lossy(part);
            let Some((head, path)) = text.split_once('\t') else { continue };
            let id = head.rsplit(' ').next().unwrap_or_default();
            if head.starts_with("160000") {
                contents.submodules.push(path.to_owned());
            }
            match path.split_once('/') {
                None => contents.root.push(path.to_owned()),
                Some((directory, _)) if directory != last_directory => {
                    last_directory = directory.to_owned();
                    contents.root.push(format!("{directory}/"));
                }
                Some(_) => {}
            }
            let is_attributes = path == ".gitattributes" || path.ends_with("/.gitattributes");
            if is_attributes || MANIFESTS.contains(&path) {
                wanted.push((path.to_owned(), id.to_owned()));
            }
        }
        if wanted.len() > MAX_ATTRIBUTES {
            return Err(GitError::Refused(format!("has more than {MAX_ATTRIBUTES} .gitattributes files")));
        }
        for (path, text) in read_blobs(ref_git, directory, &doing, &wanted)? {
            if path.ends_with(".gitattributes") {
                contents.attributes.push((path, text));
            } else {
                contents.manifests.insert(path, text);
            }
        }
        Ok(contents)
    }

    /// Whether the root has this file, or this directory when the name ends in a slash.
    pub(super) fn has(&self, name: &str) -> bool {
        self.root.iter().any(|found| found == name)
    }

    /// Whether the root has a file with this ending.
    pub(super) fn has_ending(&self, ending: &str) -> bool {
        self.root.iter().any(|found| found.ends_with(ending))
    }

    /// A manifest's text.
    pub(super) fn manifest(&self, name: &str) -> Option<&str> {
        self.manifests.get(name).map(String::as_str)
    }

    /// Refuses the kinds of repository that show in the files.
    pub(super) fn refuse(&self, git_directory: &Path) -> Result<()> {
        if let Some(path) = self.submodules.first() {
            return Err(GitError::Refused(format!(
                "has a submodule at `{path}`, which ganger cannot handle yet"
            )));
        }
        let local = fs::read_to_string(git_directory.join("info/attributes")).unwrap_or_default();
        let local = ("info/attributes".to_owned(), local);
        for (path, text) in self.attributes.iter().chain([&local]) {
            for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
                let filter =
                    line.split_whitespace().skip(1).find_map(|attribute| attribute.strip_prefix("filter="));
                match filter {
                    Some("lfs") => {
                        return Err(GitError::Refused(format!(
                            "keeps files in Git LFS (`{path}`), which ganger cannot handle yet"
                        )));
                    }
                    Some(name) => {
                        return Err(GitError::Refused(format!(
                            "passes files through the filter `{name}` (`{path}`), which ganger cannot handle yet"
                        )));
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }
}

/// The texts of some small files, by one call.
fn read_blobs(
    ref_git: &RefGit,
    directory: &Path,
    doing: &str,
    wanted: &[(String, String)],
) -> Result<Vec<(String, String)>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = wanted.iter().map(|(_, id)| format!("{id}\n")).collect();
    let call =
        ref_git.local(doing, directory).args(["cat-file", "--batch"]).output_limit(MANIFEST_LIMIT * 64);
    let output = ref_git.git().run_ok(call.input(Input::Bytes(input.into_bytes())))?;
    let mut rest = output.stdout.as_slice();
    let mut texts = Vec::new();
    for (path, _) in wanted {
        // "<id> blob <size>\n", the content, "\n"; "<id> missing\n" for an object that is not there.
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else { break };
        let head = lossy(&rest[..end]);
        rest = &rest[end + 1..];
        let Some(size) = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else {
            continue;
        };
        let Some(content) = rest.get(..size) else { break };
        texts.push((path.clone(), lossy(&content[..size.min(MANIFEST_LIMIT)])));
        rest = rest.get(size + 1..).unwrap_or_default();
    }
    Ok(texts)
}
