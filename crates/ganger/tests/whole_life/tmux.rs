//! A real tmux with a command in it.

use crate::fixture::put;
use crate::site::{PROGRAM, Site, wait_until};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A server of its own with one window. It ends with this.
pub(crate) struct Tmux {
    socket: PathBuf,
    directory: tempfile::TempDir,
}

impl Tmux {
    /// Whether there is one; says so where there is none.
    pub(crate) fn is_there() -> bool {
        let there = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
        if !there {
            // Past the harness, which shows only what a failed test prints.
            let _ = writeln!(std::io::stderr(), "skipped: there is no tmux in PATH");
        }
        there
    }

    /// Runs ganger in a window of 80 columns and 24 lines; what it ended with stands below what it said.
    pub(crate) fn run(site: &Site, arguments: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("script");
        let home = site.world.home.display();
        let workspace = site.world.workspace.display();
        // The window stays when ganger has ended, also by Ctrl-C, which the shell hears too.
        let lines = format!(
            "trap : INT\ncd '{workspace}'\nLANG=C.UTF-8 GANGER_HOME='{home}' '{PROGRAM}' {arguments}\necho \"ended with $?\"\nexec cat\n"
        );
        put(&script, &lines);
        let settings = directory.path().join("tmux.conf");
        put(&settings, "set -g history-limit 10000\nset -g status off\nset -g default-shell /bin/sh\n");
        let tmux = Self { socket: directory.path().join("socket"), directory };
        let start = ["new-session", "-d", "-x", "80", "-y", "24"];
        let mut command = tmux.command();
        let output = command.arg("-f").arg(&settings).args(start).arg(format!("sh '{}'", script.display()));
        assert_success(&output.output().unwrap());
        tmux
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-u").arg("-S").arg(&self.socket).env("LANG", "C.UTF-8").env_remove("TMUX");
        command.current_dir(self.directory.path());
        command
    }

    fn tell(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert_success(&output);
        String::from_utf8(output.stdout).unwrap()
    }

    /// What stands in the window.
    pub(crate) fn screen(&self) -> Vec<String> {
        lines(&self.tell(&["capture-pane", "-p"]))
    }

    /// All lines that a person can see or scroll back to.
    pub(crate) fn all(&self) -> Vec<String> {
        lines(&self.tell(&["capture-pane", "-p", "-S", "-"]))
    }

    pub(crate) fn types(&self, text: &str) {
        self.tell(&["send-keys", "-l", text]);
    }

    /// Presses a key by its name.
    pub(crate) fn presses(&self, key: &str) {
        self.tell(&["send-keys", key]);
    }

    /// Makes the window so wide.
    pub(crate) fn resize(&self, columns: u16) {
        self.tell(&["resize-window", "-x", &columns.to_string(), "-y", "24"]);
    }

    /// Waits until the last line that holds something ends so.
    pub(crate) fn wait_for_end(&self, end: &str) {
        wait_until(&format!("{end:?} at the end"), || {
            self.screen().last().is_some_and(|line| line.ends_with(end))
        });
    }

    /// Waits until these words stand anywhere.
    pub(crate) fn wait_for(&self, words: &str) {
        wait_until(words, || self.all().iter().any(|line| line.contains(words)));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command().arg("kill-server").output();
    }
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// The lines of a text, without the empty ones at the end.
fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
}
