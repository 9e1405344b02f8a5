//! Which repositories a workspace holds, what they are made of, and which of them ganger can work with.

mod contents;
mod proposals;

use crate::clone_settings::CloneSettings;
use crate::error::{GitError, IoContext, Result};
use crate::mirror::RepositorySource;
use crate::names::check_repository;
use crate::ref_git::RefGit;
use crate::run::Git;
use contents::Contents;
pub use proposals::{Check, Proposals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Finds repositories and keeps their mirrors fresh.
#[derive(Clone, Debug)]
pub struct Discoverer {
    ref_git: RefGit,
}

/// How a repository lies in its workspace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryLayout {
    /// A directory with `.git`.
    Plain,
    /// A directory with the bare repository `.bare` and worktrees beside it.
    BareWithWorktrees,
    /// The workspace itself.
    Workspace,
}

/// Which remote a repository is fetched from: the upstream of its default branch, else the only one, else
/// `origin`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "remote")]
pub enum RemoteChoice {
    /// This one.
    Named {
        /// Its name.
        name: String,
    },
    /// There is none: the branch on which HEAD of the clone stands is the base, and publishing creates a branch
    /// in the clone.
    NoRemote,
    /// Several, and nothing says which: a person must.
    Ambiguous {
        /// Their names.
        names: Vec<String>,
    },
}

/// A repository that ganger can work with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DiscoveredRepository {
    /// Its name: that of its directory.
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// How it lies there.
    pub layout: RepositoryLayout,
    /// Its common git directory.
    pub git_directory: PathBuf,
    /// Where it is fetched from.
    pub remote: RemoteChoice,
    /// All its remotes.
    pub remotes: Vec<String>,
    /// The default branch as the clone knows it, without asking the remote: for showing only. What counts is
    /// what a refresh finds.
    pub known_default_branch: Option<String>,
    /// Languages by the files found at its root, the first one the main one; empty when none is known.
    pub languages: Vec<String>,
    /// Frameworks named in its manifests.
    pub frameworks: Vec<String>,
    /// Whether it has an `AGENTS.md` at its root.
    pub agents_md: bool,
    /// What makes a worktree runnable and what proves it, as far as its files say.
    pub proposals: Proposals,
}

impl DiscoveredRepository {
    /// What a mirror needs to know. `fetch` and `push` are the configuration's choice and win over what was
    /// found.
    ///
    /// # Errors
    /// When nothing says which remote is meant, or a named one does not exist.
    pub fn source(&self, fetch: Option<&str>, push: Option<&str>) -> Result<RepositorySource> {
        for name in [fetch, push].into_iter().flatten() {
            if !self.remotes.iter().any(|found| found == name) {
                return Err(GitError::Refused(format!(
                    "repository `{}` has no remote `{name}`; it has: {}",
                    self.name,
                    if self.remotes.is_empty() { "none".into() } else { self.remotes.join(", ") }
                )));
            }
        }
        let remote = match (fetch, &self.remote) {
            (Some(name), _) => Some(name.to_owned()),
            (None, RemoteChoice::Named { name }) => Some(name.clone()),
            (None, RemoteChoice::NoRemote) => None,
            (None, RemoteChoice::Ambiguous { names }) => {
                return Err(GitError::Refused(format!(
                    "repository `{}` has the remotes {} and nothing says which one is meant: set `remote` for it in \
                     workspace.toml",
                    self.name,
                    names.join(", ")
                )));
            }
        };
        Ok(RepositorySource {
            name: self.name.clone(),
            git_directory: self.git_directory.clone(),
            directory: if self.layout == RepositoryLayout::BareWithWorktrees {
                self.git_directory.clone()
            } else {
                self.path.clone()
            },
            push_remote: push.map(str::to_owned).or_else(|| remote.clone()),
            remote,
        })
    }
}

/// Whether ganger can work with a directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It can.
    Works,
    /// It is a repository of a kind that ganger cannot handle yet.
    Refused {
        /// Why, and what would help.
        sentence: String,
    },
    /// It is not looked at, for a reason that is no fault of it.
    LeftOut {
        /// Why.
        sentence: String,
    },
}

/// One row of the preflight: a directory that is, or looks like, a repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PreflightRow {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub path: PathBuf,
    /// How it lies in the workspace.
    pub layout: RepositoryLayout,
    /// Whether ganger can work with it.
    pub verdict: Verdict,
    /// What works but is worth knowing.
    pub notes: Vec<String>,
}

/// The rows, in the order of the names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Preflight {
    /// One per repository found.
    pub rows: Vec<PreflightRow>,
}

/// What a workspace holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Discovery {
    /// The repositories that work.
    pub repositories: Vec<DiscoveredRepository>,
    /// Every repository found, with its verdict.
    pub preflight: Preflight,
}

/// A directory that may be a repository.
struct Place {
    name: String,
    path: PathBuf,
    layout: RepositoryLayout,
}

impl Discoverer {
    /// A discoverer with this git.
    pub fn new(git: Git) -> Self {
        Self { ref_git: RefGit::new(git) }
    }

    /// The git that works on mirrors.
    pub fn ref_git(&self) -> &RefGit {
        &self.ref_git
    }

    /// Every repository of the workspace with its verdict, and what is known of those that work. `exclude` names
    /// directories that the configuration leaves out. A workspace that is a repository itself is that one
    /// repository.
    ///
    /// # Errors
    /// When the workspace cannot be read, or git does not work at all. What is wrong with one repository is its
    /// verdict.
    pub fn discover_repos(&self, workspace: &Path, exclude: &[String]) -> Result<Discovery> {
        let workspace = workspace.canonicalize().doing("read the workspace", workspace)?;
        let mut discovery = Discovery::default();
        let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut places = find_places(&workspace)?;
        // A linked worktree is left out in favour of the clone it belongs to, whatever their names.
        places.sort_by_key(|place| {
            (!place.path.join(".git").is_dir() && place.layout == RepositoryLayout::Plain, place.name.clone())
        });
        for place in places {
            let mut notes = Vec::new();
            let verdict = if exclude.contains(&place.name) {
                Verdict::LeftOut { sentence: "excluded in workspace.toml".into() }
            } else if !names.insert(place.name.to_lowercase()) {
                Verdict::Refused {
                    sentence: "another repository has the same name but for case: rename one".into(),
                }
            } else {
                match self.examine(&place, &workspace, &mut seen, &mut notes) {
                    Ok(Examined::Works(repository)) => {
                        discovery.repositories.push(*repository);
                        Verdict::Works
                    }
                    Ok(Examined::LeftOut(sentence)) => Verdict::LeftOut { sentence },
                    Err(error @ (GitError::NotInstalled | GitError::TooOld { .. })) => return Err(error),
                    Err(error) => Verdict::Refused { sentence: error.to_string() },
                }
            };
            if verdict != Verdict::Works {
                notes.clear();
            }
            let Place { name, path, layout } = place;
            discovery.preflight.rows.push(PreflightRow { name, path, layout, verdict, notes });
        }
        discovery.repositories.sort_by(|one, other| one.name.cmp(&other.name));
        discovery.preflight.rows.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(discovery)
    }

    /// The rows of [`Discoverer::discover_repos`] alone.
    ///
    /// # Errors
    /// As [`Discoverer::discover_repos`].
    pub fn preflight_check(&self, workspace: &Path, exclude: &[String]) -> Result<Preflight> {
        Ok(self.discover_repos(workspace, exclude)?.preflight)
    }

    fn examine(
        &self,
        place: &Place,
        workspace: &Path,
        seen: &mut BTreeSet<PathBuf>,
        notes: &mut Vec<String>,
    ) -> Result<Examined> {
        check_repository(&place.name)?;
        let git_directory = find_git_directory(place)?;
        if !seen.insert(git_directory.clone()) {
            return Ok(Examined::LeftOut("a worktree of another repository of this workspace".into()));
        }
        if place.layout == RepositoryLayout::Plain
            && git_directory.starts_with(workspace.join(".git/modules"))
        {
            return Ok(Examined::LeftOut("a submodule of the workspace".into()));
        }
        let directory =
            if place.layout == RepositoryLayout::BareWithWorktrees { &git_directory } else { &place.path };
        let source = RepositorySource {
            name: place.name.clone(),
            git_directory: git_directory.clone(),
            directory: directory.clone(),
            remote: None,
            push_remote: None,
        };
        let settings = self.ref_git.clone_settings(&source)?;
        refuse_kind(&settings)?;
        if git_directory.join("shallow").is_file() {
            notes.push("a shallow clone: agents see its short history only".into());
        }
        if place.layout == RepositoryLayout::Workspace {
            let nested: Vec<String> = find_children(workspace)?.into_iter().map(|child| child.name).collect();
            if !nested.is_empty() {
                notes.push(format!(
                    "the workspace is one repository, so these inside it are left out: {}",
                    nested.join(", ")
                ));
            }
        }
        let refs = self.ref_git.clone_refs(&source)?;
        let remotes = settings.remotes();
        let remote = choose_remote(&remotes, &settings, &refs);
        if matches!(remote, RemoteChoice::NoRemote) {
            notes.push("no remote: finished work becomes a branch in this clone".into());
        }
        let known_default_branch = match &remote {
            RemoteChoice::Named { name } => {
                refs.remote_heads.iter().find(|(found, _)| found == name).map(|(_, branch)| branch.clone())
            }
            RemoteChoice::NoRemote => refs.head.clone(),
            RemoteChoice::Ambiguous { .. } => None,
        };
        let tip = match (&remote, &known_default_branch) {
            (RemoteChoice::Named { name }, Some(branch)) => format!("refs/remotes/{name}/{branch}"),
            _ => "HEAD".into(),
        };
        let contents = Contents::read(&self.ref_git, &source, &tip)?;
        contents.refuse(&git_directory)?;
        let (languages, frameworks) = proposals::languages(&contents);
        Ok(Examined::Works(Box::new(DiscoveredRepository {
            name: place.name.clone(),
            path: place.path.clone(),
            layout: place.layout,
            git_directory,
            remote,
            remotes,
            known_default_branch,
            languages,
            frameworks,
            agents_md: contents.has("AGENTS.md"),
            proposals: proposals::propose(&contents, &place.path),
        })))
    }
}

enum Examined {
    Works(Box<DiscoveredRepository>),
    LeftOut(String),
}

fn find_places(workspace: &Path) -> Result<Vec<Place>> {
    if workspace.join(".git").exists() {
        let name = workspace.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(vec![Place { name, path: workspace.to_owned(), layout: RepositoryLayout::Workspace }]);
    }
    if workspace.join(".bare").is_dir() {
        let name = workspace.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok(vec![Place {
            name,
            path: workspace.to_owned(),
            layout: RepositoryLayout::BareWithWorktrees,
        }]);
    }
    find_children(workspace)
}

fn find_children(workspace: &Path) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for entry in fs::read_dir(workspace).doing("read the workspace", workspace)? {
        let entry = entry.doing("read the workspace", workspace)?;
        let path = entry.path();
        let layout = if path.join(".bare").is_dir() {
            RepositoryLayout::BareWithWorktrees
        } else if path.join(".git").exists() {
            RepositoryLayout::Plain
        } else {
            continue;
        };
        let name = entry.file_name().into_string().map_err(|name| GitError::BadName {
            what: "a repository",
            name: name.to_string_lossy().into_owned(),
            rule: "it is UTF-8",
        })?;
        places.push(Place { name, path, layout });
    }
    places.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(places)
}

/// The common git directory, found by reading the files that point to it, so that no git discovers anything.
fn find_git_directory(place: &Place) -> Result<PathBuf> {
    let start = match place.layout {
        RepositoryLayout::BareWithWorktrees => place.path.join(".bare"),
        _ => place.path.join(".git"),
    };
    let mut directory = start.canonicalize().doing("read", &start)?;
    if directory.is_file() {
        let text = fs::read_to_string(&directory).doing("read", &directory)?;
        let target = text.trim_end().strip_prefix("gitdir: ").ok_or_else(|| {
            GitError::Refused(format!("`{}` is no git directory and names none", directory.display()))
        })?;
        let target = place.path.join(target);
        directory = target.canonicalize().doing("read the git directory", &target)?;
    }
    let common = directory.join("commondir");
    if common.is_file() {
        let text = fs::read_to_string(&common).doing("read", &common)?;
        let target = directory.join(text.trim_end());
        directory = target.canonicalize().doing("read the git directory", &target)?;
    }
    Ok(directory)
}

/// Refuses the kinds of repository that show in the configuration.
fn refuse_kind(settings: &CloneSettings) -> Result<()> {
    let refuse = |sentence: &str| Err(GitError::Refused(sentence.into()));
    if settings.get("extensions.objectformat").is_some_and(|format| !format.eq_ignore_ascii_case("sha1")) {
        return refuse("uses SHA-256 object ids, which ganger cannot handle yet");
    }
    if settings.get("extensions.refstorage").is_some_and(|format| !format.eq_ignore_ascii_case("files")) {
        return refuse(
            "keeps its refs in the reftable format, which ganger cannot handle yet: `git refs migrate --ref-format=files` converts it",
        );
    }
    let promisor = settings.keys().any(|(key, value)| {
        key == "extensions.partialclone"
            || key.starts_with("remote.") && key.ends_with(".promisor") && value != "false"
    });
    if promisor {
        return refuse(
            "is a partial clone, whose objects are not all here: `git fetch --refetch --no-filter` after removing `remote.<name>.promisor` and `remote.<name>.partialclonefilter` completes it",
        );
    }
    if settings.is_on("core.sparsecheckout") {
        return refuse(
            "is a sparse checkout, which ganger cannot handle yet: `git sparse-checkout disable` ends it",
        );
    }
    Ok(())
}

/// What the refs of a clone say about its branches.
pub(crate) struct CloneRefs {
    /// The branch that HEAD names.
    head: Option<String>,
    /// Per remote the branch that its HEAD named when it was last asked.
    remote_heads: Vec<(String, String)>,
}

impl RefGit {
    fn clone_refs(&self, source: &RepositorySource) -> Result<CloneRefs> {
        let doing = format!("read the branches of `{}`", source.name);
        let directory = &source.git_directory;
        let output =
            self.git().run(self.local(&doing, directory).args(["symbolic-ref", "--quiet", "HEAD"]))?;
        let head = match output.code {
            Some(0) => output.text().strip_prefix("refs/heads/").map(str::to_owned),
            Some(1) => None,
            _ => return Err(output.failure(&doing)),
        };
        let call = self.local(&doing, directory).args([
            "for-each-ref",
            "--format=%(refname) %(symref)",
            "refs/remotes",
        ]);
        let text = self.git().run_ok(call)?.text();
        let remote_heads = text
            .lines()
            .filter_map(|line| {
                let (name, target) = line.split_once(' ')?;
                let remote = name.strip_prefix("refs/remotes/")?.strip_suffix("/HEAD")?;
                let branch = target.strip_prefix(&format!("refs/remotes/{remote}/"))?;
                Some((remote.to_owned(), branch.to_owned()))
            })
            .collect();
        Ok(CloneRefs { head, remote_heads })
    }
}

fn choose_remote(remotes: &[String], settings: &CloneSettings, refs: &CloneRefs) -> RemoteChoice {
    let upstream = |branch: &String| {
        let name = settings.get(&format!("branch.{branch}.remote"))?;
        remotes.iter().find(|remote| *remote == name)
    };
    let mut defaults: Vec<&String> = refs.remote_heads.iter().map(|(_, branch)| branch).collect();
    if defaults.is_empty() {
        defaults.extend(&refs.head);
    }
    let upstreams: BTreeSet<&String> = defaults.into_iter().filter_map(upstream).collect();
    let mut upstreams = upstreams.into_iter();
    match (upstreams.next(), upstreams.next(), remotes) {
        (Some(name), None, _) | (_, _, [name]) => RemoteChoice::Named { name: name.clone() },
        (_, _, []) => RemoteChoice::NoRemote,
        _ if remotes.iter().any(|name| name == "origin") => RemoteChoice::Named { name: "origin".into() },
        _ => RemoteChoice::Ambiguous { names: remotes.to_vec() },
    }
}
