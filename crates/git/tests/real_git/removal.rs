//! What is ours is reused and removed; what is not, or holds unsaved work, stays.

use crate::common::*;
use ganger_git::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn begin() -> (Place, Life) {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    (place, life)
}

#[test]
fn a_directory_without_our_record_is_never_used() {
    let (_place, life) = begin();
    write(&life.spec.place.worktree, "mine", "1");
    let error = life.ref_git().provision(&life.mirror, &life.spec).unwrap_err();
    assert!(matches!(error, GitError::NotOurs { .. }), "{error}");
    assert_eq!(read(&life.spec.place.worktree, "mine"), "1");
    assert!(life.ref_git().nothing_to_save(&life.spec.place).is_err());
}

#[test]
fn a_checkout_of_ours_is_reused_with_the_same_base_only() {
    let (_place, life) = begin();
    assert_eq!(life.provision(), Provisioned::Fresh);
    life.checkout();
    write(&life.spec.place.worktree, "a", "1");
    assert_eq!(life.provision(), Provisioned::Reused);
    life.checkout();
    assert_eq!(read(&life.spec.place.worktree, "a"), "1", "checking out again touches nothing");
    let other = CheckoutSpec { branch: Some("sub-2-other".into()), ..life.spec.clone() };
    assert!(matches!(life.ref_git().provision(&life.mirror, &other), Err(GitError::NotOurs { .. })));
}

#[test]
fn a_wave_gets_all_its_worktrees_or_none() {
    let place = Place::new();
    for name in ["a", "b"] {
        place.clone_of(&place.remote(name, "main"), name);
    }
    let (a, b) = (place.begin("a"), place.begin("b"));
    write(&b.spec.place.worktree, "in the way", "1");
    let error = a.ref_git().provision_set(&[(&a.mirror, a.spec.clone()), (&b.mirror, b.spec.clone())]);
    assert!(error.is_err());
    assert!(!a.spec.place.worktree.exists() && !a.spec.place.git_directory.exists());
    fs::remove_dir_all(&b.spec.place.worktree).unwrap();
    let set = [(&a.mirror, a.spec.clone()), (&b.mirror, b.spec.clone())];
    assert_eq!(a.ref_git().provision_set(&set).unwrap(), [Provisioned::Fresh, Provisioned::Fresh]);
    assert_eq!(a.ref_git().provision_set(&set).unwrap(), [Provisioned::Reused, Provisioned::Reused]);
}

#[test]
fn uncommitted_stashed_and_unpushed_work_is_saved_before_removal() {
    let (_place, life) = begin();
    life.provision();
    life.checkout();
    let tree = &life.spec.place.worktree;
    write(tree, "stashed", "1");
    sh(tree, &["stash", "-q", "-u"]);
    write(tree, "committed", "1");
    sh(tree, &["add", "-A"]);
    sh(tree, &["commit", "-qm", "x"]);
    sh(tree, &["checkout", "-q", "--detach"]);
    write(tree, "detached", "1");
    sh(tree, &["add", "-A"]);
    sh(tree, &["commit", "-qm", "y"]);
    write(tree, "loose", "1");
    sh(tree, &["mv", "src/lib.txt", "src/moved.txt"]);
    let (outcome, bundle) = life.preserve();
    let git = life.ref_git();
    let saved = git.save(&life.mirror, &life.spec.place, "S", &outcome, &bundle).unwrap();
    let again = git.save(&life.mirror, &life.spec.place, "S", &outcome, &bundle).unwrap();
    assert_eq!(saved.refs(), again.refs(), "saving twice saves once");
    git.remove_checkout(saved).unwrap();
    let files = sh(&life.mirror.path, &["log", "--all", "--name-only", "--format="]);
    let stash = sh(&life.mirror.path, &["for-each-ref", "--format=%(objectname)", "refs/ganger/preserved"]);
    let stash_files: String = stash
        .lines()
        .map(|id| sh(&life.mirror.path, &["log", "-m", "--name-only", "--format=", id]))
        .collect();
    for name in ["committed", "detached", "loose", "src/moved.txt"] {
        assert!(files.contains(name), "{name} in {files}");
    }
    assert!(stash_files.contains("stashed"), "{stash_files}");
    // A fresh start is possible.
    assert_eq!(life.provision(), Provisioned::Fresh);
}

#[test]
fn removal_is_refused_on_doubt() {
    let (_place, life) = begin();
    life.provision();
    life.checkout();
    let tree = &life.spec.place.worktree;
    let inner = tree.join("inner");
    fs::create_dir(&inner).unwrap();
    sh(&inner, &["init", "-q"]);
    write(&inner, "x", "1");
    let base = life.base.tip.clone();
    let bundle = life.session.join("b");
    let action = TreeAction::Preserve { base, bundle: bundle.clone(), signature: life.signature() };
    let error = life.try_run(action, 60_000).unwrap_err();
    assert!(error.to_string().contains("a repository of its own"), "{error}");
    let failed = TreeOutcome::Failed { message: error.to_string() };
    assert!(life.ref_git().save(&life.mirror, &life.spec.place, "S", &failed, &bundle).is_err());
    assert!(tree.exists());
}

#[test]
fn base_checkouts_are_read_only_shared_and_removable() {
    let (place, life) = begin();
    let source = &life.mirror.source;
    let at = life.layout.base(&source.name, &source.git_directory, &life.base.tip).unwrap();
    let spec = CheckoutSpec {
        place: at,
        item: String::new(),
        kind: CheckoutKind::Base,
        branch: None,
        ..life.spec.clone()
    };
    let base = Life {
        spec,
        discoverer: life.discoverer.clone(),
        mirror: life.mirror.clone(),
        base: life.base.clone(),
        session: life.session.clone(),
        layout: life.layout.clone(),
    };
    assert_eq!(base.provision(), Provisioned::Fresh);
    base.run(TreeAction::Checkout { read_only: true, copy: vec![], link: vec![] });
    let tree = base.spec.place.worktree.clone();
    assert_eq!(fs::metadata(tree.join("src/lib.txt")).unwrap().permissions().mode() & 0o222, 0);
    assert_eq!(fs::metadata(tree.join("src")).unwrap().permissions().mode() & 0o222, 0);
    assert_eq!(sh(&tree, &["log", "--format=%s"]), "second\nfirst");
    let beside = life.layout.item_directory("ws-1", "g1-abc").unwrap();
    link_beside(&beside, "other", &tree).unwrap();
    link_beside(&beside, "other", &tree).unwrap();
    assert_eq!(read(&beside, "other/src/lib.txt"), "one\n");
    fs::create_dir(beside.join("real")).unwrap();
    assert!(link_beside(&beside, "real", &tree).is_err());
    let git = life.ref_git();
    git.remove_checkout(git.nothing_to_save(&base.spec.place).unwrap()).unwrap();
    assert!(!tree.exists());
    drop(place);
}
