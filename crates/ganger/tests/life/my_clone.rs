//! *My clone is mine*: while sessions run, a person works in their checkouts as ever. In the end these are what
//! they would be if there were no ganger.

use crate::fixture::{Fixture, Repository, commit, put, rule, wait_for, write};
use crate::site::Site;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the person does while an item is planned, while it is implemented, and when it is done. `COLLEAGUE` is
/// another clone of the same remote.
const SCRIPT: [&str; 3] = [
    "echo one > one; git add one; git commit -qm One
     git branch side HEAD~1; git branch gone; git branch -qD gone
     git -C COLLEAGUE pull -q; echo theirs > COLLEAGUE/theirs; git -C COLLEAGUE add theirs
     git -C COLLEAGUE commit -qm Theirs; git -C COLLEAGUE push -q
     git fetch -q; git tag before; git config user.nickname me",
    "git checkout -q side; echo side > side; git add side; git commit -qm Side; git rebase -q BRANCH
     echo dirty >> README.md; git stash push -qm 'not now'; git checkout -q BRANCH
     git pull -q --rebase; git push -q; echo staged > staged; git add staged; echo junk > junk
     git clean -ffdxq",
    "git reset -q; rm staged; git stash apply -q; git branch -qd before-nothing 2>/dev/null
     git merge -q --no-edit side || git merge --abort; git gc -q; git clean -ffdxq; git fetch -q origin BRANCH",
];

fn person(directory: &Path, script: &str, branch: &str, colleague: &Path) {
    let script = script.replace("COLLEAGUE", &format!("'{}'", colleague.display())).replace("BRANCH", branch);
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ada")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ada@example.invalid")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_DATE"), "2026-01-02T09:00:00Z")))
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{script}: {output:?}");
}

/// Everything that a clone holds but the objects' files and the index's times, with `root` left out of paths.
fn contents(site: &Site, clone: &Path, root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![clone.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(clone).unwrap().display().to_string();
            if name == ".git/objects" || name == ".git/index" {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&bytes).replace(root.to_str().unwrap(), "ROOT");
                found.insert(name, text);
            }
        }
    }
    let git = |arguments: &[&str]| site.git.scratch(clone, arguments).unwrap();
    found.insert("objects".to_owned(), git(&["cat-file", "--batch-all-objects", "--batch-check"]));
    found.insert("index".to_owned(), git(&["ls-files", "--stage"]));
    found.insert("stash".to_owned(), git(&["stash", "list"]));
    found.insert("status".to_owned(), git(&["status", "--porcelain", "--ignored"]));
    found.insert("worktrees".to_owned(), git(&["worktree", "list"]).replace(root.to_str().unwrap(), "ROOT"));
    git(&["fsck", "--strict"]);
    // Written by gc as it likes.
    found.retain(|name, _| !name.starts_with(".git/info/refs") && name != ".git/gc.log");
    found
}

/// The clones of a site, and a copy of all of it that ganger never sees.
struct Twins {
    site: Site,
    copy: tempfile::TempDir,
    branch: &'static str,
}

impl Twins {
    fn new(site: Site, branch: &'static str) -> Self {
        for name in &site.world.repositories {
            let colleague = site.root().join("colleagues").join(name);
            std::fs::create_dir_all(colleague.parent().unwrap()).unwrap();
            let (from, to) = (site.world.remote(name), colleague.display().to_string());
            site.git.scratch(&site.root(), &["clone", "-q", from.to_str().unwrap(), &to]).unwrap();
        }
        let copy = tempfile::tempdir().unwrap();
        let from = site.root();
        let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(copy.path()).status().unwrap();
        assert!(copied.success());
        // The copy's own remotes.
        for name in &site.world.repositories {
            for clone in ["acme", "colleagues"].map(|place| copy.path().join(place).join(name)) {
                let remote = copy.path().join("remotes").join(format!("{name}.git"));
                site.git.scratch(&clone, &["remote", "set-url", "origin", remote.to_str().unwrap()]).unwrap();
            }
        }
        Self { site, copy, branch }
    }

    fn act(&self, root: &Path, phase: usize) {
        for name in &self.site.world.repositories {
            let (clone, colleague) = (root.join("acme").join(name), root.join("colleagues").join(name));
            person(&clone, SCRIPT[phase], self.branch, &colleague);
        }
    }

    /// The person acts while the agents wait for this file.
    fn act_while(&self, phase: usize, gate: &Path) {
        self.site.wait_for_agent_at(gate);
        self.act(&self.site.root(), phase);
        put(gate, "");
    }

    fn assert_equal(&self) {
        let copy = self.copy.path().canonicalize().unwrap();
        for phase in 0..SCRIPT.len() {
            self.act(&copy, phase);
        }
        for name in &self.site.world.repositories {
            let root = self.site.root();
            let mut mine = contents(&self.site, &root.join("acme").join(name), &root);
            let theirs = contents(&self.site, &copy.join("acme").join(name), &copy);
            for (name, text) in &theirs {
                let found = mine.remove(name).unwrap_or_default();
                assert_eq!(found.lines().collect::<Vec<_>>(), text.lines().collect::<Vec<_>>(), "{name}");
            }
            assert!(mine.is_empty(), "not the person's: {mine:?}");
        }
    }
}

#[test]
fn what_a_person_does_in_their_checkouts_is_all_that_happens_there() {
    let root = tempfile::tempdir().unwrap();
    let gate = |name: &str| root.path().join(name);
    let steps = wait_for(&gate("implement")) + &write("limit", "1") + &commit("Add it");
    let mut repositories = vec![Repository::new("api"), Repository::new("web")];
    for repository in &mut repositories {
        repository.branch = "trunk";
        repository.files.push((".gitignore".to_owned(), "junk\n".to_owned()));
    }
    let fixture = Fixture {
        repositories,
        waves: vec![vec!["api"], vec!["web"]],
        rules: rule("repository = \"api\"", &steps) + &rule("repository = \"web\"", &steps),
        planning: wait_for(&gate("plan")),
        ..Fixture::one("")
    };
    let twins = Twins::new(Site::of(&fixture), "trunk");
    let site = &twins.site;
    site.create();
    std::thread::scope(|scope| {
        let life = scope.spawn(|| site.run_to_the_end());
        twins.act_while(0, &gate("plan"));
        twins.act_while(1, &gate("implement"));
        life.join().unwrap();
    });
    let tips = site.tips();
    twins.act(&site.root(), 2);
    twins.assert_equal();
    assert_eq!(site.tips(), tips);
    assert_eq!(tips.len(), 2);
    site.assert_nothing_left();
}

/// Where the workspace is itself the repository, ganger's own file lies in it, and may go with the rest.
#[test]
fn a_workspace_that_is_cleaned_to_the_last_file_still_gets_its_branch() {
    let root = tempfile::tempdir().unwrap();
    let gate: PathBuf = root.path().join("go");
    let steps = wait_for(&gate) + &write("limit", "1") + &commit("Add it");
    let site = Site::of(&Fixture { workspace: "api", alone: true, ..Fixture::one(&steps) });
    site.create();
    std::thread::scope(|scope| {
        let life = scope.spawn(|| site.run_to_the_end());
        site.wait_for_agent_at(&gate);
        site.git.scratch(&site.world.workspace, &["clean", "-ffdxq"]).unwrap();
        assert!(!site.world.workspace.join(".ganger").exists());
        put(&gate, "");
        life.join().unwrap();
    });
    assert_eq!(site.tips().len(), 1);
    site.assert_nothing_left();
}
