//! Setup and checks on base commits, tried before any work item depends on them.

use crate::fixture::{Fixture, Repository, put};
use crate::site::{Site, stderr, stdout};
use std::os::unix::fs::PermissionsExt;

use std::process::Output;

/// Two repositories with a `Makefile`: the tests of `api` pass, those of `web` fail.
fn site() -> Site {
    let repository = |name: &str, code: u8| {
        let mut repository = Repository::new(name);
        let script = format!("echo made > made\nexit {code}\n");
        repository.files.extend([
            ("Makefile".to_owned(), "test:\n\tsh test.sh\n".to_owned()),
            ("test.sh".to_owned(), script.clone()),
        ]);
        repository.check = Some("sh test.sh".to_owned());
        repository
    };
    let repositories = vec![repository("api", 0), repository("web", 3)];
    let site = Site::of(&Fixture { repositories, ..Fixture::one("") });
    // A `make` of our own: not every machine with Rust has one.
    let make = site.root().join("bin/make");
    put(&make, "#!/bin/sh\nexec sh \"./$1.sh\"\n");
    std::fs::set_permissions(&make, PermissionsExt::from_mode(0o755)).unwrap();
    site
}

fn ganger(site: &Site, arguments: &[&str]) -> Output {
    let path = format!("{}:{}", site.root().join("bin").display(), std::env::var("PATH").unwrap());
    // Without a login shell this process's environment counts.
    site.command(arguments).env("PATH", path).env_remove("SHELL").output().unwrap()
}

fn is_untouched(site: &Site, repository: &str) {
    let clone = site.world.clone_of(repository);
    assert_eq!(site.git.scratch(&clone, &["status", "--porcelain"]).unwrap(), "", "{repository}");
    assert!(!site.world.home.join("trial").exists(), "the trial left something");
}

fn workspace_file(site: &Site) -> std::path::PathBuf {
    site.world.workspace.join(".ganger/workspace.toml")
}

#[test]
fn init_tries_what_it_proposes_and_remarks_what_fails_already() {
    let site = site();
    std::fs::remove_dir_all(site.world.workspace.join(".ganger")).unwrap();
    let output = ganger(&site, &["init", "--yes"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    for part in [
        "Trying setup and checks on the base commits (skip: --no-try)\n",
        "  api  test ok ",
        "  web  test fails already on main: it ended with exit code 3; kept as \"was broken\"\n",
        "Wrote .ganger/workspace.toml (",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let written = std::fs::read_to_string(workspace_file(&site)).unwrap();
    let remark = "run = \"make test\" }, # was broken: fails already on main, it ended with exit code 3\n";
    assert_eq!(written.matches(remark).count(), 1, "{written}");
    for name in ["api", "web"] {
        is_untouched(&site, name);
    }
    // What stands there is not tried again.
    let again = stdout(&ganger(&site, &["init", "--yes"]));
    assert!(again.contains("Everything is written already") && !again.contains("Trying"), "{again}");
}

#[test]
fn init_without_a_trial_runs_nothing() {
    let site = site();
    std::fs::remove_dir_all(site.world.workspace.join(".ganger")).unwrap();
    let output = ganger(&site, &["init", "--yes", "--no-try"]);
    let text = stdout(&output);
    assert!(output.status.success() && !text.contains("Trying"), "{text}{}", stderr(&output));
    assert!(!std::fs::read_to_string(workspace_file(&site)).unwrap().contains("was broken"));
}

#[test]
fn doctor_runs_the_checks_when_it_is_told_to() {
    let site = site();
    let row = |arguments: &[&str], name: &str| -> serde_json::Value {
        let output = ganger(&site, arguments);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let sections = report["sections"].as_array().unwrap();
        let mut rows = sections.iter().flat_map(|section| section["rows"].as_array().unwrap());
        rows.find(|row| row["subject"] == name).unwrap().clone()
    };
    let said = |row: &serde_json::Value, part: &str| {
        row["facts"].as_array().unwrap().iter().any(|fact| fact.as_str().unwrap().contains(part))
    };
    let plain = row(&["doctor", "--json"], "web");
    assert!(said(&plain, "push ok") && !said(&plain, "fails already"), "{plain}");
    let (api, web) = (
        row(&["doctor", "--run-checks", "--json"], "api"),
        row(&["doctor", "--run-checks", "--json"], "web"),
    );
    assert!(said(&api, "limits ok") && api["state"] == "ok", "{api}");
    assert!(said(&web, "limits fails already on main: it ended with exit code 3"), "{web}");
    assert_eq!((&web["state"], &web["fix"]), (&"warning".into(), &"ganger config edit --workspace".into()));
    is_untouched(&site, "api");
}
