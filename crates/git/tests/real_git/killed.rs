//! The process is killed at each kill point; running the same steps again finishes what was begun.

use crate::common::*;
use ganger_git::*;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

/// The steps of a life, all of them repeatable, in a workspace that stands already.
fn steps(place: &Place) -> (Life, CommitId) {
    let life = place.begin("api");
    life.provision();
    life.checkout();
    if !life.spec.place.worktree.join("work").exists() {
        write(&life.spec.place.worktree, "work", "1");
    }
    let outcome = life.finish(None);
    assert!(matches!(outcome, TreeOutcome::Candidate { .. }), "{outcome:?}");
    let commit = life.import(1);
    life.ref_git().publish(&life.mirror, BRANCH, &commit, None).unwrap();
    (life, commit)
}

fn remove(life: &Life) {
    let git = life.ref_git();
    let saved = git.nothing_to_save(&life.spec.place).or_else(|_| {
        let (outcome, bundle) = life.preserve();
        git.save(&life.mirror, &life.spec.place, "S", &outcome, &bundle)
    });
    git.remove_checkout(saved.unwrap()).unwrap();
}

/// Runs in a child process that the test below starts; does nothing otherwise.
#[test]
fn life_in_a_child() {
    let Some(root) = std::env::var_os("GANGER_TEST_PLACE") else { return };
    let place = Place::at(Path::new(&root));
    let (life, _) = steps(&place);
    remove(&life);
}

#[test]
fn every_kill_point_is_met_and_survived() {
    for point in ganger_kill_point::GIT {
        let place = Place::new();
        let remote = place.remote("api", "main");
        let clone = place.clone_of(&remote, "api");
        let before = refs(&clone);
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::life_in_a_child"])
            .env("GANGER_TEST_PLACE", place.root.path())
            .env(ganger_kill_point::VARIABLE, point)
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(9), "{point} was not met: {output:?}");
        if point.contains("remove") {
            let life = place.begin("api");
            if life.spec.place.owner_record.exists() {
                remove(&life);
            }
            assert!(!life.spec.place.worktree.exists(), "{point}");
        } else {
            let (life, commit) = steps(&place);
            assert_eq!(sh(&remote, &["rev-parse", BRANCH]), commit.as_str(), "{point}");
            assert_eq!(sh(&remote, &["rev-list", "--count", &format!("main..{BRANCH}")]), "1", "{point}");
            sh(&life.mirror.path, &["fsck", "--strict"]);
            remove(&life);
        }
        assert_eq!(refs(&clone), before, "{point}: the user's clone is as it was");
    }
}

#[test]
fn a_git_that_outlives_its_daemon_still_holds_the_repository() {
    // A remote whose upload-pack waits until a file appears stands for a slow fetch.
    let place = Place::new();
    let remote = place.remote("api", "main");
    let clone = place.clone_of(&remote, "api");
    let life = place.begin("api");
    let (started, go) = (place.path("started"), place.path("go"));
    let slow = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done; git-upload-pack",
        started.display(),
        go.display()
    );
    sh(&clone, &["config", "remote.origin.uploadpack", &slow]);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::fetch_in_a_child"])
        .env("GANGER_TEST_PLACE", place.root.path())
        .spawn()
        .unwrap();
    wait_for(|| started.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    sh(&clone, &["config", "--unset", "remote.origin.uploadpack"]);
    std::thread::scope(|scope| {
        let refresh = scope.spawn(|| life.ref_git().refresh(&life.mirror, 9));
        // Nothing but the orphan holds the lock, so it is not free.
        let lock = std::fs::File::open(life.mirror.path.with_added_extension("lock")).unwrap();
        assert!(lock.try_lock().is_err());
        assert!(!refresh.is_finished());
        std::fs::write(&go, "").unwrap();
        refresh.join().unwrap().unwrap();
    });
}

/// Runs in a child process that the test above starts; does nothing otherwise.
#[test]
fn fetch_in_a_child() {
    let Some(root) = std::env::var_os("GANGER_TEST_PLACE") else { return };
    let place = Place::at(Path::new(&root));
    place.begin("api");
}

#[test]
fn locks_that_a_killed_git_left_in_the_mirror_go() {
    let place = Place::new();
    let remote = place.remote("api", "main");
    place.clone_of(&remote, "api");
    let life = place.begin("api");
    for name in ["packed-refs.lock", "refs/remotes/origin/main.lock", "refs/remotes/origin/HEAD.lock"] {
        write(&life.mirror.path, name, "");
    }
    sh(&place.path("remotes").join("api-seed"), &["commit", "-q", "--allow-empty", "-m", "third"]);
    sh(&place.path("remotes").join("api-seed"), &["push", "-q", remote.to_str().unwrap(), "main"]);
    life.ref_git().refresh(&life.mirror, 2).unwrap();
}
