//! The whole way of a change through git: discovery, mirror, worktree, candidate, proof, publishing, removal.

use crate::common::*;
use ganger_git::*;

#[test]
fn a_change_travels_from_worktree_to_remote_as_one_commit() {
    let place = Place::new();
    let remote = place.remote("api", "trunk");
    let clone = place.clone_of(&remote, "api");
    let life = place.begin("api");
    let base = life.base.clone();
    assert_eq!(base.branch, "trunk");
    life.provision();
    assert!(matches!(life.checkout(), TreeOutcome::CheckedOut { .. }));
    let worktree = &life.spec.place.worktree;
    assert_eq!(read(worktree, "src/lib.txt"), "one\n");

    // Nothing yet.
    assert_eq!(life.finish(None), TreeOutcome::NothingNew { held: vec![] });

    write(worktree, "src/lib.txt", "one\ntwo\n");
    write(worktree, "new file.txt", "x\n");
    write(worktree, ".env", "TOKEN=1\n");
    let TreeOutcome::Candidate { commit, leftovers, held } = life.finish(None) else {
        panic!("no candidate")
    };
    assert_eq!(leftovers.as_ref(), Some(&commit));
    assert_eq!(held, [Finding { path: ".env".into(), reason: Reason::SecretName, commit: None }]);
    assert_eq!(life.finish(Some(commit.clone())), TreeOutcome::NothingNew { held: held.clone() });

    let imported = life.import(1);
    assert_eq!(imported, commit);
    assert_eq!(life.import(1), commit, "importing again is no error");
    let git = life.ref_git();
    assert_eq!(git.candidates(&life.mirror, "g1-abc").unwrap(), [(1, commit.clone())]);
    assert_eq!(git.findings(&life.mirror, &base.tip, &commit, &[]).unwrap(), []);
    assert_eq!(git.touched_paths(&life.mirror, &base.tip, &commit).unwrap(), ["new file.txt", "src/lib.txt"]);
    let lines = git.changed_lines(&life.mirror, &base.tip, &commit).unwrap();
    let lines: Vec<_> = lines.into_iter().map(|file| (file.path, file.lines)).collect();
    let expected = [("new file.txt".to_owned(), vec![(1, 1)]), ("src/lib.txt".to_owned(), vec![(2, 2)])];
    assert_eq!(lines, expected);
    for (path, expected) in [
        ("src/lib.txt", Some(2)),
        ("new file.txt", Some(1)),
        ("src", None),
        ("src/lib.txt/", None),
        ("none.txt", None),
        ("../lib.txt", None),
        ("*", None),
    ] {
        assert_eq!(git.line_count(&life.mirror, &commit, path).unwrap(), expected, "{path}");
    }
    assert_eq!(git.line_count(&life.mirror, &base.tip, "new file.txt").unwrap(), None, "not there yet");
    let stat = git.stat(&life.mirror, &base.tip, &commit).unwrap();
    assert_eq!(stat.iter().map(|file| file.added).collect::<Vec<_>>(), [Some(1), Some(1)]);
    assert_eq!(git.merge_check(&life.mirror, &base.tip, &commit).unwrap(), MergeCheck::Clean);

    // The proof checkout shows exactly the candidate; ignored files stay over a move.
    let proof = life.proof();
    assert!(matches!(
        proof.run(TreeAction::MoveTo { commit: commit.clone() }),
        TreeOutcome::CheckedOut { .. }
    ));
    assert_eq!(read(&proof.spec.place.worktree, "src/lib.txt"), "one\ntwo\n");
    assert!(!proof.spec.place.worktree.join(".env").exists());
    write(&proof.spec.place.worktree, "junk", "1");
    write(&proof.spec.place.worktree, "ignored.o", "1");
    proof.run(TreeAction::MoveTo { commit: base.tip.clone() });
    assert!(!proof.spec.place.worktree.join("junk").exists());
    assert!(proof.spec.place.worktree.join("ignored.o").exists());

    let before = refs(&clone);
    assert_eq!(git.publish(&life.mirror, BRANCH, &commit, None).unwrap(), Published::Moved);
    assert_eq!(git.publish(&life.mirror, BRANCH, &commit, None).unwrap(), Published::Already);
    assert_eq!(sh(&remote, &["rev-parse", BRANCH]), commit.as_str());
    assert_eq!(refs(&clone), before, "the user's clone is as it was");
    assert_eq!(sh(&clone, &["status", "--porcelain"]), "");

    // Somebody else moves the branch: said, not overwritten.
    sh(&remote, &["update-ref", &format!("refs/heads/{BRANCH}"), base.tip.as_str()]);
    let error = git.publish(&life.mirror, BRANCH, &commit, None).unwrap_err();
    assert!(matches!(error, GitError::RemoteMoved { .. }), "{error}");

    // Removal refuses until what stands there is saved.
    assert!(git.nothing_to_save(&life.spec.place).is_err());
    let (outcome, bundle) = life.preserve();
    let saved = git.save(&life.mirror, &life.spec.place, "SESSION1", &outcome, &bundle).unwrap();
    assert!(!saved.refs().is_empty());
    let names: Vec<&str> = saved.refs().iter().map(|(name, _)| name.as_str()).collect();
    assert!(names[0].starts_with("refs/ganger/preserved/SESSION1/"), "{names:?}");
    let holds_env = saved
        .refs()
        .iter()
        .any(|(name, _)| sh(&life.mirror.path, &["ls-tree", "-r", "--name-only", name]).contains(".env"));
    assert!(holds_env);
    git.remove_checkout(saved).unwrap();
    assert!(!life.spec.place.worktree.exists() && !life.spec.place.git_directory.exists());
    git.remove_checkout(git.nothing_to_save(&proof.spec.place).unwrap()).unwrap();
}

#[test]
fn the_same_tree_gives_the_same_commit() {
    let ids = [0, 1].map(|_| {
        let place = Place::new();
        let remote = place.remote("api", "main");
        place.clone_of(&remote, "api");
        let life = place.begin("api");
        life.provision();
        life.checkout();
        write(&life.spec.place.worktree, "a", "a");
        let TreeOutcome::Candidate { commit, .. } = life.finish(None) else { panic!() };
        commit
    });
    assert_eq!(ids[0], ids[1]);
}
