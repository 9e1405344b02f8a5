//! A machine of its own for each test: home, programs, repositories.

use crate::config::Sources;
use crate::paths::Variables;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Machine {
    directory: tempfile::TempDir,
    pub(crate) sources: Sources,
}

impl Machine {
    /// A home, a `PATH` with git alone, and an empty directory `acme`.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for name in ["home", "bin", "acme"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let path = std::env::var_os("PATH").unwrap();
        let git =
            std::env::split_paths(&path).map(|directory| directory.join("git")).find(|git| git.is_file());
        std::os::unix::fs::symlink(git.unwrap(), root.join("bin/git")).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let variables = Variables::from([
            ("HOME".to_owned(), text(root.join("home"))),
            ("PATH".to_owned(), text(root.join("bin"))),
        ]);
        Self { directory, sources: Sources::from_environment(variables).unwrap() }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    /// A program in `PATH`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A repository with these files, committed on the branch `trunk`.
    pub(crate) fn repository(&self, below: &str, files: &[(&str, &str)]) {
        let path = self.path(below);
        std::fs::create_dir_all(&path).unwrap();
        self.git(&path, &["init", "-q", "-b", "trunk"]);
        for (name, text) in files {
            self.write(&format!("{below}/{name}"), text);
        }
        self.git(&path, &["add", "-A"]);
        self.git(
            &path,
            &["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "first"],
        );
    }

    /// The commit that a repository's HEAD names.
    pub(crate) fn head(&self, below: &str) -> String {
        let output =
            Command::new("git").args(["rev-parse", "HEAD"]).current_dir(self.path(below)).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn git(&self, directory: &Path, arguments: &[&str]) {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(directory)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }

    /// A text without what differs between machines.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(self.path("").to_str().unwrap().trim_end_matches('/'), "MACHINE")
    }
}
