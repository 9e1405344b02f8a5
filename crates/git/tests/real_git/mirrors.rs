//! Mirrors: whose refs they hold, how they are refreshed, where finished work goes.

use crate::common::*;
use expect_test::expect;
use ganger_git::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn mirror_refs(life: &Life) -> String {
    sh(&life.mirror.path, &["for-each-ref", "--format=%(refname)"])
}

#[test]
fn a_mirror_holds_none_of_the_users_branches() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    sh(&clone, &["branch", "private-idea"]);
    sh(&clone, &["checkout", "-q", "-b", "today"]);
    let before = refs(&clone);
    let life = place.begin("api");
    expect![[r#"
        refs/remotes/origin/HEAD
        refs/remotes/origin/main"#]]
    .assert_eq(&mirror_refs(&life));
    assert_eq!(refs(&clone), before);
    // A worktree knows the base branch and its own.
    life.provision();
    expect![[r#"
        refs/heads/main
        refs/heads/sub-1-change
        refs/remotes/origin/HEAD
        refs/remotes/origin/main"#]]
    .assert_eq(&sh(&life.spec.place.git_directory, &["for-each-ref", "--format=%(refname)"]));
}

#[test]
fn objects_are_shared_by_links_and_a_destroyed_worktree_harms_nobody() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    sh(&clone, &["gc", "-q"]);
    let life = place.begin("api");
    let packs = fs::read_dir(life.mirror.path.join("objects/pack")).unwrap();
    let linked = packs.flatten().filter(|entry| entry.metadata().unwrap().nlink() > 1).count();
    assert!(linked >= 2, "pack and index are hard links");
    life.provision();
    life.checkout();
    fs::remove_dir_all(life.spec.place.git_directory.join("objects")).unwrap();
    assert!(life.try_run(TreeAction::FinishTurn(life.finish_turn(None)), 60_000).is_err());
    sh(&clone, &["fsck", "--strict"]);
    sh(&life.mirror.path, &["fsck", "--strict"]);
}

#[test]
fn bare_layouts_single_repositories_and_odd_names_go_the_same_way() {
    let place = Place::new();
    let remote = place.remote("api", "trunk");
    let bare = place.workspace().join("Größe und Maß");
    fs::create_dir(&bare).unwrap();
    sh(&bare, &["clone", "-q", "--bare", remote.to_str().unwrap(), ".bare"]);
    let life = place.begin("Größe und Maß");
    life.provision();
    life.checkout();
    write(&life.spec.place.worktree, "ä b", "x");
    assert!(matches!(life.finish(None), TreeOutcome::Candidate { .. }));
    let commit = life.import(1);
    life.ref_git().publish(&life.mirror, BRANCH, &commit, None).unwrap();
    assert_eq!(sh(&remote, &["show", &format!("{BRANCH}:ä b")]), "x");
}

#[test]
fn without_a_remote_the_clones_head_is_the_base_and_gets_one_new_branch() {
    let place = Place::new();
    let clone = place.workspace().join("api");
    place.repository(&clone, "main");
    sh(&clone, &["checkout", "-q", "-b", "work"]);
    let life = place.begin("api");
    assert_eq!(life.base.branch, "work");
    life.provision();
    life.checkout();
    write(&life.spec.place.worktree, "a", "a");
    life.finish(None);
    let commit = life.import(1);
    let before = refs(&clone);
    let git = life.ref_git();
    assert_eq!(git.publish(&life.mirror, BRANCH, &commit, None).unwrap(), Published::Moved);
    assert_eq!(git.publish(&life.mirror, BRANCH, &commit, None).unwrap(), Published::Already);
    assert_eq!(git.published_tip(&life.mirror, BRANCH).unwrap(), Some(commit.clone()));
    assert_eq!(sh(&clone, &["show", &format!("{BRANCH}:a")]), "a");
    sh(&clone, &["fsck", "--strict"]);
    let mut after = refs(&clone);
    after.retain(|name, _| !name.contains(BRANCH));
    assert_eq!(after, before);
    // A branch of the user's with that name is never moved.
    sh(&clone, &["branch", "-f", BRANCH, "main"]);
    let error = git.publish(&life.mirror, BRANCH, &commit, None).unwrap_err();
    assert!(matches!(error, GitError::RemoteMoved { .. }), "{error}");
}

#[test]
fn refreshes_follow_the_remote_and_its_head() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    let seed = place.path("remotes").join("api-seed");
    write(&seed, "more", "more");
    sh(&seed, &["add", "-A"]);
    sh(&seed, &["commit", "-qm", "third"]);
    sh(&seed, &["push", "-q", remote.to_str().unwrap(), "main:next"]);
    sh(&remote, &["symbolic-ref", "HEAD", "refs/heads/next"]);
    let base = life.ref_git().refresh(&life.mirror, 2).unwrap();
    assert_eq!(base.branch, "next");
    assert_eq!(base.tip.as_str(), sh(&seed, &["rev-parse", "HEAD"]));
    assert_eq!(life.ref_git().last_base(&life.mirror).unwrap(), Some(base));
    // The user's own remote-tracking refs are as they were.
    assert_eq!(
        sh(&place.workspace().join("api"), &["branch", "-r", "--format=%(refname)"]),
        "refs/remotes/origin/HEAD\nrefs/remotes/origin/main"
    );
}

#[test]
fn the_cool_down_is_each_repositorys_own_and_failures_do_not_start_it() {
    let place = Place::new();
    let mut mirrors = Vec::new();
    for name in ["a", "b", "c"] {
        let remote = place.remote(name, "main");
        place.clone_of(&remote, name);
    }
    let discoverer = discoverer();
    let layout = Layout::new(place.path("home"));
    for repository in discoverer.discover_repos(&place.workspace(), &[]).unwrap().repositories {
        let source = repository.source(None, None).unwrap();
        mirrors.push(discoverer.ref_git().mirror(&layout, "ws-1", &source).unwrap());
    }
    fs::rename(place.path("remotes").join("b.git"), place.path("remotes").join("away")).unwrap();
    let kinds = |now| {
        let results = discoverer.pull_main_worktrees(&mirrors, now, 100, 4);
        let kinds: Vec<&str> = results
            .updates
            .iter()
            .map(|update| match update.outcome {
                UpdateOutcome::Refreshed { .. } => "refreshed",
                UpdateOutcome::Recent { .. } => "recent",
                UpdateOutcome::Failed { .. } => "failed",
            })
            .collect();
        kinds.join(" ")
    };
    assert_eq!(kinds(1000), "refreshed failed refreshed");
    assert_eq!(kinds(1099), "recent failed recent");
    fs::rename(place.path("remotes").join("away"), place.path("remotes").join("b.git")).unwrap();
    assert_eq!(kinds(1099), "recent refreshed recent");
    assert_eq!(kinds(1100), "refreshed recent refreshed");
    assert_eq!(kinds(500), "refreshed refreshed refreshed", "a clock that went back");
    assert_eq!(discoverer.pull_main_worktrees(&[], 1, 1, 4), RepoUpdateResults::default());
}

#[test]
fn addresses_are_rewritten_as_the_person_configured_and_hooks_stay_off() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    sh(&clone, &["config", "remote.origin.url", "example:api"]);
    sh(&clone, &["config", &format!("url.{}.insteadOf", remote.display()), "example:api"]);
    let sentinel = place.path("ran");
    write(&clone, ".git/hooks/pre-push", format!("#!/bin/sh\ntouch '{}'\n", sentinel.display()));
    fs::set_permissions(
        clone.join(".git/hooks/pre-push"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let life = place.begin("api");
    life.provision();
    life.checkout();
    write(&life.spec.place.worktree, "a", "a");
    life.finish(None);
    let commit = life.import(1);
    life.ref_git().publish(&life.mirror, BRANCH, &commit, None).unwrap();
    assert_eq!(sh(&remote, &["rev-parse", BRANCH]), commit.as_str());
    assert!(!sentinel.exists());
    // `ext::` runs programs: never.
    sh(&clone, &["config", "remote.origin.url", &format!("ext::touch {}", sentinel.display())]);
    assert!(life.ref_git().refresh(&life.mirror, 3).is_err());
    assert!(!sentinel.exists());
}

#[test]
fn a_conflict_with_the_moved_base_is_found_without_touching_anything() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    life.provision();
    life.checkout();
    write(&life.spec.place.worktree, "src/lib.txt", "mine\n");
    life.finish(None);
    let commit = life.import(1);
    let seed = place.path("remotes").join("api-seed");
    write(&seed, "src/lib.txt", "theirs\n");
    sh(&seed, &["commit", "-qam", "third"]);
    sh(&seed, &["push", "-q", remote.to_str().unwrap(), "main"]);
    let tip = life.ref_git().refresh(&life.mirror, 2).unwrap().tip;
    let check = life.ref_git().merge_check(&life.mirror, &tip, &commit).unwrap();
    assert_eq!(check, MergeCheck::Conflict { paths: vec!["src/lib.txt".into()] });
    assert!(!life.ref_git().is_ancestor(&life.mirror, &tip, &commit).unwrap());
    assert_eq!(life.ref_git().merge_base(&life.mirror, &tip, &commit).unwrap(), Some(life.base.tip.clone()));
    assert_eq!(life.ref_git().count_commits(&life.mirror, &commit, &tip).unwrap(), 1);
}

#[test]
fn a_push_from_a_worktree_fails_with_a_sentence() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    life.provision();
    life.checkout();
    let output = std::process::Command::new("git")
        .args(["push", "origin", BRANCH])
        .current_dir(&life.spec.place.worktree)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("ganger: an agent does not push. Commit on your branch"), "{words}");
}

#[test]
fn a_later_candidate_moves_the_branch_from_where_ganger_put_it_only() {
    for with_remote in [true, false] {
        let place = Place::new();
        if with_remote {
            place.clone_of(&place.remote("api", "main"), "api");
        } else {
            place.repository(&place.workspace().join("api"), "main");
        }
        let life = place.begin("api");
        life.provision();
        life.checkout();
        let ids = [1, 2].map(|number| {
            write(&life.spec.place.worktree, "a", number.to_string());
            life.finish(None);
            life.import(number)
        });
        // A rewritten history: the second one is not a descendant of the first.
        let amended =
            sh(&life.spec.place.worktree, &["commit-tree", "HEAD^{tree}", "-p", "main", "-m", "squashed"]);
        sh(&life.spec.place.worktree, &["reset", "-q", "--hard", &amended]);
        life.finish(None);
        let third = life.import(3);
        let git = life.ref_git();
        git.publish(&life.mirror, BRANCH, &ids[0], None).unwrap();
        assert!(matches!(
            git.publish(&life.mirror, BRANCH, &ids[1], None),
            Err(GitError::RemoteMoved { .. })
        ));
        git.publish(&life.mirror, BRANCH, &ids[1], Some(&ids[0])).unwrap();
        git.publish(&life.mirror, BRANCH, &third, Some(&ids[1])).unwrap();
        assert_eq!(git.published_tip(&life.mirror, BRANCH).unwrap(), Some(third));
    }
}

#[test]
fn a_push_is_tried_without_anything_being_written() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    // A hook of the person's would see a push that is none.
    write(&clone, ".git/hooks/pre-push", "#!/bin/sh\ntouch hooked\n");
    std::fs::set_permissions(clone.join(".git/hooks/pre-push"), PermissionsExt::from_mode(0o755)).unwrap();
    let on_remote = || sh(&remote, &["for-each-ref"]);
    let (before, there) = (refs(&clone), on_remote());
    let check = |address: &str, expected: Result<(), &str>| {
        sh(&clone, &["remote", "set-url", "origin", address]);
        let found = discoverer().discover_repos(clone.parent().unwrap(), &[]).unwrap().repositories;
        let source = found.iter().find(|found| found.name == "api").unwrap().source(None, None).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let limit = std::time::Duration::from_secs(60);
        match (discoverer().ref_git().try_push(&source, scratch.path(), limit), expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{address}: {found:?} instead of {expected:?}"),
        }
    };
    check(&remote.display().to_string(), Ok(()));
    check("/there/is/none", Err("`origin` of `api` whether it takes a push: git said: "));
    sh(&clone, &["remote", "set-url", "origin", &remote.display().to_string()]);
    assert_eq!((refs(&clone), on_remote()), (before, there));
    assert!(!clone.join("hooked").exists());
}
