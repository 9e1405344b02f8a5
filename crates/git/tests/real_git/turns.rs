//! The end of a turn, in order and not.

use crate::common::*;
use expect_test::{Expect, expect};
use ganger_git::*;
use std::fs;
use std::path::Path;

fn begin() -> (Place, Life) {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    life.provision();
    life.checkout();
    (place, life)
}

/// Lets an "agent" act in a fresh worktree and compares the outcome of its turn, commit ids left out.
fn check(act: impl Fn(&Path), expected: Expect) {
    let (_place, life) = begin();
    act(&life.spec.place.worktree);
    let text = match life.try_run(TreeAction::FinishTurn(life.finish_turn(None)), 60_000) {
        Ok(TreeOutcome::Candidate { leftovers, held, .. }) => {
            let commit = life.import(1);
            let files =
                sh(&life.mirror.path, &["diff", "--name-only", life.base.tip.as_str(), commit.as_str()]);
            format!(
                "candidate, leftovers {}, files {:?}, held {held:?}",
                leftovers.is_some(),
                files.replace('\n', " ")
            )
        }
        Ok(TreeOutcome::NotInOrder { sentence, .. }) => sentence,
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&text.replace(life.base.tip.short(), "BASE"));
}

fn commit(tree: &Path, name: &str, text: &str) {
    write(tree, name, text);
    sh(tree, &["add", "-A"]);
    sh(tree, &["commit", "-qm", name]);
}

#[test]
fn turns_end_in_a_candidate_or_a_sentence() {
    check(|_| {}, expect!["NothingNew { held: [] }"]);
    check(|tree| commit(tree, "a", "1"), expect![[r#"candidate, leftovers false, files "a", held []"#]]);
    check(
        |tree| write(tree, "deep/er/a", "1"),
        expect![[r#"candidate, leftovers true, files "deep/er/a", held []"#]],
    );
    check(
        |tree| {
            commit(tree, "a", "1");
            fs::remove_file(tree.join("src/lib.txt")).unwrap();
            write(tree, "ignored.o", "1");
            write(tree, ".env.local", "1");
            write(tree, "big", vec![0; 5_000_001]);
            write(tree, "staged.pem", "1");
            sh(tree, &["add", "staged.pem"]);
        },
        expect![[
            r#"candidate, leftovers true, files "a src/lib.txt", held [Finding { path: "staged.pem", reason: SecretName, commit: None }, Finding { path: ".env.local", reason: SecretName, commit: None }, Finding { path: "big", reason: Large { bytes: 5000001 }, commit: None }]"#
        ]],
    );
    // Staged and never committed: the index has lost the old path, and git knows no such path any more.
    check(
        |tree| {
            sh(tree, &["mv", "src/lib.txt", "src/new.txt"]);
        },
        expect![[r#"candidate, leftovers true, files "src/new.txt", held []"#]],
    );
    check(
        |tree| {
            sh(tree, &["rm", "-q", "src/lib.txt"]);
        },
        expect![[r#"candidate, leftovers true, files "src/lib.txt", held []"#]],
    );
    check(
        |tree| {
            sh(tree, &["checkout", "-q", "-b", "elsewhere"]);
            commit(tree, "a", "1");
        },
        expect![
            "HEAD is on `elsewhere`: bring your work onto branch `sub-1-change` and check that branch out"
        ],
    );
    check(
        |tree| {
            sh(tree, &["checkout", "-q", "--orphan", "new"]);
            sh(tree, &["commit", "-qm", "unrelated"]);
            sh(tree, &["branch", "-M", BRANCH]);
        },
        expect![
            "branch `sub-1-change` no longer contains its base commit BASE: rebase your work onto that commit"
        ],
    );
    check(
        |tree| {
            commit(tree, "src/lib.txt", "mine\n");
            sh(tree, &["checkout", "-q", "-b", "other", "main"]);
            commit(tree, "src/lib.txt", "theirs\n");
            sh(tree, &["checkout", "-q", BRANCH]);
            let _ = std::process::Command::new("git").args(["rebase", "other"]).current_dir(tree).output();
        },
        expect!["a rebase is not finished: finish it or abort it with `git rebase --abort`"],
    );
    check(
        |tree| {
            commit(tree, "src/lib.txt", "mine\n");
            sh(tree, &["checkout", "-q", "-b", "other", "main"]);
            commit(tree, "src/lib.txt", "theirs\n");
            sh(tree, &["checkout", "-q", BRANCH]);
            let _ = std::process::Command::new("git").args(["merge", "other"]).current_dir(tree).output();
        },
        expect!["a merge is not finished: finish it or abort it with `git merge --abort`"],
    );
    check(
        |tree| {
            sh(tree, &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
        },
        expect!["branch `sub-1-change` does not exist any more: create it again with your work"],
    );
}

#[test]
fn locks_that_a_killed_git_left_are_removed() {
    let names = ["index.lock", "HEAD.lock", "packed-refs.lock", "config.lock", "refs/heads/sub-g1-x.lock"];
    let (_place, life) = begin();
    let plant = || {
        for name in names {
            write(&life.spec.place.git_directory, name, "");
        }
    };
    let is_there = |name: &&str| life.spec.place.git_directory.join(name).exists();
    plant();
    assert_eq!(life.try_run(TreeAction::ReleaseLocks, 60_000).unwrap(), TreeOutcome::Released);
    assert!(!names.iter().any(&is_there));
    plant();
    write(&life.spec.place.worktree, "left", "1");
    assert!(matches!(life.finish(None), TreeOutcome::Candidate { .. }));
    assert!(!names.iter().any(is_there));
}

#[test]
fn what_commits_bring_is_judged_on_the_whole_way() {
    let (_place, life) = begin();
    let tree = &life.spec.place.worktree;
    commit(tree, ".env", "TOKEN=1");
    sh(tree, &["rm", "-q", ".env"]);
    commit(tree, "copied/x", "1");
    commit(tree, "large", &"x".repeat(5_000_001));
    let inner = tree.join("inner");
    fs::create_dir(&inner).unwrap();
    sh(&inner, &["init", "-q"]);
    commit(&inner, "x", "1");
    sh(tree, &["add", "inner"]);
    sh(tree, &["commit", "-qm", "inner"]);
    life.finish(None);
    let commit = life.import(1);
    let found = life.ref_git().findings(&life.mirror, &life.base.tip, &commit, &["copied/".into()]).unwrap();
    let text: Vec<String> =
        found.iter().map(|one| format!("{} {}", one.path, one.reason.sentence())).collect();
    expect![[r#"
        [
            ".env looks like a secret by its name",
            "copied/x was copied in from your checkout",
            "inner is a repository of its own",
            "large is large: 5.0 MB",
        ]"#]]
    .assert_eq(&format!("{text:#?}"));
}

fn compared(life: &Life, since: Option<CommitId>, paths: &[&str]) -> (Vec<String>, String, CommitId, bool) {
    let request = DiffRequest {
        base: life.base.tip.clone(),
        since,
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        patch: true,
        snapshot: true,
    };
    let TreeOutcome::Diff { files, patch, tree, is_since } = life.run(TreeAction::Diff(request)) else {
        panic!()
    };
    let line = |file: &FileDiff| {
        let FileStat { path, old_path, added, removed } = &file.stat;
        let from = old_path.as_deref().map(|old| format!(" from {old}")).unwrap_or_default();
        let open = if file.uncommitted { " uncommitted" } else { "" };
        let (added, removed) = (added.unwrap_or_default(), removed.unwrap_or_default());
        format!("{path}{from} {:?}{open} +{added} -{removed}", file.state)
    };
    (files.iter().map(line).collect(), patch.unwrap(), tree.unwrap(), is_since)
}

#[test]
fn the_difference_shows_committed_and_uncommitted_work() {
    let (_place, life) = begin();
    let tree = &life.spec.place.worktree;
    commit(tree, "a", "1\n2\n");
    write(tree, "b c", "1\n");
    write(tree, "bytes", "\0\u{1}");
    sh(tree, &["mv", "src/lib.txt", "src/new.txt"]);
    let before = fs::read(life.spec.place.git_directory.join("index")).unwrap();
    let (files, patch, first, is_since) = compared(&life, None, &[]);
    expect![[r#"
        [
            "a Added +2 -0",
            "b c Untracked uncommitted +1 -0",
            "bytes Untracked uncommitted +0 -0",
            "src/new.txt from src/lib.txt Renamed uncommitted +0 -0",
        ]"#]]
    .assert_eq(&format!("{files:#?}"));
    assert!(patch.contains("rename to src/new.txt") && !is_since);
    assert_eq!(
        fs::read(life.spec.place.git_directory.join("index")).unwrap(),
        before,
        "reading changes nothing"
    );
    let TreeOutcome::Status { entries } = life.run(TreeAction::Status) else { panic!() };
    assert_eq!(entries.len(), 4, "{entries:?}");
    // Since that look: what was committed meanwhile without a change is not shown again.
    sh(tree, &["add", "-A"]);
    sh(tree, &["commit", "-qm", "all"]);
    write(tree, "b c", "2\n");
    fs::remove_file(tree.join("a")).unwrap();
    let (files, _, second, is_since) = compared(&life, Some(first.clone()), &[]);
    assert_eq!(files, ["a Deleted uncommitted +0 -2", "b c Modified uncommitted +1 -1"]);
    assert!(is_since && second != first);
    let (files, patch, ..) = compared(&life, Some(second), &[]);
    assert_eq!((files, patch.as_str()), (Vec::new(), ""));
    // One path, and an earlier state that is not there any more.
    let gone: CommitId = "1234567890123456789012345678901234567890".parse().unwrap();
    let (files, _, _, is_since) = compared(&life, Some(gone), &["b c"]);
    assert_eq!((files, is_since), (vec!["b c Added uncommitted +1 -0".to_owned()], false));
}

#[test]
fn configured_files_are_placed_below_the_root_and_through_no_link() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    // The repository itself has a link that leads outside.
    std::os::unix::fs::symlink(place.path("session"), clone.join("out")).unwrap();
    sh(&clone, &["add", "-A"]);
    sh(&clone, &["commit", "-qm", "link"]);
    sh(&clone, &["push", "-q"]);
    write(&clone, ".env", "A=1");
    write(&clone, "data/deep/x", "1");
    let life = place.begin("api");
    life.provision();
    let file = |from: &str, to: &str| FileToPlace { from: clone.join(from), to: to.into() };
    let copy = vec![file(".env", ".env"), file("data", "etc/data"), file("nothing", "nothing")];
    let link = vec![file("data", "linked")];
    let outcome = life.run(TreeAction::Checkout { read_only: false, copy, link });
    let TreeOutcome::CheckedOut { missing, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(missing, [clone.join("nothing")]);
    let tree = &life.spec.place.worktree;
    assert_eq!(
        (read(tree, ".env"), read(tree, "etc/data/deep/x"), read(tree, "linked/deep/x")),
        ("A=1".into(), "1".into(), "1".into())
    );
    for bad in ["out/x", "../x", "/x", ".git/x", ""] {
        let copy = vec![file(".env", bad)];
        let result = life.try_run(TreeAction::Checkout { read_only: false, copy, link: vec![] }, 60_000);
        assert!(result.is_err(), "{bad}");
    }
    assert!(!place.path("session").join("x").exists());
}

#[test]
fn the_program_reads_a_file_and_prints_a_line() {
    let (place, life) = begin();
    let file = place.path("session").join("request.json");
    let request = TreeRequest {
        worktree: life.spec.place.worktree.clone(),
        git_directory: life.spec.place.git_directory.clone(),
        scratch: place.path("session").join("scratch"),
        timeout_ms: 10_000,
        action: TreeAction::FinishTurn(life.finish_turn(None)),
    };
    request.write(&file).unwrap();
    assert_eq!(serde_json::from_slice::<TreeRequest>(&fs::read(&file).unwrap()).unwrap(), request);
    let line = serde_json::to_vec(&TreeOutcome::NothingNew { held: vec![] }).unwrap();
    assert_eq!(parse_outcome(&line).unwrap(), TreeOutcome::NothingNew { held: vec![] });
    assert!(parse_outcome(b"").is_err());
    let process = request_process(Path::new("/g"), &file, "/bin", Path::new("/tmp"), Default::default(), 5);
    assert_eq!(process.command[..2], ["/g", "tree-git"]);
}
