//! A throw-away workspace with remotes, and shorthands for the steps of a life.

use ganger_git::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const BRANCH: &str = "sub-1-change";

pub(crate) struct Place {
    pub(crate) root: Root,
}

/// A temporary directory that goes with its owner, or one that belongs to another process.
pub(crate) enum Root {
    Ours(tempfile::TempDir),
    Foreign(PathBuf),
}

impl Root {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Ours(directory) => directory.path(),
            Self::Foreign(path) => path,
        }
    }
}

/// Waits for a condition that another process brings about.
pub(crate) fn wait_for(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "it did not come about");
        std::thread::yield_now();
    }
}

/// Plain git as a user runs it, with fixed dates.
pub(crate) fn sh(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|who| {
            [
                (format!("GIT_{who}_NAME"), "Ada"),
                (format!("GIT_{who}_EMAIL"), "ada@example.org"),
                (format!("GIT_{who}_DATE"), "1700000000 +0000"),
            ]
        }))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?} in {}: {}",
        directory.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

pub(crate) fn write(directory: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

/// Everything in a repository that is the user's: refs, HEAD, configuration, index, stash, reflogs.
pub(crate) fn refs(clone: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![clone.join(".git")];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git/objects") {
                continue;
            }
            if path.is_dir() {
                todo.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The environment of a person who has no configuration.
pub(crate) fn environment() -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = BTreeMap::new();
    environment.insert("PATH".into(), std::env::var("PATH").unwrap());
    environment.insert("GIT_CONFIG_GLOBAL".into(), "/dev/null".into());
    environment.insert("GIT_CONFIG_NOSYSTEM".into(), "1".into());
    environment
}

pub(crate) fn discoverer() -> Discoverer {
    Discoverer::new(Git::find(&environment()).unwrap())
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { root: Root::Ours(tempfile::tempdir().unwrap()) };
        for name in ["remotes", "work space", "home", "session"] {
            fs::create_dir(place.path(name)).unwrap();
        }
        place
    }

    /// The place that another process made.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: Root::Foreign(root.to_owned()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("work space")
    }

    /// A repository with two commits on `branch`.
    pub(crate) fn repository(&self, path: &Path, branch: &str) {
        fs::create_dir_all(path).unwrap();
        sh(path, &["init", "--quiet", &format!("--initial-branch={branch}")]);
        write(path, "src/lib.txt", "zero\n");
        write(path, ".gitignore", "*.o\n");
        sh(path, &["add", "-A"]);
        sh(path, &["commit", "-qm", "first"]);
        write(path, "src/lib.txt", "one\n");
        sh(path, &["commit", "-qam", "second"]);
    }

    /// A bare remote whose HEAD names `branch`.
    pub(crate) fn remote(&self, name: &str, branch: &str) -> PathBuf {
        let seed = self.path("remotes").join(format!("{name}-seed"));
        self.repository(&seed, branch);
        let bare = self.path("remotes").join(format!("{name}.git"));
        sh(&self.path("remotes"), &["clone", "-q", "--bare", seed.to_str().unwrap(), bare.to_str().unwrap()]);
        bare
    }

    pub(crate) fn clone_of(&self, remote: &Path, name: &str) -> PathBuf {
        sh(&self.workspace(), &["clone", "-q", remote.to_str().unwrap(), name]);
        self.workspace().join(name)
    }

    /// Discovers the repository, mirrors it, refreshes it and describes an item's worktree.
    pub(crate) fn begin(&self, name: &str) -> Life {
        let discoverer = discoverer();
        let discovery = discoverer.discover_repos(&self.workspace(), &[]).unwrap();
        let repository = discovery
            .repositories
            .iter()
            .find(|found| found.name == name)
            .unwrap_or_else(|| panic!("{discovery:?}"));
        let layout = Layout::new(self.path("home"));
        let source = repository.source(None, None).unwrap();
        let mirror = discoverer.ref_git().mirror(&layout, "ws-1", &source).unwrap();
        let base = discoverer.ref_git().refresh(&mirror, 1).unwrap();
        let spec = CheckoutSpec {
            place: layout.worktree("ws-1", "g1-abc", name).unwrap(),
            workspace: "ws-1".into(),
            item: "g1-abc".into(),
            kind: CheckoutKind::Work,
            branch: Some(BRANCH.into()),
            base: base.clone(),
            identity: Identity { name: "Ada".into(), email: "ada@example.org".into() },
        };
        Life { discoverer, mirror, base, spec, session: self.path("session"), layout }
    }
}

pub(crate) struct Life {
    pub(crate) discoverer: Discoverer,
    pub(crate) mirror: Mirror,
    pub(crate) base: BaseBranch,
    pub(crate) spec: CheckoutSpec,
    pub(crate) session: PathBuf,
    pub(crate) layout: Layout,
}

impl Life {
    pub(crate) fn ref_git(&self) -> &RefGit {
        self.discoverer.ref_git()
    }

    pub(crate) fn provision(&self) -> Provisioned {
        self.ref_git().hold_base(&self.mirror, "g1-abc", &self.base.tip).unwrap();
        self.ref_git().provision(&self.mirror, &self.spec).unwrap()
    }

    /// Carries a request out in this process, as the sandboxed program does.
    pub(crate) fn run(&self, action: TreeAction) -> TreeOutcome {
        self.try_run(action, 60_000).unwrap()
    }

    pub(crate) fn try_run(&self, action: TreeAction, timeout_ms: u64) -> Result<TreeOutcome> {
        let request = TreeRequest {
            worktree: self.spec.place.worktree.clone(),
            git_directory: self.spec.place.git_directory.clone(),
            scratch: self.session.join("scratch"),
            timeout_ms,
            action,
        };
        tree_program::run(&request)
    }

    pub(crate) fn checkout(&self) -> TreeOutcome {
        self.run(TreeAction::Checkout { read_only: false, copy: vec![], link: vec![] })
    }

    pub(crate) fn signature(&self) -> Signature {
        Signature {
            name: "Ada".into(),
            email: "ada@example.org".into(),
            seconds: 1_700_000_000,
            message: "Leftovers\n".into(),
        }
    }

    pub(crate) fn bundle(&self) -> PathBuf {
        self.session.join("turn.bundle")
    }

    pub(crate) fn finish_turn(&self, previous: Option<CommitId>) -> FinishTurn {
        FinishTurn {
            branch: BRANCH.into(),
            base: self.base.tip.clone(),
            previous,
            signature: self.signature(),
            copied_in: vec![],
            bundle: self.bundle(),
        }
    }

    pub(crate) fn finish(&self, previous: Option<CommitId>) -> TreeOutcome {
        self.run(TreeAction::FinishTurn(self.finish_turn(previous)))
    }

    pub(crate) fn import(&self, number: u32) -> CommitId {
        self.try_import(number).unwrap()
    }

    pub(crate) fn try_import(&self, number: u32) -> Result<CommitId> {
        let limits = ImportLimits::default();
        let wanted = CandidateImport { item: "g1-abc", number, branch: BRANCH, base: &self.base.tip };
        self.ref_git().import_candidate(&self.mirror, wanted, &self.bundle(), limits)
    }

    pub(crate) fn preserve(&self) -> (TreeOutcome, PathBuf) {
        let bundle = self.session.join("preserve.bundle");
        let base = self.base.tip.clone();
        let outcome =
            self.run(TreeAction::Preserve { base, bundle: bundle.clone(), signature: self.signature() });
        (outcome, bundle)
    }

    /// The proof checkout beside this worktree.
    pub(crate) fn proof(&self) -> Life {
        let name = &self.mirror.source.name;
        let spec = CheckoutSpec {
            place: self.layout.proof("ws-1", "g1-abc", name).unwrap(),
            kind: CheckoutKind::Proof,
            branch: None,
            ..self.spec.clone()
        };
        let life = Life {
            discoverer: self.discoverer.clone(),
            mirror: self.mirror.clone(),
            base: self.base.clone(),
            spec,
            session: self.session.clone(),
            layout: self.layout.clone(),
        };
        life.provision();
        life.checkout();
        life
    }
}
