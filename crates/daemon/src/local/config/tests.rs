use super::*;
use crate::local::NoQuestions;
use crate::testing::Machine;
use expect_test::{Expect, expect};

/// A machine with these two files; the workspace's is left out when empty.
fn machine(config: &str, workspace: &str) -> Machine {
    let machine = Machine::new();
    if !config.is_empty() {
        machine.write("home/.config/ganger/config.toml", config);
    }
    if !workspace.is_empty() {
        machine.write("acme/.ganger/workspace.toml", workspace);
    }
    machine
}

fn run_in(machine: &Machine, workspace: bool, json: bool, command: ConfigCommand) -> String {
    let arguments = ConfigArguments { directory: machine.path("acme"), workspace, json, command };
    let mut out = Vec::new();
    let result = run(&machine.sources, &arguments, &mut NoQuestions, &mut out);
    let mut text = String::from_utf8(out).unwrap();
    if let Err(error) = result {
        text.push_str(&format!("{}exit {}\n", error.to_text(), error.exit_code()));
    }
    machine.plain(&text)
}

fn check(machine: &Machine, command: ConfigCommand, expected: Expect) {
    expected.assert_eq(&run_in(machine, false, false, command));
}

fn get(key: &str, origin: bool) -> ConfigCommand {
    ConfigCommand::Get { key: key.to_owned(), origin }
}

fn set(key: &str, value: &str) -> ConfigCommand {
    ConfigCommand::Set { key: key.to_owned(), value: value.to_owned() }
}

const CONFIG: &str = "# mine\n[checks]\ntimeout = \"20m\"   # enough\nparallel = 2\n";
const WORKSPACE: &str = "schema = 1\n[checks]\nparallel = 3\n[repositories.api]\nhints = \"x\"\n";

#[test]
fn values_are_shown_with_their_origin() {
    let machine = machine(CONFIG, WORKSPACE);
    check(
        &machine,
        ConfigCommand::List { all: false, origin: true },
        expect![[r#"
        checks.parallel = 3           # .ganger/workspace.toml:3
        checks.timeout = "20m"        # ~/.config/ganger/config.toml:3
        repositories.api.hints = "x"  # .ganger/workspace.toml:5
        schema = 1                    # .ganger/workspace.toml:1
    "#]],
    );
    check(
        &machine,
        ConfigCommand::List { all: false, origin: false },
        expect![[r#"
        checks.parallel = 3
        checks.timeout = "20m"
        repositories.api.hints = "x"
        schema = 1
    "#]],
    );
    check(
        &machine,
        get("checks.timeout", false),
        expect![[r#"
        20m
    "#]],
    );
    check(
        &machine,
        get("checks", true),
        expect![[r#"
        checks.baseline = true  # the built-in configuration
        checks.parallel = 3     # .ganger/workspace.toml:3
        checks.timeout = "20m"  # ~/.config/ganger/config.toml:3
    "#]],
    );
    check(
        &machine,
        get("sandbox.hide", false),
        expect![[r#"
        ["~/.ssh", "~/.gnupg", "~/.aws", "~/.azure", "~/.kube", "~/.config/gh", "~/.config/gcloud", "~/.netrc", "~/.git-credentials"]
    "#]],
    );
    check(
        &machine,
        get("repositories.api.base", false),
        expect![[r#"
        error: `repositories.api.base` is not set
        exit 4
    "#]],
    );
    check(
        &machine,
        get("checks.time", false),
        expect![[r#"
        error: unknown key `checks.time`
          hint: did you mean `checks.timeout`? all keys: ganger config list --all
        exit 2
    "#]],
    );
    check(
        &machine,
        get("checks..time", false),
        expect![[r#"
        error: "checks..time" is no key: a key is dotted, as in checks.timeout
          hint: all keys: ganger config list --all
        exit 2
    "#]],
    );
    check(
        &machine,
        ConfigCommand::Path,
        expect![[r#"
        config     MACHINE/home/.config/ganger/config.toml
        workspace  MACHINE/acme/.ganger/workspace.toml
    "#]],
    );
    check(
        &machine,
        ConfigCommand::Check,
        expect![[r#"
        The configuration is valid (~/.config/ganger/config.toml and .ganger/workspace.toml)
    "#]],
    );
    let json = run_in(&machine, false, true, get("checks.parallel", true));
    expect![[r#"
        {"schema":"ganger/configuration/1","values":[{"key":"checks.parallel","value":3,"origin":{"layer":"file","path":"MACHINE/acme/.ganger/workspace.toml","line":3}}]}
    "#]].assert_eq(&json);
    let all = run_in(&machine, false, false, ConfigCommand::List { all: true, origin: false });
    assert!(all.contains("agents.qwen.command = [\"qwen\", \"--acp\"]\n"), "{all}");
    assert!(all.contains("agents.default = \"\"\n"), "{all}");
}

#[test]
fn nothing_set_is_said() {
    let machine = machine("", "");
    check(
        &machine,
        ConfigCommand::List { all: false, origin: false },
        expect![[r#"
        Nothing is set: every value is built in. All of them: ganger config list --all
    "#]],
    );
    check(
        &machine,
        ConfigCommand::Path,
        expect![[r#"
        config     MACHINE/home/.config/ganger/config.toml  (does not exist yet)
    "#]],
    );
    check(
        &machine,
        ConfigCommand::Check,
        expect![[r#"
        The configuration is valid (there is no file)
    "#]],
    );
}

#[test]
fn setting_keeps_what_is_written_around_it() {
    let machine = machine(CONFIG, "");
    check(
        &machine,
        set("checks.timeout", "30m"),
        expect![[r#"
        Set `checks.timeout` in ~/.config/ganger/config.toml
    "#]],
    );
    check(
        &machine,
        set("checks.timeout", "30m"),
        expect![[r#"
        `checks.timeout` was that already in ~/.config/ganger/config.toml
    "#]],
    );
    check(
        &machine,
        set("agents.default", "qwen"),
        expect![[r#"
        Set `agents.default` in ~/.config/ganger/config.toml
    "#]],
    );
    check(
        &machine,
        set("sandbox.write", "[\"~/models\"]"),
        expect![[r#"
        Set `sandbox.write` in ~/.config/ganger/config.toml
    "#]],
    );
    check(
        &machine,
        set("agents.qwen.model", "m 1"),
        expect![[r#"
        Set `agents.qwen.model` in ~/.config/ganger/config.toml
    "#]],
    );
    expect![[r##"
        # mine
        [checks]
        timeout = "30m"   # enough
        parallel = 2

        [agents]
        default = "qwen"

        [agents.qwen]
        model = "m 1"

        [sandbox]
        write = ["~/models"]
    "##]]
    .assert_eq(&machine.read("home/.config/ganger/config.toml"));
}

#[test]
fn the_first_value_makes_the_file() {
    let machine = machine("", "");
    check(
        &machine,
        set("plan.max_corrections", "1"),
        expect![[r#"
        Set `plan.max_corrections` in ~/.config/ganger/config.toml
    "#]],
    );
    assert_eq!(machine.read("home/.config/ganger/config.toml"), "[plan]\nmax_corrections = 1\n");
}

#[test]
fn the_workspace_is_set_on_request_and_a_value_that_loses_is_told() {
    let machine = machine(CONFIG, WORKSPACE);
    check(
        &machine,
        set("checks.parallel", "5"),
        expect![[r#"
        Set `checks.parallel` in ~/.config/ganger/config.toml, but .ganger/workspace.toml:3 says 3 and wins
    "#]],
    );
    check(
        &machine,
        set("repositories.api.base", "main"),
        expect![[r#"
        error: `repositories.api.base` belongs to a workspace, not into ~/.config/ganger/config.toml
          hint: ganger config set --workspace repositories.api.base main
        exit 2
    "#]],
    );
    expect![[r#"
        Set `repositories.api.base` in .ganger/workspace.toml
    "#]]
    .assert_eq(&run_in(&machine, true, false, set("repositories.api.base", "main")));
    expect![[r#"
        Set `repositories."zu Hause".setup` in .ganger/workspace.toml
    "#]]
    .assert_eq(&run_in(&machine, true, false, set("repositories.\"zu Hause\".setup", "[\"make\"]")));
    expect![[r#"
        error: `sandbox.mode` is yours alone and belongs into config.toml, not into .ganger/workspace.toml
          hint: ganger config set sandbox.mode off
        exit 2
    "#]]
    .assert_eq(&run_in(&machine, true, false, set("sandbox.mode", "off")));
    expect![[r#"
        schema = 1
        [checks]
        parallel = 3
        [repositories.api]
        hints = "x"
        base = "main"

        [repositories."zu Hause"]
        setup = ["make"]
    "#]]
    .assert_eq(&machine.read("acme/.ganger/workspace.toml"));
}

#[test]
fn what_is_wrong_is_not_written() {
    let machine = machine(CONFIG, "");
    check(
        &machine,
        set("checks.timeout", "soon"),
        expect![[r#"
        error: `checks.timeout` in ~/.config/ganger/config.toml:3 must be a length of time such as "20m", "90s" or "1h 30m", not "soon"
        exit 2
    "#]],
    );
    check(
        &machine,
        set("checks.parallel", "many"),
        expect![[r#"
            error: `checks.parallel` must be a whole number from 1 to 64, not "many"
            exit 2
        "#]],
    );
    check(
        &machine,
        set("checks.parallel", "0"),
        expect![[r#"
        error: `checks.parallel` in ~/.config/ganger/config.toml:4 must be a whole number from 1 to 64, not 0
        exit 2
    "#]],
    );
    check(
        &machine,
        set("checks.paralel", "1"),
        expect![[r#"
        error: unknown key `checks.paralel`
          hint: did you mean `parallel`? all keys: ganger config list --all
        exit 2
    "#]],
    );
    check(
        &machine,
        set("checks", "1"),
        expect![[r#"
            error: `checks` is a table, so one of its keys must be set
              hint: its keys: ganger config get checks
            exit 2
        "#]],
    );
    check(
        &machine,
        set("agents.default", "qwenn"),
        expect![[r#"
        error: `agents.default` in ~/.config/ganger/config.toml:7 names "qwenn", which is no agent that ganger knows
          hint: did you mean "qwen"?
        exit 2
    "#]],
    );
    check(
        &machine,
        set("sandbox.write", "~/x"),
        expect![[r#"
            error: `sandbox.write` must be a list of texts, not "~/x"
              hint: write a list as '["one", "two"]'
            exit 2
        "#]],
    );
    expect![[r#"
        error: MACHINE/acme is in no workspace: neither it nor a directory above it holds .ganger/workspace.toml
          hint: in the directory that holds your repositories: ganger init
        exit 4
    "#]].assert_eq(&run_in(&machine, true, false, set("name", "x")));
    assert_eq!(machine.read("home/.config/ganger/config.toml"), CONFIG);
}

#[test]
fn a_file_that_is_wrong_already_is_left_alone() {
    let machine = machine("[checks]\nparalel = 3\n", "");
    check(
        &machine,
        set("checks.timeout", "30m"),
        expect![[r#"
        error: unknown key `checks.paralel` in ~/.config/ganger/config.toml:2
          hint: did you mean `parallel`? all keys: ganger config list --all
        exit 2
    "#]],
    );
    check(
        &machine,
        ConfigCommand::Check,
        expect![[r#"
        error: unknown key `checks.paralel` in ~/.config/ganger/config.toml:2
          hint: did you mean `parallel`? all keys: ganger config list --all
        exit 2
    "#]],
    );
    machine.write("home/.config/ganger/config.toml", "[checks\n");
    check(
        &machine,
        set("checks.timeout", "30m"),
        expect![[r#"
        error: ~/.config/ganger/config.toml:1 is not valid TOML: unclosed table, expected `]`
        exit 2
    "#]],
    );
    assert_eq!(machine.read("home/.config/ganger/config.toml"), "[checks\n");
}

/// Answers with what it is given, in order.
struct Answers(Vec<bool>);

impl Questions for Answers {
    fn confirm(&mut self, _: &str, _: bool) -> Result<bool, CodedError> {
        Ok(self.0.remove(0))
    }
    fn choose(&mut self, question: &str, _: &[String]) -> Result<usize, CodedError> {
        panic!("asked {question}")
    }
}

/// Edits with an editor that is this script.
fn edit(machine: &mut Machine, script: &str, answers: &[bool]) -> String {
    machine.program("editor", script);
    let editor = machine.path("bin/editor").to_str().unwrap().to_owned();
    machine.sources.variables.insert("EDITOR".to_owned(), editor);
    let arguments = ConfigArguments {
        directory: machine.path("acme"),
        workspace: false,
        json: false,
        command: ConfigCommand::Edit,
    };
    let mut out = Vec::new();
    let result = run(&machine.sources, &arguments, &mut Answers(answers.to_vec()), &mut out);
    let mut text = String::from_utf8(out).unwrap();
    if let Err(error) = result {
        text.push_str(&format!("{}exit {}\n", error.to_text(), error.exit_code()));
    }
    machine.plain(&text).replace(&std::process::id().to_string(), "PID")
}

#[test]
fn a_refused_edit_goes_back_to_the_editor_and_loses_nothing() {
    let drafts = |machine: &Machine| std::fs::read_dir(machine.sources.paths.drafts()).unwrap().count();
    let mut machine = machine(CONFIG, "");
    let once_wrong = "grep -q wrong \"$1\" && echo '[plan]' > \"$1\" || echo 'wrong = 1' > \"$1\"";
    expect![[r#"
        error: unknown key `wrong` in ~/.config/ganger/config.toml:1
          hint: all keys: ganger config list --all
        Wrote ~/.config/ganger/config.toml
    "#]]
    .assert_eq(&edit(&mut machine, once_wrong, &[true]));
    assert_eq!((machine.read("home/.config/ganger/config.toml").as_str(), drafts(&machine)), ("[plan]\n", 0));
    expect![[r#"
        ~/.config/ganger/config.toml is as it was
    "#]]
    .assert_eq(&edit(&mut machine, "true", &[]));
    expect![[r#"
        error: unknown key `wrong` in ~/.config/ganger/config.toml:1
          hint: all keys: ganger config list --all
        error: ~/.config/ganger/config.toml was not changed
          your text is kept in ~/.local/share/ganger/drafts/PID-config.toml
        exit 5
    "#]]
    .assert_eq(&edit(&mut machine, "echo 'wrong = 2' > \"$1\"", &[false]));
    assert_eq!((machine.read("home/.config/ganger/config.toml").as_str(), drafts(&machine)), ("[plan]\n", 1));
    expect![[r#"
        error: the editor `MACHINE/bin/editor` ended with a failure, so nothing was changed
          your text is kept in MACHINE/home/.local/share/ganger/drafts/PID-config.toml
        exit 5
    "#]]
    .assert_eq(&edit(&mut machine, "exit 1", &[]));
}

#[test]
fn somebody_elses_change_is_not_overwritten() {
    let mut machine = machine(CONFIG, "");
    let file = machine.path("home/.config/ganger/config.toml");
    let script = format!("echo '[plan]' > \"$1\"; echo '# theirs' > '{}'", file.display());
    expect![[r#"
        error: ~/.config/ganger/config.toml was changed by somebody else meanwhile, so it was left alone
          hint: do it again on the new text
        error: ~/.config/ganger/config.toml was not changed
          your text is kept in ~/.local/share/ganger/drafts/PID-config.toml
        exit 5
    "#]]
    .assert_eq(&edit(&mut machine, &script, &[false]));
    assert_eq!(machine.read("home/.config/ganger/config.toml"), "# theirs\n");
}
