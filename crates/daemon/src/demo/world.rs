//! The demonstration's throw-away world: repositories with bare remotes, a workspace, a scenario.

use super::scenario;
use crate::error::{CodedError, ErrorKind};
use ganger_git::{Git, GitError};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One repository of the world.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its wave, from 0.
    pub wave: usize,
    /// Whether its first attempt breaks the check.
    pub breaks: bool,
    /// Whether its agent asks something that the plan says.
    pub asks: bool,
    /// Whether its agent asks something that only a person can say.
    pub escalates: bool,
    /// Whether its first result passes the check and not the review.
    pub criticised: bool,
    /// Its default branch.
    pub branch: &'static str,
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    /// Everything lies below it.
    pub root: PathBuf,
    /// `GANGER_HOME`.
    pub home: PathBuf,
    /// The workspace.
    pub workspace: PathBuf,
    /// The repositories, in the order of their waves.
    pub repositories: Vec<Repository>,
}

/// SplitMix64: the same seed draws the same world.
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % (below as u64)).unwrap_or(0)
    }
}

const NAMES: [&str; 12] = [
    "gateway", "billing", "search", "mobile", "catalog", "reports", "mailer", "portal", "ledger", "worker",
    "docs", "tools",
];
const BRANCHES: [&str; 3] = ["main", "trunk", "develop"];

fn repositories(seed: Option<u64>) -> Vec<Repository> {
    let Some(seed) = seed else {
        let one = |name: &str, wave| Repository {
            name: name.to_owned(),
            wave,
            breaks: name == "api",
            asks: name == "api",
            escalates: name == "web",
            criticised: name == "shared",
            branch: "main",
        };
        return vec![one("shared", 0), one("api", 1), one("web", 1)];
    };
    let mut draw = Draw(seed);
    let mut names: Vec<&str> = NAMES.to_vec();
    let count = 3 + draw.next(3);
    let waves = 2 + draw.next(count - 1);
    let [breaks, asks, escalates, criticised] = [(); 4].map(|()| draw.next(count));
    (0..count)
        .map(|index| Repository {
            name: names.remove(draw.next(names.len())).to_owned(),
            // Every wave has at least one repository.
            wave: if index < waves { index } else { draw.next(waves) },
            breaks: index == breaks,
            asks: index == asks,
            escalates: index == escalates,
            criticised: index == criticised,
            branch: BRANCHES[draw.next(BRANCHES.len())],
        })
        .collect()
}

fn write(path: &Path, text: &str) -> Result<(), CodedError> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, text)).map_err(|error| CodedError::file("write", path, &error))
}

fn git_failed(error: &GitError) -> CodedError {
    CodedError::new(ErrorKind::Environment, "demo.git", format!("the demonstration's repositories: {error}"))
}

impl World {
    /// Draws a world below `root` and makes it.
    ///
    /// # Errors
    /// Something stands there already, or git or the disk says no.
    pub fn make(root: &Path, seed: Option<u64>, git: &Git) -> Result<Self, CodedError> {
        let world = Self {
            root: root.to_owned(),
            home: root.join("home"),
            workspace: root.join("acme"),
            repositories: repositories(seed),
        };
        for place in [&world.home, &world.workspace] {
            if place.exists() {
                return Err(CodedError::new(
                    ErrorKind::Refused,
                    "demo.not_empty",
                    format!("{} exists already, so no demonstration is made there", place.display()),
                )
                .hint("choose another --dir, or remove it"));
            }
        }
        for repository in &world.repositories {
            world.repository(repository, git)?;
        }
        world.configure()?;
        for (file, text) in scenario::files(&world.repositories) {
            write(&root.join(file), &text)?;
        }
        Ok(world)
    }

    /// The bare remote of a repository.
    pub fn remote(&self, repository: &Repository) -> PathBuf {
        self.root.join("remotes").join(format!("{}.git", repository.name))
    }

    fn repository(&self, repository: &Repository, git: &Git) -> Result<(), CodedError> {
        let clone = self.workspace.join(&repository.name);
        write(
            &clone.join("README.md"),
            &format!("# {}\n\nA small repository of the ganger demonstration.\n", repository.name),
        )?;
        write(&clone.join("src/keys.txt"), "alpha\nbeta\n")?;
        write(
            &clone.join("check.sh"),
            "#!/bin/sh\n# Every limit file must hold a positive number.\nset -eu\nfor file in src/*_limit.txt; do\n  \
             [ -e \"$file\" ] || continue\n  limit=$(head -n 1 \"$file\")\n  case \"$limit\" in\n    ''|*[!0-9]*) echo \
             \"$file: '$limit' is not a number\" >&2; exit 1 ;;\n  esac\n  [ \"$limit\" -gt 0 ] || { echo \"$file: the limit \
             must be positive, found $limit\" >&2; exit 1; }\ndone\necho \"limits are fine\"\n",
        )?;
        let remote = self.remote(repository);
        let remote_text = remote.display().to_string();
        let clone_text = clone.display().to_string();
        std::fs::create_dir_all(&remote).map_err(|error| CodedError::file("make", &remote, &error))?;
        let run = |directory: &Path, arguments: &[&str]| {
            git.scratch(directory, arguments).map(|_| ()).map_err(|error| git_failed(&error))
        };
        let head = format!("--initial-branch={}", repository.branch);
        run(&remote, &["init", "--quiet", "--bare", &head, "."])?;
        run(&clone, &["init", "--quiet", &head, "."])?;
        run(&clone, &["add", "--all"])?;
        run(&clone, &["commit", "--quiet", "-m", "Begin"])?;
        run(&clone, &["remote", "add", "origin", &remote_text])?;
        run(&clone, &["push", "--quiet", "origin", repository.branch])?;
        run(&clone, &["fetch", "--quiet", "origin"])?;
        run(&clone, &["branch", "--quiet", &format!("--set-upstream-to=origin/{}", repository.branch)])?;
        tracing::debug!(clone = %clone_text, "a repository of the demonstration");
        Ok(())
    }

    fn configure(&self) -> Result<(), CodedError> {
        let scenario = self.root.join("scenario.toml");
        // The configuration is of the demonstration's own GANGER_HOME; the person's stays untouched.
        let config = format!(
            "[agents]\ndefault = \"scripted\"\n\n[agents.scripted]\narguments = [\"--scenario\", {:?}]\n\n[sandbox]\nmode = \
             \"best-effort\"\n\n[publish]\npush = \"auto\"\n",
            scenario.display().to_string()
        );
        write(&self.home.join("config.toml"), &config)?;
        let mut workspace = String::from("schema = 1\nname = \"acme\"\n");
        for repository in &self.repositories {
            // Writing to a string cannot fail.
            let _ = write!(
                workspace,
                "\n[repositories.{}]\nchecks = [{{ name = \"limits\", run = \"sh check.sh\", timeout = \"1m\" }}]\n",
                repository.name
            );
        }
        write(&self.workspace.join(".ganger/workspace.toml"), &workspace)
    }

    /// The ticket's text.
    pub const TICKET: &'static str = "Limit the keys in every repository\n\nEach repository needs a file with the highest \
                                      number of keys that it accepts. The number must be positive.\n";

    /// The environment in which everything of this world runs.
    pub fn environment(&self, inherited: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut environment = inherited.clone();
        environment.insert("GANGER_HOME".to_owned(), self.home.display().to_string());
        environment
    }
}
