//! *Hostile worktree*: whatever an agent does in its worktree or to ganger, nothing outside its own places changes,
//! nothing of it runs outside the sandbox, and what was refused is there for the person to see.

use crate::fixture::{Fixture, commit, put, rule, run, say, step, write};
use crate::site::{PROGRAM, Site, on_each};
use std::collections::BTreeMap;
use std::path::Path;

/// How an item ends whose agent did that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// Its work is pushed, and what was planted is not in it.
    Pushed,
    /// A person decides, and is told this.
    Decision(&'static str),
}

/// What an agent does in its worktree before its honest work, and how its item ends. `EVIL` is a program that leaves
/// a mark where only an unsandboxed process can, `OUT` a directory of the person's; what begins with `AFTER` is done behind
/// the work.
const ATTACKS: &[(&str, &str, End)] = &[
    (
        "another .git",
        "rm .git; git init -q; git config core.fsmonitor EVIL; git config core.hooksPath hooks; cp -r .git kept; rm -rf .git; mv kept .git",
        End::Pushed,
    ),
    (
        "hooks, filters and monitors",
        "d=$(git rev-parse --absolute-git-dir); git config core.fsmonitor EVIL; git config filter.evil.clean EVIL
         git config filter.evil.smudge EVIL; git config diff.evil.textconv EVIL; git config gpg.program EVIL
         echo '* filter=evil diff=evil' > .gitattributes; mkdir -p $d/hooks
         for h in pre-commit post-commit post-checkout reference-transaction post-index-change pre-push; do cp EVIL $d/hooks/$h; done
         git config uploadpack.packObjectsHook EVIL; git config core.sshCommand EVIL; git config core.editor EVIL; git config core.fsmonitor ''; rm .gitattributes",
        End::Pushed,
    ),
    (
        "a repository inside",
        "git init -q inner; cd inner; git config core.fsmonitor EVIL; git config filter.evil.clean EVIL; echo '* filter=evil' > .gitattributes; touch x",
        End::Decision("is a repository of its own"),
    ),
    (
        "a submodule",
        "git init -q sub; git -C sub -c user.name=x -c user.email=x commit -q --allow-empty -m x; git -C sub config core.fsmonitor EVIL
         printf '[submodule \"sub\"]\\n\\tpath = sub\\n\\turl = ./sub\\n\\tupdate = !EVIL\\n' > .gitmodules
         git add .gitmodules; git update-index --add --cacheinfo 160000,$(git -C sub rev-parse HEAD),sub; git commit -qm 'Add a submodule'",
        End::Decision("submodule"),
    ),
    ("links out of the tree", "ln -s OUT out; ln -s OUT/treasure link; echo gone > link; rm -rf out/* out", End::Pushed),
    ("a pipe", "mkfifo pipe || mknod pipe p", End::Pushed),
    (
        "alternates to the person's objects",
        "d=$(git rev-parse --absolute-git-dir); echo OUT/.git/objects >> $d/objects/info/alternates",
        End::Pushed,
    ),
    (
        "everything outside that can be reached",
        "rm -rf OUT/* OUT/.git; echo x > OUT/x; rm -rf HOME/repos/* HOME/ganger.db HOME/person.key HOME/hosts; echo x > HOME/config.toml
         cat HOME/person.key > key; chmod 777 HOME/lock; rm -f key; git push -q origin HEAD:refs/heads/stolen; rm -f key",
        End::Pushed,
    ),
    (
        "objects that are gone",
        "AFTER d=$(git rev-parse --absolute-git-dir); find $d/objects -type f -name '[0-9a-f]*' -delete",
        End::Decision("bad object"),
    ),
];

fn hostile(site_of: &Path, attack: &str) -> String {
    let root = site_of.display().to_string();
    attack
        .replace("EVIL", &format!("{root}/evil.sh"))
        .replace("OUT", &format!("{root}/acme/api"))
        .replace("HOME", &format!("{root}/home"))
}

/// All that stands below a directory: names, kinds and contents.
fn everything(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(current) = left.pop() {
        for entry in std::fs::read_dir(&current).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(directory).unwrap().display().to_string();
            if path.is_symlink() {
                found.insert(name, std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                found.insert(name, b"directory".to_vec());
                left.push(path);
            } else {
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn whatever_an_agent_plants_stays_in_its_worktree() {
    // Its own commit is of its own file; what else lies there is for ganger to judge.
    let honest = step("commit", "message = \"Add it\"\npaths = [\"limit\"]");
    on_each(ATTACKS, |(name, attack, end)| {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let (work, attack) = (write("limit", "1") + &honest, hostile(&root, attack));
        let steps = match attack.strip_prefix("AFTER ") {
            Some(attack) => work + &run(attack),
            None => run(&attack) + &work,
        };
        let fixture = Fixture::one(&steps);
        let site = Site::below(&root, &fixture);
        // Were it to run outside the sandbox, it could write there.
        let evil = root.join("evil.sh");
        put(&evil, &format!("#!/bin/sh\ntouch '{0}/ran' '{0}/acme/ran'\ncat\n", root.display()));
        std::fs::set_permissions(&evil, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        put(&root.join("acme/api/treasure"), "mine\n");
        let before = everything(&root.join("acme"));
        site.create();
        let output = site.ganger(&["run", "g1", "--yes"]);
        let story = site.story();
        match end {
            End::Pushed => {
                assert_eq!(output.status.code(), Some(0), "{name}: {output:?}\n{story}");
                let files = site
                    .git
                    .scratch(&site.world.remote("api"), &["ls-tree", "-r", "--name-only", &site.branch()])
                    .unwrap();
                assert!(!files.contains(".git") && !files.contains("inner"), "{name}: {files}");
                assert!(files.contains("limit"), "{name}: {files}");
            }
            End::Decision(part) => {
                assert_eq!(output.status.code(), Some(3), "{name}: {output:?}\n{story}");
                assert!(site.text(&["inbox"]).contains(part), "{name}: {story}");
                site.text(&["stop", "g1"]);
            }
        }
        assert!(!root.join("ran").exists(), "{name}: something of the agent ran outside its sandbox");
        let after = everything(&root.join("acme"));
        assert!(before == after, "{name}: the workspace changed: {:?}", difference(&before, &after));
        site.git.scratch(&root.join("acme/api"), &["fsck", "--strict"]).unwrap();
        let branches = site.git.scratch(&site.world.remote("api"), &["branch", "--list"]).unwrap();
        assert!(!branches.contains("stolen"), "{name}: {branches}");
        site.assert_nothing_left();
    });
}

fn difference<'a>(
    before: &'a BTreeMap<String, Vec<u8>>,
    after: &'a BTreeMap<String, Vec<u8>>,
) -> Vec<&'a String> {
    before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect()
}

#[test]
fn an_agent_that_approves_its_own_plan_is_refused_and_seen() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let home = root.join("home").display().to_string();
    // As it is, without its marks, orphaned, and with a person's key that leaked.
    let ways = [
        format!("GANGER_HOME='{home}' '{PROGRAM}' approve g1"),
        format!("env -i GANGER_HOME='{home}' HOME=/ '{PROGRAM}' approve g1"),
        format!("( setsid env -i GANGER_HOME='{home}' HOME=/ '{PROGRAM}' approve g1 & ) ; sleep 0.5"),
        format!("env -i GANGER_HOME='{}' HOME=/ '{PROGRAM}' approve g1", root.join("leaked").display()),
        format!("env -i GANGER_HOME='{home}' HOME=/ '{PROGRAM}' ls"),
        format!("env -i GANGER_HOME='{home}' HOME=/ '{PROGRAM}' daemon stop"),
    ];
    let mut steps = String::new();
    for way in &ways {
        steps.push_str(&step(
            "run",
            &format!("command = '''{way} 2>&1'''\non_failure = \"go_on\"\nsave = \"said\""),
        ));
        steps.push_str(&say("Said: {{said}} ."));
    }
    let mut fixture = Fixture::one(&(write("limit", "1") + &commit("Add it")));
    // The planner tries after its plan stands, so that there is something to approve.
    fixture.rules =
        rule("tool = \"submit_plan\"", &(step("submit_plan", "documents = [\"@plan.md\"]") + &steps))
            + &fixture.rules;
    let site = Site::below(&root, &fixture);
    let scenario = root.join("scenario.toml");
    let text = std::fs::read_to_string(&scenario).unwrap();
    // The planner's own rule stands first: ours takes its place.
    put(&scenario, &text[text[1..].find("\n[[rules]]").unwrap() + 1..]);
    site.create();
    std::fs::create_dir(root.join("leaked")).unwrap();
    std::fs::copy(root.join("home/person.key"), root.join("leaked/person.key")).unwrap();
    std::os::unix::fs::symlink(root.join("home/socket"), root.join("leaked/socket")).unwrap();
    let output = site.command(&["run", "g1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}\n{}", site.story());
    let events = site.text(&["events", "g1"]);
    assert!(!events.contains("plan.approved"), "{events}");
    let logs = site.text(&["logs", "g1", "-n", "100000"]);
    assert_eq!(logs.matches("only a person may do this").count(), ways.len(), "{logs}");
    // The person sees it, whatever the agent says of it.
    assert!(logs.matches("refused: POST /v1/items/g1/commands is only for a person").count() >= 4, "{logs}");
    assert!(logs.contains("and the calling process"), "the key alone makes no person: {logs}");
    assert!(logs.contains("refused: GET /v1/items is"), "{logs}");
    assert!(logs.contains("refused: POST /v1/daemon/stop is"), "{logs}");
    site.text(&["approve", "g1"]);
    site.run_to_the_end();
    site.assert_nothing_left();
}
