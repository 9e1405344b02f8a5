//! What a workspace holds and what is refused, one row per kind of repository.

use crate::common::*;
use expect_test::{Expect, expect};
use ganger_git::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Builds something named `it` in a workspace and compares its preflight row.
fn check(build: impl Fn(&Place, &Path), expected: Expect) {
    let place = Place::new();
    build(&place, &place.workspace().join("it"));
    let preflight = discoverer().preflight_check(&place.workspace(), &["left".into()]).unwrap();
    let mut text = String::new();
    for row in preflight.rows {
        let verdict = match row.verdict {
            Verdict::Works => "works".to_owned(),
            Verdict::Refused { sentence } => format!("refused: {sentence}"),
            Verdict::LeftOut { sentence } => format!("left out: {sentence}"),
        };
        let notes: String = row.notes.iter().map(|note| format!(" ({note})")).collect();
        text.push_str(&format!("{} {:?} {verdict}{notes}\n", row.name, row.layout));
    }
    expected.assert_eq(&text.replace(place.root.path().canonicalize().unwrap().to_str().unwrap(), "ROOT"));
}

fn attributes(path: &Path, text: &str) {
    write(path, "deep/.gitattributes", text);
    sh(path, &["add", "-A"]);
    sh(path, &["commit", "-qm", "attributes"]);
}

#[test]
fn every_kind_of_repository_has_its_row() {
    check(
        |place, it| place.repository(it, "main"),
        expect![[r#"
        it Plain works (no remote: finished work becomes a branch in this clone)
    "#]],
    );
    check(
        |place, _| drop(place.clone_of(&place.remote("it", "trunk"), "it")),
        expect![[r#"
        it Plain works
    "#]],
    );
    check(
        |place, it| {
            let remote = place.remote("it", "main");
            fs::create_dir(it).unwrap();
            sh(it, &["clone", "-q", "--bare", remote.to_str().unwrap(), ".bare"]);
            write(it, ".git", "gitdir: ./.bare\n");
            sh(it, &["worktree", "add", "-q", "main"]);
        },
        expect![[r#"
        it BareWithWorktrees works
    "#]],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            sh(it, &["worktree", "add", "-q", "../a-linked", "-b", "x"]);
            place.repository(&place.workspace().join("left"), "main");
            fs::create_dir(place.workspace().join("notes")).unwrap();
            write(&place.workspace(), "README.md", "");
        },
        expect![[r#"
        a-linked Plain left out: a worktree of another repository of this workspace
        it Plain works (no remote: finished work becomes a branch in this clone)
        left Plain left out: excluded in workspace.toml
    "#]],
    );
    check(
        |place, it| {
            let remote = place.remote("it", "main");
            sh(
                &place.workspace(),
                &["clone", "-q", "--depth=1", &format!("file://{}", remote.display()), it.to_str().unwrap()],
            );
        },
        expect![[r#"
        it Plain works (a shallow clone: agents see its short history only)
    "#]],
    );
    check(
        |_, it| {
            fs::create_dir(it).unwrap();
            sh(it, &["init", "-q"]);
        },
        expect![[r#"
        it Plain refused: has no commit yet: make one, and push it where there is a remote
    "#]],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            attributes(it, "*.bin filter=lfs diff=lfs merge=lfs -text\n");
        },
        expect![[r#"
        it Plain refused: keeps files in Git LFS (`deep/.gitattributes`), which ganger cannot handle yet
    "#]],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            attributes(it, "secret/* filter=git-crypt\n");
        },
        expect![[r#"
        it Plain refused: passes files through the filter `git-crypt` (`deep/.gitattributes`), which ganger cannot handle yet
    "#]],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            place.repository(&it.join("vendor"), "main");
            sh(it, &["add", "vendor"]);
            sh(it, &["commit", "-qm", "submodule"]);
        },
        expect![[r#"
        it Plain refused: has a submodule at `vendor`, which ganger cannot handle yet
    "#]],
    );
    check(
        |place, it| {
            let remote = place.remote("it", "main");
            sh(&remote, &["config", "uploadpack.allowFilter", "true"]);
            let url = format!("file://{}", remote.display());
            sh(&place.workspace(), &["clone", "-q", "--filter=blob:none", &url, it.to_str().unwrap()]);
        },
        expect![[r#"
        it Plain refused: is a partial clone, whose objects are not all here: `git fetch --refetch --no-filter` after removing `remote.<name>.promisor` and `remote.<name>.partialclonefilter` completes it
    "#]],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            sh(it, &["sparse-checkout", "set", "src"]);
        },
        expect![[r#"
        it Plain refused: is a sparse checkout, which ganger cannot handle yet: `git sparse-checkout disable` ends it
    "#]],
    );
    check(
        |_, it| {
            fs::create_dir(it).unwrap();
            sh(it, &["init", "-q", "--ref-format=reftable"]);
        },
        expect![[r#"
        it Plain refused: keeps its refs in the reftable format, which ganger cannot handle yet: `git refs migrate --ref-format=files` converts it
    "#]],
    );
    check(
        |_, it| {
            fs::create_dir(it).unwrap();
            sh(it, &["init", "-q", "--object-format=sha256"]);
        },
        expect![[r#"
        it Plain refused: uses SHA-256 object ids, which ganger cannot handle yet
    "#]],
    );
    check(
        |_, it| write(it, ".git", "nonsense"),
        expect![[r#"
        it Plain refused: `ROOT/work space/it/.git` is no git directory and names none
    "#]],
    );
    check(
        |_, it| {
            fs::create_dir(it).unwrap();
            symlink("/nowhere", it.join(".git")).unwrap();
        },
        expect![""],
    );
    check(
        |place, it| {
            place.repository(it, "main");
            place.repository(&place.workspace().join("IT"), "main");
        },
        expect![[r#"
        IT Plain works (no remote: finished work becomes a branch in this clone)
        it Plain refused: another repository has the same name but for case: rename one
    "#]],
    );
    check(
        |place, it| {
            place.repository(&place.workspace(), "main");
            place.repository(it, "main");
        },
        expect![[r#"
        work space Workspace works (the workspace is one repository, so these inside it are left out: it) (no remote: finished work becomes a branch in this clone)
    "#]],
    );
    check(
        |place, _| place.repository(&place.workspace().join("Größe und Maß"), "main"),
        expect![[r#"
        Größe und Maß Plain works (no remote: finished work becomes a branch in this clone)
    "#]],
    );
}

/// Configures remotes in a repository and compares the choice.
fn check_remote(configure: &[&[&str]], expected: Expect) {
    let place = Place::new();
    let it = place.workspace().join("it");
    place.repository(&it, "main");
    for arguments in configure {
        sh(&it, arguments);
    }
    let discovery = discoverer().discover_repos(&place.workspace(), &[]).unwrap();
    expected.assert_eq(&format!("{:?}", discovery.repositories[0].remote));
}

#[test]
fn the_remote_is_chosen_by_rule_or_asked_for() {
    let fork: &[&str] = &["remote", "add", "fork", "/f"];
    let origin: &[&str] = &["remote", "add", "origin", "/o"];
    let other: &[&str] = &["remote", "add", "other", "/x"];
    let upstream: &[&str] = &["config", "branch.main.remote", "fork"];
    check_remote(&[], expect!["NoRemote"]);
    check_remote(&[fork], expect![[r#"Named { name: "fork" }"#]]);
    check_remote(&[fork, origin], expect![[r#"Named { name: "origin" }"#]]);
    check_remote(&[fork, origin, upstream], expect![[r#"Named { name: "fork" }"#]]);
    check_remote(&[fork, other], expect![[r#"Ambiguous { names: ["fork", "other"] }"#]]);
}

#[test]
fn a_remote_that_nobody_chose_is_asked_for_in_a_sentence() {
    let place = Place::new();
    let it = place.workspace().join("it");
    place.repository(&it, "main");
    sh(&it, &["remote", "add", "fork", "/f"]);
    sh(&it, &["remote", "add", "other", "/x"]);
    let repository = &discoverer().discover_repos(&place.workspace(), &[]).unwrap().repositories[0];
    expect!["repository `it` has the remotes fork, other and nothing says which one is meant: set `remote` for it in workspace.toml"]
        .assert_eq(&repository.source(None, None).unwrap_err().to_string());
    expect!["repository `it` has no remote `origin`; it has: fork, other"]
        .assert_eq(&repository.source(Some("origin"), None).unwrap_err().to_string());
    let source = repository.source(Some("other"), Some("fork")).unwrap();
    assert_eq!((source.remote.as_deref(), source.push_remote.as_deref()), (Some("other"), Some("fork")));
}

/// Commits these files and compares languages and proposals.
fn check_files(files: &[(&str, &str)], expected: Expect) {
    let place = Place::new();
    let it = place.workspace().join("it");
    place.repository(&it, "main");
    for (name, text) in files {
        write(&it, name, text);
    }
    sh(&it, &["add", "-A"]);
    sh(&it, &["commit", "-qm", "files"]);
    let discovery = discoverer().discover_repos(&place.workspace(), &[]).unwrap();
    let it = &discovery.repositories[0];
    let checks: Vec<&str> = it.proposals.checks.iter().map(|check| check.command.as_str()).collect();
    expected.assert_eq(&format!(
        "{:?} {:?} setup {:?} checks {:?}",
        it.languages, it.frameworks, it.proposals.setup, checks
    ));
}

#[test]
fn languages_and_checks_come_from_the_files() {
    check_files(
        &[("Cargo.toml", "[workspace]\n[dependencies]\naxum = \"1\""), ("Cargo.lock", "")],
        expect![[
            r#"["rust"] ["axum"] setup [] checks ["cargo test --workspace --locked", "cargo clippy --workspace --all-targets --locked -- -D warnings"]"#
        ]],
    );
    check_files(
        &[
            (
                "package.json",
                r#"{"scripts":{"test":"vitest","lint":"eslint ."},"dependencies":{"react":"1"}}"#,
            ),
            ("pnpm-lock.yaml", ""),
            ("tsconfig.json", "{}"),
        ],
        expect![[
            r#"["typescript"] ["react"] setup ["pnpm install --frozen-lockfile"] checks ["pnpm run test", "pnpm run lint"]"#
        ]],
    );
    check_files(
        &[("package.json", r#"{"scripts":{"test":"echo \"Error: no test specified\" && exit 1"}}"#)],
        expect![[r#"["javascript"] [] setup ["npm install"] checks []"#]],
    );
    check_files(
        &[("go.mod", "module x\nrequire github.com/gin-gonic/gin v1")],
        expect![[r#"["go"] ["gin"] setup [] checks ["go test ./...", "go vet ./..."]"#]],
    );
    check_files(
        &[
            ("pyproject.toml", "dependencies = ['fastapi']\n[tool.ruff]"),
            ("uv.lock", ""),
            ("tests/test_a.py", ""),
        ],
        expect![[
            r#"["python"] ["fastapi"] setup ["uv sync --locked"] checks ["uv run pytest", "uv run ruff check"]"#
        ]],
    );
    check_files(&[("Makefile", "test:\n\ttrue\n")], expect![[r#"[] [] setup [] checks ["make test"]"#]]);
}

#[test]
fn an_unreadable_workspace_is_an_error_and_an_empty_one_is_empty() {
    let place = Place::new();
    assert!(discoverer().discover_repos(&place.path("nowhere"), &[]).is_err());
    assert_eq!(discoverer().discover_repos(&place.workspace(), &[]).unwrap(), Discovery::default());
}

#[test]
fn no_git_and_an_old_git_are_said() {
    let place = Place::new();
    let mut environment = environment();
    environment.insert("PATH".into(), place.path("home").display().to_string());
    assert!(matches!(Git::find(&environment).unwrap_err(), GitError::NotInstalled));
    write(&place.path("home"), "git", "#!/bin/sh\necho git version 2.25.1\n");
    fs::set_permissions(place.path("home").join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    expect!["git 2.25.1 is too old: install git 2.40 or newer"]
        .assert_eq(&Git::find(&environment).unwrap_err().to_string());
}
