//! The machine around a daemon: what starts it at log-in, the agent programs, their log-ins, and its own log.

use crate::fixture::{Fixture, commit, put, wait_for, write};
use crate::site::{PROGRAM, Site, processes_of, stderr, stdout, wait_until};
use crate::terminal::{Shape, Terminal};
use clap::Parser as _;
use ganger_cli::arguments::Cli;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

/// A site whose person has a home of their own, and programs that nobody else has.
struct Person {
    site: Site,
}

impl Person {
    fn of(fixture: &Fixture) -> Self {
        Self { site: Site::of(fixture) }
    }

    fn home(&self) -> PathBuf {
        self.site.root().join("person")
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.site.root().join("bin").join(name);
        put(&file, &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn path(&self) -> String {
        format!("{}:{}", self.site.root().join("bin").display(), std::env::var("PATH").unwrap())
    }

    fn ganger(&self, arguments: &[&str]) -> Output {
        self.site
            .command(arguments)
            .env("HOME", self.home())
            .env("PATH", self.path())
            // Without a login shell this process's environment counts.
            .env_remove("SHELL")
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap()
    }

    fn text(&self, arguments: &[&str]) -> String {
        let output = self.ganger(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        stdout(&output)
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&stdout(&self.ganger(&arguments))).unwrap()
    }

    /// A `systemctl --user` that does what is needed of it, and writes down what it is told.
    fn systemctl(&self) {
        let unit = self.home().join(".config/systemd/user/ganger.service");
        self.program(
            "systemctl",
            &format!(
                "cd {root}; echo \"$*\" >> told; unit={unit}
                 value() {{ sed -n \"s|^$1\\\"$2\\(.*\\)\\\"$3\\$|\\1|p\" $unit; }}
                 case $2 in
                     enable) touch enabled ;;
                     disable) rm -f enabled ;;
                     is-enabled) [ -e enabled ] ;;
                     is-active) kill -0 \"$(cat pid)\" 2>/dev/null ;;
                     start)
                         kill -0 \"$(cat pid 2>/dev/null)\" 2>/dev/null && exit
                         GANGER_HOME=$(value Environment= GANGER_HOME=) \"$(value ExecStart= '' ' daemon run')\" daemon run </dev/null >/dev/null 2>&1 &
                         echo $! > pid ;;
                 esac",
                root = self.site.root().display(),
                unit = unit.display(),
            ),
        );
    }

    fn told(&self, what: &str) -> usize {
        let told = std::fs::read_to_string(self.site.root().join("told")).unwrap_or_default();
        told.lines().filter(|line| *line == format!("--user {what}")).count()
    }

    fn daemon(&self) -> u64 {
        self.json(&["daemon", "status"])["pid"].as_u64().unwrap()
    }

    fn hosts(&self) -> Vec<i32> {
        processes_of(&self.site.root(), &["host"])
    }
}

#[test]
fn a_daemon_is_handed_over_to_what_starts_it_at_log_in_while_its_agents_go_on() {
    let gate = tempfile::tempdir().unwrap();
    let go = gate.path().join("go");
    let steps = wait_for(&go) + &write("limit", "1") + &commit("Add it");
    let person = Person::of(&Fixture::one(&steps));
    let site = &person.site;
    person.systemctl();
    site.create();
    assert_eq!(person.ganger(&["run", "g1"]).status.code(), Some(3));
    person.text(&["approve", "g1"]);
    site.wait_for_agent_at(&go);
    let (before, hosts) = (person.daemon(), person.hosts());
    assert!(!hosts.is_empty());

    let row = |state: &str| {
        let report = person.json(&["doctor"]);
        let sections = report["sections"].as_array().unwrap();
        let rows: Vec<_> = sections.iter().flat_map(|section| section["rows"].as_array().unwrap()).collect();
        let row = rows.iter().find(|row| row["subject"] == "log-in").unwrap();
        assert_eq!(row["state"], state, "{row}");
        // Whatever doctor says to type can be typed.
        let fixes = rows.iter().filter_map(|row| row["fix"].as_str());
        for fix in fixes.filter(|fix| fix.starts_with("ganger ")) {
            Cli::try_parse_from(fix.split(' ')).unwrap();
        }
        row["fix"].clone()
    };
    assert_eq!(row("warning"), "ganger daemon install");
    let said = person.text(&["doctor", "--fix", "--yes"]);
    assert!(said.contains("starts at log-in, by systemd"), "{said}");
    assert_eq!((person.told("enable ganger.service"), person.told("start ganger.service")), (1, 1));
    let after = person.daemon();
    assert!(after != before && person.hosts() == hosts, "another daemon, the same agents: {}", site.story());

    let said = person.text(&["daemon", "install"]);
    assert!(said.contains("is as it should be"), "{said}");
    assert_eq!((person.daemon(), person.told("start ganger.service")), (after, 1));
    person.text(&["daemon", "stop"]);
    person.text(&["ls"]);
    assert_eq!(person.told("start ganger.service"), 2, "whatever starts it, systemd has it run");
    let log = person.text(&["daemon", "logs"]);
    assert!(log.lines().filter(|line| line.contains("the daemon serves")).count() >= 3, "{log}");

    put(&go, "");
    site.run_to_the_end();
    site.assert_no_prompt_twice("handing the daemon over");
    person.text(&["daemon", "uninstall"]);
    assert!(!person.home().join(".config/systemd/user/ganger.service").exists());
    site.assert_nothing_left();
}

#[test]
fn an_agent_says_what_it_can_and_nothing_is_left_of_it() {
    let person = Person::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
    let site = &person.site;
    let detail = person.json(&["agents", "scripted"]);
    let handshake = &detail["handshake"];
    assert_eq!(
        (&handshake["problem"], &handshake["protocol"]),
        (&serde_json::Value::Null, &1.into()),
        "{detail}"
    );
    assert!(handshake["capabilities"].as_array().unwrap().contains(&"loadSession".into()), "{detail}");
    let scenario = site.root().join("scenario.toml");
    // One that opens conversations without an account is taken at its own word.
    let play = format!("exec {PROGRAM} scripted-agent --scenario {}", scenario.display());
    person.program("claude-agent-acp", &format!("[ \"$1\" != --cli ] || exit 1; {play}"));
    let detail = person.json(&["agents", "claude-acp"]);
    assert_eq!(detail["handshake"]["problem"], serde_json::Value::Null, "{detail}");
    assert_eq!(detail["login"]["state"], "not_logged_in", "{detail}");
    // One that says nothing of it is known by what it does.
    person.program("opencode", &play);
    assert_eq!(person.json(&["agents", "opencode"])["login"]["state"], "logged_in");
    let works = std::fs::read_to_string(&scenario).unwrap();
    for (how, part) in [("refuse", "refused the handshake"), ("exit", "ended without an answer")] {
        put(&scenario, &format!("[agent]\nhandshake = \"{how}\"\n{works}"));
        let output = person.ganger(&["agents", "scripted"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(stdout(&output).contains(part), "{how}: {output:?}");
    }
    // An item is not needed for it, nor a daemon.
    assert!(!site.world.home.join("socket").exists() && !site.world.home.join("handshake").exists());
    wait_until("no host is left", || person.hosts().is_empty());
}

#[test]
fn a_person_logs_in_with_the_agents_own_program() {
    let person = Person::of(&Fixture::one(&(write("limit", "1") + &commit("Add it"))));
    let account = person.site.root().join("account");
    person.program(
        "codex-acp",
        &format!(
            "case \"$*\" in
                 'cli login') printf 'Your code: '; read code; echo \"$code\" > {account} ;;
                 'cli login status') [ -s {account} ] ;;
                 --version) echo 2.6.0 ;;
             esac",
            account = account.display()
        ),
    );
    let of_codex = || {
        let list = person.json(&["agents"]);
        let agents = list["agents"].as_array().unwrap().clone();
        agents.into_iter().find(|agent| agent["name"] == "codex-acp").unwrap()
    };
    assert_eq!(of_codex()["commands"], serde_json::json!(["ganger login codex-acp"]));
    let output = person.ganger(&["login", "codex-acp"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(stderr(&output).contains("hint: codex-acp cli login\n"), "{output:?}");
    let (home, path) = (person.home().display().to_string(), person.path());
    let variables = [("HOME", home.as_str()), ("PATH", path.as_str()), ("SHELL", "")];
    let mut terminal = Terminal::run(&person.site, Shape(24, 80), &["login", "codex-acp"], &variables);
    terminal.wait_for_prompt("Your code:");
    terminal.types("1234\n");
    assert_eq!(terminal.end(), 0, "{}", terminal.lines().join("\n"));
    let lines = terminal.lines();
    assert_eq!(
        lines.last().map(String::as_str).map(str::trim_end),
        Some("codex-acp is logged in: `codex-acp cli login status` says so."),
        "{lines:?}"
    );
    assert_eq!(std::fs::read_to_string(&account).unwrap(), "1234\n");
    assert_eq!(of_codex()["login"]["state"], "logged_in");
    assert_eq!(of_codex()["program"], person.site.root().join("bin/codex-acp").display().to_string());
    assert!(!person.site.world.home.join("socket").exists());
}
