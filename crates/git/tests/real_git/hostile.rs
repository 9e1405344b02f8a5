//! Worktrees and bundles made by an agent that wants out. A sentinel file tells whether anything of it ran.

use crate::common::*;
use ganger_git::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

struct Scene {
    place: Place,
    life: Life,
    sentinel: PathBuf,
    /// A program that leaves the sentinel.
    program: String,
}

fn scene() -> Scene {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    life.provision();
    life.checkout();
    let sentinel = place.path("ran");
    let script = place.path("evil.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\ncat\n", sentinel.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let program = script.display().to_string();
    Scene { place, life, sentinel, program }
}

/// Lets an agent act, ends its turn, and requires that nothing of it ran and that mirror and clone are whole.
fn check(act: impl Fn(&Scene, &Path, &Path)) -> Result<TreeOutcome> {
    let scene = scene();
    let place = &scene.life.spec.place;
    write(&place.worktree, "work", "1");
    act(&scene, &place.worktree, &place.git_directory);
    let outcome = scene.life.try_run(TreeAction::FinishTurn(scene.life.finish_turn(None)), 4_000);
    if matches!(outcome, Ok(TreeOutcome::Candidate { .. })) {
        let _ = scene.life.try_import(1);
        let git = scene.life.ref_git();
        for (_, commit) in git.candidates(&scene.life.mirror, "g1-abc").unwrap() {
            git.findings(&scene.life.mirror, &scene.life.base.tip, &commit, &[]).unwrap();
            git.patch(&scene.life.mirror, &scene.life.base.tip, &commit).unwrap();
        }
    }
    assert!(!scene.sentinel.exists(), "something of the agent ran");
    sh(&scene.life.mirror.path, &["fsck", "--strict"]);
    sh(&scene.place.workspace().join("api"), &["fsck", "--strict"]);
    outcome
}

#[test]
fn a_planted_git_file_is_not_followed() {
    let outcome = check(|scene, tree, _| {
        fs::remove_file(tree.join(".git")).unwrap();
        sh(tree, &["init", "-q"]);
        sh(tree, &["config", "core.fsmonitor", &scene.program]);
    });
    assert!(matches!(outcome, Ok(TreeOutcome::Candidate { .. })), "{outcome:?}");
}

#[test]
fn hooks_and_monitors_of_the_git_directory_stay_off() {
    let outcome = check(|scene, _, git| {
        for key in
            ["core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.editor", "gpg.program"]
        {
            sh(git, &["config", key, &scene.program]);
        }
        sh(git, &["config", "commit.gpgsign", "true"]);
        for hook in ["pre-commit", "post-checkout", "reference-transaction", "post-index-change"] {
            fs::copy(&scene.program, git.join("hooks").join(hook)).unwrap();
        }
    });
    assert!(matches!(outcome, Ok(TreeOutcome::Candidate { .. })), "{outcome:?}");
}

#[test]
fn a_repository_inside_is_held_back_and_not_entered() {
    let outcome = check(|scene, tree, _| {
        let inner = tree.join("inner");
        fs::create_dir(&inner).unwrap();
        sh(&inner, &["init", "-q"]);
        write(&inner, "x", "1");
        sh(&inner, &["add", "-A"]);
        sh(&inner, &["commit", "-qm", "x"]);
        sh(&inner, &["config", "core.fsmonitor", &scene.program]);
        sh(&inner, &["config", "filter.evil.clean", &scene.program]);
        write(&inner, ".gitattributes", "* filter=evil");
    });
    let Ok(TreeOutcome::Candidate { held, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].reason, Reason::Repository);
}

#[test]
fn a_pipe_in_place_of_a_file_runs_into_the_time_limit() {
    let outcome = check(|_, tree, _| {
        fs::remove_file(tree.join(".gitignore")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(tree.join(".gitignore")).status().unwrap();
        assert!(made.success());
    });
    assert!(matches!(outcome, Err(GitError::TimedOut { .. })), "{outcome:?}");
}

#[test]
fn objects_that_are_gone_or_forged_are_refused() {
    let outcome = check(|_, tree, git| {
        sh(tree, &["add", "-A"]);
        sh(tree, &["commit", "-qm", "x"]);
        let blob = sh(tree, &["rev-parse", "HEAD:work"]);
        fs::remove_file(git.join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    });
    assert!(matches!(outcome, Err(GitError::Failed { .. })), "{outcome:?}");
}

#[test]
fn a_git_directory_that_became_a_link_is_not_removed_through() {
    let scene = scene();
    let place = &scene.life.spec.place;
    let treasure = scene.place.path("treasure");
    write(&treasure, "x", "1");
    let (outcome, bundle) = scene.life.preserve();
    let git = scene.life.ref_git();
    let saved = git.save(&scene.life.mirror, place, "S", &outcome, &bundle).unwrap();
    fs::remove_dir_all(&place.git_directory).unwrap();
    symlink(&treasure, &place.git_directory).unwrap();
    symlink(&treasure, place.worktree.join("out")).unwrap();
    let error = git.remove_checkout(saved).unwrap_err();
    assert!(matches!(error, GitError::NotOurs { .. }), "{error}");
    assert_eq!(read(&treasure, "x"), "1");
}

/// Puts something else in place of the bundle and returns the refusal.
fn check_bundle(make: impl Fn(&Scene, &Path)) -> String {
    let scene = scene();
    make(&scene, &scene.life.bundle());
    let limits = ImportLimits { bytes: 1 << 20, ..ImportLimits::default() };
    let wanted = CandidateImport { item: "g1-abc", number: 1, branch: BRANCH, base: &scene.life.base.tip };
    let git = scene.life.ref_git();
    let error = git.import_candidate(&scene.life.mirror, wanted, &scene.life.bundle(), limits).unwrap_err();
    assert!(git.candidates(&scene.life.mirror, "g1-abc").unwrap().is_empty());
    assert!(!scene.sentinel.exists(), "something of the agent ran");
    sh(&scene.life.mirror.path, &["fsck", "--strict"]);
    error.to_string().replace(scene.place.root.path().canonicalize().unwrap().to_str().unwrap(), "ROOT")
}

#[test]
fn what_is_no_honest_bundle_is_refused_with_a_sentence() {
    let refused = |text: String, part: &str| assert!(text.contains(part), "{text}");
    refused(check_bundle(|_, bundle| symlink("/etc/passwd", bundle).unwrap()), "open the bundle");
    refused(check_bundle(|_, _| {}), "open the bundle");
    refused(check_bundle(|_, bundle| fs::write(bundle, "garbage").unwrap()), "could not import");
    refused(
        check_bundle(|_, bundle| fs::write(bundle, vec![0; (1 << 20) + 1]).unwrap()),
        "has more than 1048576 bytes",
    );
    refused(
        check_bundle(|_, bundle| {
            assert!(std::process::Command::new("mkfifo").arg(bundle).status().unwrap().success())
        }),
        "is not a regular file",
    );
    // A repository in place of the file: its upload-pack would run outside.
    refused(
        check_bundle(|scene, bundle| {
            fs::create_dir(bundle).unwrap();
            sh(bundle, &["init", "-q", "--bare"]);
            sh(bundle, &["config", "uploadpack.packObjectsHook", &scene.program]);
        }),
        "is not a regular file",
    );
    // Another branch than the item's.
    refused(
        check_bundle(|scene, bundle| {
            let tree = &scene.life.spec.place.worktree;
            sh(tree, &["checkout", "-q", "-b", "other"]);
            sh(tree, &["commit", "-q", "--allow-empty", "-m", "x"]);
            sh(tree, &["bundle", "create", "-q", bundle.to_str().unwrap(), "other", "^main"]);
        }),
        "the bundle has no branch of that name",
    );
    // A history that is not built on the base.
    refused(
        check_bundle(|scene, bundle| {
            let tree = &scene.life.spec.place.worktree;
            sh(tree, &["checkout", "-q", "--orphan", "new"]);
            sh(tree, &["commit", "-qm", "x"]);
            sh(tree, &["branch", "-M", BRANCH]);
            sh(tree, &["bundle", "create", "-q", bundle.to_str().unwrap(), BRANCH]);
        }),
        "does not contain its base",
    );
    // A tree that would write into `.git` when checked out.
    refused(
        check_bundle(|scene, bundle| {
            let tree = &scene.life.spec.place.worktree;
            let blob = sh(tree, &["rev-parse", "HEAD:.gitignore"]);
            write(&scene.life.session, "entries", format!("100644 blob {blob}\t.git\n"));
            let output = std::process::Command::new("sh")
                .args(["-c", "git mktree < \"$1\"", "sh"])
                .arg(scene.life.session.join("entries"))
                .current_dir(tree)
                .output()
                .unwrap();
            let evil = String::from_utf8(output.stdout).unwrap().trim().to_owned();
            let commit = sh(tree, &["commit-tree", &evil, "-p", "HEAD", "-m", "x"]);
            sh(tree, &["update-ref", &format!("refs/heads/{BRANCH}"), &commit]);
            sh(tree, &["bundle", "create", "-q", bundle.to_str().unwrap(), BRANCH, "^main"]);
        }),
        "hasDotgit",
    );
}

#[test]
fn a_candidate_never_moves() {
    let scene = scene();
    let tree = &scene.life.spec.place.worktree;
    write(tree, "a", "1");
    scene.life.finish(None);
    let first = scene.life.import(1);
    write(tree, "a", "2");
    scene.life.finish(None);
    let error = scene.life.try_import(1).unwrap_err();
    assert!(matches!(error, GitError::RefTaken { .. }), "{error}");
    let second = scene.life.import(2);
    let git = scene.life.ref_git();
    assert_eq!(git.candidates(&scene.life.mirror, "g1-abc").unwrap(), [(1, first), (2, second)]);
}
