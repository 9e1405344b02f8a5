use super::*;
use crate::testing::Machine;
use expect_test::{Expect, expect};

fn facts(facts: &[&str]) -> Vec<String> {
    facts.iter().map(|&fact| fact.to_owned()).collect()
}

/// The doctor's view of a machine, without what differs between machines.
fn check(machine: &Machine, expected: Expect) {
    let mut sections = examine(&machine.sources, &machine.path("acme"), None);
    sections.truncate(2);
    for row in sections.iter_mut().flat_map(|section| &mut section.rows).filter(|row| row.subject == "git") {
        if row.state == DoctorState::Ok {
            row.facts = facts(&["VERSION"]);
        }
    }
    for row in sections.iter().flat_map(|section| &section.rows).filter(|row| row.state != DoctorState::Ok) {
        let words = row.fix.as_deref().and_then(shlex::split).unwrap_or_default();
        assert!(!words.is_empty(), "no command repairs {row:?}");
    }
    let mut text = String::new();
    for section in &sections {
        text.push_str(&format!("{}  {}\n", section.name, section.summary));
        for row in &section.rows {
            text.push_str(&format!("  {:?} {}: {}\n", row.state, row.subject, row.facts.join(" · ")));
            text.extend(row.fix.iter().map(|fix| format!("    fix: {fix}\n")));
        }
    }
    expected.assert_eq(&machine.plain(&text));
}

#[test]
fn a_machine_with_nothing() {
    check(
        &Machine::new(),
        expect![[r#"
            workspace  none here
              Warning no workspace: MACHINE/acme is in no workspace
                fix: ganger init
              Ok git: VERSION
            agents  0 installed · at most 6 sessions at once
              Problem no agent: none of the known programs is in PATH
                fix: npm install -g opencode-ai
        "#]],
    );
}

#[test]
fn a_machine_without_git() {
    let machine = Machine::new();
    std::fs::remove_file(machine.path("bin/git")).unwrap();
    check(
        &machine,
        expect![[r#"
            workspace  none here
              Warning no workspace: MACHINE/acme is in no workspace
                fix: ganger init
              Problem git: no git was found in PATH: install git 2.40 or newer
                fix: type -a git
            agents  0 installed · at most 6 sessions at once
              Problem no agent: none of the known programs is in PATH
                fix: npm install -g opencode-ai
        "#]],
    );
}

#[test]
fn a_workspace_that_works() {
    let machine = Machine::new();
    machine.repository("acme/api", &[("Cargo.toml", "[package]\nname = \"api\"\n"), ("src/lib.rs", "")]);
    machine.repository("acme/web", &[("package.json", "{}")]);
    machine.repository("acme/old", &[]);
    machine.program("qwen", "echo 0.24.4");
    machine.program("opencode", "exit 1");
    machine.write("home/.config/ganger/config.toml", "[agents]\ndefault = \"qwen\"\n");
    machine.write(
        "acme/.ganger/workspace.toml",
        "exclude = [\"o*\"]\n[repositories.api]\nchecks = [{ name = \"a\", run = \"b\" }]\n[repositories.web]\ncopy = [\".env\"]\n[repositories.gone]\n",
    );
    check(
        &machine,
        expect![[r#"
            workspace  acme · 2 repositories · .ganger/workspace.toml
              Ok api: trunk · rust · 1 check · no remote: finished work becomes a branch in this clone
              Warning web: trunk · javascript · there is no .env to copy · no checks · no remote: finished work becomes a branch in this clone
                fix: ganger config edit --workspace
              Warning gone: named in workspace.toml, but there is no such repository
                fix: ganger config edit --workspace
              Ok git: VERSION
            agents  2 installed · at most 6 sessions at once
              Ok opencode: version unknown · log-in unknown
              Ok qwen: 0.24.4 · log-in unknown · plans · implements · reviews · answers questions
        "#]],
    );
}

#[test]
fn a_workspace_that_cannot_work() {
    let machine = Machine::new();
    machine.repository("acme/api", &[]);
    machine.git(&machine.path("acme/api"), &["config", "core.sparseCheckout", "true"]);
    machine.repository("acme/web", &[]);
    machine.write("home/.config/ganger/config.toml", "[agents]\ndefault = \"qwen\"\n");
    machine.write("acme/.ganger/workspace.toml", "[repositories.web]\nremote = \"upstream\"\n");
    check(
        &machine,
        expect![[r#"
            workspace  acme · 1 repository · .ganger/workspace.toml
              Problem api: is a sparse checkout, which ganger cannot handle yet: `git sparse-checkout disable` ends it
                fix: ganger config set exclude '["api"]' --workspace
              Problem web: repository `web` has no remote `upstream`; it has: none
                fix: ganger config edit --workspace
              Ok git: VERSION
            agents  0 installed · at most 6 sessions at once
              Problem qwen: chosen, but not installed: there is no program `qwen` in PATH
                fix: npm install -g @qwen-code/qwen-code
        "#]],
    );
}

#[test]
fn a_wrong_configuration_is_a_finding() {
    let machine = Machine::new();
    machine.write("acme/.ganger/workspace.toml", "nam = \"x\"\n");
    check(
        &machine,
        expect![[r#"
            workspace  MACHINE/acme
              Problem configuration: unknown key `nam` in .ganger/workspace.toml:1
                fix: ganger config edit --workspace
            agents  0 installed · at most 6 sessions at once
              Problem no agent: none of the known programs is in PATH
                fix: npm install -g opencode-ai
        "#]],
    );
    machine.write("home/.config/ganger/config.toml", "[plan]\nmax = 1\n");
    check(
        &machine,
        expect![[r#"
            workspace  MACHINE/acme
              Problem configuration: unknown key `plan.max` in ~/.config/ganger/config.toml:2
                fix: ganger config edit
            agents  0 installed · at most 6 sessions at once
              Problem no agent: none of the known programs is in PATH
                fix: npm install -g opencode-ai
        "#]],
    );
}

#[test]
fn every_part_of_the_machine_is_looked_at() {
    let machine = Machine::new();
    let look = |mode: &str| {
        machine.write("home/.config/ganger/config.toml", &format!("[sandbox]\nmode = \"{mode}\"\n"));
        examine(&machine.sources, &machine.path("acme"), None)
    };
    let sections = look("off");
    let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["workspace", "agents", "sandbox", "machine"]);
    assert_eq!(
        sections[2].rows,
        [row(
            DoctorState::Warning,
            "off",
            facts(&["agents can write whatever you can"]),
            Some(if survey::kernel().enforces() {
                "ganger config set sandbox.mode enforce"
            } else {
                "ganger config set sandbox.mode best-effort"
            }),
        )]
    );
    assert_eq!(sections[3].rows[0].subject, "disk");
    let enforced = if survey::kernel().enforces() { DoctorState::Ok } else { DoctorState::Problem };
    assert_eq!(look("enforce")[2].rows[0].state, enforced);
}

#[test]
fn a_remote_that_takes_no_push_is_a_problem_with_the_command_that_shows_it() {
    let machine = Machine::new();
    for name in ["api", "web"] {
        machine.repository(&format!("acme/{name}"), &[]);
    }
    let remote = machine.path("remote");
    std::fs::create_dir(&remote).unwrap();
    machine.git(&remote, &["init", "-q", "--bare", "."]);
    machine.git(&machine.path("acme/api"), &["remote", "add", "origin", remote.to_str().unwrap()]);
    machine.git(&machine.path("acme/web"), &["remote", "add", "origin", "/there/is/none"]);
    machine.write("acme/.ganger/workspace.toml", "name = \"acme\"\n");
    let sections = examine(&machine.sources, &machine.path("acme"), None);
    let row = |name: &str| sections[0].rows.iter().find(|row| row.subject == name).unwrap();
    assert!(row("api").facts.contains(&"push ok".to_owned()), "{:?}", row("api"));
    let web = row("web");
    assert_eq!(web.state, DoctorState::Problem);
    assert!(web.facts.iter().any(|fact| fact.starts_with("push refused: ")), "{web:?}");
    let fix = format!("git -C {} push --dry-run origin HEAD", machine.path("acme/web").display());
    assert_eq!(web.fix.as_deref(), Some(fix.as_str()));
}

#[test]
fn memory_that_does_not_suffice_for_all_sessions_says_how_many_fit() {
    let check = |free: u64, sessions: u32, state: DoctorState, fix: Option<&str>| {
        let row = memory(free, sessions);
        assert_eq!((row.state, row.fix.as_deref()), (state, fix), "{free} for {sessions}");
    };
    check(21_000_000_000, 6, DoctorState::Ok, None);
    check(2_000_000_000, 6, DoctorState::Warning, Some("ganger config set agents.max_sessions 2"));
    check(100_000_000, 6, DoctorState::Warning, Some("ganger config set agents.max_sessions 1"));
    check(100_000_000, 1, DoctorState::Warning, Some("ps aux --sort=-rss | head"));
}
